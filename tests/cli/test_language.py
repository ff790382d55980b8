"""The language people read: English where the locale asks for it, else German."""

import shutil
import subprocess
from pathlib import Path

import pytest
from runner import Amtspost

# The C library's locale code keeps memory that the leak check then counts.
pytestmark = pytest.mark.release_only

SOURCES = Path("/usr/share/i18n/locales/en_US")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who reads English, with a locale made for this test alone."""
    if not shutil.which("localedef") or not SOURCES.exists():
        pytest.skip("localedef or its sources are not installed (Debian: locales)")
    folder = tmp_path_factory.mktemp("locales")
    subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", folder / "en_US.UTF-8"], check=True,
                   capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": "en_US.UTF-8", "LANGUAGE": "en"}


def test_english_where_the_locale_asks_for_it(amtspost: Amtspost, english: dict[str, str]):
    assert "shows the filed emails, newest first" in amtspost.ok("--help", add=english).stdout
    # A plural with a width of its own: <PRIu64> in the catalogue.
    assert "0 emails\n" in amtspost.ok("archive", "list", add=english).stdout
    table = amtspost.ok("settings", "list", add=english).stdout
    assert "Server name or IP" in table and "Servername" not in table
    refused = amtspost.run("settings", "set", "imap.port", "viel", add=english).stderr
    assert "The value does not fit the setting: imap.port “viel”." in refused
    assert "Please enter a permitted value." in refused


def test_names_for_programs_have_no_language(amtspost: Amtspost, english: dict[str, str]):
    amtspost.ok("user", "add", "x", add=english)
    (one,), (other,) = amtspost.json("user", "list", add=english), amtspost.json("user", "list")
    # Sentences are for people, as an error's message is.
    assert one.pop("sign_in_reason") != other.pop("sign_in_reason")
    assert one == other
    error = amtspost.run("--json", "user", "add", "x", add=english).error
    assert error["message"] == "The user “x” already exists."
    assert error["code"] == amtspost.fails(2, "user", "add", "x")["code"]


@pytest.mark.parametrize("environment", [
    {"LC_ALL": "en_US.UTF-8", "LOCPATH": "/nonexistent", "LANGUAGE": "en"},
    {"LC_ALL": "C", "LANGUAGE": "en"},
    {"LC_ALL": "C.UTF-8"},
], ids=["missing", "C", "C.UTF-8"])
def test_german_without_such_a_locale(amtspost: Amtspost, environment: dict[str, str]):
    assert "0 E-Mails\n" in amtspost.ok("archive", "list", add=environment).stdout
    assert "zeigt die abgelegten E-Mails" in amtspost.ok("--help", add=environment).stdout

"""Calling the program wrongly, without a network."""

import os
import pty
import subprocess
import termios
import time

import pytest
from peers.fake_imap import FakeImap
from runner import BINARY, Amtspost

WRONG = [
    [], ["gibtesnicht"], ["user"], ["user", "fliegen"], ["user", "add"], ["user", "add", "a", "b"],
    ["user", "list", "--unfug"], ["settings", "set"], ["settings", "set", "imap.port"],
    ["settings", "get"], ["import"], ["folders"], ["messages", "--user", "a"], ["archive"],
    ["archive", "show"], ["archive", "show", "1", "2"], ["archive", "list", "--limit"],
    ["archive", "list", "--limit", "viele"], ["archive", "list", "--limit", "-1"],
    ["--unfug", "user", "list"], ["audit", "--since", "neulich"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage(amtspost, arguments):
    amtspost.fails(2, *arguments)
    people = amtspost.run(*arguments)
    assert people.status == 2
    assert people.stdout == "", "errors go to standard error"
    assert people.stderr.strip()


@pytest.mark.parametrize(("arguments", "call"), [
    (["user", "add"], "amtspost user add --help"), (["import"], "amtspost import --help"),
    (["gibtesnicht"], "amtspost --help"), ([], "amtspost --help")])
def test_the_advice_names_the_command(amtspost, arguments, call):
    assert f"„{call}“" in amtspost.fails(2, *arguments)["advice"]
    assert f"„{call}“" in amtspost.run(*arguments).stderr


def test_wrong_usage_makes_no_data(tmp_path):
    amtspost = Amtspost(tmp_path)
    amtspost.data = tmp_path / "neu"
    amtspost.run("gibtesnicht")
    assert not amtspost.data.exists()


def test_help_and_version(amtspost):
    for arguments in (["--help"], ["--version"], ["help"]):
        result = amtspost.run(*arguments)
        assert result.status == 0 and result.stdout.strip()
    text = amtspost.run("--help").stdout
    for command in ("user", "settings", "import", "folders", "messages", "archive", "audit"):
        assert command in text
    assert "0.1" in amtspost.run("--version").stdout


def test_data_folder_from_the_environment(tmp_path):
    amtspost = Amtspost(tmp_path)
    for environment, place in (({"AMTSPOST_DATA": str(tmp_path / "a")}, tmp_path / "a"),
                               ({"XDG_DATA_HOME": str(tmp_path / "b")}, tmp_path / "b" / "amtspost")):
        subprocess.run([BINARY, "user", "add", "x"], check=True, capture_output=True,
                       env={**amtspost.environment, **environment})
        assert place.is_dir() and any(place.iterdir())


def test_output_that_cannot_be_written(amtspost):
    amtspost.ok("user", "add", "x")
    with open("/dev/full", "wb") as full:
        result = subprocess.run([BINARY, "--data", amtspost.data, "--json", "user", "list"], stdout=full,
                                stderr=subprocess.PIPE, env=amtspost.environment, check=False)
    assert result.returncode == 1 and result.stderr


def test_quiet_tells_nothing_but_results(amtspost):
    result = amtspost.ok("--quiet", "user", "add", "x")
    assert result.stderr == ""


def test_people_read_german(amtspost):
    result = amtspost.run("settings", "set", "imap.port", "viel")
    assert "imap.port" in result.stderr and "Wert" in result.stderr
    amtspost.ok("user", "add", "x")
    assert "x" in amtspost.ok("user", "list").stdout


def test_no_prompt_without_a_terminal(amtspost):
    """Nobody is there to be asked: status 4 at once, no waiting."""
    with FakeImap() as server:
        amtspost.set_server(server.port)
        amtspost.add_clerk(password=None)
        assert amtspost.run("folders", "--user", "m.mustermann", timeout=10).status == 4


def test_control_characters_do_not_reach_the_terminal(amtspost):
    path = amtspost.folder / "boese.eml"
    path.write_bytes(b"Subject: =?utf-8?Q?rot=1B[31m=07?=\r\nFrom: a\x1b]0;x\x07@b.example\r\n\r\nx\x1b[2J\r\n")
    (row,) = amtspost.json("archive", "add", str(path))
    for arguments in (["archive", "list"], ["archive", "show", str(row["id"])]):
        output = amtspost.ok(*arguments).stdout
        assert "\x1b" not in output and "\x07" not in output


def test_a_secret_is_asked_for_without_echo(amtspost):
    """`settings set imap.password -` on a terminal: what is typed does not appear."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "--data", amtspost.data, "settings", "set", "imap.password", "-"], stdin=terminal,
        stdout=terminal, stderr=terminal, env=amtspost.environment, start_new_session=True)
    deadline = time.monotonic() + 20
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert process.poll() is None and time.monotonic() < deadline, "echo stays on"
        time.sleep(0.01)
    os.write(controller, b"Unsichtbar-42\n")
    assert process.wait(20) == 0
    os.set_blocking(controller, False)
    assert b"Unsichtbar" not in os.read(controller, 10_000)
    assert termios.tcgetattr(terminal)[3] & termios.ECHO, "echo stays off"
    os.close(terminal)
    os.close(controller)
    assert amtspost.get("imap.password")["set"]

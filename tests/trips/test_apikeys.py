"""Keys of the API and invitations on the command line: shown once, listed without secrets, stored as
hashes."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from runner import CLERK, Amtspost

KEY = re.compile(r"amtspost_[A-Za-z0-9_-]{43}")
PATH = re.compile(r"/einladung\?k=([A-Za-z0-9_-]{43})")


def seconds_from_now(time: str) -> float:
    return (datetime.fromisoformat(time.replace("Z", "+00:00")) - datetime.now(timezone.utc)).total_seconds()


def assert_not_stored(amtspost: Amtspost, *secrets: str) -> None:
    for path in amtspost.data.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for secret in secrets:
            assert secret.encode() not in content, f"{path.name} holds {secret}"


@pytest.fixture
def office(amtspost: Amtspost) -> Amtspost:
    amtspost.ok("user", "add", CLERK)
    return amtspost


def test_a_key_is_shown_once(office):
    added = office.json("apikey", "add", "Fachverfahren Ä", "--user", CLERK.upper(), "--expires", "2099-12-31")
    assert list(added) == ["label", "user", "created", "expires", "used", "key"]
    assert KEY.fullmatch(added["key"])
    assert abs(seconds_from_now(added["created"])) < 60
    assert (added["label"], added["user"], added["expires"], added["used"]) == \
        ("Fachverfahren Ä", CLERK, "2099-12-31T00:00:00Z", None)
    shown = office.ok("apikey", "add", "zweiter", "--user", CLERK).stdout
    second = shown.splitlines()[0]
    assert KEY.fullmatch(second)
    rows = office.json("apikey", "list")
    assert [list(row) for row in rows] == [["label", "user", "created", "expires", "used"]] * 2
    assert [(row["label"], row["expires"]) for row in rows] == \
        [("Fachverfahren Ä", "2099-12-31T00:00:00Z"), ("zweiter", None)]
    listed = office.ok("apikey", "list").stdout + office.ok("audit").stdout
    assert "zweiter" in listed
    assert added["key"] not in listed and second not in listed
    assert_not_stored(office, added["key"], added["key"][9:], second[9:])


def test_a_key_is_removed(office):
    assert office.json("apikey", "list") == []
    assert "apikey add" in office.ok("apikey", "list").stdout
    office.ok("apikey", "add", "eins", "--user", CLERK)
    office.ok("apikey", "add", "zwei", "--user", CLERK)
    assert office.json("apikey", "remove", "EINS") == {}
    assert [row["label"] for row in office.json("apikey", "list")] == ["zwei"]
    assert office.fails(2, "apikey", "remove", "eins")["condition"] == "key-unknown"
    office.ok("user", "remove", CLERK)
    assert office.json("apikey", "list") == []
    assert [(row["action"], row["subject"]) for row in office.json("audit")][:4] == \
        [("user.remove", CLERK), ("apikey.remove", "eins"), ("apikey.add", "zwei"), ("apikey.add", "eins")]


@pytest.mark.parametrize("arguments, condition", [
    (["schon da", "--user", CLERK], "key-exists"),
    (["SCHON DA", "--user", CLERK], "key-exists"),
    (["", "--user", CLERK], "key-label"),
    (["a\nb", "--user", CLERK], "key-label"),
    (["ä" * 101, "--user", CLERK], "key-label"),
    (["neu", "--user", "niemand"], "user-unknown"),
    (["neu", "--user", CLERK, "--expires", "2020-01-01"], "key-expires"),
    (["neu", "--user", CLERK, "--expires", "1970-01-01"], "key-expires"),
    (["neu", "--user", CLERK, "--expires", "morgen"], "usage"),
    (["neu"], "usage"),
    (["--user", CLERK], "usage"),
])
def test_no_key_is_made_of_nonsense(office, arguments, condition):
    office.ok("apikey", "add", "schon da", "--user", CLERK)
    assert office.fails(2, "apikey", "add", *arguments)["condition"] == condition
    assert [row["label"] for row in office.json("apikey", "list")] == ["schon da"]


def test_an_invitation_is_a_link(office):
    first = office.json("user", "invite", CLERK.upper())
    assert list(first) == ["name", "path", "expires"]
    assert first["name"] == CLERK
    assert abs(seconds_from_now(first["expires"]) - timedelta(days=7).total_seconds()) < 60
    shown = office.ok("user", "invite", CLERK).stdout.splitlines()[0]
    tokens = [PATH.fullmatch(path).group(1) for path in (first["path"], shown)]
    assert tokens[0] != tokens[1]
    assert_not_stored(office, *tokens)
    assert [row["action"] for row in office.json("audit")] == ["user.invite", "user.invite", "user.add"]
    assert not any(token in office.ok("audit").stdout for token in tokens)


def test_nobody_invites_strangers(office):
    assert office.fails(2, "user", "invite", "niemand")["condition"] == "user-unknown"
    office.ok("user", "lock", CLERK)
    assert office.fails(3, "user", "invite", CLERK)["condition"] == "user-locked"

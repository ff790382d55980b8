"""E-Mail importieren where something is in the way, seen in a real browser: signed out, no right, empty, slow, gone,
throttled, switched off."""

import threading
from collections.abc import Iterator

import pytest
from page import Daemon
from page_office import add_person
from peers.dovecot import Dovecot
from peers.fake_imap import FakeImap
from runner import PASSWORD, Amtspost
from test_page_browser import play

pytestmark = pytest.mark.release_only
SHARED = "bauamt@musterhausen.example"


@pytest.fixture
def office(amtspost: Amtspost) -> Iterator[Daemon]:
    with Daemon(amtspost) as daemon:
        yield daemon


def clerk(amtspost: Amtspost, name: str, address: str, **settings: str) -> str:
    add_person(amtspost, name, interface="standard", account=address, imap__use_default="true",
               **{"imap__password": PASSWORD} | settings)
    return name


def look(daemon: Daemon, user: str, name: str, path: str = "/importieren", **how) -> str:
    report = play("states.mjs", daemon, user, stops=[{"name": f"importieren-{name}", "path": path, **how}])
    [stop] = report["stops"].values()
    assert not stop["found"] and not report["faults"], (stop["found"], report["faults"])
    return stop["text"]


def test_signed_out_no_right_empty_and_switched_off(office, amtspost, mailbox):
    amtspost.set_server(mailbox.server.plain_port)
    user = clerk(amtspost, "k.klein", mailbox.address, mailboxes=SHARED)
    empty = look(office, user, "leer")
    assert "Dieser Ordner ist leer." in empty and "wird geöffnet" not in empty  # at no width
    denied = look(office, user, "kein-recht", f"/importieren?postfach={SHARED}")
    assert SHARED in denied and "Zugriff" in denied and "Zum Archiv" in denied
    amtspost.ok("settings", "unset", "imap.password", "--user", user)
    assert "Anmeldung erforderlich" in look(office, user, "abgemeldet")
    amtspost.set("interface", "disabled", user)
    assert "Ein Administrator kann" in look(office, user, "ausgeschaltet")


def test_gone_and_throttled(office, amtspost):
    amtspost.set_server(1, host="127.0.0.1")
    user = clerk(amtspost, "k.klein", "klein@amt.example")
    gone = look(office, user, "weg")
    assert "Noch einmal versuchen" in gone and "Zum Archiv" in gone
    throttled = {"LIST": lambda connection, tag, _: connection.send(
        f"{tag} NO Request is throttled. Suggested Backoff Time: 300000 milliseconds\r\n")}
    with FakeImap(throttled) as server:
        amtspost.set_server(server.port, host="127.0.0.1")
        told = look(office, user, "gedrosselt")
    assert "bittet um eine Pause" in told and "Der Server möchte bis" in told


def test_slow_says_so_and_why(office, amtspost):
    go_on = threading.Event()

    def stall(connection, tag, _arguments):
        go_on.wait(30)
        connection.ok(tag)

    with FakeImap({"LIST": stall}) as server:
        amtspost.set_server(server.port, host="127.0.0.1")
        user = clerk(amtspost, "k.klein", "klein@amt.example")
        soon = look(office, user, "wartet", after=1000)
        late = look(office, user, "wartet-lange", after=6000)
        go_on.set()
    assert "Das Postfach wird geöffnet" in soon and "antwortet langsam" not in soon
    assert "antwortet langsam" in late and "Archiv" in late

"""Zustand: which servers are in use, by how many, with which TLS."""

import re
import time

import pytest
from page import Daemon, table_rows
from page_office import ADMIN, CLERK_A, CLERK_B, add_person, execute
from peers.fake_imap import FakeImap
from runner import PASSWORD

pytestmark = pytest.mark.sanitized_only

WEAK = "TLS unter 1.2 oder keine Verschlüsselung in Gebrauch"
ENDS = "Zertifikat eines Servers läuft ab"
NEXT = "Nächste Schritte"


@pytest.fixture
def office(amtspost):
    add_person(amtspost, ADMIN, "--admin")
    return amtspost


def rows(daemon: Daemon) -> list[list[str]]:
    """The cells of the table, as soon as it was counted."""
    admin = daemon.person(ADMIN, add=False)
    deadline = time.monotonic() + 10
    while "gerade zusammengestellt" in (page := admin.get("/zustand")).text and time.monotonic() < deadline:
        time.sleep(0.05)
    return table_rows(page.html)


def use(office, name: str, **settings: str) -> None:
    chosen = {"interface": "standard", "account": f"{name}@amt.example", "imap__use_default": "true",
              "imap__password": PASSWORD} | settings
    add_person(office, name, **chosen)


def test_servers_are_counted_with_their_users(office):
    office.set_server(993, tls="server", host="imap.amt.example")
    office.set("smtp.host", "smtp.amt.example")
    use(office, CLERK_A, smtp__use_default="true")
    use(office, CLERK_B)
    use(office, "g.gesperrt")
    office.ok("user", "lock", "g.gesperrt")
    add_person(office, "d.aus", account="d.aus@amt.example", imap__use_default="true")
    with Daemon(office) as daemon:
        table = rows(daemon)
        start = daemon.person(ADMIN, add=False).get("/").text
    assert [(row[0], row[2], row[3], row[4]) for row in table] == [
        ("imap.amt.example", "993", "Server (Standard)", "2"), ("smtp.amt.example", "587", "Server (Standard)", "1")]
    assert WEAK not in start and ENDS not in start


def test_no_encryption_is_told(office):
    with FakeImap({}) as server:
        office.set_server(server.port)
        use(office, CLERK_A)
        office.ok("folders", "--user", CLERK_A)
        with Daemon(office) as daemon:
            [row] = rows(daemon)
            start = daemon.person(ADMIN, add=False).get("/").text
            clerk = daemon.person(CLERK_A, add=False).get("/").text
    assert row[3] == "Nein" and row[5] == "unverschlüsselt" and "keine Verschlüsselung" in row[7]
    assert WEAK in start and f"localhost:{server.port}" in start and WEAK not in clerk


def test_what_connections_saw_is_told(office, mailbox, authority):
    """Of a server of today, and as it would be with an old TLS and a certificate that ends."""
    office.set_server(mailbox.server.tls_port, tls="server", ca_file=authority.certificate)
    use(office, CLERK_A, account=mailbox.address)
    for command in ("folders", "check"):
        execute(office, "DELETE FROM servers_seen")
        office.ok(command, "--user", CLERK_A)
        with Daemon(office) as daemon:
            [row] = rows(daemon)
        assert row[5] == "TLS 1.3" and re.match(r"\d\d\.\d\d\.\d{4}", row[6])
    execute(office, "UPDATE servers_seen SET version = 'TLSv1.1', certificate_end = ?", int(time.time()) + 86400)
    with Daemon(office) as daemon:
        [row] = rows(daemon)
        start = daemon.person(ADMIN, add=False).get("/").text
    assert row[5] == "TLS 1.1" and "TLS unter 1.2" in row[7] and "läuft ab" in row[7]
    assert WEAK in start and ENDS in start


def test_a_fresh_office_is_told_what_comes_next(office):
    with Daemon(office) as daemon:
        admin = daemon.person(ADMIN, add=False)

        def steps() -> set[str]:
            text = admin.get("/").text
            return {label for label in ("Zur Systemsteuerung", "Zum CSV-Import", "Zur Benutzerverwaltung") if label in text}

        page = admin.get("/")
        assert NEXT in page.text and "Zu Office und E-Mail" in page.view.links.values()
        assert len(steps()) == 3
        office.set("imap.host", "imap.amt.example")
        assert steps() == {"Zum CSV-Import", "Zur Benutzerverwaltung"}
        office.ok("user", "add", CLERK_A)
        assert steps() == {"Zur Benutzerverwaltung"}
        office.ok("user", "invite", CLERK_A)
        assert NEXT not in admin.get("/").text

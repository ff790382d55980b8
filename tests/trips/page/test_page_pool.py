"""Sessions with mail servers that wait for the next click, and servers that keep everybody waiting."""

import threading
import time
from collections.abc import Iterator

import pytest
from page import Answer, Daemon
from page_office import add_person
from peers.fake_imap import Connection, FakeImap
from runner import PASSWORD, Amtspost

LATER = "31.12.2030"
INFO = "info@amt.example"


def add(amtspost: Amtspost, name: str, address: str = "klein@amt.example", password: str = PASSWORD, **settings: str) -> str:
    """A key for the API."""
    add_person(amtspost, name, interface="standard", account=address, imap__use_default="true",
               **{"imap__password": password} | settings)
    return amtspost.json("apikey", "add", name, "--user", name, "--expires", LATER)["key"]


def ask(daemon: Daemon, key: str, query: str = "folder=INBOX") -> Answer:
    return daemon.person().request("GET", f"/api/v1/messages?{query}", Authorization=f"Bearer {key}")


def logins(server: FakeImap) -> int:
    return sum(" LOGIN " in command or " AUTHENTICATE " in command for command in server.commands)


@pytest.fixture
def server(amtspost: Amtspost) -> Iterator[FakeImap]:
    with FakeImap({}) as running:
        amtspost.set_server(running.port, host="127.0.0.1")
        yield running


def test_a_removed_sign_in_of_a_further_mailbox_ends_its_session(amtspost, server):
    """Removed by another process."""
    key = add(amtspost, "k.klein", mailboxes=INFO)
    amtspost.ok("login", "--user", "k.klein", "--mailbox", INFO, "--username", "info", stdin=PASSWORD + "\n")
    query = f"folder=INBOX&mailbox={INFO}"
    with Daemon(amtspost) as daemon:
        assert ask(daemon, key, query).status == 200
        before = logins(server)
        assert ask(daemon, key, query).status == 200 and logins(server) == before, "it is kept"
        amtspost.ok("login", "remove", "--user", "k.klein", "--mailbox", INFO)
        assert ask(daemon, key, query).status != 200 and logins(server) > before


def test_a_session_removed_while_it_is_out_is_not_kept(amtspost, server):
    key = add(amtspost, "k.klein", mailboxes=INFO)
    amtspost.ok("login", "--user", "k.klein", "--mailbox", INFO, "--username", "info", stdin=PASSWORD + "\n")
    query = f"folder=INBOX&mailbox={INFO}"
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def stall(connection: Connection, tag: str, arguments: str) -> None:
        begun.set()
        go_on.wait(20)
        server.on_fetch(connection, tag, arguments)

    server.handlers["FETCH"] = stall
    with Daemon(amtspost) as daemon:
        thread = threading.Thread(target=lambda: answers.append(ask(daemon, key, query).status))
        thread.start()
        assert begun.wait(20)
        removed = daemon.person().request("DELETE", f"/api/v1/login?mailbox={INFO}", Authorization=f"Bearer {key}")
        go_on.set()
        thread.join()
        assert removed.status in (200, 204) and answers == [200]
        assert ask(daemon, key, query).status != 200


def test_a_session_serves_nobody_but_its_user(amtspost, server):
    """Two with the same address; only one knows the password."""
    server.password = PASSWORD
    first, second = add(amtspost, "k.klein"), add(amtspost, "g.gross", password="falsch-7")
    with Daemon(amtspost) as daemon:
        assert ask(daemon, first).status == 200
        assert ask(daemon, second).status != 200
        before = logins(server)
        assert ask(daemon, first).status == 200 and logins(server) == before


def test_dead_sessions_cost_little(amtspost, server):
    """Two wait, both are dead: one is asked, for three seconds."""
    key = add(amtspost, "k.klein")
    together = threading.Barrier(2, timeout=20)

    def meet(connection: Connection, tag: str, arguments: str) -> None:
        together.wait()
        server.on_fetch(connection, tag, arguments)

    with Daemon(amtspost) as daemon:
        server.handlers["FETCH"] = meet
        threads = [threading.Thread(target=ask, args=(daemon, key)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.handlers = {"NOOP": lambda connection, tag, arguments: time.sleep(20)}
        begin = time.monotonic()
        assert ask(daemon, key).status == 200
        assert time.monotonic() - begin < 5
        assert sum(" NOOP" in command for command in server.commands) == 1


def test_a_list_is_no_longer_than_its_page(amtspost, server):
    """The server finds too many, and tells each three times, its header apart from its size."""
    server.mails = [b"Subject: Betreff\r\n\r\nText\r\n"] * 3000
    server.handlers["SEARCH"] = lambda connection, tag, _: server.on_search(connection, tag, "UID 1:*")

    def babble(connection: Connection, tag: str, arguments: str) -> None:
        uids, _, items = arguments.partition(" ")
        for uid in server._choose(uids):
            for _ in range(3):
                connection.send(f"* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE 99)\r\n")
            server.send_message(connection, uid, items)
        connection.ok(tag)

    server.handlers["FETCH"] = babble
    add(amtspost, "k.klein")
    with Daemon(amtspost) as daemon:
        page = daemon.person("k.klein", add=False).get("/importieren?ordner=INBOX")
    fetches = [command for command in server.commands if " FETCH " in command]
    assert fetches and all(len(server._choose(command.split()[3])) <= 100 for command in fetches), fetches
    assert page.text.count("Betreff") <= 110
    listed = amtspost.json("messages", "--user", "k.klein", "--folder", "INBOX")
    assert len(listed) == len({mail["uid"] for mail in listed}) == 3000
    assert {mail["subject"] for mail in listed} == {"Betreff"}


def test_slow_mail_servers_keep_nobody_from_signing_in(amtspost, server):
    """Eight clerks in two windows each."""
    over = threading.Event()

    def drip(connection: Connection, tag: str, _arguments: str) -> None:
        while not over.wait(1):
            connection.send("* OK noch nicht\r\n")
        connection.ok(tag)

    server.handlers["LIST"] = drip
    keys = [add(amtspost, f"k.klein{number}") for number in range(8)]
    add_person(amtspost, "n.neun")
    with Daemon(amtspost) as daemon:
        threads = [threading.Thread(target=lambda key=key: daemon.person().request(
            "GET", "/api/v1/folders", Authorization=f"Bearer {key}")) for key in keys for _ in range(2)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while sum(" LIST " in command for command in server.commands) < 16 and time.monotonic() < deadline:
            time.sleep(0.05)
        begin = time.monotonic()
        ninth = daemon.person("n.neun", add=False)
        assert ninth.get("/archiv/suche").status in (200, 404)
        took = time.monotonic() - begin
        over.set()
        for thread in threads:
            thread.join()
    assert took < 5


def test_a_look_for_new_mails_ends_in_time(amtspost, server):
    """Though the server keeps the line busy; and it takes the session that waits."""
    over = threading.Event()
    add(amtspost, "k.klein")

    def drip(connection: Connection, tag: str, _arguments: str) -> None:
        while not over.wait(0.5):
            connection.send("* OK noch nicht\r\n")

    with Daemon(amtspost) as daemon:
        clerk = daemon.person("k.klein", add=False)
        assert "neue E-Mail" in clerk.get("/start/neu").text
        before = logins(server)
        server.handlers["LIST"] = drip
        begin = time.monotonic()
        answer = clerk.get("/start/neu")
        took = time.monotonic() - begin
        over.set()
    assert took < 11 and "antwortet langsam" in answer.text and logins(server) == before


def test_very_many_folders_are_cut(amtspost, server):
    """INBOX comes last; the command line has all."""
    def many(connection: Connection, tag: str, _arguments: str) -> None:
        connection.send("".join(f'* LIST () "/" Ordner{number:05}\r\n' for number in range(2500)) + '* LIST () "/" INBOX\r\n')
        connection.ok(tag)

    server.handlers["LIST"] = many
    add(amtspost, "k.klein")
    with Daemon(amtspost) as daemon:
        page = daemon.person("k.klein", add=False).get("/importieren")
    asked = sum(" STATUS " in command for command in server.commands)
    assert "sehr viele Ordner" in page.text and asked <= 2001
    assert page.html.count("ordner=Ordner") <= 2100 and "ordner=INBOX" in page.html
    assert len(amtspost.json("folders", "--user", "k.klein")) == 2501

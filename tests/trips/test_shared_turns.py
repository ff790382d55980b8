"""Mailboxes opened by the main user's sign-in with an authorization identity: what a server refuses counts as a
failed login of the main account, and many of them lock it."""

import base64
import sqlite3
import time
from contextlib import closing

import pytest
from peers.fake_imap import FakeImap
from runner import CLERK, MARK, PASSWORD, Amtspost

pytestmark = pytest.mark.sanitized_only

STALE = [f"p{number}@amt.example" for number in range(10)]
NOT_TRIED = "wurde nicht versucht"


class Authorizing(FakeImap):
    """Logs in by PLAIN for the mailboxes of RIGHTS; the others are refused with CODE."""

    def __init__(self, rights: set[str], code: str = "[AUTHENTICATIONFAILED] "):
        super().__init__(capabilities="IMAP4rev1 AUTH=PLAIN SASL-IR")
        self.rights = rights
        self.code = code
        self.refused: list[str] = []
        self.opened: list[str] = []
        self.passwords: list[str] = []
        self.delay = 0.0  # before a refusal

    def on_authenticate(self, connection, tag, arguments):
        mailbox, user, password = base64.b64decode(arguments.split()[1]).decode().split("\0")
        self.passwords.append(password)
        if mailbox and mailbox not in self.rights:
            self.refused.append(mailbox)
            time.sleep(self.delay)
            connection.send(f"{tag} NO {self.code}no\r\n")
        else:
            self.opened.append(mailbox or user)
            connection.ok(tag)


@pytest.fixture
def server():
    with Authorizing(set()) as fake:
        yield fake


def use(amtspost: Amtspost, server: FakeImap, *mailboxes: str) -> None:
    amtspost.add_clerk()
    amtspost.set_server(server.port)
    amtspost.set("mailboxes", ";".join(mailboxes), CLERK)


def refused(server: Authorizing) -> list[str]:
    """By the last run."""
    found, server.refused = server.refused, []
    return found


def run_import(amtspost: Amtspost, status: int = 6) -> dict[str, str]:
    run = amtspost.run("--json", "import", "--user", CLERK)
    assert run.status == status, run.stdout
    return {error["mailbox"]: error["reason"] for error in run.json["errors"]}


def hour_later(amtspost: Amtspost) -> None:
    """As if what is on record were an hour older."""
    with closing(sqlite3.connect(amtspost.data / "amtspost.db")) as store, store:
        store.execute("UPDATE mailbox_logins SET refused = refused - sign(refused) * 3600")


def test_stale_mailboxes_cost_one_failed_login(amtspost, server):
    """Of every use together, and one more each time that a person asks for the present state."""
    use(amtspost, server, *STALE)
    reasons = run_import(amtspost)
    assert list(reasons) == STALE
    assert NOT_TRIED not in reasons[STALE[0]]
    assert all(NOT_TRIED in reasons[mailbox] and mailbox in reasons[mailbox] for mailbox in STALE[1:])
    assert refused(server) == [STALE[0]]
    run_import(amtspost)
    assert amtspost.run("folders", "--user", CLERK).status == 6
    error = amtspost.fails(6, "folders", "--user", CLERK, "--mailbox", STALE[5])
    assert error["condition"] == "mailbox-not-tried" and CLERK in error["advice"]
    assert refused(server) == []
    for number in (1, 2, 3):
        amtspost.run("check", "--user", CLERK, "imap")
        assert refused(server) == [STALE[number]], "those first that were held back"
    amtspost.run("login", "--user", CLERK, stdin=PASSWORD)
    assert refused(server) == [STALE[4]], "the same password: what was refused is still known"
    run_import(amtspost)
    assert refused(server) == []


def test_an_hour_later_another_one_is_asked_for(amtspost, server):
    """Each in its turn, so that one without a right does not keep out one that has it."""
    use(amtspost, server, *STALE[:3])
    asked = []
    for _ in range(5):
        run_import(amtspost)
        asked += refused(server)
        hour_later(amtspost)
    assert asked[:3] == STALE[:3] and len(asked) == 5
    server.rights.add(STALE[2])
    opened = set()
    for _ in range(3):
        run_import(amtspost)
        hour_later(amtspost)
        opened |= set(server.opened)
    assert STALE[2] in opened


def test_what_opened_before_goes_on(amtspost, server):
    """Whatever is refused beside it."""
    server.rights |= {"eins@amt.example", "zwei@amt.example"}
    use(amtspost, server, "eins@amt.example", "zwei@amt.example")
    run_import(amtspost, 0)
    amtspost.set("mailboxes", ";".join([STALE[0], "eins@amt.example", STALE[1], "zwei@amt.example"]), CLERK)
    for _ in range(2):
        assert list(run_import(amtspost)) == STALE[:2]
    assert refused(server) == [STALE[0]]


def test_a_right_that_goes_for_all_costs_three(amtspost, server):
    server.rights |= set(STALE)
    use(amtspost, server, *STALE)
    run_import(amtspost, 0)
    server.rights.clear()
    reasons = run_import(amtspost)
    assert refused(server) == STALE[:3]
    assert list(reasons) == STALE and all(NOT_TRIED in reasons[mailbox] for mailbox in STALE[3:])


def test_a_server_that_tells_the_authorization_apart(amtspost):
    """It counts no failed login, and each mailbox is asked for."""
    with Authorizing({STALE[9]}, "[AUTHORIZATIONFAILED] ") as server:
        use(amtspost, server, *STALE)
        for _ in range(2):
            assert list(run_import(amtspost)) == STALE[:9]
            assert refused(server) == STALE[:9]


def test_the_shared_pair_is_one_account_for_all(amtspost, server):
    use(amtspost, server, STALE[0])
    amtspost.ok("settings", "unset", "imap.password", "--user", CLERK)
    amtspost.set("imap.username", "sammel")
    amtspost.set("imap.password", PASSWORD)
    amtspost.add_clerk("zweite", "zweite@amt.example", password=None)
    amtspost.set("mailboxes", STALE[1], "zweite")
    run_import(amtspost)
    error = amtspost.fails(6, "folders", "--user", "zweite", "--mailbox", STALE[1])
    assert error["condition"] == "mailbox-not-tried"
    assert refused(server) == [STALE[0]]


# Late answers


def test_a_late_refusal_spares_credentials_stored_meanwhile(amtspost, server):
    use(amtspost, server, STALE[0])
    server.delay = 3
    late = amtspost.start("folders", "--user", CLERK, "--mailbox", STALE[0])
    while not server.refused:
        time.sleep(0.05)
    amtspost.ok("login", "--user", CLERK, "--mailbox", STALE[0], stdin=MARK + "-eigen")
    assert late.finish().status == 6
    amtspost.ok("folders", "--user", CLERK, "--mailbox", STALE[0])


def test_a_late_refusal_of_former_credentials_spares_the_new(amtspost, server):
    use(amtspost, server, STALE[0])
    amtspost.ok("login", "--user", CLERK, "--mailbox", STALE[0], stdin=MARK + "-alt")

    def refuse_former(connection, tag, arguments):
        if base64.b64decode(arguments.split()[1]).decode().endswith("-alt"):
            server.refused.append("alt")
            time.sleep(3)
            connection.send(f"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
        else:
            connection.ok(tag)

    server.handlers["AUTHENTICATE"] = refuse_former
    late = amtspost.start("folders", "--user", CLERK, "--mailbox", STALE[0])
    while not server.refused:
        time.sleep(0.05)
    amtspost.ok("login", "--user", CLERK, "--mailbox", STALE[0], stdin=MARK + "-neu")
    assert late.finish().status == 4
    amtspost.ok("folders", "--user", CLERK, "--mailbox", STALE[0])


def test_credentials_go_with_their_mailbox(amtspost, server):
    """Whoever gets the address next has to give them anew."""
    use(amtspost, server, STALE[0], STALE[1])
    amtspost.ok("login", "--user", CLERK, "--mailbox", STALE[0], stdin=MARK + "-eigen")
    amtspost.set("mailboxes", STALE[1], CLERK)
    amtspost.set("mailboxes", f"{STALE[0]};{STALE[1]}", CLERK)
    server.passwords.clear()
    amtspost.fails(6, "folders", "--user", CLERK, "--mailbox", STALE[0])
    assert set(server.passwords) == {PASSWORD}
    assert ("login.remove", STALE[0]) in [(row["action"], row["detail"]) for row in amtspost.json("audit")]

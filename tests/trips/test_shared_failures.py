"""Which failures end an import of several mailboxes, and which leave the others alone."""

import base64

import pytest
from office365 import Clerk365
from peers.fake_imap import FakeImap, tls_context
from runner import CLERK, MARK, PASSWORD, Amtspost, Run
from sharing import NO_RIGHT, TokenScene, mail

pytestmark = pytest.mark.sanitized_only

MAIN, INFO, POST = "m.mustermann@musterhausen.example", "info@amt.example", "post@amt.example"
OWN_PASSWORD = MARK + "-eigen"


class Owners(FakeImap):
    """Every mailbox opens with its own name alone; those in REFUSED do not."""

    def __init__(self, *refused: str):
        super().__init__()
        self.refused = set(refused)
        self.logins: list[str] = []

    def on_login(self, connection, tag, arguments):
        connection.user = arguments.split('"')[1]
        self.logins.append(connection.user)
        if connection.user in self.refused:
            connection.send(f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n")
        else:
            connection.ok(tag)


def use(amtspost: Amtspost, server: FakeImap, *mailboxes: str) -> None:
    """A clerk with MAILBOXES, which all have credentials of their own."""
    amtspost.add_clerk()
    amtspost.set_server(server.port)
    amtspost.set("mailboxes", ";".join(mailboxes), CLERK)
    for address in mailboxes:
        amtspost.ok("login", "--user", CLERK, "--mailbox", address, stdin=OWN_PASSWORD)


def run_import(amtspost: Amtspost, *arguments: str) -> Run:
    return amtspost.run("--json", "import", "--user", CLERK, *arguments)


def failed(run: Run) -> list[str]:
    return [error["mailbox"] for error in run.json["errors"]]


def sources(amtspost: Amtspost) -> set[str]:
    return {source["mailbox"] for row in amtspost.archive() for source in row["sources"]}


def test_a_refused_main_password_concerns_the_main_mailbox(amtspost):
    """With Standard the others have credentials of their own; the run says at its end what was refused."""
    with Owners() as server:
        use(amtspost, server, INFO, POST)
        server.refused.add(MAIN)
        run = run_import(amtspost)
        assert run.status == 4, run.stdout
        assert failed(run) == [MAIN]
        assert sources(amtspost) == {INFO, POST}


def test_an_ended_sign_in_concerns_all_mailboxes(make_scene, tmp_path):
    """With Office 365 all open by one sign-in: asked once, told once."""
    with make_scene(TokenScene, tmp_path) as scene:
        scene.clerk365.identity.revoke(scene.main.address)
        scene.clerk365.expire()
        before = scene.clerk365.refreshes()
        error = scene.clerk.fails(4, "import", "--user", CLERK)
        assert error["condition"].startswith("oauth-"), error
        assert scene.clerk365.refreshes() == before + 1
        run = scene.run_import()
        assert not run.json.get("errors"), run.stdout


class Exchange(FakeImap):
    """Opens the mailboxes in RIGHTS. Another login is refused, or (LATE) accepted without a connection."""

    def __init__(self, tls, rights: set[str], late: bool):
        super().__init__(capabilities="IMAP4rev1 AUTH=XOAUTH2 SASL-IR", tls=tls)
        self.rights, self.late = rights, late

    def on_authenticate(self, connection, tag, arguments):
        coded = arguments.partition(" ")[2]
        if not coded:
            connection.send("+ \r\n")
            coded = connection.read_line().decode()
        connection.user = base64.b64decode(coded).decode().split("\x01")[0].removeprefix("user=")
        if self.late or connection.user in self.rights:
            connection.ok(tag)
        else:
            connection.send(f"{tag} NO AUTHENTICATE failed.\r\n")

    def on_capability(self, connection, tag, arguments):
        if getattr(connection, "user", None) in {None, *self.rights}:
            super().on_capability(connection, tag, arguments)
        else:
            connection.send(f"{tag} BAD User is authenticated but not connected.\r\n")


@pytest.mark.parametrize("late", [False, True], ids=["refused", "not connected"])
def test_a_main_mailbox_that_exchange_does_not_open(clerk365: Clerk365, certificate, late):
    """Nobody has to sign in anew for the others."""
    clerk365.sign_in()
    clerk365.amtspost.set("mailboxes", INFO, CLERK)
    with Exchange(tls_context(certificate), {INFO}, late) as server:
        clerk365.amtspost.set("imap.port", str(server.port))
        run = run_import(clerk365.amtspost)
        assert run.status != 0 and failed(run) == [clerk365.address], run.stdout
        assert sources(clerk365.amtspost) == {INFO}


def test_a_token_that_is_refused_is_renewed_for_a_further_mailbox(make_scene, tmp_path):
    """What is refused may be the right or the token: the main mailbox tells, and the fresh one is tried."""
    with make_scene(TokenScene, tmp_path) as scene:
        scene.fill(scene.given[0], inbox=[mail("erste")])
        scene.clerk365.identity.revoke_access_tokens(scene.main.address)
        before = scene.clerk365.refreshes()
        run = scene.run_import("--mailbox", scene.addresses[1])
        assert run.status == 0, run.stdout
        assert run.json["imported"] == 1 and scene.clerk365.refreshes() == before + 1


def test_a_mailbox_that_is_removed_in_the_middle(amtspost):
    """Taken out of the settings while it is read: with the next connection nobody looks into it any more."""
    cut = []

    def fetch(connection, tag, arguments):
        if connection.user == INFO and not cut:
            cut.append(amtspost.set("mailboxes", POST, CLERK))
            raise OSError
        server.on_fetch(connection, tag, arguments)

    with Owners() as server:
        use(amtspost, server, INFO, POST)
        server.handlers["FETCH"] = fetch
        server.logins.clear()
        run = run_import(amtspost)
        assert cut and run.status == 6, run.stdout
        assert failed(run) == [INFO]
        assert sources(amtspost) == {MAIN, POST}
        assert server.logins.count(INFO) == 1


class Authorizing(FakeImap):
    """Logs everybody in, but nobody as somebody else: says so in ANSWER."""

    def __init__(self, answer: str):
        super().__init__(capabilities="IMAP4rev1 AUTH=PLAIN SASL-IR")
        self.answer = answer
        self.asked = 0

    def on_authenticate(self, connection, tag, arguments):
        other = base64.b64decode(arguments.partition(" ")[2]).decode().split("\0")[0]
        self.asked += bool(other)
        if other:
            connection.send(f"{tag} NO {self.answer}\r\n")
        else:
            connection.ok(tag)


@pytest.mark.parametrize(("answer", "asked"), [("[AUTHORIZATIONFAILED] no right", 2),
                                               ("[AUTHENTICATIONFAILED] wrong", 1)])
def test_a_refused_authorization_is_known(amtspost, answer, asked):
    """One that the server calls so costs no failed login, and is asked for anew; any other waits."""
    with Authorizing(answer) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", INFO, CLERK)
        for told in (NO_RIGHT, NO_RIGHT if asked == 2 else "Amtspost fragt erst um"):
            run = run_import(amtspost)
            assert run.status == 6 and failed(run) == [INFO], run.stdout
            assert told in run.json["errors"][0]["reason"]
        assert server.asked == asked


def test_failures_of_folders_have_the_owners_names(amtspost):
    """The right on one folder of another user's namespace is missing."""
    def tell(connection, tag, _arguments):
        connection.send('* NAMESPACE (("" "/")) (("user/" "/")) NIL\r\n')
        connection.ok(tag)

    def list_folders(connection, tag, arguments):
        connection.send('* LIST () "/" INBOX\r\n')
        connection.send(f'* LIST () "/" user/{INFO}\r\n* LIST () "/" user/{INFO}/Alt\r\n')
        connection.ok(tag)

    def examine(connection, tag, arguments):
        if "/Alt" in arguments:
            connection.send(f"{tag} NO [NOPERM] not for you\r\n")
        else:
            server.on_examine(connection, tag, arguments)

    handlers = {"NAMESPACE": tell, "LIST": list_folders, "EXAMINE": examine, "SELECT": examine}
    with FakeImap(handlers, capabilities="IMAP4rev1 NAMESPACE") as server:
        amtspost.add_clerk(password=PASSWORD)
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", INFO, CLERK)
        run = run_import(amtspost)
        (error,) = run.json["errors"]
        assert (error["mailbox"], error["folder"]) == (INFO, "Alt")
        assert "Alt" in error["reason"] and "user/" not in error["reason"]

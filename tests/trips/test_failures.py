"""What goes wrong in an office: each with the documented status and a German sentence; what was stored
stays. The runner checks that message and advice are German sentences."""

import socket
import threading
import time

import pytest
from peers.dovecot import free_port
from peers.fake_imap import FakeImap
from peers.load import FIRST_TIME, make_mails
from peers.maildir import Mail
from peers.relay import Relay
from runner import CLERK, MARK, Amtspost

pytestmark = pytest.mark.sanitized_only

USES = (["folders"], ["messages", "--folder", "INBOX"], ["import"])


def test_disabled(amtspost):
    amtspost.ok("user", "add", CLERK)
    for use in USES:
        error = amtspost.fails(3, *use, "--user", CLERK)
        assert error["code"] == "setup"
        assert "Administrator" in error["advice"]


def test_office365_without_its_settings(clerk):
    """First what an administrator has to set, then the person's sign-in."""
    clerk.set("interface", "office365", CLERK)
    for use in USES:
        assert "oauth.client-id" in clerk.fails(3, *use, "--user", CLERK)["message"]
    clerk.set("oauth.client-id", "11111111-2222-3333-4444-555555555555")
    for use in USES:
        assert clerk.fails(4, *use, "--user", CLERK)["condition"] == "login-missing"


def test_missing_account(amtspost):
    amtspost.set_server(143)
    amtspost.ok("user", "add", CLERK)
    amtspost.set("interface", "standard", CLERK)
    amtspost.set("imap.use-default", "true", CLERK)
    assert "Kontoname" in amtspost.fails(3, "folders", "--user", CLERK)["message"]


def test_no_password(amtspost, mailbox):
    amtspost.set_server(mailbox.server.plain_port)
    amtspost.add_clerk(account=mailbox.address, password=None)
    for use in USES:
        assert amtspost.fails(4, *use, "--user", CLERK)["code"] == "login"


def test_wrong_password(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(5, small=True)))
    clerk.imported()
    mailbox.server.set_password(mailbox.address, MARK + "-anders")
    error = clerk.fails(4, "import", "--user", CLERK)
    assert error["code"] == "login"
    assert "Kennwort" in error["message"] + error["advice"]
    assert len(clerk.archive()) == 5


def refusing(connection, tag, _arguments):
    connection.send(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")


def test_after_a_refusal_nothing_connects(amtspost):
    with FakeImap({"LOGIN": refusing}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.fails(4, "folders", "--user", CLERK)
        assert server.connections == 1
        for use in USES:
            assert amtspost.fails(4, *use, "--user", CLERK)["code"] == "login"
        assert server.connections == 1, "a refused password was tried again"
        del server.handlers["LOGIN"]
        amtspost.set("imap.password", MARK + "-neu", CLERK)
        amtspost.ok("folders", "--user", CLERK)
        assert server.connections == 2


def test_temporary_trouble_at_login_is_no_refusal(amtspost):
    def busy(connection, tag, _arguments):
        connection.send(f"{tag} NO [UNAVAILABLE] try later\r\n")

    with FakeImap({"LOGIN": busy}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.fails(5, "folders", "--user", CLERK)
        before = server.connections
        amtspost.fails(5, "folders", "--user", CLERK)
        assert server.connections > before


def test_unknown_host(clerk):
    host = "gibt-es-nicht.invalid"
    with pytest.raises(socket.gaierror) as found:
        socket.getaddrinfo(host, 143)
    # A machine without any name server cannot know that the name does not exist.
    wanted = 5 if found.value.errno == socket.EAI_AGAIN else 3
    clerk.set("imap.host", host)
    error = clerk.fails(wanted, "folders", "--user", CLERK)
    assert host in error["message"]


def test_refused_port(clerk):
    clerk.set("imap.port", str(free_port()))
    error = clerk.fails(5, "folders", "--user", CLERK)
    assert error["code"] == "retry"
    assert "localhost" in error["message"]


def test_silent_server(clerk):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for tls in ("none", "server"):
            clerk.set_server(silent.getsockname()[1], tls, host="127.0.0.1", timeout=1)
            begin = time.monotonic()
            clerk.fails(5, "folders", "--user", CLERK)
            assert time.monotonic() - begin < 8


def test_server_falls_silent_within_a_mail(amtspost):
    def stall(connection, _tag, _arguments):
        connection.send("* 1 FETCH (UID 1 BODY[] {1000}\r\nSubject: halb")
        time.sleep(30)

    with FakeImap({"FETCH": stall}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port, timeout=1)
        amtspost.fails(5, "import", "--user", CLERK, timeout=60)
        assert amtspost.archive() == []


def test_lost_for_good(clerk, mailbox):
    """The connection breaks again and again: status 5, and what came is on file."""
    mails = [Mail(b"Subject: %d\r\n\r\n" % i + b"x" * 50_000, FIRST_TIME) for i in range(20)]
    mailbox.fill("INBOX", mails[:3])
    clerk.imported()
    mailbox.fill("INBOX", mails)
    with Relay(mailbox.server.plain_port) as relay:
        clerk.set_server(relay.port)
        relay.cut_after, relay.cuts_left = 20_000, 10_000  # never a whole mail
        error = clerk.fails(5, "import", "--user", CLERK)
        assert "Verbindung" in error["message"]
        assert relay.connections < 50, "tries again without end"
        assert len(clerk.archive()) == 3
        relay.cuts_left = 0
        clerk.imported()
    assert len(clerk.archive()) == len(mails)


def test_unknown_folder(clerk):
    error = clerk.fails(2, "import", "--user", CLERK, "--folder", "Gibt es nicht")
    assert "Gibt es nicht" in error["message"]
    assert "Gibt es nicht" in clerk.fails(2, "messages", "--user", CLERK, "--folder", "Gibt es nicht")["message"]


def test_unknown_mailbox(clerk):
    error = clerk.fails(2, "import", "--user", CLERK, "--mailbox", "fremd@amt.example")
    assert "fremd@amt.example" in error["message"]


def test_unknown_user(amtspost):
    for use in USES:
        assert "niemand" in amtspost.fails(2, *use, "--user", "niemand")["message"]


def test_server_says_bye(amtspost):
    with FakeImap(greeting="* BYE overloaded\r\n") as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.fails(5, "folders", "--user", CLERK)


def test_login_disabled_by_the_server(amtspost):
    with FakeImap(capabilities="IMAP4rev1 LOGINDISABLED") as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.fails(3, "folders", "--user", CLERK)
        assert not any("LOGIN" in line.split()[1:2] for line in server.commands)


def test_import_prints_its_result_with_every_status(clerk, mailbox):
    """What was filed before the failure is told beside the error."""
    mailbox.fill("INBOX", list(make_mails(2000, seed=6)))
    with Relay(mailbox.server.plain_port) as relay:
        clerk.set_server(relay.port)
        relay.cut_after, relay.cuts_left, relay.rate = 20_000_000, 1, 10_000_000
        threading.Timer(1.5, setattr, (relay, "target_port", free_port())).start()
        result = clerk.run("--json", "import", "--user", CLERK)
    assert result.status == 5
    assert result.json["error"]["status"] == 5
    assert 0 < result.json["imported"] < 2000
    assert result.json["imported"] == len(clerk.archive())


def test_a_data_folder_of_somebody_else(clerk):
    import os
    if os.getuid() != 0:
        pytest.skip("needs root")
    other = Amtspost(clerk.folder / "x")
    other.ok("user", "list")
    pid = os.fork()
    if pid == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            status = other.run("user", "list").status
        except BaseException:
            status = 99
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in (1, 99)


def test_a_newer_schema_is_refused(clerk):
    import sqlite3
    (database,) = [path for path in clerk.data.glob("*.db") if "search" not in path.name]
    connection = sqlite3.connect(database)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if version:
        connection.execute(f"PRAGMA user_version = {version + 1}")
    else:
        (table,) = [name for name in tables if "migration" in name or "schema" in name]
        column = connection.execute(f"PRAGMA table_info({table})").fetchone()[1]
        connection.execute(f"UPDATE {table} SET {column} = {column} + 1000")
    connection.commit()
    connection.close()
    clerk.fails(1, "user", "list")


def test_postgresql_is_not_there_yet(amtspost):
    amtspost.fails(2, "--database", "postgresql://localhost/x", "user", "list")

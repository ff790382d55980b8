"""Signing in with Standard: both passwords checked at their servers, only refused ones not stored."""

import pytest
from peers.dovecot import free_port
from peers.fake_imap import FakeImap
from runner import CLERK, MARK, PASSWORD, Amtspost


def refuse(connection, tag, _arguments):
    connection.send(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")


@pytest.fixture
def unset(amtspost: Amtspost, mailbox) -> Amtspost:
    """A clerk of `mailbox` without any password."""
    amtspost.set_server(mailbox.server.plain_port)
    amtspost.add_clerk(account=mailbox.address, password=None)
    return amtspost


def test_a_good_password_is_stored(unset, mailbox):
    result = unset.json("login", "--user", CLERK, stdin=PASSWORD + "\n")
    assert result["account"] == result["identity"] == mailbox.address
    assert result["imap"] == {"ok": True, "reason": None, "message": None}
    assert result["smtp"]["ok"] is None and result["token_file"] is None
    assert [entry["address"] for entry in result["mailboxes"]] == [mailbox.address]
    unset.ok("folders", "--user", CLERK)
    status = unset.json("login", "status", "--user", CLERK)
    assert status["account"] == mailbox.address and status["reason"] is None
    unset.ok("login", "remove", "--user", CLERK)
    assert unset.fails(4, "folders", "--user", CLERK)["condition"] == "login-missing"


def test_a_refused_password_is_not_stored_and_the_former_stays(clerk):
    run = clerk.run("--json", "login", "--user", CLERK, stdin=MARK + "-falsch\n")
    assert run.status == 4 and run.json["imap"]["ok"] is False
    assert run.error["condition"] == "login-not-stored"
    clerk.ok("folders", "--user", CLERK)


def test_out_of_reach_it_is_stored_as_unchecked(clerk, mailbox):
    clerk.set("imap.port", str(free_port()))
    result = clerk.json("login", "--user", CLERK, stdin=PASSWORD)
    assert result["imap"]["ok"] is None and result["imap"]["reason"] == "unchecked"
    clerk.set("imap.port", str(mailbox.server.plain_port))
    clerk.ok("folders", "--user", CLERK)


def test_a_refusal_is_lifted_by_login(amtspost):
    with FakeImap({"LOGIN": refuse}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.fails(4, "folders", "--user", CLERK)
        connections = server.connections
        assert amtspost.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused-before"
        assert server.connections == connections
        del server.handlers["LOGIN"]
        amtspost.ok("login", "--user", CLERK, stdin=PASSWORD)
        amtspost.ok("folders", "--user", CLERK)


def test_two_passwords_two_servers(unset, mailbox, fake_smtp):
    unset.set("smtp.host", "localhost")
    unset.set("smtp.port", str(fake_smtp.port))
    unset.set("smtp.tls", "none")
    unset.set("smtp.use-default", "true", CLERK)
    fake_smtp.passwords = {mailbox.address: MARK + "-smtp"}
    result = unset.json("login", "--user", CLERK, stdin=f"{PASSWORD}\n{MARK}-smtp\n")
    assert result["imap"]["ok"] is True and result["smtp"]["ok"] is True
    run = unset.run("--json", "login", "--user", CLERK, stdin=f"{PASSWORD}\n")
    assert run.status == 4 and run.json["imap"]["ok"] is True and run.json["smtp"]["ok"] is False
    assert unset.get("smtp.password", CLERK)["set"], "the former one stays"
    result = unset.json("login", "--user", CLERK, stdin=f"{PASSWORD}\r\n{MARK}-smtp\r\n")
    assert result["smtp"]["ok"] is True


def test_a_relay_without_login(unset, fake_smtp):
    fake_smtp.mechanisms = ""
    unset.set("smtp.host", "localhost")
    unset.set("smtp.port", str(fake_smtp.port))
    unset.set("smtp.tls", "none")
    unset.set("smtp.use-default", "true", CLERK)
    result = unset.json("login", "--user", CLERK, stdin=PASSWORD)
    assert result["smtp"]["ok"] is None and result["smtp"]["reason"] == "skipped"
    assert "keine Anmeldung" in result["smtp"]["message"]
    assert not unset.get("smtp.password", CLERK)["set"]


@pytest.mark.parametrize("bad", ["", "\n", "a\tb\n", "a\x7fb\n"])
def test_passwords_that_are_none(unset, bad):
    unset.fails(2, "login", "--user", CLERK, stdin=bad)


def scram_liar(connection, tag, arguments):
    """Lets everybody in without having proven itself."""
    connection.send("+ \r\n")
    connection.read_line()
    connection.ok(tag)


def test_a_server_that_cannot_prove_itself(clerk):
    """It was reached, and it lies: nothing is stored, and it is no matter of later."""
    with FakeImap({"AUTHENTICATE": scram_liar}, capabilities="IMAP4rev1 AUTH=SCRAM-SHA-256") as server:
        before = clerk.get("imap.port")["value"]
        clerk.set("imap.port", str(server.port))
        run = clerk.run("--json", "login", "--user", CLERK, stdin=MARK + "-neu\n")
        assert run.status == 5 and run.json["imap"]["ok"] is False
        assert run.error["condition"] == "sasl-invalid"
        clerk.set("imap.port", before)
    clerk.ok("folders", "--user", CLERK)  # with the former password


def test_sign_ins_are_in_the_log(clerk):
    clerk.run("login", "--user", CLERK, stdin=MARK + "-falsch\n")
    clerk.ok("login", "--user", CLERK, stdin=PASSWORD)
    rows = [(row["action"], row["detail"]) for row in clerk.json("audit") if "sign-in" in row["action"]
            or "login" in row["action"]]
    assert rows[0] == ("login.password", "imap: ok, smtp: skipped")
    assert ("sign-in.refused", "imap: refused, smtp: skipped") in rows


def test_status_tells_apart(unset, mailbox):
    def told() -> str:
        return unset.ok("login", "status", "--user", CLERK).stdout

    assert "Es ist eine Anmeldung nötig." in told()
    unset.set("imap.password", PASSWORD, CLERK)
    assert "noch nicht geprüft" in told()
    unset.ok("folders", "--user", CLERK)
    assert "Die Anmeldung gilt." in told()
    unset.ok("user", "lock", CLERK)
    status = unset.json("login", "status", "--user", CLERK)
    assert not status["usable"] and "gesperrt" in status["reason"]
    unset.ok("user", "unlock", CLERK)
    unset.set("interface", "disabled", CLERK)
    assert "nicht verwendet werden" in told()
    unset.set("interface", "standard", CLERK)
    assert "entfernt" in unset.ok("login", "remove", "--user", CLERK).stdout
    assert "keine Anmeldung gespeichert" in unset.ok("login", "remove", "--user", CLERK).stdout


def test_a_certificate_that_does_not_fit(unset, mailbox):
    """A setting must be corrected; what was typed is not lost."""
    unset.set("imap.port", str(mailbox.server.tls_port))
    unset.set("imap.tls", "server")
    run = unset.run("--json", "login", "--user", CLERK, stdin=PASSWORD)
    assert run.status == 3 and run.json["imap"]["ok"] is False
    assert unset.get("imap.password", CLERK)["set"]

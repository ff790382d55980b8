"""`check --send-to`: one test mail over the checked connection, to whom it was asked for, and nobody else."""

import email.policy
import json
from email import message_from_bytes
from urllib.parse import quote

import pytest
from page import Daemon
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, MARK, Amtspost
from sending import PIPELINING, TO, answer, use
from test_check import LAST, STEPS, good, good_smtp  # noqa: F401

pytestmark = pytest.mark.sanitized_only


def check(amtspost: Amtspost, *arguments: str, to: str = TO, status: int = 0) -> list[dict]:
    """The steps; those of SMTP are all there, with `send` behind `sender`."""
    run = amtspost.run("--json", "check", "--user", CLERK, *arguments, "--send-to", to)
    assert run.status == status, f"{run.status} instead of {status}: {run.stdout}{run.stderr}"
    assert [step["step"] for step in run.json if step["protocol"] == "smtp"][:10] == [*STEPS, LAST["smtp"], "send"]
    assert "send" not in [step["step"] for step in run.json if step["protocol"] == "imap"]
    assert MARK not in run.stdout
    return run.json


def sending(steps: list[dict]) -> dict:
    step, = (step for step in steps if step["step"] == "send")
    return step


# ---- as it should be ----


@pytest.mark.parametrize("protocols", [(), ("smtp",), ("imap", "smtp")])
def test_it_arrives(good_smtp, office_postfix, make_office_mailbox, protocols):  # noqa: F811
    receiver = make_office_mailbox()
    step = sending(check(good_smtp, *protocols, to=f"Erika Müßig <{receiver.address}>"))
    assert step["ok"] is True and "250 2.0.0" in step["detail"] and receiver.address in step["detail"]
    raw, = office_postfix.received(receiver.address, 1)
    mail = message_from_bytes(raw, policy=email.policy.default)
    account = good_smtp.get("account", CLERK)["value"]
    assert mail["Subject"] == "Amtspost: Testnachricht" and mail["From"].addresses[0].addr_spec == account
    assert mail["To"].addresses[0].display_name == "Erika Müßig" and mail["Date"] and mail["Message-ID"]
    text = mail.get_body().get_content()
    for word in (account, CLERK, "localhost", "nichts zu tun", "Testnachricht von Amtspost"):
        assert word in text, text
    assert good_smtp.json("outbox", "list") == [] == good_smtp.json("archive", "list")
    row, = (row for row in good_smtp.json("audit") if row["action"] == "mail.test")
    assert row["subject"] == CLERK and receiver.address in row["detail"]


def test_without_being_told_the_steps_are_as_ever(good_smtp):  # noqa: F811
    steps = good_smtp.json("check", "--user", CLERK)
    assert [step["step"] for step in steps] == [*STEPS, "folders", *STEPS, "sender"]


def test_office365(clerk365_smtp, office_postfix, make_office_mailbox):
    clerk365_smtp.sign_in()
    receiver = make_office_mailbox()
    steps = check(clerk365_smtp.amtspost, "smtp", to=receiver.address)
    assert sending(steps)["ok"] is True and "XOAUTH2" in next(step for step in steps if step["step"] == "login")["detail"]
    raw, = office_postfix.received(receiver.address, 1)
    assert clerk365_smtp.address.encode() in raw


def test_a_relay_without_login(sender):
    sender.ok("settings", "unset", "smtp.password", "--user", CLERK)
    with FakeSmtp(mechanisms="", capabilities=PIPELINING) as server:
        use(sender, server)
        steps = check(sender, "smtp")
        assert sending(steps)["ok"] is True and next(step for step in steps if step["step"] == "login")["ok"] is None
        mail, = server.mails
        assert mail.recipients == [TO] and mail.user is None and server.connections == 1


def test_people_read_it_too(sender):
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        text = sender.ok("check", "--user", CLERK, "smtp", "--send-to", TO).stdout
        assert "in Ordnung  Testnachricht (" in text and TO in text and "Alles in Ordnung; 1 Hinweis." in text
        server.handlers["RCPT"] = lambda *given: (answer(550, "5.1.1 kennt niemand") if TO in given[1]
                                                  else server.on_rcpt)(*given)
        run = sender.run("check", "--user", CLERK, "smtp", "--send-to", TO)
        assert run.status == 6 and "FEHLER      Testnachricht" in run.stdout and "5.1.1" in run.stdout
        assert "geht nicht (Testnachricht)" in run.stdout


# ---- what servers say ----


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "content"])
@pytest.mark.parametrize("code, text, failure, status", [
    (451, "4.3.0 spaeter", "test-mail-later", 5), (554, "5.7.1 nicht von hier", "test-mail-refused", 6),
    (554, "5.2.252 SendAsDenied; mm not allowed to send as amt", "sender-refused", 3)])
def test_refusals(sender, verb, code, text, failure, status):
    def take(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.read_content()
        connection.reply(code, text)

    handler = take if verb == "content" else answer(code, text)
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        server.handlers[verb if verb != "content" else "DATA"] = \
            lambda *given: (server.on_rcpt if verb == "RCPT" and TO not in given[1] else handler)(*given)
        step = sending(check(sender, "smtp", status=status))
        assert step["ok"] is False and step["failure"] == failure and step["advice"]
        assert text in step["technical"] and not server.mails
        assert "Postausgang" not in step["advice"] and "Erneut" not in step["advice"]


def test_a_connection_that_ends_before_the_answer(sender):
    def take_and_go(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.read_content()
        raise ConnectionError

    with FakeSmtp({"DATA": take_and_go}, capabilities=PIPELINING) as server:
        use(sender, server)
        assert sending(check(sender, "smtp", status=5))["failure"] == "test-mail-unknown"
        assert server.connections == 1


def test_a_refused_sender_sends_nothing(sender):
    with FakeSmtp({"MAIL": answer(550, "5.7.1 nicht als dieser")}, capabilities=PIPELINING) as server:
        use(sender, server)
        step = sending(check(sender, "smtp", status=3))
        assert step["ok"] is None and "Absender" in step["detail"]
        assert sum(line.startswith("MAIL") for line in server.commands) == 1


def test_without_a_connection_it_is_left_out(sender):
    with FakeSmtp() as server:
        use(sender, server)
    assert sending(check(sender, "smtp", status=5))["ok"] is None


# ---- what is asked wrongly ----


@pytest.mark.parametrize("to", ["niemand", "", "a@b.example, c@d.example", "a@b.example\r\nX: y"])
def test_no_address(sender, to):
    with FakeSmtp() as server:
        use(sender, server)
        run = sender.run("--json", "check", "--user", CLERK, "--send-to", to)
        assert run.status == 2 and run.json["error"]["condition"] == "address-invalid" and server.connections == 0


def test_it_takes_smtp(sender):
    run = sender.run("--json", "check", "--user", CLERK, "imap", "--send-to", TO)
    assert run.status == 2 and "smtp" in run.json["error"]["message"] + run.json["error"]["advice"]
    sender.ok("settings", "unset", "smtp.host")
    assert sending(check(sender, "smtp", status=3))["ok"] is None
    run = sender.run("--json", "check", "--user", CLERK, "--send-to", TO)
    settings = next(step for step in run.json if step["protocol"] == "smtp")
    assert settings["ok"] is False and run.status == 3, "whoever wants to send is told that there is no server"


# ---- page and API ----


def test_the_api(sender):
    with FakeSmtp(capabilities=PIPELINING) as server, Daemon(sender) as daemon:
        use(sender, server)
        key = {"Authorization": f"Bearer {sender.json('apikey', 'add', 'k', '--user', CLERK)['key']}"}
        got = daemon.person().request("POST", f"/api/v1/check?protocol=smtp&send_to={quote(TO)}", "{}", **key)
        assert got.status == 200 and sending(json.loads(got.body))["ok"] is True and len(server.mails) == 1
        for query, condition in ((f"protocol=imap&send_to={TO}", "api-parameter"), ("send_to=niemand", "address-invalid")):
            got = daemon.person().request("POST", f"/api/v1/check?{query}", "{}", **key)
            assert got.status == 400 and json.loads(got.body)["error"]["condition"] == condition
        assert len(server.mails) == 1


def test_the_page(sender):
    with FakeSmtp(capabilities=PIPELINING) as server, Daemon(sender) as daemon:
        use(sender, server)
        person = daemon.person(CLERK)
        person.get("/einstellungen")
        page = person.submit("/pruefen")
        assert "Eine E-Mail wird nicht gesendet." in page.text and "Testnachricht senden an" in page.text
        assert not server.mails
        page = person.submit("/pruefen", testnachricht=TO)
        assert "Antwort des Servers: 250" in page.text and len(server.mails) == 1
        assert page.view.form("/pruefen").fields["testnachricht"] == "", "it is not sent again by mistake"
        page = person.submit("/pruefen", testnachricht="niemand")
        assert page.status == 422 and "ist keine E-Mail-Adresse" in page.text and len(server.mails) == 1
        assert page.view.form("/pruefen").fields["testnachricht"] == "niemand"

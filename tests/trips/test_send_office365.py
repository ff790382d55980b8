"""Sending with Office 365: by the token, from shared mailboxes, and within Exchange's limits."""

import email.policy
import time
from email import message_from_bytes

import pytest
from office365 import Clerk365
from peers.fake_imap import tls_context
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, Amtspost, Run

MINUTE = 30  # mails of one mailbox that Exchange takes


@pytest.fixture
def signed_in(clerk365_smtp) -> Clerk365:
    clerk365_smtp.sign_in()
    return clerk365_smtp


def send(amtspost: Amtspost, to: str, *arguments: str) -> Run:
    return amtspost.run("--json", "send", "--user", CLERK, "--to", to, "--subject", "Bescheid", *arguments,
                        stdin="Guten Tag\n")


def office(signed_in: Clerk365, certificate, handlers: dict | None = None) -> FakeSmtp:
    """A server instead of Exchange that the clerk is set to."""
    server = FakeSmtp(handlers, "XOAUTH2", ("PIPELINING",), tls=tls_context(certificate))
    signed_in.amtspost.set("smtp.port", str(server.port))
    return server


def test_by_the_token(signed_in, make_office_mailbox, office_postfix):
    """Exchange makes the copy in the Sent folder itself."""
    receiver = make_office_mailbox()
    run = send(signed_in.amtspost, receiver.address)
    assert run.status == 0, run.stdout + run.stderr
    assert run.json["state"] == "sent" and run.json["sent_copy"] == "none" and run.json["archive_id"]
    raw = office_postfix.received(receiver.address)[-1]
    mail = message_from_bytes(raw, policy=email.policy.default)
    assert mail["From"].addresses[0].addr_spec == signed_in.address and mail.get_content() == "Guten Tag\n"
    assert not [folder for folder in signed_in.folders() if folder["name"].startswith(("Sent", "Gesendet"))]


def test_a_token_that_ran_out_is_refreshed(signed_in, make_office_mailbox):
    signed_in.expire()
    assert send(signed_in.amtspost, make_office_mailbox().address).status == 0


def test_without_a_sign_in_the_mail_waits(clerk365_smtp, make_office_mailbox, office_postfix):
    receiver = make_office_mailbox()
    run = send(clerk365_smtp.amtspost, receiver.address)
    assert run.status == 5 and run.json["state"] == "waiting", run.stdout
    mail, = clerk365_smtp.amtspost.json("outbox", "list")
    assert mail["state"] == "waiting" and mail["next"], mail
    assert "anmelden" in mail["reason"] or "Anmeldung" in mail["reason"]
    clerk365_smtp.sign_in()
    mail, = clerk365_smtp.amtspost.json("outbox", "list")
    assert mail["state"] == "waiting" and mail["next"] is None, mail  # at once
    assert clerk365_smtp.amtspost.run("--json", "outbox", "run").status == 0
    assert len(office_postfix.received(receiver.address)) == 1


def test_from_a_shared_mailbox(signed_in, shared_mailbox, make_office_mailbox, office_postfix):
    """Signed in as the main user; without the right to send as the mailbox it is named."""
    amtspost, receiver = signed_in.amtspost, make_office_mailbox()
    amtspost.set("mailboxes", shared_mailbox.address, CLERK)
    refused = send(amtspost, receiver.address, "--from", shared_mailbox.address)
    assert refused.status == 6 and refused.json["state"] == "failed"
    assert refused.json["reason"].startswith("Der Server nimmt „") and shared_mailbox.address in refused.json["reason"]
    signed_in.dovecot.share(signed_in.address, shared_mailbox.address, send_as=True)
    sent = send(amtspost, receiver.address, "--from", shared_mailbox.address)
    assert sent.status == 0, sent.stdout
    mail = message_from_bytes(office_postfix.received(receiver.address)[-1], policy=email.policy.default)
    assert mail["From"].addresses[0].addr_spec == shared_mailbox.address
    assert send(amtspost, receiver.address, "--from", "fremd@amt365.example").status == 2


def test_words_of_exchange_for_the_missing_right(signed_in, certificate):
    said = "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process"

    def refuse(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.read_content()
        connection.reply(554, said)

    with office(signed_in, certificate, {"DATA": refuse}) as server:
        run = send(signed_in.amtspost, "erika@amt365.example")
        assert run.status == 6 and run.json["state"] == "failed" and server.logins
        assert signed_in.address in run.json["reason"]
        assert "SendAsDenied" in run.json["recipients"][0]["reply"]


def test_thirty_mails_a_minute(signed_in, certificate, tmp_path):
    """The others wait for their turn, and none is refused."""
    paths = []
    for number in range(MINUTE + 5):
        paths.append(str(tmp_path / f"{number}.eml"))
        (tmp_path / f"{number}.eml").write_text(
            f"From: {signed_in.address}\nTo: erika@amt365.example\nSubject: Nummer {number}\n\nGuten Tag\n", encoding="utf-8")
    with office(signed_in, certificate) as server:
        running = signed_in.amtspost.start("--json", "send", "--user", CLERK, "--eml", *paths)
        deadline = time.monotonic() + 20
        while len(server.mails) < MINUTE and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2)
        assert len(server.mails) == MINUTE and not running.is_over() and server.connections <= 3
        running.process.terminate()
        running.finish(20)
    states = [mail["state"] for mail in signed_in.amtspost.json("outbox", "list")]
    assert states.count("sent") == MINUTE and states.count("queued") == 5

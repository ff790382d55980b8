"""The private Postfix by itself, as in test_peers_oauth.py."""

import base64
import smtplib
import ssl

import pytest
from runner import PASSWORD

pytestmark = pytest.mark.release_only  # the program takes no part

OUTSIDE = "buergerin@example.org"
BODY = b"Subject: Bescheid\r\n\r\nSehr geehrte Damen und Herren\r\n.\r\n..zwei\r\n"


def connect(server, tls: bool = True) -> smtplib.SMTP:
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    if tls:
        return smtplib.SMTP_SSL("127.0.0.1", server.submissions_port, context=context)
    connection = smtplib.SMTP("127.0.0.1", server.submission_port)
    connection.ehlo()
    assert "auth" not in connection.esmtp_features, "offered without encryption"
    connection.starttls(context=context)
    return connection


def authenticate(connection: smtplib.SMTP, user: str, token: str, mechanism: str = "XOAUTH2") -> bytes:
    connection.ehlo()
    assert mechanism in connection.esmtp_features["auth"].split()
    message = f"user={user}\x01auth=Bearer {token}\x01\x01"
    if mechanism == "OAUTHBEARER":
        message = f"n,a={user},\x01auth=Bearer {token}\x01\x01"
    return connection.auth(mechanism, lambda challenge=None: "" if challenge else message,
                           initial_response_ok=False)


def contents(raw: bytes) -> bytes:
    return raw.split(b"\n\n", 1)[1]


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_mail_sent_with_a_token_arrives(office_postfix, office_account, another_office_account, mechanism,
                                        tls):
    with connect(office_postfix, tls) as connection:
        assert authenticate(connection, office_account.address, office_account.token(),
                            mechanism)[0] == 235
        connection.sendmail(office_account.address, [another_office_account.address, OUTSIDE], BODY)
    mail, = office_postfix.received(another_office_account.address)
    assert contents(mail) == b"Sehr geehrte Damen und Herren\n.\n..zwei\n"
    assert f"Return-Path: <{office_account.address}>".encode() in mail
    assert b"ESMTPSA" in mail and b"using TLSv1" in mail
    assert contents(office_postfix.received(OUTSIDE)[-1]) == contents(mail)
    assert list(another_office_account.box.read()) == [1], "Dovecot shows it too"


def test_refused_tokens(office_postfix, identity, office_account, shared_mailbox):
    office_account.share(shared_mailbox)
    good, imap_only = office_account.token(), office_account.token(
        "https://outlook.office.com/IMAP.AccessAsUser.All")
    for user, token in ((office_account.address, "unbekannt"), (office_account.address, imap_only),
                        (shared_mailbox.address, good)):  # the shared mailbox opens over IMAP only
        with connect(office_postfix) as connection, pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
            authenticate(connection, user, token)
        assert refusal.value.smtp_code == 535


def test_a_long_token_does_not_fit_on_the_command_line(office_postfix, office_account):
    message = f"user={office_account.address}\x01auth=Bearer {office_account.token()}\x01\x01"
    with connect(office_postfix) as connection:
        connection.ehlo()
        assert connection.docmd("AUTH", "XOAUTH2 " + base64.b64encode(message.encode()).decode())[0] == 535


def test_who_may_send_as_whom(office_postfix, office_account, another_office_account, make_office_mailbox):
    shared, readable = make_office_mailbox(), make_office_mailbox()
    office_account.share(shared)
    office_account.share(readable, send_as=False)
    with connect(office_postfix) as connection:
        authenticate(connection, office_account.address, office_account.token())
        connection.sendmail(shared.address, [OUTSIDE], BODY)
        for sender in (readable.address, another_office_account.address, OUTSIDE):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
                connection.sendmail(sender, [OUTSIDE], BODY)
            assert refusal.value.recipients[OUTSIDE][0] == 553


def test_an_other_address_of_ones_own(office_postfix, make_office_account):
    account = make_office_account("mm4712@stadt.onmicrosoft.example")
    for user in (account.name, account.address):
        with connect(office_postfix) as connection:
            authenticate(connection, user, account.token())
            connection.sendmail(account.address, [account.address], BODY)
    assert len(office_postfix.received(account.address, 2)) == 2


def test_answers_can_be_chosen(office_postfix, office_account):
    office_postfix.recipients["voll@example.org"] = "452 4.2.2 Postfach voll"
    office_postfix.senders[office_account.address] = "550 5.7.1 gesperrt"
    with connect(office_postfix) as connection:
        authenticate(connection, office_account.address, office_account.token())
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            connection.sendmail(office_account.address, [OUTSIDE], BODY)
        assert refusal.value.recipients[OUTSIDE][0] == 550
        del office_postfix.senders[office_account.address]
        refused = connection.sendmail(office_account.address, [
            OUTSIDE, "voll@example.org", "niemand@musterhausen.example"], BODY)
        assert {address: answer[0] for address, answer in refused.items()} == {
            "voll@example.org": 452, "niemand@musterhausen.example": 550}


def test_passwords_and_the_other_ports(office_postfix, office_account):
    plain = base64.b64encode(f"\0{office_account.address}\0{PASSWORD}".encode()).decode()
    with connect(office_postfix) as connection:
        connection.ehlo()
        assert connection.docmd("AUTH", f"PLAIN {plain}")[0] == 235
    with smtplib.SMTP("127.0.0.1", office_postfix.no_tls_port) as connection:
        connection.ehlo()
        assert "starttls" not in connection.esmtp_features and "auth" in connection.esmtp_features
        assert connection.docmd("AUTH", f"PLAIN {plain}")[0] == 235
    with smtplib.SMTP("127.0.0.1", office_postfix.no_auth_port) as connection:
        connection.ehlo()
        assert "starttls" in connection.esmtp_features and "auth" not in connection.esmtp_features
        connection.sendmail(OUTSIDE, [office_account.address], BODY)
    with smtplib.SMTP("127.0.0.1", office_postfix.submission_port) as connection:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            connection.sendmail(OUTSIDE, [office_account.address], BODY)
    assert len(office_postfix.received(office_account.address)) == 1

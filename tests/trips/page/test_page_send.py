"""E-Mail senden on the page, without a browser: drafts, files, answering, sending through a real Postfix."""

import email.policy
import re
import time
from email import message_from_bytes

import pytest
from page import Daemon, Person
from page_office import ADMIN, CLERK_A, CLERK_B, add_person, execute
from peers.fake_smtp import FakeSmtp
from runner import PASSWORD, Amtspost

NEW = "/senden/neu"
COOKIE = "amtspost"
QUESTION = ("From: =?utf-8?Q?Erika_M=C3=BC=C3=9Fig?= <e.muessig@buerger.example>\r\nTo: {to}\r\n"
            "Cc: Bauamt <bau@amt.example>, Klein <klein@amt.example>\r\nSubject: Bauantrag\r\n"
            "Message-ID: <frage.1@buerger.example>\r\nDate: Mon, 23 Nov 2026 15:04:00 +0100\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
            "--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWann?\r\nGrüße\r\n"
            "--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=Plan.pdf\r\n\r\n"
            "PDF-Inhalt\r\n--x--\r\n")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory):
    amtspost = Amtspost(tmp_path_factory.mktemp("send") / "data")
    add_person(amtspost, ADMIN, "--admin")
    for name, account in ((CLERK_A, "klein@amt.example"), (CLERK_B, "berg@amt.example")):
        add_person(amtspost, name, interface="standard", account=account, smtp__use_default="true", smtp__password=PASSWORD,
                   imap__password=PASSWORD, imap__use_default="true")
    amtspost.set("mailboxes", "bau@amt.example", CLERK_A)
    amtspost.set("network.timeout", "2")
    with Daemon(amtspost) as daemon:
        yield daemon


@pytest.fixture
def clerk(office) -> Person:
    execute(office.amtspost, "DELETE FROM drafts")
    return office.person(CLERK_A, add=False)


@pytest.fixture
def server(office):
    with FakeSmtp(capabilities=("PIPELINING", "8BITMIME", "SIZE 36700160")) as running:
        for key, value in (("smtp.host", "127.0.0.1"), ("smtp.port", str(running.port)), ("smtp.tls", "none"),
                           ("imap.host", "127.0.0.1"), ("imap.port", "1"), ("imap.tls", "none")):
            office.amtspost.set(key, value)
        yield running


def write(person: Person, deed: str = "speichern", action: str = NEW, follow: bool = True, **fields: str):
    person.get(action)
    return person.submit(action, tun=deed, follow=follow, **fields)


def draft_of(answer) -> int:
    return int(re.match(r"/senden/(\d+)", answer.path)[1])


def shown(answer, number: int) -> dict[str, str]:
    return answer.view.form(f"/senden/{number}").fields


def wait_for_mail(server: FakeSmtp, count: int = 1):
    deadline = time.monotonic() + 20
    while len(server.mails) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return server.mails[-1]


# ---- end to end ----


def test_a_mail_arrives(office, clerk, office_postfix, make_office_mailbox, authority):
    account, receiver = make_office_mailbox(), make_office_mailbox()
    for key, value in (("tls.ca-file", authority.certificate), ("smtp.host", "localhost"), ("imap.host", "localhost"),
                       ("imap.port", account.server.tls_port), ("smtp.port", office_postfix.submissions_port)):
        office.amtspost.set(key, str(value))
    for key in ("imap.tls", "smtp.tls"):
        office.amtspost.run("settings", "unset", key)
    office.amtspost.set("account", account.address, CLERK_A)
    office.amtspost.set("smtp.signature", "Karla Klein\nBauamt", CLERK_A)
    try:
        page = clerk.get(NEW)
        text = page.view.form(NEW).fields["text"]
        assert text == "\n\n-- \nKarla Klein\nBauamt\n"
        answer = clerk.submit(NEW, tun="anlagen", an=f"Müßig, Erika <{receiver.address}>", betreff="Ihr Antrag 🚗",
                              text_="Guten Tag,\n\n.ein Punkt\n" + text, aktenzeichen="2026/4711")
        number = draft_of(answer)
        data = bytes(range(256)) * 4000
        clerk.upload(f"/senden/{number}", "dateien", [("Bescheid – Straße €.pdf", data)], tun="anlagen",
                     **{name: value for name, value in shown(answer, number).items() if name not in ("csrf", "dateien")})
        page = clerk.get(f"/senden/{number}")
        assert "Bescheid – Straße €.pdf" in page.text and "1,4 MB von" in page.text, page.text
        answer = clerk.submit(f"/senden/{number}", tun="senden", follow=False)
        assert answer.status == 303 and re.fullmatch(r"/postausgang/\d+\?hinweis=eingereiht", answer.location), answer.text
        raw = office_postfix.received(receiver.address, 1)[-1]
        mail = message_from_bytes(raw, policy=email.policy.default)
        assert mail["To"].addresses[0].display_name == "Müßig, Erika" and mail["Subject"] == "Ihr Antrag 🚗"
        assert mail.get_body().get_content().replace("\r\n", "\n") == "Guten Tag,\n\n.ein Punkt\n\n\n-- \nKarla Klein\nBauamt\n"
        attachment, = mail.iter_attachments()
        assert attachment.get_filename() == "Bescheid – Straße €.pdf" and attachment.get_content() == data
        assert clerk.get(f"/senden/{number}").status == 404
        assert execute(office.amtspost, "SELECT count(*) FROM draft_pieces") == [(0,)]
    finally:
        office.amtspost.set("account", "klein@amt.example", CLERK_A)
        office.amtspost.run("settings", "unset", "smtp.signature", "--user", CLERK_A)
        office.amtspost.run("settings", "unset", "tls.ca-file")

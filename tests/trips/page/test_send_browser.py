"""E-Mail senden in a real browser: with the keyboard, kept by itself, files with progress, and at every width."""

import pytest
from page_office import CLERK_A
from test_page_browser import check, play, stop
from test_page_send import answer_to, clerk, draft_of, office, question, server, wait_for_mail, write  # noqa: F401

pytestmark = pytest.mark.release_only
LONG = "Ein sehr langer Dateiname ohne Ende " * 4 + ".pdf"


@pytest.fixture
def told(office, clerk, server):
    """The server has said how much it takes."""
    write(clerk, "senden", an="a@example.org")
    wait_for_mail(server)
    return server


def test_writing_and_sending(office, told, question):
    report = play("send.mjs", office, CLERK_A, mail=question, who="Erika Müßig <e.muessig@buerger.example>",
                  expected=["/sichern", "/senden/neu", "/postausgang", "409", "403", "404"])
    assert not [name for name, good in report["steps"] if not good], report["steps"]
    assert len(report["steps"]) > 18 and not report["faults"]
    mail = wait_for_mail(told, 2)
    assert mail.recipients == ["e.muessig@buerger.example"] and b"Gesendet" in mail.content and b"drei.txt" in mail.content


def test_what_is_missing_is_asked_about(office, clerk, told):
    report = play("send-missing.mjs", office, CLERK_A, expected=["/sichern", "/senden/", "/anlage", "409", "413"])
    assert not [name for name, good in report["steps"] if not good], report["steps"]
    assert len(report["steps"]) > 12 and not report["faults"]
    wait_for_mail(told, 4)
    subjects = {subject: sum(name in mail.content for name in (b"klein.txt", b"auch.txt", b"halb.bin", b"riesig.bin") for mail in told.mails
                             if subject in mail.content) for subject in (b"Wartet", b"Mit Anlage", b"Zwei Fenster")}
    assert subjects == {b"Wartet": 2, b"Mit Anlage": 1, b"Zwei Fenster": 0} and len(told.mails) == 4


def test_the_pages(office, clerk, told, question):
    number = draft_of(answer_to(clerk, question, "alle"))
    clerk.submit(f"/senden/{number}", tun="original", blindkopie="c@example.org")
    clerk.upload(f"/senden/{number}/anlage", "stueck", [(LONG, b"abc")], dateiname=LONG, groesse="3", ab="0")
    write(clerk, betreff="Einspruch gegen den Bescheid über die Festsetzung der Abwassergebühren", an="a@example.org, " * 20)
    check(play("walk.mjs", office, CLERK_A, stops=[
        stop("senden-liste", "/senden"),
        stop("senden-neu", "/senden/neu"),
        stop("senden-antwort", f"/senden/{number}"),
        stop("senden-falsch", "/senden/neu", ("fill", "#an", "kein-name"), ("fill", "#text", "Text"),
             ("send", "button[value=senden]")),
        stop("senden-mail", f"/archiv/{question}"),
    ]))

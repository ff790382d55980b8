"""E-Mail importieren: mailbox, folder, mails, preview, and what is picked; against a real server."""

import imaplib
import re
import time
from collections.abc import Callable
from statistics import median
from urllib.parse import quote, urlencode

import pytest
from mailbox_on_disk import Mailbox
from page import PAGE_PASSWORD, Daemon, Person
from page_office import execute
from peers.maildir import Mail
from runner import PASSWORD, Amtspost

NOON = 1_763_000_000
CLERK, COLLEAGUE = "k.klein", "b.berg"
HOSTILE = ('MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick="x()">Guten <b>Tag</b></p>'
           '<script>document.title="da"</script><img src="http://127.0.0.1:9/pixel.png">')


def mail(number: int, subject: str | None = None, more: str = "", body: str = "", flags: str = "S") -> Mail:
    text = (f"From: =?utf-8?q?=C3=84nne_M=C3=BCller?= <aenne@buerger.example>\r\nTo: amt@musterhausen.example\r\n"
            f"Subject: {subject or f'Nummer {number:05}'}\r\nMessage-ID: <m{number}@buerger.example>\r\n"
            f"Date: Mon, 23 Nov 2026 15:04:00 +0100\r\n{more}")
    text += body or f"\r\nText von {number}.\r\n"
    return Mail(text.encode(), NOON + number, flags)


def open_office(amtspost: Amtspost, mailbox: Mailbox, *names: str) -> None:
    amtspost.set_server(mailbox.server.plain_port)
    for name in names:
        amtspost.ok("user", "add", name)
        amtspost.set("interface", "standard", name)
        amtspost.set("account", mailbox.address, name)
        amtspost.set("imap.use-default", "true", name)
        amtspost.set("imap.password", PASSWORD, name)


@pytest.fixture
def page(amtspost: Amtspost, mailbox: Mailbox):
    """Two clerks with one mailbox."""
    open_office(amtspost, mailbox, CLERK, COLLEAGUE)
    with Daemon(amtspost) as daemon:
        yield daemon.person(CLERK)


def test_who_is_new_is_told_what_is_missing(amtspost):
    amtspost.ok("user", "add", CLERK)
    with Daemon(amtspost) as daemon:
        shown = daemon.person(CLERK).get("/importieren")
        assert "gehört nicht zu den Postfächern" not in shown.text and "Schnittstelle" in shown.text


def subjects(html: str) -> list[str]:
    return re.findall(r'target="vorschau"[^>]*>(?:<span[^>]*>[^<]*</span>)?([^<]*)</a>', html)


def previews(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'target="vorschau" href="([^"]*)"', html)]


def pick(page: Person, uids: list[int], **fields: str):
    """Sends the shown page's form with UIDS ticked."""

    form = page.last.view.form("/importieren", schluessel=None)
    sent = {**form.fields, "was": "auswahl", **fields}
    body = urlencode([*sent.items(), *(("uid", str(uid)) for uid in uids)])
    return page._follow(page.request("POST", "/importieren", body), False)


def wait_for(amtspost: Amtspost, count: int) -> list[dict]:
    end = time.monotonic() + 20
    while len(found := amtspost.archive()) < count or not all(one["subject"] for one in found):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def test_folders_with_counts_and_what_is_hidden(page, mailbox):
    mailbox.fill("INBOX", [mail(1), mail(2, flags=""), mail(3, flags="")])
    mailbox.fill("Akten", [mail(4)])
    mailbox.fill("Akten/Bußgeld", [])
    mailbox.fill("Trash", [mail(5)])
    shown = page.get("/importieren")
    assert "2 ungelesen / 3 E-Mails" in shown.text and "Bußgeld 0 E-Mails" in shown.text
    assert shown.html.index(">Akten<") < shown.html.index(">Bußgeld<")  # below the one that it lies in
    assert "Trash" not in shown.text and "Ausgeblendete anzeigen (1)" in shown.text
    hidden = page.get("/importieren?ausgeblendet=1")
    assert "Trash" in hidden.text and "ausgeblendet durch den Eintrag „" in hidden.text


def test_newest_first_page_by_page_and_a_search(page, mailbox):
    mailbox.fill("INBOX", [mail(number) for number in range(1, 121)])
    first = page.get("/importieren")
    assert subjects(first.html) == [f"Nummer {number:05}" for number in range(120, 70, -1)]
    assert "1 bis 50 von 120" in first.text and "120 E-Mails" in first.text
    last = page.get(next(link for link in first.view.links if "seite=2" in link).replace("seite=2", "seite=3"))
    assert subjects(last.html) == [f"Nummer {number:05}" for number in range(20, 0, -1)]
    found = page.get("/importieren?suche=00077")
    assert subjects(found.html) == ["Nummer 00077"] and "1 gefunden" in found.text
    nothing = page.get("/importieren?suche=gibtesnicht")
    assert subjects(nothing.html) == [] and "Keine E-Mail dieses Ordners passt zur Suche." in nothing.text
    # Behind the last page, as after its mails were moved away: the last one.
    for beyond in (page.get("/importieren?seite=99999999999"), page.get("/importieren?seite=4")):
        assert beyond.status == 200 and "Technische" not in beyond.text and "leer" not in beyond.text
    assert subjects(beyond.html) == subjects(last.html) and "101 bis 120 von 120" in beyond.text


def test_an_empty_folder_and_one_that_is_not_there(page, mailbox):
    assert "Dieser Ordner ist leer." in page.get("/importieren").text
    missing = page.get("/importieren?ordner=" + quote("Gibt es nicht"))
    assert "gibt es keinen Ordner „Gibt es nicht“" in missing.text and "amtspost folders" not in missing.text
    other = page.get("/importieren?postfach=fremd@amt.example")
    assert "Noch einmal versuchen" in other.text and "fremd@amt.example" in other.text


def test_what_a_colleague_has_filed_is_marked(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1), mail(2)])
    amtspost.ok("import", "--user", COLLEAGUE, "--folder", "INBOX", "--uids", "1", "--case", "2026/4711")
    shown = page.get("/importieren").text
    assert shown.count("bereits im Archiv") == 1
    assert "Kommandozeile" in shown and "Aktenzeichen 2026/4711" in shown


def test_the_preview_is_safe_and_marks_nothing_as_read(page, mailbox):
    mailbox.fill("INBOX", [mail(1, body=HOSTILE, flags="")])
    [preview] = previews(page.get("/importieren").html)
    shown = page.get(preview)
    assert "Guten <b>Tag</b>" in shown.html and "Änne Müller" in shown.text
    assert "script" not in shown.html and "pixel" not in shown.html
    assert "Externe Inhalte blockiert (1)" in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "allow-scripts" not in policy
    assert mailbox.flags() == {1: ""}
    for change, sentence in (("uid=1", "nicht mehr da"), ("gueltig=", "neu nummeriert")):
        name = change.partition("=")[0]
        wrong = page.get(re.sub(rf"{name}=\d+", f"{name}=77", preview))
        assert sentence in wrong.text and "Abmelden" not in wrong.text  # it stays within the frame


def test_what_is_picked_is_imported_under_its_case(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(number) for number in range(1, 6)])
    form = page.get("/importieren")
    answer = pick(page, [2, 4], aktenzeichen=" 2026/0815 ")
    assert answer.status == 303 and re.fullmatch(r"/importieren/vorgang/\d+", answer.location)
    found = wait_for(amtspost, 2)
    assert {(one["subject"], one["case"]) for one in found} == {("Nummer 00002", "2026/0815"), ("Nummer 00004", "2026/0815")}
    assert [one["sources"][0]["uid"] for one in found] == [4, 2]
    page.last = form
    again = pick(page, [2, 4], aktenzeichen=" 2026/0815 ")
    assert again.location == answer.location  # one form is one import, however often it is sent


def test_whole_folders_and_all_mailboxes(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1)])
    mailbox.fill("Akten", [mail(2), mail(3)])
    page.get("/importieren?ordner=Akten")
    assert pick(page, [], was="ordner").status == 303
    assert {one["subject"] for one in wait_for(amtspost, 2)} == {"Nummer 00002", "Nummer 00003"}
    page.get("/importieren")
    assert pick(page, [], was="alle").status == 303
    assert len(wait_for(amtspost, 3)) == 3
    page.get("/importieren")
    wrong = pick(page, [], was="ordner", seit="übermorgen")
    assert wrong.status == 422 and "„übermorgen“ ist kein Datum" in wrong.text


def test_nothing_picked_and_a_wrong_case_keep_what_was_typed(page, mailbox):
    mailbox.fill("INBOX", [mail(1), mail(2)])
    page.get("/importieren")
    nothing = pick(page, [], aktenzeichen="2026/1")
    assert nothing.status == 422 and "Es ist keine E-Mail ausgewählt." in nothing.text
    assert 'value="2026/1"' in nothing.html
    wrong = pick(page, [2], aktenzeichen="x" * 101)
    assert wrong.status == 422 and "aktenzeichen" in wrong.view.errors
    assert re.search(r'id="mail-2" value="2" checked', wrong.html) and not re.search(r'value="1" checked', wrong.html)
    assert pick(page, ["1; drop"]).status == 422


def test_a_folder_that_was_numbered_anew_imports_nothing(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1), mail(2)])
    page.get("/importieren")
    mailbox.disk.renew_uid_validity("INBOX", 1_800_000_000)
    path = pick(page, [1]).location
    end = time.monotonic() + 20
    while "Import abgeschlossen" not in (told := page.get(path)).text:
        assert time.monotonic() < end, told.text
        time.sleep(0.1)
    assert "neu nummeriert" in told.text and "/erneut" not in told.html and amtspost.archive() == []


def test_suggestions_come_from_what_one_sees(page, mailbox, amtspost):
    mailbox.fill("INBOX", [
        mail(1), mail(2, "AW: Ihre Frage", "In-Reply-To: <m1@buerger.example>\r\n"),
        mail(3, "Zum Az. [2026/4711], eilig"), mail(4, "Zum Az. 2026/9999")])
    amtspost.ok("import", "--user", CLERK, "--folder", "INBOX", "--uids", "1", "--case", "2026/4711")
    foreign = amtspost.folder / "fremd.eml"
    foreign.write_bytes(mail(9).raw)
    amtspost.ok("archive", "add", str(foreign), "--case", "2026/9999")  # nobody's but the archive's
    shown = page.get("/importieren").html
    assert re.findall(r'data-case="([^"]*)"', shown) == ["2026/4711", "2026/4711"]
    assert "antwortet auf eine E-Mail mit diesem Aktenzeichen" in shown and "steht im Betreff" in shown
    assert '<option value="2026/4711">' in shown and "2026/9999\"" not in shown
    assert page.last.view.form("/importieren", schluessel=None).fields["aktenzeichen"] == ""


def test_one_sign_in_serves_many_clicks_until_settings_change(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1), mail(2)])
    for _ in range(4):
        page.get(previews(page.get("/importieren").html)[0])
    assert len(mailbox.server.sessions(mailbox.address)) == 1
    amtspost.set("network.timeout", "17")
    page.get("/importieren")
    assert len(mailbox.server.sessions(mailbox.address)) == 2  # the former one is left to end
    mailbox.server.end_sessions(mailbox.address, abruptly=True)
    assert len(subjects(page.get("/importieren").html)) == 2
    amtspost.ok("settings", "unset", "imap.password", "--user", CLERK)
    assert "Anmeldung erforderlich" in page.get("/importieren").text


def test_a_session_serves_only_its_user(page, mailbox, another_mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1)])
    another_mailbox.fill("INBOX", [mail(2)])
    page.get("/importieren")
    amtspost.set("account", another_mailbox.address, COLLEAGUE)
    other = page.daemon.person(COLLEAGUE)
    assert subjects(other.get("/importieren").html) == ["Nummer 00002"]
    assert "fremd" not in other.get(f"/importieren?postfach={mailbox.address}").html
    assert subjects(other.last.html) == []


def test_signed_out_leads_to_the_sign_in_and_back(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1)])
    amtspost.ok("settings", "unset", "imap.password", "--user", CLERK)
    page.get("/importieren?ordner=INBOX&suche=Nummer")
    assert "Anmeldung erforderlich" in page.last.text and "Zum Archiv" in page.last.text
    way = next(link for link in page.last.view.links if link.startswith("/einstellungen?weiter="))
    page.get(way)
    page.submit("/einstellungen/anmelden", imap__password=PASSWORD)
    assert page.last.path.startswith("/importieren?") and "suche=Nummer" in page.last.path
    assert subjects(page.last.html) == ["Nummer 00001"]


def test_who_has_no_interface_is_told_who_can_change_it(page, amtspost):
    amtspost.set("interface", "disabled", CLERK)
    shown = page.get("/importieren").text
    assert "nicht eingeschaltet" in shown and "Administrator" in shown


def test_a_server_that_is_gone_leaves_the_archive(page, amtspost):
    amtspost.set_server(1, host="127.0.0.1")
    shown = page.get("/importieren").text
    assert "Zum Archiv" in shown and "Noch einmal versuchen" in shown


def test_a_form_of_a_session_that_ended_comes_back(page, mailbox, amtspost):
    mailbox.fill("INBOX", [mail(1), mail(2)])
    page.get("/importieren")
    execute(amtspost, "DELETE FROM sessions")
    page.last = pick(page, [2], aktenzeichen="2026/3")
    page.submit("/anmelden", benutzer=CLERK, kennwort=PAGE_PASSWORD)
    assert page.last.path.startswith("/importieren") and "wieder angemeldet" in page.last.text
    assert 'value="2" checked' in page.last.html and 'value="2026/3"' in page.last.html


def seconds(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def look_bare(connection: imaplib.IMAP4, first: int) -> None:
    """What the server itself takes to show fifty mails of INBOX."""
    connection.status("INBOX", "(MESSAGES UNSEEN)")
    connection.select("INBOX", readonly=True)
    fetched = connection.fetch(f"{first}:{first + 49}", "(UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])")[1]
    assert len([part for part in fetched if isinstance(part, tuple)]) == 50
    connection.unselect()


def test_forty_thousand_mails_stay_quick(page, mailbox):
    mailbox.fill("INBOX", [mail(number) for number in range(1, 40_001)])
    page.get("/importieren")  # the server's own index is made now
    mailbox.fill("Klein", [mail(number) for number in range(1, 61)])
    connection = mailbox.connect()
    small, bare, times = [], [], []
    for number in (1, 2, 400, 800):
        small.append(seconds(lambda: page.get("/importieren?ordner=Klein")))
        bare.append(seconds(lambda: look_bare(connection, 40_001 - 50 * number)))
        times.append(seconds(lambda: page.get(f"/importieren?seite={number}")))
        shown = page.last
        assert len(subjects(shown.html)) == 50
    assert "39.951 bis 40.000 von 40.000" in shown.text or "39951 bis 40000 von 40000" in shown.text
    connection.logout()
    # However busy the machine is: a small folder's page and what the server takes, with as much again to spare.
    assert median(times) < 2 * (median(bare) + median(small)), (times, bare, small)

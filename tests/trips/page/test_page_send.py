"""E-Mail senden on the page, without a browser: drafts, files, answering, sending through a real Postfix."""

import email.policy
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from urllib.parse import quote, urlencode

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
    for table in ("draft_files", "drafts"):
        execute(office.amtspost, f"DELETE FROM {table}")
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
        assert "Bescheid – Straße €.pdf" in page.text and "1,3 MB von" in page.text, page.text
        answer = clerk.submit(f"/senden/{number}", tun="senden", follow=False)
        assert answer.status == 303 and re.fullmatch(r"/postausgang/\d+", answer.location), answer.text
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


def test_sent_once_however_often_it_is_asked_for(office, clerk, server):
    number = draft_of(write(clerk, an="a@example.org", betreff="Einmal"))
    form = clerk.last
    answers = []
    for _ in range(2):
        clerk.last = form
        answers.append(clerk.submit(f"/senden/{number}", tun="senden", text_="Anders als vorher", follow=False))
    assert answers[0].status == 303 and "postausgang" in answers[0].location
    assert answers[1].location == answers[0].location
    wait_for_mail(server)
    # The same of a page whose draft was not kept before.
    page = clerk.get(NEW)
    locations = []
    for _ in range(2):
        clerk.last = page
        locations.append(clerk.submit(NEW, tun="senden", an="a@example.org", betreff="Neu", follow=False).location)
    assert locations[0] == locations[1] != answers[0].location
    wait_for_mail(server, 2)
    time.sleep(0.5)
    assert len(server.mails) == 2 and clerk.get("/senden").view.links.keys().isdisjoint({f"/senden/{number}"})


@pytest.mark.parametrize("existing", [False, True])
def test_what_was_sent_meanwhile_goes_again_only_if_wanted(office, clerk, server, existing):
    path = f"/senden/{draft_of(write(clerk, an='a@example.org'))}" if existing else NEW
    page = clerk.get(path)
    sent = clerk.submit(path, tun="senden", an="a@example.org", betreff="Neu", follow=False)
    wait_for_mail(server)
    outbox = sent.location.partition("?")[0]
    # The other window types on.
    fields = page.view.form(path).fields | {"an": "a@example.org", "betreff": "Neu", "text": "etwas anderes"}
    clerk.last = page
    told = clerk.post(f"{path}/sichern", fields)
    assert told.status == 409 and json.loads(told.body)["postausgang"] == outbox
    assert re.search(r"Dieser Entwurf wurde um \d\d:\d\d Uhr gesendet\.", json.loads(told.body)["message"])
    for deed in ("senden", "speichern", "anlagen"):
        clerk.last = page
        answer = clerk.submit(path, tun=deed, an="a@example.org", betreff="Neu", text_="etwas anderes")
        assert answer.status == 409 and "Uhr gesendet." in answer.text and outbox in answer.view.links
        assert answer.view.form(NEW).fields["text"] == "etwas anderes"
        assert [label for _, _, label in answer.view.form(NEW).buttons if label] == ["Anlagen hinzufügen", "Als eigenen Entwurf speichern", "Verwerfen"]
    assert execute(office.amtspost, "SELECT count(*) FROM drafts") == [(0,)]
    kept = clerk.submit(NEW, tun="eigener")
    assert clerk.submit(f"/senden/{draft_of(kept)}", tun="senden", follow=False).status == 303
    wait_for_mail(server, 2)
    # From the page that was open before, too.
    clerk.last = page
    kept = clerk.submit(path, tun="eigener", text_="noch etwas")
    assert kept.status == 200 and shown(kept, draft_of(kept))["text"] == "noch etwas"
    time.sleep(0.5)
    assert len(server.mails) == 2


def test_two_clicks_at_once_are_one_mail(office, clerk, server):
    for _ in range(6):
        count = len(server.mails)
        page = clerk.get(NEW)
        fields = {name: value for name, value in page.view.form(NEW).fields.items()} | {"an": "a@example.org", "tun": "senden"}
        clicks = [lambda: clerk.request("POST", NEW, urlencode(fields)).location] * 4
        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(lambda click: click(), clicks))) == 1
        wait_for_mail(server, count + 1)
    time.sleep(0.5)
    assert len(server.mails) == 6


def test_killed_behind_the_queueing_it_is_one_mail(office, clerk, server):
    """As if the daemon had been killed before the draft was taken away."""
    number = draft_of(write(clerk, an="a@example.org", betreff="Einmal"))
    page = clerk.get(f"/senden/{number}")
    columns = ("id, user_id, draft_key, sender, recipients, copies, hidden_copies, subject, content, case_number, reply_to,"
               " revision, files, changed_at")
    row, = execute(office.amtspost, f"SELECT {columns} FROM drafts WHERE id = ?", number)
    first = clerk.submit(f"/senden/{number}", tun="senden", follow=False)
    execute(office.amtspost, "DELETE FROM drafts_sent")
    execute(office.amtspost, f"INSERT INTO drafts ({columns}) VALUES ({', '.join('?' * len(row))})", *row)
    clerk.last = page
    again = clerk.submit(f"/senden/{number}", tun="senden", follow=False)
    assert again.location == first.location and clerk.get(f"/senden/{number}").status == 404
    wait_for_mail(server)
    time.sleep(0.5)
    assert len(server.mails) == 1


def test_no_program_takes_a_drafts_key(office, clerk, server):
    number = draft_of(write(clerk, an="a@example.org", betreff="Der Entwurf"))
    key = office.amtspost.json("apikey", "add", "Programm", "--user", CLERK_A)["key"]
    programs = []
    for name in (f"draft-{number}-1-0", f"draft:{number}-1-0"):
        answer = office.person().request("POST", "/api/v1/send", json.dumps({"to": ["b@example.org"], "text": "Programm"}),
                                         Authorization=f"Bearer {key}", Content_Type="application/json", Idempotency_Key=name)
        programs.append(json.loads(answer.body)["id"])
    clerk.get(f"/senden/{number}")
    answer = clerk.submit(f"/senden/{number}", tun="senden", follow=False)
    assert answer.status == 303 and answer.location not in [f"/postausgang/{one}?hinweis=eingereiht" for one in programs]
    wait_for_mail(server, 3)
    assert ["a@example.org"] in [mail.recipients for mail in server.mails]


# ---- drafts ----


def test_a_draft_is_kept_listed_and_discarded(office, clerk):
    answer = write(clerk, an="a@example.org; b@example.org", blindkopie="c@example.org", betreff="Entwurf <b>1</b>", text_="Text\n mit\n\nZeilen")
    number = draft_of(answer)
    assert "Der Entwurf ist gespeichert." in answer.text
    fields = shown(answer, number)
    assert fields["an"] == "a@example.org; b@example.org" and fields["text"] == "Text\n mit\n\nZeilen"
    assert '<details class="fold" open>' in answer.html
    page = clerk.get("/senden")
    assert page.view.links[f"/senden/{number}"] == "Entwurf <b>1</b>" and "bleibt bis" in page.text
    for name in (CLERK_B, ADMIN):
        other = office.person(name, add=False)
        assert "Entwurf" not in other.get("/senden").html.split("<main")[1].split("<b>")[0] or "Es gibt keine" in other.last.text
        assert other.get(f"/senden/{number}").status == 404
        other.get(NEW)
        assert other.submit(NEW, tun="speichern", betreff="eigener").status == 200
        assert other.post(f"/senden/{number}/verwerfen", {}).status == 200
    assert clerk.get(f"/senden/{number}").status == 200
    # By its own page and from the list: it is asked before.
    asked = clerk.submit(f"/senden/{number}", tun="verwerfen", text_="noch mehr")
    assert "Diesen Entwurf verwerfen?" in asked.text and shown(asked, number)["text"] == "noch mehr"
    assert [label for _, _, label in asked.view.form(f"/senden/{number}").buttons if "verwerfen" in label.lower()] == ["Endgültig verwerfen"]
    clerk.get("/senden")
    asked = clerk.submit(f"/senden/{number}/verwerfen")
    assert "Diesen Entwurf verwerfen?" in asked.text and clerk.get(f"/senden/{number}").status == 200
    assert "verworfen" in clerk.submit(f"/senden/{number}", tun="endgueltig").text
    assert clerk.get(f"/senden/{number}").status == 404
    # Of one without anything nothing is asked.
    number = draft_of(write(clerk))
    assert "ist verworfen" in clerk.submit(f"/senden/{number}", tun="verwerfen").text


def test_two_windows(office, clerk):
    number = draft_of(write(clerk, an="a@example.org", text_="eins"))
    path = f"/senden/{number}"
    old = clerk.get(path)
    clerk.submit(path, tun="speichern", text_="aus dem einen Fenster")
    clerk.last = old
    answer = clerk.submit(path, tun="senden", text_="aus dem <anderen>")
    assert answer.status == 409 and "in einem anderen Fenster geändert" in answer.text
    assert shown(answer, number)["text"] == "aus dem <anderen>" and "aus dem einen Fenster" in answer.text
    assert "Senden" not in [label for _, _, label in answer.view.form(path).buttons]
    kept = clerk.submit(path, tun="eigener")
    other = draft_of(kept)
    assert other != number and shown(kept, other)["text"] == "aus dem <anderen>"
    assert shown(clerk.get(path), number)["text"] == "aus dem einen Fenster"
    # Or the other one is replaced, knowingly.
    clerk.last = answer
    assert shown(clerk.submit(path, tun="speichern"), number)["text"] == "aus dem <anderen>"


def test_of_a_draft_that_went_nothing_is_lost(office, clerk):
    number = draft_of(write(clerk, betreff="weg"))
    page = clerk.get(f"/senden/{number}")
    clerk.submit(f"/senden/{number}", tun="endgueltig")
    clerk.last = page
    answer = clerk.submit(f"/senden/{number}", tun="speichern", text_="getippt")
    assert draft_of(answer) != number and shown(answer, draft_of(answer))["text"] == "getippt"


@pytest.mark.parametrize("existing", [False, True])
def test_a_lost_session_loses_nothing(office, clerk, existing):
    path = f"/senden/{draft_of(write(clerk, betreff='vorher'))}" if existing else NEW
    person = office.person(CLERK_A, add=False)
    person.get(path)
    person.cookies[COOKIE] = "A" * 43
    answer = person.submit(path, tun="senden", an="a@example.org", betreff="Getippt", text_="Lang\nund <b>breit</b>")
    assert answer.status == 403 and answer.view.form("/anmelden").fields["benutzer"] == CLERK_A
    assert "wird als Entwurf gespeichert" in answer.text and "Gespeichert wurde nichts" not in answer.text
    form = answer
    # Nobody else gets it.
    answer = person.submit("/anmelden", benutzer=CLERK_B, kennwort="Geheim-7Qx fuer die Seite")
    assert "Getippt" not in answer.html and execute(office.amtspost, "SELECT count(*) FROM drafts WHERE subject = 'Getippt'") == [(0,)]
    person.cookies.clear()
    person.last = form
    answer = person.submit("/anmelden", benutzer=CLERK_A, kennwort="Geheim-7Qx fuer die Seite")
    assert "als Entwurf gespeichert" in answer.text
    number = draft_of(answer)
    assert (f"/senden/{number}" == path) == existing
    fields = shown(answer, number)
    assert fields["text"] == "Lang\nund <b>breit</b>" and fields["an"] == "a@example.org" and fields["betreff"] == "Getippt"


def test_a_form_of_another_session_is_shown_but_not_kept(office, clerk):
    number = draft_of(write(clerk, betreff="vorher"))
    page = clerk.get(f"/senden/{number}")
    token = clerk.csrf()
    clerk.submit("/abmelden")
    clerk.sign_in(CLERK_A)
    clerk.last = page
    answer = clerk.submit(f"/senden/{number}", tun="speichern", betreff="nachher")
    assert answer.status == 409 and shown(answer, number)["betreff"] == "nachher" and shown(answer, number)["csrf"] != token
    assert execute(office.amtspost, "SELECT subject FROM drafts WHERE id = ?", number) == [("vorher",)]
    assert shown(clerk.submit(f"/senden/{number}", tun="speichern"), number)["betreff"] == "nachher"


def test_limits_of_drafts(office, clerk):
    write(clerk, betreff="erster")
    user, = execute(office.amtspost, "SELECT user_id FROM drafts LIMIT 1")[0]
    for number in range(99):
        execute(office.amtspost, "INSERT INTO drafts (user_id, recipients, copies, hidden_copies, subject, content, case_number,"
                " reply_to, changed_at) VALUES (?, '', '', '', ?, '', '', 0, 1900000000)", user, str(number))
    answer = write(clerk, text_="nicht verloren")
    assert answer.status == 413 and "schon 100 Entwürfe" in answer.text and answer.view.form(NEW).fields["text"] == "nicht verloren"
    execute(office.amtspost, "DELETE FROM drafts")
    answer = write(clerk, text_="ä" * 70_000)
    assert answer.status == 413 and "zu lang" in answer.text and answer.view.form(NEW).fields["text"] == "ä" * 70_000
    assert "draft" not in str(execute(office.amtspost, "SELECT * FROM audit WHERE action LIKE '%draft%'"))


# ---- what is wrong is told at its field ----


@pytest.mark.parametrize(("fields", "place", "words"), [
    ({}, "an", "keinen Empfänger. Bitte geben Sie mindestens eine Adresse an (An, Kopie oder Blindkopie)."),
    ({"an": "kein-name"}, "an", "„kein-name“ ist keine E-Mail-Adresse."),
    ({"an": "a@example.org", "kopie": "a@@b"}, "kopie", "„a@@b“"),
    ({"an": "a@example.org", "blindkopie": "ä ö@b"}, "blindkopie", "„ä ö@b“"),
    ({"an": "a@example.org", "aktenzeichen": "x" * 101}, "aktenzeichen", "kein zulässiges Aktenzeichen"),
    ({"an": "a@example.org", "von": "fremd@amt.example"}, "von", "„fremd@amt.example“"),
])
def test_errors_at_their_fields(office, clerk, server, fields, place, words):
    answer = write(clerk, "senden", betreff="Behalten", text_="Auch dies", **fields)
    assert answer.status in (400, 403, 413, 422) and words in answer.view.errors[place], answer.text
    number, = execute(office.amtspost, "SELECT max(id) FROM drafts")[0]
    kept = shown(answer, number)
    assert kept["betreff"] == "Behalten" and kept["text"] == "Auch dies"
    assert all(kept[name] == value for name, value in fields.items())
    assert not server.mails


def test_who_cannot_send_can_write(office, server):
    person = office.person(ADMIN, add=False)
    page = person.get(NEW)
    assert "Senden ist noch nicht möglich" in page.text and f"/benutzer/{ADMIN}/office" in page.view.links
    answer = person.submit(NEW, tun="senden", an="a@example.org", betreff="Trotzdem")
    assert answer.status == 422 and shown(answer, execute(office.amtspost, "SELECT max(id) FROM drafts")[0][0])["betreff"] == "Trotzdem"
    add_person(office.amtspost, "o.ohne", interface="standard", account="ohne@amt.example", smtp__use_default="true", imap__use_default="true")
    assert "Anmeldung erforderlich" in office.person("o.ohne", add=False).get(NEW).text
    # Who may not enter it is told what is missing, not what the setting is called.
    add_person(office.amtspost, "s.server", interface="standard", account="server@amt.example")
    page = office.person("s.server", add=False).get(NEW)
    assert "Der Server für den Versand (SMTP) ist noch nicht eingetragen. Das macht ein Administrator." in page.text
    assert "smtp.host" not in page.text


# ---- files ----


def keep(person: Person, number: int, name: str, size: int, at: int = 0, data: bytes = b"", file: int | None = None):
    fields = {"dateiname": name, "groesse": str(size), "ab": str(at)} | ({"datei": str(file)} if file else {})
    shown_page = person.last
    answer = person.upload(f"/senden/{number}/anlage", "stueck", [(name, data)], **fields)
    person.last = shown_page
    return answer


def test_files_in_pieces(office, clerk):
    number = draft_of(write(clerk, betreff="Stücke"))
    data = bytes(range(256)) * 10_000
    first = json.loads(keep(clerk, number, "groß.bin", len(data), 0, data[:1 << 20]).body)
    assert not first["fertig"] and "groß.bin" not in clerk.get(f"/senden/{number}").text
    # A piece whose answer was lost comes again; one out of turn is refused.
    assert keep(clerk, number, "groß.bin", len(data), 0, data[:1 << 20], first["datei"]).status == 200
    wrong = keep(clerk, number, "groß.bin", len(data), 2 << 20, data[2 << 20:], first["datei"])
    assert wrong.status == 409 and "nicht vollständig" in json.loads(wrong.body)["message"]
    keep(clerk, number, "groß.bin", len(data), 1 << 20, data[1 << 20:2 << 20], first["datei"])
    last = json.loads(keep(clerk, number, "groß.bin", len(data), 2 << 20, data[2 << 20:], first["datei"]).body)
    assert last["fertig"]
    assert clerk.get(f"/senden/{number}/anlage?n={first['datei']}").body == data
    other = office.person(CLERK_B, add=False)
    other.get("/senden")
    assert other.get(f"/senden/{number}/anlage?n={first['datei']}").status == 404
    other.get(NEW)
    assert keep(other, number, "x", 3, 0, b"abc").status == 404
    assert keep(other, number, "x", len(data), 2 << 20, data[2 << 20:], first["datei"]).status == 409
    clerk.get(f"/senden/{number}")
    answer = clerk.submit(f"/senden/{number}", tun=f"entfernen-{first['datei']}", text_="bleibt")
    assert "groß.bin" not in answer.text and shown(answer, number)["text"] == "bleibt"


def test_files_with_the_form_and_the_servers_size(office, clerk, server):
    # What the server said when it was last asked.
    write(clerk, "senden", an="a@example.org")
    wait_for_mail(server)
    number = draft_of(write(clerk, betreff="Dateien"))
    page = clerk.get(f"/senden/{number}")
    assert "0 Byte von 35 MB" in page.text, page.text
    fields = {name: value for name, value in shown(page, number).items() if name not in ("csrf", "dateien")}
    answer = clerk.upload(f"/senden/{number}", "dateien", [("eins.txt", b"1"), ("viel.bin", b"x" * 28_000_000), ("leer.txt", b""), ("mehr.bin", b"x" * 28_000_000)],
                          tun="senden", **(fields | {"an": "a@example.org", "betreff": "Neu"}))
    assert answer.status == 413 and "Mit „viel.bin, mehr.bin“ wird die E-Mail zu groß" in answer.view.errors["dateien"]
    assert "Trotzdem senden" in [label for _, _, label in answer.view.form(f"/senden/{number}").buttons]
    assert shown(answer, number)["betreff"] == "Neu" and "eins.txt" in answer.text and "leer.txt" in answer.text
    assert clerk.submit(f"/senden/{number}", tun="senden", follow=False).status == 303
    mail = message_from_bytes(wait_for_mail(server, 2).content, policy=email.policy.default)
    assert [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()] == [("eins.txt", "1"), ("leer.txt", "")]


# ---- answering ----


@pytest.fixture(scope="module")
def question(office, tmp_path_factory) -> int:
    """A mail that the clerk filed."""
    mail = QUESTION.format(to="Klein <klein@amt.example>, b@example.org").encode()
    return file_mail(office, mail, "frage.1@buerger.example")


def file_mail(office, mail: bytes, message_id: str) -> int:
    person = office.person(CLERK_A, add=False)
    person.get("/archiv")
    person.upload("/archiv-ablegen", "dateien", [("frage.eml", mail)], ablage__aktenzeichen="2026/12")
    number, = execute(office.amtspost, "SELECT id FROM mails WHERE message_id = ?", message_id)[0]
    deadline = time.monotonic() + 20
    while execute(office.amtspost, "SELECT state FROM mails WHERE id = ?", number) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return number


def answer_to(person: Person, mail: int, how: str):
    person.get(f"/archiv/{mail}")
    return person.submit(f"/archiv/{mail}/antworten", wie=how)


def test_an_answer_says_what_it_answers(office, clerk, server, question):
    page = answer_to(clerk, question, "absender")
    number = draft_of(page)
    fields = shown(page, number)
    assert fields["an"] == "Erika Müßig <e.muessig@buerger.example>" and fields["kopie"] == ""
    assert fields["betreff"] == "AW: Bauantrag" and fields["aktenzeichen"] == "2026/12"
    assert re.search(r"^Am 23.11.2026, 1\d:04 Uhr schrieb Erika Müßig <e.muessig@buerger.example>:\n> Wann\?\n> Grüße\n",
                     fields["text"], re.MULTILINE)
    assert page.view.links[f"/archiv/{question}"] == "Bauantrag" and "Plan.pdf" not in page.text
    page = clerk.submit(f"/senden/{number}", tun="original", text_="Morgen.")
    assert "Plan.pdf" in page.text and shown(page, number)["text"] == "Morgen."
    page = clerk.submit(f"/senden/{number}", tun="original")
    assert page.text.count("Plan.pdf") == 2, "name and what the button removes, once"
    assert clerk.submit(f"/senden/{number}", tun="senden", follow=False).status == 303
    mail = message_from_bytes(wait_for_mail(server).content, policy=email.policy.default)
    assert mail["In-Reply-To"] == "<frage.1@buerger.example>" and mail["From"] == "klein@amt.example"
    attachment, = mail.iter_attachments()
    assert attachment.get_filename() == "Plan.pdf" and attachment.get_content().strip() == b"PDF-Inhalt"


def test_an_answer_to_all_leaves_oneself_out(clerk, question):
    page = answer_to(clerk, question, "alle")
    fields = shown(page, draft_of(page))
    assert fields["an"] == "Erika Müßig <e.muessig@buerger.example>" and fields["kopie"] == "b@example.org"


HOSTILE = (b"From: =?utf-8?q?opfer=40amt.example=2C_Herr_X?= <ab@example.org>\r\nTo: klein@amt.example\r\n"
           b"Cc: =?utf-8?q?Alice_=22?= <alice@example.org>, \"Bob\" <bob@example.org>\r\nSubject: Namen\r\n"
           b"Message-ID: <namen@example.org>\r\nReferences: <c\xe2\x80\xa8d@x.example> <ok@x.example>\r\n"
           b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
           b"--x\r\nContent-Type: text/plain\r\n\r\nText\r\n"
           b"--x\r\nContent-Type: application/x'y\r\nContent-Disposition: attachment; filename=Plan.xy\r\n\r\nPlan\r\n--x--\r\n")


def test_names_are_nobodys_address(office, clerk, server):
    mail = file_mail(office, HOSTILE, "namen@example.org")
    page = answer_to(clerk, mail, "alle")
    number = draft_of(page)
    assert shown(page, number)["an"] == '"opfer@amt.example, Herr X" <ab@example.org>'
    assert shown(page, number)["kopie"] == r'"Alice \"" <alice@example.org>, Bob <bob@example.org>'
    assert json.loads(clerk.get("/senden/adressen?prefix=opfer").body) == [shown(page, number)["an"]]
    clerk.get(f"/senden/{number}")
    assert clerk.submit(f"/senden/{number}", tun="original").status == 200
    assert clerk.submit(f"/senden/{number}", tun="senden", follow=False).status == 303, clerk.last.text
    sent = wait_for_mail(server)
    assert sent.recipients == ["ab@example.org", "alice@example.org", "bob@example.org"]
    mail = message_from_bytes(sent.content, policy=email.policy.default)
    assert mail["References"].split() == ["<ok@x.example>", "<namen@example.org>"]
    attachment, = mail.iter_attachments()
    assert attachment.get_content_type() == "application/octet-stream" and attachment.get_filename() == "Plan.xy"


def test_passing_on_takes_the_files(clerk, question):
    page = answer_to(clerk, question, "weiter")
    fields = shown(page, draft_of(page))
    assert fields["an"] == "" and fields["betreff"] == "WG: Bauantrag" and "Plan.pdf" in page.text
    assert "Von: Erika Müßig <e.muessig@buerger.example>" in fields["text"] and "Wann?" in fields["text"]
    assert fields["antwort-auf"] == "0"


def test_nobody_answers_what_they_do_not_see(office, question):
    for name in (CLERK_B, ADMIN):
        person = office.person(name, add=False)
        person.get(NEW)
        before = execute(office.amtspost, "SELECT count(*) FROM drafts")
        answer = person.post(f"/archiv/{question}/antworten", {"wie": "alle"})
        assert answer.status == 404 and "Bauantrag" not in answer.text
        assert execute(office.amtspost, "SELECT count(*) FROM drafts") == before
        assert "muessig" not in person.get("/senden/adressen?prefix=mues").html + person.get(NEW).html
        # Nor by a number that they made up.
        person.get(NEW)
        number = draft_of(person.submit(NEW, tun="speichern", antwort_auf=str(question), **{"antwort-auf": str(question)}))
        answer = person.submit(f"/senden/{number}", tun="original")
        assert answer.status == 404 and "Plan.pdf" not in answer.text


def test_addresses_of_the_archive(clerk, question):
    person = "Erika Müßig <e.muessig@buerger.example>"
    for prefix in ("e.mue", "müß", "ERIKA", "Erika Mü"):
        assert person in json.loads(clerk.get(f"/senden/adressen?prefix={quote(prefix)}").body), prefix
    for prefix in ("xyz", "ika", "buerger"):
        assert person not in json.loads(clerk.get(f"/senden/adressen?prefix={prefix}").body)
    assert "Erika Müßig &lt;e.muessig@buerger.example&gt;" in clerk.get(NEW).html


def test_what_is_answered_may_be_gone(office, clerk, server, question):
    number = draft_of(answer_to(clerk, question, "absender"))
    execute(office.amtspost, "UPDATE drafts SET reply_to = 999999 WHERE id = ?", number)
    clerk.get(f"/senden/{number}")
    assert clerk.submit(f"/senden/{number}", tun="senden", follow=False).status == 303
    mail = message_from_bytes(wait_for_mail(server).content, policy=email.policy.default)
    assert mail["In-Reply-To"] is None


# ---- what a script does ----


def test_keeping_meanwhile(office, clerk):
    page = clerk.get(NEW)
    fields = {name: value for name, value in page.view.form(NEW).fields.items() if name != "csrf"}
    kept = json.loads(clerk.post("/senden/neu/sichern", fields | {"text": "eins"}).body)
    assert re.fullmatch(r"\d\d:\d\d Uhr", kept["um"]) and kept["stand"] == 1
    clerk.last = page
    kept = json.loads(clerk.post(f"/senden/{kept['id']}/sichern", fields | {"text": "zwei", "stand": "1"}).body)
    assert kept["stand"] == 2
    clerk.last = page
    old = clerk.post(f"/senden/{kept['id']}/sichern", fields | {"text": "drei", "stand": "1"})
    assert old.status == 409 and "in einem anderen Fenster" in json.loads(old.body)["message"]
    assert execute(office.amtspost, "SELECT content FROM drafts WHERE id = ?", kept["id"]) == [("zwei",)]


def test_drafts_go_with_their_user_and_with_time(office, clerk):
    add_person(office.amtspost, "w.weg")
    person = office.person("w.weg", add=False)
    number = draft_of(write(person, betreff="bald weg"))
    keep(person, number, "x", 3, 0, b"abc")
    assert execute(office.amtspost, "SELECT count(*) FROM draft_pieces") == [(1,)]
    office.amtspost.ok("user", "remove", "w.weg")
    assert execute(office.amtspost, "SELECT count(*) FROM drafts WHERE id = ?", number) == [(0,)]
    assert execute(office.amtspost, "SELECT count(*) FROM draft_pieces") == [(0,)]


# ---- last, since its people are offered instead of those of earlier mails ----

MANY = ("From: a@example.org\r\nTo: " + ",\r\n ".join(f"t{i}@example.org" for i in range(9000)) + "\r\nCc: "
        + ",\r\n ".join(f"c{i}@example.org" for i in range(9000)) + "\r\nSubject: Viele\r\nMessage-ID: <viele@example.org>\r\n\r\nText\r\n")


def test_thousands_of_recipients_keep_nobody_waiting(office, clerk):
    mail = file_mail(office, MANY.encode(), "viele@example.org")
    clerk.get(f"/archiv/{mail}")
    started = time.monotonic()
    page = clerk.submit(f"/archiv/{mail}/antworten", wie="alle")
    # What was quadratic took minutes.
    assert time.monotonic() - started < 40 and "stehen nur die ersten" in page.text
    assert shown(page, draft_of(page))["kopie"].count("@") == 999
    page = answer_to(clerk, mail, "weiter")
    assert "nur die ersten" not in page.text and "An: t0@example.org" in shown(page, draft_of(page))["text"]

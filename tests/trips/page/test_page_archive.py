"""Archiv: who sees what, the list, the search, one mail with its content in a sandboxed frame."""

import io
import re
import zipfile
from email.message import EmailMessage

import pytest
from page import Daemon, Person
from page_office import ADMIN, CLERK_A, CLERK_B, add_person, execute
from runner import Amtspost

HOSTILE = ('<p onclick="x()">Guten <b>Tag</b></p><script>document.title="da"</script>'
           '<img src="http://127.0.0.1:9/pixel.png" alt="Pixel"><form action="/x"><input></form>'
           '<a href="javascript:x()">Falle</a><a href="https://example.org/">Weiter</a>')


def write_mail(folder, name: str, subject: str, html: str | None = None, attachment: str | None = None):
    mail = EmailMessage()
    mail["From"] = "Änne Müller <aenne@buerger.example>"
    mail["To"] = "amt@musterhausen.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{name}@buerger.example>"
    mail["Date"] = "Mon, 23 Nov 2026 15:04:00 +0100"
    mail.set_content(f"Der Text von {name}, mit Umlauten: äöü.")
    if html:
        mail.add_alternative(html, subtype="html")
    if attachment:
        mail.add_attachment(b"\x00\x01Bytes", maintype="application", subtype="pdf", filename=attachment)
    path = folder / f"{name}.eml"
    path.write_bytes(mail.as_bytes())
    return path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("archive")
    amtspost = Amtspost(folder / "data")
    add_person(amtspost, ADMIN, "--admin")
    add_person(amtspost, CLERK_A)
    add_person(amtspost, CLERK_B)
    add_person(amtspost, "a.archiv", "--archive")
    amtspost.ok("archive", "add", "--case", "2026/4711", str(write_mail(
        folder, "eins", "Einspruch gegen Bescheid", html=HOSTILE, attachment="Anlage ü.pdf")))
    amtspost.ok("archive", "add", str(write_mail(folder, "zwei", "Anhörung <b>wichtig</b>")))
    # The command line files for nobody: the first mail becomes one that this clerk has filed.
    execute(amtspost, "INSERT INTO mail_filers (mail_id, user_id, position) SELECT m.id, u.id,"
            " (m.date << 29) | m.id FROM mails m, users u WHERE m.subject LIKE 'Einspruch%' AND u.name = ?", CLERK_A)
    execute(amtspost, "INSERT INTO uploads (copy_id, imported_by, imported_at) SELECT c.id, ?, m.date FROM copies c"
            " JOIN mails m ON m.id = c.mail_id WHERE m.subject LIKE 'Einspruch%'", CLERK_A)
    with Daemon(amtspost) as daemon:
        yield daemon


@pytest.fixture
def clerk(office) -> Person:
    return office.person(CLERK_A, add=False)


@pytest.fixture
def archivist(office) -> Person:
    return office.person("a.archiv", add=False)


def ids(person: Person, path: str = "/archiv") -> list[int]:
    answer = person.get(path)
    assert answer.status == 200, answer.text
    return [int(found) for found in re.findall(r'href="/archiv/(\d+)"', answer.html)]


def test_each_sees_what_is_theirs(office, clerk, archivist):
    assert len(ids(archivist)) == 2
    [own] = ids(clerk)
    for name in (ADMIN, CLERK_B):
        other = office.person(name, add=False)
        assert ids(other) == [] and "Hier ist keine E-Mail, die Sie sehen dürfen" in other.last.text
        assert ids(other, "/archiv/suche?suche=Einspruch") == []
        for path in ("", "/ansicht", "/eml", "/anlage?n=1"):
            seen, unknown = other.get(f"/archiv/{own}{path}"), other.get(f"/archiv/999999{path}")
            assert seen.status == unknown.status and seen.status in (404, 422, 400)
            assert seen.text.replace(f"Nummer {own} ", "N") == unknown.text.replace("Nummer 999999 ", "N")
    foreign = next(number for number in ids(archivist) if number != own)
    assert clerk.get(f"/archiv/{foreign}").status == other.last.status


def test_search_and_filters(archivist):
    [one] = ids(archivist, "/archiv/suche?suche=einspruch+besch")
    assert ids(archivist, "/archiv/suche?aktenzeichen=2026/4711") == [one]
    assert ids(archivist, "/archiv/suche?anlage=true") == [one]
    assert len(ids(archivist, "/archiv/suche?suche=Umlauten&von=2026-11-23&bis=2026-11-23")) == 2
    assert ids(archivist, "/archiv/suche?von=2026-11-24") == []
    assert ids(archivist, "/archiv/suche?suche=gibtesnicht") == []
    assert "Keine E-Mail passt" in archivist.last.text
    assert "Jedes Wort muss vorkommen" in archivist.last.text
    assert "Ein Datum ist keines" in archivist.get("/archiv/suche?von=gestern").text
    assert "„Von“ liegt nach „Bis“" in archivist.get("/archiv/suche?von=2026-11-24&bis=2026-11-23").text
    assert "Jedes Wort" not in archivist.last.text
    assert ids(archivist, "/archiv/suche?aktenzeichen=%202026/47") == [one]
    assert ids(archivist, "/archiv/suche?aktenzeichen=2026/4712") == []
    assert "reicht auch der Anfang" in archivist.last.text and "Jedes Wort" not in archivist.last.text
    named = archivist.get("/archiv/suche?suche=2026/4711%20")
    assert named.view.links["/archiv/suche?aktenzeichen=2026%2F4711"] == "E-Mails mit dem Aktenzeichen 2026/4711"
    assert "Meinen Sie" not in archivist.get("/archiv/suche?suche=2026/47").text
    archivist.get("/archiv")
    assert "<b>wichtig" not in archivist.last.html and "Anhörung <b>wichtig</b>" in archivist.last.text


def test_a_mail_and_its_frame(clerk):
    [number] = ids(clerk)
    page = clerk.get(f"/archiv/{number}")
    assert "Änne Müller <aenne@buerger.example>" in page.text and "2026/4711" in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.html and "allow-scripts" not in page.html
    frame = clerk.get(f"/archiv/{number}/ansicht")
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups") and "default-src 'none'" in policy and "script" not in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN" and frame.headers["X-Content-Type-Options"] == "nosniff"
    assert "<b>Tag</b>" in frame.html and "Externe Inhalte blockiert (1)" in frame.html
    for bad in ("<script", "onclick", "127.0.0.1:9", "<form", "javascript:"):
        assert bad not in frame.html
    assert 'href="https://example.org/"' in frame.html


def test_downloads(clerk, office):
    [number] = ids(clerk)
    raw = clerk.get(f"/archiv/{number}/eml")
    assert raw.headers["Content-Disposition"] == \
        f"attachment; filename=\"{number}.eml\"; filename*=UTF-8''{number}.eml"
    exported = office.amtspost.folder / "export"
    exported.mkdir()
    office.amtspost.ok("archive", "export", str(number), "--output", str(exported))
    assert raw.body == (exported / f"{number}.eml").read_bytes()
    attachment = clerk.get(f"/archiv/{number}/anlage?n=1")
    assert attachment.body == b"\x00\x01Bytes" and attachment.headers["Content-Type"] == "application/octet-stream"
    assert attachment.headers["Content-Disposition"] == \
        "attachment; filename=\"Anlage _.pdf\"; filename*=UTF-8''Anlage%20%C3%BC.pdf"
    assert clerk.get(f"/archiv/{number}/anlage?n=2").status >= 400


def test_case_and_deletion(archivist, office):
    number = next(number for number in ids(archivist) if "wichtig" in archivist.get(f"/archiv/{number}").text)
    archivist.submit(f"/archiv/{number}/aktenzeichen", aktenzeichen="2026/0815")
    assert "Das Aktenzeichen ist gespeichert." in archivist.last.text and "2026/0815" in archivist.last.text
    # Somebody else was faster: what they gave is shown, and the second press saves.
    archivist.get(f"/archiv/{number}")
    office.amtspost.ok("archive", "assign", str(number), "--case", " 2026/anders ")
    asked = archivist.submit(f"/archiv/{number}/aktenzeichen", aktenzeichen="2026/0815 b")
    assert asked.status == 422 and "inzwischen geändert, es lautet jetzt: 2026/anders" in asked.text
    assert office.amtspost.json("archive", "show", str(number))["case"] == "2026/anders"
    again = archivist.submit(f"/archiv/{number}/aktenzeichen")
    assert again.status == 200 and office.amtspost.json("archive", "show", str(number))["case"] == "2026/0815 b"
    wrong = archivist.submit(f"/archiv/{number}/aktenzeichen", aktenzeichen="x" * 101)
    assert wrong.status == 400 and "kein zulässiges Aktenzeichen" in wrong.view.errors["aktenzeichen"]
    assert wrong.view.form(f"/archiv/{number}/aktenzeichen").fields["aktenzeichen"] == "x" * 101
    for reason in ("", "  ", "x" * 501):
        wrong = archivist.submit(f"/archiv/{number}/loeschen", grund=reason)
        assert wrong.status == 400 and "fehlt der Grund" in wrong.view.errors["grund"]
        assert wrong.view.form(f"/archiv/{number}/loeschen").fields["grund"] == reason
        assert '<details class="fold" open>' in wrong.html
    assert "Der Grund steht im Protokoll" in archivist.submit(f"/archiv/{number}/loeschen", grund="doppelt").text
    assert number not in ids(archivist)
    assert "doppelt" in office.amtspost.ok("audit").stdout


# ---- the list ----


def test_chips_take_filters_away(archivist):
    page = archivist.get("/archiv/suche?suche=Der+Text&aktenzeichen=2026/4711&von=2026-11-23&bis=2026-11-23&anlage=true")
    [one] = ids(archivist, page.path)
    chips = {label: path for path, label in page.view.links.items() if label.startswith("Filter entfernen")}
    assert list(chips) == ["Filter entfernen: " + chip + " ×" for chip in (
        "Suche: Der Text", "Aktenzeichen: 2026/4711", "Von: 23.11.2026", "Bis: 23.11.2026", "nur mit Anlage")]
    assert chips["Filter entfernen: Aktenzeichen: 2026/4711 ×"] == \
        "/archiv/suche?suche=Der%20Text&von=2026-11-23&bis=2026-11-23&anlage=true"
    for path in chips.values():
        assert one in ids(archivist, path)
    assert "Alle Filter entfernen" in page.text and "chips" not in archivist.get("/archiv").html
    assert "Postfach: <x@y>" in archivist.get("/archiv/suche?postfach=%3Cx@y%3E").text


def test_pages_lead_both_ways(archivist, office, tmp_path):
    for number in range(55):
        write_mail(tmp_path, f"seite{number}", f"Seitenweise {number:02}")
    office.amtspost.ok("archive", "add", *map(str, sorted(tmp_path.iterdir())))
    first = archivist.get("/archiv/suche?suche=Seitenweise")
    assert "Neueste" not in first.text and len(ids(archivist, first.path)) == 50
    older = next(path for path, label in first.view.links.items() if label == "Ältere")
    second = archivist.get(older)
    assert len(ids(archivist, older)) == 5 and "Ältere" not in second.view.links.values()
    newest = next(path for path, label in second.view.links.items() if label == "Neueste")
    assert newest == "/archiv/suche?suche=Seitenweise"
    ticked = archivist.get(next(path for path, label in second.view.links.items() if label.startswith("Alle auf dieser")))
    assert ticked.html.count(" checked>") == 5 and second.html.count(" checked>") == 0


def test_several_as_zip(archivist, office):
    chosen = ids(archivist)[:3]
    answer = archivist.post("/archiv-auswahl", {"id": [*map(str, chosen), str(chosen[0])], "tun": "zip"})
    assert answer.headers["Content-Type"] == "application/zip" and answer.status == 200
    assert re.fullmatch(r'attachment; filename="Archiv-\d{4}-\d\d-\d\d\.zip"; .*', answer.headers["Content-Disposition"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert packed.testzip() is None and sorted(packed.namelist()) == sorted(f"{one}.eml" for one in chosen)
        for one in chosen:
            assert packed.read(f"{one}.eml") == archivist.request("GET", f"/archiv/{one}/eml").body


def test_nothing_ticked(archivist):
    archivist.get("/archiv/suche?suche=Seitenweise")
    for deed in ("zip", "zuweisen"):
        page = archivist.submit("/archiv-auswahl", tun=deed)
        assert page.status == 400 and "Es ist keine E-Mail ausgewählt." in page.text
        assert "Suche: Seitenweise" in page.text and "/archiv-auswahl" in [form.action for form in page.view.forms]
    page = archivist.post("/archiv-auswahl", {"tun": "zip", "id": "999999"})
    assert page.status == 404 and "Nummer 999999" in page.text
    unknown = archivist.get("/archiv/999999")
    assert "Vielleicht ist sie inzwischen gelöscht." in unknown.text and "amtspost archive" not in unknown.text
    assert unknown.view.links["/archiv"] and "Zum Archiv" in unknown.text
    archivist.get("/archiv/suche?suche=Seitenweise")
    assert "das Aktenzeichen bekommen sollen" in archivist.submit("/archiv-auswahl", tun="zuweisen").text
    [first, *_] = ids(archivist)
    empty = archivist.post("/archiv-auswahl", {"tun": "zuweisen", "id": str(first), "neues-aktenzeichen": " "})
    assert empty.status == 400 and "Bitte geben Sie ein Aktenzeichen ein." in empty.view.errors["neues-aktenzeichen"]
    assert archivist.post("/archiv-auswahl", {"tun": "zip", "id": "../x"}).status == 404


def test_a_case_for_several(archivist, office):
    archivist.get("/archiv/suche?suche=Seitenweise")
    one, other = ids(archivist, archivist.last.path)[:2]
    form = archivist.last.view.form("/archiv-auswahl").fields
    wrong = archivist.post("/archiv-auswahl", form | {
        "id": [str(one), str(other)], "tun": "zuweisen", "neues-aktenzeichen": "x" * 101})
    assert wrong.status == 400 and "kein zulässiges Aktenzeichen" in wrong.view.errors["neues-aktenzeichen"]
    assert wrong.html.count(" checked>") == 2 and "Suche: Seitenweise" in wrong.text
    done = archivist.post("/archiv-auswahl", form | {
        "id": [str(one), str(other)], "tun": "zuweisen", "neues-aktenzeichen": "2026/55 & mehr"})
    assert "den ausgewählten E-Mails zugewiesen" in done.text and "Suche: Seitenweise" in done.text
    assert ids(archivist, "/archiv/suche?aktenzeichen=2026/55+%26+mehr") == sorted([one, other], reverse=True)
    assert '<option value="2026/55 &amp; mehr">' in archivist.get("/archiv/suche").html
    # One that is not there: none gets it.
    archivist.post("/archiv-auswahl", form | {"id": [str(one), "999999"], "tun": "zuweisen", "neues-aktenzeichen": "halb"})
    assert archivist.last.status == 404 and ids(archivist, "/archiv/suche?aktenzeichen=halb") == []


# ---- one mail ----


def test_as_text_and_header(clerk):
    [number] = ids(clerk)
    page = clerk.get(f"/archiv/{number}")
    assert f'src="/archiv/{number}/ansicht"' in page.html and page.view.links[f"/archiv/{number}?ansicht=text"]
    page = clerk.get(f"/archiv/{number}?ansicht=text")
    assert f'src="/archiv/{number}/ansicht?als=text"' in page.html
    frame = clerk.get(f"/archiv/{number}/ansicht?als=text")
    assert "<b>Tag</b>" not in frame.html and "mit Umlauten: äöü" in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox ")
    header = clerk.get(f"/archiv/{number}/kopfzeilen")
    assert "Message-ID: <eins@buerger.example>" in header.text and "Externe Inhalte blockiert" not in header.text


def test_every_copy(archivist, office, tmp_path):
    first = write_mail(tmp_path, "kopie", "Zweimal angekommen")
    other = tmp_path / "weitere.eml"
    other.write_bytes(b"Received: from a by b; Mon, 23 Nov 2026 15:04:00 +0100\n" + first.read_bytes())
    office.amtspost.ok("archive", "add", str(first), str(other))
    [number] = ids(archivist, "/archiv/suche?suche=zweimal")
    page = archivist.get(f"/archiv/{number}")
    assert "Kopie 2 (.eml)" in page.text and "Diese E-Mail kam mehrmals an" in page.text
    bodies = {"": first, "?kopie=1": first, "?kopie=2": other}
    for query, path in bodies.items():
        assert archivist.get(f"/archiv/{number}/eml{query}").body == path.read_bytes()
    assert f"{number}-2.eml" in archivist.last.headers["Content-Disposition"]
    for query in ("?kopie=3", "?kopie=0", "?kopie=x"):
        assert archivist.get(f"/archiv/{number}/eml{query}").status == 404
    archivist.get("/archiv")
    packed = archivist.post("/archiv-auswahl", {"id": str(number), "tun": "zip"})
    with zipfile.ZipFile(io.BytesIO(packed.body)) as files:
        assert {name: files.read(name) for name in files.namelist()} == {
            f"{number}.eml": first.read_bytes(), f"{number}-2.eml": other.read_bytes()}


NAMES = {  # as the sender says it -> the ASCII name, the whole one
    'a"b;c.txt': ("a_b_c.txt", "a_b%3Bc.txt"),
    "../../etc/passwd": ("passwd", "passwd"),
    "rechnung\u202efdp.exe": ("rechnungfdp.exe", "rechnungfdp.exe"),
    "zeile\u2028ende.txt": ("zeile ende.txt", "zeile%20ende.txt"),
    "日本.pdf": ("__.pdf", "%E6%97%A5%E6%9C%AC.pdf"),
    "100%.txt": ("100_.txt", "100%25.txt"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_attachments(archivist, office, tmp_path, name):
    ascii_name, whole = NAMES[name]
    mail = write_mail(tmp_path, "name", f"Name {ascii_name}", attachment=name)
    number = office.amtspost.json("archive", "add", str(mail))[0]["id"]
    answer = archivist.get(f"/archiv/{number}/anlage?n=1")
    told = answer.headers.get_all("Content-Disposition")
    assert told == [f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{whole}"]
    assert answer.body == b"\x00\x01Bytes" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "\u202e" not in archivist.get(f"/archiv/{number}").html

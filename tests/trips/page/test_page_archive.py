"""Archiv: who sees what, the list, the search, one mail with its content in a sandboxed frame."""

import re
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
        assert ids(other) == [] and "Noch keine E-Mail im Archiv" in other.last.text
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
    assert "Ein Datum ist keines" in archivist.get("/archiv/suche?von=gestern").text
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
    assert raw.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{number}.eml"
    exported = office.amtspost.folder / "export"
    exported.mkdir()
    office.amtspost.ok("archive", "export", str(number), "--output", str(exported))
    assert raw.body == (exported / f"{number}.eml").read_bytes()
    attachment = clerk.get(f"/archiv/{number}/anlage?n=1")
    assert attachment.body == b"\x00\x01Bytes" and attachment.headers["Content-Type"] == "application/octet-stream"
    assert attachment.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Anlage%20%C3%BC.pdf"
    assert clerk.get(f"/archiv/{number}/anlage?n=2").status >= 400


def test_case_and_deletion(archivist, office):
    number = next(number for number in ids(archivist) if "wichtig" in archivist.get(f"/archiv/{number}").text)
    archivist.submit(f"/archiv/{number}/aktenzeichen", aktenzeichen="2026/0815")
    assert "Das Aktenzeichen ist gespeichert." in archivist.last.text and "2026/0815" in archivist.last.text
    assert archivist.submit(f"/archiv/{number}/loeschen", grund="").status >= 400
    archivist.get(f"/archiv/{number}")
    assert "Der Grund steht im Protokoll" in archivist.submit(f"/archiv/{number}/loeschen", grund="doppelt").text
    assert number not in ids(archivist)
    assert "doppelt" in office.amtspost.ok("audit").stdout

"""E-Mails as files through the page: filed all or none, seen by who filed them."""

import re

import pytest
from page import Daemon, Person
from page_office import ADMIN, CLERK_A, CLERK_B, add_person, execute
from runner import Amtspost

pytestmark = pytest.mark.sanitized_only

FORM = "/archiv-ablegen"


def mail(name: str, subject: str, trace: str = "") -> tuple[str, bytes]:
    return f"{name}.eml", (f"{trace}From: a@b.example\r\nTo: c@d.example\r\nSubject: {subject}\r\n"
                           f"Message-ID: <{name}@b.example>\r\nDate: Mon, 23 Nov 2026 15:04:00 +0100\r\n\r\n"
                           f"Text von {name}\r\n\xff\r\n").encode("latin-1")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory):
    amtspost = Amtspost(tmp_path_factory.mktemp("upload") / "data")
    add_person(amtspost, ADMIN, "--admin")
    for name in (CLERK_A, CLERK_B):
        add_person(amtspost, name)
    with Daemon(amtspost) as daemon:
        yield daemon


@pytest.fixture
def clerk(office) -> Person:
    person = office.person(CLERK_A, add=False)
    person.get("/archiv")
    return person


def ids(person: Person) -> list[int]:
    return [int(found) for found in re.findall(r'<a class="kern-link" href="/archiv/(\d+)"', person.get("/archiv").html)]


def count(office) -> int:
    return execute(office.amtspost, "SELECT count(*) FROM copies")[0][0]


def test_several_at_once(office, clerk):
    files = [mail("eins", "Erste Datei"), mail("zwei", "Zweite <i>Datei</i>")]
    page = clerk.upload(FORM, "dateien", files, ablage__aktenzeichen="2026/1")
    assert page.status == 200 and "2 E-Mails sind neu abgelegt." in page.text and "schon im Archiv" not in page.text
    assert page.view.links["/archiv/1"] == "Erste Datei" and "<i>Datei" not in page.html
    assert sorted(ids(clerk)) == [1, 2]
    for number, (_, data) in enumerate(files, 1):
        assert clerk.get(f"/archiv/{number}/eml").body == data
        assert "als Datei abgelegt" in clerk.get(f"/archiv/{number}").text and "2026/1" in clerk.last.text
    # Who filed them sees them, nobody else.
    for name in (CLERK_B, ADMIN):
        other = office.person(name, add=False)
        assert ids(other) == [] and "neu abgelegt" not in other.get("/archiv?abgelegt=1").text
        assert "2026/1" not in other.last.html


def test_what_is_on_file_and_its_case(office, clerk):
    before = count(office)
    page = clerk.upload(FORM, "dateien", [mail("eins", "Erste Datei"), mail("drei", "Dritte")], ablage__aktenzeichen="2026/2")
    assert "1 E-Mail ist neu abgelegt. 1 war schon im Archiv." in page.text and count(office) == before + 1
    assert "Ein Aktenzeichen blieb, wie es war" in page.text and page.view.links["/archiv/1"] in ("Erste Datei", "E-Mail 1: 2026/1")
    assert "E-Mail 1: 2026/1" in page.text
    page = clerk.upload(FORM, "dateien", [mail("drei", "Dritte")])
    assert "1 war schon im Archiv." in page.text and "neu abgelegt" not in page.text


@pytest.mark.parametrize(("name", "data", "reason"), [
    ("leer.eml", b"", "Die Datei „leer.eml“ ist leer."),
    ("Antrag.MSG", b"irgendetwas", "„Antrag.MSG“ ist eine Nachricht im Format von Outlook (.msg). Bitte speichern"),
    ("ohne", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "„ohne“ ist eine Nachricht im Format von Outlook (.msg)."),
])
def test_one_reason_each(office, clerk, name, data, reason):
    page = clerk.upload(FORM, "dateien", [(name, data)])
    assert page.status == 400 and reason in page.view.errors["dateien"]
    assert "leer oder" not in page.text


def test_an_old_address_shows_no_other_upload(office, clerk):
    page = clerk.upload(FORM, "dateien", [mail("eins", "Erste Datei")])
    assert "schon im Archiv" in page.text and "abgelegt" not in clerk.get("/archiv?abgelegt=1").text.split("E-Mails als Datei")[0]


@pytest.mark.parametrize("data", [b"Guten Tag,\r\nkein Kopf\r\n", b"\0\1\2", b"PK\x03\x04" + b"x" * 100])
def test_all_or_none(office, clerk, data):
    before = count(office)
    page = clerk.upload(FORM, "dateien", [mail("neu", "Neu"), ("Plan <b>.docx", data)], ablage__aktenzeichen="2026/3")
    assert page.status == 400 and "„Plan <b>.docx“ ist keine E-Mail-Datei" in page.text
    assert "Plan <b>.docx" in page.view.errors["dateien"] and "Plan <b>" not in page.html
    assert page.view.form(FORM).fields["ablage-aktenzeichen"] == "2026/3"
    assert '<details class="fold" id="ablegen" open>' in page.html
    assert count(office) == before


def test_wrong_requests(office, clerk):
    before = count(office)
    assert "Es ist keine Datei dabei." in clerk.upload(FORM, "dateien", [("", b"")]).view.errors["dateien"]
    clerk.get("/archiv")
    assert "Es ist keine Datei dabei." in clerk.upload(FORM, "andere", [mail("neu", "Neu")]).text
    clerk.get("/archiv")
    wrong = clerk.upload(FORM, "dateien", [mail("neu", "Neu")], ablage__aktenzeichen="x" * 101)
    assert wrong.status == 400 and "kein zulässiges" in wrong.view.errors["ablage-aktenzeichen"]
    assert "neues-aktenzeichen" not in wrong.view.errors
    many = clerk.upload(FORM, "dateien", [mail(f"v{number}", "Viele") for number in range(201)])
    assert many.status == 413 and "Höchstens 200 Dateien mit zusammen 50 MB" in many.text
    assert clerk.request("POST", FORM, "csrf=falsch").status == 403
    assert count(office) == before


def test_too_large(office, clerk):
    before = count(office)
    name, data = mail("gross", "Groß")
    large = clerk.upload(FORM, "dateien", [(name, data + b"x" * 50_000_000)])
    assert large.status == 413 and "Höchstens 200 Dateien mit zusammen 50 MB" in large.text
    clerk.get("/archiv")
    # Far too large is refused by its header: before it is read, without a page.
    answer = clerk.request("POST", FORM, "", Content_Length="60000000", Content_Type="multipart/form-data; boundary=x")
    assert answer.status == 413 and "verteilen Sie die Dateien auf mehrere Male" in answer.body.decode()
    assert count(office) == before


def test_a_deleted_mail_comes_back_by_hand(office, clerk):
    clerk.upload(FORM, "dateien", [mail("zurueck", "Kommt zurück")])
    number = max(ids(clerk))
    clerk.get(f"/archiv/{number}")
    clerk.submit(f"/archiv/{number}/loeschen", grund="versehentlich")
    assert number not in ids(clerk)
    clerk.get("/archiv")
    assert "1 E-Mail ist neu abgelegt." in clerk.upload(FORM, "dateien", [mail("zurueck", "Kommt zurück")]).text
    assert len(set(ids(clerk))) == len(ids(clerk))


def test_locked_users_file_nothing(office, clerk):
    before = count(office)
    add_person(office.amtspost, "g.gesperrt")
    person = office.person("g.gesperrt", add=False)
    person.get("/archiv")
    office.amtspost.ok("user", "lock", "g.gesperrt")
    answer = person.upload(FORM, "dateien", [mail("gesperrt", "Gesperrt")], follow=False)
    assert answer.status == 303 and answer.location.startswith("/anmelden") or answer.status == 403
    assert count(office) == before

"""The archive's pages in a real browser: at every width, in light, dark and forced colours; boxes, completion and
files dropped onto the list."""

import pytest
from page import Daemon
from page_office import add_person
from runner import Amtspost
from test_page_archive import HOSTILE, write_mail
from test_page_browser import check, play, stop

pytestmark = pytest.mark.release_only
WHO = "a.archiv"
SUBJECTS = ("Einspruch gegen den Bescheid vom 3. November 2026 über die Festsetzung der Abwassergebühren", "Bauantrag",
            "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsänderungsentwurfsanlage", "")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("browser")
    amtspost = Amtspost(folder / "data")
    add_person(amtspost, WHO, "--archive")
    mails = [write_mail(folder, f"m{number:02}", SUBJECTS[number % 4], html=HOSTILE if number % 4 == 0 else None,
                        attachment="Ein sehr langer Name ohne Ende " * 4 + ".pdf" if number % 4 == 0 else None)
             for number in range(55)]
    twice = folder / "zweimal.eml"
    twice.write_bytes(b"Received: by x; Mon, 23 Nov 2026 15:04:00 +0100\n" + mails[0].read_bytes())
    amtspost.ok("archive", "add", "--case", "2026/4711", *map(str, mails[:20]))
    amtspost.ok("archive", "add", *map(str, [*mails[20:], twice]))
    with Daemon(amtspost) as daemon:
        yield daemon


def test_the_pages(office):
    check(play("walk.mjs", office, WHO, stops=[
        stop("archiv", "/archiv"),
        stop("archiv-aelter", "/archiv", ("send", "nav.pages a")),
        stop("archiv-gefiltert", "/archiv/suche?suche=Einspruch&aktenzeichen=2026/4711&von=2026-11-01&bis=2026-11-30&anlage=true"
                                 "&postfach=ein-sehr-langes-postfach-ohne-trennstelle@musterhausen.example"),
        stop("archiv-falsches-datum", "/archiv/suche?von=gestern"),
        stop("archiv-nichts", "/archiv", ("send", "button[value=zip]")),
        stop("archiv-mail", "/archiv/1"),
        stop("archiv-mail-text", "/archiv/1?ansicht=text"),
        stop("archiv-kopfzeilen", "/archiv/1/kopfzeilen"),
        stop("archiv-falsches-aktenzeichen", "/archiv/1", ("fill", "#aktenzeichen", "2026\u0001"),
             ("send", "form[action$='/aktenzeichen'] button")),
        stop("archiv-kein-grund", "/archiv/2", ("open", "details.fold"), ("fill", "#grund", " "),
             ("send", "form[action$='/loeschen'] button")),
        stop("archiv-keine-mail", "/archiv", ("open", "#ablegen"), ("file", "#dateien", "Kein Kopf\n"),
             ("send", "#ablegen button")),
        stop("archiv-abgelegt", "/archiv", ("open", "#ablegen"), ("file", "#dateien", "Subject: Neu\n\nText\n"),
             ("send", "#ablegen button")),
    ]))


def test_boxes_and_files(office):
    report = play("archive.mjs", office, WHO)
    assert report["ticked"] == ["50 E-Mails ausgewählt", "3 E-Mails ausgewählt"]
    name, waits, busy = report["download"]
    assert name.startswith("Archiv-") and name.endswith(".zip") and not waits and busy is None
    assert report["options"] == ["2026/4711"]
    assert report["dropped"] == ["Hier loslassen, um die E-Mails abzulegen", False, 1, "E-Mails ablegen (.eml)"]
    assert "1 E-Mail ist neu abgelegt." in report["filed"]
    assert report["many"][2] == 201 and "mehr als 200 Dateien" in report["wrong"] and report["stays"]
    assert not report["faults"]

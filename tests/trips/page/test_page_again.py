"""Forms whose session is over when they are sent: nothing is stored, and nothing typed is lost."""

from collections.abc import Iterator

import pytest
from page import PAGE_PASSWORD, Person
from page_office import ADMIN, CLERK_A, CLERK_B, Office, add_person
from page_visits import call
from runner import MARK

pytestmark = pytest.mark.sanitized_only

COOKIE = "amtspost"
MAIL = "/systemsteuerung/schnittstellen"
OWN = "/einstellungen/kennwort"
PERSON = f"/benutzer/{CLERK_A}"
ENDED = "Ihre Sitzung ist beendet. Gespeichert wurde nichts; melden Sie sich an, dann geht es dort weiter."


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("again")) as running:
        yield running


def end_session(person: Person) -> None:
    person.cookies[COOKIE] = "A" * 43


def sign_in_again(person: Person, name: str = ADMIN, password: str = PAGE_PASSWORD):
    return person.submit("/anmelden", benutzer=name, kennwort=password)


def new_session(person: Person) -> None:
    """In another tab: PERSON's shown page stays the one of the old session."""
    shown = person.last
    person.submit("/abmelden")
    person.sign_in(ADMIN)
    person.last = shown


def test_what_was_typed_comes_back_after_signing_in(office):
    person = office.fresh(ADMIN)
    person.get(MAIL)
    end_session(person)
    answer = person.submit(MAIL, imap__host="getippt.example", imap__password=MARK + "-neu")
    assert answer.status == 403 and ENDED in answer.text
    assert answer.view.form("/anmelden").fields["benutzer"] == ADMIN
    answer = sign_in_again(person, password=MARK + "-falsch")
    assert answer.status == 403 and "Benutzername oder Kennwort" in answer.text
    answer = sign_in_again(person)
    assert answer.path.startswith(MAIL) and "Sie sind wieder angemeldet." in answer.text
    assert answer.view.form(MAIL).fields["imap.host"] == "getippt.example"
    assert office.amtspost.get("imap.host")["value"] != "getippt.example"
    assert "getippt.example" not in person.get(MAIL).html, "once"
    end_session(person)
    person.submit(MAIL, imap__host="getippt.example")
    sign_in_again(person)
    assert person.submit(MAIL).status == 200
    assert office.amtspost.get("imap.host")["value"] == "getippt.example"


def test_only_for_the_same_user(office):
    person = office.fresh(ADMIN)
    person.get("/benutzer-neu")
    end_session(person)
    person.submit("/benutzer-neu", name="n.neu", admin="true")
    answer = sign_in_again(person, CLERK_B)
    assert answer.status == 403 and "n.neu" not in answer.html
    person.submit("/abmelden")
    person.sign_in(ADMIN)
    assert "n.neu" not in person.get("/benutzer-neu").html


def test_each_form_leads_to_its_page(office):
    for path, page in ((PERSON + "/office", PERSON + "/office"), (PERSON + "/sperren", PERSON),
                       ("/einstellungen/entfernen", "/einstellungen"), (OWN, OWN), ("/benutzer-neu", "/benutzer-neu"),
                       ("/pruefen", "/")):
        answer = office.person().request("POST", path, "a=b")
        assert answer.view.form("/anmelden").fields["weiter"] == page, path
    origin = office.daemon.address
    answer = office.person().request("POST", "/pruefen", "a=b", Referer=origin + PERSON + "?hinweis=gespeichert")
    assert answer.view.form("/anmelden").fields["weiter"] == PERSON
    answer = office.person().request("POST", "/pruefen", "a=b", Referer="https://evil.example" + PERSON)
    assert answer.view.form("/anmelden").fields["weiter"] == "/"
    answer = office.person().request("POST", MAIL, "wer=x&imap.host=y", Origin="https://evil.example")
    assert answer.status == 303 and answer.location == "/anmelden"


def test_too_much_is_not_carried(office):
    answer = office.person().request("POST", MAIL, "wer=x&imap.host=" + "y" * 70000)
    assert ENDED in answer.text and "yyy" not in answer.html


def test_secrets_are_never_carried(office):
    person = office.fresh(ADMIN)
    person.get(OWN)
    end_session(person)
    answer = person.submit(OWN, bisher=MARK + "1", kennwort=MARK + "2", wiederholung=MARK + "3")
    assert ENDED in answer.text and "feld:bisher" not in answer.html and "feld:kennwort" not in answer.html
    assert sign_in_again(person).path.startswith(OWN)


def test_a_form_of_the_former_session_comes_back(office):
    person = office.fresh(ADMIN)
    person.get(MAIL)
    new_session(person)
    answer = person.submit(MAIL, smtp__host="zweiter.example", smtp__password=MARK)
    assert answer.status == 409
    assert "Sie haben sich inzwischen neu angemeldet. Bitte prüfen und noch einmal speichern." in answer.text
    assert answer.view.form(MAIL).fields["smtp.host"] == "zweiter.example"
    assert office.amtspost.get("smtp.host")["value"] != "zweiter.example"
    assert person.submit(MAIL).status == 200
    assert office.amtspost.get("smtp.host")["value"] == "zweiter.example"
    person.get(PERSON)
    new_session(person)
    answer = person.submit(PERSON + "/sperren")
    assert answer.status == 409 and PERSON + "/sperren" in [form.action for form in answer.view.forms]


def test_what_others_changed_is_still_noticed(office):
    person = office.fresh(ADMIN)
    person.get(MAIL)
    new_session(person)
    office.amtspost.set("imap.host", "fremd.example")
    person.submit(MAIL, imap__host="eigen.example")
    answer = person.submit(MAIL)
    assert answer.status == 409 or answer.status == 422, answer.status
    assert office.amtspost.get("imap.host")["value"] == "fremd.example"


def test_no_password_that_is_guessed_first(office):
    """Neither the name nor the present one."""
    add_person(office.amtspost, "w.wagenknecht")
    for password in ("w.wagenknecht", "W.Wagenknecht", PAGE_PASSWORD):
        failed = office.amtspost.run("user", "passwd", "w.wagenknecht", stdin=password + "\n")
        assert failed.status == 2 and "Dieses Kennwort ist" in failed.stderr, password


def test_an_unknown_page_keeps_the_menus(office):
    answer = office.fresh(CLERK_A).get("/gibt-es-nicht")
    assert answer.status == 404 and answer.view.title.startswith("Diese Seite gibt es nicht")
    assert "Abmelden" in answer.text and "/einstellungen" in answer.view.links
    assert "Abmelden" not in office.person().get("/gibt-es-nicht").text


def test_blanks_around_the_name(office):
    person = office.person()
    person.get("/anmelden")
    person.submit("/anmelden", benutzer=f" {CLERK_A}\t", kennwort=PAGE_PASSWORD)
    assert person.cookies


def test_another_users_form_does_not(office):
    person = office.fresh(ADMIN)
    person.get("/benutzer-neu")
    shown = person.last
    person.submit("/abmelden")
    person.sign_in(CLERK_B)
    person.last = shown
    assert person.submit("/benutzer-neu", name="n.neu").status == 403
    admin = office.fresh(ADMIN)
    answer = call(admin, "POST /benutzer-neu", csrf="x")
    assert answer.status == 403 and answer.view.links["/benutzer-neu"] == "Zur Seite mit dem Formular"
    assert "laden Sie die Seite neu" not in answer.text


def test_a_wrong_password_is_told_at_its_field(office):
    answer = (person := office.person()).get("/anmelden") and person.submit(
        "/anmelden", benutzer=CLERK_A, kennwort=MARK + "-falsch")
    assert answer.status == 403 and "Die Anmeldung ist nicht gelungen." in answer.text
    assert "schickt Ihnen einen Link" in answer.view.errors["kennwort"]

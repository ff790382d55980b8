"""Benutzerverwaltung: who cannot be locked out, many invitations at once, what of a user can be changed, and who
needs help and why."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from page import PAGE_PASSWORD, Answer, Person
from page_office import ADMIN, CLERK_A, DISABLED, Office, add_person, execute
from peers.dovecot import Dovecot
from runner import MARK

pytestmark = pytest.mark.sanitized_only

OTHER = "z.zweite"
KEYED = "s.schluessel"  # an administrator without a password, who acts by key


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("people")) as running:
        yield running


@pytest.fixture
def admin(office: Office) -> Person:
    return office.person(ADMIN)


@pytest.fixture(scope="module")
def keyed(office: Office) -> str:
    office.amtspost.ok("user", "add", KEYED, "--admin")
    return office.key("keyed", KEYED)


def ask(office: Office, key: str, method: str, path: str, body: Any = None) -> Answer:
    return office.person().request(method, f"/api/v1/{path}", None if body is None else json.dumps(body),
                                   Authorization=f"Bearer {key}", Content_Type="application/json")


def condition(answer: Answer) -> str:
    return json.loads(answer.body)["error"]["condition"]


def deeds(office: Office, subject: str) -> list[str]:
    return [row["action"] for row in office.amtspost.json("audit") if row["subject"] == subject]


# ---- nobody is locked out ----


def test_no_buttons_against_oneself(admin):
    page = admin.get(f"/benutzer/{ADMIN}")
    actions = {form.action for form in page.view.forms}
    assert not {action for action in actions if action.endswith(("/sperren", "/entfernen"))}
    assert "nur ein anderer Administrator" in page.text
    others = {form.action for form in admin.get(f"/benutzer/{CLERK_A}").view.forms}
    assert {f"/benutzer/{CLERK_A}/sperren", f"/benutzer/{CLERK_A}/entfernen"} <= others


@pytest.mark.parametrize("deed", ["sperren", "entfernen"])
@pytest.mark.parametrize("alone", [True, False])
def test_nobody_locks_or_removes_themselves(office, admin, deed, alone):
    if not alone:
        add_person(office.amtspost, OTHER, "--admin")
    before = office.snapshot()
    admin.get(f"/benutzer/{ADMIN}")
    for name in (ADMIN, ADMIN.upper()):
        answer = admin.post(f"/benutzer/{name}/{deed}", {})
        assert answer.status == 409 and "Geändert wurde nichts" in answer.text
        assert ("letzte Administrator" if alone else "Das muss ein anderer Administrator tun") in answer.text
    assert office.snapshot() == before and admin.get("/benutzer").status == 200
    if not alone:
        office.amtspost.ok("user", "remove", OTHER)


def test_the_last_administrator_stays(office, keyed):
    """Others with the right count only if they could sign in: not without a password, and not locked."""
    add_person(office.amtspost, OTHER, "--admin")
    office.amtspost.ok("user", "lock", OTHER)
    for method, path in (("POST", f"users/{ADMIN}/lock"), ("DELETE", f"users/{ADMIN}")):
        answer = ask(office, keyed, method, path)
        assert answer.status == 409 and condition(answer) == "user-last-administrator"
    office.amtspost.ok("user", "unlock", OTHER)
    assert condition(ask(office, keyed, "POST", f"users/{KEYED}/lock")) == "user-own"
    assert condition(ask(office, keyed, "DELETE", f"users/{KEYED}")) == "user-own"
    assert ask(office, keyed, "POST", f"users/{OTHER}/lock").status == 200
    assert ask(office, keyed, "DELETE", f"users/{OTHER}").status == 200
    assert ask(office, keyed, "POST", f"users/{ADMIN}/unlock").status == 200


def test_the_command_line_may_and_warns(office):
    amtspost = office.amtspost
    add_person(amtspost, OTHER, "--admin")
    assert amtspost.ok("user", "lock", OTHER).stderr == ""
    locked = amtspost.ok("user", "lock", ADMIN)
    assert "kein Administrator mehr anmelden" in locked.stderr and "amtspost user unlock NAME" in locked.stderr
    try:
        answer = office.person().request("POST", "/anmelden", urlencode({"benutzer": ADMIN, "kennwort": PAGE_PASSWORD}))
        assert answer.status == 403 and "Zurzeit kann sich kein Administrator anmelden" in answer.text
        assert "amtspost user unlock NAME" in answer.text and "Ein Administrator kann ihn" not in answer.text
        assert amtspost.ok("user", "remove", OTHER).stderr == ""  # could not sign in either
    finally:
        amtspost.ok("user", "unlock", ADMIN)
        office._people.pop(ADMIN, None)


# ---- many invitations ----


def test_everybody_without_a_password_is_invited(office, admin):
    """A file for a spreadsheet, in which no name is a formula; each link leads to its user once."""
    amtspost = office.amtspost
    amtspost.ok("user", "add", "@eins", "--display-name", '=1+1;"x"')
    amtspost.ok("user", "add", "e.drei", "--display-name", "Drei, Über")
    amtspost.ok("user", "add", "e.gesperrt")
    amtspost.ok("user", "lock", "e.gesperrt")
    amtspost.set("account", "drei@amt.example", "e.drei")
    page = admin.get("/benutzer?hinweis=angelegt")  # as after a change: nothing is remembered
    assert "Benutzer haben noch kein Kennwort" in page.text
    answer = admin.submit("/benutzer-einladen")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;") and answer.headers["Cache-Control"] == "no-store"
    head, *rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert answer.body.startswith(b"\xef\xbb\xbf") and head == ["name", "display_name", "account", "link", "gueltig_bis"]
    invited = {row[0]: row for row in rows}
    assert {"'@eins", "e.drei"} <= set(invited) and not {"e.gesperrt", ADMIN, CLERK_A} & set(invited)
    assert invited["'@eins"][1] == "'=1+1;\"x\"" and invited["e.drei"][1:3] == ["Drei, Über", "drei@amt.example"]
    assert invited["e.drei"][4].endswith("Uhr")
    links = [row[3] for row in rows]
    assert len(set(links)) == len(rows) and all(link.startswith(f"{office.daemon.address}/einladung?k=") for link in links)
    assert deeds(office, "e.drei").count("user.invite") == 1 and "user.invite" not in deeds(office, "e.gesperrt")
    path = invited["e.drei"][3].removeprefix(office.daemon.address)
    visitor = office.person()
    assert "e.drei" in visitor.get(path).text
    visitor.submit("/einladung", kennwort=PAGE_PASSWORD, wiederholung=PAGE_PASSWORD)
    assert visitor.sign_in("e.drei").status == 200 and visitor.get(path).status == 410
    # Once more: those left have new links, and the earlier ones are void.
    admin.get("/benutzer?hinweis=angelegt")
    again = admin.submit("/benutzer-einladen").body.decode("utf-8-sig")
    assert "e.drei" not in again and "@eins" in again
    assert office.person().get(invited["'@eins"][3].removeprefix(office.daemon.address)).status == 410
    for name in ("@eins", "e.drei", "e.gesperrt"):
        amtspost.ok("user", "remove", name)


def test_the_offer_after_a_file_and_without_anybody(office, admin):
    admin.get("/benutzer-import")
    imported = admin.post("/benutzer-import", {"tun": "anlegen", "inhalt": "name\nf.frisch\n"})
    assert imported.path == "/benutzer?hinweis=importiert"
    assert "Alle ohne Kennwort einladen" in imported.text and '<details class="fold" data-download open' in imported.html
    office.amtspost.ok("user", "remove", "f.frisch")
    rows = execute(office.amtspost, "UPDATE users SET locked = 1 WHERE password_hash IS NULL RETURNING name")
    assert "Alle ohne Kennwort einladen" not in admin.get("/benutzer?hinweis=gesperrt").text
    answer = admin.post("/benutzer-einladen", {})
    assert answer.path == "/benutzer?hinweis=niemand-einzuladen" and "haben ein Kennwort" in answer.text
    for name, in rows:
        office.amtspost.ok("user", "unlock", name)


def test_an_invitation_by_the_api(office, keyed):
    office.amtspost.ok("user", "add", "i.api")
    answer = ask(office, keyed, "POST", "users/I.API/invite")
    told = json.loads(answer.body)
    assert answer.status == 201 and told["name"] == "i.api" and told["expires"].endswith("Z")
    assert told["link"] == office.daemon.address + told["path"]
    assert "i.api" in office.person().get(told["path"]).text
    assert condition(ask(office, keyed, "POST", "users/gibt-es-nicht/invite")) == "user-unknown"
    office.amtspost.ok("user", "lock", "i.api")
    assert condition(ask(office, keyed, "POST", "users/i.api/invite")) == "user-locked"
    office.amtspost.ok("user", "remove", "i.api")


# ---- name and rights ----


def test_name_and_rights_on_the_page(office, admin):
    add_person(office.amtspost, "n.name", "--display-name", "Nora Nähme")
    who = office.fresh("n.name")
    assert who.get("/benutzer").status == 403
    path = "/benutzer/n.name"
    fields = admin.get(path).view.form(path).fields
    assert fields["anzeigename"] == "Nora Nähme" and "admin" not in fields
    saved = admin.submit(path, anzeigename=" Nora <b>Neu</b> ", admin="true", archiv="true")
    assert saved.path == path + "?hinweis=gespeichert" and "Nora <b>Neu</b>" in saved.view.form(path).fields["anzeigename"]
    told = office.amtspost.json("user", "show", "n.name")
    assert (told["display_name"], told["admin"], told["archive"]) == ("Nora <b>Neu</b>", True, True)
    assert who.get("/benutzer").status == 200 and "Nora <b>Neu</b>" in who.last.text
    assert admin.submit(path).path == path + "?hinweis=unveraendert"
    # Somebody else was faster, and a name that is none: nothing is lost of what was typed.
    office.amtspost.ok("user", "change", "n.name", "--no-archive")
    late = admin.submit(path, anzeigename="Zu spät")
    assert late.status == 409 and "von jemand anderem geändert" in late.text
    assert late.view.form(path).fields["anzeigename"] == "Zu spät"
    admin.get(path)
    bad = admin.submit(path, anzeigename="x" * 201)
    assert bad.status in (400, 422) and "kein zulässiger Anzeigename" in bad.text
    admin.get(path)
    assert admin.submit(path, anzeigename="", admin=None).path == path + "?hinweis=gespeichert"
    assert who.get("/benutzer").status == 403
    rows = [row for row in office.amtspost.json("audit") if row["subject"] == "n.name" and row["action"] == "user.change"]
    assert [row["detail"] for row in rows] == [
        "display-name: Nora <b>Neu</b> → –; rights: admin → –", "rights: admin, archive → admin",
        "display-name: Nora Nähme → Nora <b>Neu</b>; rights: – → admin, archive"]
    office.amtspost.ok("user", "remove", "n.name")


def test_the_own_right_stays_on_the_page(office, admin):
    path = f"/benutzer/{ADMIN}"
    page = admin.get(path)
    assert "Das eigene Recht kann nur ein anderer Administrator nehmen" in page.text
    assert admin.submit(path, anzeigename="Anna Admin").path == path + "?hinweis=gespeichert"
    told = office.amtspost.json("user", "show", ADMIN)
    assert (told["display_name"], told["admin"]) == ("Anna Admin", True)


def test_name_and_rights_by_the_api(office, keyed):
    office.amtspost.ok("user", "add", "p.patch", "--display-name", "Paul")
    answer = ask(office, keyed, "PATCH", "users/p.patch", {"archive": True})
    assert answer.status == 200 and json.loads(answer.body) == office.amtspost.json("user", "show", "p.patch")
    told = json.loads(answer.body)
    assert (told["display_name"], told["admin"], told["archive"]) == ("Paul", False, True)
    told = json.loads(ask(office, keyed, "PATCH", "users/p.patch", {"display_name": None, "admin": True}).body)
    assert (told["display_name"], told["admin"], told["archive"]) == (None, True, True)
    assert ask(office, keyed, "PATCH", "users/p.patch", {}).status == 200
    assert deeds(office, "p.patch").count("user.change") == 2
    for body in ({"admin": "yes"}, {"archive": 1}, {"display_name": 1}, []):
        assert condition(ask(office, keyed, "PATCH", "users/p.patch", body)) == "api-body"
    assert condition(ask(office, keyed, "PATCH", f"users/{ADMIN}", {"admin": False})) == "user-last-administrator"
    assert condition(ask(office, keyed, "PATCH", f"users/{KEYED}", {"admin": False})) == "user-own"
    assert condition(ask(office, keyed, "PATCH", "users/gibt-es-nicht", {"admin": False})) == "user-unknown"
    office.amtspost.ok("user", "remove", "p.patch")


def test_name_and_rights_on_the_command_line(office):
    amtspost = office.amtspost
    amtspost.ok("user", "add", "c.cli")
    told = amtspost.json("user", "change", "c.cli", "--display-name", "Clara", "--archive", "--admin")
    assert (told["display_name"], told["admin"], told["archive"]) == ("Clara", True, True)
    told = amtspost.json("user", "change", "c.cli", "--no-admin", "--display-name", "")
    assert (told["display_name"], told["admin"], told["archive"]) == (None, False, True)
    amtspost.fails(2, "user", "change", "c.cli", "--admin", "--no-admin")
    amtspost.fails(2, "user", "change", "gibt-es-nicht", "--admin")
    assert "kein Administrator mehr anmelden" in amtspost.ok("user", "change", ADMIN, "--no-admin").stderr
    amtspost.ok("user", "change", ADMIN, "--admin")
    amtspost.ok("user", "remove", "c.cli")


# ---- who needs help ----


@pytest.fixture(scope="module")
def helpless(office: Office, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Their names: 120 who never gave a password, one without a server, and "z.refused" whose password is refused."""
    amtspost = office.amtspost
    names = [f"hilf.{number:03}" for number in range(120)]
    file = tmp_path_factory.mktemp("csv") / "viele.csv"
    file.write_text("name;display_name;interface;account;imap.host\n"
                    + "".join(f"{name};Hilflos {name[5:]};standard;{name}@amt.example;mail.amt.example\n" for name in names)
                    + "hilf.ohne;;standard;ohne@amt.example;\n", encoding="utf-8")
    amtspost.ok("user", "import", str(file))
    add_person(amtspost, "z.refused", account="m.mustermann@musterhausen.example", interface="standard",
               imap__host="localhost", imap__port=str(dovecot.plain_port), imap__tls="none",
               imap__password=MARK + " falsch")
    assert amtspost.run("folders", "--user", "z.refused").status == 4
    everybody = [*names, "hilf.ohne", "z.refused"]
    yield everybody
    for name in everybody:
        execute(amtspost, "DELETE FROM users WHERE name = ?", name)


def listed(page: Answer) -> list[str]:
    return [link.rpartition("/")[2] for link in page.view.links if link.startswith("/benutzer/")]


def test_reasons_are_counted_and_lead_to_who_has_them(admin, helpless):
    page = admin.get("/braucht-hilfe")
    names = listed(page)
    assert names[0] == "z.refused" and len(names) == 50 and "1 bis 50 von" in page.text
    assert "abgelehnt: 1" in page.text and "unvollständig eingerichtet: 1" in page.text and "fehlt: 12" in page.text
    refused = admin.get("/braucht-hilfe?grund=refused")
    assert listed(refused) == ["z.refused"] and "1 bis 1 von 1" in refused.text and "abgelehnt: 1" in refused.text
    assert listed(admin.get("/braucht-hilfe?grund=incomplete")) == ["hilf.ohne"]
    nobody = admin.get("/braucht-hilfe?grund=%22%3E%3Cscript%3E")
    assert nobody.status == 200 and "Niemand passt" in nobody.text and "<script>" not in nobody.html


def test_pages_and_search_among_who_needs_help(admin, helpless):
    seen = []
    path = "/braucht-hilfe?grund=missing"
    while path:
        page = admin.get(path)
        seen += listed(page)
        path = next((link for link, label in page.view.links.items() if label == "Weiter"), None)
    assert set(helpless) - set(seen) == {"hilf.ohne", "z.refused"} and len(seen) == len(set(seen))
    found = admin.get("/braucht-hilfe?suche=HILFLOS%20007")
    assert listed(found) == ["hilf.007"] and "fehlt: 1" in found.text and "abgelehnt" not in found.view.text.split("fehlt: 1")[0]
    admin.get("/braucht-hilfe?grund=missing")
    assert listed(admin.get("/braucht-hilfe?grund=missing&suche=hilf.008@")) == ["hilf.008"]
    last = admin.get("/braucht-hilfe?seite=999")
    assert last.status == 200 and listed(last) and "bis" in last.text


def test_advice_says_who_does_what(office, admin, helpless):
    def advice(name: str) -> str:
        text = admin.get(f"/benutzer/{name}").text
        assert "Was zu tun ist" in text
        return text.split("Was zu tun ist", 1)[1]

    assert "lädt ein Administrator den Benutzer ein" in advice("hilf.000")
    office.amtspost.ok("user", "passwd", "hilf.000", stdin=PAGE_PASSWORD + "\n")
    assert "Der Benutzer gibt unter Datei | Persönliche Einstellungen das Kennwort seines Postfachs ein" in advice("hilf.000")
    assert "das jetzige Kennwort" in advice("z.refused") and "Verbindung prüfen" in advice("z.refused")
    assert "Ein Administrator trägt die fehlende Einstellung ein" in advice("hilf.ohne")
    assert "schaltet ein Administrator die Schnittstelle" in advice(DISABLED)
    office.amtspost.set("interface", "office365", "hilf.000")
    office.amtspost.set("oauth.client-id", "00000000-0000-0000-0000-000000000000")
    assert "mit „Authentifizierung“ bei Office 365 an" in advice("hilf.000")
    assert "lädt ein Administrator den Benutzer ein" in admin.get("/braucht-hilfe?suche=hilf.001").text
    office.amtspost.ok("settings", "unset", "oauth.client-id")


# ---- the list ----


def test_a_page_beyond_the_last_is_the_last(admin, helpless):
    last = admin.get("/benutzer?seite=999")
    assert "z.refused" in listed(last)
    assert re.search(r"(\d+) bis (\d+) von \2", last.text) and "Weiter" not in last.text and "Zurück" in last.text
    assert "z.refused" in listed(admin.get("/benutzer?suche=refused&seite=7")) and "1 bis 1 von 1" in admin.last.text
    for odd in ("0", "-1", "x", "99999999999999999999"):
        assert admin.get(f"/benutzer?seite={odd}").status == 200 and listed(admin.last)


def test_a_search_that_finds_nobody_says_so(admin):
    page = admin.get("/benutzer?suche=gibt-es-nicht")
    assert "Niemand passt zu dieser Suche" in page.text and "0 bis 0" not in page.text


def test_an_unknown_user_is_looked_for_on_the_page(admin):
    page = admin.get("/benutzer/gibt-es-nicht")
    assert page.status == 404 and "unter „Alle“ alle Benutzer." in page.text and "amtspost user" not in page.text

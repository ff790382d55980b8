"""How each route of the program is called, who may, and what those are answered."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from page import Answer, Person
from page_office import CLERK_B, SECRET

API = "/api/v1/"


@dataclass(frozen=True)
class Visit:
    """How a route is called, and what those who may are answered."""

    role: str
    good: set[int]
    path: str = ""  # where the route has a star, or needs a query
    body: dict | str | None = None  # the text of a file


def anybody(*good: int, **how) -> Visit:
    return Visit("ANYBODY", set(good), **how)


def person(*good: int, **how) -> Visit:
    return Visit("PERSON", set(good), **how)


def administrator(*good: int, **how) -> Visit:
    return Visit("ADMINISTRATOR", set(good), **how)


TARGET, KEY = "z.ziel", "ziel"  # whom, and which key, the administrators' deeds are about
VISITS = {
    "GET /": person(200),
    "GET /anmelden": anybody(200, 303),
    "POST /anmelden": anybody(403, body={"benutzer": "niemand", "kennwort": "falsch und lang"}),
    "GET /einrichten": anybody(410, path="/einrichten?k=x"),
    "POST /einrichten": anybody(410, body={"k": "x", "benutzer": "neu", "kennwort": "a" * 12, "wiederholung": "a" * 12}),
    "GET /einladung": anybody(410, path="/einladung?k=x"),
    "POST /einladung": anybody(410, body={"k": "x", "kennwort": "a" * 12, "wiederholung": "a" * 12}),
    "GET /hilfe": anybody(200),
    "GET /barrierefreiheit": anybody(200),
    "GET /lizenz": anybody(200),
    "GET /healthz": anybody(200),
    "GET /metrics": anybody(200),  # from this machine
    "GET /statisch/*": anybody(200, path="/statisch/kern.css"),
    "GET /api/v1/openapi.json": anybody(200),
    "GET /oauth/callback": anybody(303, 400, 409, path="/oauth/callback?code=x&state=y"),
    # importing; nobody listens at the mail server
    "GET /importieren": person(200),
    "POST /importieren": person(422, body={"was": "auswahl"}),
    "GET /importieren/ansicht": person(200, path="/importieren/ansicht?ordner=INBOX&uid=1&gueltig=1"),
    # the archive; the mail is nobody's
    "GET /archiv": person(200),
    "GET /archiv/suche": person(200, path="/archiv/suche?suche=wort"),
    "GET /archiv/*": person(400, 404, 422, path="/archiv/999999"),
    "GET /archiv/*/ansicht": person(400, 404, 422, path="/archiv/999999/ansicht"),
    "GET /archiv/*/eml": person(400, 404, 422, path="/archiv/999999/eml"),
    "GET /archiv/*/anlage": person(400, 404, 422, path="/archiv/999999/anlage?n=1"),
    "GET /archiv/*/kopfzeilen": person(400, 404, 422, path="/archiv/999999/kopfzeilen"),
    "POST /archiv-auswahl": person(404, body={"tun": "zip", "id": "999999"}),
    "POST /archiv-ablegen": person(400, body={}),
    "POST /archiv/*/aktenzeichen": person(400, 404, 422, path="/archiv/999999/aktenzeichen", body={"aktenzeichen": "1"}),
    "POST /archiv/*/loeschen": person(400, 404, 422, path="/archiv/999999/loeschen", body={"grund": "doppelt"}),
    # writing; these drafts are nobody's
    "GET /senden": person(200),
    "GET /senden/neu": person(200),
    "POST /senden/neu": person(303, body={"tun": "verwerfen"}),
    "GET /senden/adressen": person(200, path="/senden/adressen?prefix=ab"),
    "GET /senden/*": person(404, path="/senden/999999"),
    "POST /senden/*": person(303, path="/senden/999999", body={"tun": "verwerfen"}),
    "POST /senden/*/verwerfen": person(303, path="/senden/999999/verwerfen", body={}),
    "POST /senden/*/sichern": person(413, path="/senden/999999/sichern", body={"text": "x" * 140_000}),
    "GET /senden/*/anlage": person(404, path="/senden/999999/anlage?n=1"),
    "POST /senden/*/anlage": person(404, path="/senden/999999/anlage", body={"dateiname": "x", "groesse": "1"}),
    "POST /senden/*/anlage/entfernen": person(404, path="/senden/999999/anlage/entfernen", body={"datei": "1"}),
    "POST /archiv/*/antworten": person(404, path="/archiv/999999/antworten", body={"wie": "alle"}),
    # the outbox; the mail is nobody's
    "GET /postausgang": person(200),
    "GET /postausgang-ereignisse": person(200),
    "GET /postausgang/*": person(404, path="/postausgang/999999"),
    "GET /postausgang/*/ereignisse": person(404, path="/postausgang/999999/ereignisse"),
    "GET /postausgang/*/erneut": person(404, path="/postausgang/999999/erneut"),
    "POST /postausgang/*/erneut": person(404, path="/postausgang/999999/erneut", body={}),
    "POST /postausgang/*/abbrechen": person(404, path="/postausgang/999999/abbrechen", body={}),
    "POST /postausgang/*/bearbeiten": person(404, path="/postausgang/999999/bearbeiten", body={}),
    "POST /postausgang/*/erledigt": person(404, path="/postausgang/999999/erledigt", body={}),
    # imports; this one is nobody's
    "GET /importieren/vorgang/*": person(404, path="/importieren/vorgang/999999"),
    "GET /importieren/vorgang/*/ereignisse": person(404, path="/importieren/vorgang/999999/ereignisse"),
    "POST /importieren/vorgang/*/abbrechen": person(404, path="/importieren/vorgang/999999/abbrechen", body={}),
    "POST /importieren/vorgang/*/erneut": person(404, path="/importieren/vorgang/999999/erneut", body={}),
    "GET /importieren/vorgaenge": person(200),
    "POST /importieren/vorgaenge": person(303, body={"postfach": "fremd@amt.example", "ordner": "INBOX"}),
    "GET /start/neu": person(200, 422),
    # one's own
    "GET /einstellungen": person(200),
    "POST /einstellungen/anmelden": person(303, 422, body={"imap.password": SECRET}),
    "POST /einstellungen/postfach": person(303, 400, 404, 422, body={"postfach": "fremd@amt.example", "kennwort": SECRET}),
    "POST /einstellungen/entfernen": person(303, body={"postfach": ""}),
    "GET /einstellungen/authentifizierung": person(303),
    "POST /einstellungen/authentifizierung": person(303, 400, 409, 422, body={}),
    "POST /einstellungen/einfuegen": person(303, 400, 409, 422, body={"adresse": "http://localhost/"}),
    "POST /einstellungen/bestaetigen": person(303, 400, 409, 422, body={}),
    "GET /einstellungen/postfaecher": person(200),
    "POST /einstellungen/postfaecher": person(303, 409, 422, body={"standard": "wiederherstellen"}),
    "GET /einstellungen/postfaecher/ordner": person(200, 409, 422, 503),
    "GET /einstellungen/kennwort": person(200),
    "POST /einstellungen/kennwort": person(403, 422, body={"bisher": "falsch", "kennwort": "a" * 12, "wiederholung": "b" * 12}),
    "POST /pruefen": person(200, body={}),
    "POST /abmelden": person(303, body={}),
    # an administrator's
    "GET /systemsteuerung/schnittstellen": administrator(200),
    "POST /systemsteuerung/schnittstellen": administrator(303, body={}),
    "GET /systemsteuerung/oauth": administrator(200),
    "POST /systemsteuerung/oauth": administrator(303, body={}),
    "GET /systemsteuerung/behoerde": administrator(200),
    "POST /systemsteuerung/behoerde": administrator(303, body={}),
    "GET /benutzer": administrator(200),
    "GET /braucht-hilfe": administrator(200),
    "GET /benutzer-neu": administrator(200),
    "POST /benutzer-neu": administrator(303, body={"name": TARGET}),
    "GET /benutzer-import": administrator(200),
    "POST /benutzer-import": administrator(303, 422, body={"tun": "anlegen", "inhalt": "name\n"}),
    "GET /benutzer/*": administrator(200, path=f"/benutzer/{CLERK_B}"),
    "POST /benutzer/*": administrator(303, path=f"/benutzer/{TARGET}", body={}),
    "GET /benutzer/*/office": administrator(200, path=f"/benutzer/{CLERK_B}/office"),
    "GET /benutzer/*/wirksam": administrator(200, path=f"/benutzer/{CLERK_B}/wirksam"),
    "POST /benutzer/*/einladen": administrator(200, path=f"/benutzer/{TARGET}/einladen", body={}),
    "POST /benutzer-einladen": administrator(200, 303, body={}),
    "POST /benutzer/*/sperren": administrator(303, path=f"/benutzer/{TARGET}/sperren", body={}),
    "POST /benutzer/*/freigeben": administrator(303, path=f"/benutzer/{TARGET}/freigeben", body={}),
    "POST /benutzer/*/office": administrator(303, path=f"/benutzer/{TARGET}/office", body={}),
    "POST /benutzer/*/entfernen": administrator(303, path=f"/benutzer/{TARGET}/entfernen", body={}),
    "GET /protokoll": administrator(200),
    "GET /zustand": administrator(200),
    "POST /zustand/versuchen": administrator(303, body={}),
    # programs
    "GET /api/v1/users": administrator(200),
    "POST /api/v1/users": administrator(201, body={"name": TARGET}),
    "GET /api/v1/users/*": administrator(200, path=f"/api/v1/users/{CLERK_B}"),
    "POST /api/v1/users/import": administrator(201, body=f"name\n{TARGET}\n"),
    "PUT /api/v1/users/*/password": administrator(200, path=f"/api/v1/users/{TARGET}/password", body={"password": "a" * 12}),
    "POST /api/v1/users/*/lock": administrator(200, path=f"/api/v1/users/{TARGET}/lock", body={}),
    "POST /api/v1/users/*/unlock": administrator(200, path=f"/api/v1/users/{TARGET}/unlock", body={}),
    "POST /api/v1/users/*/invite": administrator(201, path=f"/api/v1/users/{TARGET}/invite", body={}),
    "PATCH /api/v1/users/*": administrator(200, path=f"/api/v1/users/{TARGET}", body={"archive": True}),
    "DELETE /api/v1/users/*": administrator(200, path=f"/api/v1/users/{TARGET}"),
    "GET /api/v1/settings": administrator(200),
    "GET /api/v1/settings/*": administrator(200, path="/api/v1/settings/imap.host"),
    "PUT /api/v1/settings/*": administrator(200, path="/api/v1/settings/office.name", body={"value": "Amt"}),
    "DELETE /api/v1/settings/*": administrator(200, path="/api/v1/settings/office.name"),
    "GET /api/v1/login": person(200),
    "POST /api/v1/login": person(200, 422, body={"imap_password": SECRET}),
    "DELETE /api/v1/login": person(200),
    "POST /api/v1/check": person(200, body={}),
    "GET /api/v1/folders": person(409, 422, 503),
    "GET /api/v1/messages": person(409, 422, 503, path="/api/v1/messages?folder=INBOX"),
    "POST /api/v1/import": person(409, 422, 503, body={}),
    "POST /api/v1/imports": person(202, body={}),
    "GET /api/v1/imports": person(200),
    "GET /api/v1/imports/*": person(404, path="/api/v1/imports/999999"),
    "GET /api/v1/imports/*/events": person(404, path="/api/v1/imports/999999/events"),
    "DELETE /api/v1/imports/*": person(404, path="/api/v1/imports/999999"),
    "GET /api/v1/apikeys": administrator(200),
    "POST /api/v1/apikeys": administrator(201, body={"label": KEY, "user": CLERK_B}),
    "DELETE /api/v1/apikeys/*": administrator(200, path=f"/api/v1/apikeys/{KEY}"),
    "GET /api/v1/archive": person(200),
    "POST /api/v1/archive": person(400, body="keine E-Mail"),
    "GET /api/v1/archive/search": person(200, path="/api/v1/archive/search?text=wort"),
    "GET /api/v1/archive/cases": person(200),
    "GET /api/v1/archive/export": person(404, path="/api/v1/archive/export?id=999999"),
    "GET /api/v1/archive/*": person(404, path="/api/v1/archive/999999"),
    "PATCH /api/v1/archive/*": person(404, path="/api/v1/archive/999999", body={"case": "1"}),
    "DELETE /api/v1/archive/*": person(404, path="/api/v1/archive/999999?reason=doppelt"),
    "GET /api/v1/archive/*/eml": person(404, path="/api/v1/archive/999999/eml"),
    "GET /api/v1/archive/*/attachments/*": person(404, path="/api/v1/archive/999999/attachments/1"),
    "POST /api/v1/send": person(400, 409, 422, body={"to": []}),
    "GET /api/v1/outbox": person(200),
    "POST /api/v1/outbox/run": person(200, body={}),
    "GET /api/v1/outbox/*": person(404, path="/api/v1/outbox/999999"),
    "POST /api/v1/outbox/*/retry": person(404, path="/api/v1/outbox/999999/retry", body={}),
    "POST /api/v1/outbox/*/cancel": person(404, path="/api/v1/outbox/999999/cancel", body={}),
    "GET /api/v1/audit": administrator(200),
}
# What a person may about themselves and an administrator about all: without naming oneself it is the
# administrator's, as above; test_clerks_reach_what_is_theirs has the other half.
OWN_TOO = {"GET /api/v1/users/*", "GET /api/v1/settings", "GET /api/v1/settings/*", "PUT /api/v1/settings/*",
           "DELETE /api/v1/settings/*"}
LAST = ["POST /benutzer/*/entfernen", "DELETE /api/v1/users/*", "POST /abmelden"]


def call(who: Person, name: str, key: str | None = None, csrf: str | None = None) -> Answer:
    """Calls the route NAME as a page of ours, or a program with KEY, would."""
    visit = VISITS[name]
    method, pattern = name.split(" ")
    path = visit.path or pattern
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if path.startswith("/api/"):
        body = visit.body if visit.body is None or isinstance(visit.body, str) else json.dumps(visit.body)
        headers |= {"Content-Type": "application/json"} | ({"X-CSRF-Token": csrf} if csrf else {})
    else:
        body = None if visit.body is None else urlencode(visit.body | ({"csrf": csrf} if csrf else {}))
    return who.request(method, path, body, **headers)


def is_sent_to_sign_in(answer: Answer) -> bool:
    """By a redirect, or, where a form was sent, by the page itself."""
    if answer.status == 403:
        return "/anmelden" in [form.action for form in answer.view.forms] and "Ihre Sitzung ist beendet" in answer.text
    return answer.status == 303 and answer.location.startswith("/anmelden") and "hinweis" not in answer.location

"""All pages in a real browser: at every width, in light, dark and forced colours, with the keyboard alone and
without scripts; axe finds nothing, nothing comes from elsewhere."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import page_browser
import pytest
from page import PAGE_PASSWORD, Daemon
from page_office import ADMIN, CLERK_A, CLERK_B, Office, add_person
from page_visits import VISITS
from peers.dovecot import Dovecot
from peers.node import Missing
from runner import ADDRESS, MARK, PASSWORD

pytestmark = pytest.mark.release_only

LONG = "sehr-langer-benutzername-ohne-jede-trennstelle-an-der-man-sieht"
HELPLESS = "h.hilflos"
# What has no page of its own to look at.
NO_PAGE = {"GET /importieren/ansicht", "GET /archiv/*", "GET /archiv/*/ansicht", "GET /archiv/*/eml", "GET /archiv/*/kopfzeilen",
           "GET /archiv/*/anlage", "GET /healthz", "GET /metrics", "GET /statisch/*", "GET /einrichten", "GET /einladung",
           "GET /einstellungen/authentifizierung", "GET /postausgang-ereignisse", "GET /postausgang/*",
           "GET /postausgang/*/ereignisse", "GET /postausgang/*/erneut", "GET /importieren/vorgang/*", "GET /importieren/vorgang/*/ereignisse",
           "GET /oauth/callback", "GET /senden/*", "GET /senden/*/anlage", "GET /senden/adressen"}
MANY = "name;display_name;archive;interface;account;imap.use-default\n" + "".join(
    f"p{number:02}.muster;Petra Muster-Mustermann {number};{'true' if number % 7 == 0 else ''};standard;"
    f"p{number:02}.muster@musterhausen.example;true\n" for number in range(55))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[Office]:
    """With one mailbox that answers."""
    with Office(tmp_path_factory.mktemp("browser")) as running:
        amtspost = running.amtspost
        amtspost.set_server(dovecot.plain_port)
        amtspost.set("office.name", "Stadt Musterhausen – Amt für Bürgerdienste")
        amtspost.set("oauth.client-id", "12345678-9abc-def0-1234-56789abcdef0")
        people = amtspost.folder / "many.csv"
        people.write_text(MANY, encoding="utf-8")
        amtspost.ok("user", "import", str(people))
        for user in (ADMIN, CLERK_A):
            amtspost.set("account", ADDRESS, user)
            amtspost.set("imap.password", PASSWORD, user)
        amtspost.set("mailboxes", "bauamt@musterhausen.example; poststelle@musterhausen.example", CLERK_A)
        amtspost.set("interface", "office365", CLERK_B)
        add_person(amtspost, LONG, "--display-name", "Wilhelmine " + "von und zu " * 5 + "Hohenstein", password=None)
        add_person(amtspost, HELPLESS, account=ADDRESS, interface="standard", imap__use_default="true",
                   imap__password=MARK + " falsch")
        amtspost.run("folders", "--user", HELPLESS)
        yield running


def play(script: str, daemon: Daemon, user: str | None = None, **plan: Any) -> Any:
    person = {"name": user, "password": PAGE_PASSWORD} if user else None
    if page_browser.PICTURES:
        Path(page_browser.PICTURES).mkdir(parents=True, exist_ok=True)
    try:
        return page_browser.run(script, origin=daemon.address, person=person, folder=page_browser.PICTURES, **plan)
    except Missing as reason:
        pytest.skip(str(reason))


def stop(name: str, path: str | None, *acts: tuple[str, ...]) -> dict:
    return {"name": name, "path": path, "acts": acts}


def pages(*roles: str) -> list[dict]:
    """The pages of all routes for ROLES."""
    found = []
    for name, visit in VISITS.items():
        if name.startswith("GET ") and "/api/" not in name and name not in NO_PAGE and visit.role in roles:
            path = visit.path or name.removeprefix("GET ")
            title = path.partition("?")[0].strip("/").replace("/", "-") or "start"
            found.append(stop(f"{roles[0].lower()}-{title}", path))
    return found


def check(report: dict) -> None:
    faults = {name: page["faults"] for name, page in report["stops"].items() if page["faults"]}
    assert not faults, "\n".join(f"{name}: {fault}" for name, found in faults.items() for fault in found[:12])
    assert not report["faults"]
    assert all(page["title"].endswith(("– Amtspost", "Bürgerdienste")) for page in report["stops"].values())


def test_pages_of_everybody(office):
    add_person(office.amtspost, "e.laden", password=None)
    link = office.amtspost.ok("user", "invite", "e.laden").stdout
    token = link.split("einladung?k=")[1].split()[0]
    check(play("walk.mjs", office.daemon, stops=[
        *pages("ANYBODY"),
        stop("anmelden-falsch", "/anmelden", ("fill", "#benutzer", "wer"), ("fill", "#kennwort", "falsch, falsch"),
             ("send", "main button[type=submit]")),
        stop("einladung", f"/einladung?k={token}"),
        stop("einladung-falsch", None, ("fill", "#kennwort", "kurz"), ("fill", "#wiederholung", "kurz"),
             ("send", "main button[type=submit]")),
        stop("einladung-vorbei", "/einladung?k=vorbei"),
        stop("unbekannt", "/gibt/es/nicht"),
    ]))


def test_the_first_page_of_all(amtspost):
    with Daemon(amtspost) as daemon:
        check(play("walk.mjs", daemon, stops=[stop("einrichten", daemon.setup)]))


def test_pages_of_a_clerk(office):
    check(play("walk.mjs", office.daemon, CLERK_A, stops=[
        *pages("PERSON"),
        stop("person-pruefen", "/einstellungen", ("send", "form[action='/pruefen'] button")),
        stop("person-anmelden-falsch", "/einstellungen", ("fill", "[id='imap.password']", "falsch"),
             ("send", "form[action='/einstellungen/anmelden'] button[type=submit]")),
        stop("person-verboten", "/benutzer"),
        stop("person-zurueck", "/oauth/callback?code=x&state=y"),
    ]))


def test_pages_of_a_clerk_with_office365(office):
    check(play("walk.mjs", office.daemon, CLERK_B, stops=[stop("office365-einstellungen", "/einstellungen")]))


def test_pages_of_an_administrator(office):
    settings = "/systemsteuerung/schnittstellen"
    check(play("walk.mjs", office.daemon, ADMIN, stops=[
        *pages("ADMINISTRATOR"),
        stop("administrator-start", "/"),
        stop("administrator-menue", "/", ("open", "details.menu:last-of-type >> nth=-1")),
        stop("administrator-falsch", settings, ("fill", "[id='imap.host']", "kein host"),
             ("select", "[id='imap.tls']", "tls1.0"), ("send", f"form[action='{settings}'] .buttons button")),
        stop("administrator-gespeichert", settings, ("select", "[id='smtp.tls']", "tls1.0"),
             ("send", f"form[action='{settings}'] .buttons button")),
        stop("administrator-pruefen", settings, ("fill", "#benutzer", HELPLESS), ("send", "form[action='/pruefen'] button")),
        stop("administrator-langer-name", f"/benutzer/{LONG}"),
        stop("administrator-einladen", f"/benutzer/{LONG}", ("send", "form[action$='/einladen'] button")),
        stop("administrator-liste-2", "/benutzer?suche=muster&seite=2"),
        stop("administrator-niemand", "/benutzer?suche=gibtesnicht"),
        stop("administrator-csv", "/benutzer-import", ("file", "#datei", "name;display_name\nneu.eins;Neu Eins\nneu.zwei;\n"),
             ("send", "main button[type=submit]")),
        stop("administrator-csv-falsch", "/benutzer-import", ("file", "#datei", "name;imap.port\nneu.eins;0\n.x;993\n"),
             ("send", "main button[type=submit]")),
    ]))


def check_steps(report: dict) -> None:
    assert not [name for name, good in report["steps"] if not good]
    assert len(report["steps"]) > 10 and not report["faults"]


def test_with_the_keyboard_alone(office):
    report = play("keyboard.mjs", office.daemon, ADMIN, stops=pages("ADMINISTRATOR") + pages("PERSON"))
    check_steps(report)
    assert not {name: faults for name, faults in report["stops"].items() if faults}


def test_what_office365_does_not_use_is_off_at_once(office):
    check_steps(play("office365.mjs", office.daemon, ADMIN, path=f"/benutzer/{CLERK_A}/office"))
    amtspost = office.amtspost
    assert amtspost.get("interface", CLERK_A)["value"] == "standard"
    assert amtspost.get("imap.password", CLERK_A)["set"] and not amtspost.get("imap.username", CLERK_A)["set"]


def test_without_scripts(office):
    check_steps(play("plain.mjs", office.daemon, ADMIN, clerk=CLERK_A, stops=[
        stop("user", f"/benutzer/{CLERK_A}"), stop("effective", f"/benutzer/{CLERK_A}/wirksam"), stop("log", "/protokoll"),
        stop("oauth", "/systemsteuerung/oauth"), stop("own", "/einstellungen"), stop("help", "/hilfe"),
    ]))


@pytest.fixture
def frozen() -> Iterator[int]:
    """The port of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_waiting_is_seen_and_ends(office, frozen):
    amtspost = office.amtspost
    amtspost.set("imap.use-default", "false", CLERK_A)
    amtspost.set("network.timeout", "60")
    for key, value in (("imap.host", "127.0.0.1"), ("imap.port", str(frozen)), ("imap.tls", "none")):
        amtspost.set(key, value, CLERK_A)
    try:
        check_steps(play("waiting.mjs", office.daemon, CLERK_A))
    finally:
        amtspost.set("imap.use-default", "true", CLERK_A)
        amtspost.set("network.timeout", "5")

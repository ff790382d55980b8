"""Signing in to the page: sessions and their ends, forged forms, floods, links that count once."""

import http.client
import re
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest
from page import PAGE_PASSWORD, Answer, Daemon, Person
from page_office import ADMIN, CLERK_A, CLERK_B, Office, add_person, execute
from page_visits import API, VISITS, call, is_sent_to_sign_in
from runner import MARK

pytestmark = pytest.mark.sanitized_only

COOKIE = "amtspost"
NEW_PASSWORD = MARK + " ganz neu"
HOURS = 60 * 60
CHANGING = [name for name in VISITS if not name.startswith("GET ")]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("sessions")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_tries(office: Office) -> None:
    execute(office.amtspost, "DELETE FROM password_tries")


def is_in(person: Person) -> bool:
    answer = person.request("GET", "/")
    assert answer.status == 200 or is_sent_to_sign_in(answer)
    return answer.status == 200


def with_cookie(office: Office, token: str) -> Person:
    """A browser into which TOKEN came somehow."""
    person = office.person()
    person.cookies[COOKIE] = token
    return person


def try_to_sign_in(office: Office, name: str, password: str = PAGE_PASSWORD, person: Person | None = None,
                   **headers: str) -> Answer:
    return (person or office.person()).request(
        "POST", "/anmelden", urlencode({"benutzer": name, "kennwort": password}), **headers)


# ---- sessions ----


def test_the_cookie(office):
    answer = try_to_sign_in(office, CLERK_A)
    assert answer.status == 303
    [cookie] = answer.headers.get_all("Set-Cookie")
    parts = [part.strip() for part in cookie.split(";")]
    assert re.fullmatch(COOKIE + r"=[A-Za-z0-9_-]{43}", parts[0])
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)
    assert not [part for part in parts if part.startswith(("Domain", "Expires", "Max-Age"))]
    assert answer.headers["Cache-Control"] != "public"


def test_the_cookie_over_tls(amtspost, certificate, authority):
    """A name that a page without TLS, or a neighbour below the same domain, cannot set."""
    add_person(amtspost, CLERK_A)
    with Daemon(amtspost, "--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.key)) as daemon:
        context = ssl.create_default_context(cafile=authority.certificate)
        connection = http.client.HTTPSConnection("localhost", daemon.port, context=context, timeout=30)
        connection.request("POST", "/anmelden", urlencode({"benutzer": CLERK_A, "kennwort": PAGE_PASSWORD}),
                           {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        response.read()
        cookie = response.headers["Set-Cookie"]
        assert response.status == 303 and cookie.startswith("__Host-amtspost=")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "max-age=" in response.headers["Strict-Transport-Security"]
        for name, status in ((cookie.split(";")[0], 200), (cookie.split(";")[0].removeprefix("__Host-"), 303)):
            connection.request("GET", "/", headers={"Cookie": name})
            response = connection.getresponse()
            response.read()
            assert response.status == status, name
        connection.close()


@pytest.mark.parametrize("owner", [None, CLERK_B], ids=["made up", "the attacker's"])
def test_a_planted_session_is_not_taken_over(office, owner):
    planted = office.fresh(owner).cookies[COOKIE] if owner else "A" * 43
    victim = with_cookie(office, planted)
    assert try_to_sign_in(office, CLERK_A, person=victim).status == 303
    assert victim.cookies[COOKIE] != planted and is_in(victim)
    assert CLERK_A in victim.get("/einstellungen/kennwort").html or "Karla Klein" in victim.last.html
    assert not is_in(with_cookie(office, planted))


def test_each_sign_in_has_a_session_of_its_own(office):
    one, two = office.fresh(CLERK_A), office.fresh(CLERK_A)
    assert one.cookies[COOKIE] != two.cookies[COOKIE]
    assert one.get("/") and two.get("/") and one.csrf() != two.csrf()
    assert one.csrf() != one.cookies[COOKIE]


def test_signing_out_ends_the_session(office):
    person = office.fresh(CLERK_A)
    stolen = with_cookie(office, person.cookies[COOKIE])
    person.get("/")
    answer = person.submit("/abmelden", follow=False)
    assert answer.location == "/anmelden?hinweis=abgemeldet" and "Max-Age=0" in answer.headers["Set-Cookie"]
    assert COOKIE not in person.cookies and not is_in(stolen)
    # The page that was open before must not be shown from the browser's store.
    assert office.fresh(CLERK_A).get("/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("column, age", [("used", 2 * HOURS), ("started", 12 * HOURS)])
def test_sessions_end_by_themselves(office, column, age):
    person = office.fresh(CLERK_A)
    move = f"UPDATE sessions SET {column} = {column} - ?"
    execute(office.amtspost, move, age - 60)
    assert is_in(person)
    if column == "used":  # it is in use again, so the time counts anew
        execute(office.amtspost, move, 120)
        assert is_in(person)
    execute(office.amtspost, f"UPDATE sessions SET {column} = unixepoch() - ?", age + 1)
    assert not is_in(person) and not is_in(person)
    office._people.clear()  # all sessions ended  # pylint: disable=protected-access


def test_a_locked_users_session_ends_and_stays_ended(office):
    add_person(office.amtspost, "l.lock")
    person, admin = office.fresh("l.lock"), office.person(ADMIN)
    admin.get("/benutzer/l.lock")
    admin.submit("/benutzer/l.lock/sperren")
    assert not is_in(person)
    refused = try_to_sign_in(office, "l.lock")
    assert refused.status == 403 and "gesperrt" in refused.text
    admin.submit("/benutzer/l.lock/freigeben")
    assert not is_in(person)
    assert try_to_sign_in(office, "l.lock").status == 303


def test_a_removed_users_session_ends_and_nobody_inherits_it(office):
    add_person(office.amtspost, "r.rest")
    person, admin = office.fresh("r.rest"), office.person(ADMIN)
    admin.get("/benutzer/r.rest")
    admin.submit("/benutzer/r.rest/entfernen")
    assert not is_in(person)
    add_person(office.amtspost, "r.rest")
    assert not is_in(person)


def test_a_new_password_ends_all_sessions(office):
    add_person(office.amtspost, "p.neu")
    people = [office.fresh("p.neu"), office.fresh("p.neu")]
    office.amtspost.ok("user", "passwd", "p.neu", stdin=NEW_PASSWORD + "\n")
    assert not any(is_in(person) for person in people)
    assert try_to_sign_in(office, "p.neu").status == 403
    assert try_to_sign_in(office, "p.neu", NEW_PASSWORD).status == 303


def test_the_database_holds_no_token(office):
    person = office.fresh(CLERK_A)
    person.get("/")
    key = office.key("held", ADMIN)
    stored = b"".join(path.read_bytes() for path in office.amtspost.data.glob("amtspost.db*"))
    for secret in (person.cookies[COOKIE], person.csrf(), key, PAGE_PASSWORD):
        assert secret.encode() not in stored
    assert b"$argon2id$" in stored


# ---- forged forms ----


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43, "another"], ids=str)
def test_forms_without_their_own_token(office, token):
    person, other = office.fresh(ADMIN), office.fresh(ADMIN)
    person.get("/"), other.get("/")
    sent = other.csrf() if token == "another" else token
    before = office.snapshot()
    for name in CHANGING:
        if VISITS[name].role != "ANYBODY":
            answer = call(person, name, csrf=sent)
            assert answer.status == 403, (name, answer.status)
    assert office.snapshot() == before and is_in(person)


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(headers.values()))
def test_forms_from_elsewhere(office, headers):
    """Even with the right token, which nobody there can know."""
    person = office.fresh(ADMIN)
    person.get("/")
    before = office.snapshot()
    for name in CHANGING:
        visit = VISITS[name]
        path = visit.path or name.split(" ")[1]
        if API in path:
            continue
        body = urlencode((visit.body or {}) | {"csrf": person.csrf()})
        answer = person.request("POST", path, body, **headers)
        assert answer.status == 403 and "Set-Cookie" not in answer.headers, (name, answer.status)
    token = {"X-CSRF-Token": person.csrf(), "Content-Type": "application/json"}
    answer = person.request("PUT", "/api/v1/settings/office.name", '{"value": "X"}', **token, **headers)
    assert answer.status == 403
    assert office.snapshot() == before and is_in(person)


def test_forms_from_our_own_page(office):
    person = office.fresh(ADMIN)
    host = f"localhost:{office.daemon.port}"
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": f"http://{host}"},
                    {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{host}"}):
        person.get("/systemsteuerung/behoerde")
        assert person.post("/systemsteuerung/behoerde", {}, follow=False, **headers).status == 303


def test_signing_in_from_elsewhere(office):
    """Nobody is signed in under another's name without noticing."""
    person = office.person()
    for headers in FOREIGN:
        assert try_to_sign_in(office, CLERK_A, person=person, **headers).status == 403
    assert not person.cookies


def test_a_session_does_not_sign_a_get(office):
    """Links change nothing: every route that changes something takes no GET."""
    person = office.fresh(ADMIN)
    before = office.snapshot()
    for name in CHANGING:
        path = VISITS[name].path or name.split(" ")[1]
        if f"GET {name.split(' ')[1]}" not in VISITS:
            assert person.request("GET", path).status in (404, 405), name
    assert office.snapshot() == before


# ---- trying passwords ----


def test_a_flood_for_one_name(office):
    add_person(office.amtspost, "f.flut")
    for number in range(5):
        answer = try_to_sign_in(office, "f.flut", f"falsch {number}")
        assert answer.status == 403 and "Benutzername oder Kennwort ist falsch" in answer.text
    for name in ("f.flut", "F.FLUT", "f.Flut"):
        answer = try_to_sign_in(office, name)
        assert answer.status == 403 or answer.status == 429
        assert "zu viele Anmeldeversuche" in answer.text and "15 Minuten" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert try_to_sign_in(office, CLERK_A).status == 303
    execute(office.amtspost, "UPDATE password_tries SET time = time - 901")
    assert try_to_sign_in(office, "f.flut").status == 303
    rows = execute(office.amtspost,
                   "SELECT actor, action, detail FROM audit WHERE subject = 'f.flut' AND action LIKE 'session.%'")
    assert rows.count(("web:127.0.0.1", "session.refused", "wrong password")) == 5
    assert rows[-1][:2] == ("f.flut", "session.start")


def test_a_flood_over_many_names(office):
    """From one address, side by side: the limit holds, and who is in stays in."""
    signed_in = office.fresh(CLERK_B)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: try_to_sign_in(office, f"name{number}", "falsch, falsch"), range(40)))
    refused = [answer for answer in answers if "Benutzername oder Kennwort" in answer.text]
    assert len(refused) <= 20
    assert all("zu viele" in answer.text for answer in answers if answer not in refused)
    assert "zu viele" in try_to_sign_in(office, CLERK_A).text
    begin = time.monotonic()
    assert is_in(signed_in) and time.monotonic() - begin < 5
    named = execute(office.amtspost, "SELECT count(*) FROM audit WHERE subject LIKE 'name%' OR detail LIKE '%name1%'")
    assert named == [(0,)]


def test_wrong_and_unknown_names_look_the_same(office):
    add_person(office.amtspost, "o.ohne", password=None)
    texts = {try_to_sign_in(office, name, "falsch, ganz falsch").text
             for name in (CLERK_A, "gibt-es-nicht", "o.ohne", "x" * 300, "a\u202eb", "")}
    assert len(texts) == 1


@pytest.mark.parametrize("password", ["", " ", "x" * 2000, "ä" * 1500])
def test_odd_passwords(office, password):
    assert try_to_sign_in(office, CLERK_A, password).status == 403


def test_the_password_does_not_come_back(office):
    answer = try_to_sign_in(office, "Karla \"<b>", MARK + " falsch")
    assert 'value="Karla &quot;&lt;b&gt;"' in answer.html


# ---- where to after signing in ----


@pytest.mark.parametrize("path", [
    "//evil.example", "/\\evil.example", "https://evil.example", "http:/evil.example", "\\\\evil.example", "///evil.example",
    "javascript:alert(1)", "evil.example", "", "/\t/evil.example", "/%09/evil.example", "\t//evil.example", "/\n/evil.example",
    "/\r\nSet-Cookie: a=b", "/..//evil.example", "/.//evil.example", "@evil.example",
])
def test_nowhere_else(office, path):
    page = office.person().get(f"/anmelden?weiter={quote(path)}")
    assert page.status == 400 or leads_home(page.view.form("/anmelden").fields["weiter"])
    answer = office.person().request(
        "POST", "/anmelden", urlencode({"benutzer": CLERK_A, "kennwort": PAGE_PASSWORD, "weiter": path}))
    assert answer.status == 303 and leads_home(answer.location)
    assert len(answer.headers.get_all("Set-Cookie")) == 1


def leads_home(target: str) -> bool:
    """As the URL standard reads it: tabs and line breaks are nothing, a backslash is a slash."""
    seen = re.sub(r"[\t\r\n]", "", target).replace("\\", "/")
    return seen.startswith("/") and not seen.startswith("//")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example", "localhost:x",
                                  "localhost/evil", "localhost:80@evil.example", "[::1]", ""])
def test_the_way_back_from_the_identity_provider_leads_nowhere_else(office, host):
    answer = office.person().request("GET", "/oauth/callback?code=x&state=y", Host=host)
    assert answer.status == 400 or answer.location == "/anmelden" or \
        re.match(r"http://127\.0\.0\.1(:\d+)?/oauth/callback\?", answer.location)


def test_back_to_where_one_wanted_to(office):
    person = office.person()
    answer = person.get("/benutzer/b.berg/office")
    assert answer.path == "/anmelden?weiter=/benutzer/b.berg/office"
    answer = person.submit("/anmelden", benutzer=ADMIN, kennwort=PAGE_PASSWORD)
    assert answer.path == "/benutzer/b.berg/office" and answer.status == 200
    assert person.get("/anmelden", follow=False).location == "/"


# ---- links that count once ----


def invite(office: Office, name: str) -> str:
    """The path of the link."""
    admin = office.fresh(ADMIN)
    admin.get(f"/benutzer/{name}")
    page = admin.submit(f"/benutzer/{name}/einladen")
    return re.search(rf"http://localhost:{office.daemon.port}(/einladung\?k=[\w-]+)", page.text)[1]


def choose(person: Person, password: str = NEW_PASSWORD, again: str | None = None, **fields: str) -> Answer:
    return person.submit("/einladung", kennwort=password, wiederholung=again or password, **fields)


def test_an_invitation_counts_once(office):
    add_person(office.amtspost, "e.eins", password=None)
    link = invite(office, "e.eins")
    person, late = office.person(), office.person()
    assert "e.eins" in person.get(link).text and late.get(link).status == 200
    assert choose(person).path == "/anmelden?hinweis=kennwort"
    assert person.cookies == {}
    assert choose(late, "ein anderes Kennwort").status == 410
    assert office.person().get(link).status == 410
    assert try_to_sign_in(office, "e.eins", NEW_PASSWORD).status == 303
    assert try_to_sign_in(office, "e.eins", "ein anderes Kennwort").status == 403


def test_wrong_choices_do_not_use_the_invitation_up(office):
    add_person(office.amtspost, "e.zwei", password=None)
    person = office.person()
    person.get(invite(office, "e.zwei"))
    different = choose(person, again="nicht gleich")
    assert different.status == 422 and "nicht gleich" in different.text
    assert choose(person, "kurz").status == 422
    assert choose(person, "x" * 1025).status == 422
    assert choose(person).path == "/anmelden?hinweis=kennwort"


def test_invitations_that_are_over(office):
    add_person(office.amtspost, "e.drei")
    first = invite(office, "e.drei")
    second = invite(office, "e.drei")
    assert office.person().get(first).status == 410  # replaced
    execute(office.amtspost, "UPDATE invitations SET expires = unixepoch() - 1")
    assert office.person().get(second).status == 410  # too old
    third = invite(office, "e.drei")
    office.amtspost.ok("user", "lock", "e.drei")
    assert office.person().get(third).status == 410
    office.amtspost.ok("user", "unlock", "e.drei")
    fourth = invite(office, "e.drei")
    office.amtspost.ok("user", "passwd", "e.drei", stdin=NEW_PASSWORD + "\n")
    assert office.person().get(fourth).status == 410  # another password since
    for made_up in ("", "?k=", "?k=x", "?k=" + "A" * 43, "?k=%00"):
        assert office.person().get("/einladung" + made_up).status in (400, 410)


def test_a_new_password_by_invitation_ends_sessions(office):
    add_person(office.amtspost, "e.vier")
    signed_in, person = office.fresh("e.vier"), office.person()
    person.get(invite(office, "e.vier"))
    assert is_in(signed_in)
    choose(person)
    assert not is_in(signed_in)


def test_the_link_is_told_to_nobody_else(office):
    """No Referer, no browser's store, no log, no audit row holds it."""
    add_person(office.amtspost, "e.funf", password=None)
    link = invite(office, "e.funf")
    page = office.person().get(link)
    assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin") and page.headers["Cache-Control"] == "no-store"
    assert link.split("=")[1] not in office.daemon.errors + str(office.snapshot()["audit"])


# ---- the first administrator ----


def set_up(person: Person, name: str = "erste", password: str = PAGE_PASSWORD, **fields: str) -> Answer:
    return person.submit("/einrichten", benutzer=name, kennwort=password, **{"wiederholung": password} | fields)


def test_the_set_up_link(amtspost):
    with Daemon(amtspost) as daemon:
        link = daemon.setup
        assert re.fullmatch(r"/einrichten\?k=[\w-]{43}", link)
        person, late = daemon.person(), daemon.person()
        for wrong in ("/einrichten", "/einrichten?k=", "/einrichten?k=x", link[:-1], link + "x"):
            assert person.get(wrong).status == 410, wrong
        assert person.get(link).status == 200 and late.get(link).status == 200
        assert set_up(person, wiederholung="anders, anders").status == 422
        assert set_up(person, password="kurz").status == 422
        assert set_up(person, name=".punkt").status == 422
        assert amtspost.json("user", "list") == []
        assert set_up(person, name_="Erika <Erste>").path == "/anmelden?hinweis=kennwort"
        assert set_up(late, name="zweite").status == 410 and daemon.person().get(link).status == 410
        [user] = amtspost.json("user", "list")
        assert (user["name"], user["admin"], user["archive"]) == ("erste", True, False)
        person.sign_in("erste")
        assert "Erika &lt;Erste&gt;" in person.get("/benutzer").html
    with Daemon(amtspost) as daemon:
        assert daemon.setup == "" and daemon.person().get(link).status == 410


def test_the_set_up_link_used_by_two_at_once(amtspost):
    with Daemon(amtspost) as daemon:
        people = [daemon.person() for _ in range(8)]
        for person in people:
            person.get(daemon.setup)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda pair: set_up(pair[1], name=f"erste{pair[0]}"), enumerate(people)))
        assert sum(answer.path.startswith("/anmelden") for answer in answers) == 1
        assert len(amtspost.json("user", "list")) == 1


def test_a_set_up_link_is_void_as_soon_as_there_is_an_administrator(amtspost):
    """Added on the command line while the daemon runs."""
    with Daemon(amtspost) as daemon:
        person = daemon.person()
        person.get(daemon.setup)
        add_person(amtspost, "k.zeile", "--admin")
        assert set_up(person).status == 410
        assert daemon.person().get(daemon.setup).status == 410
        assert [user["name"] for user in amtspost.json("user", "list")] == ["k.zeile"]

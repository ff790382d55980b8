"""Who may reach which page and which row of the API: every route by everybody, and what belongs to others."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import page_routes
import pytest
from page import Answer, Person
from page_office import ADMIN, CLERK_A, CLERK_B, DISABLED, LOCKED, SECRET, Office, add_person, execute
from page_visits import API, KEY, LAST, OWN_TOO, TARGET, VISITS, call, is_sent_to_sign_in
from runner import MARK

pytestmark = pytest.mark.sanitized_only


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("access")) as running:
        yield running


def test_every_route_is_covered():
    rows = page_routes.read()
    assert len(rows) > 60
    roles = {str(row): "ADMINISTRATOR" if str(row) in OWN_TOO else row.role for row in rows}
    assert roles == {name: visit.role for name, visit in VISITS.items()}


def judge_refusal(name: str, answer: Answer, signed_in: bool) -> str | None:
    """What is wrong with ANSWER, which must be a refusal; None: nothing."""
    if API in name:
        status = 403 if signed_in else 401
        problem = answer.headers["Content-Type"] == "application/problem+json" and json.loads(answer.body)
        fine = answer.status == status and problem and problem["status"] == status
    else:
        fine = answer.status == 403 if signed_in else is_sent_to_sign_in(answer)
    return None if fine else f"{answer.status} {answer.location} {answer.body[:200]!r}"


def check_refused(office: Office, who: Person, names: list[str], signed_in: bool, **how) -> None:
    before = office.snapshot()
    faults = {name: fault for name in names
              if (fault := judge_refusal(name, call(who, name, **how), signed_in))}
    assert not faults
    assert office.snapshot() == before


def check_allowed(office: Office, who: Person, names: list[str], **how) -> None:
    faults = {}
    for name in sorted(names, key=lambda name: LAST.index(name) if name in LAST else -1):
        prepare(office, name)
        answer = call(who, name, **how)
        wrong = answer.status not in VISITS[name].good or \
            name not in ("POST /abmelden", "GET /anmelden") and is_sent_to_sign_in(answer)
        if wrong:
            faults[name] = f"{answer.status} {answer.location} {answer.text[:300]!r}"
    assert not faults


def prepare(office: Office, name: str) -> None:
    """What the administrators' deeds are done to."""
    visit = VISITS[name]
    if visit.body and TARGET in str(visit.body):
        office.amtspost.run("user", "remove", TARGET)
    elif visit.body and KEY in str(visit.body):
        office.amtspost.run("apikey", "remove", KEY)
    elif TARGET in visit.path:
        office.amtspost.run("user", "add", TARGET)
    elif KEY in visit.path:
        office.amtspost.run("apikey", "add", KEY, "--user", ADMIN)


def names(*roles: str, api: bool | None = None) -> list[str]:
    return [name for name, visit in VISITS.items()
            if visit.role in roles and api in (None, API in name)]


def test_nobody(office):
    check_refused(office, office.person(), names("PERSON", "ADMINISTRATOR"), signed_in=False)
    check_allowed(office, office.person(), names("ANYBODY"))


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 5000, "\";DROP TABLE sessions"])
def test_made_up_sessions(office, cookie):
    visitor = office.person()
    visitor.cookies["amtspost"] = cookie
    check_refused(office, visitor, ["GET /", "GET /benutzer", "POST /benutzer-neu", "GET /api/v1/users"], signed_in=False)


@pytest.mark.parametrize("name", [CLERK_A, DISABLED])
def test_clerks(office, name):
    csrf = office.csrf(name)
    check_refused(office, office.person(name), names("ADMINISTRATOR"), signed_in=True, csrf=csrf)
    who = office.fresh(name)
    check_allowed(office, who, names("ANYBODY", "PERSON"), csrf=(who.get("/"), who.csrf())[1])


def test_locked_users(office):
    """Their sessions and keys have ended."""
    who = office.person(LOCKED)
    assert who.cookies
    check_refused(office, who, names("PERSON", "ADMINISTRATOR"), signed_in=False)
    check_refused(office, office.person(), names("PERSON", "ADMINISTRATOR", api=True), signed_in=False,
                  key=office.key("locked", LOCKED))


def test_administrators(office):
    who = office.fresh(ADMIN)
    who.get("/")
    check_allowed(office, who, [name for name in VISITS if name != "GET /anmelden"], csrf=who.csrf())


def test_keys_of_administrators(office):
    key = office.key("admin", ADMIN)
    check_allowed(office, office.person(), names("PERSON", "ADMINISTRATOR", api=True), key=key)
    check_refused(office, office.person(), names("PERSON", "ADMINISTRATOR", api=False), signed_in=False, key=key)


def test_keys_of_clerks(office):
    key = office.key("clerk", CLERK_A)
    check_refused(office, office.person(), names("ADMINISTRATOR", api=True), signed_in=True, key=key)
    check_allowed(office, office.person(), names("PERSON", api=True), key=key)


def test_keys_that_are_over(office):
    expired, removed = office.key("expired", ADMIN), office.key("removed", ADMIN)
    assert call(office.person(), "GET /api/v1/users", key=expired).status == 200
    assert call(office.person(), "GET /api/v1/users", key=removed).status == 200
    execute(office.amtspost, "UPDATE api_keys SET expires = 1 WHERE label = 'expired'")
    office.amtspost.ok("apikey", "remove", "removed")
    for key in (expired, removed, "", "x", expired + "x", expired[:-1], "amtspost_" + "A" * 43):
        if key:
            check_refused(office, office.person(), names("PERSON", "ADMINISTRATOR", api=True), signed_in=False, key=key)


def test_a_bad_key_is_not_made_good_by_a_session(office):
    """A program that sends a key is nobody else, whatever its cookies are."""
    who = office.fresh(ADMIN)
    assert call(who, "GET /api/v1/users").status == 200
    assert call(who, "GET /api/v1/users", key="amtspost_" + "B" * 43).status == 401


def test_keys_need_no_form_token_and_open_no_page(office):
    key = office.key("admin", ADMIN)
    assert call(office.person(), "PUT /api/v1/settings/*", key=key).status == 200
    assert call(office.person(), "DELETE /api/v1/settings/*", key=key).status == 200
    assert is_sent_to_sign_in(call(office.person(), "GET /benutzer", key=key))


# ---- what belongs to others ----

OTHERS = [
    ("GET", "/api/v1/users/{}", None),
    ("GET", "/api/v1/settings?user={}", None),
    ("GET", "/api/v1/settings/imap.username?user={}", None),
    ("GET", "/api/v1/settings/imap.password?user={}", None),
    ("PUT", "/api/v1/settings/imap.username?user={}", {"value": "x"}),
    ("PUT", "/api/v1/settings/imap.password?user={}", {"value": SECRET}),
    ("PUT", "/api/v1/settings/import.after?user={}", {"value": "seen"}),
    ("DELETE", "/api/v1/settings/imap.password?user={}", None),
    ("GET", "/api/v1/login?user={}", None),
    ("POST", "/api/v1/login?user={}", {"imap_password": SECRET}),
    ("DELETE", "/api/v1/login?user={}", None),
    ("DELETE", "/api/v1/login?user={}&mailbox=bau@amt.example", None),
    ("POST", "/api/v1/check?user={}", {}),
    ("POST", "/api/v1/check?user={}&protocol=imap", {}),
    ("GET", "/api/v1/folders?user={}", None),
    ("GET", "/api/v1/folders?user={}&all=1&mailbox=bau@amt.example", None),
    ("GET", "/api/v1/messages?user={}&folder=INBOX", None),
]


@pytest.mark.parametrize("by_key", [True, False], ids=["key", "session"])
def test_a_clerk_never_reaches_another(office, by_key):
    before = office.snapshot()
    who = office.person() if by_key else office.person(CLERK_A)
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {office.key('clerk', CLERK_A)}"} if by_key
        else {"X-CSRF-Token": office.csrf(CLERK_A)})
    spellings = [CLERK_B, CLERK_B.upper(), f"{CLERK_B}%20", f"%62{CLERK_B[1:]}", ADMIN, "gibt-es-nicht", "", "%2e%2e"]
    for method, path, body in OTHERS:
        for name in spellings:
            if name or "user=" in path:
                answer = who.request(method, path.format(name), None if body is None else json.dumps(body), **headers)
                assert answer.status == 403, (method, path, name, answer.body)
    # Which of two equal parameters counts is the same for the check and the deed.
    for query in (f"user={CLERK_A}&user={CLERK_B}", f"user={CLERK_B}&user={CLERK_A}"):
        answer = who.request("GET", f"/api/v1/login?{query}", **headers)
        assert answer.status == 403 or json.loads(answer.body)["account"] == "klein@amt.example"
    assert office.snapshot() == before


def test_clerks_reach_what_is_theirs(office):
    who, key = office.person(), office.key("clerk", CLERK_A)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(method: str, path: str, body: dict | None = None) -> Answer:
        return who.request(method, path, body and json.dumps(body), **headers)

    assert json.loads(ask("GET", f"/api/v1/users/{CLERK_A}").body)["name"] == CLERK_A
    own = json.loads(ask("GET", f"/api/v1/settings?user={CLERK_A}").body)
    assert {row["key"]: row["value"] for row in own}["account"] == "klein@amt.example"
    assert json.loads(ask("GET", f"/api/v1/settings/account?user={CLERK_A}").body)["value"] == "klein@amt.example"
    changed = ask("PUT", f"/api/v1/settings/smtp.signature?user={CLERK_A}", {"value": "Gruß"})
    assert json.loads(changed.body)["value"] == "Gruß" and office.amtspost.get("smtp.signature", CLERK_A)["value"] == "Gruß"
    assert ask("DELETE", f"/api/v1/settings/smtp.signature?user={CLERK_A}").status == 200


def test_a_clerk_changes_only_what_is_a_clerks(office):
    """imap.* and smtp.* user names and passwords, the signature, import.*: nothing else of one's own."""
    free = {"imap.username", "imap.password", "smtp.username", "smtp.password", "smtp.signature",
            "import.hidden-folders", "import.after", "import.after-folder"}
    headers = {"Authorization": f"Bearer {office.key('clerk', CLERK_A)}", "Content-Type": "application/json"}
    who = office.person()
    keys = [row["key"] for row in office.amtspost.json("settings", "list", "--user", CLERK_A)]
    assert free < set(keys) and "oauth.token-folder" in keys
    for key in set(keys) - free:
        path = f"/api/v1/settings/{key}?user={CLERK_A}"
        assert who.request("PUT", path, json.dumps({"value": "1"}), **headers).status == 403, key
        assert who.request("DELETE", path, **headers).status == 403, key
    for key in free:
        assert who.request("PUT", f"/api/v1/settings/{key}", json.dumps({"value": "x"}), **headers).status == 403, key


def test_a_clerks_form_changes_nothing_else(office):
    """Fields that the own pages do not have are not taken."""
    who = office.fresh(CLERK_A)
    before = {row["key"]: row["value"] for row in office.amtspost.json("settings", "list", "--user", CLERK_A)}
    state = who.get("/einstellungen/postfaecher").view.form("/einstellungen/postfaecher").fields
    for path, extra in (("/einstellungen/postfaecher", {"imap.host": "evil.example", "interface": "disabled"}),
                        ("/einstellungen/anmelden", {"account": "evil@amt.example", "oauth.token-folder": "/tmp",
                                                     "imap.use-default": "true", "benutzer": CLERK_B})):
        who.get("/einstellungen/postfaecher")
        who.post(path, {name: value for name, value in state.items() if name != "csrf"} | extra)
    after = {row["key"]: row["value"] for row in office.amtspost.json("settings", "list", "--user", CLERK_A)}
    assert {key for key in before if before[key] != after[key]} <= {"import.hidden-folders"}


def test_a_clerk_checks_only_the_own_connection(office):
    who = office.person(CLERK_A)
    for name in (CLERK_B, CLERK_B.upper(), ADMIN, "gibt-es-nicht"):
        assert who.request("POST", "/pruefen", urlencode({"csrf": office.csrf(CLERK_A), "benutzer": name})).status == 403
    answer = who.request("POST", "/pruefen", urlencode({"csrf": office.csrf(CLERK_A), "benutzer": CLERK_A}))
    assert answer.status == 200 and CLERK_A in answer.text


def test_clerks_see_no_menu_of_administrators(office):
    links = office.person(CLERK_A).get("/").view.links
    assert "/einstellungen" in links
    assert not {link for link in links if link.startswith(("/systemsteuerung", "/benutzer", "/protokoll", "/zustand"))}
    assert "/benutzer" in office.person(ADMIN).get("/").view.links


def test_a_right_that_is_taken_is_gone_at_once(office):
    add_person(office.amtspost, "e.ehemals", "--admin")
    who = office.fresh("e.ehemals")
    assert who.get("/benutzer").status == 200
    execute(office.amtspost, "UPDATE users SET admin = 0 WHERE name = 'e.ehemals'")
    assert who.get("/benutzer").status == 403


def test_no_answer_tells_a_secret(office):
    """page.Answer looks at each answer of all these tests; this makes sure that there was something to tell."""
    who = office.person(ADMIN)
    for name in (CLERK_A, CLERK_B):
        office.amtspost.set("imap.password", SECRET, name)
    for route in page_routes.read():
        if route.method == "GET" and "*" not in route.path:
            who.request("GET", route.path)
    for name in (CLERK_A, CLERK_B):
        for tab in ("", "/office", "/wirksam"):
            assert who.get(f"/benutzer/{name}{tab}").status == 200
    assert MARK in SECRET
    with pytest.raises(AssertionError, match="secret"):
        who.daemon.amtspost.set("office.name", SECRET)
        who.get("/")
    who.daemon.amtspost.ok("settings", "unset", "office.name")

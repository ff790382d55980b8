"""The API answers what the command line answers, tells problems as RFC 9457 says, and describes itself."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import page_routes
import pytest
from mailbox_on_disk import Mailbox
from page import Answer
from page_office import ADMIN, CLERK_A, CLERK_B, Office, add_person
from peers.dovecot import Dovecot
from peers.maildir import Mail
from runner import MARK, PASSWORD

pytestmark = pytest.mark.sanitized_only

SIGN_IN = "w.falsch"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[Office]:
    """CLERK_A's mailbox answers."""
    box = Mailbox(dovecot, "m.mustermann@musterhausen.example")
    box.fill("INBOX", [Mail(f"From: Ä <a@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_{number}?=\r\n"
                            f"Date: Mon, 23 Nov 2026 1{number}:00:00 +0100\r\n\r\nText\r\n".encode(), 1795424400 + number)
                       for number in range(3)])
    with Office(tmp_path_factory.mktemp("api")) as running:
        running.amtspost.set_server(dovecot.plain_port)
        running.amtspost.set("account", box.address, CLERK_A)
        running.amtspost.set("imap.password", PASSWORD, CLERK_A)
        running.amtspost.set("imap.proxy.password", MARK, CLERK_A)
        yield running


def ask(office: Office, path: str, method: str = "GET", body: Any = None, text: str | None = None,
        user: str = ADMIN) -> Answer:
    """TEXT instead of a BODY: as it is."""
    sent = text if body is None else json.dumps(body)
    return office.person().request(method, f"/api/v1/{path}", sent, Authorization=f"Bearer {office.key(f'api {user}', user)}",
                                   Content_Type="application/json" if text is None else "text/csv")


def told(office: Office, path: str, **how: Any) -> Any:
    answer = ask(office, path, **how)
    assert answer.status in (200, 201) and answer.headers["Content-Type"] == "application/json", answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.body)


def refused(office: Office, path: str, status: int, condition: str | None, **how: Any) -> dict:
    """The problem."""
    answer = ask(office, path, **how)
    assert answer.status == status and answer.headers["Content-Type"] == "application/problem+json", answer.body
    problem = json.loads(answer.body)
    assert condition in (None, problem["error"]["condition"]), problem
    return problem


def without(document: Any, *names: str) -> Any:
    """DOCUMENT without what changes from one call to the next."""
    if isinstance(document, list):
        return [without(part, *names) for part in document]
    return {name: value for name, value in document.items() if name not in names} if isinstance(document, dict) else document


# ---- as the command line ----


@pytest.mark.parametrize("path, command", [
    ("users", ["user", "list"]),
    (f"users/{CLERK_A}", ["user", "show", CLERK_A]),
    ("settings", ["settings", "list"]),
    (f"settings?user={CLERK_A}", ["settings", "list", "--user", CLERK_A]),
    ("settings/imap.port", ["settings", "get", "imap.port"]),
    ("settings/imap.password", ["settings", "get", "imap.password"]),
    (f"settings/imap.password?user={CLERK_A}", ["settings", "get", "imap.password", "--user", CLERK_A]),
    (f"settings/mailboxes?user={CLERK_B}", ["settings", "get", "mailboxes", "--user", CLERK_B]),
    (f"login?user={CLERK_A}", ["login", "status", "--user", CLERK_A]),
    (f"folders?user={CLERK_A}", ["folders", "--user", CLERK_A]),
    (f"folders?user={CLERK_A}&all=1", ["folders", "--user", CLERK_A, "--all"]),
    (f"messages?user={CLERK_A}&folder=INBOX", ["messages", "--user", CLERK_A, "--folder", "INBOX"]),
    (f"messages?user={CLERK_A}&folder=INBOX&limit=2", ["messages", "--user", CLERK_A, "--folder", "INBOX", "--limit", "2"]),
    (f"messages?user={CLERK_A}&folder=INBOX&search={quote('Grüße 1')}",
     ["messages", "--user", CLERK_A, "--folder", "INBOX", "--search", "Grüße 1"]),
    ("apikeys", ["apikey", "list"]),
    ("audit", ["audit"]),
    ("audit?since=2026-01-01", ["audit", "--since", "2026-01-01"]),
    ("audit?since=2099-01-01", ["audit", "--since", "2099-01-01"]),
])
def test_the_same_documents(office, path, command):
    office.key(f"api {ADMIN}", ADMIN)
    # Mails are for whose they are only.
    seen = told(office, path, user=CLERK_A) if path.startswith("messages") else told(office, path)
    assert without(seen, "used") == without(office.amtspost.json(*command), "used")
    assert "2099" in path or seen
    # Whose they are need not be said.
    if f"user={CLERK_A}" in path and not path.startswith("settings"):
        own = told(office, path.replace(f"user={CLERK_A}", "").replace("?&", "?").rstrip("?"), user=CLERK_A)
        assert own == seen


def test_the_same_check(office):
    seen = told(office, f"check?user={CLERK_A}&protocol=imap", method="POST", body={})
    run = office.amtspost.run("--json", "check", "--user", CLERK_A, "imap")
    assert without(seen, "ms") == without(run.json, "ms") and run.status == 0
    assert {"imap"} == {step["protocol"] for step in seen} and "login" in {step["step"] for step in seen}
    both = told(office, f"check?user={CLERK_A}", method="POST", body={})
    assert {step["protocol"] for step in both} == {"imap", "smtp"}


def test_changes_through_the_api(office):
    assert told(office, "users", method="POST", body={"name": "a.api", "display_name": "Über API", "archive": True}) == \
        office.amtspost.json("user", "show", "a.api")
    changed = told(office, "settings/interface?user=a.api", method="PUT", body={"value": "standard"})
    assert len(changed.pop("warnings")) == 1  # no account yet
    assert changed == office.amtspost.get("interface", "a.api") and changed["value"] == "standard" and changed["set"]
    secret = told(office, "settings/imap.password?user=a.api", method="PUT", body={"value": MARK + "!"})
    assert (secret["value"], secret["set"]) == (None, True)
    assert told(office, "settings/imap.password?user=a.api", method="DELETE")["set"] is False
    assert told(office, "users/a.api/lock", method="POST", body={})["locked"] is True
    assert told(office, "users/a.api/unlock", method="POST", body={})["locked"] is False
    assert told(office, "users/a.api", method="DELETE") == {}
    assert ask(office, "users/a.api").status == 404
    deeds = [row["action"] for row in told(office, "audit") if row["subject"] == "a.api" and row["actor"] == ADMIN]
    assert {"user.add", "user.lock", "user.unlock", "user.remove"} <= set(deeds)


def test_signing_in_through_the_api(office):
    add_person(office.amtspost, SIGN_IN, password=None, account="m.mustermann@musterhausen.example", interface="standard",
               imap__use_default="true")
    refused = ask(office, f"login?user={SIGN_IN}", method="POST", body={"imap_password": MARK + " falsch"})
    assert refused.status in (200, 409)
    good = told(office, f"login?user={SIGN_IN}", method="POST", body={"imap_password": PASSWORD})
    assert good["imap"]["ok"] is True and good["account"] == "m.mustermann@musterhausen.example"
    assert told(office, f"login?user={SIGN_IN}") == office.amtspost.json("login", "status", "--user", SIGN_IN)
    told(office, f"login?user={SIGN_IN}", method="DELETE")
    assert office.amtspost.get("imap.password", SIGN_IN)["set"] is False


# ---- people and keys ----

CHOSEN = MARK + " gewählt"


def test_a_password_through_the_api(office):
    """As `user passwd`: the user's sessions end, and the new one counts."""
    add_person(office.amtspost, "p.pass")
    add_person(office.amtspost, "Import")
    before = office.fresh("p.pass")
    assert before.get("/").path == "/"
    assert told(office, "users/P.PASS/password", method="PUT", body={"password": CHOSEN}) == {}
    assert before.get("/").path == "/anmelden"
    office.daemon.person("p.pass", CHOSEN, add=False)
    row = told(office, "audit")[1]
    assert (row["action"], row["actor"], row["subject"], row["detail"]) == ("user.passwd", ADMIN, "p.pass", None)
    for body, condition in (({"password": "kurz"}, "password-invalid"), ({"password": "a" * 1025}, "password-invalid"),
                            ({"password": ""}, "password-invalid"), ({"password": None}, "api-body"), ({}, "api-body"),
                            ({"password": [CHOSEN]}, "api-body"), ({"password": CHOSEN + "\0"}, "api-body")):
        refused(office, "users/p.pass/password", 400, condition, method="PUT", body=body)
    refused(office, "users/niemand/password", 404, "user-unknown", method="PUT", body={"password": CHOSEN})
    office.daemon.person("p.pass", CHOSEN, add=False)
    # Whoever is called as another row has the same rights as everybody.
    assert told(office, "users/import") == office.amtspost.json("user", "show", "import")
    assert told(office, "users/import/password", method="PUT", body={"password": CHOSEN}) == {}
    assert ask(office, "users/import", method="PUT", body={}).status == 405
    assert told(office, "users/import", method="DELETE") == {}


@pytest.mark.parametrize("body", [f'{{"password": {MARK}}}', f'{{"password": "{MARK}', f'{{"password": "{MARK}\\x"}}',
                                  f'{{"{MARK}": 1, "{MARK}": 2}}', f'{{"password" "{MARK}"}}', MARK, f'"{MARK}"'])
def test_a_body_that_is_none_is_not_told(office, body):
    """page.Answer looks for the secret."""
    refused(office, f"users/{CLERK_B}/password", 400, "api-body", method="PUT", text=body)


CSV = """name;display_name;archive;interface;account;imap.use-default
{0}eins;Ä Eins;true;standard;eins@amt.example;true
{0}zwei;;;;;
"""


def test_the_same_import(office, tmp_path):
    path = tmp_path / "many.csv"
    path.write_text(CSV.format("c."), encoding="utf-8")
    dry = told(office, "users/import?dry_run", method="POST", text=CSV.format("c."))
    assert dry == office.amtspost.json("user", "import", str(path), "--dry-run") and len(dry) == 2
    assert told(office, "users/import?dry_run=1", method="POST", text=CSV.format("c.")) == dry
    assert ask(office, "users/c.eins").status == 404
    added = told(office, "users/import", method="POST", text=CSV.format("c."))
    assert added == [office.amtspost.json("user", "show", name) for name in ("c.eins", "c.zwei")]
    assert added[0]["archive"] is True and added[0]["account"] == "eins@amt.example"
    assert told(office, "users/import", method="POST", text="name\n") == []


@pytest.mark.parametrize("text, condition", [
    (CSV.format(" ") + "x/y;;;;;\n" + f"{ADMIN};;;;;\n", "csv-invalid"),
    ("name;admin\nneu;vielleicht\n", "csv-invalid"),
    (f"name;imap.password\nneu;{MARK}\n", "csv-invalid"),
    ('{"name": "neu"}', None),
    ("", None),
])
def test_the_same_import_problems(office, tmp_path, text, condition):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    run = office.amtspost.run("--json", "user", "import", str(path))
    before = office.snapshot()
    problem = refused(office, "users/import", 400, condition, method="POST", text=text)
    assert office.snapshot() == before
    assert problem["error"] == run.json["error"] and problem.get("errors") == run.json.get("errors")
    assert condition != "csv-invalid" or problem["errors"]


def test_an_import_has_a_limit(office):
    before = office.snapshot()
    assert ask(office, "users/import", method="POST", text="name\n" + "x" * 9 * 1024 * 1024).status == 413
    assert ask(office, "users/import", method="POST", text="name\n" + "x" * 1024 * 1024).status == 400
    # Whoever may not need not send that much.
    assert ask(office, "users/import", method="POST", text="name\n" + "x" * 1024 * 1024, user=CLERK_A).status in (403, 413)
    assert office.snapshot() == before


def test_a_key_through_the_api(office):
    added = told(office, "apikeys", method="POST", body={"label": "Über API", "user": CLERK_A.upper(), "expires": "2099-12-31"})
    secret = added.pop("key")
    assert re.fullmatch("amtspost_[A-Za-z0-9_-]{43}", secret)
    assert added["user"] == CLERK_A and added["expires"] == "2099-12-31T00:00:00Z"
    assert added in told(office, "apikeys") and added in office.amtspost.json("apikey", "list")
    assert told(office, "audit")[0]["action"] == "apikey.add"
    assert secret not in json.dumps(told(office, "audit")) + json.dumps(told(office, "apikeys")) + office.daemon.errors
    answer = office.person().request("GET", f"/api/v1/users/{CLERK_A}", Authorization=f"Bearer {secret}")
    assert answer.status == 200 and json.loads(answer.body)["name"] == CLERK_A
    assert told(office, f"apikeys/{quote('über api')}", method="DELETE") == {}
    assert told(office, "apikeys", method="POST", body={"label": "ewig", "user": CLERK_B, "expires": None})["expires"] is None


@pytest.mark.parametrize("body, status, condition", [
    ({"label": f"api {ADMIN}", "user": ADMIN}, 409, "key-exists"),
    ({"label": "", "user": ADMIN}, 400, "key-label"),
    ({"label": "a\nb", "user": ADMIN}, 400, "key-label"),
    ({"label": "neu", "user": "niemand"}, 404, "user-unknown"),
    ({"label": "neu", "user": ADMIN, "expires": "2020-01-01"}, 400, "key-expires"),
    ({"label": "neu", "user": ADMIN, "expires": "1970-01-01"}, 400, "key-expires"),
    ({"label": "neu", "user": ADMIN, "expires": "morgen"}, 400, "api-body"),
    ({"label": "neu", "user": ADMIN, "expires": 0}, 400, "api-body"),
    ({"label": "neu", "user": ADMIN, "expires": ""}, 400, "api-body"),
    ({"label": "neu"}, 400, "api-body"),
    ({"user": ADMIN}, 400, "api-body"),
    ({"label": 1, "user": ADMIN}, 400, "api-body"),
])
def test_no_key_is_made_of_nonsense(office, body, status, condition):
    office.key(f"api {ADMIN}", ADMIN)
    before = office.snapshot()
    refused(office, "apikeys", status, condition, method="POST", body=body)
    assert office.snapshot() == before


def test_who_needs_help(office):
    """A refused password puts its user on the list, with the reason; a good one takes the user off."""
    helpless, admin = "h.hilflos", office.person(ADMIN)
    add_person(office.amtspost, helpless, password=None, account="m.mustermann@musterhausen.example",
               interface="standard", imap__use_default="true", imap__password=MARK + " falsch")
    assert helpless not in admin.get("/braucht-hilfe").view.links.values()
    assert office.amtspost.run("folders", "--user", helpless).status == 4
    page = admin.get("/braucht-hilfe")
    assert helpless in page.view.links.values() and CLERK_A not in page.view.links.values()
    assert "abgelehnt" in page.text
    assert "abgelehnt" in admin.get(f"/benutzer/{helpless}").text
    office.amtspost.set("imap.password", PASSWORD, helpless)
    office.amtspost.ok("folders", "--user", helpless)
    assert helpless not in admin.get("/braucht-hilfe").view.links.values()


def test_a_server_out_of_reach_is_told(office):
    """No login is to blame, but mail does not work."""
    name, admin = "h.ohne-server", office.person(ADMIN)
    add_person(office.amtspost, name, account="ohne-server@amt.example", interface="standard",
               imap__host="127.0.0.1", imap__port="1", imap__password=PASSWORD)
    assert "noch nicht verwendet" in admin.get(f"/benutzer/{name}").text
    failed = office.amtspost.fails(5, "folders", "--user", name)["message"]
    assert failed in admin.get("/braucht-hilfe").text
    page = admin.get(f"/benutzer/{name}").text
    assert "zuletzt gescheitert" in page and failed in page and "noch nicht verwendet" not in page
    assert "Anmeldung noch nicht geprüft" in office.fresh(name).get("/").text
    assert told(office, f"users/{name}")["last_failure_reason"] == failed
    office.amtspost.set("imap.port", "2", name)
    page = admin.get(f"/benutzer/{name}").text
    assert "Seit der Änderung noch nicht versucht" in page and failed in page


# ---- problems ----


@pytest.mark.parametrize("method, path, body, status, condition", [
    ("GET", "gibt-es-nicht", None, 404, "api-path"),
    ("PATCH", "users", {}, 405, "api-method"),
    ("GET", "users/gibt-es-nicht", None, 404, "user-unknown"),
    ("GET", "settings/gibt.es.nicht", None, 404, "setting-unknown"),
    ("GET", "settings?user=gibt-es-nicht", None, 404, "user-unknown"),
    ("GET", "settings/account", None, 400, None),
    ("PUT", "settings/imap.port", {"value": "0"}, 400, None),
    ("PUT", "settings/imap.port", {}, 400, "api-body"),
    ("PUT", "settings/imap.port", {"value": [993]}, 400, "api-body"),
    ("PUT", "settings/imap.port", {"value": "993", "valeu": "1"}, 400, "api-member"),
    ("GET", "users?limit=2", None, 400, "api-member"),
    ("POST", "users", {"name": "neu", "admin": "ja"}, 400, "api-body"),
    ("POST", "users", {"name": "x" * 300_000}, 413, "api-size"),
    ("POST", "users", {"name": ADMIN}, 409, None),
    ("POST", "users", {"name": "x/y"}, 400, None),
    ("POST", "users", {}, 400, None),
    ("POST", "users", [], 400, "api-body"),
    ("POST", f"login?user={CLERK_A}", {}, 400, "api-body"),
    ("GET", f"messages?user={CLERK_A}", None, 403, "mails-foreign"),
    ("GET", "messages", None, 400, "api-body"),
    ("GET", f"messages?user={CLERK_A}&folder=Gibt-es-nicht", None, 403, "mails-foreign"),
    ("GET", f"folders?user={CLERK_A}&mailbox=fremd@amt.example", None, 404, None),
    ("DELETE", "apikeys/gibt-es-nicht", None, 404, "key-unknown"),
    ("GET", "audit?since=gestern", None, 400, None),
])
def test_problems(office, method, path, body, status, condition):
    answer = ask(office, path, method=method, body=body)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert re.fullmatch(r"urn:amtspost:[a-z0-9-]+", problem["type"])
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert condition in (None, problem["type"].rpartition(":")[2])
    assert problem["error"]["message"] == problem["title"] and problem["error"]["advice"] == problem["detail"]


def test_problems_are_told_to_programs(office):
    answer = ask(office, "users", method="PATCH", body={})
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    problem = json.loads(answer.body)
    assert problem["title"].endswith("PATCH /api/v1/users") and "openapi.json" in problem["detail"]
    problem = refused(office, "gibt-es-nicht", 404, "api-path")
    assert "GET /api/v1/gibt-es-nicht" in problem["title"] and "Startseite" not in problem["detail"]
    assert "limit" in refused(office, "users?limit=2", 400, "api-member")["title"]
    assert office.person(ADMIN).request("PUT", "/benutzer").headers["Allow"] == "GET, HEAD"


def test_a_setting_may_be_a_number_or_a_boolean(office):
    assert told(office, "settings/network.timeout", method="PUT", body={"value": 60})["value"] == "60"
    path = f"settings/imap.use-default?user={CLERK_A}"
    before = told(office, path)["value"]
    assert told(office, path, method="PUT", body={"value": False})["value"] == "false"
    assert told(office, path, method="PUT", body={"value": before})["value"] == before
    told(office, "settings/network.timeout", method="DELETE")
    described = told(office, "openapi.json")
    body = described["paths"]["/api/v1/settings/{name}"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["value"] == {"type": ["string", "number", "boolean"]}
    assert body["additionalProperties"] is False


def test_nobody_is_told_how_to_sign_in(office):
    answer = office.person().request("GET", "/api/v1/users")
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in answer.headers and "Location" not in answer.headers


# ---- its own description ----


@pytest.fixture(scope="module")
def description(office: Office) -> dict:
    answer = office.person().request("GET", "/api/v1/openapi.json")
    assert answer.status == 200
    return json.loads(answer.body)


def test_the_description_names_every_route(description):
    rows = {(row.method.lower(), row.path.replace("*", "{name}", 1).replace("*", "{number}")): row.role
            for row in page_routes.read() if row.path.startswith("/api/")}
    described = {(method, path) for path, item in description["paths"].items() for method in item}
    assert described == set(rows)
    open_to_all = {key for key in described if description["paths"][key[1]][key[0]].get("security") == []}
    assert open_to_all == {key for key, role in rows.items() if role == "ANYBODY"}


def test_the_description_is_openapi(description):
    """Its structure as OpenAPI 3.1.0 demands it."""
    assert description["openapi"] == "3.1.0" and set(description["info"]) >= {"title", "version"}
    assert set(description) <= {"openapi", "info", "paths", "components", "security", "servers", "tags"}
    schemes = description["components"]["securitySchemes"]
    assert schemes["key"] == {"type": "http", "scheme": "bearer"} and schemes["session"]["in"] == "cookie"
    assert {name for entry in description["security"] for name in entry} <= set(schemes)
    for path, item in description["paths"].items():
        assert path.startswith("/") and set(item) <= METHODS
        for operation in item.values():
            check_operation(description, path, operation)


FILES = {"text/csv", "message/rfc822", "multipart/form-data"}
BYTES = {"message/rfc822", "application/octet-stream", "application/zip"}


def check_operation(description: dict, path: str, operation: dict) -> None:
    assert set(operation) <= {"summary", "parameters", "requestBody", "responses", "security"} and operation["summary"]
    parameters = operation.get("parameters", [])
    assert len({(found["name"], found["in"]) for found in parameters}) == len(parameters)
    for parameter in parameters:
        assert set(parameter) == {"name", "in", "required", "schema"} and parameter["in"] in ("query", "path")
        assert parameter["in"] == "query" or parameter["required"] is True
    in_path = {found["name"] for found in parameters if found["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", path))
    if "requestBody" in operation:
        for kind, media in operation["requestBody"]["content"].items():
            schema = media["schema"]
            assert kind == "application/json" or (kind in FILES and schema == {"type": "string"})
            assert kind != "application/json" or schema["type"] == "object"
            assert set(schema.get("required", [])) <= set(schema.get("properties", {}))
    for status, response in operation["responses"].items():
        assert re.fullmatch(r"[1-5](\d\d|XX)|default", status) and response["description"]
        for kind, media in response.get("content", {}).items():
            assert kind in ("application/json", "application/problem+json") or \
                (kind in BYTES and media["schema"] == {"type": "string"})
            check_schema(description, media["schema"])


def check_schema(description: dict, schema: dict) -> None:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        check_schema(description, description["components"]["schemas"][name])
        return
    for choice in schema.get("oneOf", []):
        check_schema(description, choice)
    types = schema.get("type", [])
    for kind in [types] if isinstance(types, str) else types:
        assert kind in ("object", "array", "string", "integer", "number", "boolean", "null")
    for part in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        check_schema(description, part)


@pytest.mark.parametrize("operation, path, body", [
    ("GET /users", "users", None),
    ("GET /users/{name}", f"users/{CLERK_A}", None),
    ("POST /users", "users", {"name": "n.neu"}),
    ("POST /users/{name}/lock", "users/n.neu/lock", {}),
    ("PUT /users/{name}/password", "users/n.neu/password", {"password": CHOSEN}),
    ("DELETE /users/{name}", "users/n.neu", None),
    ("GET /settings", f"settings?user={CLERK_A}", None),
    ("GET /settings/{name}", "settings/imap.host", None),
    ("PUT /settings/{name}", "settings/office.name", {"value": "Amt"}),
    ("DELETE /settings/{name}", "settings/office.name", None),
    ("GET /login", f"login?user={CLERK_A}", None),
    ("GET /login", f"login?user={ADMIN}", None),
    ("POST /login", f"login?user={CLERK_A}", {"imap_password": PASSWORD}),
    ("DELETE /login", f"login?user={CLERK_B}", None),
    ("POST /check", f"check?user={CLERK_A}", {}),
    ("POST /check", f"check?user={CLERK_B}", {}),
    ("GET /folders", f"folders?user={CLERK_A}", None),
    ("GET /messages", f"messages?user={CLERK_A}&folder=INBOX", None),
    ("GET /apikeys", "apikeys", None),
    ("POST /apikeys", "apikeys", {"label": "beschrieben", "user": CLERK_A}),
    ("DELETE /apikeys/{name}", "apikeys/beschrieben", None),
    ("GET /audit", "audit", None),
])
def test_answers_are_as_described(office, description, operation, path, body):
    method, _, where = operation.partition(" ")
    answers = description["paths"][f"/api/v1{where}"][method.lower()]["responses"]
    fit(description, answers["2XX"]["content"]["application/json"]["schema"],
        told(office, path, method=method, body=body, **({"user": CLERK_A} if where == "/messages" else {})))
    problem = json.loads(office.person().request(method, f"/api/v1/{path}").body)
    fit(description, answers["default"]["content"]["application/problem+json"]["schema"], problem)


def fit(description: dict, schema: dict, value: Any) -> None:
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:
        names = [choice["$ref"].rpartition("/")[2] for choice in schema["oneOf"]]
        [schema] = [found for name in names if set((found := description["components"]["schemas"][name])["required"]) <= set(value)]
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    types = schema.get("type")
    if types:
        assert kinds[type(value)] in ([types] if isinstance(types, str) else types), (schema, value)
    if isinstance(value, list) and "items" in schema:
        for part in value:
            fit(description, schema["items"], part)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), set(value) ^ set(schema["properties"])
        for name, part in value.items():
            fit(description, schema["properties"][name], part)

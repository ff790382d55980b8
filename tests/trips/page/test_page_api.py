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


def ask(office: Office, path: str, method: str = "GET", body: Any = None, user: str = ADMIN) -> Answer:
    return office.person().request(method, f"/api/v1/{path}", None if body is None else json.dumps(body),
                                   Authorization=f"Bearer {office.key(f'api {user}', user)}", Content_Type="application/json")


def told(office: Office, path: str, **how: Any) -> Any:
    answer = ask(office, path, **how)
    assert answer.status in (200, 201) and answer.headers["Content-Type"] == "application/json", answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.body)


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
    seen = told(office, path)
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


# ---- problems ----


@pytest.mark.parametrize("method, path, body, status, condition", [
    ("GET", "gibt-es-nicht", None, 404, "page-unknown"),
    ("PATCH", "users", {}, 405, "page-method"),
    ("GET", "users/gibt-es-nicht", None, 404, "user-unknown"),
    ("GET", "settings/gibt.es.nicht", None, 404, "setting-unknown"),
    ("GET", "settings?user=gibt-es-nicht", None, 404, "user-unknown"),
    ("GET", "settings/account", None, 400, None),
    ("PUT", "settings/imap.port", {"value": "0"}, 400, None),
    ("PUT", "settings/imap.port", {}, 400, "api-body"),
    ("PUT", "settings/imap.port", {"value": 993}, 400, "api-body"),
    ("POST", "users", {"name": ADMIN}, 409, None),
    ("POST", "users", {"name": "x/y"}, 400, None),
    ("POST", "users", {}, 400, None),
    ("POST", "users", [], 400, "api-body"),
    ("POST", f"login?user={CLERK_A}", {}, 400, "api-body"),
    ("GET", f"messages?user={CLERK_A}", None, 400, "api-body"),
    ("GET", f"messages?user={CLERK_A}&folder=Gibt-es-nicht", None, 404, None),
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
    rows = {(row.method.lower(), row.path.replace("*", "{name}")): row.role
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
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema["type"] == "object" and set(schema.get("required", [])) <= set(schema["properties"])
    for status, response in operation["responses"].items():
        assert re.fullmatch(r"[1-5](\d\d|XX)|default", status) and response["description"]
        for kind, media in response.get("content", {}).items():
            assert kind in ("application/json", "application/problem+json")
            check_schema(description, media["schema"])


def check_schema(description: dict, schema: dict) -> None:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        check_schema(description, description["components"]["schemas"][name])
        return
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
    ("GET /audit", "audit", None),
])
def test_answers_are_as_described(office, description, operation, path, body):
    method, _, where = operation.partition(" ")
    answers = description["paths"][f"/api/v1{where}"][method.lower()]["responses"]
    fit(description, answers["2XX"]["content"]["application/json"]["schema"], told(office, path, method=method, body=body))
    problem = json.loads(office.person().request(method, f"/api/v1/{path}").body)
    fit(description, answers["default"]["content"]["application/problem+json"]["schema"], problem)


def fit(description: dict, schema: dict, value: Any) -> None:
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    types = schema.get("type")
    if types:
        assert kinds[type(value)] in ([types] if isinstance(types, str) else types), (schema, value)
    if isinstance(value, list) and "items" in schema:
        for part in value:
            fit(description, schema["items"], part)
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) == set(schema["properties"]), set(value) ^ set(schema["properties"])
        for name, part in value.items():
            fit(description, schema["properties"][name], part)

"""Signing in with Office 365 through the API: the address to open, and the one that the browser was led to."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from office365 import USER_PASSWORD, Clerk365
from page import Answer, Daemon
from runner import CLERK

pytestmark = pytest.mark.sanitized_only

ADMIN, OTHER = "a.admin", "o.other"


class Program:
    """Calls /api/v1/login with a key of its user."""

    def __init__(self, daemon: Daemon, user: str, about: str | None = None):
        self.daemon, self.about = daemon, about
        label = f"{user} {id(self)}"
        self.key = daemon.amtspost.json("apikey", "add", label, "--user", user)["key"]

    def send(self, **body: Any) -> Answer:
        path = "/api/v1/login" + (f"?user={self.about}" if self.about else "")
        return self.daemon.person().request("POST", path, json.dumps(body), Authorization=f"Bearer {self.key}",
                                            Content_Type="application/json")

    def told(self, **body: Any) -> dict:
        answer = self.send(**body)
        assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store", answer.body
        return json.loads(answer.body)

    def url(self, **body: Any) -> str:
        document = self.told(**body)
        assert set(document) == {"authorize_url"}
        return document["authorize_url"]

    def refused(self, condition: str, **body: Any) -> str:
        answer = self.send(**body)
        assert answer.status in (400, 409) and json.loads(answer.body)["error"]["condition"] == condition, answer.body
        return answer.body.decode()


@pytest.fixture
def program(clerk365, daemon) -> Program:
    """The clerk's own."""
    return Program(daemon, CLERK)


@pytest.fixture
def administrators(clerk365, daemon) -> Program:
    daemon.amtspost.ok("user", "add", ADMIN, "--admin")
    return Program(daemon, ADMIN, CLERK)


def redirect(clerk: Clerk365, url: str, name: str | None = None, **options: bool) -> str:
    """Signs in there; where the browser is led to, where nothing need listen."""
    return clerk.identity.sign_in(url, name or clerk.address, USER_PASSWORD, visit=False, **options).address


def test_there_and_back(program, clerk365):
    url = program.url()
    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == ["http://localhost/oauth/callback"]
    assert query["login_hint"] == [clerk365.address] and "prompt" not in query
    address = redirect(clerk365, url)
    result = program.told(redirected=f" {address}\n")
    assert result["imap"]["ok"] is True and result["identity"] == clerk365.address
    assert result["token_file"] == str(clerk365.token_file) and clerk365.token_file.exists()
    assert [mailbox["address"] for mailbox in result["mailboxes"]] == [clerk365.address]
    clerk365.folders()
    # As the command line: the present one holds, unless a new one is asked for.
    assert program.told() == result
    assert program.told() == clerk365.amtspost.json("login", "--user", CLERK)
    before = clerk365.token()
    url = program.url(new=True)
    assert parse_qs(urlsplit(url).query)["prompt"] == ["login"]
    program.told(redirected=redirect(clerk365, url))
    assert clerk365.token() != before
    code = parse_qs(urlsplit(address).query)["code"][0]
    assert code not in program.daemon.errors and code not in clerk365.amtspost.ok("audit").stdout


def test_an_administrator_for_a_clerk(administrators, clerk365):
    result = administrators.told(redirected=redirect(clerk365, administrators.url()))
    assert result["identity"] == clerk365.address
    deeds = [(row["action"], row["actor"]) for row in clerk365.amtspost.json("audit") if row["subject"] == CLERK]
    assert ("login.office365", ADMIN) in deeds


def test_what_is_not_for_it_leaves_it_waiting(program, clerk365):
    program.refused("oauth-state", redirected="http://localhost/oauth/callback?code=x&state=y")
    url = program.url()
    state = parse_qs(urlsplit(url).query)["state"][0]
    for wrong, condition in (("", "oauth-no-redirect"), ("https://x.example/", "oauth-no-redirect"),
                             (f"code=gestohlen&state={state[:-1]}", "oauth-state"),
                             ("x" * 70_000, "oauth-state")):
        assert "gestohlen" not in program.refused(condition, redirected=wrong)
    program.refused("api-body", redirected=1)
    address = redirect(clerk365, url)
    program.told(redirected=address)
    program.refused("oauth-state", redirected=address)
    clerk365.folders()


def test_nobody_else_ends_it(program, administrators, clerk365, daemon):
    """Neither an administrator, nor somebody else, nor the person's browser, by the page or by the API."""
    daemon.amtspost.ok("user", "add", OTHER)
    for key, value in (("interface", "office365"), ("account", "other@amt365.example"), ("imap.use-default", "true")):
        daemon.amtspost.set(key, value, OTHER)
    other, person = Program(daemon, OTHER), daemon.person(CLERK)
    address = redirect(clerk365, program.url())
    administrators.refused("oauth-state", redirected=address)
    other.refused("oauth-state", redirected=address)
    other.url()
    other.refused("oauth-state", redirected=address)
    assert other.daemon.person().request("POST", f"/api/v1/login?user={CLERK}", json.dumps({"redirected": address}),
                                         Authorization=f"Bearer {other.key}").status == 403
    assert person.get(f"/oauth/callback?{urlsplit(address).query}").status == 409
    person.get("/")
    answer = person.request("POST", "/api/v1/login", json.dumps({"redirected": address}), X_CSRF_Token=person.csrf())
    assert answer.status == 409 and not clerk365.token_file.exists()
    # Another key of the same person is the same program.
    Program(daemon, CLERK).told(redirected=address)
    clerk365.folders()


def test_a_browser_by_the_api(clerk365, daemon):
    person = daemon.person(CLERK)
    person.get("/")
    assert person.request("POST", "/api/v1/login", "{}").status == 403
    csrf = {"X_CSRF_Token": person.csrf()}
    url = json.loads(person.request("POST", "/api/v1/login", "{}", **csrf).body)["authorize_url"]
    another = daemon.person(CLERK, add=False)
    another.get("/")
    body = json.dumps({"redirected": redirect(clerk365, url)})
    assert another.request("POST", "/api/v1/login", body, X_CSRF_Token=another.csrf()).status == 409
    assert person.request("POST", "/api/v1/login", body, **csrf).status == 200
    clerk365.folders()


def test_several_at_once(administrators, clerk365, daemon):
    """One program signs in several people; each has its own."""
    second = "second." + clerk365.address
    clerk365.identity.add_user(second, USER_PASSWORD)
    daemon.amtspost.ok("user", "add", OTHER)
    for key, value in (("interface", "office365"), ("account", second), ("imap.use-default", "true")):
        daemon.amtspost.set(key, value, OTHER)
    mine = Program(daemon, ADMIN, OTHER.upper())
    first_url, second_url = administrators.url(), mine.url()
    mine.about = OTHER
    assert mine.told(redirected=redirect(clerk365, second_url, second))["identity"] == second
    assert administrators.told(redirected=redirect(clerk365, first_url))["identity"] == clerk365.address


def test_nobody_can_be_asked(program, clerk365):
    """Who signs in under another name than the account's is refused, though the mailbox opens."""
    name = "upn." + clerk365.address
    clerk365.identity.add_user(name, USER_PASSWORD, addresses=(clerk365.address,))
    address = redirect(clerk365, program.url(), name)
    assert name in program.refused("oauth-wrong-person", redirected=address)
    assert not clerk365.token_file.exists()
    program.refused("oauth-state", redirected=address)


def test_declined(program, clerk365):
    program.refused("oauth-declined", redirected=redirect(clerk365, program.url(), consent=False))
    assert not clerk365.token_file.exists()


def test_what_must_be_corrected_first(program, clerk365):
    clerk365.amtspost.ok("settings", "unset", "oauth.client-id")
    answer = program.send(new=True)
    assert answer.status == 422 and json.loads(answer.body)["error"]["condition"] == "setting-missing-global"


def test_the_key_ends_between(program, clerk365):
    url = program.url()
    clerk365.amtspost.ok("user", "lock", CLERK)
    assert program.send(redirected=redirect(clerk365, url)).status == 401
    assert not clerk365.token_file.exists()

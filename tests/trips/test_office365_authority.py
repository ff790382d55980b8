"""What the authority can answer in place of a token: each with its own sentence, status and consequence
for the sign-in."""

import json
import time
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from office365 import Clerk365
from peers.relay import Relay
from runner import CLERK, assert_german

pytestmark = pytest.mark.sanitized_only

# AADSTS number -> (error, condition, status); microsoft-365's table.
ERRORS = {
    50173: ("invalid_grant", "oauth-revoked", 4),
    700082: ("invalid_grant", "oauth-expired", 4),
    70008: ("invalid_grant", "oauth-expired", 4),
    70043: ("invalid_grant", "oauth-policy", 4),
    700084: ("invalid_grant", "oauth-spa", 4),
    54005: ("invalid_grant", "oauth-code-used", 4),
    501481: ("invalid_grant", "oauth-code-used", 4),
    50076: ("interaction_required", "oauth-interaction", 4),
    50079: ("interaction_required", "oauth-interaction", 4),
    50074: ("invalid_grant", "oauth-interaction", 4),
    65001: ("invalid_grant", "oauth-consent", 4),
    65004: ("access_denied", "oauth-declined", 4),
    90094: ("invalid_grant", "oauth-admin-consent", 3),
    90095: ("access_denied", "oauth-admin-consent", 3),
    50105: ("invalid_grant", "oauth-not-assigned", 3),
    53000: ("invalid_grant", "oauth-device", 3),
    53001: ("invalid_grant", "oauth-device", 3),
    53003: ("access_denied", "oauth-device", 3),
    50053: ("invalid_grant", "oauth-account-locked", 4),
    50055: ("invalid_grant", "oauth-password-expired", 4),
    50057: ("invalid_grant", "oauth-account-disabled", 4),
    50126: ("invalid_grant", "oauth-password-wrong", 4),
    50034: ("invalid_grant", "oauth-account-foreign", 4),
    50020: ("invalid_grant", "oauth-account-foreign", 4),
    50011: ("invalid_request", "oauth-redirect", 3),
    7000218: ("invalid_client", "oauth-secret-expected", 3),
    7000215: ("invalid_client", "oauth-secret-wrong", 3),
    7000222: ("invalid_client", "oauth-secret-expired", 3),
    700025: ("invalid_client", "oauth-secret-needless", 3),
    50194: ("invalid_request", "oauth-single-tenant", 3),
    700016: ("unauthorized_client", "oauth-application", 3),
    90002: ("invalid_request", "oauth-tenant", 3),
    90033: ("temporarily_unavailable", "oauth-busy", 5),
    90024: ("invalid_grant", "oauth-busy", 5),
    50196: ("invalid_grant", "oauth-loop", 5),
    0: ("invalid_grant", "oauth-sign-in", 4),
    1: ("consent_required", "oauth-consent", 4),
    2: ("login_required", "oauth-sign-in", 4),
    3: ("invalid_scope", "oauth-setup", 3),
    4: ("server_error", "oauth-busy", 5),
    5: ("etwas_neues", "oauth-setup", 3),
}


@pytest.fixture
def expired(clerk365) -> Clerk365:
    clerk365.sign_in()
    clerk365.identity.reset()
    clerk365.expire()
    return clerk365


def fails(clerk: Clerk365, status: int) -> dict:
    error = clerk.amtspost.fails(status, "folders", "--user", CLERK)
    assert_german(error)
    return error


def test_every_row_of_the_table(expired):
    """One sign-in serves all: a refusal is forgotten by hand in between."""
    import sqlite3
    sentences: dict[str, str] = {}
    database = next(path for path in expired.amtspost.data.glob("*.db") if path.name == "amtspost.db")
    for number, (name, condition, status) in ERRORS.items():
        expired.identity.reset()
        expired.identity.force_error(name, number, times=-1)
        error = fails(expired, status)
        assert error["condition"] == condition, number
        assert "correlation_id" in error["detail"] and "trace_id" in error["detail"], error
        if number > 10:
            assert f"AADSTS{number}" in error["detail"]
        sentences[condition] = error["message"]
        told = expired.status()
        assert told["reason"] and told["usable"] == (status == 5), number
        assert expired.amtspost.json("user", "show", CLERK)["sign_in_reason"] == told["reason"]
        with sqlite3.connect(database, timeout=10) as connection:
            connection.execute("UPDATE tokens SET failure = NULL, pause_until = NULL")
        connection.close()
    assert len(set(sentences.values())) == len(sentences), "each condition has a sentence of its own"
    expired.identity.reset()
    expired.folders()  # the token was kept through all of it


@pytest.mark.parametrize("answer, condition, status", [
    ({"status": 503, "body": "<html>Wartung</html>", "headers": {"Content-Type": "text/html"}}, "oauth-busy", 5),
    ({"status": 503, "headers": {"Retry-After": "120"}}, "oauth-busy", 5),
    ({"status": 429, "headers": {"Retry-After": "120"}}, "oauth-busy", 5),
    ({"status": 500, "body": "{}"}, "oauth-busy", 5),
    ({"status": 200, "body": "<html><body>Bitte am Proxy anmelden</body></html>",
      "headers": {"Content-Type": "text/html"}}, "oauth-garbage", 5),
    ({"status": 200, "body": "{\"access_token\": 17}"}, "oauth-garbage", 5),
    ({"status": 200, "body": "{\"access_token\": \"a\\u0001b\", \"token_type\": \"Bearer\"}"}, "oauth-garbage", 5),
    ({"status": 200, "body": "{\"access_token\": \"ab\", \"token_type\": \"MAC\"}"}, "oauth-garbage", 5),
    ({"status": 200, "body": "{"}, "oauth-garbage", 5),
    ({"status": 200, "body": ""}, "oauth-garbage", 5),
    ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "oauth-garbage", 5),
    ({"status": 404, "body": "nichts"}, "oauth-garbage", 5),
    ({"body": "x" * 1000, "bytes": 100_000_000}, "oauth-garbage", 5),
    ({"body": "x" * 1000, "bytes": -1}, "oauth-garbage", 5),
    ({"close": True}, "oauth-unreachable", 5),
])
def test_no_answer_of_a_token_endpoint(expired, answer, condition, status):
    before = expired.token()
    expired.identity.force(times=-1, **answer)
    error = fails(expired, status)
    assert error["condition"] == condition
    assert expired.token() == before, "the token is kept"
    told = expired.status()
    assert error["message"] == told["reason"] and told["usable"]
    (person,) = expired.amtspost.json("user", "list")
    assert person["sign_in"] == "failed" and person["sign_in_reason"] == error["message"]
    if "Retry-After" in str(answer):
        asked = expired.identity.count("token")
        assert fails(expired, 5)["condition"] == "oauth-busy"
        assert expired.identity.count("token") == asked, "the pause was not kept"
        return
    expired.identity.reset()
    expired.folders()
    assert expired.status()["reason"] is None


@pytest.mark.parametrize("answer", [{"stall": True}, {"body": "{" * 2000, "rate": 100}])
def test_a_slow_authority_ends_in_time(expired, answer):
    expired.amtspost.set("network.timeout", "2")
    expired.identity.force(times=-1, **answer)
    begin = time.monotonic()
    assert fails(expired, 5)["condition"] == "oauth-unreachable"
    assert time.monotonic() - begin < 8
    expired.identity.reset()
    expired.folders()


def test_out_of_reach(clerk365):
    """Nobody listens there any more."""
    with Relay(clerk365.identity.port) as relay:
        clerk365.amtspost.set("oauth.authority", f"http://localhost:{relay.port}")
        clerk365.sign_in()
    clerk365.expire()
    before = clerk365.token()
    error = fails(clerk365, 5)
    assert error["condition"] == "oauth-unreachable"
    assert "bleibt gespeichert" in error["message"]
    assert clerk365.token() == before


def test_unknown_name(clerk365):
    """Of an authority that cannot be asked at all the administrator hears at the next sign-in."""
    clerk365.amtspost.set("oauth.authority", "https://gibt-es-nicht.invalid")
    login = clerk365.start()
    redirect, state = (parse_qs(urlsplit(login.url).query)[name][0] for name in ("redirect_uri", "state"))
    with urllib.request.urlopen(f"{redirect}?code=egal&state={state}", timeout=10):
        pass
    run = login.finish()
    error = json.loads(run.stdout.splitlines()[-1])["error"]
    assert run.status == 3 and error["condition"] == "name-unknown"
    assert error["advice"].startswith("Ein Administrator muss den Servernamen auf Tippfehler prüfen")


def test_a_short_fault_is_ridden_out(expired):
    expired.identity.force(times=2, status=503)
    expired.folders()
    assert expired.refreshes() == 3


def test_loop_detection_is_heeded(expired):
    expired.identity.force_error("invalid_grant", 50196, times=-1)
    assert fails(expired, 5)["condition"] == "oauth-loop"
    asked = expired.identity.count("token")
    fails(expired, 5)
    assert expired.identity.count("token") == asked


def test_a_replayed_code_restarts_the_flow_once(clerk365):
    clerk365.identity.force_error("invalid_grant", 54005)
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, clerk365.address, "Wolken-3hk")
    deadline = time.monotonic() + 10
    while login.running.output().count("authorize_url") < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    second = json.loads(login.running.output().splitlines()[1])["authorize_url"]
    assert second != login.url
    clerk365.identity.sign_in(second, clerk365.address, "Wolken-3hk")
    assert login.result()["imap"]["ok"] is True


@pytest.mark.parametrize("name, number, condition, status", [
    ("access_denied", 65004, "oauth-declined", 4), ("access_denied", 90094, "oauth-admin-consent", 3),
    ("access_denied", 53003, "oauth-device", 3), ("invalid_request", 50011, "oauth-redirect", 3),
    ("unauthorized_client", 700016, "oauth-application", 3),
    ("temporarily_unavailable", 90033, "oauth-not-completed", 5)])
def test_errors_at_the_redirect(clerk365, name, number, condition, status):
    clerk365.identity.refuse_sign_in(name, number)
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, clerk365.address, "Wolken-3hk")
    run = login.finish()
    error = json.loads(run.stdout.splitlines()[-1])["error"]
    assert (run.status, error["condition"]) == (status, condition)
    assert_german(error)
    assert not clerk365.token_file.exists()

"""Signing in with Office 365: the whole way, who it was, what comes back instead of a code."""

import http.client
import json
import os
import signal
import socket
import ssl
import stat
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from office365 import TOKEN_FILE, USER_PASSWORD, Clerk365
from peers.certificates import Authority
from peers.dovecot import free_port
from peers.fake_imap import FakeImap, tls_context
from peers.load import make_mails
from runner import CLERK, assert_german, peak_kilobytes


def send(address: str) -> tuple[int, str]:
    """Follows ADDRESS as a browser would; status and page."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def redirect_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["redirect_uri"][0]


def test_the_whole_way_without_a_hand_on_it(clerk365_smtp, browser):
    """No token; import says so; a real browser signs in; IMAP and SMTP confirmed; mails filed."""
    clerk = clerk365_smtp
    clerk.dovecot.maildir(clerk.address).add_folder("INBOX", list(make_mails(5, small=True)))
    clerk.amtspost.set("mailboxes", "info@amt365.example;fremd@amt365.example", CLERK)
    clerk.dovecot.share(clerk.address, "info@amt365.example")
    error = clerk.amtspost.fails(4, "import", "--user", CLERK)
    assert error["condition"] == "login-missing" and "amtspost login" in error["advice"]
    login = clerk.start()
    page = browser.sign_in(login.url, clerk.address, USER_PASSWORD)
    result = login.result(6)  # one mailbox is not ours
    assert "schließen" in page.text
    assert result["account"] == result["identity"] == clerk.address
    assert result["imap"]["ok"] is True and result["smtp"]["ok"] is True
    mailboxes = {entry["address"]: entry["ok"] for entry in result["mailboxes"]}
    assert mailboxes == {clerk.address: True, "info@amt365.example": True, "fremd@amt365.example": False}
    assert result["token_file"] == str(clerk.token_file)
    imported = clerk.amtspost.imported("--mailbox", clerk.address)
    assert imported["imported"] == 5


def test_what_is_asked_of_the_authority(clerk365):
    login = clerk365.start("--new")
    query = {name: values[0] for name, values in parse_qs(urlsplit(login.url).query).items()}
    assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43 and len(query["state"]) == 43
    assert query["login_hint"] == clerk365.address and query["prompt"] == "login"
    assert query["response_mode"] == "query" and "offline_access" in query["scope"].split()
    redirect = urlsplit(query["redirect_uri"])
    assert (redirect.hostname, redirect.path) == ("localhost", "/oauth/callback")
    for host in ("127.0.0.1", "::1"):
        http.client.HTTPConnection(host, redirect.port, timeout=5).connect()
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.result()["imap"]["ok"] is True
    request = clerk365.identity.requests("token")[-1]["parameters"]
    assert request["grant_type"] == "authorization_code" and "client_secret" not in request


def test_the_token_file(clerk365):
    clerk365.sign_in()
    path = clerk365.token_file
    assert path.name == TOKEN_FILE and stat.S_IMODE(path.stat().st_mode) == 0o600
    status = clerk365.status()
    assert status["account"] == status["identity"] == clerk365.address
    assert status["token_file"] == str(path) and status["expires"] and status["reason"] is None
    clerk365.amtspost.ok("login", "remove", "--user", CLERK)
    assert not path.exists()
    clerk365.needs_sign_in("login-missing")


def test_a_confidential_client(clerk365):
    clerk365.amtspost.set("oauth.client-id", clerk365.identity.CONFIDENTIAL_CLIENT)
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    run = login.finish()
    assert run.status == 3 and json.loads(run.stdout.splitlines()[-1])["error"]["condition"] in (
        "oauth-secret-expected", "oauth-secret-wrong")
    clerk365.amtspost.set("oauth.client-secret", clerk365.identity.CLIENT_SECRET)
    assert clerk365.sign_in()["imap"]["ok"] is True
    clerk365.expire()
    clerk365.folders()


def test_the_present_token_is_enough(clerk365):
    clerk365.sign_in()
    run = clerk365.amtspost.ok("--json", "login", "--user", CLERK)
    assert run.json["imap"]["ok"] is True and run.json["identity"] == clerk365.address
    assert clerk365.identity.count("login") == 1
    clerk365.sign_in("--new")
    assert clerk365.identity.count("login") == 2


def test_pasting_the_redirect(clerk365, tmp_path):
    """Somebody's browser runs on another machine."""
    clerk365.amtspost.set("oauth.redirect-uri", "https://post.amt365.example/oauth/callback")
    clerk365.identity.add_redirect_uri("https://post.amt365.example/oauth/callback")
    pipe = tmp_path / "eingabe"
    os.mkfifo(pipe)
    source = open(pipe, "r+b", buffering=0)
    login = clerk365.start(pipe=source)
    address = clerk365.identity.sign_in(
        login.url, clerk365.address, USER_PASSWORD, visit=False).address
    source.write(address.encode() + b"\n")
    assert login.result()["imap"]["ok"] is True


def test_pasting_without_anybody(clerk365):
    clerk365.amtspost.set("oauth.redirect-uri", "https://post.amt365.example/oauth/callback")
    run = clerk365.amtspost.run("--json", "login", "--user", CLERK)
    assert run.status == 4
    assert json.loads(run.stdout.splitlines()[-1])["error"]["condition"] == "oauth-paste-missing"


def test_a_forged_paste_is_refused(clerk365):
    clerk365.amtspost.set("oauth.redirect-uri", "https://post.amt365.example/oauth/callback")
    run = clerk365.amtspost.run("--json", "login", "--user", CLERK,
                                stdin="https://post.amt365.example/oauth/callback?code=x&state=y\n")
    error = json.loads(run.stdout.splitlines()[-1])["error"]
    assert run.status == 4 and error["condition"] == "oauth-state"
    assert not clerk365.token_file.exists()


def test_a_configured_port(clerk365, tmp_path):
    port = free_port()
    clerk365.amtspost.set("oauth.redirect-uri", f"http://localhost:{port}/oauth/callback")
    login = clerk365.start()
    assert redirect_of(login.url) == f"http://localhost:{port}/oauth/callback"
    second = clerk365.amtspost.run("--json", "login", "--user", CLERK)
    assert second.status == 5 and second.error["condition"] == "oauth-port-busy"
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.result()["imap"]["ok"] is True


def test_forged_and_replayed_redirects(clerk365):
    login = clerk365.start()
    place = redirect_of(login.url)
    state = parse_qs(urlsplit(login.url).query)["state"][0]
    for query in ("code=gestohlen&state=geraten", "code=ohne-state", f"state={state[:-1]}&code=x",
                  f"state={state}&state={state}&code=doppelt", "error=access_denied&state=geraten"):
        status, page = send(f"{place}?{query}")
        assert status == 400 and "passt nicht" in page, query
    for other in ("/", "/oauth/callback/x?code=a", "/favicon.ico"):
        status, _ = send(place.replace("/oauth/callback", other))
        assert status == 404
    assert not login.running.is_over() and not clerk365.token_file.exists()
    address = clerk365.identity.sign_in(
        login.url, clerk365.address, USER_PASSWORD, visit=False).address
    assert send(address)[0] == 200
    assert login.result()["imap"]["ok"] is True
    # The same redirect at another login: its state is not that one's.
    again = clerk365.start("--new")
    replay = f"{redirect_of(again.url)}?{urlsplit(address).query}"
    assert send(replay)[0] == 400
    again.running.process.kill()
    again.running.process.wait()
    clerk365.folders()  # the first sign-in still holds


def test_dripping_connections_keep_nobody_out(clerk365):
    """Somebody on the same machine opens connection after connection and sends a byte now and then."""
    login = clerk365.start()
    port = urlsplit(redirect_of(login.url)).port
    stop = threading.Event()

    def drip() -> None:
        held: list[socket.socket] = []
        while not stop.is_set():
            try:
                held += [socket.create_connection(("127.0.0.1", port), 1) for _ in range(10)]
            except OSError:
                pass
            for connection in held[-60:]:
                try:
                    connection.send(b"G")
                except OSError:
                    pass
            time.sleep(0.2)
        for connection in held:
            connection.close()

    attacker = threading.Thread(target=drip)
    attacker.start()
    try:
        time.sleep(1.5)
        begin = time.monotonic()
        clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
        assert time.monotonic() - begin < 10
        assert login.result()["imap"]["ok"] is True
    finally:
        stop.set()
        attacker.join()


@pytest.mark.release_only
def test_long_addresses_cost_no_memory(clerk365):
    login = clerk365.start()
    place = redirect_of(login.url)
    before = peak_kilobytes(login.running.pid)
    for _ in range(1000):
        assert send(f"{place}?code={'x' * 50_000}")[0] in (400, 404, 413, 414, 431)
    assert peak_kilobytes(login.running.pid) - before < 8_000
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.result()["imap"]["ok"] is True


def test_consent_declined(clerk365):
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD, consent=False)
    run = login.finish()
    error = json.loads(run.stdout.splitlines()[-1])["error"]
    assert run.status == 4 and error["condition"] == "oauth-declined"
    assert "zugestimmt" in error["message"]
    assert not clerk365.token_file.exists()


def test_the_wrong_person(clerk365):
    other = "zweite." + clerk365.address
    clerk365.identity.add_user(other, USER_PASSWORD)
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, other, USER_PASSWORD)
    run = login.finish()
    error = json.loads(run.stdout.splitlines()[-1])["error"]
    assert run.status == 4 and error["condition"] == "oauth-wrong-person"
    assert other in error["message"] and clerk365.address in error["message"]
    assert not clerk365.token_file.exists()
    clerk365.needs_sign_in("login-missing")


def test_another_name_for_the_same_mailbox(clerk365):
    """The user principal name is not the address: where nobody can be asked, nothing is stored."""
    name = "upn." + clerk365.address
    clerk365.identity.add_user(name, USER_PASSWORD, addresses=(clerk365.address,))
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, name, USER_PASSWORD)
    assert login.finish().status == 4
    assert not clerk365.token_file.exists()


@pytest.mark.parametrize("claims, identity", [
    ({}, None), ({"upn": "{address}"}, "{address}"), ({"email": "{address}"}, "{address}")])
def test_claims_of_the_id_token(clerk365, claims, identity):
    clerk365.identity.change_user(clerk365.address, claims={
        name: value.format(address=clerk365.address) for name, value in claims.items()})
    result = clerk365.sign_in()
    assert result["identity"] == (identity and identity.format(address=clerk365.address))
    assert result["imap"]["ok"] is True and clerk365.token_file.exists()


def test_no_claims_and_no_mailbox(clerk365):
    other = "namenlos." + clerk365.address
    clerk365.identity.add_user(other, USER_PASSWORD, claims={})
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, other, USER_PASSWORD)
    run = login.finish()
    assert run.status == 4
    assert json.loads(run.stdout.splitlines()[-1])["error"]["condition"] == "oauth-unknown-person"
    assert not clerk365.token_file.exists()


def test_mail_server_out_of_reach(clerk365):
    """The sign-in itself is good: it is kept, and the report says what could not be asked."""
    clerk365.amtspost.set("imap.port", str(free_port()))
    result = clerk365.sign_in()
    assert result["imap"]["ok"] is None and result["imap"]["reason"] == "unchecked"
    assert result["smtp"]["ok"] is None
    clerk365.amtspost.set("imap.port", str(clerk365.dovecot.tls_port))
    clerk365.folders()


def test_cancelling(clerk365):
    login = clerk365.start()
    login.running.process.send_signal(signal.SIGINT)
    assert login.finish().status == 130
    assert not clerk365.token_file.exists()


@pytest.mark.parametrize("value", ["none", "tls1.0", "tls1.0+", "tls1.1"])
def test_always_encrypted_whatever_is_stored(clerk365, certificate, tmp_path, value):
    """No choice: TLS 1.2 or newer with a certificate check, also below a stored value."""
    clerk365.sign_in()
    clerk365.amtspost.set("imap.tls", value)
    clerk365.amtspost.ok("settings", "set", "imap.tls", value, "--user", CLERK)
    assert clerk365.amtspost.get("imap.tls", CLERK) | {"value": "tls1.2+", "origin": "default"} == \
        clerk365.amtspost.get("imap.tls", CLERK)
    foreign = Authority(tmp_path, "Fremde CA").issue("fremd", ["localhost"])
    for context in (None, tls_context(certificate, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1),
                    tls_context(foreign)):
        with FakeImap(tls=context) as server:
            clerk365.amtspost.set("imap.port", str(server.port))
            error = clerk365.amtspost.fails(3, "folders", "--user", CLERK)
            assert_german(error)
            assert not any("AUTHENTICATE" in line for line in server.commands)


def test_permissions_and_consent_link(clerk365):
    consent = clerk365.amtspost.json("login", "consent")
    query = parse_qs(urlsplit(consent["consent_url"]).query)
    assert query["client_id"] == [clerk365.identity.CLIENT]
    assert query["redirect_uri"] == [consent["redirect_uri"]]
    assert all(entry["reason"] for entry in consent["permissions"])
    clerk365.identity.require_admin_consent()
    try:
        login = clerk365.start()
        clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
        run = login.finish()
        error = json.loads(run.stdout.splitlines()[-1])["error"]
        assert run.status == 3 and error["condition"] == "oauth-admin-consent"
        assert "login consent" in error["advice"]
        clerk365.identity.give_admin_consent()
        assert clerk365.sign_in()["imap"]["ok"] is True
    finally:
        clerk365.identity.require_admin_consent(False)


def test_long_tokens(clerk365):
    clerk365.identity.set_token_letters(6000)
    try:
        assert clerk365.sign_in()["imap"]["ok"] is True
    finally:
        clerk365.identity.set_token_letters(2100)


def test_disabled_and_missing_settings(clerk365):
    clerk365.amtspost.ok("settings", "unset", "oauth.client-id")
    error = clerk365.amtspost.fails(3, "login", "--user", CLERK)
    assert "oauth.client-id" in error["message"]
    clerk365.amtspost.set("interface", "disabled", CLERK)
    clerk365.amtspost.fails(3, "login", "--user", CLERK)
    clerk365.amtspost.fails(2, "login", "--user", "niemand")

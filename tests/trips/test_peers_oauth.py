"""The stand-ins for Office 365 by themselves: what fails later is then the program's fault."""

import http.client
import http.server
import imaplib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from peers import forms, processes
from peers.forms import FormBrowser, Stuck
from peers.identity import SCOPES, IdentityProvider, hashed
from peers.oauth_client import Flow
from runner import MARK, PASSWORD, ROOT

pytestmark = pytest.mark.release_only  # the program takes no part

IMAP_SCOPE = SCOPES.split()[0]


def sign_in(flow: Flow, account, **options) -> forms.SignIn:
    return flow.provider.sign_in(flow.url, account.name, account.password, visit=False, **options)


def tokens(account, **more) -> tuple[Flow, dict]:
    """A whole sign-in; answers what the token endpoint gave."""
    flow = Flow(account.identity, **more)
    answer = flow.redeem(sign_in(flow, account).parameters["code"])
    assert answer.status == 200, answer.body
    return flow, answer.json


def assert_refused(answer, error: str, aadsts: int) -> None:
    assert answer.status in (400, 401), answer.body
    json_ = answer.json
    assert json_["error"] == error, json_
    assert json_["error_description"].startswith(f"AADSTS{aadsts}: "), json_
    assert json_["error_codes"] == [aadsts]
    assert {"timestamp", "trace_id", "correlation_id"} <= json_.keys()


class Listener:
    """An application that waits for its redirect."""

    def __enter__(self) -> "Listener":
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # pylint: disable=invalid-name
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                if self.path.startswith("/oauth/callback?"):
                    self.wfile.write("<p>Angekommen. Größe".encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://localhost:{self._server.server_address[1]}/oauth/callback"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


# The identity provider


def test_a_whole_sign_in(identity, office_account):
    with Listener() as listener:
        flow = Flow(identity, listener.redirect_uri, login_hint=office_account.name)
        end = identity.sign_in(flow.url, office_account.name, PASSWORD)
    assert end.pages == ["Anmelden", "Angeforderte Berechtigungen"]
    assert end.text == "Angekommen. Größe"
    assert end.address.startswith(listener.redirect_uri + "?")
    assert end.parameters["state"] == flow.state and "iss" not in end.parameters
    answer = flow.redeem(end.parameters["code"])
    result = answer.json
    assert len(result["access_token"]) >= 2000 and result["access_token"].startswith(MARK)
    assert result["refresh_token"] and result["token_type"] == "Bearer"
    assert result["expires_in"] == result["ext_expires_in"] == 3600
    assert set(SCOPES.split()) - set(result["scope"].split()) == {"offline_access"}
    assert answer.claims["preferred_username"] == office_account.name
    assert "upn" not in answer.claims and "email" not in answer.claims
    assert answer.headers["Cache-Control"] == "no-store"
    assert identity.introspect(result["access_token"])["username"] == office_account.name
    assert identity.count("authorize") == identity.count("token:authorization_code") == 1
    request = identity.requests("token")[0]
    assert request["status"] == 200 and request["tenant"] == "organizations"
    assert request["parameters"]["code"] == hashed(end.parameters["code"])
    assert request["parameters"]["code_verifier"] == hashed(flow.verifier)
    assert MARK not in json.dumps(identity.requests())
    assert_refused(flow.redeem(end.parameters["code"]), "invalid_grant", 54005)


def test_chromium_signs_in(identity, office_account, browser):
    with Listener() as listener:
        flow = Flow(identity, listener.redirect_uri, login_hint=office_account.name)
        end = browser.sign_in(flow.url, office_account.name, PASSWORD, screenshot=True)
    assert end.pages == ["Anmelden", "Angeforderte Berechtigungen"]
    assert end.text == "Angekommen. Größe"
    assert [picture[1:4] for picture in end.screenshots] == [b"PNG"] * 3
    assert flow.redeem(end.parameters["code"]).status == 200


def test_chromium_stops_declines_and_fails(identity, office_account, browser):
    end = browser.sign_in(Flow(identity).url, office_account.name, PASSWORD, consent=False, visit=False)
    assert end.parameters["error"] == "access_denied" and end.text == ""
    with pytest.raises(Stuck, match="Name oder Kennwort stimmt nicht"):
        browser.sign_in(Flow(identity).url, office_account.name, "falsch")
    end = browser.sign_in(Flow(identity, "http://localhost/anders").url, office_account.name, PASSWORD)
    assert "AADSTS50011" in end.text and end.address.startswith(identity.authority)
    with pytest.raises(Stuck, match="not done after"):
        identity.force("authorize", stall=True)
        browser.sign_in(Flow(identity).url, office_account.name, PASSWORD, seconds=2)


def test_both_browsers_know_who_was_there(identity, office_account, browser):
    person = FormBrowser()
    for sign in (person.sign_in, lambda *words, **options: browser.sign_in(
            *words, person=office_account.name, **options)):
        def pages(sign=sign, **more: str) -> list[str]:
            return sign(Flow(identity, **more).url, office_account.name, PASSWORD, visit=False).pages

        identity.forget_consent(office_account.name)
        assert pages() == ["Anmelden", "Angeforderte Berechtigungen"]
        assert pages() == []
        assert pages(prompt="login") == ["Anmelden"]
        assert pages(prompt="select_account") == ["Konto auswählen"]
        assert pages(prompt="consent") == ["Angeforderte Berechtigungen"]


def test_another_account_in_the_same_browser(identity, office_account, another_office_account):
    person = FormBrowser()
    person.sign_in(Flow(identity).url, office_account.name, PASSWORD, visit=False)
    flow = Flow(identity, prompt="select_account")
    end = person.sign_in(flow.url, another_office_account.name, PASSWORD, visit=False)
    assert flow.redeem(end.parameters["code"]).claims["preferred_username"] == another_office_account.name


def test_former_refresh_tokens_live_on(identity, office_account):
    flow, first = tokens(office_account)
    second = flow.refresh(first["refresh_token"])
    assert second.json["refresh_token"] != first["refresh_token"]
    assert second.json["access_token"] != first["access_token"]
    assert flow.refresh(first["refresh_token"], scope=f"{IMAP_SCOPE} offline_access").status == 200
    assert flow.refresh(second.json["refresh_token"]).status == 200
    assert identity.count("token:refresh_token") == 3
    identity.set_lifetimes(grace=-1)
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 70000)
    assert flow.refresh(second.json["refresh_token"]).status == 400


def test_strict_rotation_ends_the_sign_in(identity, office_account):
    identity.rotate_strictly()
    flow, first = tokens(office_account)
    _, other = tokens(office_account)
    second = flow.refresh(first["refresh_token"]).json
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 70000)
    assert_refused(flow.refresh(second["refresh_token"]), "invalid_grant", 70000)
    assert flow.refresh(other["refresh_token"]).status == 200, "another sign-in was ended too"


def test_a_changed_password_ends_refreshing(identity, office_account):
    flow, first = tokens(office_account)
    identity.set_password(office_account.name, "neu")
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 50173)
    assert identity.introspect(first["access_token"])["active"], "it lives until it expires"
    with pytest.raises(Stuck):
        sign_in(Flow(identity), office_account)
    assert identity.sign_in(Flow(identity).url, office_account.name, "neu", visit=False).parameters["code"]


def test_revoking(identity, office_account, another_office_account):
    flow, first = tokens(office_account)
    _, other = tokens(another_office_account)
    identity.revoke_access_tokens(office_account.name)
    assert not identity.introspect(first["access_token"])["active"]
    assert identity.introspect(other["access_token"])["active"]
    assert flow.refresh(first["refresh_token"]).status == 200
    identity.revoke(office_account.name, aadsts=70043)
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 70043)
    identity.revoke()
    assert_refused(flow.refresh(other["refresh_token"]), "invalid_grant", 50173)


def test_lifetimes(identity, office_account):
    identity.set_lifetimes(access=1, refresh=1)
    flow, first = tokens(office_account)
    assert first["expires_in"] == 1 and identity.introspect(first["access_token"])["active"]
    time.sleep(2.1)
    assert not identity.introspect(first["access_token"])["active"]
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 700082)


def test_without_offline_access_there_is_no_refresh_token(office_account):
    _, result = tokens(office_account, scope=IMAP_SCOPE)
    assert "refresh_token" not in result and "id_token" not in result
    assert result["scope"] == IMAP_SCOPE


@pytest.mark.parametrize("claims", [{}, {"upn": "a@b.example"}, {"email": "c@d.example", "name": "Ä"}])
def test_claims(identity, make_office_account, claims):
    account = make_office_account(claims=claims)
    flow = Flow(identity)
    answer = flow.redeem(sign_in(flow, account).parameters["code"])
    names = {"preferred_username", "upn", "email", "name"}
    assert {key: value for key, value in answer.claims.items() if key in names} == claims


def test_declining(identity, office_account):
    flow = Flow(identity)
    end = sign_in(flow, office_account, consent=False)
    assert end.parameters["error"] == "access_denied" and end.parameters["state"] == flow.state
    assert end.parameters["error_description"].startswith("AADSTS65004: ")
    identity.decline_consent()
    assert sign_in(Flow(identity), office_account).parameters["error"] == "access_denied"
    identity.refuse_sign_in("interaction_required", 53003, "Blocked.")
    end = sign_in(Flow(identity), office_account)
    assert end.parameters["error"] == "interaction_required"
    assert end.parameters["error_description"].startswith("AADSTS53003: Blocked.")
    assert "code" in sign_in(Flow(identity), office_account).parameters


def test_an_administrator_consents(identity, office_account, make_office_account, browser):
    identity.require_admin_consent()
    end = sign_in(Flow(identity), office_account)
    assert end.parameters["error_description"].startswith("AADSTS90094: ")
    admin = make_office_account(admin=True)
    url = f"{identity.authority}/{identity.tenant}/v2.0/adminconsent?" + urlencode({
        "client_id": identity.CLIENT, "redirect_uri": identity.CALLBACK, "scope": IMAP_SCOPE, "state": "s"})
    with pytest.raises(Stuck):
        identity.sign_in(url, office_account.name, PASSWORD, visit=False)
    assert identity.sign_in(url, admin.name, PASSWORD, consent=False,
                            visit=False).parameters["error"] == "access_denied"
    for sign in (identity.sign_in, browser.sign_in):
        end = sign(url, admin.name, PASSWORD, visit=False)
        assert end.parameters == {"admin_consent": "True", "tenant": identity.tenant,
                                  "scope": IMAP_SCOPE, "state": "s"}
    end = sign_in(Flow(identity), office_account)
    assert end.pages == ["Anmelden"] and "code" in end.parameters


def test_wrong_requests(identity, office_account):
    flow = Flow(identity)
    code = sign_in(flow, office_account).parameters["code"]
    for changes, error, aadsts in (
            ({"code_verifier": "x" * 50}, "invalid_grant", 501481),
            ({"redirect_uri": "http://localhost:1/anders"}, "invalid_grant", 500112),
            ({"code": "unbekannt"}, "invalid_grant", 9002313),
            ({"client_id": "unbekannt"}, "unauthorized_client", 700016),
            ({"client_secret": "zu viel"}, "invalid_client", 700025),
            ({"grant_type": "password"}, "unsupported_grant_type", 70003)):
        assert_refused(flow.redeem(**{"code": code} | changes), error, aadsts)
    assert_refused(flow.refresh("unbekannt"), "invalid_grant", 9002313)
    assert flow.redeem(code).status == 200, "none of these used the code up"
    for flow, text in ((Flow(identity, client="unbekannt"), "AADSTS700016"),
                       (Flow(identity, "http://localhost:1/oauth/Callback"), "AADSTS50011"),
                       (Flow(identity, tenant="unbekannt"), "AADSTS90002")):
        assert text in sign_in(flow, office_account).text
    end = sign_in(Flow(identity, scope="https://graph.microsoft.com/Mail.Read"), office_account)
    assert end.parameters["error"] == "invalid_scope"
    end = sign_in(Flow(identity, prompt="none"), office_account)
    assert end.parameters["error"] == "login_required"


def test_the_confidential_application(identity, office_account):
    client = identity.CONFIDENTIAL_CLIENT
    flow = Flow(identity, client=client, tenant=identity.tenant)
    code = sign_in(flow, office_account).parameters["code"]
    assert_refused(flow.redeem(code), "invalid_client", 7000218)
    assert_refused(flow.redeem(code, client_secret="falsch"), "invalid_client", 7000215)
    identity.set_client(client, secretExpired=True)
    assert_refused(flow.redeem(code, client_secret=identity.CLIENT_SECRET), "invalid_client", 7000222)
    identity.set_client(client, secretExpired=False)
    assert flow.redeem(code, client_secret=identity.CLIENT_SECRET).status == 200
    uri = "https://amtspost.musterhausen.example/oauth/callback"
    identity.add_redirect_uri(uri, client)
    assert sign_in(Flow(identity, uri, client), office_account).address.startswith(uri)


def test_https(identity, office_account, authority):
    context = ssl.create_default_context(cafile=authority.certificate)
    url = Flow(identity).url.replace(identity.authority, identity.tls_authority)
    assert url.startswith("https://")
    end = forms.sign_in(url, office_account.name, PASSWORD, visit=False, context=context)
    assert "code" in end.parameters


def test_forced_answers(identity, office_account):
    flow, first = tokens(office_account)
    identity.reset()
    refresh = first["refresh_token"]
    identity.force_error("temporarily_unavailable", 90033, status=503, headers={"Retry-After": "7"}, times=2)
    identity.force(status=502, body="<html>Bad Gateway", headers={"X-Proxy": "ja"})
    identity.force(body="{", bytes=100_000_000)
    for _ in range(2):
        answer = flow.refresh(refresh)
        assert answer.status == 503 and answer.headers["Retry-After"] == "7"
        assert answer.json["error_codes"] == [90033]
    answer = flow.refresh(refresh)
    assert (answer.status, answer.body, answer.headers["X-Proxy"]) == (502, b"<html>Bad Gateway", "ja")
    assert len(flow.refresh(refresh).body) == 100_000_000
    assert flow.refresh(refresh).status == 200
    assert identity.count("token") == 5
    assert [request["status"] for request in identity.requests("token")] == [503, 503, 502, 200, 200]


def test_answers_that_never_end(identity, office_account):
    flow, _ = tokens(office_account)

    def ask() -> tuple[socket.socket, http.client.HTTPResponse | None]:
        connection = http.client.HTTPConnection("localhost", identity.port, timeout=1)
        connection.request("POST", "/organizations/oauth2/v2.0/token", "grant_type=x")
        return connection, connection.getresponse()

    identity.force(body="x", bytes=-1)
    connection, response = ask()
    assert len(response.read(20_000_000)) == 20_000_000
    connection.close()
    identity.force(body="x" * 1000, rate=20)
    connection, response = ask()
    begin = time.monotonic()
    response.read(10)
    assert 0.2 < time.monotonic() - begin < 2
    connection.close()
    identity.force(stall=True)
    with pytest.raises(TimeoutError):
        ask()
    identity.force(close=True)
    with pytest.raises(http.client.RemoteDisconnected):
        ask()
    assert flow.redeem("x").status == 400, "plain service again"


def test_held_and_lost_answers(identity, office_account):
    flow, first = tokens(office_account)
    identity.force(times=2, hold=True)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(flow.refresh(first["refresh_token"]).status))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while identity.waiting() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not answers
    identity.release()
    for thread in threads:
        thread.join()
    assert answers == [200, 200]
    identity.rotate_strictly()
    flow, first = tokens(office_account)
    identity.force(lose=True)
    with pytest.raises(http.client.RemoteDisconnected):
        flow.refresh(first["refresh_token"])
    assert_refused(flow.refresh(first["refresh_token"]), "invalid_grant", 70000)


def test_out_of_reach(identity, office_account):
    flow, first = tokens(office_account)
    identity.go_offline()
    with pytest.raises(ConnectionRefusedError):
        flow.refresh(first["refresh_token"])
    assert identity.introspect(first["access_token"])["active"]
    identity.go_online()
    assert flow.refresh(first["refresh_token"]).status == 200


# Dovecot


def connect(account, tls: bool = True) -> imaplib.IMAP4:
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    if tls:
        return imaplib.IMAP4_SSL("127.0.0.1", account.server.tls_port, ssl_context=context)
    connection = imaplib.IMAP4("127.0.0.1", account.server.plain_port)
    connection.starttls(context)
    return connection


def client_message(mechanism: str, user: str, token: str) -> bytes:
    if mechanism == "XOAUTH2":
        return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
    return f"n,a={user},\x01host=localhost\x01port=993\x01auth=Bearer {token}\x01\x01".encode()


def authenticate(connection: imaplib.IMAP4, mechanism: str, user: str, token: str) -> list[bytes]:
    """Logs in; answers the server's challenges."""
    challenges = []

    def respond(challenge: bytes) -> bytes:
        challenges.append(challenge)
        return b"" if challenge else client_message(mechanism, user, token)

    try:
        connection.authenticate(mechanism, respond)
    except imaplib.IMAP4.error as failure:
        assert "AUTHENTICATIONFAILED" in str(failure)
    return challenges


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("tls", [True, False])
def test_a_token_opens_its_mailbox(office_account, mechanism, tls):
    connection = connect(office_account, tls)
    assert f"AUTH={mechanism}" in connection.capabilities
    assert "AUTH=PLAIN" in connection.capabilities
    assert authenticate(connection, mechanism, office_account.address, office_account.token()) == [b""]
    assert connection.state == "AUTH"
    connection.logout()


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_shared_mailboxes(office_account, another_office_account, shared_mailbox, mechanism):
    def opens(account) -> bool:
        connection = connect(account)
        challenges = authenticate(connection, mechanism, shared_mailbox.address, account.token())
        is_in = connection.state == "AUTH"
        # RFC 7628 has words, XOAUTH2 a number.
        assert is_in or json.loads(challenges[1])["status"] in ("401", "invalid_token")
        connection.shutdown()
        return is_in

    assert not opens(office_account)
    office_account.share(shared_mailbox)
    assert opens(office_account) and not opens(another_office_account)
    another_office_account.share(shared_mailbox)
    assert opens(another_office_account)
    office_account.server.unshare(office_account.name, shared_mailbox.address)
    assert not opens(office_account) and opens(another_office_account)


def test_refused_tokens(identity, office_account, another_office_account):
    expired = office_account.token(lifetime=1)
    revoked = office_account.token()
    identity.revoke_access_tokens(office_account.name)
    time.sleep(2.1)
    for token in (expired, revoked, "unbekannt", "a+/=" * 500, another_office_account.token(),
                  office_account.token("https://outlook.office.com/SMTP.Send")):
        connection = connect(office_account)
        challenges = authenticate(connection, "XOAUTH2", office_account.address, token)
        assert connection.state == "NONAUTH"
        assert json.loads(challenges[1]) == {"status": "401", "schemes": "bearer", "scope": "mail"}
        connection.shutdown()


def test_name_and_address_may_differ(make_office_account):
    account = make_office_account("mm4711@stadt.onmicrosoft.example")
    connection = connect(account)
    authenticate(connection, "XOAUTH2", account.address, account.token())
    assert connection.state == "AUTH"


def test_passwords_beside_tokens(office_account):
    assert office_account.box.read() == {}


@pytest.mark.parametrize("abruptly", [True, False])
def test_sessions_can_be_ended(office_account, another_office_account, abruptly):
    mine, other = connect(office_account), connect(another_office_account)
    for account, connection in ((office_account, mine), (another_office_account, other)):
        authenticate(connection, "XOAUTH2", account.address, account.token())
        connection.select()
    server = office_account.server
    assert len(server.sessions(office_account.address)) == 1
    assert server.end_sessions(office_account.address, abruptly) == 1
    with pytest.raises((imaplib.IMAP4.abort, OSError)) as failure:
        mine.noop()
    assert ("Server shutting down" in str(failure.value)) != abruptly
    assert other.noop()[0] == "OK"
    assert server.sessions(office_account.address) == []


# What stays behind

PROGRAM = """
import sys, tempfile, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from peers import processes
from peers.browser import Browser
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.identity import IdentityProvider
from peers.postfix import Postfix
processes.exit_on_signals()
folder = Path(sys.argv[2])
certificate = Authority(folder).issue("localhost", ["localhost"])
with IdentityProvider(certificate) as identity, Dovecot(certificate, oauth=identity) as dovecot, \\
        Postfix(certificate, dovecot) as postfix, Browser() as browser:
    browser.open(identity.authority)
    print(*(peer.folder for peer in (identity, dovecot, postfix, browser)), flush=True)
    if sys.argv[3] == "wait":
        time.sleep(60)
"""


def mentioning(folders: list[str]) -> set[int]:
    """Processes that have left the family, as Chromium's helper for crashes does, but work in FOLDERS."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if int(name) != os.getpid() and any(folder in line for folder in folders):
            found.add(int(name))
    return found


@pytest.mark.skipif(os.getuid() != 0, reason="Postfix's master must run as root")
@pytest.mark.parametrize("end", ["normal", "wait-SIGTERM", "wait-SIGKILL"])
def test_nothing_stays_behind(tmp_path, browser, end):
    how, _, name = end.partition("-")
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(ROOT / "tools"), str(tmp_path), how],
                               stdout=subprocess.PIPE, text=True)
    folders = process.stdout.readline().split()
    assert len(folders) == 4
    below = set(processes.descendants(process.pid))
    if name:
        assert len(below) > 15, "one of the peers does not run"
        process.send_signal(signal.Signals[name])
    process.wait(20)
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(map(processes.is_alive, below | mentioning(folders))):
        assert time.monotonic() < deadline, "processes stay behind"
        time.sleep(0.05)
    for folder in folders:
        if name == "SIGKILL":  # nobody was left to remove it
            subprocess.run(["rm", "-rf", folder], check=True)
        assert not os.path.exists(folder)


def test_two_of_each_at_once(certificate, identity):
    with IdentityProvider(certificate) as other:
        other.add_user("gast@musterhausen.example", "x")
        flow = Flow(other)
        end = other.sign_in(flow.url, "gast@musterhausen.example", "x", visit=False)
        assert flow.redeem(end.parameters["code"]).status == 200
        assert identity.count("token") == 0


@pytest.mark.parametrize("path", ["package-lock.json", "tools/node/package-lock.json"])
def test_the_lock_files_name_no_host(path):
    assert "://" not in (ROOT / path).read_text()

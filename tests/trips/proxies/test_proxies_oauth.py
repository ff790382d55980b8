"""Office 365 through squid and dante: signing in and renewing take IMAP's proxy."""

import os
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from office365 import USER_PASSWORD, Login
from peers.dovecot import free_port
from proxies import (CLOSED_DOOR, FORBIDDEN_HOST, IMAP_HOST, LOGIN_HOST, LOGINS, PROXY_HOST, UNKNOWN_HOST,
                     sign_in)
from runner import CLERK, MARK

pytestmark = pytest.mark.sanitized_only


@contextmanager
def pasting(clerk365, tmp_path):
    """A login whose browser is elsewhere, and the function that pastes an address."""
    pipe = tmp_path / "eingabe"
    os.mkfifo(pipe)
    with open(pipe, "r+b", buffering=0) as source:
        yield clerk365.start(pipe=source), lambda address: source.write(address.encode() + b"\n")


def visit(clerk365, login: Login) -> str:
    """Signs in at the pages, which the person reaches without a proxy; answers where they lead."""
    outside = login.url.replace(clerk365.amtspost.get("oauth.authority")["value"], clerk365.identity.authority)
    return clerk365.identity.sign_in(outside, clerk365.address, USER_PASSWORD, visit=False).address


@pytest.fixture
def signed_in(clerk365, way, tmp_path):
    """Through the proxy, and with another login to it for SMTP."""
    way.lead(clerk365.amtspost, "imap", "doppelpunkt")
    way.lead(clerk365.amtspost, "smtp", "umlaute")
    with pasting(clerk365, tmp_path) as (login, paste):
        paste(visit(clerk365, login))
        report = login.result()
    assert report["imap"]["ok"] is True and report["smtp"]["ok"] is True, report
    return clerk365


def test_sign_in_and_renewal(signed_in, way):
    before = len(way.proxy.log)
    signed_in.expire()
    assert signed_in.folders()
    assert signed_in.refreshes() == 1
    log = way.proxy.log[before:]
    if way.kind == "http":  # dante's log knows addresses only
        assert log.index(f"CONNECT {LOGIN_HOST}:") < log.index(f"CONNECT {IMAP_HOST}:")
    assert log.count("doppelpunkt") >= 2


def test_a_renewal_that_the_proxy_stops(signed_in):
    """It says so, and when the way is free again nobody needs to sign in anew."""
    amtspost = signed_in.amtspost
    signed_in.expire()
    password = LOGINS["doppelpunkt"]
    for name, secret in (("doppelpunkt", MARK + ":a"), ("doppelpunkt", None), (None, None)):
        sign_in(amtspost, "imap", name, secret)
        error = amtspost.fails(3, "folders", "--user", CLERK)
        assert error["condition"] == ("proxy-login" if name else "proxy-login-missing")
        assert f"Der Proxy {PROXY_HOST} (" in error["message"]
    sign_in(amtspost, "imap", "doppelpunkt", password)
    for key, value, status, condition in (("host", UNKNOWN_HOST, 3, "proxy-name-unknown"),
                                          ("port", str(CLOSED_DOOR), 5, "proxy-refused")):
        before = amtspost.get(f"imap.proxy.{key}")["value"]
        amtspost.set(f"imap.proxy.{key}", value)
        error = amtspost.fails(status, "folders", "--user", CLERK)
        assert error["condition"] == condition and "Proxy" in error["message"], error
        amtspost.set(f"imap.proxy.{key}", before)
    assert signed_in.refreshes() == 0
    assert signed_in.folders() and signed_in.refreshes() == 1


@pytest.mark.parametrize("host, port, status, condition", [
    (FORBIDDEN_HOST, None, 3, "proxy-forbidden"),
    (LOGIN_HOST, "closed", 5, "proxy-unreachable"),
    (UNKNOWN_HOST, None, 5, "proxy-unreachable"),
])
def test_an_authority_that_the_proxy_does_not_reach(clerk365, way, tmp_path, host, port, status, condition):
    port = free_port() if port else clerk365.identity.tls_port
    clerk365.amtspost.set("oauth.authority", f"https://{host}:{port}")
    way.lead(clerk365.amtspost, "imap")
    with pasting(clerk365, tmp_path) as (login, paste):
        query = parse_qs(urlsplit(login.url).query)
        paste(f"{query['redirect_uri'][0]}?code=unbenutzt&state={query['state'][0]}")
        error = login.result(status)["error"]
    assert error["condition"] == condition, error
    assert f"Ziel: {host}, Port {port})" in error["message"]
    assert not clerk365.token_file.exists()


def test_an_authority_on_this_machine(clerk365, squid, island, tmp_path):
    """No proxy is asked for what is here; for IMAP it still is."""
    door = island.open_door(clerk365.identity.port, clerk365.identity.port)
    clerk365.amtspost.set("oauth.authority", clerk365.identity.authority)
    squid.lead(clerk365.amtspost, "imap")
    squid.lead(clerk365.amtspost, "smtp")
    before = len(squid.proxy.log)
    with pasting(clerk365, tmp_path) as (login, paste):
        paste(visit(clerk365, login))
        assert login.result()["imap"]["ok"] is True
    assert door.connections > 0
    log = squid.proxy.log[before:]
    assert f"CONNECT {IMAP_HOST}:" in log and f":{clerk365.identity.port} " not in log

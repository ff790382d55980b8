"""`check` with Office 365: what is the matter with the sign-in, its registration, the rights on mailboxes."""

import http.server
import shutil
import ssl
import threading
import urllib.parse

import pytest
from office365 import Clerk365
from peers.dovecot import free_port
from peers.fake_imap import FakeImap, tls_context
from runner import CLERK
from test_check import FAKETIME, broken, check, failing

pytestmark = pytest.mark.sanitized_only


@pytest.fixture
def signed_in(clerk365_smtp) -> Clerk365:
    clerk365_smtp.sign_in()
    return clerk365_smtp


def token_step(clerk: Clerk365, failure: str, status: int) -> dict:
    """The token fails alone; the way to the server is looked at all the same."""
    steps = check(clerk.amtspost, "imap", status=status)
    assert failing(steps) == [("imap", "token", failure)]
    by_name = {step["step"]: step for step in steps}
    assert by_name["capabilities"]["ok"] is True
    assert by_name["login"]["ok"] is None and by_name["folders"]["ok"] is None
    return by_name["token"]


def test_all_is_well(signed_in, shared_mailbox):
    signed_in.dovecot.share(signed_in.address, shared_mailbox.address)
    signed_in.amtspost.set("mailboxes", shared_mailbox.address, CLERK)
    steps = check(signed_in.amtspost, status=0)
    assert [step["mailbox"] for step in steps if step["step"] == "mailbox"] == [shared_mailbox.address] * 2
    token = next(step for step in steps if step["step"] == "token")
    assert token["ok"] is True and signed_in.address in token["detail"] and "Uhr" in token["detail"]
    assert token["advice"] is None and "(geprüft)" in token["detail"]
    for part in (f"Anmeldedienst {signed_in.identity.authority}, Mandant organizations, ",
                 f"Anwendungs-ID {signed_in.identity.CLIENT}, Umleitungsadresse http://localhost/oauth/callback"):
        assert part in token["detail"], token
    assert "OAuth 2.0" in next(step for step in steps if step["step"] == "login")["detail"]


def test_never_signed_in(clerk365):
    assert "login --user" in token_step(clerk365, "login-missing", 4)["advice"]


def test_token_file_gone(signed_in):
    signed_in.token_file.unlink()
    token_step(signed_in, "token-missing", 4)


def test_revoked(signed_in, identity):
    signed_in.expire()
    identity.revoke(signed_in.address)
    token_step(signed_in, "oauth-revoked", 4)


def test_consent_missing(clerk365, identity):
    """The last attempt tells; no attempt is made without a person."""
    login = clerk365.start()
    identity.require_admin_consent()
    identity.sign_in(login.url, clerk365.address, "Wolken-3hk", consent=False)
    login.result(3)
    step = token_step(clerk365, "oauth-admin-consent", 3)
    assert "login consent" in step["advice"] or "zustimm" in (step["detail"] + step["advice"]).lower()


def test_redirect_that_is_not_registered(clerk365):
    clerk365.amtspost.set("oauth.redirect-uri", "http://localhost:8400/anders")
    step = token_step(clerk365, "oauth-redirect", 3)
    assert "http://localhost:8400/anders" in step["detail"]


def test_redirect_that_will_be_wrong_at_the_next_sign_in(signed_in):
    signed_in.amtspost.set("oauth.redirect-uri", "http://localhost:8400/anders")
    token = next(step for step in check(signed_in.amtspost, "imap", status=0) if step["step"] == "token")
    assert token["ok"] is True and "http://localhost:8400/anders" in token["advice"]


def test_unknown_application(clerk365):
    clerk365.amtspost.set("oauth.client-id", "00000000-0000-0000-0000-000000000000")
    token_step(clerk365, "oauth-application", 3)


def test_client_id_missing(clerk365):
    clerk365.amtspost.ok("settings", "unset", "oauth.client-id")
    broken(clerk365.amtspost, "imap", "settings", "setting-missing-global", 3)


def test_mail_server_with_old_encryption(signed_in, certificate):
    """The value of SSL/TLS is no matter of choice here, so none is proposed."""
    with FakeImap(tls=tls_context(certificate, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)) as server:
        signed_in.amtspost.set("imap.port", str(server.port))
        step = broken(signed_in.amtspost, "imap", "tls", "tls-version", 3)
    assert "der Server kann TLS 1.0 und TLS 1.1" in step["detail"] and "möglich" not in step["detail"]
    assert step["advice"].startswith("Mit Office 365 ist TLS 1.2 Pflicht; ") and "wählen" not in step["advice"]


def test_a_secret_that_expired_is_found_before_the_token_ends(signed_in, identity):
    """People still get in for an hour; the check asks for a new token now."""
    identity.force_error("invalid_client", 7000222)
    token_step(signed_in, "oauth-secret-expired", 3)
    check(signed_in.amtspost, "imap", status=0)


def test_a_renewal_that_does_not_come_about(signed_in, identity):
    """The token in hand is good, and the authority does not say otherwise."""
    identity.force(status=503, times=-1)
    token = next(step for step in check(signed_in.amtspost, "imap", status=0) if step["step"] == "token")
    assert token["ok"] is True and "war nicht zu prüfen" in token["advice"]


def test_a_token_that_was_just_renewed_is_not_again(signed_in, identity):
    check(signed_in.amtspost, "imap", status=0)
    identity.force_error("invalid_client", 7000222)
    check(signed_in.amtspost, "imap", status=0)


def test_a_secret_that_was_never_used(clerk365):
    clerk365.amtspost.set("oauth.client-secret", clerk365.identity.CLIENT_SECRET)
    assert "Das Geheimnis wurde nicht geprüft" in token_step(clerk365, "login-missing", 4)["advice"]


class Misleader(http.server.BaseHTTPRequestHandler):
    """An authority that redirects to an address that only begins like ours, with an error."""

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri'][0]}.evil/?error=unauthorized_client"
                                     f"&state={query['state'][0]}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_an_address_that_begins_like_ours(clerk365):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Misleader) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        clerk365.amtspost.set("oauth.authority", f"http://127.0.0.1:{server.server_port}")
        token_step(clerk365, "login-missing", 4)
        server.shutdown()


def test_authority_out_of_reach(clerk365):
    clerk365.amtspost.set("oauth.authority", f"http://127.0.0.1:{free_port()}")
    token_step(clerk365, "oauth-unreachable", 5)


def test_authority_with_a_foreign_certificate(clerk365, identity):
    clerk365.amtspost.set("oauth.authority", identity.tls_authority)
    clerk365.amtspost.ok("settings", "unset", "tls.ca-file")
    steps = check(clerk365.amtspost, "imap", status=3)
    assert failing(steps)[0] == ("imap", "token", "tls-authority")


def test_authority_that_is_another_server(clerk365, identity):
    identity.force("authorize", status=404, body="nothing here")
    token_step(clerk365, "oauth-setup", 3)


def test_mailbox_without_imap(signed_in, identity):
    """The token is good, but IMAP does not take it."""
    identity.revoke_access_tokens(signed_in.address)
    identity.set_lifetimes(access=3600)
    steps = check(signed_in.amtspost, "imap", status=0)
    assert failing(steps) == []  # another token was fetched


def test_shared_mailbox_without_right(signed_in, shared_mailbox):
    signed_in.amtspost.set("mailboxes", shared_mailbox.address, CLERK)
    assert failing(check(signed_in.amtspost, status=6)) == [
        ("imap", "mailbox", "mailbox-denied"), ("smtp", "mailbox", "sender-refused")]
    signed_in.dovecot.share(signed_in.address, shared_mailbox.address, send_as=False)
    assert failing(check(signed_in.amtspost, status=3)) == [("smtp", "mailbox", "sender-refused")]


@pytest.mark.release_only  # libfaketime and ASan cannot share a process
@pytest.mark.parametrize("minutes, word", [
    (-90, "90 Minuten nach"), (+90, "90 Minuten vor"), (+3 * 24 * 60 + 5, "3 Tage vor")])
def test_clock_that_is_wrong(signed_in, minutes, word):
    if not shutil.which("faketime"):
        pytest.skip("faketime is missing: run tools/install test")
    steps = check(signed_in.amtspost, "imap", status=0,
                  add={"LD_PRELOAD": FAKETIME, "FAKETIME": f"{minutes:+}m"})
    token = next(step for step in steps if step["step"] == "token")
    assert f"geht {word}." in token["advice"]

"""`check`: one deliberately broken set-up after the other, each found at its step and named right; and the
report as people and programs get it. Standard; Office 365 is in test_check_office365.py, real proxies in
test_proxies*.py."""

import shutil
import socket
import ssl
import threading

import pytest
from peers.certificates import Authority
from peers.fake_imap import FakeImap, tls_context
from peers.fake_smtp import FakeSmtp
from runner import CLERK, MARK, PASSWORD, Amtspost

pytestmark = pytest.mark.sanitized_only

STEPS = ["settings", "token", "dns", "proxy", "tcp", "tls", "capabilities", "login"]
LAST = {"imap": "folders", "smtp": "sender"}
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def check(amtspost: Amtspost, *protocols: str, status: int, **options) -> list[dict]:
    """The steps; each protocol must have all of them in order, and the first failing one the status."""
    run = amtspost.run("--json", "check", "--user", CLERK, *protocols, **options)
    assert run.status == status, f"{run.status} instead of {status}: {run.stdout}{run.stderr}"
    steps = run.json
    for protocol in protocols or ("imap", "smtp"):
        names = [step["step"] for step in steps if step["protocol"] == protocol]
        assert names[:9] == [*STEPS, LAST[protocol]]
        assert set(names[9:]) <= {"mailbox"}
    for step in steps:
        assert step["ok"] in (True, False, None) and step["ms"] >= 0 and step["detail"], step
        assert (step["ok"] is False) == bool(step["failure"]), step
        if step["ok"] is False:
            assert step["advice"] and step["technical"], step
    assert MARK not in run.stdout + run.stderr
    return steps


def failing(steps: list[dict]) -> list[tuple[str, str, str]]:
    return [(step["protocol"], step["step"], step["failure"]) for step in steps if step["ok"] is False]


def broken(amtspost: Amtspost, protocol: str, step: str, failure: str, status: int, **options) -> dict:
    """PROTOCOL fails at STEP alone, with FAILURE; what comes behind it is left out. Answers the step."""
    steps = check(amtspost, protocol, status=status, **options)
    assert failing(steps) == [(protocol, step, failure)]
    place = next(i for i, each in enumerate(steps) if each["ok"] is False)
    if step in STEPS:
        assert all(each["ok"] is None for each in steps[place + 1:]), steps
    return steps[place]


@pytest.fixture
def good(amtspost, mailbox, authority) -> Amtspost:
    """A clerk whose IMAP works over TLS; no SMTP."""
    amtspost.set_server(mailbox.server.tls_port, "server", ca_file=authority.certificate, timeout=5)
    amtspost.add_clerk(account=mailbox.address)
    return amtspost


@pytest.fixture
def good_smtp(good, office_postfix, make_office_mailbox) -> Amtspost:
    """The same with SMTP; the account is one of the server's that Postfix asks."""
    account = make_office_mailbox()
    for key, value in (("imap.port", account.server.tls_port), ("smtp.host", "localhost"),
                       ("smtp.port", office_postfix.submissions_port)):
        good.set(key, str(value))
    for key, value in (("account", account.address), ("smtp.use-default", "true"),
                       ("smtp.password", PASSWORD), ("imap.password", PASSWORD)):
        good.set(key, value, CLERK)
    return good


# What works


def test_all_is_well(good_smtp):
    steps = check(good_smtp, status=0)
    done = {(step["protocol"], step["step"]): step for step in steps}
    for protocol in ("imap", "smtp"):
        for step in STEPS:
            assert done[protocol, step]["ok"] is (None if step in ("token", "proxy") else True), step
        assert done[protocol, LAST[protocol]]["ok"] is True
        tls = done[protocol, "tls"]["detail"]
        assert "TLS 1.3" in tls and "TLS_" in tls and "localhost" in tls and "2049" in tls and "CA" in tls
        assert "127.0.0.1" in done[protocol, "dns"]["detail"]
    assert "IMAP4rev1" in done["imap", "capabilities"]["detail"]
    assert "PIPELINING" in done["smtp", "capabilities"]["detail"]


def test_no_mail_is_sent(good_smtp, office_postfix):
    account = good_smtp.get("account", CLERK)["value"]
    check(good_smtp, "smtp", status=0)
    with pytest.raises(AssertionError):
        office_postfix.received(account, seconds=0.5)


def test_without_smtp_nothing_fails(good):
    steps = check(good, status=0)
    assert all(step["ok"] is None for step in steps if step["protocol"] == "smtp")


def test_the_report_can_be_mailed(good):
    good.set("imap.password", MARK + "-falsch", CLERK)
    run = good.run("check", "--user", CLERK)
    assert run.status == 4
    assert run.stderr == ""
    assert MARK not in run.stdout
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    for word in ("Empfang (IMAP)", "Versand (SMTP)", "in Ordnung", "FEHLER", "Rat:", "Technisch:",
                 "1 Schritt ist gescheitert."):
        assert word in run.stdout
    good.set("imap.password", PASSWORD, CLERK)
    assert good.ok("check", "--user", CLERK).stdout.endswith("Alles in Ordnung.\n")


def test_which_protocols(good):
    steps = check(good, "imap", status=0)
    assert {step["protocol"] for step in steps} == {"imap"}
    assert good.fails(2, "check", "--user", CLERK, "pop3")["condition"] == "usage"
    assert good.fails(2, "check", "--user", "niemand")["condition"] == "user-unknown"
    assert failing(check(good, "smtp", status=3)) == [("smtp", "settings", "setting-missing")]


def test_a_refused_password_is_really_tried_again(good, mailbox):
    good.set("imap.password", MARK + "-falsch", CLERK)
    for _ in range(2):
        broken(good, "imap", "login", "login-refused", 4)
    good.set("imap.password", PASSWORD, CLERK)
    check(good, "imap", status=0)
    assert good.json("user", "show", CLERK)["sign_in"] == "ok"


def test_after_a_good_check_uses_go_on(good, mailbox):
    """The server refused for a while what is right: the check clears the refusal."""
    mailbox.server.set_password(mailbox.address, PASSWORD + "-anders")
    assert good.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused"
    mailbox.server.set_password(mailbox.address, PASSWORD)
    assert good.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused-before"
    check(good, "imap", status=0)
    good.ok("folders", "--user", CLERK)


# Settings


@pytest.mark.parametrize("key, value, user, failure", [
    ("interface", "disabled", CLERK, "interface-disabled"),
    ("account", "", CLERK, "setting-missing"),
    ("imap.host", "", None, "setting-missing"),
    ("import.after", "move", CLERK, "after-folder-missing")])
def test_settings(good, key, value, user, failure):
    if value:
        good.set(key, value, user)
    else:
        good.ok("settings", "unset", key, *(["--user", user] if user else []))
    broken(good, "imap", "settings", failure, 3)


def test_locked(good):
    good.ok("user", "lock", CLERK)
    broken(good, "imap", "settings", "user-locked", 3)


# The way to the server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_wrong_port(good):
    good.set("imap.port", str(free_port()))
    broken(good, "imap", "tcp", "connect-refused", 5)


def test_port_of_another_protocol(good, certificate):
    with FakeSmtp(tls=tls_context(certificate)) as server:
        good.set("imap.port", str(server.port))
        broken(good, "imap", "capabilities", "not-imap", 5)


def test_unknown_name(good):
    good.set("imap.host", "gibt-es-nicht.invalid")
    steps = check(good, "imap", status=good.run("check", "--user", CLERK, "imap").status)
    assert failing(steps) in ([("imap", "dns", "name-unknown")], [("imap", "dns", "name-temporary")])


def test_silent_server(good):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        good.set("imap.port", str(listener.getsockname()[1]))
        good.set("network.timeout", "1")
        broken(good, "imap", "tls", "timeout", 5)


def test_server_that_hangs_up(good, certificate):
    with FakeImap(greeting="* BYE closed for today\r\n", tls=tls_context(certificate)) as server:
        good.set("imap.port", str(server.port))
        step = broken(good, "imap", "capabilities", "server-bye", 5)
        assert "closed for today" in step["technical"]


class ScriptedProxy:
    """Answers every CONNECT with ANSWER."""

    def __init__(self, answer: str):
        self._answer = answer.encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            with stream:
                stream.recv(4096)
                stream.sendall(self._answer)

    def __enter__(self) -> "ScriptedProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


@pytest.mark.parametrize("answer, step, failure, status", [
    ("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
     "proxy", "proxy-login-missing", 3),
    ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "proxy", "proxy-forbidden", 3),
    ("HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n", "tcp", "proxy-unreachable", 5)])
def test_proxy(good, answer, step, failure, status):
    with ScriptedProxy(answer) as proxy:
        good.set("imap.proxy.host", "127.0.0.1")
        good.set("imap.proxy.port", str(proxy.port))
        broken(good, "imap", step, failure, status)


def test_proxy_that_is_not_there(good):
    good.set("imap.proxy.host", "127.0.0.1")
    good.set("imap.proxy.port", str(free_port()))
    broken(good, "imap", "proxy", "proxy-refused", 5)


def test_unknown_proxy(good):
    good.set("imap.proxy.host", "gibt-es-nicht.invalid")
    steps = check(good, "imap", status=good.run("check", "--user", CLERK, "imap").status)
    assert failing(steps) in ([("imap", "proxy", "proxy-name-unknown")],
                              [("imap", "proxy", "proxy-name-temporary")])


# Encryption


@pytest.mark.parametrize("value", ["tls1.0", "tls1.1"])
def test_value_too_strict(good, value):
    good.set("imap.tls", value)
    step = broken(good, "imap", "tls", "tls-version", 3)
    assert "TLS 1.2 und TLS 1.3; möglich wäre „Server (Standard)“" in step["detail"]
    assert "unter SSL/TLS „Server (Standard)“ wählen" in step["advice"]


def test_server_too_old(good, certificate):
    with FakeImap(tls=tls_context(certificate, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)) as server:
        good.set("imap.port", str(server.port))
        step = broken(good, "imap", "tls", "tls-version", 3)
        assert "der Server kann TLS 1.0" in step["detail"] and "ab TLS 1.0" in step["detail"]
        good.set("imap.tls", "tls1.0+")
        tls = next(step for step in check(good, "imap", status=0) if step["step"] == "tls")
        assert tls["ok"] is True and "TLS 1.0" in tls["detail"] and "unsicher" in tls["advice"]


def test_unknown_authority(good):
    good.ok("settings", "unset", "tls.ca-file")
    step = broken(good, "imap", "tls", "tls-authority", 3)
    assert "Amtspost Demo CA" in step["technical"]


@pytest.mark.parametrize("hosts, expired, failure", [
    (["mail.anders.example"], False, "tls-host-mismatch"), (["localhost"], True, "tls-expired")])
def test_certificates(good, authority, hosts, expired, failure):
    wrong = authority.issue(f"check-{failure}", hosts, expired=expired)
    with FakeImap(tls=tls_context(wrong)) as server:
        good.set("imap.port", str(server.port))
        step = broken(good, "imap", "tls", failure, 3)
        assert hosts[0] in step["technical"]


def test_certificate_that_ends_soon(good, tmp_path):
    soon = Authority(tmp_path / "soon").issue("soon", ["localhost"], days=10)
    good.set("tls.ca-file", str(tmp_path / "soon" / "ca.pem"))
    with FakeImap(tls=tls_context(soon)) as server:
        good.set("imap.port", str(server.port))
        tls = next(step for step in check(good, "imap", status=0) if step["step"] == "tls")
        assert tls["ok"] is True and "läuft in" in tls["advice"]


def test_broken_ca_file(good, tmp_path):
    (tmp_path / "ca.pem").write_text("kein PEM")
    good.set("tls.ca-file", str(tmp_path / "ca.pem"))
    broken(good, "imap", "tls", "tls-ca-file", 3)


def test_starttls_missing(good):
    with FakeImap(capabilities="IMAP4rev1") as server:
        good.set("imap.port", str(server.port))
        broken(good, "imap", "tls", "starttls-missing", 3)


def test_encryption_switched_off(good):
    good.set("imap.tls", "none")
    broken(good, "imap", "tls", "tls-required", 3)


@pytest.mark.release_only  # libfaketime and ASan cannot share a process
@pytest.mark.parametrize("days, failure", [(-20_000, "tls-not-yet-valid"), (+12_000, "tls-expired")])
def test_clock_that_is_wrong(good, days, failure):
    if not shutil.which("faketime"):
        pytest.skip("faketime is missing: run tools/install test")
    step = broken(good, "imap", "tls", failure, 3,
                  add={"LD_PRELOAD": FAKETIME, "FAKETIME": f"{days:+}d"})
    assert "Uhr" in step["detail"] + step["advice"]
    assert ("gültig ab 01.01.2020 bis " in step["technical"]) == (days < 0)


# The login and what it opens


def test_never_signed_in(good):
    good.ok("login", "remove", "--user", CLERK)
    broken(good, "imap", "login", "login-missing", 4)


def test_wrong_password(good):
    good.set("imap.password", MARK + "-falsch", CLERK)
    step = broken(good, "imap", "login", "login-refused", 4)
    assert "Kennwort" in step["detail"]


def test_no_login_offered(good, certificate):
    with FakeImap(capabilities="IMAP4rev1 LOGINDISABLED", tls=tls_context(certificate)) as server:
        good.set("imap.port", str(server.port))
        broken(good, "imap", "login", "login-mechanism", 3)


def test_shared_mailbox_without_right(good, another_mailbox):
    good.set("mailboxes", f"{another_mailbox.address}; niemand@musterhausen.example", CLERK)
    steps = check(good, "imap", status=6)
    assert failing(steps) == [("imap", "mailbox", "mailbox-denied"), ("imap", "mailbox", "mailbox-not-tried")]
    assert [step["mailbox"] for step in steps[9:]] == [another_mailbox.address,
                                                       "niemand@musterhausen.example"]
    assert all(step["ok"] is not False for step in steps[:9])


def test_shared_mailbox_whose_password_changed(good, another_mailbox):
    good.set("mailboxes", another_mailbox.address, CLERK)
    good.ok("login", "--user", CLERK, "--mailbox", another_mailbox.address, stdin=PASSWORD)
    assert failing(check(good, "imap", status=0)) == []
    another_mailbox.server.set_password(another_mailbox.address, PASSWORD + "-neu")
    assert failing(check(good, "imap", status=4)) == [("imap", "mailbox", "mailbox-login-refused")]


# SMTP


def test_smtp_password(good_smtp):
    good_smtp.set("smtp.password", MARK + "-falsch", CLERK)
    broken(good_smtp, "smtp", "login", "login-refused", 4)
    assert failing(check(good_smtp, status=4)) == [("smtp", "login", "login-refused")]


def test_smtp_port_without_login(good_smtp, office_postfix):
    good_smtp.set("smtp.port", str(office_postfix.no_auth_port))
    step = broken(good_smtp, "smtp", "login", "smtp-auth-missing", 3)
    assert "Anmeldung" in step["detail"]


def test_smtp_login_switched_off(good_smtp, certificate):
    def refuse(connection, _arguments):
        connection.reply(535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled "
                              "for the Tenant.")
    with FakeSmtp({"AUTH": refuse}, tls=tls_context(certificate)) as server:
        good_smtp.set("smtp.port", str(server.port))
        broken(good_smtp, "smtp", "login", "smtp-auth-off", 3)


def test_smtp_without_starttls(good_smtp, office_postfix):
    good_smtp.set("smtp.port", str(office_postfix.no_tls_port))
    broken(good_smtp, "smtp", "tls", "starttls-missing", 3)


def test_sender_that_is_not_ones_own(good_smtp, make_office_mailbox):
    other = make_office_mailbox()
    good_smtp.set("mailboxes", other.address, CLERK)
    steps = check(good_smtp, "smtp", status=3)
    assert failing(steps) == [("smtp", "mailbox", "sender-refused")]
    good_smtp.set("smtp.username", good_smtp.get("account", CLERK)["value"], CLERK)
    good_smtp.set("account", other.address, CLERK)
    broken(good_smtp, "smtp", "sender", "sender-refused", 3)


def test_server_that_wants_a_login(good_smtp):
    good_smtp.ok("login", "remove", "--user", CLERK)
    broken(good_smtp, "smtp", "sender", "login-missing", 4)

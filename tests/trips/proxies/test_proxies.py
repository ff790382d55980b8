"""IMAP and SMTP through squid and dante, from a place where nothing else leads out: who may pass, what stands in
the way and whose fault it is, who looks the names up."""

import pytest
from peers.dovecot import free_port
from peers.node import Missing
from peers.squid import Squid
from proxies import (CLOSED_DOOR, DOORS, ELSEWHERE, FORBIDDEN_HOST, IMAP_HOST, LOGINS, NAMES, PROXY_HOST,
                     SMTP_HOST, UNKNOWN_HOST, check_fails, check_works, sign_in)
from runner import CLERK, MARK

pytestmark = pytest.mark.sanitized_only

HOSTS = {"imap": IMAP_HOST, "smtp": SMTP_HOST}
both_protocols = pytest.mark.parametrize("protocol", ["imap", "smtp"])


@pytest.fixture
def led(clerk, way, protocol):
    """The clerk, led to the servers through the proxy's open door."""
    way.lead(clerk, "imap")
    if protocol == "smtp":
        way.lead(clerk, "smtp")
    return clerk


@both_protocols
def test_who_may_pass(led, way, protocol):
    name, password = next(iter(LOGINS.items()))
    way.lead(led, protocol, name)
    for good in LOGINS.items():
        sign_in(led, protocol, *good)
        check_works(led, protocol, what=str(good))
    for wrong in ((name, password + "x"), (name, LOGINS["umlaute"]), ("fremd", password), (name, None),
                  (None, None)):
        sign_in(led, protocol, *wrong)
        lacks = wrong == (None, None)
        message = check_fails(led, protocol, 3, "proxy-login-missing" if lacks else "proxy-login",
                              f"Der Proxy {PROXY_HOST} (", f"Port {DOORS[way.kind][1]}",
                              "verlangt eine Anmeldung" if lacks else f"Benutzer {wrong[0]}) lehnt die Anmeldung",
                              what=str(wrong))
        assert HOSTS[protocol] not in message
    sign_in(led, protocol, name, password)
    check_works(led, protocol, what="right again")
    led.ok("settings", "unset", f"{protocol}.proxy.port")
    sign_in(led, protocol, "fremd", MARK)
    check_works(led, protocol, what="at the open door nobody asks")


@both_protocols
def test_what_stands_in_the_way(led, protocol):
    before = {row["key"]: row["value"] for row in led.json("settings", "list")}
    host, port, closed = HOSTS[protocol], before[f"{protocol}.port"], str(free_port())
    target = f"Ziel: {FORBIDDEN_HOST}, Port {port}) erlaubt"
    behind = "Ziel: "
    for key, value, status, condition, told in (
            ("proxy.port", str(CLOSED_DOOR), 5, "proxy-refused", f"Port {CLOSED_DOOR}) nimmt keine Verbindung"),
            ("proxy.host", UNKNOWN_HOST, 3, "proxy-name-unknown", f"Name des Proxys „{UNKNOWN_HOST}“"),
            ("host", FORBIDDEN_HOST, 3, "proxy-forbidden", target),
            ("host", UNKNOWN_HOST, 5, "proxy-unreachable", f"{behind}{UNKNOWN_HOST}, "),
            ("port", closed, 5, "proxy-unreachable", f"{behind}{host}, Port {closed})"),
            ("host", ELSEWHERE, 3, "tls-host-mismatch", f"nicht auf den Namen „{ELSEWHERE}“")):
        key = f"{protocol}.{key}"
        led.set(key, value)
        message = check_fails(led, protocol, status, condition, told, what=f"{key} {value}")
        assert condition != "tls-host-mismatch" or "Proxy" not in message
        led.set(key, before[key])
    check_works(led, protocol, what="right again")


def test_a_proxy_of_another_kind(clerk, way):
    """squid never answers SOCKS; dante hangs up on HTTP."""
    (other,) = set(DOORS) - {way.kind}
    way.lead(clerk, "imap")
    for key, value in (("imap.proxy.port", str(DOORS[way.kind][0])), ("imap.proxy.type", other),
                       ("network.timeout", "2")):
        clerk.set(key, value)
    check_fails(clerk, "imap", 5, f"proxy-not-{'http' if other == 'http' else 'socks'}", f"„{PROXY_HOST}“, Port {DOORS[way.kind][0]}, antwortet nicht wie ein")


@both_protocols
def test_a_refused_mailbox_is_not_the_proxys_doing(led, way, protocol):
    way.lead(led, protocol, "doppelpunkt")
    if protocol == "imap":
        led.set("imap.password", MARK + "-falsch", CLERK)
        message = led.fails(4, "folders", "--user", CLERK)["message"]
    else:
        run = led.run("--json", "login", "--user", CLERK, stdin=MARK + "-falsch\n")
        assert run.status == 4 and run.json["smtp"]["ok"] is False
        message = run.json["smtp"]["message"]
    assert "abgelehnt" in message and "Proxy" not in message


def test_an_import_brings_the_same_bytes(clerk, mailbox, way):
    way.lead(clerk, "imap", "umlaute")
    assert clerk.imported()["failed"] == 0
    archived = clerk.export([row["id"] for row in clerk.archive()])
    assert sorted(archived.values()) == sorted(mailbox.read().values()) and len(archived) > 20


def test_two_proxies(clerk, squid, dante, office_postfix):
    """Each protocol takes its own, with its own credentials."""
    squid.lead(clerk, "imap", "zeichen")
    dante.lead(clerk, "smtp", "Käthe@office.test")
    before = len(squid.proxy.log), len(dante.proxy.log)
    check_works(clerk, "smtp")
    imap, smtp = squid.proxy.log[before[0]:], dante.proxy.log[before[1]:]
    assert f"CONNECT {IMAP_HOST}:" in imap and " zeichen " in imap and SMTP_HOST not in imap
    assert f"127.0.0.1.{office_postfix.submission_port}" in smtp and "Käthe@office.test" in smtp
    assert clerk.get("imap.port")["value"] not in smtp


def test_nothing_else_leads_out(clerk, mailbox):
    """What the other tests stand on."""
    check_fails(clerk, "imap", 3, "name-unknown", f"„{IMAP_HOST}“")
    clerk.set("imap.host", "127.0.0.1")
    check_fails(clerk, "imap", 5, "connect-refused", "127.0.0.1")
    with mailbox.connect():
        pass  # from here it is reached


def variables(value: str) -> dict[str, str]:
    return dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "imap_proxy",
                          "imaps_proxy", "smtp_proxy"), value)


def test_the_environment_does_not_count(clerk, way):
    open_door = f"{'socks5h' if way.kind == 'socks5' else 'http'}://{PROXY_HOST}:{DOORS[way.kind][0]}"
    check_fails(clerk, "imap", 3, "name-unknown", add=variables(open_door))
    way.lead(clerk, "imap")
    check_works(clerk, "imap", add=variables(f"http://127.0.0.1:{CLOSED_DOOR}"))
    check_works(clerk, "imap", add={"no_proxy": "*", "NO_PROXY": f"{IMAP_HOST},*"})


def test_a_proxys_name_for_later(clerk, squid, tmp_path):
    """A name server that gives no answer may give one tomorrow."""
    (tmp_path / "nsswitch").write_text("hosts: files dns\n")
    (tmp_path / "resolv").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    squid.lead(clerk, "imap")
    clerk.set("imap.proxy.host", UNKNOWN_HOST)
    lookup = ["unshare", "--mount", "sh", "-c", f"mount --bind {tmp_path}/nsswitch /etc/nsswitch.conf && "
              f"mount --bind {tmp_path}/resolv /etc/resolv.conf && exec \"$@\"", "sh"]
    check_fails(clerk, "imap", 5, "proxy-name-temporary", f"Die Adresse des Proxys „{UNKNOWN_HOST}“",
                wrapper=lookup)


def test_digest(clerk, island):
    """A squid that takes no password in the clear."""
    try:
        with Squid(NAMES, LOGINS, digest=True) as proxy:
            island.open_door(3130, proxy.login_port)
            for key, value in (("host", PROXY_HOST), ("port", "3130")):
                clerk.set(f"imap.proxy.{key}", value)
            for name in ("amt", "doppelpunkt", "umlaute", "zeichen", "leerzeichen"):
                sign_in(clerk, "imap", name, LOGINS[name])
                check_works(clerk, "imap", what=name)
            sign_in(clerk, "imap", "amt", LOGINS["umlaute"])
            check_fails(clerk, "imap", 3, "proxy-login", f"Der Proxy {PROXY_HOST} (", "lehnt die Anmeldung")
    except Missing as reason:
        pytest.skip(str(reason))

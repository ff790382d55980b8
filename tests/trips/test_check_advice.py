"""`check`: who is to blame and what is to be done, down to the setting that the advice names."""

import contextlib
import socket
import threading

import pytest
from peers.certificates import Authority
from peers.fake_imap import tls_context
from peers.fake_smtp import FakeSmtp
from runner import CLERK, MARK
from test_check import broken, check, free_port, good  # noqa: F401

pytestmark = pytest.mark.sanitized_only


def test_a_shared_login_of_smtp(amtspost):
    """The password to be set anew is that of the protocol."""
    with FakeSmtp(passwords={}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        for key, value in (("host", "localhost"), ("port", server.port), ("tls", "none"),
                           ("username", "sammel"), ("password", MARK)):
            amtspost.set(f"smtp.{key}", str(value))
        amtspost.set("smtp.use-default", "true", CLERK)
        step = broken(amtspost, "smtp", "login", "login-refused-shared", 4)
        assert "settings set smtp.password -“" in step["advice"]


# Proxies: one that is none must not pass for one that works


class Peer:
    """Sends GREETING and answers whatever comes with ANSWER, if there is one; then it waits."""

    def __init__(self, answer: str = "", greeting: str = ""):
        self._answer, self._greeting = answer.encode(), greeting.encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        with stream, contextlib.suppress(OSError):
            stream.sendall(self._greeting)
            while stream.recv(4096):
                if self._answer:
                    stream.sendall(self._answer)
                    return

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


def use_proxy(amtspost, port: int, kind: str = "http") -> None:
    for key, value in (("type", kind), ("host", "127.0.0.1"), ("port", str(port))):
        amtspost.set(f"imap.proxy.{key}", value)
    amtspost.set("network.timeout", "2")


@pytest.mark.parametrize("kind, answer, greeting", [
    ("http", "", ""), ("socks5", "", ""), ("http", "", "* OK IMAP ready\r\n"),
    ("socks5", "", "* OK IMAP ready\r\n"), ("socks5", "HTTP/1.1 400 Bad Request\r\n\r\n", ""),
    ("http", "\5\0", ""), ("http", "HTTP/1.0 501 Unsupported method\r\nContent-Length: 0\r\n\r\n", "")])
def test_no_proxy_of_that_kind(good, kind, answer, greeting):
    with Peer(answer, greeting) as peer:
        use_proxy(good, peer.port, kind)
        step = broken(good, "imap", "proxy", f"proxy-not-{kind.removesuffix('5')}", 5)
        name = "HTTP" if kind == "http" else "SOCKS5"
        assert f"„127.0.0.1“, Port {peer.port}, antwortet nicht wie ein {name}-Proxy" in step["detail"]
        assert "„Proxy-Art“ und „Proxy Port“" in step["advice"]


def test_the_server_behind_a_proxy(good):
    with Peer("HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n") as peer:
        use_proxy(good, peer.port)
        good.set("imap.proxy.username", "amt")
        steps = check(good, "imap", status=5)
        step = next(step for step in steps if step["step"] == "tcp")
        assert f"127.0.0.1 (HTTP-Proxy, Port {peer.port}, Benutzer amt; Ziel: localhost, Port " in step["detail"]
        assert "Servername und Port des Servers" in step["advice"] and "(HTTP 503)" in step["advice"]
        proxy = f"HTTP-Proxy 127.0.0.1, Port {peer.port}, Benutzer amt"
        assert proxy in steps[0]["detail"], "the settings tell that there is a proxy"


# What listens at the port


@pytest.mark.parametrize("greeting, name", [
    ("220 mail.example ESMTP\r\n", "SMTP"), ("+OK ready\r\n", "POP3"), ("SSH-2.0-OpenSSH_9\r\n", "SSH"),
    ("220 FTP server ready\r\n", "FTP"), ("HTTP/1.1 408 Request Timeout\r\n", "HTTP")])
def test_another_protocol(good, greeting, name):
    with Peer(greeting=greeting) as peer:
        good.set("imap.port", str(peer.port))
        good.set("imap.tls", "none")
        step = broken(good, "imap", "capabilities", "not-imap", 5)
        assert step["detail"] == f"Auf Port {peer.port} antwortet ein {name}-Server, kein IMAP-Server."
        assert "993" in step["advice"]


def test_encryption_is_told_where_the_greeting_fails(good, certificate):
    with FakeSmtp(tls=tls_context(certificate)) as server:
        good.set("imap.port", str(server.port))
        steps = check(good, "imap", status=5)
        tls = next(step for step in steps if step["step"] == "tls")
        assert tls["ok"] is True and "TLS 1.3, TLS_" in tls["detail"] and "localhost" in tls["detail"]


def test_a_refused_port_is_named(good):
    port = free_port()
    good.set("imap.port", str(port))
    assert f"(Port {port})" in broken(good, "imap", "tcp", "connect-refused", 5)["detail"]


def test_a_server_that_shuts_this_machine_out(good):
    with Peer(greeting="554 not you\r\n") as peer:
        for key, value in (("host", "localhost"), ("port", str(peer.port)), ("tls", "none")):
            good.set(f"smtp.{key}", value)
        good.set("smtp.use-default", "true", CLERK)
        step = broken(good, "smtp", "capabilities", "client-refused", 5)
        assert "lässt diesen Rechner nicht zu" in step["detail"]


def test_an_authority_beside_the_entered_ones(good, tmp_path):
    Authority(tmp_path / "other")
    good.set("tls.ca-file", str(tmp_path / "other" / "ca.pem"))
    step = broken(good, "imap", "tls", "tls-authority", 3)
    assert str(tmp_path / "other" / "ca.pem") in step["advice"] and "Zwischenzertifikat" in step["advice"]

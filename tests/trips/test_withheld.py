"""Servers and proxies that repeat, at any time, what they were told: no report and no message passes it
on."""

import base64
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from peers.certificates import Authority
from peers.fake_imap import Connection, FakeImap, tls_context
from peers.fake_smtp import FakeSmtp
from runner import CLERK, Amtspost

pytestmark = pytest.mark.sanitized_only

SECRET = "Igel.Zebra!9-Tal"
PROXY_SECRET = "Dachs-7-Proxy"
OWN_SECRET = "Postfach-Kennwort-9"
SHARED = "info@musterhausen.example"
WITHHELD = "(withheld: the server's text repeats the secret)"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS = {"clear": SECRET, "base64": encoded(f"m@musterhausen.example:{SECRET}")}  # test-repeats.c has more


def prepare(amtspost: Amtspost, port: int, tls: str = "none", host: str = "localhost", **options) -> Amtspost:
    amtspost.add_clerk(password=SECRET)
    amtspost.set_server(port, tls, host, timeout=4, **options)
    return amtspost


def tells_nothing(amtspost: Amtspost, *secrets: str, protocol: str = "imap",
                  others: tuple[str, ...] = ()) -> str:
    """No form of SECRETS comes out of the check, nor out of OTHERS; answers the check's text."""
    calls = [["check", "--user", CLERK, protocol], ["--json", "check", "--user", CLERK, protocol]]
    calls += [[*options, *other.split(), "--user", CLERK] for other in others
              for options in ([], ["--json"], ["--verbose"])]
    shown = []
    for call in calls:
        run = amtspost.run(*call)
        text = " ".join((run.stdout + run.stderr).split())
        for secret in secrets or FORMS.values():
            assert secret.lower() not in text.lower(), f"{call}: {text}"
        shown.append(text)
    return shown[0]


def says(answer: str) -> Callable[[Connection, str, str], None]:
    """A handler of FakeImap; "TAG" is replaced."""
    return lambda connection, tag, _: connection.send(answer.replace("TAG", tag) + "\r\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("server", [
    {"greeting": "* BYE last time it was SECRET\r\n"},
    {"capabilities": "IMAP4rev1 X-LAST=SECRET"},
    {"CAPABILITY": "TAG NO SECRET"},
    {"LOGIN": "TAG NO bad SECRET"},
    {"LIST": "TAG NO internal error, session of SECRET"},
    {"LIST": "* NO [ALERT] SECRET\r\n* BYE SECRET"},
    {"SELECT": "TAG NO session of SECRET"},
    {"capabilities": "IMAP4rev1 ACL", "MYRIGHTS": "TAG NO [UNAVAILABLE] SECRET"},
], ids=lambda server: "-".join(server))
def test_imap(amtspost, server, form):
    told = {key: text.replace("SECRET", FORMS[form]) for key, text in server.items()}
    options = {key: told.pop(key) for key in ("greeting", "capabilities") if key in told}
    with FakeImap({verb: says(text) for verb, text in told.items()}, **options) as fake:
        others = ("folders", "import") if form == "clear" else ()
        assert WITHHELD in tells_nothing(prepare(amtspost, fake.port), others=others)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("server", [
    {"greeting": "554 SECRET\r\n"},
    {"capabilities": "X-LAST SECRET"},
    {"MAIL": (550, "no, SECRET")},
    {"RCPT": (550, "5.7.1 no, SECRET")},
    {"RSET": (421, "bye SECRET")},
], ids=lambda server: "-".join(server))
def test_smtp(amtspost, server, form):
    options, handlers = {}, {}
    for key, value in server.items():
        if key == "greeting":
            options[key] = value.replace("SECRET", FORMS[form])
        elif key == "capabilities":
            options[key] = (value.replace("SECRET", FORMS[form]),)
        else:
            code, text = value
            handlers[key] = (lambda connection, _, code=code, text=text:
                             connection.reply(code, text.replace("SECRET", FORMS[form])))
    with FakeImap() as imap, FakeSmtp(handlers, **options) as smtp:
        prepare(amtspost, imap.port)
        for key, value in (("smtp.host", "localhost"), ("smtp.port", str(smtp.port)), ("smtp.tls", "none")):
            amtspost.set(key, value)
        amtspost.set("smtp.use-default", "true", CLERK)
        amtspost.set("smtp.password", SECRET, CLERK)
        assert WITHHELD in tells_nothing(amtspost, protocol="smtp")


def test_a_mailbox_of_its_own(amtspost):
    """The server of a mailbox with its own password, which says it to everybody afterwards."""
    with FakeImap() as fake:
        prepare(amtspost, fake.port)
        amtspost.set("mailboxes", SHARED, CLERK)
        amtspost.ok("login", "--user", CLERK, "--mailbox", SHARED, stdin=OWN_SECRET + "\n")
        for form in (OWN_SECRET, encoded(OWN_SECRET)):
            fake.handlers["LIST"] = says(f"TAG NO session of {form}")
            assert WITHHELD in tells_nothing(amtspost, form)
            fake.greeting = f"* BYE session of {form}\r\n"
            assert WITHHELD in tells_nothing(amtspost, form)
            fake.greeting = "* OK ready\r\n"


def test_a_certificate_for_a_password(amtspost, tmp_path):
    authority = Authority(tmp_path / "authority")
    certificate = authority.issue("password", [SECRET, "localhost"])
    with FakeImap(tls=tls_context(certificate)) as fake:
        prepare(amtspost, fake.port, "server", ca_file=authority.certificate)
        tells_nothing(amtspost)
        amtspost.ok("settings", "unset", "tls.ca-file")
        assert WITHHELD in tells_nothing(amtspost)


@contextlib.contextmanager
def speaking_proxy(answer: Callable[[socket.socket], bytes]) -> Iterator[int]:
    """Lets everybody in and says, in the server's place, what ANSWER makes of its question."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                stream, _ = listener.accept()
                with stream, contextlib.suppress(OSError):
                    stream.settimeout(5)
                    stream.sendall(answer(stream))
                    stream.recv(4096)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def hear_connect(stream: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        data = stream.recv(4096)
        if not data:
            break
        heard += data
    return heard


ESTABLISHED = b"HTTP/1.1 200 ok\r\n\r\n"
HTTP_PROXIES = {
    "clear": lambda stream: hear_connect(stream)[:0] + ESTABLISHED + f"* BYE igel {PROXY_SECRET}\r\n".encode(),
    "base64": lambda stream: hear_connect(stream)[:0] + ESTABLISHED
        + f"* BYE {encoded('igel:' + PROXY_SECRET)}\r\n".encode(),
    "reflected": lambda stream: ESTABLISHED + hear_connect(stream).replace(b"\r\n", b" ") + b"\r\n",
}


def through(amtspost: Amtspost, kind: str, port: int) -> Amtspost:
    for key, value in (("type", kind), ("host", "127.0.0.1"), ("port", str(port)), ("username", "igel"),
                       ("password", PROXY_SECRET)):
        amtspost.set(f"imap.proxy.{key}", value)
    return amtspost


@pytest.mark.parametrize("says_it", HTTP_PROXIES)
def test_http_proxy(amtspost, says_it):
    with speaking_proxy(HTTP_PROXIES[says_it]) as port:
        through(prepare(amtspost, 1143, host="imap.musterhausen.example"), "http", port)
        text = tells_nothing(amtspost, PROXY_SECRET, encoded("igel:" + PROXY_SECRET), others=("folders",))
        assert WITHHELD in text
        assert "imap.musterhausen.example, Port 1143" in text and f"Port {port}" in text


def test_socks_proxy(amtspost):
    def answer(stream: socket.socket) -> bytes:
        stream.recv(100)
        stream.sendall(b"\x05\x02")
        login = stream.recv(600)
        stream.sendall(b"\x01\x00")
        stream.recv(600)
        return b"\x05\x00\x00\x01\0\0\0\0\0\0* BYE " + login[2:] + b"\r\n"

    with speaking_proxy(answer) as port:
        through(prepare(amtspost, 1143, host="imap.musterhausen.example"), "socks5", port)
        assert WITHHELD in tells_nothing(amtspost, PROXY_SECRET, others=("folders",))


@pytest.mark.parametrize("password", ["Standard", "Postfach", "Zertifikat", "musterhausen", "m.mustermann", "1143",
                                      "Anmeldung", "password", "IMAP"])
def test_ordinary_words_stay(amtspost, password):
    """A report that holds such a word anyway, or a name or port of the account, is no repetition."""
    with FakeImap() as fake:
        amtspost.add_clerk(password=password)
        amtspost.set_server(fake.port, timeout=4)
        text = amtspost.ok("check", "--user", CLERK, "imap").stdout
        assert "withheld" not in text
        assert f"Port {fake.port}" in text and "localhost" in text

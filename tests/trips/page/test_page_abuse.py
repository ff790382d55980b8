"""The daemon called wrongly: slow, too much, garbage, and ended while it works."""

import re
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest
from page import PAGE_PASSWORD, Daemon
from page_office import ADMIN, CLERK_A, Office, add_person
from runner import SANITIZED, Amtspost

ANSWERED = 5.0 if SANITIZED else 1.0  # seconds in which others are answered, whatever goes on
SLOW = 500


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("abuse")) as running:
        yield running


@pytest.fixture(autouse=True)
def _still_there(office: Office) -> Iterator[None]:
    yield
    assert not office.daemon.running.is_over()
    assert office.person().get("/healthz").body == b"ok\n"


def connect(office: Office | Daemon) -> socket.socket:
    daemon = office.daemon if isinstance(office, Office) else office
    return socket.create_connection(("127.0.0.1", daemon.port), timeout=30)


def read_all(connection: socket.socket) -> bytes:
    """Until the daemon closes; a reset is an end, too."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def send(office: Office, request: bytes) -> bytes:
    """Sends REQUEST, tells that this is all, and reads all answers. Who says no more may be taken for gone while a job
    waits for its turn on a busy machine; it is not begun then, so it is sent again."""
    for _ in range(5):
        answer = send_once(office, request)
        if statuses(answer) != [503]:
            break
    return answer


def send_once(office: Office, request: bytes) -> bytes:
    with connect(office) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before it had come
        return read_all(connection)


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def cookie(office: Office, name: str = ADMIN) -> bytes:
    return f"Cookie: amtspost={office.person(name).cookies['amtspost']}\r\n".encode()


def request(line: str, *headers: str, body: bytes = b"", close: bool = True) -> bytes:
    return "\r\n".join([line, "Host: localhost", *(["Connection: close"] if close else []), *headers, "", ""]).encode() + body


# ---- slow ones ----


@pytest.mark.release_only
@pytest.mark.parametrize("beginning", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"POST /anmelden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nbenutzer=",
    b"",
], ids=["header", "body", "silence"])
def test_many_slow_ones(office, beginning):
    """They are ended in the end, and nobody else notices them."""
    times = []
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(office)) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(beginning)
        begin = time.monotonic()
        while time.monotonic() - begin < 2:
            start = time.monotonic()
            assert office.person(ADMIN).get("/").status == 200
            assert office.person().get("/anmelden").status == 200
            times.append((time.monotonic() - start) / 2)
            for connection in slow:
                try:
                    connection.send(b"x")
                except OSError:
                    pass
            time.sleep(0.05)
        assert max(times) < ANSWERED, f"{max(times):.3f} s"
    deadline = time.monotonic() + 10
    while descriptors(office) > 100 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descriptors(office) < 100


@pytest.mark.release_only
def test_more_than_there_is_room_for(office):
    """From several addresses, again and again: the others wait a moment, the daemon stays."""
    for _ in range(4):
        with ExitStack() as stack:
            flood = [stack.enter_context(socket.socket()) for _ in range(1180)]
            for number, connection in enumerate(flood):
                connection.setblocking(False)
                connection.bind((f"127.0.0.{2 + number % 2}", 0))
                connection.connect_ex(("127.0.0.1", office.daemon.port))
            time.sleep(0.2)
            for connection in flood:
                try:
                    connection.send(b"GET / HTTP/1.1\r\nHost: ")
                except OSError:
                    pass
        assert office.person().get("/healthz").body == b"ok\n"


def test_a_lock_reaches_who_is_in_the_middle(office):
    """The header was let in, the body comes after the lock."""
    add_person(office.amtspost, "verraeter", "--admin")
    person = office.person("verraeter")
    person.get("/benutzer-neu")
    form = person.last.view.form("/benutzer-neu")
    body = urlencode(form.fields | {"name": "hintertuer"}).encode()
    with connect(office) as connection:
        connection.sendall(request("POST /benutzer-neu HTTP/1.1", f"Content-Length: {len(body)}",
                                   "Content-Type: application/x-www-form-urlencoded",
                                   f"Cookie: amtspost={person.cookies['amtspost']}") + body[:10])
        time.sleep(0.3)
        office.amtspost.ok("user", "lock", "verraeter")
        connection.sendall(body[10:])
        answer = read_all(connection)
    assert statuses(answer) in ([303], [403]) and b"/benutzer/hintertuer" not in answer
    assert "hintertuer" not in office.amtspost.ok("user", "list").stdout


def descriptors(office: Office) -> int:
    return len(list(Path(f"/proc/{office.daemon.running.pid}/fd").iterdir()))


@pytest.mark.release_only
def test_slow_headers_and_bodies_end(office):
    with connect(office) as header, connect(office) as body:
        header.sendall(b"GET / HTTP/1.1\r\nHost: ")
        body.sendall(request("POST /anmelden HTTP/1.1", "Content-Length: 100000",
                             "Content-Type: application/x-www-form-urlencoded") + b"a=")
        begin = time.monotonic()
        for connection in (header, body):
            connection.settimeout(20)
            read_all(connection)
            assert time.monotonic() - begin < 15


# ---- too much ----


@pytest.mark.parametrize("size", [257 * 1024, 10 * 1024 * 1024, 1 << 40])
def test_oversized_bodies(office, size):
    """Refused by their announcement, whoever sends them; with chunks, when it is too much."""
    announced = send(office, request("POST /anmelden HTTP/1.1", f"Content-Length: {size}",
                                     "Content-Type: application/x-www-form-urlencoded", body=b"a=" + b"x" * 1000))
    assert statuses(announced) == [413]


def test_oversized_chunks(office):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = send(office, request("POST /anmelden HTTP/1.1", "Transfer-Encoding: chunked",
                                  "Content-Type: application/x-www-form-urlencoded") + chunk * 8 + b"0\r\n\r\n")
    assert statuses(answer) == [413]


def test_only_the_import_takes_large_bodies(office):
    large = b"a=" + b"x" * (1024 * 1024)
    for line, headers, status in (("POST /benutzer-neu HTTP/1.1", cookie(office), 413),
                                  ("POST /benutzer-import HTTP/1.1", b"", 413),
                                  ("POST /benutzer-import HTTP/1.1", cookie(office), 403)):
        head = request(line, f"Content-Length: {len(large)}", "Content-Type: application/x-www-form-urlencoded")
        assert statuses(send(office, head[:-2] + headers + b"\r\n" + large)) == [status], line


@pytest.mark.parametrize("line, headers", [
    ("GET /?" + "a" * 9000 + " HTTP/1.1", []),
    ("GET /" + "a" * 70000 + " HTTP/1.1", []),
    ("GET / HTTP/1.1", ["X-Large: " + "a" * 33000]),
    ("GET / HTTP/1.1", ["X-Large: " + "a" * 200000]),
    ("GET / HTTP/1.1", [f"X-{number}: {'a' * 100}" for number in range(2000)]),
    ("GET / HTTP/1.1", ["Cookie: " + "; ".join(f"a{number}=b" for number in range(9000))]),
], ids=["query", "path", "field", "long field", "many fields", "cookies"])
def test_oversized_headers(office, line, headers):
    found = statuses(send(office, request(line, *headers)))
    assert found in ([400], [413], [414], [431], [])


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_too_many_fields(office, kind):
    person = office.person(ADMIN)
    csrf = office.csrf(ADMIN)

    def post(count: int) -> int:
        fields = [("csrf", csrf)] + [(f"f{number}", "") for number in range(count - 1)]
        if kind == "urlencoded":
            return person.request("POST", "/systemsteuerung/behoerde", urlencode(fields)).status
        body = "".join(f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields)
        return person.request("POST", "/systemsteuerung/behoerde", body + "--B--\r\n",
                              Content_Type="multipart/form-data; boundary=B").status

    assert post(1000) == 303
    assert post(1001) == 400


# ---- garbage ----


@pytest.mark.parametrize("body", [
    "csrf={}&a=%zz", "csrf={}&a=%", "csrf={}&a=%0", "csrf={}&%ff=b", "csrf={}&a=%ff%fe", "csrf={}&a=%00b", "csrf={}&a=%c0%af",
    "csrf={}&a=\x00", "%", "=", "&&&&", "csrf", "csrf={}\r\n&a=b",
])
def test_broken_forms(office, body):
    before = office.snapshot()
    answer = office.person(ADMIN).request("POST", "/systemsteuerung/behoerde", body.format(office.csrf(ADMIN)))
    assert answer.status in (400, 403)
    assert office.snapshot() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "x", ""])
def test_forms_of_other_types(office, kind):
    answer = office.person(ADMIN).request("POST", "/systemsteuerung/behoerde", f"csrf={office.csrf(ADMIN)}", Content_Type=kind)
    assert answer.status in (400, 403)


PART = '--B\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'


@pytest.mark.parametrize("body", [
    PART,
    PART + "--B",
    PART[:-2],
    "--B--\r\n",
    "\r\n" + PART + "--B--\r\n",
    PART + "--B\r\nno header\r\n--B--\r\n",
    PART + "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
    PART + '--B\r\nContent-Disposition: form-data; name="a\r\n\r\nx\r\n--B--\r\n',
    PART + '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\x00\r\n--B--\r\n',
    PART + "--B\r\n\r\n\r\n--B--\r\n",
    "--B\r\n" * 5000,
    "--B" * 5000,
    "",
], ids=range(13))
def test_broken_multipart(office, body):
    before = office.snapshot()
    answer = office.person(ADMIN).request("POST", "/systemsteuerung/behoerde", body.replace("{csrf}", office.csrf(ADMIN)),
                                          Content_Type="multipart/form-data; boundary=B")
    assert answer.status in (400, 403)
    assert office.snapshot() == before


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", '"x"', '{"value": [1]}', '{"value": null}', '{"value": "a", "value": "b"}',
                                  '{"value": "a\\u0000b"}', '{"value": "\ud83d"}', "[" * 5000, '{"a":' * 3000, "\x00", '{"value": "\\ud800"}'],
                         ids=range(15))
def test_broken_documents(office, body):
    raw = body.encode("utf-8", "surrogatepass")
    head = request("PUT /api/v1/settings/office.name HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(raw)}",
                   f"Authorization: Bearer {office.key('abuse', ADMIN)}")
    answer = send(office, head + raw)
    assert statuses(answer) == [400] and b"application/problem+json" in answer, answer
    assert office.amtspost.get("office.name")["value"] is None


@pytest.mark.parametrize("line", [
    "GET /%ff HTTP/1.1", "GET /%00 HTTP/1.1", "GET /%0d%0aX:y HTTP/1.1", "GET /%zz HTTP/1.1", "GET /?a=%zz HTTP/1.1",
    "GET /?a=%00 HTTP/1.1", "GET /%c0%ae%c0%ae/ HTTP/1.1", "GET evil HTTP/1.1", "GET * HTTP/1.1", "CONNECT localhost:1 HTTP/1.1",
    "GET http://evil.example HTTP/1.1", "GET /\xff HTTP/1.1", "GET /", "GET / HTTP/9.9", "\x16\x03\x01\x02\x00\x01",
    "SSH-2.0-x", "GET / HTTP/1.1 x",
])
def test_broken_request_lines(office, line):
    answer = send(office, line.encode("latin-1") + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert set(statuses(answer)) <= {400, 404, 405, 501, 505} or not answer
    assert len(statuses(answer)) <= 1


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "GEHEIM", "get", "PUT", "PATCH", "DELETE"])
def test_unknown_methods(office, method):
    answer = send(office, request(f"{method} / HTTP/1.1", "Content-Length: 0"))
    assert statuses(answer) and statuses(answer)[0] in (400, 403, 405, 501)
    assert b"geheim" not in answer.lower().replace(b"geheimes", b"")


def test_head(office):
    for path in ("/anmelden", "/hilfe", "/statisch/amtspost.css", "/api/v1/openapi.json"):
        get, head = (send(office, request(f"{method} {path} HTTP/1.1")) for method in ("GET", "HEAD"))
        before, _, body = get.partition(b"\r\n\r\n")
        fields, _, nothing = head.partition(b"\r\n\r\n")
        assert nothing == b"" and body and statuses(head) == [200]
        lengths = [re.search(rb"Content-Length: (\d+)", part)[1] for part in (before, fields)]
        assert lengths[0] == lengths[1]


@pytest.mark.parametrize("path", [
    "/statisch/../../../etc/passwd", "/statisch/..%2f..%2f..%2fetc%2fpasswd", "/statisch/%2e%2e/%2e%2e/etc/passwd", "/statisch//etc/passwd",
    "/statisch/....//etc/passwd", "/statisch/", "/statisch/.", "/statisch/..", "/statisch/kern.css/", "/statisch/kern.css%00", "/statisch/KERN.CSS",
    "/statisch/..\\..\\etc\\passwd", "/statisch/keyring", "/statisch/amtspost.db",
])
def test_no_way_out_of_the_static_files(office, path):
    answer = send(office, request(f"GET {path} HTTP/1.1"))
    assert statuses(answer)[0] in (400, 404) and b"root:" not in answer


SMUGGLED = b"GET /geschmuggelt HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("headers", [
    ["Content-Length: 0", "Content-Length: 48"],
    ["Content-Length: 48", "Content-Length: 0"],
    ["Content-Length: 5, 48"],
    ["Content-Length: +5"],
    ["Content-Length: -1"],
    ["Content-Length: 0x5"],
    ["Content-Length: 5 5"],
    ["Content-Length: 99999999999999999999999"],
    ["Content-Length: 48", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 48"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["Transfer-Encoding: identity, chunked"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding:\x0bchunked"],
    ["Content-Length : 5"],
    ["X: y\rContent-Length: 5"],
    ["X: y", " Content-Length: 5"],
])
def test_requests_within_requests(office, headers):
    """Where a proxy could see another end of the request than we do, it is refused, and the connection with it:
    the one behind it, which would be answered with 404, is never read."""
    answer = send(office, request("POST /anmelden HTTP/1.1", "Content-Type: application/x-www-form-urlencoded", *headers,
                                  close=False) + b"0\r\n\r\n" + SMUGGLED)
    assert set(statuses(answer)) <= {400, 413, 501}, answer


@pytest.mark.parametrize("chunks", [b"-1\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n", b"ffffffffffffffff1\r\n", b"5;" + b"x" * 70000 + b"\r\n",
                                    b"zz\r\n", b"5\r\nabcdeXX0\r\n\r\n"], ids=range(6))
def test_broken_chunks(office, chunks):
    answer = send(office, request("POST /anmelden HTTP/1.1", "Content-Type: application/x-www-form-urlencoded",
                                  "Transfer-Encoding: chunked", close=False) + chunks + SMUGGLED)
    assert set(statuses(answer)) <= {400, 413, 500}, answer  # 500: libmicrohttpd's, for an endless extension


def test_pipelined_requests_are_answered_in_order(office):
    answer = send(office, request("GET /healthz HTTP/1.1", close=False) * 3 + request("GET /gibt-es-nicht HTTP/1.1"))
    assert statuses(answer) == [200, 200, 200, 404]


def test_a_host_that_is_none(office):
    """The invitation's link and the redirects are made of it."""
    for host in ("evil.example\"><script>", "evil.example/x?", "a b", "", "evil\x00", "[::1", "user@evil.example"):
        head = f"POST /benutzer/{CLERK_A}/einladen HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n".encode()
        body = urlencode({"csrf": office.csrf(ADMIN)}).encode()
        answer = send(office, head + cookie(office) + f"Content-Length: {len(body)}\r\n"
                      "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + body)
        assert b"<script>" not in answer.replace(b"<script defer", b"") and statuses(answer)[:1] in ([200], [400], [])
    without = send(office, b"POST /benutzer/k.klein/einladen HTTP/1.0\r\n" + cookie(office) + f"Content-Length: {len(body)}\r\n"
                   "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + body)
    assert without == b"" or statuses(without.replace(b"HTTP/1.0", b"HTTP/1.1"))[0] in (200, 400)


def test_every_answer_is_strict(office):
    """Also refusals: nothing inline, nothing from elsewhere, no frames, no guessing of types."""
    for who, path in ((ADMIN, "/"), (ADMIN, "/benutzer"), (None, "/anmelden"), (None, "/gibt/es/nicht"), (None, "/api/v1/users"),
                      (None, "/statisch/kern.css"), (CLERK_A, "/benutzer"), (None, "/healthz")):
        headers = office.person(who).request("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Content-Type"], path
        assert "Server" not in headers and "charset" in headers["Content-Type"] or "html" not in headers["Content-Type"]


def test_plain_http_at_a_port_with_tls(amtspost, certificate):
    with Daemon(amtspost, "--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.key)) as daemon:
        with connect(daemon) as connection:
            connection.sendall(request("GET / HTTP/1.1"))
            read_all(connection)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(connect(daemon), server_hostname="localhost") as connection:
            connection.sendall(request("GET /healthz HTTP/1.1"))
            assert b"ok\n" in read_all(connection)


# ---- the end ----


class Tarpit:
    """A mail server that says nothing."""

    def __enter__(self) -> "Tarpit":
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_jobs_run(amtspost: Amtspost, signum: int):
    """Checks and uploads that are going on are answered or cut; the daemon ends soon and cleanly (the sanitizer's
    search for leaks runs at its end)."""
    with Tarpit() as tarpit:
        amtspost.add_clerk()
        amtspost.set_server(tarpit.port, host="127.0.0.1", timeout=60)
        daemon = Daemon(amtspost)
        daemon.__enter__()
        key = amtspost.json("apikey", "add", "k", "--user", "m.mustermann")["key"]
        with ExitStack() as stack:
            for number in range(12):
                connection = stack.enter_context(connect(daemon))
                line, length = ("POST /api/v1/check", 2) if number % 3 else ("POST /anmelden", 5000)
                connection.sendall(request(f"{line} HTTP/1.1", f"Authorization: Bearer {key}",
                                           f"Content-Length: {length}") + b"{}")
            time.sleep(0.5)
            begin = time.monotonic()
            run = daemon.stop(signum)
            assert time.monotonic() - begin < 10
    assert run.status in (0, 130, 143), run.stderr
    assert "Sanitizer" not in run.stderr


def test_a_browser_that_goes_away_ends_its_job(amtspost):
    with Tarpit() as tarpit, Daemon(amtspost) as daemon:
        amtspost.add_clerk()
        amtspost.set_server(tarpit.port, host="127.0.0.1", timeout=60)
        key = amtspost.json("apikey", "add", "k", "--user", "m.mustermann")["key"]
        for _ in range(6):
            with connect(daemon) as connection:
                connection.sendall(request("POST /api/v1/check HTTP/1.1", f"Authorization: Bearer {key}", "Content-Length: 2") + b"{}")
                time.sleep(0.2)
        # Only two of one person run at a time: this would wait a minute behind them.
        amtspost.set("interface", "disabled", "m.mustermann")
        begin = time.monotonic()
        answer = daemon.person().request("POST", "/api/v1/check", "{}", Authorization=f"Bearer {key}")
        assert answer.status in (200, 422) and time.monotonic() - begin < 10


def test_two_daemons_at_one_port(amtspost, tmp_path):
    with Daemon(amtspost) as daemon:
        error = Amtspost(tmp_path / "second").fails(3, "serve", "--listen", f"127.0.0.1:{daemon.port}")
        assert str(daemon.port) in error["message"]


def test_it_goes_on_after_a_restart(amtspost):
    """Sessions live in the database."""
    add_person(amtspost, CLERK_A)
    with Daemon(amtspost) as daemon:
        token = daemon.person(CLERK_A, add=False).cookies["amtspost"]
    with Daemon(amtspost) as daemon:
        person = daemon.person()
        person.cookies["amtspost"] = token
        assert person.get("/").status == 200 and PAGE_PASSWORD not in daemon.errors

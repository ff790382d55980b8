"""Hostile mails, and the server that they point to.

tests/data/zoo/NAME.html are bodies; what is large, or no HTML in UTF-8, is made here. In them @CANARY@ is the
canary's address, @HOST@ the same without scheme, @OWN@ the daemon's. Whatever asks the canary for /c/… gave
somebody away; /clicked/… are links that a person follows on purpose, in a tab of its own."""

import base64
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "zoo"
BEGIN = "Anfang des Briefs"  # what each mail shows, whatever else is taken from it
TAG = '<script>top.owned=1</script><img src="@CANARY@/c/tag" onerror="top.owned=1">'
LONG_NAME = "a" * 300 + ".pdf"


@dataclass(frozen=True)
class Hit:
    """One request that the canary got."""

    path: str
    referer: str | None
    cookie: str | None


@dataclass
class Canary:
    """`with Canary() as canary:`. PAGES: what /page/NAME answers, as (header fields, bytes)."""

    hits: list[Hit] = field(default_factory=list)
    pages: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)

    def __enter__(self) -> "Canary":
        canary = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                fields, body = canary.pages.get(self.path.removeprefix("/page/").partition("?")[0], ({}, b""))
                if not self.path.startswith("/page/"):
                    canary.hits.append(Hit(self.path, self.headers["Referer"], self.headers["Cookie"]))
                self.send_response(200)
                for name, value in ({"Content-Type": "text/html; charset=utf-8"} | fields).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):  # a tab that was closed
                    self.wfile.write(body)

            do_GET = do_HEAD = do_OPTIONS = _answer

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self._answer()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}"

    def betrayed(self) -> list[str]:
        """What was asked for that nobody clicked on."""
        return sorted({hit.path for hit in self.hits if not hit.path.startswith(("/clicked/", "/favicon.ico"))})


def picture(red: int, green: int, blue: int) -> bytes:
    """A PNG of 8 by 8 in one colour."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    rows = (b"\0" + bytes((red, green, blue)) * 8) * 8
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes((0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0)))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def head(name: str, subject: str | None = None, sender: str = "Eve <eve@example.org>") -> bytes:
    return (f"From: {sender}\r\nTo: amt@musterhausen.example\r\nSubject: {subject or 'Zoo ' + name}\r\n"
            f"Message-ID: <{name}@zoo.example>\r\nDate: Mon, 23 Nov 2026 15:04:00 +0100\r\n"
            "MIME-Version: 1.0\r\n").encode("utf-8", "surrogatepass")


def html_mail(name: str, body: bytes, content_type: str = "text/html; charset=utf-8", encoding: str = "8bit") -> bytes:
    return (head(name) + f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
            + body)


def part(fields: str, body: bytes) -> bytes:
    return b"--zoo\r\n" + fields.replace("\n", "\r\n").encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body + b"\r\n"


def multipart(name: str, kind: str, *parts: bytes, closed: bool = True, **header: str) -> bytes:
    return (head(name, **header) + f"Content-Type: multipart/{kind}; boundary=zoo\r\n\r\n".encode() + b"".join(parts)
            + (b"--zoo--\r\n" if closed else b""))


def _encodings() -> dict[str, bytes]:
    """Bodies that say one thing about their bytes and are another."""
    letter = f"<p>{BEGIN}</p>"
    utf7 = f"{letter}+ADw-script+AD4-top.owned=1+ADw-/script+AD4- +ADw-img src=@CANARY@/c/utf7+AD4-".encode()
    overlong = letter.encode() + b"\xc0\xbcscript\xc0\xbetop.owned=1\xc0\xbc/script\xc0\xbe \xf8\x80\x80\x80\xbcimg src=x onerror=top.owned=1>"
    invalid = letter.encode() + b'<img alt="\xe4" src="x\xff" onerror=top.owned=1 title="\xf0\x9f"><scr\x00ipt>top.owned=1</scr\x00ipt>\xed\xa0\x80<img\x0bsrc=@CANARY@/c/vt>\x80\xfe\xff'
    both = (letter + TAG).encode()
    quoted = b"".join(b"=%02X" % letter for letter in both)
    shifted = letter.encode() + b'<p title="\x1b$B">\x1b(B<img src=@CANARY@/c/iso2022 onerror=top.owned=1 alt="\x1b$@">'
    return {
        "utf7": html_mail("utf7", utf7, "text/html; charset=utf-7"),
        "utf7-unnamed": html_mail("utf7-unnamed", utf7, "text/html"),
        "utf7-meta": html_mail("utf7-meta", b"<meta charset=utf-7>" + utf7, "text/html"),
        "utf16": html_mail("utf16", base64.encodebytes((letter + TAG).encode("utf-16")), "text/html; charset=utf-16", "base64"),
        "utf16-unnamed": html_mail("utf16-unnamed", base64.encodebytes(both + TAG.encode("utf-16")), "text/html", "base64"),
        "utf32": html_mail("utf32", base64.encodebytes((letter + TAG).encode("utf-32")), "text/html; charset=utf-32", "base64"),
        "overlong": html_mail("overlong", overlong),
        "invalid": html_mail("invalid", invalid),
        "shift": html_mail("shift", shifted, "text/html; charset=iso-2022-jp"),
        "ebcdic": html_mail("ebcdic", base64.encodebytes((letter + TAG).encode("cp500")), "text/html; charset=cp500", "base64"),
        "charset-lie": html_mail("charset-lie", both + "ÄÖ".encode("cp1252"), 'text/html; charset="utf-8\\"><script>"'),
        "charset-unknown": html_mail("charset-unknown", both, "text/html; charset=x-user-defined//IGNORE"),
        "base64-lie": html_mail("base64-lie", both, encoding="base64"),
        "quoted-lie": html_mail("quoted-lie", letter.encode() + b"<scr=\r\nipt>top.owned=3D1</scr=\r\nipt>=ZZ=3Cimg src=3D@CANARY@/c/qp=3E=", encoding="quoted-printable"),
        "quoted": html_mail("quoted", quoted, encoding="quoted-printable"),
        "uuencode-lie": html_mail("uuencode-lie", both, encoding="x-uuencode"),
        "encoding-unknown": html_mail("encoding-unknown", both, encoding="<script>top.owned=1</script>"),
        "no-end": multipart("no-end", "mixed", part("Content-Type: text/html", both), b"--zoo\r\nContent-Type: text/ht", closed=False),
        "no-boundary": head("no-boundary") + b"Content-Type: multipart/mixed\r\n\r\n" + part("Content-Type: text/html", both),
        "plain-with-tags": html_mail("plain-with-tags", both, "text/plain; charset=utf-8"),
        "type-lie": html_mail("type-lie", both, "text/html/x; charset=utf-8\r\nContent-Type: text/plain"),
        "xhtml": html_mail("xhtml", b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>' + both + b"</body></html>",
                           "application/xhtml+xml"),
        "alternatives": multipart("alternatives", "alternative", part("Content-Type: text/plain", BEGIN.encode()),
                                  part("Content-Type: text/html", both), part("Content-Type: image/svg+xml", b"<svg onload=top.owned=1>")),
    }


def nested(count: int) -> bytes:
    return f"<p>{BEGIN}</p>".encode() + b"<table><tr><td>" * count + b"tief" + TAG.encode()


def deep(count: int) -> bytes:
    """Formatting that parsers open again and again."""
    return f"<p>{BEGIN}</p>".encode() + b"<b><i><p><a href=x><font color=red>" * count + b"tief"


def _images() -> bytes:
    """Images of the mail's own, and what only says that it is one."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="top.owned=1"><image href="@CANARY@/c/svg-in-cid"/></svg>'
    encoded = base64.encodebytes(picture(200, 30, 30))
    blue = base64.b64encode(picture(30, 30, 200)).decode()
    body = (f'<p>{BEGIN}</p><img id=rot src="cid:rot@zoo" alt="rot" width=40 height=40><img src="CID:rot%40zoo" alt="rot2">'
            f'<img src="data:image/png;base64,{blue}" alt="blau"><img src="cid:svg@zoo" alt="SVG"><img src="cid:lie@zoo" alt="Lüge">'
            '<img src="cid:html@zoo" alt="HTML"><img src="cid:gibt-es-nicht" alt="fehlt"><img src="cid:@CANARY@/c/cid" alt="fern">'
            f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" alt="SVG2"><img src="data:image/svg+xml,<svg/onload=top.owned=1>">'
            '<img src="data:text/html,<script>top.owned=1</script>"><img src="data:image/png,x"><img src="data:image/png;base64,PHNjcmlwdD4=">'
            '<a href="cid:html@zoo">Teil</a><iframe src="cid:html@zoo"></iframe><div style="background:url(cid:rot@zoo)">Ende</div>')
    return multipart(
        "images-own", "related", part("Content-Type: text/html; charset=utf-8", body.encode()),
        part("Content-Type: image/png\nContent-ID: <rot@zoo>\nContent-Transfer-Encoding: base64", encoded),
        part("Content-Type: image/svg+xml\nContent-ID: <svg@zoo>", svg),
        part("Content-Type: image/png\nContent-ID: <lie@zoo>", b"<script>top.owned=1</script>"),
        part("Content-Type: text/html\nContent-ID: <html@zoo>", TAG.encode()))


# What file names try, and what a download may be called then.
NAMES = {
    'filename="a\\"; filename=\\"b.exe"': None,
    "filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3Dy%0D%0A%0D%0A.txt": None,
    'filename="=?utf-8?Q?a=0D=0AX-Evil:_1=0D=0A.txt?="': None,
    'filename="../../../etc/passwd"': "passwd",
    'filename="..\\\\..\\\\windows\\\\system.ini"': "system.ini",
    "filename*=UTF-8''%2e%2e%2f%2e%2e%2fpasswd": "passwd",
    'filename="/etc/shadow"': "shadow",
    'filename="C:\\\\boot.ini"': "boot.ini",
    'filename="CON"': None,
    'filename="nul.txt"': None,
    'filename="COM1.pdf.exe"': None,
    'filename="..."': None,
    'filename=".htaccess"': "htaccess",
    'filename="rechnung.pdf.  ."': None,
    'filename="a:b*c?d<e>f|g.txt"': None,
    f'filename="{LONG_NAME}"': None,
    "filename*=UTF-8''rechnung%E2%80%AEfdp.exe": "rechnungfdp.exe",
    "filename*=UTF-8''%E2%80%8Funsichtbar%E2%80%8B%EF%BB%BF.txt": None,
    'filename="<script>top.owned=1.html"': None,
    "filename*=UTF-8''%FF%FE%00kaputt.txt": None,
    'filename="\'; alert(1); \'.js"': None,
    "filename*=UTF-8''%E2%80%A8zeile%E2%80%A9.txt": None,
    'filename="gut.html"': "gut.html",
}


def _attachments() -> bytes:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="top.owned=1"/>'
    parts = [part(f"Content-Type: text/html\nContent-Disposition: attachment; {name}", TAG.encode()) for name in NAMES]
    return multipart(
        "attachments", "mixed", part("Content-Type: text/plain", BEGIN.encode()), *parts,
        part('Content-Type: image/svg+xml; name="bild.svg"\nContent-Disposition: inline; filename="bild.svg"', svg),
        part('Content-Type: text/xml; name="stil.xml"\nContent-Disposition: attachment', b'<?xml-stylesheet href="@CANARY@/c/xsl"?><x/>'))


def mails(canary: Canary, own: str) -> dict[str, bytes]:
    """name -> the whole mail."""
    found = {path.stem: html_mail(path.stem, path.read_bytes()) for path in sorted(FOLDER.glob("*.html"))}
    found |= _encodings() | {
        "nested": html_mail("nested", nested(10000)), "deep": html_mail("deep", deep(20000)),
        "images-own": _images(), "attachments": _attachments()}
    return {name: fill(mail, canary, own) for name, mail in found.items()}


def fill(mail: bytes, canary: Canary, own: str) -> bytes:
    for word, value in {"@CANARY@": canary.address, "@HOST@": canary.host, "@OWN@": own, "@LONG@": "x" * 100000}.items():
        mail = mail.replace(word.encode(), value.encode())
    return mail

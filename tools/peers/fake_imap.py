"""A small IMAP4rev1 server whose every answer a test can replace: for servers that lie, stall or
break off. It offers nothing beyond the base standard unless told so."""

import re
import socket
import ssl
import threading
from collections.abc import Callable

from .certificates import Certificate


class Connection:
    """One client. A handler writes with `send` and answers with `ok`."""

    def __init__(self, server: "FakeImap", stream: socket.socket):
        self.server = server
        self.socket = stream
        self._buffer = b""

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def ok(self, tag: str, text: str = "done") -> None:
        self.send(f"{tag} OK {text}\r\n")

    def read_line(self) -> bytes:
        """Without CRLF; b"" at the end."""
        while b"\n" not in self._buffer:
            data = self.socket.recv(65_536)
            if not data:
                return b""
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def read_bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.socket.recv(65_536)
            if not data:
                return b""
            self._buffer += data
        result, self._buffer = self._buffer[:count], self._buffer[count:]
        return result

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_side=True)


Handler = Callable[[Connection, str, str], None]


class FakeImap:
    """`with FakeImap({"FETCH": handler}) as server:`. MAILS are the raw mails of INBOX with the UIDs 1
    to n. A handler gets the connection, the tag and the arguments; "UID FETCH" is FETCH. TLS wraps
    every connection from the start."""

    def __init__(self, handlers: dict[str, Handler] | None = None, mails: list[bytes] | None = None,
                 capabilities: str = "IMAP4rev1", greeting: str | None = None,
                 tls: ssl.SSLContext | None = None):
        self.handlers = handlers or {}
        self.mails = mails if mails is not None else [b"Subject: eins\r\n\r\nText\r\n"]
        self.capabilities = capabilities
        self.greeting = greeting if greeting is not None else "* OK ready\r\n"
        self.tls = tls
        self.uid_validity = 1
        self.uid_next = 0  # 0: behind the last mail
        self.password: str | None = None  # None: any
        self.connections = 0
        self.commands: list[str] = []  # all lines received, in order
        self.stored: list[str] = []  # arguments of UID STORE
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> "FakeImap":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for stream in self._open:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        try:
            if self.tls:
                stream = self.tls.wrap_socket(stream, server_side=True)
                self._open.append(stream)
            connection = Connection(self, stream)
            connection.send(self.greeting)
            while line := connection.read_line():
                line = self._with_literals(connection, line)
                self.commands.append(line)
                self._dispatch(connection, line)
        except (OSError, ValueError):
            pass
        finally:
            stream.close()

    def _with_literals(self, connection: Connection, line: bytes) -> str:
        while match := re.search(rb"\{(\d+)(\+?)\}$", line):
            if not match[2]:
                connection.send("+ go on\r\n")
            literal = connection.read_bytes(int(match[1]))
            line = line[: match.start()] + b'"' + literal + b'"' + connection.read_line()
        return line.decode("utf-8", "replace")

    def _dispatch(self, connection: Connection, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        if name.upper() == "UID":
            name, _, arguments = arguments.partition(" ")
        name = name.upper()
        handler = self.handlers.get(name)
        if handler:
            handler(connection, tag, arguments)
        else:
            method = getattr(self, f"on_{name.lower()}", None)
            if method:
                method(connection, tag, arguments)
            else:
                connection.send(f"{tag} BAD unknown command {name}\r\n")

    def on_capability(self, connection: Connection, tag: str, _arguments: str) -> None:
        connection.send(f"* CAPABILITY {self.capabilities}\r\n")
        connection.ok(tag)

    def on_login(self, connection: Connection, tag: str, arguments: str) -> None:
        if self.password is not None and not arguments.rstrip('"').endswith(self.password):
            connection.send(f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n")
        else:
            connection.ok(tag, "logged in")

    def on_list(self, connection: Connection, tag: str, _arguments: str) -> None:
        connection.send('* LIST () "/" INBOX\r\n')
        connection.ok(tag)

    def on_status(self, connection: Connection, tag: str, arguments: str) -> None:
        folder = arguments.rpartition(" (")[0]
        connection.send(f"* STATUS {folder} (MESSAGES {len(self.mails)} UIDNEXT {self._uid_next()} "
                        f"UIDVALIDITY {self.uid_validity} UNSEEN 0)\r\n")
        connection.ok(tag)

    def on_select(self, connection: Connection, tag: str, _arguments: str) -> None:
        connection.send(f"* FLAGS (\\Seen \\Flagged)\r\n* {len(self.mails)} EXISTS\r\n* 0 RECENT\r\n"
                        f"* OK [UIDVALIDITY {self.uid_validity}] ok\r\n"
                        f"* OK [UIDNEXT {self._uid_next()}] ok\r\n")
        connection.ok(tag, "[READ-WRITE] selected")

    on_examine = on_select

    def on_search(self, connection: Connection, tag: str, arguments: str) -> None:
        wanted = re.search(r"UID (\S+)", arguments)
        chosen = self._choose(wanted[1] if wanted else "1:*")
        connection.send(f"* SEARCH {' '.join(map(str, chosen))}\r\n".replace(" \r", "\r"))
        connection.ok(tag)

    def on_fetch(self, connection: Connection, tag: str, arguments: str) -> None:
        uids, _, items = arguments.partition(" ")
        for uid in self._choose(uids):
            self.send_message(connection, uid, items)
        connection.ok(tag)

    def send_message(self, connection: Connection, uid: int, items: str) -> None:
        raw = self.mails[uid - 1]
        section = re.search(r"BODY\.PEEK(\[.*?\])", items)
        if section and section[1] != "[]":
            raw = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        connection.send(f"* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE {len(self.mails[uid - 1])} "
                        'INTERNALDATE "01-Jan-2026 10:00:00 +0000"')
        if section:
            connection.send(f" BODY{section[1]} {{{len(raw)}}}\r\n".encode() + raw)
        connection.send(")\r\n")

    def on_store(self, connection: Connection, tag: str, arguments: str) -> None:
        self.stored.append(arguments)
        connection.ok(tag)

    def on_noop(self, connection: Connection, tag: str, _arguments: str) -> None:
        connection.ok(tag)

    on_check = on_close = on_unselect = on_noop

    def on_logout(self, connection: Connection, tag: str, _arguments: str) -> None:
        connection.send("* BYE bye\r\n")
        connection.ok(tag)

    def _uid_next(self) -> int:
        return self.uid_next or len(self.mails) + 1

    def _choose(self, uid_set: str) -> list[int]:
        last = len(self.mails)
        chosen: set[int] = set()
        for part in uid_set.split(","):
            low, _, high = part.partition(":")
            bounds = [last if bound == "*" else int(bound) for bound in (low, high or low)]
            chosen |= set(range(min(bounds), max(bounds) + 1))
        return sorted(uid for uid in chosen if 1 <= uid <= last)


def tls_context(certificate: Certificate, minimum: ssl.TLSVersion | None = None,
                maximum: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A server's side of TLS, limited to versions; below 1.2 the security level is lowered as an old
    server would have it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = minimum or ssl.TLSVersion.TLSv1_2
    context.maximum_version = maximum or ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context

"""A small SMTP submission server whose every answer a test can replace: for servers that lie, stall or
break off. It offers nothing beyond AUTH unless told so, lets everybody in unless it is given
passwords or tokens, and keeps the mails that it is handed."""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .fake_imap import Connection

# Each with the user and the token.
_XOAUTH2 = rb"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01"
_OAUTHBEARER = (rb"n,a=([^,]+),\x01(?:host=[^\x01]*\x01)?(?:port=\d+\x01)?"
                rb"auth=Bearer ([^\x01]+)\x01\x01")
_REFUSAL = b'{"status":"401","schemes":"bearer","scope":"smtp"}'


@dataclass
class Mail:
    """One mail as it was handed over: envelope and content without dot stuffing."""

    sender: str
    user: str | None  # who was logged in
    recipients: list[str] = field(default_factory=list)
    content: bytes = b""


class SmtpConnection(Connection):
    """One client: who it is, and the mail that it is handing over. A handler answers with `reply`."""

    server: "FakeSmtp"

    def __init__(self, server: "FakeSmtp", stream: socket.socket):
        super().__init__(server, stream)
        self.encrypted = isinstance(stream, ssl.SSLSocket)
        self.user: str | None = None
        self.mail: Mail | None = None

    def reply(self, code: int, *lines: str) -> None:
        *first, last = lines or ("",)
        self.send("".join(f"{code}-{line}\r\n" for line in first) + f"{code} {last}\r\n")

    def ask(self, challenge: bytes = b"") -> bytes | None:
        """Sends CHALLENGE and answers the response; None: the client called it off."""
        self.reply(334, base64.b64encode(challenge).decode())
        line = self.read_line()
        self.server.responses.append(line.decode("utf-8", "replace"))
        return None if line == b"*" else base64.b64decode(line, validate=True)

    def read_content(self) -> bytes:
        """A mail up to the line with a single dot."""
        while not (b"\r\n" + self._buffer).count(b"\r\n.\r\n"):
            data = self.socket.recv(65_536)
            if not data:
                raise ConnectionError
            self._buffer += data
        content, _, self._buffer = (b"\r\n" + self._buffer).partition(b"\r\n.\r\n")
        return (content + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]


Handler = Callable[[SmtpConnection, str], None]


class FakeSmtp:
    """`with FakeSmtp({"AUTH": handler}) as server:`. A handler gets the connection and the arguments
    of its verb. Without PASSWORDS and TOKENS (by user) anything is accepted. STARTTLS is offered with
    a context in START_TLS; TLS wraps every connection from the start."""

    def __init__(self, handlers: dict[str, Handler] | None = None,
                 mechanisms: str = "PLAIN LOGIN XOAUTH2 OAUTHBEARER", capabilities: tuple[str, ...] = (),
                 greeting: str | None = None, tls: ssl.SSLContext | None = None,
                 start_tls: ssl.SSLContext | None = None, passwords: dict[str, str] | None = None,
                 tokens: dict[str, str] | None = None):
        self.handlers = handlers or {}
        self.mechanisms = mechanisms  # "": no AUTH
        self.capabilities = capabilities
        self.greeting = greeting if greeting is not None else "220 fake.example ready\r\n"
        self.tls = tls
        self.start_tls = start_tls
        self.passwords = passwords
        self.tokens = tokens
        self.challenges_refusals = False  # refuse tokens as Google and Dovecot do, with a challenge
        self.connections = 0
        self.commands: list[str] = []  # all lines received, in order
        self.responses: list[str] = []  # but for those to challenges, and mails
        self.logins: list[tuple[str, str]] = []  # mechanism and user of each that succeeded
        self.mails: list[Mail] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> "FakeSmtp":
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
        connection = None
        try:
            if self.tls:
                stream = self.tls.wrap_socket(stream, server_side=True)
                self._open.append(stream)
            connection = SmtpConnection(self, stream)
            connection.send(self.greeting)
            while line := connection.read_line():
                self.commands.append(line.decode("utf-8", "replace"))
                self._dispatch(connection, self.commands[-1])
        except (OSError, ValueError):
            pass
        finally:
            (connection.socket if connection else stream).close()

    def _dispatch(self, connection: SmtpConnection, line: str) -> None:
        verb, _, arguments = line.partition(" ")
        verb = verb.upper()
        handler = self.handlers.get(verb) or getattr(self, f"on_{verb.lower()}", None)
        if handler:
            handler(connection, arguments)
        else:
            connection.reply(500, "5.5.2 unknown command")

    def on_ehlo(self, connection: SmtpConnection, _name: str) -> None:
        connection.mail = None
        lines = ["fake.example", *self.capabilities]
        if self.start_tls and not connection.encrypted:
            lines.append("STARTTLS")
        elif self.mechanisms:
            lines.append(f"AUTH {self.mechanisms}")
        connection.reply(250, *lines)

    def on_starttls(self, connection: SmtpConnection, _arguments: str) -> None:
        if not self.start_tls or connection.encrypted:
            connection.reply(503, "5.5.1 not here")
            return
        connection.reply(220, "2.0.0 ready")
        connection.start_tls(self.start_tls)
        connection.encrypted = True
        self._open.append(connection.socket)

    def on_auth(self, connection: SmtpConnection, arguments: str) -> None:
        name, _, initial = arguments.partition(" ")
        mechanism = {"PLAIN": self._plain, "LOGIN": self._login, "XOAUTH2": self._xoauth2,
                     "OAUTHBEARER": self._oauthbearer}.get(name.upper())
        if not mechanism or name.upper() not in self.mechanisms.split():
            connection.reply(504, "5.5.4 unknown mechanism")
            return
        try:
            first = base64.b64decode(initial, validate=True) if initial else None
            user = mechanism(connection, first)
        except ValueError:
            connection.reply(501, "5.5.2 not base64, or nothing that belongs there")
            return
        if user is None:
            connection.reply(535, "5.7.8 authentication failed")
            return
        connection.user = user
        self.logins.append((name.upper(), user))
        connection.reply(235, "2.7.0 welcome")

    def _plain(self, connection: SmtpConnection, first: bytes | None) -> str | None:
        message = first if first is not None else connection.ask()
        if message is None:
            return None
        _, user, password = message.decode().split("\0")
        return user if self._knows(self.passwords, user, password) else None

    def _login(self, connection: SmtpConnection, first: bytes | None) -> str | None:
        user = first if first is not None else connection.ask(b"Username:")
        password = connection.ask(b"Password:") if user is not None else None
        if user is None or password is None:
            return None
        return user.decode() if self._knows(self.passwords, user.decode(), password.decode()) else None

    def _xoauth2(self, connection: SmtpConnection, first: bytes | None) -> str | None:
        return self._bearer(connection, first, _XOAUTH2)

    def _oauthbearer(self, connection: SmtpConnection, first: bytes | None) -> str | None:
        user = self._bearer(connection, first, _OAUTHBEARER)
        return user.replace("=2C", ",").replace("=3D", "=") if user else None

    def _bearer(self, connection: SmtpConnection, first: bytes | None, pattern: bytes) -> str | None:
        message = first if first is not None else connection.ask()
        if message is None:
            return None
        match = re.fullmatch(pattern, message)
        if not match:
            raise ValueError
        user = match[1].decode()
        if self._knows(self.tokens, user, match[2].decode()):
            return user
        if self.challenges_refusals:
            connection.ask(_REFUSAL)
        return None

    @staticmethod
    def _knows(secrets: dict[str, str] | None, user: str, secret: str) -> bool:
        return secrets is None or secrets.get(user) == secret

    def on_mail(self, connection: SmtpConnection, arguments: str) -> None:
        match = re.match(r"FROM:<([^>]*)>", arguments, re.IGNORECASE)
        if self.mechanisms and connection.user is None:
            connection.reply(530, "5.7.0 authentication required")
        elif not match:
            connection.reply(501, "5.5.4 FROM:<address>")
        else:
            connection.mail = Mail(match[1], connection.user)
            connection.reply(250, "2.1.0 ok")

    def on_rcpt(self, connection: SmtpConnection, arguments: str) -> None:
        match = re.match(r"TO:<([^>]+)>", arguments, re.IGNORECASE)
        if not connection.mail:
            connection.reply(503, "5.5.1 MAIL first")
        elif not match:
            connection.reply(501, "5.5.4 TO:<address>")
        else:
            connection.mail.recipients.append(match[1])
            connection.reply(250, "2.1.5 ok")

    def on_data(self, connection: SmtpConnection, _arguments: str) -> None:
        if not connection.mail or not connection.mail.recipients:
            connection.reply(503, "5.5.1 RCPT first")
            return
        connection.reply(354, "go ahead")
        connection.mail.content = connection.read_content()
        self.mails.append(connection.mail)
        connection.mail = None
        connection.reply(250, f"2.0.0 kept as {len(self.mails)}")

    def on_rset(self, connection: SmtpConnection, _arguments: str) -> None:
        connection.mail = None
        connection.reply(250, "2.0.0 ok")

    def on_noop(self, connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(250, "2.0.0 ok")

    def on_quit(self, connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(221, "2.0.0 bye")
        connection.socket.shutdown(socket.SHUT_WR)

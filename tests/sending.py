"""What the tests of sending share: a clerk's commands, and what scripted servers do."""

import email.policy
import json
import subprocess
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from peers import node
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, PASSWORD, Amtspost, Run

TO = "buergerin@example.org"
OTHER = "buerger@example.org"
PIPELINING = ("PIPELINING", "8BITMIME", "SIZE 36700160", "ENHANCEDSTATUSCODES")


def use(sender: Amtspost, server: FakeSmtp) -> None:
    sender.set("smtp.host", "127.0.0.1")
    sender.set("smtp.port", str(server.port))
    sender.set("smtp.tls", "none")


def send(sender: Amtspost, *arguments: str, text: str = "Guten Tag\n", to: tuple[str, ...] = (TO,)) -> Run:
    people = [part for address in to for part in ("--to", address)]
    return sender.run("--json", "send", "--user", CLERK, *people, *arguments, stdin=text)


def outbox(sender: Amtspost) -> list[dict]:
    return sender.json("outbox", "list")


def states(mail: dict) -> dict[str, str]:
    return {recipient["address"]: recipient["state"] for recipient in mail["recipients"]}


def write_mails(folder: Path, count: int, size: int = 2000) -> list[str]:
    paths = []
    for number in range(count):
        path = folder / f"{number}.eml"
        path.write_text(f"From: m.mustermann@musterhausen.example\r\nTo: {TO}\r\nSubject: Nr. {number}\r\n"
                        f"Message-ID: <{number}@musterhausen.example>\r\n\r\n" + "x" * 70 * (size // 70) + "\r\n")
        paths.append(str(path))
    return paths


def answer(code: int, text: str) -> Callable[[SmtpConnection, str], None]:
    return lambda connection, _arguments: connection.reply(code, text)


def hang_up(connection: SmtpConnection, _arguments: str = "") -> None:
    raise ConnectionError


class Post:
    """A clerk who sends through Postfix, and where the mails arrive."""

    def __init__(self, sender: Amtspost, postfix, make_mailbox, authority, starttls: bool):
        self.sender, self.postfix = sender, postfix
        self.account, self.receiver = make_mailbox(), make_mailbox()
        for key, value in (("tls.ca-file", authority.certificate), ("smtp.host", "localhost"),
                           ("imap.host", "localhost"), ("imap.port", self.account.server.tls_port),
                           ("smtp.port", postfix.submission_port if starttls else postfix.submissions_port)):
            sender.set(key, str(value))
        for key, value in (("account", self.account.address), ("imap.use-default", "true"),
                           ("imap.password", PASSWORD)):
            sender.set(key, value, CLERK)

    def raw(self) -> bytes:
        """What arrived last; line ends are LF."""
        return self.postfix.received(self.receiver.address)[-1]

    def arrived(self):
        return message_from_bytes(self.raw(), policy=email.policy.default)


def read_with_mailparser(*paths: Path) -> list[dict]:
    """What npm's mailparser makes of mails."""
    try:
        command = node.program("reader", "main.mjs", package="mailparser")
    except node.Missing as reason:
        pytest.skip(str(reason))
    return json.loads(subprocess.run([*command, *paths], capture_output=True, check=True, timeout=60).stdout)

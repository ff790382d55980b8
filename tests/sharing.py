"""A clerk with four further mailboxes: two open, by one of the ways there are, one exists without a right on
it, one does not exist."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

from mailbox_on_disk import Mailbox
from office365 import Clerk365
from peers.certificates import Certificate
from peers.dovecot_sharing import SharingDovecot
from peers.maildir import Mail
from peers.relay import Relay
from runner import CLERK, MARK, PASSWORD, Amtspost, Run

DOMAIN = "Musterhausen.example"  # as people type it; servers have it in small letters
OWN_PASSWORD = MARK + "-eigen"
SCENES = 60
TRASH = "Gelöschte Elemente"
NOT_YET = "; Amtspost fragt erst um "  # what was refused within the hour
NOT_TRIED = "wurde nicht versucht"
NO_RIGHT = "Die Berechtigung dafür fehlt, oder es gibt das Postfach nicht."
_TIME = 1_767_258_000


def people() -> dict[str, str]:
    """All addresses with their passwords: Dovecot needs a second to see a new one. Only "clerkN" may log in
    for "amtN" and "kasseN"; "infoN", "bauN" and "fremdN" have owners of their own."""
    found = {f"clerk{number}@{DOMAIN}".lower(): PASSWORD for number in range(SCENES)}
    for number, name in itertools.product(range(SCENES), ("amt", "kasse", "info", "bau", "fremd")):
        found[f"{name}{number}@{DOMAIN}".lower()] = OWN_PASSWORD
    return found


def start_sharing(certificate: Certificate, **options: Any) -> Iterator[SharingDovecot]:
    pairs = {(f"{name}{number}@{DOMAIN}".lower(), f"clerk{number}@{DOMAIN}".lower())
             for number in range(SCENES) for name in ("amt", "kasse")}
    with SharingDovecot(certificate, people(), authorized=pairs, **options) as server:
        server.numbers = itertools.count()
        yield server


def mail(name: str, way: str = "mx1") -> Mail:
    """One mail; the same that came by another WAY is the same mail in another copy."""
    return Mail(f"Received: from {way}.example by mail.example; Thu, 1 Jan 2026 10:00:00 +0100\r\n"
                f"Message-ID: <{name}@sharing.example>\r\nSubject: {name}\r\n"
                "From: Erika Beispiel <e.beispiel@buerger.example>\r\n\r\n"
                f"Sehr geehrte Damen und Herren, {name}.\r\n".encode(), _TIME)


class Scene:
    """MAIN, and GIVEN, the two that open by this way. Addresses in the settings are written in another case
    than on the server."""

    way = ""
    names = ("info", "bau")  # of those that open
    separator, prefix = "/", ""
    lost = "ließ sich während des Vorgangs nicht mehr öffnen"  # stands in the reason
    needs_sign_in_again = False  # what was given anew is tried by the next sign-in only

    def __init__(self, clerk: Amtspost, server: Any, port: int):
        self.clerk, self.server = clerk, server
        self.relay = Relay(port)
        self.main: Mailbox
        self.given: list[Mailbox]
        self.denied = self.missing = ""

    def __enter__(self) -> "Scene":
        self.relay.__enter__()
        self.set_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.relay.__exit__()

    def set_up(self) -> None:
        raise NotImplementedError

    def give(self, box: Mailbox) -> None:
        raise NotImplementedError

    def take(self, box: Mailbox) -> None:
        """Takes the right away: the next session does not get it any more."""
        raise NotImplementedError

    def login(self) -> Run:
        """`login --json` as it ended; its last line is the report."""
        return self.clerk.run("--json", "login", "--user", CLERK, stdin=PASSWORD)

    @property
    def addresses(self) -> list[str]:
        """The mailboxes that open, as the settings spell them."""
        return [spelled(self.main.address), *(spelled(box.address) for box in self.given)]

    def use(self, *addresses: str) -> None:
        self.clerk.set("mailboxes", ";".join(addresses), CLERK)

    def listed(self) -> list[str]:
        """All further mailboxes, in the order of the settings."""
        first, second = self.addresses[1:]
        return [first, self.denied, second, self.missing]

    def use_all(self) -> None:
        self.use(*self.listed())

    def run_import(self, *arguments: str) -> Run:
        return self.clerk.run("--json", "import", "--user", CLERK, *arguments)

    def folder(self, name: str) -> str:
        """NAME, whose levels "/" parts, as the mailbox's owner sees it."""
        return name if name == "INBOX" else self.prefix + name.replace("/", self.separator)

    def fill(self, box: Mailbox, **folders: list[Mail]) -> None:
        """The folders `inbox`, `archive` and `trash`."""
        for key, mails in folders.items():
            box.fill({"inbox": "INBOX", "archive": "Archiv/2026", "trash": TRASH}[key], mails)

    def filed(self) -> dict[str, tuple[set, set]]:
        """The archive: subject -> (sources as (mailbox, folder, UID), hashes of its copies)."""
        return {row["subject"]: ({(source["mailbox"], source["folder"], source["uid"])
                                  for source in row["sources"]}, set(row["copies"]))
                for row in self.clerk.archive()}


def spelled(address: str) -> str:
    """ADDRESS as the settings have it."""
    return address.capitalize().replace(DOMAIN.lower(), DOMAIN)


def hash_of(one: Mail) -> str:
    return hashlib.sha256(one.raw).hexdigest()


class StandardScene(Scene):
    def set_up(self) -> None:
        number = next(self.server.numbers)
        self.clerk.set_server(self.relay.port)
        self.main = Mailbox(self.server, f"clerk{number}@{DOMAIN}".lower())
        self.clerk.add_clerk(account=spelled(self.main.address))
        self.given = [self.add_box(f"{name}{number}") for name in self.names]
        self.denied = spelled(self.add_box(f"fremd{number}").address)
        self.missing = f"Niemand{number}@{DOMAIN}"
        self.main.fill("INBOX", [])
        self.use_all()
        for box in self.given:
            self.give(box)

    def add_box(self, name: str) -> Mailbox:
        box = Mailbox(self.server, f"{name}@{DOMAIN}".lower(), OWN_PASSWORD)
        for folder in ("INBOX", "Archiv/2026", TRASH):
            box.fill(folder, [])
        return box


class NamespaceScene(StandardScene):
    """Among other users' mailboxes, each folder with a right of its own."""

    way = "namespace"

    def folders_with_rights(self) -> tuple[str, ...]:
        return "INBOX", "Archiv/2026", TRASH

    def give(self, box: Mailbox) -> None:
        self.server.grant(box.address, self.main.address, *self.folders_with_rights())

    def take(self, box: Mailbox) -> None:
        self.server.withdraw(box.address, self.main.address, *self.folders_with_rights())


class DottedNamespaceScene(NamespaceScene):
    """As with Courier and Cyrus; the right on INBOX counts for all."""

    separator, prefix = ".", "INBOX."

    def folders_with_rights(self) -> tuple[str, ...]:
        return ("INBOX",)


class AuthorizedScene(StandardScene):
    """By the main user's password, with an authorization identity. The right was there before."""

    way = "authorized"
    names = ("amt", "kasse")
    needs_sign_in_again = True

    def listed(self) -> list[str]:
        """What the server refuses holds back what never opened yet."""
        return [*self.addresses[1:], self.denied, self.missing]

    def give(self, box: Mailbox) -> None:
        if (box.address, self.main.address) not in self.server.authorized:
            self.server.authorize(box.address, self.main.address)

    def take(self, box: Mailbox) -> None:
        self.server.forbid(box.address, self.main.address)


class DottedAuthorizedScene(AuthorizedScene):
    separator, prefix = ".", "INBOX."


class OwnScene(StandardScene):
    """By credentials of its own."""

    way = "own"
    lost = "hat die eigenen Zugangsdaten"

    def give(self, box: Mailbox) -> None:
        if self.server.users[box.address] != OWN_PASSWORD:
            self.server.set_password(box.address, OWN_PASSWORD)
        self.clerk.ok("login", "--user", CLERK, "--mailbox", box.address, stdin=OWN_PASSWORD)

    def take(self, box: Mailbox) -> None:
        self.server.set_password(box.address, MARK + "-anders")


class TokenScene(Scene):
    """With Office 365: by the main user's token."""

    way = "token"

    def __init__(self, clerk365: Clerk365, main: Mailbox, given: list[Mailbox], denied: Mailbox):
        super().__init__(clerk365.amtspost, clerk365.dovecot, clerk365.dovecot.tls_port)
        self.clerk365, self.main, self.given = clerk365, main, given
        self.denied = spelled(denied.address)
        self.missing = "Niemand." + self.denied

    def set_up(self) -> None:
        self.clerk.set("imap.port", str(self.relay.port))
        self.clerk.set("account", spelled(self.main.address), CLERK)
        self.use_all()
        for box in self.given:
            self.give(box)
        self.clerk365.sign_in(status=6)

    def give(self, box: Mailbox) -> None:
        self.server.share(self.main.address, box.address)

    def take(self, box: Mailbox) -> None:
        self.server.unshare(self.main.address, box.address)

    def login(self) -> Run:
        return self.clerk.run("--json", "login", "--user", CLERK)

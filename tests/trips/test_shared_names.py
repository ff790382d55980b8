"""Whose folder is whose, and what it is called, where a mailbox lies in another user's namespace: servers that
part levels and call owners in every way. No folder may be taken for one of somebody else, none may hide another."""

import re

import pytest
from peers.fake_imap import FakeImap
from runner import CLERK, Amtspost

pytestmark = pytest.mark.sanitized_only

MAIN = "eva@amt.example"


class Sharing(FakeImap):
    """Has FOLDERS, written as the server's LIST would; other users' are below OTHERS, each a namespace. Opens all
    that may be selected."""

    def __init__(self, folders: dict[str, bool], *others: str, delimiter: str | None = "/", personal: str = ""):
        super().__init__(capabilities="IMAP4rev1 NAMESPACE")
        self.folders = folders  # whether they may be selected
        self.others = others
        self.delimiter = f'"{delimiter}"' if delimiter else "NIL"
        self.personal = personal
        self.numbers: dict[str, int] = {}  # UIDVALIDITY

    def on_namespace(self, connection, tag, _arguments):
        others = "".join(f'("{prefix}" {self.delimiter})' for prefix in self.others)
        connection.send(f'* NAMESPACE (("{self.personal}" {self.delimiter})) ({others}) NIL\r\n')
        connection.ok(tag)

    def on_list(self, connection, tag, arguments):
        pattern = re.match(r'"" "?([^"]*)', arguments)[1]
        parts = (".*" if part in "*%" else re.escape(part) for part in re.split(r"([*%])", pattern) if part)
        wanted = re.compile("".join(parts))
        for name, selectable in self.folders.items():
            if wanted.fullmatch(name):
                flags = "" if selectable else "\\Noselect"
                connection.send(f'* LIST ({flags}) {self.delimiter} "{name}"\r\n')
        connection.ok(tag)

    def on_examine(self, connection, tag, arguments):
        if self.folders.get(arguments.strip('"')):
            self.on_select(connection, tag, arguments)
        else:
            connection.send(f"{tag} NO [NONEXISTENT] no such folder\r\n")

    def on_status(self, connection, tag, arguments):
        name = arguments.rpartition(" (")[0].strip('"')
        number = self.numbers.get(name, 100 + list(self.folders).index(name))
        connection.send(f'* STATUS "{name}" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {number} UNSEEN 0)\r\n')
        connection.ok(tag)

    @property
    def opened(self) -> list[str]:
        return [line.partition("EXAMINE ")[2].strip('"') for line in self.commands if " EXAMINE " in line]


def use(amtspost: Amtspost, server: Sharing, *mailboxes: str, account: str = MAIN) -> None:
    amtspost.add_clerk(account=account)
    amtspost.set_server(server.port)
    amtspost.set("mailboxes", ";".join(mailboxes), CLERK)


def opened(amtspost: Amtspost, server: Sharing, mailbox: str) -> list[str]:
    """What an import of MAILBOX opens on the server."""
    server.commands.clear()
    amtspost.run("import", "--user", CLERK, "--mailbox", mailbox)
    return server.opened


def names(amtspost: Amtspost, mailbox: str) -> list[str]:
    rows = amtspost.json("folders", "--user", CLERK, "--all", "--mailbox", mailbox)
    return [row["name"] for row in rows]


# Whose


@pytest.mark.parametrize("delimiter", [".", "/"])
def test_a_delimiter_in_the_name_leads_to_nobody_else(amtspost, delimiter):
    """bau.amt and bau/amt: the folder "amt" of the user "bau"."""
    address = f"bau{delimiter}amt@amt.example"
    folders = dict.fromkeys(("INBOX", f"user{delimiter}bau", f"user{delimiter}bau{delimiter}amt",
                             f"user{delimiter}bau{delimiter}amt@amt", f"user{delimiter}{address}"), True)
    with Sharing(folders, f"user{delimiter}", delimiter=delimiter) as server:
        use(amtspost, server, address)
        assert opened(amtspost, server, address) == []


@pytest.mark.parametrize("owner", ["bau^amt", "bau^amt@amt^example"])
def test_cyrus_writes_another_sign_for_the_dot(amtspost, owner):
    folders = dict.fromkeys(("INBOX", "user.bau.amt", f"user.{owner}", f"user.{owner}.Akten"), True)
    with Sharing(folders, "user.", delimiter=".") as server:
        use(amtspost, server, "Bau.Amt@amt.example")
        assert opened(amtspost, server, "bau.amt@amt.example") == [f"user.{owner}", f"user.{owner}.Akten"]


def test_the_whole_address_before_the_local_part(amtspost):
    """Also where that lies in an earlier namespace."""
    with Sharing(dict.fromkeys(("INBOX", "a/info", "b/info@amt.example"), True), "a/", "b/") as server:
        use(amtspost, server, "info@amt.example")
        assert opened(amtspost, server, "info@amt.example") == ["b/info@amt.example"]


@pytest.mark.parametrize(("mailboxes", "account", "found"), [
    (["info@amt.example"], MAIN, True),
    (["INFO@AMT.example"], MAIN, True),
    (["info@anders.example"], MAIN, False),
    (["info@amt.example", "info@anders.example"], MAIN, False),
    (["info@amt.example"], "info@anders.example", False),
])
def test_a_local_part_tells_the_owner_within_the_domain_alone(amtspost, mailboxes, account, found):
    with Sharing({"INBOX": True, "user/info": True}, "user/") as server:
        use(amtspost, server, *mailboxes, account=account)
        for mailbox in mailboxes:
            assert opened(amtspost, server, mailbox) == (["user/info"] if found else [])


def test_the_main_users_own_folders_are_no_further_mailbox(amtspost):
    """Its user name differs from the address."""
    with Sharing({"INBOX": True, "user/evam": True}, "user/") as server:
        use(amtspost, server, "evam@amt.example")
        amtspost.set("imap.username", "EvaM", CLERK)
        assert opened(amtspost, server, "evam@amt.example") == []


# What it is called


def test_a_root_that_opens_is_the_inbox(amtspost):
    """A subfolder of that name is another one, and both are imported, each under its own name."""
    folders = dict.fromkeys(("INBOX", "user.info", "user.info.INBOX", "user.info.Akten"), True)
    with Sharing(folders, "user.", delimiter=".", personal="INBOX.") as server:
        use(amtspost, server, "info@amt.example")
        assert names(amtspost, "info@amt.example") == ["INBOX", "INBOX.Akten", "INBOX.INBOX"]
        assert sorted(opened(amtspost, server, "info@amt.example")) == [
            "user.info", "user.info.Akten", "user.info.INBOX"]
        server.commands.clear()
        for folder in ("inbox", "INBOX.INBOX"):
            amtspost.ok("messages", "--user", CLERK, "--mailbox", "info@amt.example", "--folder", folder)
        assert server.opened == ["user.info", "user.info.INBOX"]


def test_an_inbox_that_is_listed_twice(amtspost):
    """As Dovecot does: one folder by two names."""
    with Sharing(dict.fromkeys(("INBOX", "user/info", "user/info/INBOX"), True), "user/") as server:
        server.numbers = {"user/info": 7, "user/info/INBOX": 7}
        use(amtspost, server, "info@amt.example")
        assert names(amtspost, "info@amt.example") == ["INBOX"]
        assert opened(amtspost, server, "info@amt.example") == ["user/info"]
        server.numbers = {}
        assert names(amtspost, "info@amt.example") == ["INBOX", "INBOX (2)"]


def test_two_folders_never_get_one_name(amtspost):
    """Without a prefix the subfolder would be called as the inbox is."""
    folders = dict.fromkeys(("INBOX", "user/info", "user/info/INBOX", "user/info/inbox", "user/info/INBOX (2)"),
                            True)
    with Sharing(folders, "user/") as server:
        use(amtspost, server, "info@amt.example")
        found = names(amtspost, "info@amt.example")
        assert sorted(found) == ["INBOX", "INBOX (2)", "INBOX (3)", "inbox (2)"]
        assert sorted(opened(amtspost, server, "info@amt.example")) == sorted(folders.keys() - {"INBOX"})
        server.commands.clear()
        for folder in ("INBOX", "INBOX (2)", "INBOX (3)", "inbox (2)"):
            amtspost.ok("messages", "--user", CLERK, "--mailbox", "info@amt.example", "--folder", folder)
        assert server.opened == ["user/info", "user/info/INBOX (2)", "user/info/INBOX", "user/info/inbox"]


def test_below_a_root_that_does_not_open_the_folder_counts(amtspost):
    folders = {"INBOX": True, "user/info": False, "user/info/inbox": True, "user/info/INBOX": True}
    with Sharing(folders, "user/") as server:
        use(amtspost, server, "info@amt.example")
        assert sorted(names(amtspost, "info@amt.example")) == ["INBOX", "inbox (2)"]
        amtspost.ok("messages", "--user", CLERK, "--mailbox", "info@amt.example", "--folder", "INBOX")
        assert server.opened == ["user/info/INBOX"]


def test_a_root_listed_as_if_it_were_a_level(amtspost):
    """A folder without a name is none."""
    with Sharing({"INBOX": True, "user/info": True, "user/info/": True}, "user/") as server:
        use(amtspost, server, "info@amt.example")
        assert names(amtspost, "info@amt.example") == ["INBOX"]


def test_without_levels_there_is_the_inbox_alone(amtspost):
    """No other name opens it."""
    with Sharing({"INBOX": True, "info": True, "infoAkten": True}, "", delimiter=None) as server:
        use(amtspost, server, "info@amt.example")
        assert names(amtspost, "info@amt.example") == ["INBOX"]
        assert opened(amtspost, server, "info@amt.example") == ["info"]
        for folder in ("Akten", "info"):
            error = amtspost.fails(2, "messages", "--user", CLERK, "--mailbox", "info@amt.example",
                                   "--folder", folder)
            assert error["condition"] == "folder-unknown"
        assert server.opened == ["info"]

"""Section 7: which folders are offered, of trees as Exchange, macOS and people's own lists make them. Always
the whole list: as JSON, as a table, and by what an import without --folder brings."""

import re
import statistics
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from mailbox_on_disk import Mailbox
from peers.dovecot import Dovecot
from peers.fake_imap import FakeImap
from peers.load import FIRST_TIME
from peers.maildir import Mail, Maildir
from runner import ADDRESS, CLERK, PASSWORD, SANITIZED, Amtspost

pytestmark = pytest.mark.sanitized_only

FIELDS = ("mailbox", "name", "role", "messages", "hidden", "reason")
STANDARD = ("Kalender", "Kontakte", "Notizen", "RSS-Abonnements", "Synchronisierungsprobleme",
            "Verlauf der Unterhaltung", "Suchordner", "Aufgaben", "Junk-E-Mail", "Gelöscht", "Journal")
PEOPLE = [f"baum{number}@musterhausen.example" for number in range(80)]

Tree = dict[str, str | None]  # folder, its levels parted by "/" -> the entry that hides it


def tree(shown: tuple[str, ...], hidden: dict[str, tuple[str, ...]]) -> Tree:
    """HIDDEN: entry -> what it hides."""
    return dict.fromkeys(shown) | {name: entry for entry, names in hidden.items() for name in names}


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


# What an office files by hand; much of it sounds like an entry of the standard list.
AKTEN = ("A & B", "Anhörung/Überfällig", "Bußgeld", "Bußgeld/2026", "Gelöscht am Montag", "Journalisten",
         "Kalender 2026", "Kontaktbereich", "Mein Spam-Ordner", "Müller & Söhne",
         "Müller & Söhne/Kalenderblatt")

GERMAN = tree(
    ("INBOX", "INBOX/Sitzung", "Archiv", "Dateien", "Entwürfe", "Gesendete Elemente", "Postausgang", *AKTEN),
    {"Aufgaben": ("Aufgaben", "Bauamt/Aufgaben"),
     "Gelöscht": ("Gelöschte Elemente", "Gelöschte Elemente/A & B", "Gelöschte Objekte", "INBOX/Papierkorb"),
     "Journal": ("Journal",),
     "Junk-E-Mail": ("Junk-E-Mail", "Junk-E-Mail/Prüfen"),
     "Kalender": ("Kalender", "Kalender/Feiertage in Deutschland", "Kalender/Geburtstage"),
     "Kontakte": ("Kontakte", "Kontakte/{06967759-274D-40B2-A3EB-D7F9E73727D7}", "Kontakte/Empfängercache"),
     "Notizen": ("Notizen",),
     "RSS-Abonnements": ("RSS-Feeds", "RSS-Feeds/Städtetag", "RSS-Abonnements"),
     "Suchordner": ("Suchordner", "Suchordner/Ungelesene E-Mails"),
     "Synchronisierungsprobleme": (
         "Synchronisierungsprobleme", "Synchronisierungsprobleme/Konflikte",
         "Synchronisierungsprobleme/Lokale Fehler", "Synchronisierungsprobleme/Serverfehler"),
     "Verlauf der Unterhaltung": ("Verlauf der Unterhaltung", "Verlauf der Unterhaltung/Teamchat",
                                  "Aufgezeichnete Unterhaltungen")})

ENGLISH = tree(
    ("INBOX", "INBOX/Committee", "Archive", "Conversation Action Settings", "Drafts", "Outbox",
     "Quick Step Settings", "Sent Items", *AKTEN),
    {"Aufgaben": ("Tasks", "Building/Tasks"),
     "Gelöscht": ("Deleted Items", "Deleted Items/2025/May", "INBOX/Trash"),
     "Journal": ("Journal",),
     "Junk-E-Mail": ("Junk Email", "Junk E-Mail", "Junk/Later", "Spam"),
     "Kalender": ("Calendar", "Calendar/Birthdays"),
     "Kontakte": ("Contacts", "Contacts/Recipient Cache"),
     "Notizen": ("Notes",),
     "RSS-Abonnements": ("RSS Feeds", "RSS Subscriptions"),
     "Suchordner": ("Search Folders",),
     "Synchronisierungsprobleme": ("Sync Issues", "Sync Issues/Conflicts", "Sync Issues/Local Failures",
                                   "Sync Issues/Server Failures"),
     "Verlauf der Unterhaltung": ("Conversation History", "Conversation History/Team Chat")})

TREES = {"german": GERMAN, "english": ENGLISH}

# As the peer has them of itself; and what a server may mark besides.
ROLES = {"Entwürfe": "drafts", "Gesendete Elemente": "sent", "Gelöschte Elemente": "trash",
         "Junk-E-Mail": "junk", "Archiv": "archive"}
MORE_ROLES = {"Drafts": "drafts", "Sent Items": "sent", "Deleted Items": "trash", "Junk Email": "junk",
              "Archive": "archive", "Ablage/Tonne": "trash", "Corbeille": "trash", "Werbung": "junk",
              "Wichtig": "flagged"}


class Office:
    """A clerk and their main mailbox."""

    def __init__(self, clerk: Amtspost, address: str, disk: Maildir, roles: dict[str, str],
                 delimiter: str = "/", prefix: str = ""):
        self.clerk, self.address, self.disk = clerk, address, disk
        self.roles, self.delimiter, self.prefix = roles, delimiter, prefix

    def name(self, path: str) -> str:
        """What the server calls the folder PATH."""
        return path if path == "INBOX" else self.prefix + path.replace("/", self.delimiter)

    def fill(self, paths: Tree) -> None:
        """One mail a folder."""
        for path in paths:
            body = f"Subject: Akte\r\n\r\nliegt in {path.encode()!r}\r\n"
            self.disk.add_folder(path, [Mail(body.encode(), FIRST_TIME)])

    def rows(self, wanted: Tree) -> list[dict]:
        """What `folders --all` is to tell of WANTED."""
        def place(path: str) -> tuple[bool, str]:
            return path != "INBOX", unicodedata.normalize("NFKC", self.name(path))

        reason = "ausgeblendet durch den Eintrag „{}“".format
        return [{"mailbox": self.address, "name": self.name(path), "role": self.roles.get(path),
                 "messages": 1, "hidden": wanted[path] is not None,
                 "reason": reason(wanted[path]) if wanted[path] is not None else None}
                for path in sorted(wanted, key=place)]

    def read(self, *arguments: str) -> list[dict]:
        return [{field: row[field] for field in FIELDS}
                for row in self.clerk.json("folders", "--user", CLERK, *arguments)]

    def expect(self, wanted: Tree) -> None:
        """Exactly that is offered, and hidden for these reasons."""
        rows = self.rows(wanted)
        shown = [row for row in rows if not row["hidden"]]
        assert self.read("--all") == rows
        assert self.read() == shown

    def expect_table(self, wanted: Tree) -> None:
        for arguments, all_rows in (((), False), (("--all",), True)):
            output = self.clerk.ok("folders", "--user", CLERK, *arguments).stdout
            head, *lines = [re.split(" {2,}", line) for line in output.splitlines()]
            hidden = len(wanted) - list(wanted.values()).count(None)
            if hidden and not all_rows:
                assert lines.pop() == [f"{hidden} Ordner sind ausgeblendet; --all zeigt sie."]
            assert head == ["Postfach", "Ordner", "E-Mails", "Hinweis"]
            assert lines == [[self.address, row["name"], "1", row["reason"] or ""]
                             for row in self.rows(wanted) if all_rows or not row["hidden"]]

    def expect_check(self, wanted: Tree) -> None:
        """The connection check counts as the import does."""
        steps = self.clerk.json("check", "--user", CLERK, "imap")
        (detail,) = [step["detail"] for step in steps if step["step"] == "folders"]
        hidden = len(wanted) - list(wanted.values()).count(None)
        assert detail.startswith(f"{len(wanted)} Ordner, davon ausgeblendet: {hidden};")

    def filed(self) -> set[tuple[str, str]]:
        return {(source["mailbox"], source["folder"]) for row in self.clerk.archive()
                for source in row["sources"]}

    def expect_import(self, wanted: Tree) -> None:
        """Without --folder: what is offered."""
        shown = {(self.address, self.name(path)) for path, entry in wanted.items() if entry is None}
        result = self.clerk.imported()
        assert (result["imported"], result["folders"], result["failed"]) == (len(shown), len(shown), 0)
        assert self.filed() == shown

    def expect_import_by_name(self, wanted: Tree) -> None:
        """With --folder: also what is hidden."""
        hidden = [self.name(path) for path, entry in wanted.items() if entry is not None]
        named = [part for name in hidden for part in ("--folder", name)]
        assert self.clerk.imported(*named)["imported"] == len(hidden)
        assert self.filed() == {(self.address, self.name(path)) for path in wanted}

    def hide(self, value: str | None) -> None:
        """None: „Standard wiederherstellen“."""
        if value is None:
            self.clerk.ok("settings", "unset", "import.hidden-folders", "--user", CLERK)
        else:
            self.clerk.set("import.hidden-folders", value, CLERK)


def special_use(roles: dict[str, str], separator: str = "/") -> str:
    """Dovecot's configuration; a role that is empty is taken away."""
    def section(path: str, role: str) -> str:
        name, attribute = path.replace("/", separator), role and "\\" + role.capitalize()
        return f'  mailbox "{name}" {{\n    special_use = {attribute}\n  }}\n'

    return f"namespace inbox {{\n{''.join(section(*pair) for pair in roles.items())}}}\n"


KINDS = {
    "marked": (ROLES | MORE_ROLES, {}),
    "unmarked": ({}, {}),
    "dotted": (ROLES | MORE_ROLES, {"separator": ".", "prefix": "INBOX."}),
}


@pytest.fixture(scope="module")
def servers(certificate) -> Iterator[Callable[[str], Dovecot]]:
    """Each kind starts with the first test that needs it."""
    started: dict[str, Dovecot] = {}
    with ExitStack() as stack:
        def get(kind: str) -> Dovecot:
            if kind not in started:
                roles, options = KINDS[kind]
                marks = special_use(dict.fromkeys(ROLES, "") | roles, options.get("separator", "/"))
                started[kind] = stack.enter_context(
                    Dovecot(certificate, dict.fromkeys(PEOPLE, PASSWORD), extra=marks, **options))
            return started[kind]

        yield get


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def make_office(amtspost, servers, numbers) -> Callable[[str], Office]:
    def make(kind: str) -> Office:
        server, (roles, options) = servers(kind), KINDS[kind]
        address = PEOPLE[next(numbers)]
        amtspost.set_server(server.plain_port)
        amtspost.add_clerk(account=address)
        return Office(amtspost, address, server.maildir(address), roles, options.get("separator", "/"),
                      options.get("prefix", ""))

    return make


@pytest.fixture
def office365(clerk365) -> Office:
    clerk365.sign_in()
    return Office(clerk365.amtspost, clerk365.address, clerk365.dovecot.maildir(clerk365.address), ROLES)


# Exchange's trees


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", TREES)
def test_a_tree_of_exchange(make_office, language, kind):
    office, wanted = make_office(kind), TREES[language]
    office.fill(wanted)
    office.expect(wanted)
    office.expect_table(wanted)
    office.expect_check(wanted)
    office.expect_import(wanted)
    office.expect_import_by_name(wanted)


@pytest.mark.parametrize("language", TREES)
def test_a_tree_of_exchange_with_office_365(office365, language):
    office365.fill(TREES[language])
    office365.expect(TREES[language])
    office365.expect_import(TREES[language])


@pytest.mark.parametrize("kind", ["marked", "dotted"])
def test_roles_hide_whatever_the_name(make_office, kind):
    """Also what lies below, where the marked folder itself cannot be opened. Other roles hide nothing."""
    office = make_office(kind)
    below = ("Ablage/Tonne/2026", "Ablage/Tonne/2026/Mai", "Corbeille", "Corbeille/Été")
    shown = ("INBOX", "Ablage/Tonnen", "Corbeilles/A", "Sent Items", "Wichtig", "Werbungskosten")
    junk = ("Werbung", "Werbung/Alt")
    office.fill(dict.fromkeys((*below, *junk, *shown)))
    wanted = tree(shown, {"Gelöscht": below, "Junk-E-Mail": junk})
    office.expect(wanted)
    office.hide("junk-e-mail;Deleted Items;Wichtig")
    wanted = tree((*below, *(name for name in shown if name != "Wichtig")),
                  {"junk-e-mail": junk, "Wichtig": ("Wichtig",)})
    office.expect(wanted)
    office.expect_import(wanted)


# Names


def test_names_are_equal_that_look_equal(make_office):
    """macOS writes umlauts in two letters; people write in capitals."""
    office = make_office("unmarked")
    shown = ("INBOX", nfd("Bürgeramt"), "Bürgeramt/Süd", nfd("Anhörung/Überfällig"), "Geloscht",
             nfd("Kälender"))
    wanted = tree(shown, {
        "Gelöscht": (nfd("Gelöschte Elemente"), "GELÖSCHTE ELEMENTE/Alt", nfd("gelöscht/Über"), "PapierKorb",
                     "trash", "TRASH/Alt"),
        "Junk-E-Mail": ("JUNK-E-MAIL", "junk email"),
        "Kalender": ("KALENDER", "kalender", "Amt/kALENDER/Mai"),
        "RSS-Abonnements": ("rss-feeds",),
        "Verlauf der Unterhaltung": ("VERLAUF DER UNTERHALTUNG",)})
    office.fill(wanted)
    office.expect(wanted)
    office.expect_import(wanted)
    office.hide("BÜRGERAMT;" + nfd("anhörung/ÜBERFÄLLIG"))
    hidden = {"BÜRGERAMT": (nfd("Bürgeramt"), "Bürgeramt/Süd"),
              nfd("anhörung/ÜBERFÄLLIG"): (nfd("Anhörung/Überfällig"),)}
    office.expect(dict.fromkeys(wanted) | tree((), hidden))


def test_names_with_signs(make_office):
    """As they are written on the wire, they are neither read as something else nor taken for a wildcard."""
    office = make_office("unmarked")
    shown = ("INBOX", "&", "&&", "& Kalender &", "&-", "Gel&APY-scht", '"', 'Der "Fall"', "Back\\slash", "\\",
             "100 %", "%", "*", "Kal*nder", "Kalende?", "(Klammer)", "{3}", "{3+}", "[Gmail]",
             " Kalender ", "a  b", "Kalender (2)", "NIL", "'; DROP TABLE --", "Tom~Akte", "日本/東京", "😀 & Ö", "Punkt.Kalender")
    wanted = tree(shown, {"Kalender": ("Kalender", '"/Kalender', "&/Kalender/%")})
    office.fill(wanted)
    office.expect(wanted)
    office.expect_import(wanted)
    own = ("&", "Gel&APY-scht", "100 %", "%", "*", "Back\\slash", 'Der "Fall"', "Kalende?", "[Gmail]",
           "日本/東京")
    office.hide(";".join(own))
    hidden = {name: (name,) for name in own} | {"&": ("&", "&/Kalender/%")}
    office.expect(dict.fromkeys(wanted) | tree((), hidden))


def test_a_name_with_a_tilde_in_front(make_office):
    """Dovecot shows it unquoted, and does not open it; nothing else suffers."""
    office = make_office("unmarked")
    office.fill(dict.fromkeys(("~Akten", "~", "Akten", "INBOX")))
    office.expect(tree(("INBOX", "Akten"), {}))


# Many


def list_bare(box: Mailbox) -> float:
    """Seconds that a session needs which only lists."""
    began = time.monotonic()
    connection = box.connect()
    assert connection.xatom("LIST", '"" "*" RETURN (SPECIAL-USE STATUS (MESSAGES))')[0] == "OK"
    connection.logout()
    return time.monotonic() - began


def test_five_hundred_folders(make_office, servers):
    office = make_office("marked")
    paths = [f"Amt {a}/Sachgebiet {b}/{leaf}" for a in range(1, 21) for b in range(1, 6)
             for leaf in ("Bußgeld", "Anhörung", "Müller & Söhne", "Kalender", "Gelöschte Elemente")]
    wanted = {path: {"K": "Kalender", "G": "Gelöscht"}.get(path.rpartition("/")[2][0]) for path in paths}
    wanted["INBOX"] = None
    office.fill(wanted)
    office.expect(wanted)
    office.expect_import(wanted)
    box = Mailbox(servers("marked"), office.address)
    bare = statistics.median(list_bare(box) for _ in range(5))
    listed = statistics.median(office.clerk.ok("folders", "--user", CLERK).seconds for _ in range(5))
    again = office.clerk.ok("import", "--user", CLERK).seconds
    print(f"500 folders: LIST alone {bare:.3f} s, listed in {listed:.3f} s (medians of 5), "
          f"nothing new {again:.3f} s")
    slow = 5 if SANITIZED else 1
    assert listed < slow * (3 * bare + 0.5) and again < slow * (10 * bare + 2)


# A list of the user's own

OWN = ("INBOX", "INBOX/Archiv", "A & B", "Anhörung/Überfällig", "Archiv", "Archiv/2025", "Archiv/2025/Bußgeld",
       "Archiv/2026", "Archiv-Alt", "BUSSGELD/Alt", "Bauamt/Archiv", "Bauamt/Archiv/2025", "Bußgeld",
       "Gelöschte Elemente", "Gelöschte Elemente/2025", "Junk-E-Mail", "Kalender", "Müller & Söhne",
       "Papierkorb")
WRONG = (r"A &- B;Anh&APY-rung;Archiv.2025;Archiv\2025;2025/Bußgeld;Archiv/20;Arch;Archi?;Archiv*;%;Fall;/;"
         "Überfällig/Anhörung;Amt/Archiv;fremd@andere.example;baum@")
LISTS: dict[str, dict[str, tuple[str, ...]]] = {
    "Archiv": {"Archiv": ("Archiv", "Archiv/2025", "Archiv/2025/Bußgeld", "Archiv/2026", "Bauamt/Archiv",
                          "Bauamt/Archiv/2025", "INBOX/Archiv")},
    "ARCHIV/2025": {"ARCHIV/2025": ("Archiv/2025", "Archiv/2025/Bußgeld")},
    "bauamt/archiv": {"bauamt/archiv": ("Bauamt/Archiv", "Bauamt/Archiv/2025")},
    "2025": {"2025": ("Archiv/2025", "Archiv/2025/Bußgeld", "Bauamt/Archiv/2025", "Gelöschte Elemente/2025")},
    "Archiv/2025/bussgeld;Archiv/2025": {"Archiv/2025/bussgeld": ("Archiv/2025/Bußgeld",),
                                         "Archiv/2025": ("Archiv/2025",)},
    "Bußgeld": {"Bußgeld": ("Archiv/2025/Bußgeld", "BUSSGELD/Alt", "Bußgeld")},
    "anhörung": {"anhörung": ("Anhörung/Überfällig",)},
    nfd("Anhörung/ÜBERFÄLLIG"): {nfd("Anhörung/ÜBERFÄLLIG"): ("Anhörung/Überfällig",)},
    " A & B ;müller & söhne; ;A & b": {"A & B": ("A & B",), "müller & söhne": ("Müller & Söhne",)},
    "gelöscht": {"gelöscht": ("Gelöschte Elemente", "Gelöschte Elemente/2025", "Papierkorb")},
    "Papierkorb;Deleted Items": {"Papierkorb": ("Papierkorb",)},
    "inbox": {"inbox": ("INBOX", "INBOX/Archiv")},
    "inbox/ARCHIV": {"inbox/ARCHIV": ("INBOX/Archiv",)},
    ADDRESS + ";Kalender": {"Kalender": ("Kalender",)},
    WRONG: {},
    "": {},
}
BY_STANDARD = {"Gelöscht": ("Gelöschte Elemente", "Gelöschte Elemente/2025", "Papierkorb"),
               "Junk-E-Mail": ("Junk-E-Mail",), "Kalender": ("Kalender",)}


def with_list(hidden: dict[str, tuple[str, ...]]) -> Tree:
    return dict.fromkeys(OWN) | tree((), hidden)


@pytest.fixture(scope="module")
def own_box(dovecot) -> Mailbox:
    """Of the main user, with the tree OWN."""
    box = Mailbox(dovecot, "person400@musterhausen.example")
    Office(None, box.address, box.disk, ROLES).fill(dict.fromkeys(OWN))
    return box


@pytest.fixture
def own(amtspost, own_box) -> Office:
    amtspost.set_server(own_box.server.plain_port)
    amtspost.add_clerk(account=own_box.address)
    return Office(amtspost, own_box.address, own_box.disk, ROLES)


@pytest.mark.parametrize("value", LISTS)
def test_a_list_of_ones_own(own, value):
    own.hide(value)
    wanted = with_list(LISTS[value])
    own.expect(wanted)
    own.expect_import(wanted)


def test_lists_of_ones_own_with_office_365(office365):
    office365.fill(dict.fromkeys(OWN))
    for value, hidden in LISTS.items():
        office365.hide(value)
        office365.expect(with_list(hidden))
    office365.hide("Archiv/2025;gelöscht")
    office365.expect_import(with_list({"Archiv/2025": LISTS["ARCHIV/2025"]["ARCHIV/2025"],
                                       "gelöscht": LISTS["gelöscht"]["gelöscht"]}))


@pytest.mark.parametrize("value, hidden", [
    ("INBOX.Archiv.2025", ("Archiv/2025", "Archiv/2025/Bußgeld")),
    ("inbox.bauamt.ARCHIV", ("Bauamt/Archiv", "Bauamt/Archiv/2025")),
    ("2025", ("Archiv/2025", "Archiv/2025/Bußgeld", "Bauamt/Archiv/2025", "Gelöschte Elemente/2025")),
    ("Archiv.2025", ()),
    ("Archiv/2025", ()),
    ("INBOX/Archiv", ()),
    ("inbox.arch", ()),
])
def test_full_paths_have_the_servers_delimiter(make_office, value, hidden):
    office = make_office("dotted")
    paths = dict.fromkeys(path for path in OWN if path != "INBOX/Archiv")
    office.fill(paths)
    office.hide(value)
    office.expect(paths | tree((), {value: hidden}))


def test_never_changed_is_not_empty(own):
    """The standard holds, nothing holds, the standard holds again, and so it does for a list that equals it."""
    never = own.clerk.get("import.hidden-folders", CLERK)
    assert (never["value"], never["origin"]) == (";".join(STANDARD), "default")
    own.expect(with_list(BY_STANDARD))
    own.hide("")
    emptied = own.clerk.get("import.hidden-folders", CLERK)
    assert (emptied["value"], emptied["origin"]) == ("", "user")
    own.expect(with_list({}))
    own.hide(" ; ")
    own.expect(with_list({}))
    own.hide("Archiv")
    own.expect(with_list(LISTS["Archiv"]))
    own.hide(None)
    assert own.clerk.get("import.hidden-folders", CLERK) == never
    own.expect(with_list(BY_STANDARD))
    own.hide(";".join(STANDARD))
    assert own.clerk.get("import.hidden-folders", CLERK)["origin"] == "user"
    own.expect(with_list(BY_STANDARD))
    own.expect_import(with_list(BY_STANDARD))


def test_a_list_is_its_users_alone(own):
    own.clerk.fails(2, "settings", "set", "import.hidden-folders", "Archiv")
    own.clerk.add_clerk("b.beispiel", account=own.address)
    own.clerk.set("import.hidden-folders", "Archiv", "b.beispiel")
    own.expect(with_list(BY_STANDARD))
    shown = [row["name"] for row in own.clerk.json("folders", "--user", "b.beispiel")]
    assert sorted(shown) == sorted(path for path, entry in with_list(LISTS["Archiv"]).items() if not entry)


def test_the_main_mailbox_is_hidden_as_a_whole(own):
    entry = own.address.upper()
    own.hide(f"Kalender;{entry}")
    own.expect(dict.fromkeys(OWN, entry))
    own.expect_check(dict.fromkeys(OWN, entry))
    rows = own.clerk.ok("folders", "--user", CLERK, "--all").stdout.splitlines()[1:]
    assert len(rows) == len(OWN)
    assert all(row.endswith("  das ganze Postfach ist ausgeblendet") for row in rows)
    assert own.clerk.ok("import", "--user", CLERK).stdout == (
        f"Nichts zu importieren: Alle Ordner sind ausgeblendet; „amtspost folders --user {CLERK} --all“ zeigt "
        "sie mit dem Grund.\n")
    result = own.clerk.imported()
    assert result["imported"] == result["folders"] == 0 and own.filed() == set()
    assert own.clerk.imported("--folder", "Archiv/2025")["imported"] == 1
    own.clerk.imported("--mailbox", own.address)
    assert own.filed() == {(own.address, path) for path in OWN if path != "Kalender"}


def test_entries_that_match_no_folder_are_named(own):
    """Of the user's own list, once all mailboxes were looked at."""
    def last(*arguments: str) -> str:
        return own.clerk.ok("folders", "--user", CLERK, *arguments).stdout.splitlines()[-1]

    wrong = "Auf keinen Ordner passen: "
    assert not last("--all").startswith(wrong), "the standard list matches what it matches"
    own.hide(f"Archiv;Archiv/2025;Kalendar;{own.address.upper()};Bussgeld/Neu")
    assert last("--all") == wrong + "„Kalendar“, „Bussgeld/Neu“"
    assert wrong not in last() and wrong not in last("--all", "--mailbox", own.address)
    own.hide("Archiv;archiv/2025")
    assert not last("--all").startswith(wrong)


def test_every_folder_is_hidden(make_office):
    office = make_office("unmarked")
    office.fill(dict.fromkeys(("INBOX", "Archiv", "Archiv/2026")))
    office.hide("INBOX;Archiv")
    listed = office.clerk.ok("folders", "--user", CLERK).stdout.splitlines()
    assert listed[1:] == ["3 Ordner sind ausgeblendet; --all zeigt sie."]
    for arguments in ((), ("--since", "2020-01-01")):
        assert office.clerk.ok("import", "--user", CLERK, *arguments).stdout == (
            f"Nichts zu importieren: Alle 3 Ordner sind ausgeblendet; „amtspost folders --user {CLERK} --all“ "
            "zeigt sie mit dem Grund.\n")
    assert office.clerk.json("folders", "--user", CLERK) == []


def test_a_list_holds_in_every_mailbox(shared):
    """For folders of further mailboxes by the names that their owners know."""
    for box in shared.given:
        shared.fill(box, inbox=[], archive=[], trash=[])
    shared.use(*shared.addresses[1:])
    shared.clerk.set("import.hidden-folders", f"archiv/2026;{shared.addresses[2].upper()}", CLERK)
    rows = shared.clerk.json("folders", "--user", CLERK, "--all")
    reason = "ausgeblendet durch den Eintrag „{}“".format
    main, first, second = shared.addresses
    folders = ("INBOX", "Archiv/2026", "Gelöschte Elemente")
    assert {(row["mailbox"], row["name"]): row["reason"] for row in rows} == {
        (main, "INBOX"): None, **{(first, name): None for name in folders},
        (first, "Archiv/2026"): reason("archiv/2026"),
        **{(second, name): reason(second.upper()) for name in folders}}
    assert [(row["mailbox"], row["name"]) for row in shared.clerk.json("folders", "--user", CLERK)] == [
        (main, "INBOX"), (first, "INBOX"), (first, "Gelöschte Elemente")]


# Folders of other kinds


def test_parents_without_mails_and_what_nobody_subscribed_to(make_office, servers):
    """Who lies below a parent that cannot be opened is offered; subscriptions make no difference."""
    office = make_office("unmarked")
    wanted = tree(("INBOX", "Amt/Bau/Akten", "Amt/Bau/Akten/Neu", "Amt/Müller & Söhne"),
                  {"Gelöscht": ("Gelöschte Elemente/Alt", "Amt/Trash/Alt"), "Kalender": ("Kalender/Mai",)})
    office.fill(wanted)
    connection = Mailbox(servers("unmarked"), office.address).connect()
    assert connection.create("Verschwunden")[0] == "OK"
    for name in ("Amt/Bau/Akten", "Kalender/Mai", "Verschwunden"):
        assert connection.subscribe(name)[0] == "OK"
    assert connection.delete("Verschwunden")[0] == "OK"
    assert len(connection.lsub()[1]) == 3
    connection.logout()
    office.expect(wanted)
    office.expect_table(wanted)
    office.expect_import(wanted)


def test_what_a_server_only_mentions(amtspost):
    """Folders that do not exist, that cannot be opened, without levels, with a level's sign of their own."""
    lines = (r'(\NonExistent \HasChildren) "/" Akten', r'() "/" Akten/Alt', r'(\noselect \TRASH) "/" Corbeille',
             r'() "/" Corbeille/Alt', r'(\NonExistent \Junk) "/" Weg', r'(\junk) NIL Werbung',
             '() NIL kalender', '() NIL "Kalender/Mai"', r'() "\\" "Amt\\KALENDER\\Mai"',
             r'() "\\" "Amt/Kalender"', '() "/" ~Akten', '() "/" inbox')

    def list_folders(connection, tag, _arguments):
        connection.send("".join(f"* LIST {line}\r\n" for line in lines))
        connection.ok(tag)

    with FakeImap({"LIST": list_folders}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        office = Office(amtspost, ADDRESS, None, {"Werbung": "junk"})
        shown = ("INBOX", "Akten/Alt", "Amt/Kalender", "Kalender/Mai", "~Akten")
        office.expect(tree(shown, {"Gelöscht": ("Corbeille/Alt",), "Junk-E-Mail": ("Werbung",),
                                   "Kalender": ("kalender", r"Amt\KALENDER\Mai")}))
        amtspost.imported()
        assert office.filed() == {(ADDRESS, name) for name in shown}


# A folder that the caller names


def test_a_folder_is_found_however_its_umlauts_are_written(make_office):
    """In one letter or in two; in the archive it has the one name that the mailbox has for it."""
    office = make_office("unmarked")
    office.fill(dict.fromkeys(("INBOX", "Anhörung/Süd", nfd("Bürgeramt"))))
    for typed in (nfd("Anhörung/Süd"), "Bürgeramt"):
        (row,) = office.clerk.json("messages", "--user", CLERK, "--folder", typed)
        assert not row["imported"]
        assert office.clerk.imported("--folder", typed)["imported"] == 1
        (row,) = office.clerk.json("messages", "--user", CLERK, "--folder", typed)
        assert row["imported"]
    assert office.filed() == {(office.address, "Anhörung/Süd"), (office.address, nfd("Bürgeramt"))}
    assert office.clerk.imported()["imported"] == 1


@pytest.mark.parametrize("command", ["messages", "import"])
def test_why_a_folder_is_not_found(make_office, command):
    office = make_office("unmarked")
    office.fill(dict.fromkeys(("INBOX", "Vorgänge/2026", "Bußgeld")))

    def ask(folder: str) -> dict:
        return office.clerk.fails(2, command, "--user", CLERK, "--folder", folder)

    shows_all = f"Bitte wählen Sie einen der Ordner, die es gibt („amtspost folders --user {CLERK} --all“)."
    error = ask("Bußgelder")
    assert error["condition"] == "folder-unknown" and error["advice"] == shows_all
    assert error["message"] == (f"Im Postfach „{office.address}“ gibt es keinen Ordner „Bußgelder“, "
                                "oder er ist nicht freigegeben.")
    error = ask("BUSSGELD")
    assert error["condition"] == "folder-unknown" and error["advice"] == f"{shows_all} Meinten Sie „Bußgeld“?"
    error = ask(nfd("Vorgänge"))
    assert unicodedata.normalize("NFC", error["message"]) == (
        "Der Ordner „Vorgänge“ enthält selbst keine E-Mails, nur Unterordner.")
    assert "Bitte wählen Sie einen davon" in error["advice"]

"""An office whose daemon runs, with one of each kind of people, and the keys of their programs."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from page import PAGE_PASSWORD, Daemon, Person
from runner import MARK, Amtspost

ADMIN, CLERK_A, CLERK_B, DISABLED, LOCKED = "a.admin", "k.klein", "b.berg", "d.deaktiviert", "g.gesperrt"
SECRET = MARK + " geheim"
LATER = "2099-01-01"
PEOPLE = f"""name;display_name;admin;interface;account;mailboxes;imap.use-default
{ADMIN};;true;standard;admin@amt.example;;true
{CLERK_A};Karla Klein;;standard;klein@amt.example;;true
{CLERK_B};;;standard;berg@amt.example;bau@amt.example;true
{DISABLED};;;;;;
{LOCKED};;;standard;gesperrt@amt.example;;true
"""


def execute(amtspost: Amtspost, statement: str, *values: Any) -> list[tuple]:
    """One SQL statement on the daemon's database, as time or an intruder would change it."""
    with closing(sqlite3.connect(amtspost.data / "amtspost.db", timeout=20)) as database:
        with database:
            return database.execute(statement, values).fetchall()


def add_person(amtspost: Amtspost, name: str, *arguments: str, password: str | None = PAGE_PASSWORD,
               **settings: str) -> None:
    """SETTINGS with "__" for "." and "_" for "-"."""
    amtspost.ok("user", "add", name, *arguments)
    if password:
        amtspost.ok("user", "passwd", name, stdin=password + "\n")
    for key, value in settings.items():
        amtspost.set(key.replace("__", ".").replace("_", "-"), value, name)


class Office:
    """People with servers that nobody listens at."""

    def __init__(self, folder: Path, **options: Any):
        self.amtspost = Amtspost(folder)
        self.amtspost.set_server(1, host="127.0.0.1", timeout=5)
        for key in ("imap.password", "smtp.password", "imap.proxy.password", "smtp.proxy.password",
                    "oauth.client-secret"):
            self.amtspost.set(key, SECRET)
        people = folder / "people.csv"
        people.write_text(PEOPLE, encoding="utf-8")
        self.amtspost.ok("user", "import", str(people))
        for name in (ADMIN, CLERK_A, CLERK_B, DISABLED, LOCKED):
            self.amtspost.ok("user", "passwd", name, stdin=PAGE_PASSWORD + "\n")
            if name in (CLERK_A, CLERK_B):
                self.amtspost.set("imap.password", SECRET, name)
                self.amtspost.set("smtp.password", SECRET, name)
        self.daemon = Daemon(self.amtspost, **options)
        self._people: dict[str, Person] = {}
        self._keys: dict[str, str] = {}

    def __enter__(self) -> "Office":
        self.daemon.__enter__()
        self.person(LOCKED)
        self.key("locked", LOCKED)
        self.amtspost.ok("user", "lock", LOCKED)
        return self

    def __exit__(self, *reason: Any) -> None:
        self.daemon.__exit__(*reason)

    def person(self, name: str | None = None) -> Person:
        """A browser, the same for each call with one NAME."""
        if name is None:
            return self.daemon.person()
        if name not in self._people:
            self._people[name] = self.daemon.person(name, add=False)
        return self._people[name]

    def fresh(self, name: str) -> Person:
        """Another browser, signed in on its own."""
        return self.daemon.person(name, add=False)

    def csrf(self, name: str) -> str:
        person = self.person(name)
        return person.csrf() or (person.get("/"), person.csrf())[1]

    def key(self, label: str, user: str) -> str:
        if label not in self._keys:
            self._keys[label] = self.amtspost.json("apikey", "add", label, "--user", user,
                                                   "--expires", LATER)["key"]
        return self._keys[label]

    def snapshot(self) -> dict[str, list]:
        """All that a forbidden request must leave as it was."""
        return {table: execute(self.amtspost, f"SELECT * FROM {table}")
                for table in ("users", "user_settings", "global_settings", "invitations", "audit")} | {
            "api_keys": execute(self.amtspost, "SELECT label, user_id, expires FROM api_keys"),
        }

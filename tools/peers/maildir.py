"""Writes mails straight into the Maildir folders of a private Dovecot (LAYOUT=fs), with chosen UIDs
and UIDVALIDITY: thousands of mails in a second."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import folder_names

FIRST_UID_VALIDITY = 1_700_000_000


@dataclass(frozen=True)
class Mail:
    """A mail as it lies on the server. FLAGS are Maildir's letters (S seen, F flagged …)."""

    raw: bytes
    received: int  # INTERNALDATE in seconds since 1970
    flags: str = ""


class Maildir:
    """One user's mail folders below ROOT. OWNER is (uid, gid) or None for our own."""

    def __init__(self, root: Path, owner: tuple[int, int] | None = None):
        self.root = root
        self._owner = owner

    def folder_path(self, folder: str) -> Path:
        if folder == "INBOX":
            return self.root / "INBOX"
        return self.root.joinpath("mail", *map(folder_names.encode, folder.split("/")))

    def add_folder(self, folder: str, mails: Iterable[Mail] = (),
                   uid_validity: int = FIRST_UID_VALIDITY, first_uid: int = 1) -> None:
        """Makes FOLDER anew with MAILS, whose UIDs count up from FIRST_UID."""
        path = self.folder_path(folder)
        self.remove_folder(folder)
        for part in ("cur", "new", "tmp"):
            (path / part).mkdir(parents=True)
        names = [self._write(path / "cur", first_uid + i, mail) for i, mail in enumerate(mails)]
        self._write_uid_list(path, names, uid_validity, first_uid)
        self._give_away(path)

    def append(self, folder: str, mails: Iterable[Mail]) -> None:
        """Adds MAILS to FOLDER as a delivery would; Dovecot gives them their UIDs."""
        path = self.folder_path(folder)
        count = sum(1 for _ in os.scandir(path / "cur"))
        for i, mail in enumerate(mails):
            name = self._write(path / "tmp", count + i + 1, mail)
            self._chown(path / "tmp" / name)
            os.rename(path / "tmp" / name, path / "cur" / name)

    def read(self, folder: str) -> list[bytes]:
        """The mails of FOLDER as they lie on the disk, oldest first."""
        path = self.folder_path(folder)
        files = [entry for part in ("cur", "new") if (path / part).is_dir()
                 for entry in os.scandir(path / part)]
        return [Path(entry.path).read_bytes() for entry in sorted(files, key=lambda entry: entry.name)]

    def renew_uid_validity(self, folder: str, uid_validity: int) -> None:
        """As after a restore from a backup: same mails, same order, other UIDVALIDITY."""
        path = self.folder_path(folder)
        for index in path.glob("dovecot.*"):
            index.unlink()
        for index in path.glob("dovecot-uidlist*"):
            index.unlink()
        self._write_uid_list(path, sorted(entry.name for entry in os.scandir(path / "cur")),
                             uid_validity, 1)
        self._give_away(path)

    def remove_folder(self, folder: str) -> None:
        path = self.folder_path(folder)
        if path.exists():
            for part in ("cur", "new", "tmp"):
                shutil.rmtree(path / part, ignore_errors=True)
            for index in path.glob("dovecot*"):
                if index.name != "dovecot-acl":  # rights stay
                    index.unlink()

    def remove_mail(self, folder: str, index: int) -> None:
        """Removes the INDEXth mail (in the order they were written)."""
        path = self.folder_path(folder) / "cur"
        sorted(path.iterdir())[index].unlink()

    def _write(self, where: Path, number: int, mail: Mail) -> str:
        virtual = len(mail.raw) + mail.raw.count(b"\n") - mail.raw.count(b"\r\n")
        name = f"{number:09d}.demo,S={len(mail.raw)},W={virtual}:2,{mail.flags}"
        path = where / name
        with open(path, "wb", buffering=0) as out:
            out.write(mail.raw)
        os.utime(path, (mail.received, mail.received))
        return name

    def _write_uid_list(self, path: Path, names: list[str], uid_validity: int,
                        first_uid: int) -> None:
        lines = [f"3 V{uid_validity} N{first_uid + len(names)} G{os.urandom(16).hex()}"]
        lines += [f"{first_uid + i} :{name.partition(':')[0]}" for i, name in enumerate(names)]
        (path / "dovecot-uidlist").write_text("\n".join(lines) + "\n")

    def _chown(self, path: Path | str) -> None:
        if self._owner:
            os.chown(path, *self._owner)

    def _give_away(self, path: Path) -> None:
        for parent in [path, *path.parents]:
            if parent == self.root.parent:
                break
            self._chown(parent)
        for below, folders, files in os.walk(path):
            for name in folders + files:
                self._chown(os.path.join(below, name))

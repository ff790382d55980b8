"""The data folder: where one is made, and what happens when a part of it is lost."""

import os

import pytest
from peers.load import make_mails
from runner import CLERK, PASSWORD


def test_only_the_last_folder_is_made(amtspost):
    amtspost.data = amtspost.folder / "new"
    assert amtspost.json("settings", "list")
    assert amtspost.data.stat().st_mode & 0o777 == 0o700
    amtspost.data = amtspost.folder / "typo" / "da"
    assert amtspost.fails(1, "user", "list")["condition"] == "data-folder"
    assert not amtspost.data.parent.exists()


def test_the_default_folder_is_made_with_its_parents(amtspost):
    amtspost.environment["XDG_DATA_HOME"] = str(amtspost.folder / "a" / "b")
    amtspost.data = amtspost.folder / "a" / "b" / "amtspost"
    amtspost.ok("user", "list")


def test_a_file_is_no_data_folder(amtspost):
    amtspost.data = amtspost.folder / "file"
    amtspost.data.touch()
    assert amtspost.fails(1, "user", "list")["condition"] == "data-folder"


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_others_may_not_write_there(amtspost, mode):
    amtspost.data.chmod(mode)
    assert amtspost.fails(1, "user", "list")["condition"] == "data-folder-open"
    assert list(amtspost.data.iterdir()) == []


@pytest.mark.parametrize("empty", [True, False])
def test_an_archive_without_its_database_is_left_alone(clerk, mailbox, empty):
    mailbox.fill("INBOX", list(make_mails(2, small=True)))
    clerk.imported()
    packs = sorted((clerk.data / "archive" / "packs").iterdir())
    kept = clerk.folder / "kept"
    (clerk.data / "amtspost.db").rename(kept)
    if empty:
        (clerk.data / "amtspost.db").touch(mode=0o600)
    assert clerk.fails(1, "import", "--user", CLERK)["condition"] == "database-missing"
    (clerk.data / "keyring").rename(clerk.folder / "keyring")
    assert clerk.fails(1, "user", "list")["condition"] == "database-missing"
    assert sorted((clerk.data / "archive" / "packs").iterdir()) == packs
    (clerk.folder / "keyring").rename(clerk.data / "keyring")
    kept.rename(clerk.data / "amtspost.db")
    assert len(clerk.archive()) == 2


def test_without_the_key_ring_all_but_secrets_works(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(2, small=True)))
    clerk.imported()
    ring, kept = clerk.data / "keyring", clerk.folder / "kept"
    ring.rename(kept)
    assert len(clerk.archive()) == 2
    assert clerk.json("audit") and clerk.json("user", "list")
    clerk.set("office.name", "Amt")
    assert clerk.fails(4, "folders", "--user", CLERK)["condition"] == "secret-unreadable"
    error = clerk.fails(1, "settings", "set", "imap.password", "-", "--user", CLERK, stdin=PASSWORD)
    assert error["condition"] == "keyring-missing"
    assert not ring.exists(), "no new ring shuts the lost one out"
    kept.rename(ring)
    clerk.json("folders", "--user", CLERK)


def test_a_lost_key_ring_is_given_up_on_purpose(clerk):
    (clerk.data / "keyring").unlink()
    clerk.ok("user", "list", add={"AMTSPOST_ACCEPT_LOST_SECRETS": "yes"})
    assert clerk.fails(4, "folders", "--user", CLERK)["condition"] == "secret-unreadable"
    clerk.set("imap.password", PASSWORD, CLERK)
    clerk.json("folders", "--user", CLERK)
    assert any(row["action"] == "keyring.new" for row in clerk.json("audit"))


def test_another_key_ring_is_refused(amtspost):
    amtspost.ok("user", "list")
    ring = amtspost.data / "keyring"
    ring.unlink()
    other = amtspost.folder / "other"
    other.mkdir()
    amtspost.data, data = other, amtspost.data
    amtspost.ok("user", "list")
    amtspost.data = data
    (other / "keyring").rename(ring)
    assert amtspost.fails(1, "user", "list")["condition"] == "keyring-wrong"
    ring.chmod(0o644)
    assert amtspost.fails(1, "user", "list")["condition"] == "keyring-unusable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_foreign_key_ring_is_named(amtspost):
    amtspost.ok("user", "list")
    os.chown(amtspost.data / "keyring", 4321, 4321)
    assert amtspost.fails(1, "user", "list")["condition"] == "keyring-foreign"

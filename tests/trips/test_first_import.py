"""From an empty data folder to 5,000 mails in the archive, over TLS, byte for byte."""

import hashlib
import re

import pytest
from mailbox_on_disk import Mailbox
from peers.load import make_mails
from peers.relay import Relay
from runner import ADDRESS, CLERK, Amtspost

FOLDERS = {"INBOX": 3000, "Archiv/2026/Bußgeld": 1500, "Entwürfe": 500}
HIDDEN = {"Junk-E-Mail": 20, "Gelöschte Elemente": 10, "Kalender": 5}
WIRE_LIMIT = 2048  # bytes after login of an import that finds nothing new


@pytest.fixture(scope="module")
def full(dovecot) -> Mailbox:
    box = Mailbox(dovecot, ADDRESS)
    mails = make_mails(sum(FOLDERS.values()) + sum(HIDDEN.values()))
    for folder, count in (FOLDERS | HIDDEN).items():
        box.fill(folder, [next(mails) for _ in range(count)], first_uid=7)
    return box


@pytest.fixture(scope="module")
def filed(full, authority, tmp_path_factory) -> tuple[Amtspost, dict]:
    """The program after its first import, and what that import said."""
    amtspost = Amtspost(tmp_path_factory.mktemp("first"))
    amtspost.set_server(full.server.tls_port, "server", ca_file=authority.certificate)
    amtspost.add_clerk()
    return amtspost, amtspost.imported(timeout=300)


def test_all_are_imported(filed):
    _, result = filed
    assert result["imported"] == 5000
    assert result["known"] == result["failed"] == 0
    assert result["errors"] == []
    assert result["folders"] == len(FOLDERS)
    assert result["ms_listed"] >= result["ms_durable"] > 0


def test_all_are_listed_and_searchable_at_return(filed):
    amtspost, _ = filed
    mails = amtspost.archive()
    assert len(mails) == 5000
    assert all(mail["subject"].startswith("Vorgang ") for mail in mails)
    found = amtspost.json("archive", "search", "Vorgang 1-4321")
    assert [mail["subject"] for mail in found] == ["Vorgang 1-4321"]


def test_every_byte_is_the_servers(filed, full):
    amtspost, result = filed
    mails = amtspost.archive()
    on_server = {(folder, uid): raw for folder in FOLDERS for uid, raw in full.read(folder).items()}
    exported = amtspost.export([mail["id"] for mail in mails])
    total = 0
    for mail in mails:
        (source,) = mail["sources"]
        raw = on_server.pop((source["folder"], source["uid"]))
        assert exported[mail["id"]] == raw
        assert mail["sha256"] == hashlib.sha256(raw).hexdigest()
        assert mail["copies"] == [mail["sha256"]]
        assert mail["size"] == len(raw)
        total += len(raw)
    assert not on_server
    assert result["bytes"] == total


def test_the_archive_verifies(filed):
    amtspost, _ = filed
    result = amtspost.json("archive", "verify")
    assert result["checked"] == 5000
    assert result["damaged"] == 0


def test_second_import_finds_nothing(filed):
    amtspost, _ = filed
    result = amtspost.imported()
    assert result["imported"] == result["known"] == result["failed"] == result["bytes"] == 0


def test_second_import_lists_no_folder_again(filed, full):
    amtspost, _ = filed
    with Relay(full.server.plain_port) as relay:
        relay.record = True
        amtspost.set_server(relay.port)
        result = amtspost.imported()
        assert result["imported"] == result["known"] == 0
        sent, received = bytes(relay.client_bytes), bytes(relay.server_bytes)
    amtspost.set_server(full.server.plain_port)
    assert not re.search(rb"UID FETCH|UID SEARCH ALL", sent, re.IGNORECASE), sent
    login = re.search(rb"^(\w+) OK [^\n]*Logged in[^\n]*\n", received, re.MULTILINE)
    tag = login[1]
    # What the client sent behind the login command and its answers to challenges.
    after = sent[sent.rindex(b"\n", 0, _first_command_after(sent, tag)) + 1:]
    assert len(received) - login.end() + len(after) < WIRE_LIMIT, (after, received[login.end():])


def _first_command_after(sent: bytes, tag: bytes) -> int:
    """Where the first command behind the one with TAG begins."""
    begin = re.search(rb"^" + tag + rb" ", sent, re.MULTILINE).end()
    prefix = re.match(rb"[A-Za-z]*", tag)[0]
    return re.compile(rb"^" + prefix + rb"\d+ ", re.MULTILINE).search(sent, begin).start()


def test_hidden_folders_stay_out(filed):
    amtspost, _ = filed
    assert {mail["sources"][0]["folder"] for mail in amtspost.archive()} == set(FOLDERS)
    folders = {row["name"]: row for row in amtspost.json("folders", "--user", CLERK, "--all")}
    for name, count in HIDDEN.items():
        assert folders[name]["hidden"] and folders[name]["reason"]
        assert folders[name]["messages"] == count
    shown = amtspost.json("folders", "--user", CLERK)
    assert {row["name"] for row in shown}.isdisjoint(HIDDEN)


def test_a_hidden_folder_is_imported_by_name(filed):
    amtspost, _ = filed
    result = amtspost.imported("--folder", "Junk-E-Mail")
    assert result["imported"] == HIDDEN["Junk-E-Mail"]


def test_reading_marked_nothing_as_read(filed, full):
    assert set(full.flags("INBOX").values()) == {"", "\\Seen", "\\Flagged \\Seen"}

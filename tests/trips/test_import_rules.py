"""Section 8: cursor, picked mails, actions on the server, copies, and all that is ordinary for a
mailbox that others use too."""

import os
import signal
import subprocess
import time

import pytest
from peers.fake_imap import FakeImap
from peers.load import FIRST_TIME, make_mails
from peers.maildir import Mail
from peers.relay import Relay
from runner import CLERK


def mail(text: str, received: int = FIRST_TIME, **headers: str) -> Mail:
    lines = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in headers.items())
    return Mail(f"{lines}Subject: {text}\r\n\r\n{text}\r\n".encode(), received)


def subjects(clerk) -> set[str]:
    return {row["subject"] for row in clerk.archive()}


def counts(result: dict) -> tuple[int, int, int]:
    return result["imported"], result["known"], result["failed"]


def test_only_new_mails_the_next_time(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins"), mail("zwei")])
    assert counts(clerk.imported()) == (2, 0, 0)
    mailbox.disk.append("INBOX", [mail("drei")])
    assert counts(clerk.imported()) == (1, 0, 0)
    assert subjects(clerk) == {"eins", "zwei", "drei"}


def test_empty_mailbox(clerk):
    assert counts(clerk.imported()) == (0, 0, 0)
    assert clerk.archive() == []


def test_uids_move_no_cursor(clerk, mailbox):
    mailbox.fill("INBOX", [mail(f"m{i}") for i in range(1, 7)])
    assert counts(clerk.imported("--folder", "INBOX", "--uids", "2,4:5")) == (3, 0, 0)
    assert subjects(clerk) == {"m2", "m4", "m5"}
    result = clerk.imported()
    assert result["imported"] == 3
    assert subjects(clerk) == {f"m{i}" for i in range(1, 7)}


def test_inbox_in_any_case(clerk, mailbox):
    """RFC 9051 section 5.1: it is one folder, and one source."""
    mailbox.fill("INBOX", [mail("eins")])
    assert counts(clerk.imported("--folder", "inbox")) == (1, 0, 0)
    assert counts(clerk.imported()) == (0, 0, 0)
    assert [source["folder"] for source in clerk.archive()[0]["sources"]] == ["INBOX"]
    assert clerk.json("messages", "--user", CLERK, "--folder", "Inbox")[0]["imported"] is True


def test_a_later_uid_skips_nothing_before_it(clerk, mailbox):
    mailbox.fill("INBOX", [mail(f"m{i}") for i in range(1, 4)])
    clerk.imported("--folder", "INBOX", "--uids", "3")
    clerk.imported()
    assert len(clerk.archive()) == 3


@pytest.mark.parametrize("uids", ["", "0", "a", "1:", "5-7", "1,,2", "4294967296", "-1", "*"])
def test_wrong_uid_sets(clerk, uids):
    clerk.fails(2, "import", "--user", CLERK, "--folder", "INBOX", "--uids", uids)


def test_uids_need_one_folder(clerk):
    clerk.fails(2, "import", "--user", CLERK, "--uids", "1")
    clerk.fails(2, "import", "--user", CLERK, "--folder", "INBOX", "--folder", "X", "--uids", "1")


def test_uids_that_are_gone(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins")])
    result = clerk.run("--json", "import", "--user", CLERK, "--folder", "INBOX", "--uids", "1,17")
    assert result.status in (0, 6)
    assert result.json["imported"] == 1


def test_since_moves_no_cursor(clerk, mailbox):
    day = 86_400
    mailbox.fill("INBOX", [mail("alt", FIRST_TIME), mail("neu", FIRST_TIME + 40 * day)])
    assert counts(clerk.imported("--since", "2026-01-20")) == (1, 0, 0)
    assert subjects(clerk) == {"neu"}
    assert clerk.imported()["imported"] == 1
    clerk.fails(2, "import", "--user", CLERK, "--since", "gestern")


def test_uid_validity_changes(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins"), mail("zwei")])
    clerk.imported()
    mailbox.disk.renew_uid_validity("INBOX", 1_800_000_000)
    mailbox.disk.append("INBOX", [mail("drei")])
    assert counts(clerk.imported()) == (1, 2, 0)
    assert len(clerk.archive()) == 3
    assert counts(clerk.imported()) == (0, 0, 0)


def test_deleted_mail_comes_back_only_by_hand(clerk, mailbox):
    mailbox.fill("INBOX", [mail("bleibt"), mail("weg")])
    clerk.imported()
    (number,) = [row["id"] for row in clerk.archive() if row["subject"] == "weg"]
    clerk.ok("archive", "delete", str(number), "--reason", "Löschfrist")
    assert subjects(clerk) == {"bleibt"}
    mailbox.disk.renew_uid_validity("INBOX", 1_900_000_000)  # the whole folder is looked at again
    assert counts(clerk.imported()) == (0, 2, 0)
    assert subjects(clerk) == {"bleibt"}
    assert clerk.imported("--folder", "INBOX", "--uids", "2")["imported"] == 1
    assert subjects(clerk) == {"bleibt", "weg"}
    (row,) = [row for row in clerk.json("audit") if "Löschfrist" in str(row)]
    assert "weg" not in str(row), "the audit row holds content of the deleted mail"


def test_deleting_needs_a_reason(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins")])
    clerk.imported()
    (row,) = clerk.archive()
    clerk.fails(2, "archive", "delete", str(row["id"]))
    clerk.fails(2, "archive", "delete", str(row["id"]), "--reason", " ")
    assert len(clerk.archive()) == 1


@pytest.mark.parametrize("action, flag", [("seen", "\\Seen"), ("flag", "\\Flagged")])
def test_after_import_flags(clerk, mailbox, action, flag):
    mailbox.fill("INBOX", [mail(f"m{i}") for i in range(5)])
    clerk.set("import.after", action, CLERK)
    clerk.imported()
    assert mailbox.flags() == {uid: flag for uid in range(1, 6)}


def test_after_import_move(clerk, mailbox):
    mails = [mail(f"m{i}") for i in range(5)]
    mailbox.fill("INBOX", mails)
    clerk.set("import.after", "move", CLERK)
    clerk.set("import.after-folder", "Archiv/Erledigt ß", CLERK)
    clerk.imported("--folder", "INBOX")
    assert mailbox.read() == {}
    assert sorted(mailbox.read("Archiv/Erledigt ß").values()) == sorted(m.raw for m in mails)
    result = clerk.imported()  # the target is a folder like any other: known by content
    assert result["imported"] == 0
    assert len(clerk.archive()) == 5
    assert clerk.imported()["known"] == 0


def test_nothing_is_done_on_the_server_before_it_is_on_file(amtspost):
    """A server that refuses the action: everything is on file all the same, and it is tried again."""
    def refuse(connection, tag, _arguments):
        connection.send(f"{tag} NO [NOPERM] read only\r\n")

    with FakeImap({"STORE": refuse}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("import.after", "seen", CLERK)
        result = amtspost.run("--json", "import", "--user", CLERK)
        assert result.status == 6
        assert len(amtspost.archive()) == 1
        del server.handlers["STORE"]
        amtspost.run("--json", "import", "--user", CLERK)
        assert server.stored, "the action was forgotten"


@pytest.mark.parametrize("action, kept", [("seen", "\\Flagged"), ("flag", "\\Answered \\Seen")])
def test_a_mark_that_the_server_would_drop(amtspost, action, kept):
    """It says OK to the STORE all the same: nobody may believe that it was done."""
    def select(connection, tag, arguments):
        connection.send(f"* OK [PERMANENTFLAGS ({kept})] limited\r\n")
        server.on_select(connection, tag, arguments)

    with FakeImap({"SELECT": select}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("import.after", action, CLERK)
        run = amtspost.run("--json", "import", "--user", CLERK)
        assert run.status == 6 and not server.stored
        (error,) = run.json["errors"]
        assert error["reason"].startswith("Abgelegt, aber nicht gekennzeichnet: Im Postfach „")
        assert len(amtspost.archive()) == 1
        del server.handlers["SELECT"]
        amtspost.imported()
        assert server.stored


def without_flagged(server: FakeImap):
    def select(connection, tag, arguments):
        connection.send("* OK [PERMANENTFLAGS (\\Answered \\Seen)] limited\r\n")
        server.on_select(connection, tag, arguments)
    return select


@pytest.mark.parametrize("later, stored", [("seen", ["2 +FLAGS.SILENT (\\Seen)"]), ("none", [])])
def test_what_was_refused_holds_up_nothing_under_another_setting(amtspost, later, stored):
    """It is due no longer; what the new setting asks for is done."""
    with FakeImap() as server:
        server.handlers["SELECT"] = without_flagged(server)
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("import.after", "flag", CLERK)
        assert amtspost.run("--json", "import", "--user", CLERK).status == 6
        amtspost.set("import.after", later, CLERK)
        server.mails.append(b"Subject: zwei\r\n\r\nText\r\n")
        assert counts(amtspost.imported()) == (1, 0, 0)
        assert server.stored == stored
        amtspost.imported()
        selected = [line for line in server.commands if " SELECT " in line or " EXAMINE " in line]
        assert len(selected) == 2, "there is still something to do in the folder"


def test_a_corrected_target_is_where_all_go(clerk, mailbox):
    """A name that the server refuses: what was to go there goes where the setting says now."""
    mailbox.fill("INBOX", [mail("eins")])
    clerk.set("import.after", "move", CLERK)
    clerk.set("import.after-folder", "Erledigt/", CLERK)
    assert clerk.run("--json", "import", "--user", CLERK, "--folder", "INBOX").status == 6
    clerk.set("import.after-folder", "Erledigt", CLERK)
    mailbox.disk.append("INBOX", [mail("zwei")])
    assert counts(clerk.imported("--folder", "INBOX")) == (1, 0, 0)
    assert mailbox.read() == {} and len(mailbox.read("Erledigt")) == 2


def test_one_mailbox_two_clerks(clerk, mailbox):
    mailbox.fill("INBOX", [mail("gemeinsam")])
    clerk.imported()
    clerk.add_clerk("zweite", mailbox.address)
    result = clerk.imported(user="zweite")
    assert counts(result) == (0, 1, 0)
    (row,) = clerk.archive()
    assert sorted(source["user"] for source in row["sources"]) == [CLERK, "zweite"]
    assert len(row["copies"]) == 1


def test_one_mail_in_two_mailboxes_is_one_row_with_two_copies(clerk, mailbox, another_mailbox):
    def received(by: str) -> Mail:
        return mail("Rundschreiben", Received=f"from x.example by {by}; Mon, 2 Mar 2026 10:00:00 +0000",
                    Message_ID="<rund@amt.example>")

    mailbox.fill("INBOX", [received("eins")])
    another_mailbox.fill("INBOX", [received("zwei")])
    clerk.imported()
    clerk.add_clerk("zweite", another_mailbox.address)
    assert clerk.imported(user="zweite")["imported"] == 1
    (row,) = clerk.archive()
    assert len(row["copies"]) == 2 and len(row["sources"]) == 2
    clerk.ok("archive", "export", str(row["id"]), "--output", str(clerk.folder))
    raws = {(clerk.folder / f"{row['id']}{end}.eml").read_bytes() for end in ("", "-2")}
    assert raws == {*mailbox.read().values(), *another_mailbox.read().values()}


def test_equal_message_id_alone_joins_nothing(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins", Message_ID="<immer@gleich>"),
                           mail("zwei", Message_ID="<immer@gleich>")])
    clerk.imported()
    assert subjects(clerk) == {"eins", "zwei"}


def test_case_fills_and_never_replaces(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins"), mail("zwei")])
    clerk.imported("--folder", "INBOX", "--uids", "1", "--case", "BG-2026/1")
    clerk.imported("--folder", "INBOX", "--uids", "1:2", "--case", "BG-2026/2")
    assert {row["subject"]: row["case"] for row in clerk.archive()} == {
        "eins": "BG-2026/1", "zwei": "BG-2026/2"}
    ids = [str(row["id"]) for row in clerk.archive()]
    clerk.ok("archive", "assign", *ids, "--case", "BG-2026/3")
    assert {row["case"] for row in clerk.json("archive", "list", "--case", "BG-2026/3")} == {"BG-2026/3"}
    clerk.fails(2, "archive", "assign", ids[0], "--case", "")
    clerk.fails(2, "archive", "assign", ids[0], "--case", "x" * 101)
    assert any("BG-2026/3" in str(row) for row in clerk.json("audit"))


def test_a_whole_folder_gives_its_case_to_what_was_picked_before(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins"), mail("zwei"), mail("drei"), mail("vier"), mail("fünf")])
    clerk.imported("--folder", "INBOX", "--uids", "2", "--case", "BG-2026/2")
    clerk.imported("--folder", "INBOX", "--uids", "1,3:4")
    ids = {row["subject"]: row["id"] for row in clerk.archive()}
    clerk.ok("archive", "delete", str(ids["drei"]), "--reason", "Löschfrist")
    result = clerk.imported("--folder", "INBOX", "--case", "BG-2026/1")
    assert counts(result) == (1, 4, 0) and result["case_conflicts"] == [f"{ids['zwei']}: BG-2026/2"]
    assert {row["subject"]: row["case"] for row in clerk.archive()} == {
        "eins": "BG-2026/1", "zwei": "BG-2026/2", "vier": "BG-2026/1", "fünf": "BG-2026/1"}
    mailbox.disk.append("INBOX", [mail("sechs")])
    assert counts(clerk.imported("--folder", "INBOX", "--case", "BG-2026/3")) == (1, 0, 0)


def test_a_case_for_many_known_mails_fetches_none(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(3000, seed=9)))
    clerk.imported("--folder", "INBOX", "--since", "2000-01-01")
    result = clerk.imported("--folder", "INBOX", "--case", "BG-2026/1")
    assert counts(result) == (0, 3000, 0) and result["wire_bytes"] < 100_000
    assert {row["case"] for row in clerk.archive()} == {"BG-2026/1"}


def test_what_is_said_of_the_case_is_true(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins")])
    clerk.imported("--folder", "INBOX")
    untold = ("import", "--user", CLERK, "--folder", "INBOX", "--case", "BG-2026/1")
    assert "nicht vergeben" in clerk.ok(*untold).stdout
    assert [row["case"] for row in clerk.archive()] == [None]
    assert "nicht vergeben" not in clerk.ok(*untold, "--uids", "1").stdout
    assert [row["case"] for row in clerk.archive()] == ["BG-2026/1"]


def test_connection_lost_once(clerk, mailbox):
    mails = list(make_mails(800, seed=8))
    mailbox.fill("INBOX", mails)
    with Relay(mailbox.server.plain_port) as relay:
        relay.cut_after, relay.cuts_left = 8_000_000, 2
        clerk.set_server(relay.port)
        assert counts(clerk.imported()) == (800, 0, 0)
        assert relay.connections >= 3
    assert sorted(row["size"] for row in clerk.archive()) == sorted(len(m.raw) for m in mails)


def test_cancel_and_go_on(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(2000, seed=9)))
    with Relay(mailbox.server.plain_port) as relay:
        relay.rate = 8_000_000
        clerk.set_server(relay.port)
        running = clerk.start("--json", "import", "--user", CLERK)
        time.sleep(1.5)
        running.process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        result = running.finish(20)
        assert time.monotonic() - begin < 5
    assert result.status == 130
    assert result.json["error"]["code"] == "cancelled"
    assert 0 < result.json["imported"] < 2000
    assert len(clerk.archive()) == result.json["imported"]
    clerk.set_server(mailbox.server.plain_port)
    assert clerk.imported()["imported"] == 2000 - result.json["imported"]


def test_two_imports_at_once(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(1500, seed=10, small=True)))
    both = [clerk.start("--json", "import", "--user", CLERK) for _ in range(2)]
    results = [running.finish() for running in both]
    assert [result.status for result in results] == [0, 0], [result.stdout for result in results]
    assert sum(result.json["imported"] for result in results) == 1500
    mails = clerk.archive()
    assert len(mails) == 1500
    assert all(len(mail["sources"]) == 1 for mail in mails)
    assert clerk.json("archive", "verify")["damaged"] == 0


def test_mail_deleted_on_the_server_stays_on_file(clerk, mailbox):
    mailbox.fill("INBOX", [mail("eins"), mail("zwei")])
    clerk.imported()
    mailbox.disk.remove_mail("INBOX", 0)
    assert counts(clerk.imported()) == (0, 0, 0)
    assert subjects(clerk) == {"eins", "zwei"}


def test_folder_renamed_meanwhile(clerk, mailbox):
    mailbox.fill("Altname", [mail("eins")])
    clerk.imported()
    mailbox.disk.folder_path("Altname").rename(mailbox.disk.folder_path("Neuname"))
    assert clerk.imported()["imported"] == 0
    assert len(clerk.archive()) == 1


def test_a_large_mail(clerk, mailbox):
    import random
    raw = b"Subject: riesig\r\n\r\n" + random.Random(1).randbytes(3_000_000).hex().encode() * 20 + b"\r\n"
    mailbox.fill("INBOX", [Mail(raw, FIRST_TIME)])
    assert clerk.imported()["bytes"] == len(raw)
    (row,) = clerk.archive()
    assert clerk.export([row["id"]])[row["id"]] == raw


def test_full_disk(clerk, mailbox, small_disk):
    """Stops cleanly, says so, keeps what is on file, and goes on when there is room."""
    mount = small_disk(clerk, "48m")
    mails = list(make_mails(4000, seed=11))
    mailbox.fill("INBOX", mails)
    result = clerk.run("--json", "import", "--user", CLERK)
    assert result.status == 1, result.stdout
    assert "Platz" in result.json["error"]["message"]
    before = len(clerk.archive())
    assert clerk.json("archive", "verify")["damaged"] == 0
    clerk.ok("user", "add", "geht.noch")  # settings and audit still work
    assert result.json["imported"] == before
    subprocess.run(["mount", "-o", "remount,size=400m", str(mount)], check=True)
    assert clerk.imported()["imported"] == len(mails) - before


def test_a_message_that_cannot_be_parsed_is_on_file(clerk, mailbox):
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
                    for i in range(3000))
    group = b"To: " + b"a:" * 60_000 + b"\r\nSubject: Gruppen\r\n\r\nx\r\n"
    many = b"".join(b"X-%d: y\r\n" % i for i in range(200_000)) + b"\r\nz\r\n"
    mailbox.fill("INBOX", [Mail(raw, FIRST_TIME) for raw in (deep, group, many)] + [mail("danach")])
    assert counts(clerk.imported(timeout=200)) == (4, 0, 0)
    assert "danach" in subjects(clerk)
    exported = clerk.export([row["id"] for row in clerk.archive()])
    assert {deep, group, many} <= set(exported.values())


def test_archive_add_and_assign(clerk, tmp_path):
    path = tmp_path / "brief.eml"
    path.write_bytes(b"Subject: Von Hand\r\n\r\nText\r\n")
    (row,) = clerk.json("archive", "add", str(path), "--case", "OWI-1")
    assert row["subject"] == "Von Hand" and row["case"] == "OWI-1"
    clerk.json("archive", "add", str(path))
    assert len(clerk.archive()) == 1
    clerk.fails(2, "archive", "add", str(tmp_path / "fehlt.eml"))


def test_damage_is_found(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(20, seed=12, small=True)))
    clerk.imported()
    packs = sorted((path for path in (clerk.data / "archive").rglob("*")
                    if path.is_file() and "search" not in path.name), key=lambda path: path.stat().st_size)
    with open(packs[-1], "r+b") as pack:
        pack.seek(1000)
        byte = pack.read(1)
        pack.seek(1000)
        pack.write(bytes([byte[0] ^ 1]))
    result = clerk.run("--json", "archive", "verify")
    assert result.status == 1
    assert result.json["damaged"] == 1 and result.json["checked"] == 20

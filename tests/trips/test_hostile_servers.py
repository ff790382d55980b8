"""Servers that lie, break the rules or never end: the right status, in time, in flat memory, and every
mail that could be had is on file."""

import pytest
from peers.fake_imap import FakeImap
from runner import CLERK, SANITIZED, Amtspost

MAILS = [b"Message-ID: <%d@x.example>\r\nSubject: Mail %d\r\n\r\nText %d\r\n" % (i, i, i)
         for i in range(1, 4)]
SECONDS = 60
PEAK_KILOBYTES = 160 * 1024  # libraries included; the limit of section 14 is on anonymous memory


def outcome(amtspost: Amtspost, server: FakeImap, *command: str, timeout: int = 2):
    amtspost.add_clerk()
    amtspost.set_server(server.port, timeout=timeout)
    result = amtspost.run("--json", *(command or ("import",)), "--user", CLERK, timeout=SECONDS, measure=True)
    if not SANITIZED:
        assert result.peak_kilobytes < PEAK_KILOBYTES
    return result


def on_file(amtspost: Amtspost) -> set[str]:
    return {mail["subject"] for mail in amtspost.archive()}


def fetch_with(replacement, victim: int = 2):
    """A FETCH that answers honestly but for the mail VICTIM."""

    def fetch(connection, tag, arguments):
        uids, _, items = arguments.partition(" ")
        for uid in connection.server._choose(uids):
            if uid == victim:
                replacement(connection, uid)
            else:
                connection.server.send_message(connection, uid, items)
        connection.ok(tag)

    return {"FETCH": fetch}


def flood(connection, piece: bytes, total: int) -> None:
    for _ in range(total // len(piece) + 1):
        connection.send(piece)


def test_literal_of_four_gigabytes(amtspost):
    def lie(connection, uid):
        connection.send(f"* {uid} FETCH (UID {uid} BODY[] {{4294967296}}\r\n")
        flood(connection, b"x" * 65_536, 1 << 32)

    with FakeImap(fetch_with(lie), MAILS) as server:
        result = outcome(amtspost, server)
    assert result.status == 6
    assert (result.json["imported"], result.json["failed"]) == (2, 1)
    (error,) = result.json["errors"]
    assert error["uid"] == 2 and error["folder"] == "INBOX" and error["reason"]
    assert on_file(amtspost) == {"Mail 1", "Mail 3"}


@pytest.mark.parametrize("length", ["-5", "99999999999999999999999", "", "12x", "0x10", "5 ", "+5"])
def test_nonsensical_length(amtspost, length):
    def lie(connection, uid):
        connection.send(f"* {uid} FETCH (UID {uid} BODY[] {{{length}}}\r\nhallo)\r\n")

    with FakeImap(fetch_with(lie), MAILS) as server:
        result = outcome(amtspost, server)
    # A number too large for any size is a literal above 2 GiB as well: that mail only.
    assert result.status in ((5, 6) if length.startswith("9") else (5,))
    assert "Mail 2" not in on_file(amtspost)


def test_a_line_of_100_megabytes(amtspost):
    def endless(connection, _tag, _arguments):
        connection.send("* OK ")
        flood(connection, b"x" * 65_536, 100_000_000)
        connection.send("\r\n")

    for command in ("LIST", "SELECT"):
        with FakeImap({command: endless, "EXAMINE": endless}) as server:
            result = outcome(Amtspost(amtspost.folder / command), server)
            assert result.status == 5


def test_100_000_brackets(amtspost):
    def nest(connection, uid):
        connection.send(f"* {uid} FETCH (UID {uid} ENVELOPE {'(' * 100_000}")
        connection.send(f"{')' * 100_000} BODY[] {{5}}\r\nhallo)\r\n")

    with FakeImap(fetch_with(nest), MAILS) as server:
        result = outcome(amtspost, server)
    assert result.status == 5
    assert "Mail 2" not in on_file(amtspost)


def test_wrong_tags(amtspost):
    def wrong(connection, _tag, _arguments):
        connection.send("ZZZ999 OK done\r\n")

    for command in ("LIST", "FETCH", "LOGIN"):
        with FakeImap({command: wrong}, MAILS) as server:
            result = outcome(Amtspost(amtspost.folder / command), server)
            assert result.status == 5, command


def test_missing_answers(amtspost):
    with FakeImap(fetch_with(lambda connection, uid: None), MAILS) as server:
        result = outcome(amtspost, server)
        assert result.status == 6
        assert [error["uid"] for error in result.json["errors"]] == [2]
        assert on_file(amtspost) == {"Mail 1", "Mail 3"}
        server.handlers.clear()  # it is tried again next time
        assert amtspost.imported()["imported"] == 1
    assert on_file(amtspost) == {"Mail 1", "Mail 2", "Mail 3"}


def test_no_body_for_one(amtspost):
    with FakeImap(fetch_with(lambda connection, uid: connection.send(
            f"* {uid} FETCH (UID {uid} FLAGS () BODY[] NIL)\r\n")), MAILS) as server:
        result = outcome(amtspost, server)
    assert result.status == 6
    assert on_file(amtspost) == {"Mail 1", "Mail 3"}


def test_double_answers(amtspost):
    def twice(connection, uid):
        for _ in range(2):
            connection.server.send_message(connection, uid, "(BODY.PEEK[])")

    with FakeImap(fetch_with(twice), MAILS) as server:
        result = outcome(amtspost, server)
    assert result.status == 0
    assert result.json["imported"] == 3
    assert len(amtspost.archive()) == 3


def test_answers_nobody_asked_for(amtspost):
    def more(connection, uid):
        connection.send("* 99 FETCH (FLAGS (\\Seen))\r\n* 5 RECENT\r\n* OK [ALERT] Wartung\r\n"
                        "* 77 FETCH (UID 77 BODY[] {3}\r\nabc)\r\n* X-UNKNOWN (a {2}\r\nxy \"q\\\"\")\r\n")
        connection.server.send_message(connection, uid, "(BODY.PEEK[])")

    with FakeImap(fetch_with(more), MAILS) as server:
        result = outcome(amtspost, server)
    assert result.status == 0
    assert on_file(amtspost) == {"Mail 1", "Mail 2", "Mail 3"}


def test_bytes_are_kept_as_they_are(amtspost):
    odd = [bytes(range(256)) * 3, b"\n\n", b"\r\n.\r\n", b"no newline at the end"]
    with FakeImap(mails=odd) as server:
        result = outcome(amtspost, server)
        assert result.status == 0
    mails = amtspost.archive()
    exported = amtspost.export([mail["id"] for mail in mails])
    assert sorted(exported.values()) == sorted(odd)


def test_cut_within_a_literal_every_time(amtspost):
    def cut(connection, uid):
        connection.send(f"* {uid} FETCH (UID {uid} BODY[] {{5000}}\r\nSubject: halb")
        raise OSError

    with FakeImap(fetch_with(cut), MAILS) as server:
        result = outcome(amtspost, server)
        assert server.connections < 30
    assert result.status in (5, 6)
    assert on_file(amtspost) <= {"Mail 1", "Mail 3"}


@pytest.mark.parametrize("greeting", [
    "HTTP/1.1 400 Bad Request\r\n\r\n", "220 smtp ESMTP\r\n", "\r\n", "* HELLO\r\n", "\0\0\0\0\r\n"])
def test_no_imap_server(amtspost, greeting):
    with FakeImap(greeting=greeting) as server:
        assert outcome(amtspost, server, "folders").status == 5


def test_folders_without_end(amtspost):
    def many(connection, tag, _arguments):
        for first in range(0, 300_000, 1000):
            connection.send("".join(f'* LIST () "/" f{i}\r\n' for i in range(first, first + 1000)))
        connection.ok(tag)

    with FakeImap({"LIST": many}) as server:
        result = outcome(amtspost, server, "folders")
    assert result.status not in (0, -9, -11)


def test_untagged_answers_without_end(amtspost):
    """A peer that always sends something makes no progress all the same."""
    def chatter(connection, _tag, _arguments):
        while True:
            connection.send("* 5 EXISTS\r\n" * 500)

    with FakeImap({"LIST": chatter}) as server:
        assert outcome(amtspost, server, "folders").status == 5


def test_folder_names_that_look_like_paths(amtspost):
    def names(connection, tag, _arguments):
        connection.send('* LIST () "/" "../../etc/passwd"\r\n* LIST () "/" "a\x1b[31mrot"\r\n'
                        '* LIST () "/" "&AP"\r\n* LIST () "/" INBOX\r\n')
        connection.ok(tag)

    with FakeImap({"LIST": names}) as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        plain = amtspost.run("folders", "--user", CLERK)
        assert "\x1b" not in plain.stdout, "a folder name steers the terminal"
        assert plain.status == 0

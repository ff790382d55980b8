"""Servers whose words would make an import skip mails or never end, if it believed them."""

import time

import pytest
from peers.fake_imap import FakeImap
from runner import CLERK

pytestmark = pytest.mark.sanitized_only

MAILS = [b"Message-ID: <%d@x.example>\r\nSubject: Mail %d\r\n\r\nText %d\r\n" % (i, i, i)
         for i in range(1, 4)]
STUB = b"Retrieval using the IMAP4 protocol failed for the following message: 2\r\n"


def subjects(amtspost) -> set[str]:
    return {mail["subject"] for mail in amtspost.archive()}


def outcome(amtspost, server, *arguments):
    amtspost.set_server(server.port, timeout=2)
    if not amtspost.json("user", "list"):
        amtspost.add_clerk()
    return amtspost.run("--json", "import", "--user", CLERK, *arguments, timeout=60)


def test_a_stub_is_never_filed_as_the_mail(amtspost):
    stub = b"From: server\r\nSubject: " + STUB + b"\r\nThe server could not retrieve it.\r\n"
    with FakeImap(mails=[MAILS[0], stub, MAILS[2]]) as server:
        result = outcome(amtspost, server)
        assert result.status == 6
        assert [error["uid"] for error in result.json["errors"]] == [2]
        assert subjects(amtspost) == {"Mail 1", "Mail 3"}
        server.mails[1] = MAILS[1]  # the server has recovered
        assert outcome(amtspost, server).json["imported"] == 1
    assert subjects(amtspost) == {"Mail 1", "Mail 2", "Mail 3"}


def test_a_mail_that_quotes_the_stub_is_filed(amtspost):
    """No sender can keep a mail out of the archive by its text."""
    quoting = (b"Received: from mx.example by mail.amt.example\r\nSubject: Ihre Meldung\r\n\r\n" + STUB)
    with FakeImap(mails=[quoting]) as server:
        assert outcome(amtspost, server).status == 0
    assert subjects(amtspost) == {"Ihre Meldung"}


def test_a_next_uid_from_nowhere_skips_nothing(amtspost):
    with FakeImap(mails=MAILS[:1]) as server:
        honest = server._uid_next
        server._uid_next = lambda: 4294967295
        assert outcome(amtspost, server).json["imported"] == 1
        server._uid_next = honest
        server.mails += MAILS[1:]
        assert outcome(amtspost, server).json["imported"] == 2
    assert subjects(amtspost) == {"Mail 1", "Mail 2", "Mail 3"}


def test_a_search_without_an_answer_skips_nothing(amtspost):
    def silent(connection, tag, _arguments):
        connection.ok(tag)

    with FakeImap({"SEARCH": silent}, MAILS) as server:
        assert outcome(amtspost, server).status == 5
    with FakeImap(mails=MAILS) as server:
        assert outcome(amtspost, server).json["imported"] == 3


def test_a_huge_literal_for_a_mail_nobody_asked_for_ends(amtspost):
    def lie(connection, _tag, _arguments):
        connection.send("* 1 FETCH (UID 999 BODY[] {4294967296}\r\n")

    with FakeImap({"FETCH": lie}, MAILS) as server:
        begin = time.monotonic()
        assert outcome(amtspost, server).status in (5, 6)
        assert time.monotonic() - begin < 50 and server.connections < 30


def test_many_scattered_picks(amtspost):
    """A set that no command line holds is asked for in portions."""
    picks = ",".join(str(uid) for uid in range(1, 6000, 2))
    with FakeImap(mails=MAILS) as server:
        result = outcome(amtspost, server, "--folder", "INBOX", "--uids", picks)
        assert result.status == 6
        assert result.json["imported"] == 2
        assert len(result.json["errors"]) == 2998


def test_no_uidvalidity(amtspost):
    def select(connection, tag, _arguments):
        connection.send("* 3 EXISTS\r\n* OK [UIDNEXT 4] x\r\n")
        connection.ok(tag)

    with FakeImap({"SELECT": select, "EXAMINE": select}, MAILS) as server:
        result = outcome(amtspost, server, "--folder", "INBOX")
        assert result.status == 6
        assert "INBOX" in result.json["errors"][0]["folder"]

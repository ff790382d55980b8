"""The JSON contract of section 12: field names, types, nulls, order."""

import re

import pytest
from peers.load import FIRST_TIME
from peers.maildir import Mail
from runner import CLERK

pytestmark = pytest.mark.sanitized_only

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
RAW = ("From: =?utf-8?Q?J=C3=B6rg_R=C3=B6=C3=9Fler?= <j.roessler@buerger.example>\r\n"
       "To: Max Mustermann <m@amt.example>, =?iso-8859-1?Q?B=FCro?= <buero@amt.example>\r\n"
       "Subject: =?utf-8?B?QW5ow7ZydW5nIEJHLTIwMjYvNDI=?=\r\n"
       "Date: Tue, 03 Mar 2026 10:30:00 +0100\r\nMessage-ID: <a.1@buerger.example>\r\n"
       "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
       "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
       "Der Einspruch gegen den Bußgeldbescheid.\r\n"
       "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
       "Content-Disposition: attachment; filename*=utf-8''Anh%C3%B6rungsbogen.pdf\r\n\r\n"
       "JVBERi0xLjQK\r\n--b--\r\n").encode()
BARE = b"Subject: ohne alles\r\n\r\nx\r\n"


@pytest.fixture
def filed(clerk, mailbox):
    mailbox.fill("INBOX", [Mail(BARE, FIRST_TIME, "S"), Mail(RAW, FIRST_TIME + 60)], first_uid=11)
    clerk.imported("--case", "BG-2026/42")
    return clerk


def test_user_fields(amtspost):
    row = amtspost.json("user", "add", "chef", "--admin", "--archive", "--display-name", "Die Chefin")
    wanted = {"name": "chef", "display_name": "Die Chefin", "admin": True, "archive": True,
              "locked": False, "interface": "disabled", "account": None}
    assert wanted.items() <= row.items()
    assert wanted.items() <= amtspost.json("user", "show", "CHEF").items()
    (listed,) = amtspost.json("user", "list")
    assert wanted.items() <= listed.items()
    amtspost.ok("user", "lock", "chef")
    assert amtspost.json("user", "show", "chef")["locked"] is True


def test_settings_fields(amtspost):
    amtspost.ok("user", "add", CLERK)
    for scope in ([], ["--user", CLERK]):
        rows = amtspost.json("settings", "list", *scope)
        for row in rows:
            assert {"key", "value", "origin", "secret", "set"} <= row.keys()
            assert row["origin"] in ("user", "global", "default")
            assert isinstance(row["secret"], bool) and isinstance(row["set"], bool)
            assert row["value"] is None or isinstance(row["value"], str)
    keys = {row["key"] for row in rows}
    assert {"interface", "account", "mailboxes", "imap.use-default", "smtp.use-default", "imap.host",
            "imap.port", "imap.tls", "imap.username", "imap.password", "imap.proxy.type",
            "imap.proxy.host", "imap.proxy.port", "imap.proxy.username", "imap.proxy.password",
            "smtp.host", "import.hidden-folders", "import.after", "import.after-folder",
            "oauth.token-folder", "smtp.signature"} <= keys
    keys = {row["key"] for row in amtspost.json("settings", "list")}
    assert {"imap.host", "smtp.port", "oauth.authority", "oauth.tenant", "oauth.client-id",
            "oauth.client-secret", "oauth.redirect-uri", "oauth.scopes", "oauth.token-folder",
            "office.name", "tls.ca-file", "network.timeout"} <= keys
    row = amtspost.json("settings", "get", "imap.port")
    assert isinstance(row, dict) and row["value"] == "993"


@pytest.mark.parametrize("key, value", [
    ("imap.port", "993"), ("smtp.port", "587"), ("imap.tls", "server"), ("smtp.tls", "server"),
    ("network.timeout", "60"), ("oauth.tenant", "organizations"), ("imap.proxy.type", "http")])
def test_defaults(amtspost, key, value):
    row = amtspost.get(key)
    assert (row["value"], row["origin"], row["set"]) == (value, "default", False)


def test_standard_hidden_folders(amtspost):
    amtspost.ok("user", "add", CLERK)
    row = amtspost.get("import.hidden-folders", CLERK)
    assert row["origin"] == "default"
    assert row["value"].split(";") == [
        "Kalender", "Kontakte", "Notizen", "RSS-Abonnements", "Synchronisierungsprobleme",
        "Verlauf der Unterhaltung", "Suchordner", "Aufgaben", "Junk-E-Mail", "Gelöscht", "Journal"]


def test_office365_always_encrypts(amtspost):
    amtspost.ok("user", "add", CLERK)
    amtspost.set("interface", "office365", CLERK)
    amtspost.set("imap.tls", "none", CLERK)
    row = amtspost.get("imap.tls", CLERK)
    assert (row["value"], row["origin"]) == ("tls1.2+", "default")


def test_default_proxy_port_follows_the_kind(amtspost):
    assert amtspost.get("imap.proxy.port")["value"] == "3128"
    amtspost.set("imap.proxy.type", "socks5")
    assert amtspost.get("imap.proxy.port")["value"] == "1080"


def test_folders_fields(clerk, mailbox):
    for name in ("Gelöschte Elemente", "Entwürfe", "Archiv/2026/Bußgeld"):
        mailbox.fill(name, [Mail(BARE, FIRST_TIME)])
    rows = clerk.json("folders", "--user", CLERK, "--all")
    by_name = {row["name"]: row for row in rows}
    for row in rows:
        assert {"mailbox", "name", "role", "messages", "hidden", "reason"} <= row.keys()
        assert row["mailbox"] == mailbox.address
        assert isinstance(row["hidden"], bool)
        assert (row["reason"] is None) != row["hidden"]
    assert by_name["Gelöschte Elemente"]["role"] == "trash" and by_name["Gelöschte Elemente"]["hidden"]
    assert by_name["Entwürfe"]["role"] == "drafts"
    assert by_name["INBOX"]["role"] is None
    assert by_name["Archiv/2026/Bußgeld"]["messages"] == 1


def test_messages_fields(filed):
    rows = filed.json("messages", "--user", CLERK, "--folder", "INBOX")
    assert [row["uid"] for row in rows] == [12, 11]  # newest first
    new, old = rows
    assert new["subject"] == "Anhörung BG-2026/42"
    assert new["from"] == "Jörg Rößler <j.roessler@buerger.example>"
    assert new["date"] == "2026-03-03T09:30:00Z"
    assert new["size"] == len(RAW)
    assert (new["seen"], old["seen"]) == (False, True)
    assert new["imported"] is True
    assert TIME.fullmatch(old["date"]), "without a Date header: INTERNALDATE"
    assert len(filed.json("messages", "--user", CLERK, "--folder", "INBOX", "--limit", "1")) == 1
    found = filed.json("messages", "--user", CLERK, "--folder", "INBOX", "--search", "Bußgeldbescheid")
    assert [row["uid"] for row in found] == [12]


def test_import_fields(clerk, mailbox):
    mailbox.fill("INBOX", [Mail(BARE, FIRST_TIME)])
    result = clerk.imported()
    assert {"imported", "known", "failed", "bytes", "folders", "ms_durable", "ms_listed",
            "errors"} <= result.keys()
    assert result["errors"] == [] and result["bytes"] == len(BARE)
    assert "error" not in result


def test_archive_fields(filed, mailbox):
    new, old = sorted(filed.archive(), key=lambda row: row["subject"])
    for row in (new, old):
        assert {"id", "subject", "from", "to", "date", "size", "sha256", "copies", "case", "message_id",
                "attachments", "sources"} <= row.keys()
        assert isinstance(row["id"], int) and TIME.fullmatch(row["date"])
        assert row["case"] == "BG-2026/42"
    assert new["from"] == "Jörg Rößler <j.roessler@buerger.example>"
    assert new["to"] == ["Max Mustermann <m@amt.example>", "Büro <buero@amt.example>"]
    assert new["date"] == "2026-03-03T09:30:00Z"
    assert new["message_id"].strip("<>") == "a.1@buerger.example"
    (attachment,) = new["attachments"]
    assert {"name": "Anhörungsbogen.pdf", "type": "application/pdf", "size": 9}.items() \
        <= attachment.items()
    (source,) = new["sources"]
    assert {"user": CLERK, "mailbox": mailbox.address, "folder": "INBOX", "uid": 12}.items() \
        <= source.items()
    assert source["uidvalidity"] == 1_700_000_000
    assert old["message_id"] is None and old["attachments"] == []


def test_newest_first_and_limit(filed):
    dates = [row["date"] for row in filed.archive()]
    assert dates == sorted(dates, reverse=True)
    assert [row["date"] for row in filed.json("archive", "list", "--limit", "1")] == dates[:1]


def test_show_adds_the_text(filed):
    (number,) = [row["id"] for row in filed.archive() if row["attachments"]]
    row = filed.json("archive", "show", str(number))
    assert isinstance(row, dict)
    assert "Der Einspruch gegen den Bußgeldbescheid." in row["text"]


@pytest.mark.parametrize("words", [
    "Einspruch", "bußgeldbescheid", "BUSSGELDBESCHEID", "anhörungsbogen", "Rößler", "roessler",
    "Einspruch Anhörung"])
def test_search(filed, words):
    found = filed.json("archive", "search", words)
    assert [row["subject"] for row in found] == ["Anhörung BG-2026/42"]


@pytest.mark.parametrize("words", ["gibtesnicht", "Einspruch gibtesnicht", '"', "a OR b", "NEAR(", "*"])
def test_search_finds_nothing_and_understands_no_operators(filed, words):
    assert filed.json("archive", "search", words) == []


def test_attachment(filed, tmp_path):
    (number,) = [row["id"] for row in filed.archive() if row["attachments"]]
    assert filed.ok("archive", "attachment", str(number), "1").stdout == "%PDF-1.4\n"
    target = tmp_path / "anlage.pdf"
    filed.ok("archive", "attachment", str(number), "1", "--output", str(target))
    assert target.read_bytes() == b"%PDF-1.4\n"
    filed.fails(2, "archive", "attachment", str(number), "2")
    filed.fails(2, "archive", "attachment", str(number), "0")


def test_export_writes_into_the_current_folder(filed, tmp_path):
    folder = tmp_path / "ausgabe"
    folder.mkdir()
    (number,) = [row["id"] for row in filed.archive() if row["attachments"]]
    filed.ok("archive", "export", str(number), cwd=folder)
    assert (folder / f"{number}.eml").read_bytes() == RAW


def test_unknown_ids(filed):
    for command in (["show", "4711"], ["export", "4711"], ["show", "abc"], ["show", "-1"],
                    ["delete", "4711", "--reason", "x"], ["assign", "4711", "--case", "x"]):
        filed.fails(2, "archive", *command)


def test_verify_fields(filed):
    result = filed.json("archive", "verify")
    assert (result["checked"], result["damaged"]) == (2, 0)


def test_audit_is_an_array(filed):
    rows = filed.json("audit")
    assert rows and all(TIME.fullmatch(row["time"]) for row in rows)
    assert filed.json("audit", "--since", "2100-01-01") == []


def test_nothing_to_tell_is_an_empty_object(amtspost):
    amtspost.ok("user", "add", CLERK)
    assert amtspost.json("user", "remove", CLERK) == {}

"""Settings through the command line: what holds for whom, what is refused, what stays."""

import concurrent.futures
import os

import pytest
from peers.fake_imap import FakeImap
from runner import ADDRESS, CLERK, MARK, PASSWORD, Amtspost

pytestmark = pytest.mark.sanitized_only

OWN, GLOBAL = MARK + "-eigen", MARK + "-global"


def logins(server: FakeImap) -> list[str]:
    return [line for line in server.commands if " LOGIN " in line or " AUTHENTICATE " in line]


def folders(amtspost: Amtspost) -> None:
    amtspost.json("folders", "--user", CLERK)


@pytest.fixture
def two_servers():
    with FakeImap() as one, FakeImap() as other:
        yield one, other


def test_use_default_on_off_on(amtspost, two_servers):
    ours, offices = two_servers
    with FakeImap() as new_one:
        amtspost.set_server(offices.port, host="127.0.0.1")
        amtspost.add_clerk(use_default=False)
        for key, value in (("imap.host", "127.0.0.1"), ("imap.port", str(ours.port)),
                           ("imap.tls", "none")):
            amtspost.set(key, value, CLERK)
        folders(amtspost)
        assert (ours.connections, offices.connections) == (1, 0)
        amtspost.set("imap.use-default", "true", CLERK)
        folders(amtspost)
        assert (ours.connections, offices.connections) == (1, 1)
        amtspost.set("imap.port", str(new_one.port))  # live: the next connection goes there
        folders(amtspost)
        assert (ours.connections, offices.connections, new_one.connections) == (1, 1, 1)
        amtspost.set("imap.use-default", "false", CLERK)  # the own values are still there
        assert amtspost.get("imap.port", CLERK)["value"] == str(ours.port)
        folders(amtspost)
        assert (ours.connections, offices.connections, new_one.connections) == (2, 1, 1)
        amtspost.set("imap.use-default", "true", CLERK)
        folders(amtspost)
        assert new_one.connections == 2


def test_origins_are_told(amtspost):
    amtspost.add_clerk(password=None)
    row = amtspost.get("imap.port", CLERK)
    assert (row["value"], row["origin"], row["set"]) == ("993", "default", False)
    amtspost.set("imap.port", "1143")
    row = amtspost.get("imap.port", CLERK)
    assert (row["value"], row["origin"], row["set"]) == ("1143", "global", False)
    result = amtspost.ok("settings", "set", "imap.port", "2143", "--user", CLERK)
    assert result.stderr.strip(), "a value without effect for now draws a warning"
    row = amtspost.get("imap.port", CLERK)
    assert (row["value"], row["origin"], row["set"]) == ("1143", "global", True)
    amtspost.set("imap.use-default", "false", CLERK)
    row = amtspost.get("imap.port", CLERK)
    assert (row["value"], row["origin"], row["set"]) == ("2143", "user", True)
    amtspost.ok("settings", "unset", "imap.port", "--user", CLERK)
    assert amtspost.get("imap.port", CLERK)["origin"] == "default"


def test_use_default_is_off_until_switched_on(amtspost, two_servers):
    server, _ = two_servers
    amtspost.add_clerk(use_default=False)
    amtspost.set_server(server.port)
    error = amtspost.fails(3, "folders", "--user", CLERK)
    assert error["code"] == "setup"
    assert server.connections == 0


@pytest.mark.parametrize(
    "use_default, own_name, own_password, wanted_name, wanted_password",
    [
        (True, None, OWN, ADDRESS, OWN),  # a password without a user name takes the account name
        (True, "eigener", OWN, "eigener", OWN),
        (True, None, None, "sammel", GLOBAL),
        (True, "eigener", None, "sammel", GLOBAL),  # a name alone is no origin
        (False, "eigener", OWN, "eigener", OWN),
        (False, None, None, None, None),  # the global password stays at home
        (False, "eigener", None, None, None),
    ])
def test_credentials_come_from_one_origin(amtspost, two_servers, use_default, own_name, own_password,
                                          wanted_name, wanted_password):
    server, _ = two_servers
    amtspost.set_server(server.port, host="127.0.0.1")
    amtspost.set("imap.username", "sammel")
    amtspost.set("imap.password", GLOBAL)
    amtspost.add_clerk(password=own_password, use_default=use_default)
    if own_name:
        amtspost.set("imap.username", own_name, CLERK)
    if not use_default:
        for key, value in (("imap.host", "127.0.0.1"), ("imap.port", str(server.port)),
                           ("imap.tls", "none")):
            amtspost.set(key, value, CLERK)
    if wanted_password:
        folders(amtspost)
        (line,) = logins(server)
        assert wanted_name in line and line.rstrip('"').endswith(wanted_password)
    else:
        assert amtspost.fails(4, "folders", "--user", CLERK)["code"] == "login"
        assert logins(server) == []


def test_preauthenticated_needs_no_login(amtspost):
    with FakeImap(greeting="* PREAUTH welcome\r\n") as server:
        amtspost.add_clerk(password=None)
        amtspost.set_server(server.port)
        folders(amtspost)
        assert logins(server) == []


WRONG = [
    ("imap.port", "0"), ("imap.port", "65536"), ("imap.port", "99x"), ("imap.port", ""),
    ("imap.port", "-1"), ("imap.tls", "tls1.4"), ("imap.tls", "TLS"), ("imap.host", "zwei worte"),
    ("imap.host", "http://mail.example"), ("imap.host", "mail.example:993"), ("imap.host", "a..b"),
    ("imap.proxy.type", "ftp"), ("imap.proxy.port", "70000"), ("network.timeout", "0"),
    ("network.timeout", "601"), ("imap.username", "a\nb"), ("office.name", "a\tb\x01"),
    ("tls.ca-file", "relativ/ca.pem"), ("oauth.authority", "ftp://login.example"),
]
WRONG_USER = [
    ("interface", "exchange"), ("account", "kein-klammeraffe"), ("account", "a@b;c@d"),
    ("account", "a b@example.org"), ("mailboxes", "info@amt.example;unfug"),
    ("imap.use-default", "vielleicht"), ("import.after", "delete"), ("imap.port", "einhundert"),
]


@pytest.mark.parametrize("key, value", WRONG)
def test_wrong_global_value_is_refused(amtspost, key, value):
    error = amtspost.fails(2, "settings", "set", key, value)
    assert error["code"] == "input"
    assert key in error["message"]
    assert not amtspost.get(key)["set"]


@pytest.mark.parametrize("key, value", WRONG_USER)
def test_wrong_user_value_is_refused(amtspost, key, value):
    amtspost.ok("user", "add", CLERK)
    error = amtspost.fails(2, "settings", "set", key, value, "--user", CLERK)
    assert key in error["message"]
    assert not amtspost.get(key, CLERK)["set"]


def test_an_invalid_mailbox_is_named(amtspost):
    amtspost.ok("user", "add", CLERK)
    error = amtspost.fails(2, "settings", "set", "mailboxes", "info@amt.example; unfug", "--user", CLERK)
    assert "unfug" in error["message"] and "Semikolon" not in error["message"]


@pytest.mark.parametrize("separator", [", ", ","])
def test_mailboxes_typed_with_commas(amtspost, separator):
    amtspost.ok("user", "add", CLERK)
    value = separator.join(("info@amt.example", "b@amt.example"))
    error = amtspost.fails(2, "settings", "set", "mailboxes", value, "--user", CLERK)
    assert f"„{value}“" in error["message"]
    assert error["message"].endswith(" Mehrere Adressen trennt ein Semikolon.")


def test_mailboxes_are_tidied(amtspost):
    amtspost.ok("user", "add", CLERK)
    amtspost.set("mailboxes", " info@amt.example ; b@amt.example;INFO@amt.example;", CLERK)
    value = amtspost.get("mailboxes", CLERK)["value"].split(";")
    assert len(value) == 2 and value[1] == "b@amt.example"


def test_unknown_key_user_and_scope(amtspost):
    assert "imap.hots" in amtspost.fails(2, "settings", "set", "imap.hots", "x")["message"]
    assert "niemand" in amtspost.fails(2, "settings", "list", "--user", "niemand")["message"]
    assert "interface" in amtspost.fails(2, "settings", "set", "interface", "standard")["message"]
    amtspost.ok("user", "add", CLERK)
    amtspost.fails(2, "settings", "set", "office.name", "x", "--user", CLERK)


def test_secrets_cannot_be_read_back(amtspost):
    amtspost.add_clerk()
    row = amtspost.get("imap.password", CLERK)
    assert row["secret"] and row["set"] and row["value"] is None


def test_hidden_folders_empty_is_not_unset(clerk, mailbox):
    for name in ("Kalender", "Projekt", "Junk-E-Mail"):
        mailbox.fill(name, [])

    def hidden() -> set[str]:
        return {row["name"] for row in clerk.json("folders", "--user", CLERK, "--all") if row["hidden"]}

    assert hidden() == {"Kalender", "Junk-E-Mail"}
    clerk.set("import.hidden-folders", "Projekt", CLERK)
    assert hidden() == {"Projekt"}
    clerk.set("import.hidden-folders", "", CLERK)
    assert clerk.get("import.hidden-folders", CLERK)["set"]
    assert hidden() == set()
    clerk.ok("settings", "unset", "import.hidden-folders", "--user", CLERK)
    assert hidden() == {"Kalender", "Junk-E-Mail"}


def test_two_administrators_at_once(amtspost):
    amtspost.ok("user", "add", CLERK)
    values = [str(1000 + i) for i in range(20)]

    def change(value: str) -> int:
        return amtspost.run("settings", "set", "imap.port", value).status

    amtspost.start = _locked(amtspost.start)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert set(pool.map(change, values)) == {0}
    assert amtspost.get("imap.port")["value"] in values
    rows = [row for row in amtspost.json("audit") if "imap.port" in str(row)]
    assert len(rows) == len(values), "each change has its own row"


def _locked(start):
    """Runs are numbered: two threads must not take the same number."""
    import threading
    lock = threading.Lock()

    def locked(*arguments, **options):
        with lock:
            return start(*arguments, **options)
    return locked


def test_a_change_is_audited_without_secrets(amtspost):
    amtspost.add_clerk()
    amtspost.set("imap.port", "1143")
    rows = amtspost.json("audit")
    assert all(PASSWORD not in str(row) and MARK not in str(row) for row in rows)
    assert any("imap.port" in str(row) and "1143" in str(row) for row in rows)
    assert any("imap.password" in str(row) for row in rows)


def test_user_names(amtspost):
    for name in ("a", "m.mustermann", "jörg_ö", "a@b.de", "x" * 64):
        amtspost.ok("user", "add", name)
    for name in ("", ".a", "a b", "a/b", "x" * 65, "a;b"):
        amtspost.fails(2, "user", "add", "--", name) if name.startswith("-") else \
            amtspost.fails(2, "user", "add", name)
    assert "M.Mustermann" in amtspost.fails(2, "user", "add", "M.Mustermann")["message"]


def test_locked_user_cannot_use_mail(clerk):
    clerk.ok("user", "lock", CLERK)
    assert clerk.fails(3, "folders", "--user", CLERK)["code"] == "setup"
    clerk.ok("user", "unlock", CLERK)
    folders(clerk)


def test_removed_user_is_gone_and_the_mails_stay(clerk, mailbox):
    from peers.load import make_mails
    mailbox.fill("INBOX", list(make_mails(3, small=True)))
    clerk.imported()
    clerk.ok("user", "remove", CLERK)
    clerk.fails(2, "folders", "--user", CLERK)
    assert len(clerk.archive()) == 3
    assert clerk.json("user", "list") == []


CSV = """name;display_name;admin;archive;interface;account;imap.use-default
a.eins;"Eins; Anna";true;false;standard;a.eins@amt.example;true
b.zwei;Bodo Zwei;;;standard;b.zwei@amt.example;true
"""


def test_user_import(amtspost, tmp_path):
    table = tmp_path / "leute.csv"
    table.write_text("\ufeff" + CSV, encoding="utf-8")
    dry = amtspost.json("user", "import", str(table), "--dry-run")
    assert amtspost.json("user", "list") == []
    done = amtspost.json("user", "import", str(table))
    for row, other in zip(dry, done, strict=True):
        assert {key: row[key] for key in ("name", "account", "interface", "admin")} == \
               {key: other[key] for key in ("name", "account", "interface", "admin")}
    assert [row["name"] for row in done] == ["a.eins", "b.zwei"]
    people = {person["name"]: person for person in amtspost.json("user", "list")}
    assert people["a.eins"]["display_name"] == "Eins; Anna" and people["a.eins"]["admin"]
    assert people["b.zwei"]["account"] == "b.zwei@amt.example" and not people["b.zwei"]["admin"]
    amtspost.fails(2, "user", "import", str(table))  # they exist


@pytest.mark.parametrize("line, named", [
    ("c.drei;C;true;false;standard;keine-adresse;true", "keine-adresse"),
    (".punkt;C;true;false;standard;c@amt.example;true", ".punkt"),
    ("A.EINS;C;true;false;standard;c@amt.example;true", "doppelt"),
    ("c.drei;C;ja-klar;false;standard;c@amt.example;true", "admin"),
])
def test_user_import_is_all_or_nothing(amtspost, tmp_path, line, named):
    table = tmp_path / "leute.csv"
    table.write_text(CSV + line + "\n", encoding="utf-8")
    message = amtspost.fails(2, "user", "import", str(table))["message"]
    assert named in message and "Zeile 4" in message
    assert amtspost.json("user", "list") == []


def test_user_import_refuses_secret_columns(amtspost, tmp_path):
    table = tmp_path / "leute.csv"
    table.write_text(f"name;imap.password\na.eins;{PASSWORD.replace(chr(34), '')}\n", encoding="utf-8")
    assert "imap.password" in amtspost.fails(2, "user", "import", str(table))["message"]


def test_user_import_names_all_bad_rows(amtspost, tmp_path):
    amtspost.ok("user", "add", "da")
    table = tmp_path / "leute.csv"
    table.write_text("name;admin\n.punkt;\nDA;\nneu;x\n;\n" + ".y;\n" * 300, encoding="utf-8")
    result = amtspost.run("--json", "user", "import", str(table))
    assert result.status == 2 and result.error["code"] == "input"
    rows = result.json["errors"]
    assert [row["line"] for row in rows[:3]] == [2, 3, 4] and len(rows) == 303
    assert "DA" in rows[1]["message"]
    result = amtspost.run("user", "import", str(table))
    assert "Zeile 3: " in result.stdout and "103 weitere" in result.stdout
    assert "303" in result.stderr
    assert len(amtspost.json("user", "list")) == 1


@pytest.mark.parametrize("content, condition", [
    ("name\nMüller\n".encode("latin-1"), "csv-encoding"), ("name\nanna\n".encode("utf-16"), "csv-encoding"),
    (b"name\n" + b"x" * 9_000_000, "csv-too-large")])
def test_user_import_tells_what_is_wrong_with_the_file(amtspost, tmp_path, content, condition):
    table = tmp_path / "leute.csv"
    table.write_bytes(content)
    assert amtspost.fails(2, "user", "import", str(table))["condition"] == condition


def warnings(amtspost, *arguments: str) -> list[str]:
    return amtspost.json("settings", "set", *arguments).get("warnings", [])


def test_values_without_effect_are_told(amtspost, certificate, tmp_path):
    amtspost.add_clerk(password=None)
    (text,) = warnings(amtspost, "imap.port", "2143", "--user", CLERK)
    assert "Verwende Default IMAP" in text
    assert warnings(amtspost, "smtp.port", "2587", "--user", CLERK) == []
    amtspost.set("smtp.use-default", "true", CLERK)
    (text,) = warnings(amtspost, "smtp.port", "2588", "--user", CLERK)
    assert "Verwende Default SMTP" in text
    amtspost.set("interface", "office365", CLERK)
    (text,) = warnings(amtspost, "imap.tls", "tls1.3", "--user", CLERK)
    assert "Office 365" in text
    (text,) = warnings(amtspost, "oauth.token-folder", "/srv/token")
    assert "{user}" in text
    assert warnings(amtspost, "oauth.token-folder", "/srv/{user}") == []
    broken = tmp_path / "ca.pem"
    assert len(warnings(amtspost, "tls.ca-file", str(broken))) == 1
    broken.write_text("kein Zertifikat")
    (text,) = warnings(amtspost, "tls.ca-file", str(broken))
    assert "PEM" in text
    assert amtspost.get("tls.ca-file")["value"] == str(broken), "stored all the same"
    assert warnings(amtspost, "tls.ca-file", str(certificate.certificate)) == []
    broken.write_text("-----BEGIN CERTIFICATE-----\nkeins\n-----END CERTIFICATE-----\n")
    assert len(warnings(amtspost, "tls.ca-file", str(broken))) == 1
    (text,) = warnings(amtspost, "tls.ca-file", str(certificate.key))
    assert "privaten Schlüssel" in text and amtspost.get("tls.ca-file")["value"] == str(certificate.key)
    broken.write_text(certificate.certificate.read_text() + certificate.key.read_text())
    (text,) = warnings(amtspost, "tls.ca-file", str(broken))
    assert "privaten Schlüssel" in text
    assert len(warnings(amtspost, "tls.ca-file", str(tmp_path))) == 1
    pipe = tmp_path / "pipe.pem"
    os.mkfifo(pipe)
    assert len(warnings(amtspost, "tls.ca-file", str(pipe))) == 1


def test_an_interface_without_an_account_is_told(amtspost):
    amtspost.ok("user", "add", CLERK)
    assert warnings(amtspost, "interface", "disabled", "--user", CLERK) == []
    for interface in ("standard", "office365"):
        (text,) = warnings(amtspost, "interface", interface, "--user", CLERK)
        assert "noch unvollständig" in text and "(account)" in text
    assert warnings(amtspost, "account", ADDRESS, "--user", CLERK) == []
    assert warnings(amtspost, "interface", "standard", "--user", CLERK) == []
    assert amtspost.json("settings", "unset", "account", "--user", CLERK)["warnings"] == [text]


def test_moving_to_nowhere_is_told(amtspost):
    amtspost.add_clerk(password=None)
    (text,) = warnings(amtspost, "import.after", "move", "--user", CLERK)
    assert "import.after-folder" in text and "wird nichts importiert" in text
    assert text in " ".join(amtspost.ok("settings", "set", "import.after", "move", "--user", CLERK).stderr.split())
    assert warnings(amtspost, "import.after-folder", "Erledigt", "--user", CLERK) == []
    assert warnings(amtspost, "import.after", "move", "--user", CLERK) == []
    assert warnings(amtspost, "import.after-folder", "", "--user", CLERK) == [text]
    assert amtspost.json("settings", "unset", "import.after-folder", "--user", CLERK)["warnings"] == [text]
    assert warnings(amtspost, "import.after", "seen", "--user", CLERK) == []
    assert warnings(amtspost, "import.after-folder", "", "--user", CLERK) == []


def test_the_audit_tells_what_was_lost(amtspost):
    amtspost.ok("user", "add", CLERK, "--archive", "--display-name", "Maria Muster")
    amtspost.set("account", ADDRESS, CLERK)
    amtspost.ok("user", "remove", CLERK)
    rows = {row["action"]: row for row in amtspost.json("audit")}
    assert "Maria Muster" in rows["user.add"]["detail"] and "archive" in rows["user.add"]["detail"]
    assert ADDRESS in rows["user.remove"]["detail"]
    text = amtspost.ok("audit").stdout
    assert "Benutzer entfernt" in text and "Einstellung geändert" in text

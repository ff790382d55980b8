"""Who can sign in: refusals are shared and told, successes are on record."""

import pytest
from page_office import execute
from peers.fake_imap import FakeImap
from runner import CLERK, MARK, PASSWORD


def refuse(connection, tag, _arguments):
    connection.send(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")


@pytest.fixture
def server():
    with FakeImap({"LOGIN": refuse}) as fake:
        yield fake


def state(amtspost, user=CLERK) -> dict:
    return amtspost.json("user", "show", user)


def test_a_shared_pair_is_refused_once_for_all(amtspost, server):
    amtspost.set_server(server.port)
    amtspost.set("imap.username", "sammel")
    amtspost.set("imap.password", PASSWORD)
    amtspost.add_clerk(password=None)
    amtspost.add_clerk("zweite", "zweite@amt.example", password=None)
    first = amtspost.fails(4, "folders", "--user", CLERK)
    second = amtspost.fails(4, "folders", "--user", "zweite")
    assert server.connections == 1, "the shared account was tried twice"
    assert (first["condition"], second["condition"]) == \
           ("login-refused-shared", "login-refused-shared-before")
    assert "settings set imap.password -“" in first["advice"]
    assert [person["sign_in"] for person in amtspost.json("user", "list")] == ["refused", "refused"]
    del server.handlers["LOGIN"]
    amtspost.set("imap.password", MARK + "-neu")
    amtspost.ok("folders", "--user", "zweite")
    assert state(amtspost)["sign_in"] == "ok"


def test_a_global_password_with_different_names_is_not_shared(amtspost, server):
    amtspost.set_server(server.port)
    amtspost.set("imap.password", PASSWORD)
    amtspost.add_clerk(password=None)
    amtspost.add_clerk("zweite", "zweite@amt.example", password=None)
    amtspost.fails(4, "folders", "--user", CLERK)
    amtspost.fails(4, "folders", "--user", "zweite")
    assert server.connections == 2
    amtspost.fails(4, "folders", "--user", CLERK)
    assert server.connections == 2


def test_states_and_their_reasons(amtspost, server):
    amtspost.ok("user", "add", CLERK)
    assert state(amtspost)["sign_in"] == "disabled"
    amtspost.set("interface", "standard", CLERK)
    person = state(amtspost)
    assert person["sign_in"] == "incomplete" and "Kontoname" in person["sign_in_reason"]
    amtspost.set("account", "a@amt.example", CLERK)
    amtspost.set("imap.use-default", "true", CLERK)
    amtspost.set_server(server.port)
    assert state(amtspost)["sign_in"] == "missing"
    amtspost.set("imap.password", PASSWORD, CLERK)
    assert state(amtspost)["sign_in"] == "unknown"
    error = amtspost.fails(4, "folders", "--user", CLERK)
    assert error["condition"] == "login-refused"
    person = state(amtspost)
    assert person["sign_in"] == "refused" and person["sign_in_since"] and person["sign_in_reason"]
    assert amtspost.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused-before"
    del server.handlers["LOGIN"]
    amtspost.set("imap.password", MARK + "-neu", CLERK)
    assert state(amtspost)["sign_in"] == "unknown"
    for _ in range(2):
        amtspost.ok("folders", "--user", CLERK)
    person = state(amtspost)
    assert person["sign_in"] == "ok" and person["sign_in_since"] and person["sign_in_reason"] is None
    text = amtspost.ok("user", "show", CLERK).stdout
    assert "in Ordnung" in text and "Standard (IMAP/SMTP)" in text
    actions = [row["action"] for row in amtspost.json("audit")]
    assert actions.count("sign-in.refused") == 1 and actions.count("sign-in.ok") == 1


def test_a_removed_user_leaves_no_record(clerk):
    clerk.ok("folders", "--user", CLERK)
    assert state(clerk)["sign_in"] == "ok"
    clerk.ok("user", "remove", CLERK)
    clerk.ok("user", "add", CLERK)
    assert state(clerk)["sign_in"] == "disabled"


def test_five_hundred_people_are_listed_at_once(amtspost, tmp_path):
    table = tmp_path / "leute.csv"
    table.write_text("name;interface;account;imap.use-default\n" + "".join(
        f"person{i};standard;person{i}@amt.example;true\n" for i in range(500)))
    amtspost.set_server(143)
    amtspost.set("imap.password", PASSWORD)
    amtspost.ok("user", "import", str(table))
    result = amtspost.ok("--json", "user", "list")
    assert {person["sign_in"] for person in result.json} == {"unknown"}
    print(f"{result.seconds:.2f} s")
    assert result.seconds < 5


# ---- the last use ----


def test_a_server_that_fails_for_all_is_told(amtspost, server):
    """Whatever its status, the last failure is on record, until mail works again."""
    del server.handlers["LOGIN"]
    amtspost.set_server(server.port, timeout=5)
    amtspost.add_clerk()
    assert state(amtspost)["last_success"] is None
    amtspost.ok("folders", "--user", CLERK)
    good = state(amtspost)
    assert good["sign_in"] == "ok" and good["last_success"] and good["last_failure"] is None
    amtspost.set("imap.port", "1")
    changed = state(amtspost)
    assert changed["sign_in"] == "unknown" and "Seit der Änderung" in changed["sign_in_reason"]
    error = amtspost.fails(5, "folders", "--user", CLERK)
    failed = state(amtspost)
    assert failed["sign_in"] == "failed" and failed["sign_in_reason"] == error["message"]
    assert failed["last_failure"] and failed["last_failure_reason"] == error["message"]
    assert failed["last_success"] == good["last_success"]
    text = amtspost.ok("user", "list").stdout
    assert "Braucht Hilfe" in text and "zuletzt gescheitert" in text
    amtspost.set("imap.host", "gibt-es-nicht.invalid")
    assert state(amtspost)["sign_in"] == "unknown"
    unknown = amtspost.run("--json", "import", "--user", CLERK).error
    assert state(amtspost)["sign_in_reason"] == unknown["message"]
    amtspost.set_server(server.port, timeout=5)
    amtspost.ok("folders", "--user", CLERK)
    person = state(amtspost)
    assert person["sign_in"] == "ok" and person["sign_in_reason"] is None
    assert person["last_failure_reason"] == unknown["message"], "the last failure is still told"


def test_a_failed_check_and_login_are_on_record(amtspost, server):
    amtspost.set_server(1, timeout=5)
    amtspost.add_clerk()
    amtspost.run("check", "--user", CLERK)
    checked = state(amtspost)
    assert checked["sign_in"] == "failed"
    amtspost.set("imap.password", MARK + "-neu", CLERK)
    assert "Seit der Änderung" in state(amtspost)["sign_in_reason"]
    amtspost.ok("login", "--user", CLERK, stdin=PASSWORD + "\n")
    person = state(amtspost)
    assert person["sign_in"] == "failed" and person["sign_in_reason"] == checked["sign_in_reason"]
    assert "noch nicht geprüft" in amtspost.ok("login", "status", "--user", CLERK).stdout


def test_wrong_use_is_nobodys_failure(amtspost, server):
    del server.handlers["LOGIN"]
    amtspost.set_server(server.port)
    amtspost.add_clerk()
    amtspost.ok("folders", "--user", CLERK)
    amtspost.run("messages", "--user", CLERK, "--folder", "gibt es nicht")
    amtspost.run("folders", "--user", CLERK, "--mailbox", "fremd@amt.example")
    person = state(amtspost)
    assert person["sign_in"] == "ok" and person["last_failure"] is None


def test_the_same_again_writes_nothing(amtspost, server):
    del server.handlers["LOGIN"]
    amtspost.set_server(server.port)
    amtspost.add_clerk()

    def changes() -> list[tuple]:
        return execute(amtspost, "SELECT succeeded, failing, failed FROM mail_uses")

    amtspost.ok("folders", "--user", CLERK)
    execute(amtspost, "UPDATE mail_uses SET succeeded = succeeded - 30")
    before = changes()
    amtspost.ok("folders", "--user", CLERK)
    assert changes() == before
    execute(amtspost, "UPDATE mail_uses SET succeeded = succeeded - 60")
    amtspost.ok("folders", "--user", CLERK)
    assert changes() > before

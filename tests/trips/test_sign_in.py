"""Who can sign in: refusals are shared and told, successes are on record."""

import pytest
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
    assert result.seconds < 2

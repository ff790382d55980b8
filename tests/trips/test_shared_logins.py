"""Credentials of their own for further mailboxes: checked, stored, refused, forgotten, never told."""

import re
import sqlite3
from contextlib import closing

import pytest
from leaks import all_bytes, forms
from peers.dovecot import free_port
from peers.fake_imap import FakeImap
from runner import CLERK, MARK, PASSWORD
from sharing import OWN_PASSWORD, AuthorizedScene, NamespaceScene, OwnScene, StandardScene, mail, spelled
from terminal import Terminal

pytestmark = pytest.mark.sanitized_only

WRONG = MARK + "-falsch"


class Strangers(StandardScene):
    """Mailboxes to which nothing leads yet."""

    def give(self, box) -> None:
        pass


@pytest.fixture
def strangers(make_scene, tmp_path):
    with make_scene(Strangers, tmp_path) as made:
        made.use(*made.addresses[1:])
        yield made


@pytest.fixture
def own(make_scene, tmp_path):
    with make_scene(OwnScene, tmp_path) as made:
        made.use(*made.addresses[1:])
        yield made


def login(scene, address: str, password: str, *arguments: str):
    return scene.clerk.run("--json", "login", "--user", CLERK, "--mailbox", address, *arguments,
                           stdin=password + "\n")


def attempts(scene, box) -> list[bool]:
    """Logins that brought BOX's password: whether each was accepted."""
    return [one.accepted for one in scene.server.logins() if one.authenticated == box.address]


def opens(scene, box) -> bool:
    return scene.clerk.run("folders", "--user", CLERK, "--mailbox", box.address).status == 0


def test_the_right_password(strangers):
    box = strangers.given[0]
    assert not opens(strangers, box)
    run = login(strangers, box.address.upper(), OWN_PASSWORD)
    assert run.status == 0, run.stdout
    assert run.json["identity"] == strangers.addresses[1], "the user name is the address by default"
    assert run.json["account"] == strangers.addresses[0]
    assert run.json["imap"] == {"ok": True, "reason": None, "message": None}
    assert run.json["smtp"]["ok"] is None, "mails are sent by the main user"
    assert run.json["mailboxes"] == [
        {"address": strangers.addresses[1], "ok": True, "reason": None, "message": None}]
    assert opens(strangers, box) and not opens(strangers, strangers.given[1])
    assert attempts(strangers, box) == [True, True]


def test_a_wrong_password_is_not_stored_and_the_former_stays(own):
    box = own.given[0]
    run = login(own, box.address, WRONG)
    assert run.status == 4 and run.error["condition"] == "mailbox-login-not-stored"
    assert box.address.casefold() in run.error["message"].casefold()
    assert run.json["imap"]["ok"] is run.json["mailboxes"][0]["ok"] is False
    assert opens(own, box)
    assert attempts(own, box) == [True, False, True]


def test_a_first_wrong_password_leaves_nothing(strangers):
    box = strangers.given[0]
    assert login(strangers, box.address, WRONG).status == 4
    run = strangers.run_import("--mailbox", box.address)
    assert run.status == 6, "the other ways are tried"
    assert attempts(strangers, box) == [False]


def test_another_user_name(strangers):
    """The mailbox that opens is whose the name is."""
    first, second = strangers.given
    strangers.fill(second, inbox=[mail("zweite")])
    run = login(strangers, first.address, OWN_PASSWORD, "--username", second.address)
    assert run.status == 0 and run.json["identity"] == second.address
    assert strangers.run_import("--mailbox", first.address).json["imported"] == 1
    assert attempts(strangers, first) == [] and len(attempts(strangers, second)) == 2
    error = strangers.clerk.fails(2, "login", "--user", CLERK, "--mailbox", first.address,
                                  "--username", "a\nb", stdin=OWN_PASSWORD)
    assert error["condition"] != "mailbox-unknown"
    error = strangers.clerk.fails(2, "login", "--user", CLERK, "--username", "x", stdin=OWN_PASSWORD)
    assert "--mailbox" in error["message"]


def test_out_of_reach_it_is_stored_as_unchecked(strangers):
    box = strangers.given[0]
    strangers.clerk.set("imap.port", str(free_port()))
    run = login(strangers, box.address, OWN_PASSWORD)
    assert run.status == 0 and run.json["imap"]["ok"] is None
    assert run.json["imap"]["reason"] == run.json["mailboxes"][0]["reason"] == "unchecked"
    strangers.clerk.set("imap.port", str(strangers.relay.port))
    assert opens(strangers, box)


@pytest.mark.parametrize("password", ["", "a\tb"])
def test_passwords_that_are_none(own, password):
    assert login(own, own.given[0].address, password).status == 2
    assert opens(own, own.given[0])


def test_the_main_mailbox_has_none(strangers):
    error = strangers.clerk.fails(2, "login", "--user", CLERK, "--mailbox", strangers.main.address,
                                  stdin=PASSWORD)
    assert "Hauptpostfach" in error["message"]
    assert strangers.relay.connections == 0


def test_with_office365_there_are_none(clerk365):
    clerk365.amtspost.set("mailboxes", "info@amt365.example", CLERK)
    error = clerk365.amtspost.fails(2, "login", "--user", CLERK, "--mailbox", "info@amt365.example",
                                    stdin=OWN_PASSWORD)
    assert "Office 365" in error["message"]


def test_refused_credentials_are_not_tried_again(own):
    """No other way either: until login --mailbox the mailbox is left alone, and the others go on."""
    box, other = own.given
    own.fill(other, inbox=[mail("andere")])
    own.server.set_password(box.address, MARK + "-neu")
    run = own.run_import()
    assert run.status == 6 and run.json["imported"] == 1
    assert [error["mailbox"] for error in run.json["errors"]] == [own.addresses[1]]
    assert attempts(own, box) == [True, False]
    logins = len(own.server.logins())
    for _ in range(2):
        run = own.run_import()
        assert run.status == 6 and own.lost in run.json["errors"][0]["reason"]
        error = own.clerk.fails(4, "import", "--user", CLERK, "--mailbox", box.address)
        assert error["condition"] == "mailbox-login-refused"
        assert box.address.casefold() in error["message"].casefold()
        assert "--mailbox" in error["advice"]
    assert attempts(own, box) == [True, False]
    assert len(own.server.logins()) == logins + 4, "two imports of the main and of the other mailbox"
    assert login(own, box.address, WRONG).status == 4
    assert attempts(own, box) == [True, False, False]
    assert not opens(own, box) and attempts(own, box) == [True, False, False]
    assert login(own, box.address, MARK + "-neu").status == 0
    assert opens(own, box)


def test_the_sign_in_tries_what_was_refused(own):
    """A person asked for it; the report tells what each mailbox answered."""
    box = own.given[0]
    own.server.set_password(box.address, MARK + "-neu")
    assert not opens(own, box)
    run = own.login()
    told = {entry["address"]: entry["ok"] for entry in run.json["mailboxes"]}
    assert run.status == 6
    assert told == {own.addresses[0]: True, own.addresses[1]: False, own.addresses[2]: True}
    own.server.set_password(box.address, OWN_PASSWORD)
    assert own.login().status == 0
    assert opens(own, box)


def test_forgetting(own):
    first, second = own.given

    def remove(*arguments: str) -> bool:
        return own.clerk.json("login", "remove", "--user", CLERK, *arguments)["removed"]

    assert remove("--mailbox", first.address.upper())
    assert not remove("--mailbox", first.address)
    assert not opens(own, first) and opens(own, second)
    own.clerk.ok("folders", "--user", CLERK, "--mailbox", own.main.address)
    assert remove()
    own.clerk.fails(4, "folders", "--user", CLERK, "--mailbox", own.main.address)
    own.clerk.set("imap.password", PASSWORD, CLERK)
    assert not opens(own, second), "all were forgotten"


def test_credentials_are_one_users(own):
    """Another clerk with the same mailbox has none."""
    own.clerk.ok("user", "add", "zweite")
    for key, value in (("interface", "standard"), ("account", own.main.address), ("imap.use-default", "true"),
                       ("mailboxes", own.given[0].address), ("imap.password", PASSWORD)):
        own.clerk.set(key, value, "zweite")
    own.clerk.fails(6, "folders", "--user", "zweite", "--mailbox", own.given[0].address)
    assert opens(own, own.given[0])


def test_no_secret_in_any_file(own):
    login(own, own.given[0].address, WRONG)
    own.server.set_password(own.given[1].address, MARK + "-neu")
    own.run_import()
    own.clerk.run("settings", "list", "--user", CLERK)
    own.clerk.run("login", "status", "--user", CLERK)
    own.clerk.run("audit")
    found = all_bytes(own.clerk.data)
    assert any(own.given[0].address.encode() in content for content in found.values())
    for path, content in found.items():
        for secret in (OWN_PASSWORD, WRONG, PASSWORD):
            assert not any(form in content for form in forms(secret)), f"a secret in {path}"


def test_what_the_log_says(own):
    first, second = own.given
    login(own, first.address, WRONG)
    own.server.set_password(second.address, MARK + "-neu")
    own.run_import()
    own.run_import()
    own.clerk.ok("login", "remove", "--user", CLERK, "--mailbox", first.address)
    rows = [(row["action"], row["detail"].casefold()) for row in own.clerk.json("audit")
            if row["action"].startswith(("login", "sign-in"))]
    assert sorted(rows) == sorted([
        ("login.mailbox", first.address), ("login.mailbox", second.address),
        ("sign-in.refused", first.address), ("sign-in.refused", second.address),
        ("login.remove", first.address)])


def test_a_sealed_password_opens_for_its_mailbox_alone(own):
    """What is stored for one mailbox is of no use in another's row."""
    first, second = own.given
    with closing(sqlite3.connect(own.clerk.data / "amtspost.db")) as store, store:
        store.execute("UPDATE mailbox_logins SET password = (SELECT password FROM mailbox_logins WHERE"
                      " mailbox = ?) WHERE mailbox = ?", (first.address, second.address))
    assert opens(own, first)
    run = own.clerk.run("--json", "folders", "--user", CLERK, "--mailbox", second.address)
    assert run.error["condition"] == "mailbox-secret" and second.address in run.error["advice"].lower()
    assert attempts(own, second) == [True], "it was not sent"
    everything = own.clerk.run("folders", "--user", CLERK)
    assert everything.status == 6 and spelled(first.address) in everything.stdout, everything.stdout
    terminal = Terminal(own.clerk, "folders", "--user", CLERK, "--mailbox", second.address)
    terminal.wait_for(rf"Kennwort von {spelled(second.address)}")
    terminal.type(OWN_PASSWORD + "\n")
    assert terminal.finish() == 0, terminal.text


def test_a_person_is_asked_for_the_mailboxs_password(own):
    box = own.given[0]
    own.server.set_password(box.address, MARK + "-neu")
    terminal = Terminal(own.clerk, "folders", "--user", CLERK, "--mailbox", box.address)
    terminal.wait_for("eigenen Zugangsdaten")
    terminal.wait_for(rf"Kennwort von {spelled(box.address)}")
    terminal.type(MARK + "-neu\n")
    assert terminal.finish() == 0, terminal.text
    assert "INBOX" in terminal.text


def calls(text: str) -> list[str]:
    """The calls that TEXT advises, with blanks in place of line ends."""
    return re.findall(r"„(amtspost [^“]*)“", text.replace("\n", " "))


def test_the_advice_is_to_sign_in_to_that_mailbox(own):
    """Not to the user's own account: the person would type the mailbox's password there."""
    box = own.given[0]
    address = own.addresses[1]
    call = f"amtspost login --user {CLERK} --mailbox {address}"
    for arguments, expected in (((), call), (("--username", "bussgeld"), f"{call} --username bussgeld"),
                                (("--username", "amt bau"), f"{call} --username 'amt bau'")):
        run = login(own, box.address, WRONG, *arguments)
        assert calls(run.error["advice"]) == [expected]
        run = own.clerk.run("login", "--user", CLERK, "--mailbox", box.address, *arguments, stdin=WRONG)
        assert calls(run.stderr) == [expected]
    own.server.set_password(box.address, MARK + "-neu")
    for _ in range(2):  # by the server, and from memory
        error = own.clerk.fails(4, "folders", "--user", CLERK, "--mailbox", box.address)
        assert calls(error["advice"]) == [call]
    terminal = Terminal(own.clerk, "folders", "--user", CLERK, "--mailbox", box.address)
    terminal.wait_for("Kennwort von .*: ")
    terminal.type(WRONG + "\n")
    assert terminal.finish() == 4
    assert calls(terminal.text)[-1] == call


def test_the_status_tells_of_further_mailboxes(own):
    """Those with credentials of their own, and those that the server refused; of others there is nothing."""
    def known() -> dict[str, tuple[str | None, bool, bool]]:
        return {entry["address"]: (entry["username"], entry["refused"] is not None, entry["usable"])
                for entry in own.clerk.json("login", "status", "--user", CLERK)["mailboxes"]}

    first, second = own.addresses[1:]
    assert known() == {first: (first, False, True), second: (second, False, True)}
    own.server.set_password(own.given[0].address, MARK + "-neu")
    own.use_all()
    assert own.run_import().status == 6
    found = known()
    assert found[first] == (first, True, False) and found[second] == (second, False, True)
    assert found[own.denied] == (None, True, False)
    lines = own.clerk.ok("login", "status", "--user", CLERK).stdout.splitlines()
    assert f"Postfach {second}: eigene Zugangsdaten von „{second}“" in lines
    assert any(line.startswith(f"Postfach {first}: eigene Zugangsdaten von „{first}“, abgelehnt am ")
               for line in lines)
    assert any(re.fullmatch(rf"Postfach {own.denied}: Zugriff abgelehnt am .* Uhr; Amtspost fragt erst um .* Uhr "
                            "wieder", line) for line in lines)


def test_another_user_name_stays(own):
    """Asked for the password alone, on the way; and in the advice."""
    first, second = own.given
    assert login(own, first.address, OWN_PASSWORD, "--username", second.address).status == 0
    own.server.set_password(second.address, MARK + "-neu")
    call = f"amtspost login --user {CLERK} --mailbox {own.addresses[1]} --username {second.address}"
    error = own.clerk.fails(4, "folders", "--user", CLERK, "--mailbox", first.address)
    assert calls(error["advice"]) == [call]
    for password, status in ((WRONG, 4), (MARK + "-neu", 0)):
        terminal = Terminal(own.clerk, "folders", "--user", CLERK, "--mailbox", first.address)
        terminal.wait_for("Kennwort von .*: ")
        terminal.type(password + "\n")
        assert terminal.finish() == status, terminal.text
        assert status == 0 or calls(terminal.text)[-1] == call


# The user's own password, with which further mailboxes open


def refused_logins(scene) -> int:
    """Logins that brought the main password and were refused."""
    return sum(one.authenticated == scene.main.address and not one.accepted
               for one in scene.server.logins())


@pytest.mark.parametrize("way", [NamespaceScene, AuthorizedScene, OwnScene])
def test_a_changed_password_opens_all(make_scene, tmp_path, way):
    """The further mailboxes are tried with what was just typed: the former password would lock the account."""
    with make_scene(way, tmp_path) as scene:
        scene.use(*scene.addresses[1:])
        scene.server.set_password(scene.main.address, MARK + "-neu")
        before = refused_logins(scene)
        run = scene.clerk.run("--json", "login", "--user", CLERK, stdin=MARK + "-neu\n")
        assert refused_logins(scene) == before
        assert run.status == 0, run.stdout
        assert [entry["ok"] for entry in run.json["mailboxes"]] == [True] * 3
        assert scene.run_import().status == 0


def test_a_changed_password_on_the_way(make_scene, tmp_path):
    """The import that finds the change asks for the new one, and opens all with it."""
    with make_scene(AuthorizedScene, tmp_path) as scene:
        scene.use(*scene.addresses[1:])
        scene.server.set_password(scene.main.address, MARK + "-neu")
        before = refused_logins(scene)
        terminal = Terminal(scene.clerk, "import", "--user", CLERK)
        terminal.wait_for("Kennwort von .*: ")
        terminal.type(MARK + "-neu\n")
        assert terminal.finish() == 0, terminal.text
        assert refused_logins(scene) == before + 1, "by the import itself"
        assert terminal.text.count("geöffnet") == 3


def test_the_first_password_opens_all_though_smtp_refuses_it(make_scene, tmp_path, fake_smtp):
    with make_scene(AuthorizedScene, tmp_path) as scene:
        scene.use(*scene.addresses[1:])
        for key, value in (("host", "localhost"), ("port", str(fake_smtp.port)), ("tls", "none")):
            scene.clerk.set(f"smtp.{key}", value)
        scene.clerk.set("smtp.use-default", "true", CLERK)
        scene.clerk.ok("login", "remove", "--user", CLERK)
        fake_smtp.passwords = {scene.addresses[0]: MARK + "-smtp"}
        run = scene.login()
        assert run.status == 4 and run.json["smtp"]["ok"] is False
        assert [entry["ok"] for entry in run.json["mailboxes"]] == [True] * 3


def test_a_server_that_changes_its_mind_is_asked_once_more(amtspost):
    """After the main password was refused no further mailbox is tried with it."""
    tried = []

    def refuse_later(connection, tag, _arguments):
        tried.append(tag)
        if len(tried) == 1:
            connection.ok(tag)
        else:
            connection.send(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")

    with FakeImap({"LOGIN": refuse_later}) as server:
        amtspost.add_clerk(password=None)
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", "a@amt.example;b@amt.example;c@amt.example", CLERK)
        run = amtspost.run("--json", "login", "--user", CLERK, stdin=PASSWORD)
        assert len(tried) == 2, run.stdout
        assert [entry["ok"] for entry in run.json["mailboxes"]] == [True, False, False, False]

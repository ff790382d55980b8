"""Further mailboxes: what is asked for by name, what is hidden, what happens on the server."""

import base64
import json

import pytest
from mailbox_on_disk import Mailbox
from peers.fake_imap import FakeImap, tls_context
from runner import ADDRESS, CLERK
from sharing import (
    NO_RIGHT,
    AuthorizedScene,
    DottedNamespaceScene,
    NamespaceScene,
    OwnScene,
    Scene,
    TokenScene,
    mail,
    spelled,
)

pytestmark = pytest.mark.sanitized_only


def use_given(scene: Scene) -> None:
    scene.use(*scene.addresses[1:])


def sources(scene: Scene) -> dict[str, set[tuple[str, str]]]:
    """subject -> where it was found"""
    return {subject: {(mailbox, folder) for mailbox, folder, _ in places}
            for subject, (places, _) in scene.filed().items()}


# What is asked for by name


def test_addresses_in_any_case(shared):
    first, second = shared.given
    shared.fill(first, inbox=[mail("erste")])
    shared.fill(second, inbox=[mail("zweite")])
    run = shared.run_import("--mailbox", first.address.upper(), "--mailbox", first.address)
    assert run.status == 0 and run.json["imported"] == 1 and run.json["folders"] == 2
    assert sources(shared) == {"erste": {(shared.addresses[1], "INBOX")}}


def test_another_spelling_is_the_same_mailbox(shared):
    """An administrator writes the address anew: nothing is fetched again."""
    shared.fill(shared.given[0], inbox=[mail("erste")], archive=[mail("alte")])
    use_given(shared)
    assert shared.run_import().json["imported"] == 2
    shared.use(shared.given[0].address.upper(), shared.addresses[2])
    shared.relay.record = True
    run = shared.run_import()
    assert run.status == 0 and run.json["imported"] == run.json["known"] == 0
    assert b"FETCH" not in shared.relay.client_bytes.upper()


def test_unknown_addresses(shared):
    for command in (["folders"], ["messages", "--folder", "INBOX"], ["import"], ["login"],
                    ["import", "--mailbox", shared.addresses[1]]):
        error = shared.clerk.fails(2, *command, "--user", CLERK, "--mailbox", "fremd@andere.example",
                                   stdin="x\n")
        assert error["condition"] == "mailbox-unknown" and "fremd@andere.example" in error["message"]
    assert not shared.relay.connections


def test_uids_need_one_mailbox(shared):
    shared.fill(shared.given[0], inbox=[mail("eins"), mail("zwei")])
    two = [part for address in shared.addresses[1:] for part in ("--mailbox", address)]
    for mailboxes in ([], two):
        error = shared.clerk.fails(2, "import", "--user", CLERK, "--folder", "INBOX", "--uids", "2",
                                   *mailboxes)
        assert "--mailbox" in error["message"]
    run = shared.run_import("--folder", "INBOX", "--uids", "2", "--mailbox", shared.addresses[1])
    assert run.status == 0
    assert sources(shared) == {"zwei": {(shared.addresses[1], "INBOX")}}


def test_a_folder_that_one_of_several_has(shared):
    shared.fill(shared.given[1], archive=[mail("alte")], inbox=[mail("neue")])
    use_given(shared)
    run = shared.run_import("--folder", "Archiv/2026")
    assert run.status == 0 and run.json["errors"] == []
    assert sources(shared) == {"alte": {(shared.addresses[2], "Archiv/2026")}}
    error = shared.clerk.fails(2, "import", "--user", CLERK, "--folder", "Gibt/es nicht")
    assert error["condition"] == "folder-unknown"
    assert error["message"] == (f"Im Postfach „{shared.addresses[0]}“ und in den weiteren gibt es keinen Ordner "
                                "„Gibt/es nicht“, oder er ist nicht freigegeben.")
    error = shared.clerk.fails(2, "import", "--user", CLERK, "--folder", "ARCHIV/2026")
    assert error["advice"].endswith("Meinten Sie „Archiv/2026“?"), "where there is one, its mailbox is named"
    assert f"„{shared.addresses[1]}“ gibt es" in error["message"]


def test_a_folder_is_missed_in_a_mailbox_that_is_named(shared):
    shared.fill(shared.given[1], archive=[mail("alte")])
    run = shared.run_import("--folder", "Archiv/2026", "--mailbox", shared.main.address,
                            "--mailbox", shared.addresses[2])
    assert run.status == 6 and run.json["imported"] == 1
    assert [(error["mailbox"], error["folder"]) for error in run.json["errors"]] == [
        (shared.addresses[0], "Archiv/2026")]


# What is hidden


def test_a_hidden_mailbox(shared):
    """Left out of everything, but imported when it is named."""
    shared.fill(shared.given[0], inbox=[mail("verborgen")])
    shared.fill(shared.given[1], inbox=[mail("offen")])
    use_given(shared)
    shared.clerk.set("import.hidden-folders", f"Kalender;{shared.given[0].address.upper()}", CLERK)
    run = shared.run_import()
    assert run.status == 0 and sources(shared).keys() == {"offen"}
    shown = shared.clerk.json("folders", "--user", CLERK)
    assert {row["mailbox"] for row in shown} == {shared.addresses[0], shared.addresses[2]}
    listed = shared.clerk.ok("folders", "--user", CLERK).stdout
    assert listed.endswith("1 Postfach ist ganz ausgeblendet; --all zeigt es.\n")
    rows = shared.clerk.json("folders", "--user", CLERK, "--all")
    hidden = [row for row in rows if row["mailbox"] == shared.addresses[1]]
    assert hidden and all(row["hidden"] and shared.given[0].address.upper() in row["reason"]
                          for row in hidden)
    run = shared.run_import("--mailbox", shared.given[0].address)
    assert run.status == 0 and sources(shared).keys() == {"offen", "verborgen"}


def test_a_hidden_mailbox_that_does_not_open_is_no_failure(shared):
    shared.use(shared.addresses[1], shared.denied)
    shared.clerk.set("import.hidden-folders", shared.denied, CLERK)
    assert shared.run_import().status == 0
    shared.clerk.ok("folders", "--user", CLERK)
    assert shared.run_import("--mailbox", shared.denied).status == 6


# Whose folders


@pytest.mark.parametrize("way", [OwnScene, AuthorizedScene])
def test_a_mailbox_without_what_its_owner_shares(make_scene, tmp_path, way):
    """Its owner sees a third one's folders among their own; they are not the mailbox's."""
    with make_scene(way, tmp_path) as scene:
        box, third = scene.given[0], scene.denied.lower()
        scene.server.grant(third, box.address, "INBOX")
        Mailbox(scene.server, third, box.password).fill("INBOX", [mail("des dritten")])
        scene.server.grant(third, box.address, "INBOX")
        connection = box.connect()
        assert any(third.encode() in line for line in connection.list()[1]), "the server lists it"
        connection.logout()
        scene.fill(box, inbox=[mail("erste")])
        use_given(scene)
        assert scene.run_import().status == 0
        assert sources(scene) == {"erste": {(spelled(box.address), "INBOX")}}


def test_a_right_on_one_folder_alone(shared):
    first = shared.given[0]
    shared.fill(first, inbox=[mail("nicht")], archive=[mail("alte")])
    shared.server.withdraw(first.address, shared.main.address, "INBOX", "Gelöschte Elemente")
    use_given(shared)
    assert shared.run_import().status == 0
    assert sources(shared) == {"alte": {(shared.addresses[1], "Archiv/2026")}}
    shared.clerk.fails(2, "messages", "--user", CLERK, "--mailbox", first.address, "--folder", "INBOX")


def test_lost_between_two_folders(shared):
    """The same session is told that the second folder does not exist: it looks why."""
    first, second = shared.given
    shared.fill(first, inbox=[mail("erste")], archive=[mail("nicht mehr")])
    shared.fill(second, inbox=[mail("danach")])
    use_given(shared)

    def take(data: bytes) -> None:
        if b"EXAMINE" in data and b"Archiv" in data:
            shared.relay.before_client = lambda _: None
            shared.take(first)

    order = [row["name"] for row in shared.clerk.json("folders", "--user", CLERK, "--mailbox", first.address)]
    assert order == ["INBOX", "Archiv/2026"]
    shared.relay.before_client = take
    run = shared.run_import()
    assert run.status == 6 and len(run.json["errors"]) == 1
    error = run.json["errors"][0]
    assert error["mailbox"] == shared.addresses[1] and shared.lost in error["reason"]
    assert "danach" in sources(shared) and "nicht mehr" not in sources(shared)


# What happens on the server


@pytest.mark.parametrize("way", [DottedNamespaceScene, OwnScene, TokenScene])
def test_after_the_import_mails_move_within_their_mailbox(make_scene, tmp_path, way):
    with make_scene(way, tmp_path) as scene:
        first = scene.given[0]
        scene.fill(scene.main, inbox=[mail("eigene")])
        scene.fill(first, inbox=[mail("erste"), mail("andere")])
        use_given(scene)
        scene.clerk.set("import.after", "move", CLERK)
        scene.clerk.set("import.after-folder", scene.folder("Erledigt/Ämter"), CLERK)
        run = scene.run_import("--folder", "INBOX")
        assert run.status == 0 and run.json["acted"] == 3
        target = scene.folder("Erledigt/Ämter")
        for box, subjects in ((scene.main, ["eigene"]), (first, ["erste", "andere"])):
            assert box.read() == {}
            assert sorted(box.read(target).values()) == sorted(mail(one).raw for one in subjects)
        assert scene.run_import().json["imported"] == 0
        assert len(scene.filed()) == 3


@pytest.mark.parametrize("way", [NamespaceScene, AuthorizedScene])
def test_after_the_import_mails_are_marked(make_scene, tmp_path, way):
    with make_scene(way, tmp_path) as scene:
        scene.fill(scene.given[0], inbox=[mail("erste")])
        scene.fill(scene.given[1], inbox=[mail("andere")])
        scene.clerk.set("import.after", "seen", CLERK)
        run = scene.run_import("--mailbox", scene.addresses[1])
        assert run.status == 0 and run.json["acted"] == 1
        assert [box.flags() for box in scene.given] == [{1: "\\Seen"}, {1: ""}]


# Servers of other kinds


def test_a_server_that_opens_its_own_mailbox_opens_no_other(amtspost):
    """PREAUTH: whose mailbox that is nobody said, and so it is the main one's at best."""
    with FakeImap(greeting="* PREAUTH ready\r\n") as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", "info@musterhausen.example", CLERK)
        run = amtspost.run("--json", "import", "--user", CLERK)
        assert run.status == 6 and run.json["imported"] == 1
        assert [error["mailbox"] for error in run.json["errors"]] == ["info@musterhausen.example"]
        assert {source["mailbox"] for row in amtspost.archive() for source in row["sources"]} == {ADDRESS}
        run = amtspost.run("--json", "login", "--user", CLERK, "--mailbox", "info@musterhausen.example",
                           stdin="Geheim-7Qx-eigen")
        assert run.status == 6, run.stdout
        assert not amtspost.json("login", "remove", "--user", CLERK, "--mailbox",
                                 "info@musterhausen.example")["removed"]


def test_a_mailbox_that_is_only_shown(amtspost):
    """A server may list whose mailboxes there are; where no folder opens, there is no right."""
    def list_folders(connection, tag, _arguments):
        connection.send('* LIST (\\Noselect \\HasChildren) "/" "user/info"\r\n* LIST () "/" INBOX\r\n')
        connection.ok(tag)

    def tell_namespaces(connection, tag, _arguments):
        connection.send('* NAMESPACE (("" "/")) (("user/" "/")) NIL\r\n')
        connection.ok(tag)

    with FakeImap({"LIST": list_folders, "NAMESPACE": tell_namespaces},
                  capabilities="IMAP4rev1 NAMESPACE") as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", "info@musterhausen.example", CLERK)
        run = amtspost.run("--json", "import", "--user", CLERK)
        assert run.status == 6 and run.json["imported"] == 1
        assert NO_RIGHT in run.json["errors"][0]["reason"]


class Exchange(FakeImap):
    """Answers as Exchange does to a good token without a right on the mailbox: the login is refused, or it is
    accepted and the first of COMMANDS is not."""

    def __init__(self, tls, rights: set[str], commands: tuple[str, ...]):
        super().__init__(capabilities="IMAP4rev1 AUTH=XOAUTH2 SASL-IR", tls=tls)
        self.handlers = {name: self.not_connected for name in commands}
        self.rights = rights
        self.logins: list[str] = []

    def on_authenticate(self, connection, tag, arguments):
        coded = arguments.partition(" ")[2]
        if not coded:
            connection.send("+ \r\n")
            coded = connection.read_line().decode()
        connection.user = base64.b64decode(coded).decode().split("\x01")[0].removeprefix("user=")
        self.logins.append(connection.user)
        if not self.handlers and connection.user not in self.rights:
            connection.send(f"{tag} NO AUTHENTICATE failed.\r\n")
        else:
            connection.ok(tag, "AUTHENTICATE completed.")

    def not_connected(self, connection, tag, arguments):
        command = self.commands[-1].removeprefix(f"{tag} ").split()[0]
        if getattr(connection, "user", None) in {None, *self.rights}:
            getattr(self, f"on_{command.lower()}")(connection, tag, arguments)
        else:
            connection.send(f"{tag} BAD User is authenticated but not connected.\r\n")


@pytest.mark.parametrize("commands", [(), ("CAPABILITY",), ("LIST", "STATUS", "SELECT", "EXAMINE")],
                         ids=["refused", "at once", "later"])
def test_exchange_without_a_right(clerk365, certificate, commands):
    """However Exchange says it: that mailbox is listed, the others are imported, nobody must sign in anew."""
    clerk365.sign_in()
    info, fremd = "info@amt365.example", "fremd@amt365.example"
    clerk365.amtspost.set("mailboxes", f"{fremd};{info}", CLERK)
    with Exchange(tls_context(certificate), {clerk365.address, info}, commands) as server:
        clerk365.amtspost.set("imap.port", str(server.port))
        run = clerk365.amtspost.run("--json", "import", "--user", CLERK)
        assert run.status == 6, run.stdout
        assert [error["mailbox"] for error in run.json["errors"]] == [fremd]
        assert NO_RIGHT in run.json["errors"][0]["reason"]
        (row,) = clerk365.amtspost.archive()
        assert {source["mailbox"] for source in row["sources"]} == {clerk365.address, info}
        assert server.logins.count(fremd) <= 2
        run = clerk365.amtspost.run("--json", "folders", "--user", CLERK)
        assert run.status == 6 and fremd in run.stderr
        assert {entry["mailbox"] for entry in run.json} == {clerk365.address, info}
        error = clerk365.amtspost.fails(6, "messages", "--user", CLERK, "--mailbox", fremd,
                                        "--folder", "INBOX")
        assert error["condition"] == "mailbox-denied"
        run = clerk365.amtspost.run("--json", "login", "--user", CLERK)
        report = json.loads(run.stdout.strip().splitlines()[-1])
        assert run.status == 6, report
        assert {entry["address"]: entry["ok"] for entry in report["mailboxes"]} == {
            clerk365.address: True, fremd: False, info: True}


def test_exchange_takes_a_right_away(clerk365, certificate):
    """In the middle of a session."""
    clerk365.sign_in()
    info = "info@amt365.example"
    clerk365.amtspost.set("mailboxes", info, CLERK)
    with Exchange(tls_context(certificate), {clerk365.address, info}, ("LIST", "STATUS")) as server:
        def examine(connection, tag, arguments):
            if connection.user == info:
                server.rights.discard(info)
            server.not_connected(connection, tag, arguments)

        clerk365.amtspost.set("imap.port", str(server.port))
        for arguments in ([], ["--folder", "INBOX", "--mailbox", info]):
            server.rights.add(info)
            server.handlers["EXAMINE"] = examine
            run = clerk365.amtspost.run("--json", "import", "--user", CLERK, *arguments)
            assert run.status == 6, run.stdout
            (error,) = run.json["errors"]
            assert error["mailbox"] == info and "Berechtigung wurde entzogen" in error["reason"]

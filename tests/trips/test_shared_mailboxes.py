"""Further mailboxes, by each way in which they open: what is imported, what fails and why."""

import json
import re
from dataclasses import dataclass

import pytest
from peers.fake_imap import FakeImap
from peers.load import make_mails
from runner import CLERK, PASSWORD, Run
from sharing import (
    NO_RIGHT,
    NOT_TRIED,
    NOT_YET,
    TRASH,
    AuthorizedScene,
    DottedAuthorizedScene,
    DottedNamespaceScene,
    NamespaceScene,
    OwnScene,
    Scene,
    TokenScene,
    hash_of,
    mail,
    spelled,
)

pytestmark = pytest.mark.sanitized_only

WAYS_OF_PASSWORDS = (NamespaceScene, DottedNamespaceScene, AuthorizedScene, DottedAuthorizedScene, OwnScene)
WAYS = (*WAYS_OF_PASSWORDS, TokenScene)


def name_of(way: type[Scene]) -> str:
    return way.__name__.removesuffix("Scene")


def fill_all(scene: Scene) -> dict[str, tuple[set, set]]:
    """Mails in all that open, one of them twice, another in two copies; answers the archive to come."""
    copies = [mail("beiden", "mx1"), mail("beiden", "mx2")]
    same = mail("gleich")
    scene.fill(scene.main, inbox=[mail("eigene 1"), mail("eigene 2")], archive=[mail("eigene alt")])
    scene.fill(scene.given[0], inbox=[copies[0], same, mail("erste 3")], archive=[mail("erste alt")],
               trash=[mail("gelöscht")])
    scene.fill(scene.given[1], inbox=[copies[1]], archive=[same, mail("zweite alt")])
    main, first, second = scene.addresses
    old = scene.folder("Archiv/2026")
    sources = {
        "eigene 1": {(main, "INBOX", 1)},
        "eigene 2": {(main, "INBOX", 2)},
        "eigene alt": {(main, old, 1)},
        "beiden": {(first, "INBOX", 1), (second, "INBOX", 1)},
        "gleich": {(first, "INBOX", 2), (second, old, 1)},
        "erste 3": {(first, "INBOX", 3)},
        "erste alt": {(first, old, 1)},
        "zweite alt": {(second, old, 2)},
    }
    return {name: (places, {hash_of(copy) for copy in copies} if name == "beiden" else {hash_of(mail(name))})
            for name, places in sources.items()}


@dataclass
class Imported:
    """A scene whose mailboxes were imported once."""

    scene: Scene
    expected: dict[str, tuple[set, set]]
    run: Run


@pytest.fixture(scope="module", params=WAYS, ids=name_of)
def imported(request, make_scene, tmp_path_factory):
    with make_scene(request.param, tmp_path_factory.mktemp("shared")) as scene:
        expected = fill_all(scene)
        yield Imported(scene, expected, scene.run_import())


def assert_only_those_without_right(scene: Scene, run: Run, again: bool = False) -> None:
    """AGAIN: within an hour of the refusal; with a password the server is not asked."""
    if scene.way == "token":
        reasons = {scene.denied: (NO_RIGHT,), scene.missing: (NO_RIGHT,)}
    else:  # of those that may lock the main account one is tried
        reasons = {scene.denied: (NOT_YET,) if again else (NO_RIGHT,),
                   scene.missing: (NOT_YET, NOT_TRIED) if again else (NOT_TRIED,)}
    assert run.status == 6, run.stderr
    errors = [(error["mailbox"], error["folder"], error["uid"]) for error in run.json["errors"]]
    assert errors == [(scene.denied, None, None), (scene.missing, None, None)]
    for error in run.json["errors"]:
        assert error["mailbox"] in error["reason"]
        assert any(reason in error["reason"] for reason in reasons[error["mailbox"]])
    assert run.json["failed"] == 2 and run.error["status"] == 6


def test_all_that_open_are_imported(imported):
    assert_only_those_without_right(imported.scene, imported.run)
    assert imported.run.json["imported"] == sum(len(copies) for _, copies in imported.expected.values())
    assert imported.scene.filed() == imported.expected


def test_the_second_import_finds_nothing(imported):
    run = imported.scene.run_import()
    assert_only_those_without_right(imported.scene, run, again=True)
    assert run.json["imported"] == run.json["known"] == 0
    assert imported.scene.filed() == imported.expected


def test_folders_of_all(imported):
    scene = imported.scene
    run = scene.clerk.run("--json", "folders", "--user", CLERK)
    assert run.status == 6
    assert [(row["mailbox"], row["name"], row["messages"]) for row in run.json] == [
        (address, scene.folder(name), count) for address, counts in
        zip(scene.addresses, ((2, 1), (3, 1), (1, 2)), strict=True)
        for name, count in zip(("INBOX", "Archiv/2026"), counts, strict=True)]
    assert not any(row["hidden"] for row in run.json)
    for address in (scene.denied, scene.missing):
        assert f"{address}: " in run.stderr
    shown = scene.clerk.json("folders", "--user", CLERK, "--all", "--mailbox", scene.given[0].address)
    hidden = [(row["mailbox"], row["name"], row["messages"]) for row in shown if row["hidden"]]
    assert hidden == [(scene.addresses[1], scene.folder(TRASH), 1)]


def test_messages_of_one(imported):
    scene = imported.scene
    rows = scene.clerk.json("messages", "--user", CLERK, "--mailbox", scene.given[0].address.upper(),
                            "--folder", scene.folder("Archiv/2026"))
    assert [(row["uid"], row["subject"], row["imported"]) for row in rows] == [(1, "erste alt", True)]
    rows = scene.clerk.json("messages", "--user", CLERK, "--mailbox", scene.given[0].address,
                            "--folder", "INBOX")
    assert [row["subject"] for row in rows] == ["erste 3", "gleich", "beiden"]


def test_the_sign_in_tells_of_each(imported):
    scene = imported.scene
    run = scene.login()
    report = json.loads(run.stdout.strip().splitlines()[-1])
    assert run.status == 6, report
    told = {entry["address"]: (entry["ok"], entry["reason"]) for entry in report["mailboxes"]}
    assert list(told) == [scene.addresses[0], *scene.listed()]
    assert all(told[address] == (True, None) for address in scene.addresses)
    for address in (scene.denied, scene.missing):
        assert told[address][0] is False
        assert any(reason in told[address][1] for reason in (NO_RIGHT, NOT_TRIED, NOT_YET))
        assert address in report["error"]["message"]
    tried = [address for address in told if told[address][1] and NO_RIGHT in told[address][1]]
    assert len(tried) == (2 if scene.way == "token" else 1)
    assert report["imap"]["ok"] is True


@pytest.mark.parametrize("imported", WAYS_OF_PASSWORDS, ids=name_of, indirect=True)
def test_the_main_password_is_tried_under_no_other_name(imported):
    """Dovecot has it on record whose password each attempt brought."""
    scene = imported.scene
    boxes = {box.address for box in scene.given} | {scene.denied.lower(), scene.missing.lower()}
    own = {box.address for box in scene.given if scene.way == "own"}
    tried = [login for login in scene.server.logins()
             if scene.main.address in login or login.mailbox in boxes]
    assert {login.authenticated for login in tried} == {scene.main.address} | own
    assert all(login.accepted for login in tried if login.authenticated in own)


@pytest.mark.parametrize("imported", [DottedNamespaceScene, AuthorizedScene], ids=name_of, indirect=True)
def test_a_refused_authorization_is_not_asked_for_again(imported):
    """A server may count failed logins; the next sign-in asks again."""
    scene = imported.scene

    def refused() -> int:
        return sum(login.authenticated == scene.main.address and not login.accepted
                   for login in scene.server.logins())

    before = refused()
    assert before >= 1
    assert_only_those_without_right(scene, scene.run_import(), again=True)
    assert refused() == before
    scene.login()
    assert refused() == before + 1, "for one of two"


def test_when_a_refused_authorization_is_asked_for_again(make_scene, tmp_path):
    """Told with both times; at once by the check, after the list of mailboxes or the credentials
    changed; not after the same password again."""
    with make_scene(AuthorizedScene, tmp_path) as scene:
        box, address = scene.given[0], scene.addresses[1]
        scene.use(address)

        def refuse() -> None:
            scene.take(box)
            assert scene.clerk.fails(6, "folders", "--user", CLERK, "--mailbox", address)[
                "condition"] == "mailbox-denied"
            scene.give(box)

        refuse()
        error = scene.clerk.fails(6, "folders", "--user", CLERK, "--mailbox", address)
        assert error["condition"] == "mailbox-denied-before"
        assert re.search(rf"„{address}“ um \d\d:\d\d Uhr abgelehnt; Amtspost fragt erst um \d\d:\d\d Uhr wieder\.",
                         error["message"]), error
        assert f"„amtspost check --user {CLERK}“" in error["advice"]
        scene.clerk.run("check", "--user", CLERK, "imap")
        scene.clerk.ok("folders", "--user", CLERK, "--mailbox", address)
        refuse()
        scene.clerk.set("imap.password", PASSWORD, CLERK)
        scene.clerk.fails(6, "folders", "--user", CLERK, "--mailbox", address)
        scene.clerk.run("check", "--user", CLERK, "imap")
        scene.clerk.ok("folders", "--user", CLERK, "--mailbox", address)
        for key, value in (("mailboxes", f"{address};{scene.missing}"), ("imap.username", scene.main.address),
                           ("account", scene.main.address)):
            refuse()
            scene.clerk.fails(6, "folders", "--user", CLERK, "--mailbox", address)
            scene.clerk.set(key, value, CLERK)
            scene.clerk.ok("folders", "--user", CLERK, "--mailbox", address)


@pytest.mark.parametrize("way", [NamespaceScene, AuthorizedScene, TokenScene], ids=name_of)
def test_the_advice_for_a_mailbox_without_right(make_scene, tmp_path, way):
    """Names the account that needs the right; with Standard there may be a password of its own."""
    with make_scene(way, tmp_path) as scene:
        advice = scene.clerk.fails(6, "folders", "--user", CLERK, "--mailbox", scene.denied)["advice"]
        assert "Tippfehler" in advice and f"„{scene.addresses[0]}“" in advice
        assert ("Vollzugriff" in advice) == (way is TokenScene)
        own = f"„amtspost login --user {CLERK} --mailbox {scene.denied}“"
        assert (own in advice) == (way is not TokenScene)


def test_the_advice_where_no_user_opens_anothers_mailbox(amtspost):
    """The server has LOGIN alone, which cannot carry an authorization identity."""
    with FakeImap() as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        amtspost.set("mailboxes", "info@amt.example", CLERK)
        error = amtspost.fails(6, "folders", "--user", CLERK, "--mailbox", "info@amt.example")
        assert error["condition"] == "mailbox-denied" and "eigene Zugangsdaten" in error["advice"]
        assert f"„amtspost login --user {CLERK} --mailbox info@amt.example“" in error["advice"]


def test_what_an_import_tells_people(make_scene, tmp_path):
    """Mailboxes are no mails; each reason stands once, and below it what to do."""
    with make_scene(AuthorizedScene, tmp_path) as scene:
        scene.fill(scene.main, inbox=[mail("eigene")])
        scene.use(scene.denied, scene.missing)
        run = scene.clerk.run("import", "--user", CLERK)
        assert run.status == 6
        assert "Neu im Archiv: 1 E-Mail " in run.stdout and "Nicht importiert: 0." in run.stdout
        assert "Nicht geöffnet: 2 Postfächer." in run.stdout
        for address in (scene.denied, scene.missing):
            assert run.stdout.count(f"Das Postfach „{address}“") == 1
        assert run.stdout.count(f"--mailbox {scene.denied}“") == 1
        assert "technisch" not in run.stderr and "beim nächsten Import" not in run.stdout + run.stderr
        again = scene.clerk.run("import", "--user", CLERK)
        assert again.stdout.count("fragt „amtspost check") == 1, "for both"
        alone = scene.clerk.run("import", "--user", CLERK, "--mailbox", scene.denied)
        assert alone.status == 6 and "Nicht geöffnet: 1 Postfach." in alone.stdout
        assert "fragt „amtspost check" in alone.stdout
        error = scene.run_import("--mailbox", scene.denied).error
        assert error["condition"] == "mailbox-denied-before" and "amtspost check" in error["advice"]


def test_a_mail_that_is_gone_is_not_promised(make_scene, tmp_path):
    with make_scene(NamespaceScene, tmp_path) as scene:
        scene.fill(scene.main, inbox=[mail("eigene")])
        run = scene.clerk.run("import", "--user", CLERK, "--mailbox", scene.addresses[0], "--folder", "INBOX",
                              "--uids", "900")
        assert run.status == 6 and "Nicht importiert: 1." in run.stdout
        assert "beim nächsten Import" not in run.stdout + run.stderr


@pytest.mark.parametrize("way", [NamespaceScene, DottedAuthorizedScene, OwnScene, TokenScene], ids=name_of)
def test_lost_in_the_middle(make_scene, tmp_path, way):
    """The right goes while the mailbox is read, and the connection with it."""
    with make_scene(way, tmp_path) as scene:
        lost, other = scene.given
        mails = list(make_mails(40, seed=7))
        scene.fill(scene.main, inbox=[mail("eigene")])
        scene.fill(lost, inbox=mails)
        scene.fill(other, inbox=[mail("danach")])
        scene.use(*scene.addresses[1:], scene.denied)
        if scene.way == "authorized":  # else the refusal would hold it back
            scene.clerk.ok("folders", "--user", CLERK, "--mailbox", other.address)
        run = lose(scene, lost)
        reasons = {error["mailbox"]: error["reason"] for error in run.json["errors"]}
        assert list(reasons) == [spelled(lost.address), scene.denied]
        assert scene.lost in reasons[spelled(lost.address)] and (NO_RIGHT if way in (OwnScene, TokenScene) else NOT_TRIED) in reasons[scene.denied]
        assert {"eigene", "danach"} < scene.filed().keys()
        assert 0 < run.json["imported"] - 2 < len(mails), "some of it came before"
        scene.give(lost)
        if scene.needs_sign_in_again:
            scene.login()  # asks for the one first that was held back
            scene.login()
        again = scene.run_import("--mailbox", lost.address)
        assert again.status == 0
        assert again.json["imported"] + run.json["imported"] == len(mails) + 2
        assert {copy for _, copies in scene.filed().values() for copy in copies} == {
            hash_of(one) for one in [*mails, mail("eigene"), mail("danach")]}


def lose(scene: Scene, box) -> Run:
    """An import that loses BOX, the only one with so many bytes, on the way."""
    def take() -> None:
        scene.relay.cuts_left = 0
        scene.take(box)

    scene.relay.cut_after, scene.relay.cuts_left, scene.relay.before_cut = 200_000, 1000, take
    run = scene.run_import()
    assert run.status == 6 and scene.relay.cuts_left == 0, run.stdout
    return run

"""Sending on the command line: through a real Postfix into a real Dovecot, and against servers that refuse, defer,
stall or break off at each step."""

import base64
import email.policy
import json
import signal
import socket
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from page import Daemon
from page_office import execute
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, PASSWORD
from sending import OTHER, PIPELINING, TO, answer, hang_up, outbox, read_with_mailparser, send, states, use, write_mails

# ---- as it should be ----


def test_a_mail_arrives_as_it_was_meant(post, sender, tmp_path):
    name = "Bescheid über die Verwarnung – Straße 17 €.pdf"
    (tmp_path / name).write_bytes(bytes(range(256)) * 40)
    text = "Sehr geehrte Frau Müßig,\n\n.ein Punkt vorn\nGrüße 🚗\n"
    run = send(sender, "--subject", "Ihr Antrag 🚗 vom Dreißigsten", "--attach", str(tmp_path / name), "--case",
               "2026/4711", text=text, to=(f"Erika Müßig <{post.receiver.address}>",))
    assert run.status == 0, run.stdout + run.stderr
    assert run.json["state"] == "sent" and run.json["recipients"][0]["state"] == "sent"
    assert run.json["recipients"][0]["reply"].startswith("250")
    mail = post.arrived()
    assert mail["Subject"] == "Ihr Antrag 🚗 vom Dreißigsten" and mail["Date"].datetime.tzinfo
    assert mail["To"].addresses[0].display_name == "Erika Müßig" and mail["Message-ID"]
    assert mail.get_body().get_content().replace("\r\n", "\n") == text
    attachment, = mail.iter_attachments()
    assert attachment.get_filename() == name and attachment.get_content() == bytes(range(256)) * 40
    (tmp_path / "angekommen.eml").write_bytes(post.raw())
    parsed, = read_with_mailparser(tmp_path / "angekommen.eml")
    assert (parsed["subject"], parsed["text"]) == (mail["Subject"], text)
    assert parsed["to"] == [{"name": "Erika Müßig", "address": post.receiver.address}]
    assert [(part["name"], base64.b64decode(part["content"])) for part in parsed["attachments"]] == \
        [(name, bytes(range(256)) * 40)]
    filed, = sender.json("archive", "list")
    sender.ok("archive", "export", str(filed["id"]), "--output", str(tmp_path))
    # Byte by byte, behind what the delivery wrote before it.
    assert post.raw().endswith((tmp_path / f"{filed['id']}.eml").read_bytes().replace(b"\r\n", b"\n"))
    assert filed["case"] == "2026/4711" and filed["id"] == run.json["archive_id"]
    assert filed["subject"] == mail["Subject"] and filed["sources"][0]["mailbox"] == post.account.address
    # The Sent folder has the very bytes, once.
    assert run.json["sent_copy"] == "done", run.json
    names = {folder["name"]: folder["messages"] for folder in sender.json("folders", "--user", CLERK, "--all")}
    sent = [name for name in names if name.startswith(("Sent", "Gesendet"))]
    assert len(sent) == 1 and names[sent[0]] == 1
    copy = sender.json("import", "--user", CLERK, "--folder", sent[0])
    assert copy["imported"] == 0 and copy["known"] == 1


def test_an_answer_threads(post, sender, tmp_path):
    (tmp_path / "frage.eml").write_bytes(
        b"From: Erika <e@example.org>\r\nTo: a@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
        b"Message-ID: <frage.2@example.org>\r\nReferences: <frage.1@example.org>\r\n\r\nWann?\r\n")
    asked, = sender.json("archive", "add", str(tmp_path / "frage.eml"), "--case", "2026/12")
    sender.set("smtp.signature", "Max Mustermann\nBauamt", CLERK)
    run = send(sender, "--reply", str(asked["id"]), text="Morgen.", to=(post.receiver.address,))
    assert run.status == 0 and run.json["case"] == "2026/12" and run.json["subject"] == "AW: Grüße"
    mail = post.arrived()
    assert mail["In-Reply-To"] == "<frage.2@example.org>"
    assert mail["References"].split() == ["<frage.1@example.org>", "<frage.2@example.org>"]
    (tmp_path / "antwort.eml").write_bytes(post.raw())
    parsed, = read_with_mailparser(tmp_path / "antwort.eml")
    assert parsed["inReplyTo"] == "<frage.2@example.org>"
    assert parsed["references"] == ["<frage.1@example.org>", "<frage.2@example.org>"]
    assert mail.get_body().get_content().replace("\r\n", "\n") == "Morgen.\n\n-- \nMax Mustermann\nBauamt\n"
    assert send(sender, "--reply", str(asked["id"]), "--case", "", to=(post.receiver.address,)).json["case"] is None


# ---- servers that refuse and defer ----


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code, text, state, status",
                         [(450, "4.2.0 spaeter", "waiting", 5), (550, "5.7.1 nicht von hier", "failed", 6)])
def test_refusals(sender, verb, code, text, state, status, pipelining):
    with FakeSmtp({verb: answer(code, text)}, capabilities=PIPELINING if pipelining else ()) as server:
        use(sender, server)
        run = send(sender)
        assert run.status == status, run.stdout
        assert run.json["state"] == state and states(run.json) == {TO: state}
        assert text in run.json["recipients"][0]["reply"] and not server.mails
        assert (run.json["next"] is not None) == (state == "waiting")
        server.handlers.clear()
        again = sender.run("--json", "outbox", "retry", str(run.json["id"]))
        assert again.status == 0 and again.json["state"] == "sent" and len(server.mails) == 1


def test_waiting_mails_go_with_the_next_run(sender):
    with FakeSmtp({"MAIL": answer(451, "4.3.0 spaeter")}, capabilities=PIPELINING) as server:
        use(sender, server)
        assert send(sender).status == 5
        server.handlers.clear()
        run = sender.run("--json", "outbox", "run")
        assert run.status == 0 and [mail["state"] for mail in run.json] == ["sent"]
        assert len(server.mails) == 1 and sender.run("--json", "outbox", "run").json == []


def test_some_recipients(sender):
    def judge(connection: SmtpConnection, arguments: str) -> None:
        if "gibtesnicht" in arguments:
            connection.reply(550, "5.1.1 unbekannt")
        elif "voll" in arguments:
            connection.reply(452, "4.2.2 voll")
        else:
            server.on_rcpt(connection, arguments)

    with FakeSmtp({"RCPT": judge}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender, to=(TO, "gibtesnicht@example.org", "voll@example.org"))
        assert run.status == 5
        assert states(run.json) == {TO: "sent", "gibtesnicht@example.org": "failed", "voll@example.org": "waiting"}
        server.handlers.clear()
        run = sender.run("--json", "outbox", "run")
        assert run.status == 6 and run.json[0]["state"] == "failed"
        assert [mail.recipients for mail in server.mails] == [[TO], ["voll@example.org"]]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("code, text", [(452, "4.5.3 too many recipients"), (552, "too many recipients")])
def test_more_recipients_than_the_server_takes_at_a_time(sender, code, text, pipelining):
    """RFC 5321 section 4.5.3.1.10: the rest follows at once, over the same connection."""
    def count(connection: SmtpConnection, arguments: str) -> None:
        if len(connection.mail.recipients) < room:
            server.on_rcpt(connection, arguments)
        else:
            connection.reply(code, text)

    people = [f"a{number}@example.org" for number in range(8)]
    with FakeSmtp({"RCPT": count}, capabilities=PIPELINING if pipelining else ()) as server:
        use(sender, server)
        room = 3
        run = send(sender, to=tuple(people))
        assert run.status == 0 and set(states(run.json).values()) == {"sent"}, run.stdout
        assert [mail.recipients for mail in server.mails] == [people[:3], people[3:6], people[6:]]
        assert len({mail.content for mail in server.mails}) == 1 and len(server.logins) == 1
        assert run.json["attempts"] == 1
        room = 0  # one that takes nobody is not asked again and again
        run = send(sender, to=tuple(people))
        assert run.status == 5 and run.json["attempts"] == 1 and len(server.mails) == 3


def test_who_was_put_off_waits_while_the_rest_has_its_turn(sender):
    def judge(connection: SmtpConnection, arguments: str) -> None:
        if "grau" in arguments:
            asked.append(arguments)
            connection.reply(450, "4.2.0 spaeter")
        elif connection.mail.recipients:
            connection.reply(452, "4.5.3 too many recipients")
        else:
            server.on_rcpt(connection, arguments)

    asked: list[str] = []
    people = ["grau@example.org", *[f"a{number}@example.org" for number in range(6)]]
    with FakeSmtp({"RCPT": judge}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender, to=tuple(people))
        assert run.status == 5 and run.json["attempts"] == 1 and len(asked) == 1, run.json
        assert states(run.json) == dict.fromkeys(people, "sent") | {"grau@example.org": "waiting"}
        assert 0 < (datetime.fromisoformat(run.json["next"]) - datetime.now(UTC)).total_seconds() <= 60


# ---- servers that break off ----


@pytest.mark.parametrize("verb", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_lost_before_the_content(sender, verb):
    with FakeSmtp({verb: hang_up}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender)
        assert run.status == 5 and run.json["state"] == "waiting", run.stdout
        server.handlers.clear()
        assert sender.run("--json", "outbox", "run").status == 0
        assert len(server.mails) == 1


def test_lost_within_the_content(sender):
    def stop_early(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.socket.recv(2000)
        raise ConnectionError

    with FakeSmtp({"DATA": stop_early}, capabilities=PIPELINING) as server:
        use(sender, server)
        # Much more than the sockets' buffers hold.
        run = send(sender, text="Zeile\n" * 1_200_000)
        assert run.status == 5 and run.json["state"] == "waiting", run.json["state"]
        server.handlers.clear()
        assert sender.run("--json", "outbox", "run").status == 0


@pytest.mark.parametrize("how", ["cut", "stall", "garbage"])
def test_lost_after_the_content(sender, how):
    go_on = threading.Event()

    def take_and(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        server.taken = connection.read_content()
        if how == "stall":
            go_on.wait(60)
        elif how == "garbage":
            connection.send("wie bitte?\r\n")
        raise ConnectionError

    with FakeSmtp({"DATA": take_and}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender, to=(TO, OTHER))
        go_on.set()
        assert run.status == 6 and run.json["state"] == "unknown", run.stdout
        assert states(run.json) == {TO: "unknown", OTHER: "unknown"}
        server.handlers.clear()
        # Only somebody who was told repeats it.
        assert sender.run("--json", "outbox", "run").json == [] and not server.mails
        again = sender.run("--json", "outbox", "retry", str(run.json["id"]))
        assert again.status == 0 and len(server.mails) == 1
        first = message_from_bytes(server.taken)["Message-ID"]
        assert first and message_from_bytes(server.mails[0].content)["Message-ID"] == first


def test_a_server_that_never_answers_gets_no_second_mail(sender, tmp_path):
    def take_and_go(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.read_content()
        raise ConnectionError

    with FakeSmtp({"DATA": take_and_go}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = sender.run("--json", "send", "--user", CLERK, "--eml", *write_mails(tmp_path, 5))
        assert run.status == 6 and len(server.logins) == 1
        assert [mail["state"] for mail in run.json] == ["unknown"] + ["waiting"] * 4


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_stalls(sender, verb):
    go_on = threading.Event()
    with FakeSmtp({verb: lambda _connection, _arguments: go_on.wait(60)}, capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender)
        go_on.set()
        assert run.status == 5 and run.json["state"] == "waiting" and run.seconds < 15


# ---- many ----


def test_many_over_one_connection(sender, tmp_path):
    paths = write_mails(tmp_path, 250)
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        run = sender.run("--json", "send", "--user", CLERK, "--eml", *paths)
        assert run.status == 0 and len(run.json) == 250
        assert server.connections == 1 and len(server.mails) == 250
        assert len({mail.content for mail in server.mails}) == 250
        assert len(sender.json("archive", "list")) == 250


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("at", [1, 3])
def test_the_database_is_not_ours_any_more(sender, tmp_path, at, pipelining):
    """A newer program has changed it while mails were sent: none fails, none is sent twice."""
    version = execute(sender, "PRAGMA user_version")[0][0]
    count = 0

    def change(connection: SmtpConnection, arguments: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            execute(sender, f"PRAGMA user_version = {version + 1}")
        server.on_mail(connection, arguments)

    with FakeSmtp({"MAIL": change}, capabilities=PIPELINING if pipelining else ()) as server:
        use(sender, server)
        run = sender.run("--json", "send", "--user", CLERK, "--eml", *write_mails(tmp_path, 6))
        assert run.status == 1 and run.error["condition"] == "schema-newer", run.stdout + run.stderr
        execute(sender, f"PRAGMA user_version = {version}")
        handed = len(server.mails)
        assert handed == at - 1
        again = sender.run("--json", "outbox", "run")
        assert again.status == 0, again.stdout
        assert {mail["state"] for mail in outbox(sender)} == {"sent"}
        assert len({mail.content for mail in server.mails}) == len(server.mails) == 6


def damage(sender, content: bytes) -> None:
    """Breaks the chain of the pages that hold CONTENT, as a bad disk would."""
    execute(sender, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = execute(sender, "PRAGMA page_size")[0][0]
    path = sender.data / "amtspost.db"
    database = bytearray(path.read_bytes())
    broken = [at for at in range(0, len(database), size) if database[at:at + size].count(content) > size // 100]
    assert len(broken) > 10
    for at in broken:
        database[at:at + 4] = b"\xff" * 4
    path.write_bytes(database)


def test_a_damaged_content_holds_up_no_other(sender, tmp_path):
    with FakeSmtp({"MAIL": answer(451, "4.3.0 spaeter")}, capabilities=PIPELINING) as server:
        use(sender, server)
        first, *others = [send(sender, text=(letter * 70 + "\n") * 4000).json["id"] for letter in "xyz"]
        damage(sender, b"x" * 70)
        server.handlers.clear()
        run = sender.run("--json", "outbox", "run")
        assert run.status == 5 and len(server.mails) == 2, run.stdout
        assert {mail["id"]: mail["state"] for mail in outbox(sender)} == \
            {first: "waiting"} | dict.fromkeys(others, "sent")


def test_a_copy_that_was_called_off_has_not_failed(sender):
    """Its mail server says nothing, and whoever waits gives up."""
    def give_up(*command: str) -> None:
        running = sender.start("--json", *command)
        connection, _ = silent.accept()
        time.sleep(0.2)
        running.process.send_signal(signal.SIGINT)
        running.finish()
        connection.close()

    with FakeSmtp(capabilities=PIPELINING) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        use(sender, server)
        for key, value in (("imap.host", "127.0.0.1"), ("imap.port", str(silent.getsockname()[1])), ("imap.tls", "none")):
            sender.set(key, value)
        sender.set("imap.use-default", "true", CLERK)
        sender.set("imap.password", PASSWORD, CLERK)
        give_up("send", "--user", CLERK, "--to", TO, "--subject", "Kopie")
        mail, = outbox(sender)
        assert (mail["state"], mail["sent_copy"], mail["copy_reason"]) == ("sent", "pending", None), mail
        execute(sender, "UPDATE outbox_mails SET ended_at = ended_at - 90000")  # more than a day ago
        give_up("outbox", "run")
        mail, = outbox(sender)
        assert (mail["sent_copy"], mail["copy_reason"]) == ("pending", None), mail


# ---- what is wrong from the start ----


@pytest.mark.parametrize("to", ["ohne-domain", "a@", "@example.org", "a b@example.org", "a@example.org\r\nBcc: b@x.de",
                                "a@example.org>", ""])
def test_addresses_that_are_none(sender, to):
    with FakeSmtp() as server:
        use(sender, server)
        run = send(sender, to=(to,))
        assert run.status == 2 and not server.connections and not outbox(sender), run.stdout


@pytest.mark.parametrize("name", ["Max Mustermann", 'Müßig, "Max" \\', CLERK.upper(), "", "a\u2028b"])
def test_the_name_beside_the_main_mailbox(sender, name):
    sender.set("mailboxes", "bauamt@musterhausen.example", CLERK)
    sender.ok("user", "change", CLERK, "--display-name", name)
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        for arguments in ((), ("--from", "bauamt@musterhausen.example")):
            assert send(sender, *arguments).status == 0
        own, shared = (message_from_bytes(mail.content, policy=email.policy.default)["From"].addresses[0]
                       for mail in server.mails)
        shown = name if name.startswith("M") and name != CLERK.upper() else ""
        assert (own.display_name, own.addr_spec) == (shown, "m.mustermann@musterhausen.example")
        assert (shared.display_name, shared.addr_spec) == ("", "bauamt@musterhausen.example")
        assert server.mails[0].sender == "m.mustermann@musterhausen.example"
    archived = [mail["from"] for mail in sender.json("archive", "list")]
    assert f"{shown} <m.mustermann@musterhausen.example>".strip(" <>" if not shown else " ") in archived, archived


def test_text_that_is_no_utf_8(sender):
    run = sender.run("send", "--user", CLERK, "--to", TO, stdin="Grüße".encode("windows-1252"))
    assert run.status == 2 and "nicht in UTF-8: Standardeingabe" in run.stderr and not outbox(sender), run.stderr


def test_a_document_is_no_mail(sender, tmp_path):
    sender.set("smtp.host", "127.0.0.1")
    (tmp_path / "Plan.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\x1b[2J\n1 0 obj\n")
    (tmp_path / "Bild.eml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    for name in ("Plan.pdf", "Bild.eml"):
        run = sender.run("send", "--user", CLERK, "--eml", str(tmp_path / name))
        assert run.status == 2 and "„Kopfzeilen“" in run.stderr and f"{name}." in run.stderr, run.stderr
        assert not any(odd in run.stderr + run.stdout for odd in ("\ufffd", "PNG", "\x1b", "PDF-")), run.stderr
    assert not outbox(sender)


@pytest.mark.parametrize("option", ["--cc", "--bcc"])
def test_one_field_of_recipients_is_enough(sender, option):
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        run = send(sender, option, TO, to=())
        assert run.status == 0 and server.mails[0].recipients == [TO], run.stderr
        assert (TO.encode() in server.mails[0].content) == (option == "--cc")
    run = send(sender, to=())
    assert run.status == 2 and "--bcc" in run.stderr + run.stdout


@pytest.mark.parametrize("subject", ["a\nBcc: b@example.org", "a\rb", "a\x0bb"])
def test_control_characters(sender, subject):
    with FakeSmtp() as server:
        use(sender, server)
        run = send(sender, "--subject", subject)
        assert run.status == 2 and not server.connections and not outbox(sender)


def test_too_many_and_too_large(sender, tmp_path):
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        many = send(sender, to=tuple(f"a{number}@example.org" for number in range(10_000)))
        assert many.status == 2 and "1000" in many.json["error"]["message"]
        large = tmp_path / "groß.bin"
        with large.open("wb") as file:
            file.truncate(200_000_000)
        run = send(sender, "--attach", str(large))
        assert run.status == 6 and "150 MB" in run.json["error"]["message"] and not outbox(sender)
        assert send(sender, "--attach", str(tmp_path / "weg.pdf")).status == 2
        assert not server.connections


def test_larger_than_the_server_takes(sender, tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(200_000))
    with FakeSmtp(capabilities=("PIPELINING", "SIZE 100000")) as server:
        use(sender, server)
        run = send(sender, "--attach", str(tmp_path / "a.bin"))
        assert run.status == 6 and run.json["state"] == "failed" and "100000 Byte" in run.json["reason"]
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_cancelled_mails_are_not_sent(sender):
    with FakeSmtp({"MAIL": answer(451, "4.3.0 spaeter")}) as server:
        use(sender, server)
        run = send(sender)
        gone = sender.run("--json", "outbox", "cancel", str(run.json["id"]))
        assert gone.status == 0 and gone.json["state"] == "cancelled"
        server.handlers.clear()
        assert sender.run("--json", "outbox", "run").json == [] and not server.mails
        assert json.loads(json.dumps(outbox(sender)))[0]["state"] == "cancelled"
        assert sender.run("outbox", "cancel", str(run.json["id"])).status == 2


def test_an_archive_that_takes_nothing(sender):
    """The mail is sent all the same, the reason is told, and the copy comes later."""
    archive = sender.data / "archive"
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        assert send(sender).status == 0
        archive.rename(sender.data / "beiseite")
        archive.write_text("")
        run = send(sender)
        assert run.status == 0 and run.json["state"] == "sent" and not run.json["archive_id"]
        assert run.json["archive_reason"], run.json
        archive.unlink()
        (sender.data / "beiseite").rename(archive)
        again = sender.run("--json", "outbox", "run")
        assert again.status == 0 and len(server.mails) == 2
    assert [bool(mail["archive_id"]) for mail in outbox(sender)] == [True, True]
    assert len(sender.json("archive", "list")) == 2


# ---- the daemon ----


def test_the_daemon_sends_what_is_queued(sender):
    with FakeSmtp({"MAIL": answer(451, "4.3.0 spaeter")}, capabilities=PIPELINING) as server:
        use(sender, server)
        number = send(sender).json["id"]
        server.handlers.clear()
        with Daemon(sender):
            # It is not due yet; what is asked for again is, and another process asks.
            time.sleep(2)
            assert not server.mails
            again = sender.run("--json", "outbox", "retry", str(number))
            assert again.status == 0 and again.json["state"] == "sent"
            assert len(server.mails) == 1


def test_the_daemon_tries_again_when_settings_are_mended(sender):
    """Not what a server asked to be sent later."""
    with FakeSmtp({"MAIL": answer(451, "4.3.0 spaeter")}, capabilities=PIPELINING) as server:
        use(sender, server)
        send(sender)
        server.handlers.clear()
        sender.set("smtp.port", "1")
        assert send(sender).json["state"] == "waiting"
        with Daemon(sender):
            time.sleep(1.5)
            sender.set("smtp.port", str(server.port))
            deadline = time.monotonic() + 10
            while not server.mails and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1)
        assert [mail["state"] for mail in outbox(sender)] == ["sent", "waiting"] and len(server.mails) == 1


def test_who_sent_on_the_command_line_is_told(sender):
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        send(sender, "--case", "2026/1; state: sent")
        row = next(row for row in sender.json("audit") if row["action"] == "mail.queue")
        assert row["actor"].startswith("cli:") and row["detail"] == \
            f"user: {CLERK}; mailbox: m.mustermann@musterhausen.example; recipients: 1; case: 2026/1, state: sent"


def test_what_fails_is_in_the_daemons_log(sender):
    with FakeSmtp({"RCPT": answer(550, "5.1.1 unbekannt")}, capabilities=PIPELINING) as server:
        use(sender, server)
        sender.set("smtp.port", "1")
        number = send(sender).json["id"]
        with Daemon(sender) as daemon:
            sender.set("smtp.port", str(server.port))
            daemon.wait_for_words(rf"warning: mail {number} of {CLERK}: failed \(recipient-refused\)")
        assert TO not in daemon.errors

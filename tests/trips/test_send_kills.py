"""The plug is pulled in the middle of sending: each mail arrives, none twice but those that were shown as unknown."""

import signal
import threading
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from random import Random

import pytest
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, Amtspost
from sending import PIPELINING, outbox, send, use, write_mails

MAILS = 500


def queue(sender: Amtspost, folder: Path, port: int) -> None:
    """MAILS mails that nothing was done about yet."""
    sender.set("smtp.port", "1")
    assert sender.run("--json", "send", "--user", CLERK, "--eml", *write_mails(folder, MAILS)).status == 5
    sender.set("smtp.port", str(port))


def send_with_kills(sender: Amtspost, folder: Path, kills: int, pause: float) -> None:
    """PAUSE: seconds that the server thinks about each mail, half of them when it has it, so that the kills come in
    its midst."""
    random, left = Random(kills), []

    def take_slowly(connection: SmtpConnection, _arguments: str) -> None:
        time.sleep(pause / 2)
        connection.reply(354, "go ahead")
        connection.mail.content = connection.read_content()
        server.mails.append(connection.mail)
        connection.mail = None
        time.sleep(pause / 2)
        connection.reply(250, "2.0.0 taken")

    with FakeSmtp({"DATA": take_slowly}, capabilities=PIPELINING) as server:
        use(sender, server)
        queue(sender, folder, server.port)
        for kill in range(kills):
            before, deadline = len(server.mails), time.monotonic() + 20
            run = sender.start("--json", "outbox", "run")
            # Every other one not before it sends, or a busy machine would see no more than beginnings.
            while kill % 2 and len(server.mails) == before and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(random.uniform(0, 0.08) if kill % 2 else random.uniform(0.03, 0.15))
            run.process.kill()
            run.process.wait()
            left.append(MAILS - len(server.mails))
        assert left[0] > left[-1] > 0, "the plugs were pulled before or after the sending"
        sender.run("--json", "outbox", "run")
        mails = outbox(sender)
        unknown = {mail["subject"]: mail["id"] for mail in mails if mail["state"] == "unknown"}
        assert {mail["state"] for mail in mails} <= {"sent", "unknown"} and len(mails) == MAILS
        for number in unknown.values():
            assert sender.run("--json", "outbox", "retry", str(number)).status == 0
        times = Counter(message_from_bytes(mail.content)["Subject"] for mail in server.mails)
    assert len(times) == MAILS
    twice = {subject for subject, often in times.items() if often > 1}
    assert twice <= set(unknown) and max(times.values()) <= 2 and len(unknown) <= kills
    assert len(sender.json("archive", "list")) == MAILS
    print(f"{kills} kills: {len(unknown)} unknown, {len(twice)} of them twice")


@pytest.mark.kill
@pytest.mark.release_only
def test_fifteen_kills(sender, tmp_path):
    send_with_kills(sender, tmp_path, 15, 0.002)


@pytest.mark.torture
@pytest.mark.release_only
def test_fifty_kills(sender, tmp_path):
    send_with_kills(sender, tmp_path, 50, 0.006)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_what_has_gone_is_waited_for(sender, end):
    """Whoever ends the program while the server thinks about a mail still learns what became of it."""
    taken, go_on = threading.Event(), threading.Event()

    def think(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.read_content()
        taken.set()
        go_on.wait(10)
        connection.reply(250, "2.0.0 taken")

    with FakeSmtp({"DATA": think}, capabilities=PIPELINING) as server:
        use(sender, server)
        sender.set("smtp.port", "1")
        assert send(sender).status == 5
        sender.set("smtp.port", str(server.port))
        run = sender.start("--json", "outbox", "run")
        assert taken.wait(10)
        run.process.send_signal(end)
        time.sleep(0.3)
        assert not run.is_over()
        go_on.set()
        run.finish(10)
    mail, = outbox(sender)
    assert mail["state"] == "sent" and mail["recipients"][0]["reply"] == "250 2.0.0 taken"


def test_a_full_disk_in_the_midst(sender, tmp_path, small_disk):
    """The mail that is on its way is called off, and goes when there is room."""
    small_disk(sender, "48m")

    def fill(connection: SmtpConnection, arguments: str) -> None:
        with open(sender.data / "voll", "wb") as file:
            while file.write(bytes(4096)):
                file.flush()

    def fill_once(connection: SmtpConnection, arguments: str) -> None:
        try:
            fill(connection, arguments)
        except OSError:
            pass
        server.handlers.clear()
        server.on_data(connection, arguments)

    with FakeSmtp(capabilities=PIPELINING) as server:
        use(sender, server)
        sender.set("smtp.port", "1")
        assert send(sender).status == 5
        sender.set("smtp.port", str(server.port))
        server.handlers["DATA"] = fill_once
        run = sender.run("--json", "outbox", "run")
        assert run.status == 1, run.stdout + run.stderr
        assert not server.mails
        (sender.data / "voll").unlink()
        assert sender.run("--json", "outbox", "run").status == 0
        assert len(server.mails) == 1
    assert [mail["state"] for mail in outbox(sender)] == ["sent"]

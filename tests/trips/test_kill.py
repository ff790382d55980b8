"""kill -9 at random moments of an import, resumed each time: in the end exactly what the server has."""

import hashlib
import os
import random
import time

import pytest
from peers import processes
from peers.load import make_mails
from peers.relay import Relay
from runner import CLERK, Amtspost

MAILS = 2000
BYTES_PER_SECOND = 5_000_000  # so that an import lasts long enough to be killed within
SEED = int(os.environ.get("AMTSPOST_SEED", random.SystemRandom().randrange(1 << 32)))


def files(amtspost: Amtspost) -> set[str]:
    """All files of the archive; a new one shows that a pack is being written or done."""
    return {name for _, _, names in os.walk(amtspost.data / "archive") for name in names
            if "search" not in name}


def kill_once(amtspost: Amtspost, chance: random.Random) -> bool:
    """Starts an import and kills it; false if it was over before. Three in four die after their first
    new pack, the others at any moment from the start."""
    before = files(amtspost)
    running = amtspost.start("import", "--user", CLERK)
    if chance.random() < 0.75:
        while not running.is_over() and files(amtspost) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.5))
    else:
        time.sleep(chance.uniform(0, 0.4))
    if running.is_over():
        return False
    running.process.kill()
    running.process.wait()
    return True


def import_with_kills(amtspost: Amtspost, mailbox, kills: int, action: str) -> None:
    print(f"AMTSPOST_SEED={SEED}")
    chance = random.Random(SEED)
    mails = list(make_mails(MAILS, seed=SEED))
    mailbox.fill("INBOX", mails)
    amtspost.set("import.after", action, CLERK)
    with Relay(mailbox.server.plain_port) as relay:
        relay.rate = BYTES_PER_SECOND
        amtspost.set_server(relay.port)
        killed = 0
        while killed < kills and kill_once(amtspost, chance):
            killed += 1
    assert killed >= min(kills, 10), f"only {killed} kills came in time"
    amtspost.set_server(mailbox.server.plain_port)
    result = amtspost.imported()
    assert result["failed"] == 0
    assert_complete(amtspost, mailbox)


def assert_complete(amtspost: Amtspost, mailbox) -> None:
    on_server = {uid: hashlib.sha256(raw).hexdigest() for uid, raw in mailbox.read().items()}
    on_file = {}
    for mail in amtspost.archive():
        (source,) = mail["sources"]
        on_file[source["uid"]] = mail["sha256"]
        assert mail["subject"].startswith("Vorgang "), "listed but not read"
    assert on_file == on_server
    assert len(on_file) == MAILS
    verified = amtspost.json("archive", "verify")
    assert (verified["checked"], verified["damaged"]) == (MAILS, 0)
    again = amtspost.imported()
    assert again["imported"] == again["known"] == 0


@pytest.mark.kill
@pytest.mark.release_only
def test_fifteen_kills(clerk, mailbox):
    import_with_kills(clerk, mailbox, 15, "none")


@pytest.mark.kill
@pytest.mark.release_only
def test_kills_lose_no_action_on_the_server(clerk, mailbox):
    """import.after=flag is done for every mail in the end, however often the program died."""
    import_with_kills(clerk, mailbox, 10, "flag")
    assert all("\\Flagged" in flags for flags in mailbox.flags().values())


@pytest.mark.torture
@pytest.mark.release_only
def test_fifty_kills(clerk, mailbox):
    global BYTES_PER_SECOND
    BYTES_PER_SECOND = 1_500_000
    import_with_kills(clerk, mailbox, 50, "seen")
    assert all("\\Seen" in flags for flags in mailbox.flags().values())


@pytest.mark.release_only
def test_no_worker_outlives_a_killed_import(clerk, mailbox):
    mailbox.fill("INBOX", list(make_mails(1500, seed=3)))
    running = clerk.start("import", "--user", CLERK)
    children: set[int] = set()
    deadline = time.monotonic() + 20
    while not children and time.monotonic() < deadline and not running.is_over():
        children |= set(processes.descendants(running.pid))
        time.sleep(0.005)
    running.process.kill()
    running.process.wait()
    assert children, "no worker was seen: the test proves nothing"
    deadline = time.monotonic() + 5
    while any(map(processes.is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(processes.is_alive, children))

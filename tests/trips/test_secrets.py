"""Planted secrets are looked for wherever the program leaves bytes."""

import os
import stat
import time
from pathlib import Path

import pytest
from leaks import all_bytes, forms
from peers.load import make_mails
from peers.relay import Relay
from runner import CLERK, MARK, Amtspost

PLANTED = {key: f"{MARK}-{key}-ß" for key in (
    "imap.password", "smtp.password", "imap.proxy.password", "smtp.proxy.password",
    "oauth.client-secret")}


@pytest.fixture
def planted(clerk: Amtspost) -> Amtspost:
    for key, secret in PLANTED.items():
        clerk.set(key, secret)
        if not key.startswith("oauth"):
            clerk.ok("settings", "set", key, "-", "--user", CLERK, stdin=secret + "\n")
    password = clerk.folder / "kennwort"
    password.write_text(MARK + "-anmeldung\n")
    clerk.ok("user", "add", "zweite", "--password-file", str(password))
    return clerk


def test_no_secret_in_any_file(planted):
    planted.run("folders", "--user", CLERK)  # refused by the server
    planted.run("settings", "list")
    planted.run("settings", "list", "--user", CLERK)
    planted.run("audit")
    planted.run("user", "list")
    for path, content in all_bytes(planted.data).items():
        for secret in [*PLANTED.values(), MARK + "-anmeldung"]:
            assert not any(form in content for form in forms(secret)), f"{secret} in {path}"


def test_no_secret_in_a_refused_login(planted):
    """The whole conversation fails; every output is searched by the runner itself."""
    for arguments in (["folders"], ["messages", "--folder", "INBOX"], ["import"]):
        assert planted.fails(4, *arguments, "--user", CLERK)
    with Relay(1) as relay:  # nobody listens there
        planted.set_server(relay.port)
        planted.set("imap.password", MARK, CLERK)
        planted.fails(5, "folders", "--user", CLERK)


@pytest.mark.parametrize("key", PLANTED)
def test_a_secret_as_argument_is_refused(amtspost, key):
    error = amtspost.fails(2, "settings", "set", key, MARK)  # the runner sees that it is not told
    assert key in error["message"]
    assert not amtspost.get(key)["set"]


def test_control_characters_in_secrets_are_refused(amtspost):
    for bad in ("a\nb\n", "a\rb", "a\0b", "a\x7fb"):
        amtspost.fails(2, "settings", "set", "imap.password", "-", stdin=bad)
    assert not amtspost.get("imap.password")["set"]


def test_one_trailing_newline_is_dropped(clerk):
    """imap.password was set with one; logging in proves that it is not part of it."""
    clerk.json("folders", "--user", CLERK)


def test_files_are_for_their_owner_alone(planted):
    planted.run("import", "--user", CLERK)
    for path in planted.data.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_no_secret_in_arguments_or_environment(clerk, mailbox):
    """Looks at the running program and all its children."""
    from peers import processes
    mailbox.fill("INBOX", list(make_mails(300, small=True)))
    with Relay(mailbox.server.plain_port) as relay:
        relay.rate = 200_000
        clerk.set_server(relay.port)
        running = clerk.start("import", "--user", CLERK)
        seen = 0
        while not running.is_over():
            for pid in [running.pid, *processes.descendants(running.pid)]:
                for name in ("cmdline", "environ"):
                    try:
                        content = Path(f"/proc/{pid}/{name}").read_bytes()
                    except OSError:
                        continue
                    seen += 1
                    assert MARK.encode() not in content, f"{name} of {content[:60]!r}"
            time.sleep(0.05)
        assert running.process.returncode == 0
        assert seen > 4


def test_a_foreign_key_ring_is_refused(planted, tmp_path):
    """Keys of another installation open nothing and destroy nothing."""
    other = Amtspost(tmp_path / "other")
    other.set("imap.password", MARK + "x")
    rings = [path for path in planted.data.rglob("*") if path.is_file() and "key" in path.name]
    assert len(rings) == 1, rings
    foreign = other.data / rings[0].relative_to(planted.data)
    kept = rings[0].read_bytes()
    rings[0].write_bytes(foreign.read_bytes())
    planted.fails(1, "settings", "list")
    rings[0].write_bytes(kept)
    planted.ok("settings", "list")


def test_a_key_ring_for_all_to_read_is_refused(planted):
    (ring,) = [path for path in planted.data.rglob("*") if path.is_file() and "key" in path.name]
    os.chmod(ring, 0o644)
    planted.fails(1, "settings", "list")

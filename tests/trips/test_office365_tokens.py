"""The token file and its refresh: one at a time, never lost, never told, never somebody else's."""

import json
import os
import signal
import stat
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from office365 import TOKEN_FILE, USER_PASSWORD, Clerk365
from peers.fake_imap import FakeImap, tls_context
from peers.load import make_mails
from peers.relay import Relay
from runner import CLERK, MARK, Amtspost, assert_german


@pytest.fixture
def signed_in(clerk365) -> Clerk365:
    clerk365.sign_in()
    clerk365.identity.reset()
    return clerk365


# Refreshing

def test_an_expired_token_is_refreshed_silently(signed_in):
    signed_in.expire()
    before = signed_in.token()
    run = signed_in.amtspost.ok("folders", "--user", CLERK)
    assert run.stderr == ""
    assert signed_in.refreshes() == 1 and signed_in.token()["refresh_token"] != before["refresh_token"]
    status = signed_in.status()
    assert status["refreshed"] and status["reason"] is None


def test_twenty_at_once_refresh_once(signed_in):
    """The authority takes its time, so that all twenty want to refresh."""
    signed_in.identity.force(delay=1)
    signed_in.expire()
    running = [signed_in.amtspost.start("--json", "folders", "--user", CLERK) for _ in range(20)]
    assert [process.finish().status for process in running] == [0] * 20
    assert signed_in.refreshes() == 1


def test_a_short_life_is_used_for_most_of_it(signed_in):
    signed_in.identity.set_lifetimes(access=40)
    try:
        signed_in.expire()
        for _ in range(3):
            signed_in.folders()
        assert signed_in.refreshes() == 1
    finally:
        signed_in.identity.set_lifetimes(access=3600)


def test_a_refused_token_is_renewed_once(signed_in):
    """It should hold, but the mail server says no: another one, without asking the person."""
    signed_in.identity.revoke_access_tokens(signed_in.address)
    signed_in.folders()
    assert signed_in.refreshes() == 1


def test_a_hundred_rotations(signed_in):
    signed_in.identity.rotate_strictly()
    try:
        for _ in range(100):
            signed_in.expire()
            signed_in.folders()
        assert signed_in.refreshes() == 100
    finally:
        signed_in.identity.rotate_strictly(False)


# Killed while the new token finds its place: CALL is the system call before which the program dies.
STEPS = ["openat", "write", "fdatasync", "rename", "fsync"]


def calls_of_a_refresh(clerk: Clerk365, call: str) -> int:
    """The number, among all calls of that name, of the one that the token file's replacement makes."""
    trace = clerk.amtspost.folder / "trace"
    clerk.expire()
    clerk.amtspost.ok("--json", "folders", "--user", CLERK,
                      wrapper=["strace", "-f", "-y", "-o", str(trace), "-e",
                               "trace=openat,write,fdatasync,rename,fsync"])
    count = 0
    for line in trace.read_text(errors="replace").splitlines():
        name = line.split(maxsplit=1)[-1].partition("(")[0]
        if name != call:
            continue
        count += 1
        place = f"users/{CLERK}" if call == "fsync" else TOKEN_FILE + (".new" if call != "rename" else "")
        if place in line:
            return count
    raise AssertionError(f"no {call} of the token file")


@pytest.mark.release_only
@pytest.mark.kill
@pytest.mark.parametrize("call", STEPS)
def test_killed_at_each_step_of_writing(signed_in, call):
    """The file is the old or the new one, and the sign-in lives on: what had reached the disk counts."""
    number = calls_of_a_refresh(signed_in, call)
    for _ in range(3):
        signed_in.expire()
        run = signed_in.amtspost.run(
            "--json", "folders", "--user", CLERK,
            wrapper=["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                     f"inject={call}:signal=KILL:when={number}"])
        assert run.status not in (0, 4), run.stdout
        signed_in.token()  # whole JSON
        signed_in.folders()
        leftovers = [path.name for path in signed_in.token_file.parent.iterdir()]
        assert sorted(leftovers) == [TOKEN_FILE, "refresh.lock"]


@pytest.mark.release_only
@pytest.mark.kill
def test_a_written_but_unplaced_token_counts_with_strict_rotation(signed_in):
    """Killed before the rename, where the former refresh token is worth nothing any more."""
    signed_in.identity.rotate_strictly()
    try:
        number = calls_of_a_refresh(signed_in, "rename")
        signed_in.expire()
        signed_in.amtspost.run("folders", "--user", CLERK, wrapper=[
            "strace", "-f", "-o", "/dev/null", "-e", "trace=rename", "-e",
            f"inject=rename:signal=KILL:when={number}"])
        signed_in.folders()
    finally:
        signed_in.identity.rotate_strictly(False)


def test_a_lost_answer_asks_for_a_new_sign_in(signed_in):
    """The authority rotated, but the answer never came; strict rotation then ends the sign-in."""
    signed_in.identity.rotate_strictly()
    try:
        signed_in.identity.force(lose=True)
        signed_in.expire()
        signed_in.folders(5)
        error = signed_in.needs_sign_in("oauth-sign-in")
        assert_german(error)
        assert signed_in.sign_in()["imap"]["ok"] is True
        signed_in.folders()
    finally:
        signed_in.identity.rotate_strictly(False)


def test_password_changed(signed_in):
    signed_in.identity.set_password(signed_in.address, "Neues-Kennwort-9")
    signed_in.folders()  # as at Microsoft: the access token lives on
    signed_in.expire()
    error = signed_in.needs_sign_in("oauth-revoked")
    assert "Kennwort wurde geändert" in error["message"]
    asked = signed_in.identity.count("token")
    signed_in.needs_sign_in("oauth-revoked")
    assert signed_in.identity.count("token") == asked, "the authority was asked again in vain"
    assert "Kennwort wurde geändert" in signed_in.status()["reason"]
    person = signed_in.amtspost.json("user", "show", CLERK)
    assert person["sign_in"] == "expired" and "Kennwort" in person["sign_in_reason"]
    assert signed_in.sign_in(password="Neues-Kennwort-9")["imap"]["ok"] is True
    signed_in.folders()
    actions = [row["action"] for row in signed_in.amtspost.json("audit")]
    assert actions.count("login.office365") == 2 and actions.count("sign-in.refused") == 1


def test_a_clock_that_went_back(signed_in):
    token = signed_in.token()
    token["issued"] += 7200
    token["expires"] += 7200
    signed_in.token_file.write_text(json.dumps(token))
    signed_in.folders()
    assert signed_in.refreshes() == 1


@pytest.mark.release_only
@pytest.mark.parametrize("offset", ["-1h", "+1h"])
def test_a_clock_that_is_wrong_by_an_hour(clerk365, offset):
    """Sign-in and refresh by a clock that is off."""
    wrapper = ["faketime", "-f", offset]
    login = clerk365.start(wrapper=wrapper)
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.result()["imap"]["ok"] is True
    clerk365.amtspost.ok("folders", "--user", CLERK, wrapper=wrapper)
    clerk365.folders()  # by the right clock


# The file

def break_file(clerk: Clerk365, how: str) -> None:
    path = clerk.token_file
    content = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "renamed":
        path.rename(path.with_name("weg.json"))
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(content[:len(content) // 2])
    elif how == "foreign":
        path.write_text('{"token": "etwas anderes", "expiry": 17}')
    elif how == "newer":
        path.write_text(json.dumps(json.loads(content) | {"format": 2, "neu": True}))
    elif how == "sealed":
        token = json.loads(content)
        token["access_token"], token["refresh_token"] = token["refresh_token"], token["access_token"]
        path.write_text(json.dumps(token))
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "link":
        path.rename(path.with_name("echt.json"))
        path.symlink_to("echt.json")
    elif how == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif how == "huge":
        path.write_bytes(b"[" * 3_000_000)


@pytest.mark.parametrize("how, condition", [
    ("deleted", "token-missing"), ("renamed", "token-missing"), ("empty", "token-broken"),
    ("truncated", "token-broken"), ("foreign", "token-unknown"), ("newer", "token-newer"),
    ("sealed", "token-sealed"), ("link", "token-broken"), ("pipe", "token-broken"),
    ("huge", "token-broken")])
def test_a_file_that_is_not_as_it_was(signed_in, how, condition):
    break_file(signed_in, how)
    error = signed_in.needs_sign_in(condition)
    assert TOKEN_FILE in error["message"]
    assert_german(error)
    assert TOKEN_FILE in signed_in.status()["reason"]
    assert signed_in.sign_in()["imap"]["ok"] is True
    signed_in.folders()
    kept = signed_in.token_file.with_name(TOKEN_FILE + ".alt")
    assert kept.exists() == (how in ("foreign", "newer"))


def test_a_folder_in_the_files_place(signed_in):
    break_file(signed_in, "folder")
    signed_in.needs_sign_in("token-broken")
    assert signed_in.amtspost.fails(3, "login", "--user", CLERK)["condition"] == "token-folder"
    assert signed_in.identity.count("authorize") == 0


def test_another_users_file_is_never_overwritten(signed_in, tmp_path):
    shared = tmp_path / "gemeinsam"
    shared.mkdir()
    amtspost = signed_in.amtspost
    warning = amtspost.ok("settings", "set", "oauth.token-folder", str(shared))
    assert "{user}" in warning.stderr
    assert signed_in.sign_in("--new")["token_file"] == str(shared / TOKEN_FILE)
    assert not signed_in.token_file.exists(), "the former file is of no more use"
    kept = (shared / TOKEN_FILE).read_bytes()
    other = "andere." + signed_in.address
    signed_in.identity.add_user(other, USER_PASSWORD)
    amtspost.ok("user", "add", "andere")
    for key, value in (("interface", "office365"), ("account", other), ("imap.use-default", "true")):
        amtspost.set(key, value, "andere")
    error = amtspost.fails(3, "login", "--user", "andere")
    assert error["condition"] == "token-foreign" and str(shared) in error["message"]
    assert (shared / TOKEN_FILE).read_bytes() == kept
    amtspost.ok("settings", "set", "oauth.token-folder", str(tmp_path / "eigen" / "{user}"))
    signed_in.folders()  # the path is fixed at sign-in
    amtspost.ok("user", "remove", "andere")
    assert (shared / TOKEN_FILE).read_bytes() == kept


def test_another_installations_file(signed_in, tmp_path):
    other = Amtspost(tmp_path / "zweite")
    appdata = tmp_path / "appdata"
    appdata.mkdir()
    signed_in.amtspost.environment["APPDATA"] = other.environment["APPDATA"] = str(appdata)
    assert signed_in.sign_in("--new")["token_file"] == str(appdata / TOKEN_FILE)
    second = Clerk365(other, signed_in.identity, signed_in.dovecot, "fremd." + signed_in.address,
                      Path(signed_in.amtspost.get("tls.ca-file")["value"]))
    assert other.fails(3, "login", "--user", CLERK)["condition"] == "token-foreign-office"
    assert not second.token_file.exists()


def test_missing_rights(signed_in):
    """As root every file is readable: another account owns it instead."""
    if os.getuid() == 0:
        os.chown(signed_in.token_file, 65534, 65534)
        condition = "token-foreign-owner"
    else:
        signed_in.token_file.chmod(0)
        condition = "token-unreadable"
    assert signed_in.amtspost.fails(3, "folders", "--user", CLERK)["condition"] == condition
    assert signed_in.amtspost.fails(3, "login", "--new", "--user", CLERK)["condition"] == condition


def test_a_folder_that_is_none(signed_in, tmp_path):
    (tmp_path / "datei").write_text("")
    signed_in.amtspost.set("oauth.token-folder", str(tmp_path / "datei" / "{user}"))
    error = signed_in.amtspost.fails(3, "login", "--new", "--user", CLERK)
    assert error["condition"] == "token-folder"
    signed_in.folders()


@pytest.mark.parametrize("value, environment, expected", [
    (None, {}, "{data}/users/{user}"),
    (None, {"APPDATA": "{tmp}/roaming"}, "{tmp}/roaming"),
    ("%APPDATA%/amt/{user}", {"USERPROFILE": "{tmp}/profil"}, "{tmp}/profil/AppData/Roaming/amt/{user}"),
    ("%USERPROFILE%/t-{user}", {"HOME": "{tmp}/heim"}, "{tmp}/heim/t-{user}"),
    ("~/tokens/{user}", {"HOME": "{tmp}/heim"}, "{tmp}/heim/tokens/{user}")])
def test_places(clerk365, tmp_path, value, environment, expected):
    places = {"data": str(clerk365.amtspost.data), "tmp": str(tmp_path), "user": CLERK}
    for name, text in environment.items():
        clerk365.amtspost.environment[name] = text.format(**places)
    if value:
        clerk365.amtspost.set("oauth.token-folder", value)
    result = clerk365.sign_in()
    assert result["token_file"] == f"{expected.format(**places)}/{TOKEN_FILE}"
    for name in environment:
        clerk365.amtspost.environment[name] = "/nirgends"
    clerk365.folders()


def test_what_a_changed_setting_means(signed_in):
    signed_in.amtspost.set("account", "neu." + signed_in.address, CLERK)
    signed_in.needs_sign_in("token-other-account")
    signed_in.amtspost.set("account", signed_in.address, CLERK)
    signed_in.folders()
    signed_in.amtspost.set("oauth.tenant", "common")
    signed_in.needs_sign_in("token-other-client")
    signed_in.amtspost.set("oauth.tenant", "organizations")
    signed_in.folders()


def test_a_removed_user_leaves_nothing(signed_in):
    signed_in.amtspost.ok("user", "remove", CLERK)
    assert not signed_in.token_file.exists() and not signed_in.token_file.parent.exists()


def test_without_offline_access(clerk365):
    clerk365.amtspost.set("oauth.scopes", "https://outlook.office.com/IMAP.AccessAsUser.All openid profile")
    clerk365.sign_in()
    clerk365.folders()
    clerk365.expire()
    clerk365.needs_sign_in("token-without-refresh")


# Secrets

def plant(clerk: Clerk365, **more) -> None:
    """The next answer of the authority holds tokens that are looked for everywhere."""
    clerk.identity.force(headers={"Content-Type": "application/json"}, body=json.dumps({
        "token_type": "Bearer", "expires_in": 3600, "access_token": MARK + "-zugriff",
        "refresh_token": MARK + "-erneuerung"}), **more)
    clerk.expire()


def test_planted_tokens_are_nowhere(signed_in):
    """Every output is searched by the runner; here every file, argument and environment."""
    plant(signed_in)
    assert signed_in.amtspost.run("--verbose", "folders", "--user", CLERK).status == 4
    signed_in.amtspost.run("login", "status", "--user", CLERK)
    signed_in.amtspost.run("user", "show", CLERK)
    signed_in.amtspost.run("audit")
    signed_in.amtspost.run("settings", "list", "--user", CLERK)
    for path in signed_in.amtspost.data.rglob("*"):
        if path.is_file():
            assert MARK.encode() not in path.read_bytes(), path
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_an_authority_that_repeats_what_was_sent(signed_in):
    """The refresh token comes back in the description: it is left out."""
    plant(signed_in)
    signed_in.amtspost.run("folders", "--user", CLERK)
    signed_in.identity.force_error("invalid_grant", 50173, text=f"The token {MARK}-erneuerung is over.")
    signed_in.expire()
    run = signed_in.amtspost.run("--json", "--verbose", "folders", "--user", CLERK)
    assert run.status == 4 and run.error["condition"] == "oauth-revoked"
    assert "correlation_id" in run.error["detail"]
    (row,) = [row for row in signed_in.amtspost.json("audit") if row["action"] == "sign-in.refused"
              and "oauth" in row["detail"]]
    assert "correlation_id" in row["detail"] and MARK not in row["detail"]


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


def test_nothing_in_arguments_environment_or_core(signed_in):
    """Looked at while the authority has the refresh token in its hands."""
    plant(signed_in, hold=True)
    running = signed_in.amtspost.start("--json", "folders", "--user", CLERK)
    wait_until(lambda: signed_in.identity.waiting() == 1)
    process = Path(f"/proc/{running.pid}")
    for name in ("cmdline", "comm", *(("environ",) if os.getuid() == 0 else ())):
        assert MARK.encode() not in (process / name).read_bytes()
    (core,) = [line for line in (process / "limits").read_text().splitlines()
               if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"], core
    signed_in.identity.release()
    assert running.finish().status == 4


@pytest.mark.release_only
@pytest.mark.skipif(os.getuid() != 0, reason="becomes somebody else")
def test_nobody_else_of_the_same_account_reads_its_memory(clerk365):
    """The kernel gives the files of a guarded process to root."""
    nobody = 65534
    clerk365.amtspost.ok("settings", "unset", "tls.ca-file")  # the folder of it is root's alone
    for path in [clerk365.amtspost.data, *clerk365.amtspost.data.rglob("*")]:
        os.chown(path, nobody, nobody)
    for folder in (clerk365.amtspost.folder, *clerk365.amtspost.folder.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    login = clerk365.start()
    status = Path(f"/proc/{login.running.pid}/status").read_text()
    assert f"Uid:\t{nobody}" in status
    assert Path(f"/proc/{login.running.pid}/environ").stat().st_uid == 0
    login.running.process.kill()
    login.running.process.wait()


def test_a_token_that_runs_out_during_an_import(signed_in):
    """The server drops the connection with the token; the import goes on with a new one."""
    clerk = signed_in
    clerk.dovecot.maildir(clerk.address).add_folder("INBOX", list(make_mails(4000, small=True)))
    with Relay(clerk.dovecot.tls_port) as relay:
        relay.rate = 1_500_000
        clerk.amtspost.set("imap.port", str(relay.port))
        running = clerk.amtspost.start("--json", "import", "--user", CLERK)
        deadline = time.monotonic() + 30
        while not clerk.dovecot.sessions(clerk.address) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        clerk.identity.revoke_access_tokens(clerk.address)
        assert clerk.dovecot.end_sessions(clerk.address, abruptly=True) >= 1
        relay.rate = 0
        run = running.finish()
    assert run.status == 0, run.stdout + run.stderr
    assert run.json["imported"] == 4000 and run.json["failed"] == 0
    assert clerk.refreshes() == 1


def test_cancelling_while_another_refreshes(signed_in):
    signed_in.identity.force(hold=True)
    signed_in.expire()
    first = signed_in.amtspost.start("--json", "folders", "--user", CLERK)
    wait_until(lambda: signed_in.identity.waiting() == 1)
    second = signed_in.amtspost.start("--json", "folders", "--user", CLERK)
    time.sleep(0.3)
    second.process.send_signal(signal.SIGINT)
    assert second.finish(10).status == 130
    signed_in.identity.release()
    assert first.finish().status == 0


def test_what_is_granted_just_then_survives_a_cancellation(signed_in):
    """The authority has rotated already: the new token is stored before the program ends."""
    signed_in.identity.rotate_strictly()
    try:
        signed_in.identity.force(hold=True)
        signed_in.expire()
        running = signed_in.amtspost.start("--json", "folders", "--user", CLERK)
        wait_until(lambda: signed_in.identity.waiting() == 1)
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        signed_in.identity.release()
        assert running.finish(10).status == 130
        signed_in.expire()
        signed_in.folders()
    finally:
        signed_in.identity.rotate_strictly(False)


def test_removed_while_it_is_refreshed(signed_in):
    """The refresh that is under way does not bring the file back."""
    signed_in.identity.force(hold=True)
    signed_in.expire()
    running = signed_in.amtspost.start("--json", "folders", "--user", CLERK)
    wait_until(lambda: signed_in.identity.waiting() == 1)
    removing = signed_in.amtspost.start("login", "remove", "--user", CLERK)
    time.sleep(0.2)
    signed_in.identity.release()
    assert removing.finish().status == 0
    running.finish()
    assert not signed_in.token_file.exists()
    signed_in.needs_sign_in("login-missing")


def test_a_file_that_cannot_be_removed_is_told(signed_in):
    """On a file system that takes no changes: neither the file nor what is known of it goes."""
    if os.getuid() != 0:
        pytest.skip("needs chattr")
    subprocess.run(["chattr", "+i", str(signed_in.token_file)], check=True)
    try:
        assert signed_in.amtspost.fails(3, "login", "remove", "--user", CLERK)["condition"] == "token-folder"
        assert signed_in.status()["token_file"] == str(signed_in.token_file)
    finally:
        subprocess.run(["chattr", "-i", str(signed_in.token_file)], check=True)
    signed_in.amtspost.ok("login", "remove", "--user", CLERK)
    assert not signed_in.token_file.exists()


def test_a_place_that_takes_no_new_file_spends_no_token(signed_in):
    """The next content could not be written: the authority is not even asked."""
    signed_in.expire()
    pending = signed_in.token_file.with_name(TOKEN_FILE + ".new")
    pending.mkdir()
    assert signed_in.amtspost.fails(3, "folders", "--user", CLERK)["condition"] == "token-folder"
    assert signed_in.identity.count("token") == 0
    pending.rmdir()
    signed_in.folders()


def test_a_grant_without_a_new_refresh_token_keeps_the_old(signed_in):
    """RFC 6749 section 6: the authority may leave it as it is."""
    before = signed_in.identity.issue_token(signed_in.address)
    signed_in.identity.force(headers={"Content-Type": "application/json"}, body=json.dumps(
        {"token_type": "bearer", "expires_in": "3600", "access_token": before}))
    signed_in.expire()
    signed_in.folders()
    signed_in.expire()
    signed_in.folders()
    assert signed_in.refreshes() == 2


def test_a_pending_file_beside_a_deleted_one_brings_nothing_back(signed_in):
    signed_in.token_file.rename(signed_in.token_file.with_name(TOKEN_FILE + ".new"))
    signed_in.needs_sign_in("token-missing")
    assert not signed_in.token_file.exists()


def test_a_mail_server_that_refuses_every_token(signed_in):
    """One more token is asked for, not one a use; the refusal is known afterwards."""
    with FakeImap({"AUTHENTICATE": refuse_token}, capabilities="IMAP4rev1 AUTH=XOAUTH2 SASL-IR",
                  tls=tls_context(signed_in.certificate)) as server:
        port = signed_in.amtspost.get("imap.port")["value"]
        signed_in.amtspost.set("imap.port", str(server.port))
        for _ in range(4):
            signed_in.needs_sign_in("oauth-token-refused")
        assert signed_in.refreshes() == 1
        assert signed_in.amtspost.json("user", "show", CLERK)["sign_in"] == "refused"
        assert signed_in.amtspost.json("user", "list")[0]["sign_in"] == "refused"
    signed_in.amtspost.set("imap.port", port)
    signed_in.folders()
    assert signed_in.amtspost.json("user", "show", CLERK)["sign_in"] == "ok"


def refuse_token(connection, tag, _arguments):
    connection.send(f"{tag} NO AUTHENTICATE failed.\r\n")


def test_a_moved_data_folder_takes_its_tokens_along(signed_in, tmp_path):
    moved = tmp_path / "umgezogen"
    signed_in.amtspost.data.rename(moved)
    signed_in.amtspost.data = moved
    signed_in.folders()
    assert signed_in.status()["token_file"] == str(signed_in.token_file)


def test_locked_while_the_browser_is_open(clerk365):
    login = clerk365.start()
    clerk365.amtspost.ok("user", "lock", CLERK)
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    run = login.finish()
    assert run.status != 0 and not clerk365.token_file.exists()
    clerk365.amtspost.ok("user", "unlock", CLERK)
    clerk365.sign_in()


def test_removed_while_the_browser_is_open(clerk365):
    login = clerk365.start()
    clerk365.amtspost.ok("user", "remove", CLERK)
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.finish().status == 2
    assert not clerk365.token_file.exists()


def test_a_folder_for_everybody_is_refused(clerk365, tmp_path):
    folder = tmp_path / "offen"
    folder.mkdir()
    folder.chmod(0o1777)
    clerk365.amtspost.set("oauth.token-folder", str(folder / "{user}"))
    clerk365.sign_in()  # a folder of its own below
    clerk365.amtspost.ok("settings", "set", "oauth.token-folder", str(folder))
    assert clerk365.amtspost.fails(3, "login", "--new", "--user", CLERK)["condition"] == "token-folder"


def test_nobody_reads_half_a_file(signed_in):
    """While it is replaced again and again."""
    def read(_: int) -> None:
        for _ in range(5):
            assert signed_in.status()["reason"] is None

    with ThreadPoolExecutor(3) as pool:
        readers = pool.map(read, range(3))
        for _ in range(5):
            signed_in.identity.revoke_access_tokens(signed_in.address)
            signed_in.expire()
            signed_in.folders()
        list(readers)


def test_why_somebody_could_not_sign_in(clerk365):
    """Without a sign-in the list tells how the last try ended."""
    clerk365.identity.refuse_sign_in("access_denied", 90094)
    login = clerk365.start()
    clerk365.identity.sign_in(login.url, clerk365.address, USER_PASSWORD)
    assert login.finish().status == 3
    person = clerk365.amtspost.json("user", "show", CLERK)
    assert "Administrator Ihrer Organisation" in person["sign_in_reason"]
    assert any(row["action"] == "sign-in.refused" and "90094" in row["detail"]
               for row in clerk365.amtspost.json("audit"))
    clerk365.sign_in()
    assert clerk365.amtspost.json("user", "show", CLERK)["sign_in"] == "ok"

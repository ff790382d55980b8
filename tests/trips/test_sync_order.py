"""Pack and folder are on the disk before the rows that name them are committed: kill -9 cannot show
that, a trace of the system calls does."""

import re
import shutil

import pytest
from peers.load import make_mails
from runner import CLERK

CALL = re.compile(r"^(?:\[pid\s+)?(\d+)?\]?\s*(\w+)\((.*)$")
NAME = re.compile(r"[0-9a-f]{32}")


def trace(clerk, tmp_path) -> list[tuple[str, str]]:
    """(call, arguments) of all threads in the order of their return."""
    log = tmp_path / "trace"
    clerk.run("import", "--user", CLERK, timeout=300, wrapper=[
        "strace", "-f", "-y", "-s", "100000", "-xx", "-o", str(log), "-e",
        "trace=openat,write,pwrite64,pwritev,writev,fsync,fdatasync,sync_file_range,unlink,unlinkat"])
    calls = []
    started: dict[str, tuple[str, str]] = {}
    for line in log.read_text(errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if match := re.match(r"(\w+)\((.*) <unfinished \.\.\.>$", rest):
            started[pid] = (match[1], match[2])
        elif match := re.match(r"<\.\.\. (\w+) resumed>(.*)$", rest):
            name, begin = started.pop(pid, (match[1], ""))
            calls.append((name, begin + match[2]))
        elif match := re.match(r"(\w+)\((.*)$", rest):
            calls.append((match[1], match[2]))
    return calls


def path_of(arguments: str) -> str:
    """The path that strace -y shows behind the first descriptor, decoded."""
    match = re.match(r"\d+<([^>]*)>", arguments)
    return bytes.fromhex(match[1].replace("\\x", "")).decode() if match and match[1].startswith("\\x") \
        else (match[1] if match else "")


def data_of(arguments: str) -> bytes:
    return b"".join(bytes.fromhex(part.replace("\\x", ""))
                    for part in re.findall(r'"((?:\\x[0-9a-f]{2})+)"', arguments))


@pytest.mark.release_only
def test_pack_and_folder_before_rows(clerk, mailbox, tmp_path):
    if not shutil.which("strace"):
        pytest.fail("strace is missing; tools/install brings it")
    mailbox.fill("INBOX", list(make_mails(60, small=True)))
    calls = trace(clerk, tmp_path)
    assert len(clerk.archive()) == 60
    packs = {path_of(arguments) for name, arguments in calls
             if name in ("write", "pwrite64", "writev", "pwritev") and
             NAME.fullmatch(path_of(arguments).rpartition("/")[2].partition(".")[0])}
    assert packs, "no pack was seen"
    for pack in packs:
        check_order(calls, pack)


def check_order(calls: list[tuple[str, str]], pack: str) -> None:
    name = NAME.search(pack.rpartition("/")[2])[0]
    folder = pack.rpartition("/")[0]
    last_write = pack_synced = folder_synced = row_written = row_synced = -1
    for number, (call, arguments) in enumerate(calls):
        path = path_of(arguments)
        if path == pack and "write" in call:
            last_write = number
            assert pack_synced < 0, "a pack was written to after its fdatasync"
        elif path == pack and call in ("fsync", "fdatasync"):
            pack_synced = number
        elif path == folder and call == "fsync" and pack_synced >= 0 and folder_synced < 0:
            folder_synced = number
        elif path.endswith(("-wal", "-journal", ".db")) and "write" in call and row_written < 0:
            data = data_of(arguments)
            if name.encode() in data or bytes.fromhex(name) in data:
                row_written = number
        elif path.endswith(("-wal", "-journal")) and "sync" in call and 0 <= row_written and \
                row_synced < 0:
            row_synced = number
    assert -1 < last_write < pack_synced < folder_synced < row_written < row_synced, (
        last_write, pack_synced, folder_synced, row_written, row_synced)

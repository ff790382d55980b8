"""Child processes that never outlive us: the kernel ends them when this process dies, however it
dies. Nothing here looks a process up by its name."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Ends the calling process with SIGTERM as soon as its parent, whose id is PARENT, is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call above
        os.kill(os.getpid(), signal.SIGTERM)


def adopt_orphans() -> None:
    """Makes the kernel hand us grandchildren whose parent died, so that they can be ended."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def exit_on_signals() -> None:
    """Turns SIGTERM and SIGHUP into SystemExit, so that `finally` and `with` do their work."""

    def leave(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the cleaning up
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


@contextmanager
def signals_kept() -> Iterator[Callable[[], int]]:
    """Within, signals that end a program wait until the function that is given asks for one: none is lost
    between a program's last word and its waiting, as before signal.pause()."""
    ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield lambda: signal.sigwait(ending)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def spawn(arguments: list[str], user: str | None = None, **options) -> subprocess.Popen:
    """Starts ARGUMENTS as a child that dies with us, as USER if given (root only)."""
    # Not die_with_parent as preexec_fn: Python would copy itself for it with fork, which at the size
    # that pytest grows to takes as long as a short run of the program.
    guard = ["/usr/bin/setpriv", "--pdeathsig", "TERM"]
    if user:
        entry = pwd.getpwnam(user)
        guard += ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    # The shell looks whether we had died before.
    return subprocess.Popen([*guard, "/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()),
                             *arguments], **options)


def stop(process: subprocess.Popen, seconds: float = 10) -> None:
    """Ends PROCESS: politely, and after SECONDS by force."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_group(process: subprocess.Popen, seconds: float = 10) -> None:
    """Ends PROCESS, the first of a session of its own, together with all its children."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    stop(process, seconds)


def is_alive(pid: int) -> bool:
    """Whether process PID runs; one that is dead and not waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(root: int) -> list[int]:
    """The ids of all living processes below ROOT."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end(pids: list[int], seconds: float = 5) -> None:
    """Waits for the processes PIDS, which have been told to end, and kills those that stay."""
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for pid in filter(is_alive, pids):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

"""Programs in surroundings of their own: with some of the machine's files replaced (a mount namespace), or
without any network but a loopback that is theirs alone (a network namespace). Nothing of it shows outside, and
nothing remains: the kernel takes it back with the last process inside. Needs root.
"""

import ctypes
import os
import pwd
import shlex
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from . import processes
from .node import Missing
from .relay import Relay

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def check() -> None:
    """Says what is missing where namespaces cannot be made."""
    if os.getuid() != 0:
        raise Missing("namespaces need root")
    tried = subprocess.run(["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"],
                           capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise Missing(f"no namespaces here: {tried.stderr.strip()}")


def with_files(files: dict[str, Path], command: list[str], user: str | None = None) -> list[str]:
    """COMMAND as it must be called to see other contents in the files that FILES names, and to run as USER;
    processes.spawn ends it with us all the same."""
    mounts = "".join(f"mount --bind {shlex.quote(str(own))} {shlex.quote(name)} && "
                     for name, own in files.items())
    return ["unshare", "--mount", "sh", "-c", f'{mounts}exec "$@"', "sh", *_as_user(user), *command]


def _as_user(user: str | None) -> list[str]:
    if not user:
        return []
    entry = pwd.getpwnam(user)
    # A change of user takes back the death signal of processes.spawn.
    return ["setpriv", "--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups",
            "--pdeathsig", "TERM"]


class Island:
    """`with Island(files) as island:`. What `island.wrapper` starts sees the contents of FILES (name -> path)
    and no network but a loopback, on which only the doors are that were opened."""

    def __init__(self, files: dict[str, Path]):
        check()
        self._files = files
        self._doors = ExitStack()
        self._keeper: subprocess.Popen | None = None

    def __enter__(self) -> "Island":
        # Reading from us it ends with us.
        keep = ["sh", "-c", "ip link set lo up && echo ready && read -r _"]
        self._keeper = processes.spawn(["unshare", "--net", *with_files(self._files, keep)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._keeper.stdout.readline() != b"ready\n":
            self.__exit__()
            raise RuntimeError("no network namespace")
        return self

    def __exit__(self, *_: object) -> None:
        self._doors.close()
        self._keeper.stdin.close()
        self._keeper.stdout.close()
        processes.stop(self._keeper)

    @property
    def wrapper(self) -> list[str]:
        """What stands before a command that is to run inside."""
        return ["nsenter", "--target", str(self._keeper.pid), "--net", "--mount", "--"]

    def open_door(self, port: int, target_port: int) -> Relay:
        """Leads from PORT on the island's 127.0.0.1 to TARGET_PORT on that of the machine."""
        with ThreadPoolExecutor(1) as thread:  # setns changes one thread alone, here one that ends at once
            listener = thread.submit(self._listen, port).result()
        return self._doors.enter_context(Relay(target_port, listener))

    def _listen(self, port: int) -> socket.socket:
        with open(f"/proc/{self._keeper.pid}/ns/net", "rb") as namespace:
            if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        return socket.create_server(("127.0.0.1", port))

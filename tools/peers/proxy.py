"""What the private proxies squid and dante have in common: a folder below /tmp, two free ports on loopback, names
that nobody but the proxy can look up, and a quick start and end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

from . import processes
from .dovecot import free_port
from .node import Missing

FORBIDDEN = "127.0.0.66"  # an address to which no proxy connects
_USER = "nobody"
_START_SECONDS = 15


def executable(*names: str) -> str:
    """The first program of NAMES that is installed."""
    for name in names:
        if found := shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin"):
            return found
    raise Missing(f"{names[0]} is missing: run tools/install test")


def hashed(passwords: list[str]) -> list[str]:
    """As in /etc/shadow."""
    text = "".join(password + "\n" for password in passwords)
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=text, text=True,
                          capture_output=True, check=True).stdout.split()


class Proxy(ABC):
    """`with Squid(names, logins) as proxy:`. NAMES maps host names to addresses; no other name is known. At
    `open_port` everybody may connect, at `login_port` those of LOGINS (name -> password). FORBIDDEN is refused
    at both."""

    kind: str  # the value of imap.proxy.type
    _end = signal.SIGTERM

    def __init__(self, names: dict[str, str], logins: dict[str, str]):
        self.open_port = self.login_port = 0
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-proxy-", dir="/tmp"))
        self._user = _USER if os.getuid() == 0 else None
        self._process: subprocess.Popen | None = None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._write("hosts", "127.0.0.1 localhost\n" + "".join(
            f"{address} {name}\n" for name, address in names.items()))
        self._prepare(logins)

    def __enter__(self) -> "Proxy":
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def log(self) -> str:
        """What went through and what was refused."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        for _attempt in range(5):  # somebody else may take a free port before the proxy does
            self.open_port, self.login_port = free_port(), free_port()
            with open(self.folder / "output", "ab") as output:
                self._process = self._spawn(cwd=self.folder, start_new_session=True, stdout=output,
                                            stdin=subprocess.DEVNULL, stderr=output)
            if self._wait_until_ready():
                return
            self.stop()
        raise RuntimeError(f"{type(self).__name__} does not start: {self.log}"
                           f"{(self.folder / 'output').read_text(errors='replace')}")

    def stop(self) -> None:
        if self._process:
            below = processes.descendants(self._process.pid)
            self._process.send_signal(self._end)
            processes.stop(self._process)
            processes.end(below)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def _prepare(self, logins: dict[str, str]) -> None:
        """Writes what does not depend on the ports."""

    @abstractmethod
    def _spawn(self, **options) -> subprocess.Popen:
        """Writes the configuration and starts the program, as self._user if that is set."""

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)  # in a folder that is the user's alone
        return path

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                for port in (self.open_port, self.login_port):
                    socket.create_connection(("127.0.0.1", port), 5).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

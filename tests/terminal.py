"""The program at a terminal, as a person has it."""

import os
import pty
import re
import select
import subprocess
import termios
import time

from peers import processes
from runner import BINARY, MARK


class Terminal:
    """The program at a terminal of its own."""

    def __init__(self, amtspost, *arguments: str):
        self._master, slave = pty.openpty()
        self.process = processes.spawn(
            ["setsid", "--ctty", str(BINARY), "--data", str(amtspost.data), *arguments], stdin=slave,
            stdout=slave, stderr=slave, env=amtspost.environment | {"TERM": "xterm"})
        self._kept = slave  # its settings are looked at when the program is gone
        self.text = ""

    def read(self, seconds: float) -> bool:
        """False: the program is gone, and all it wrote is read."""
        if not select.select([self._master], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            self.text += os.read(self._master, 65_536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # the other side is closed
            return False
        return True

    def wait_for(self, pattern: str, seconds: float = 20) -> re.Match:
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < deadline and self.read(0.1), f"no {pattern!r} in:\n{self.text}"
        return found

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def finish(self, seconds: float = 60, echo: bool = False) -> int:
        """Waits for the end; ECHO: the terminal must show again what is typed."""
        deadline = time.monotonic() + seconds
        while self.read(0.1):
            assert time.monotonic() < deadline, self.text
        try:
            status = self.process.wait(seconds)
            assert not echo or termios.tcgetattr(self._kept)[3] & termios.ECHO, "the terminal stays blind"
            return status
        except subprocess.TimeoutExpired:
            processes.stop(self.process)
            raise
        finally:
            os.close(self._master)
            os.close(self._kept)
            assert MARK not in self.text, "a secret was shown"

"""A person with a real browser: headless Chromium, driven by browser/main.mjs. It starts when it is used for
the first time, with a home and a profile of its own."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from . import node, processes
from .forms import SignIn, Stuck

GRACE_SECONDS = 20  # for the start of Chromium, beyond a request's own time


class Browser:
    """`with Browser() as browser:`. People with the same name (`person`) share cookies and so are still
    signed in; without one each call is by somebody new."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @staticmethod
    def check() -> None:
        """Raises node.Missing where something is not installed, without starting anything."""
        node.program("browser", "main.mjs")
        _chromium()

    def sign_in(self, url: str, name: str, password: str, consent: bool = True, visit: bool = True,
                screenshot: bool = False, person: str | None = None, seconds: float = 60) -> SignIn:
        """Opens the authorize address URL, types name and password, accepts or declines. VISIT False:
        stops at the redirect to the application and answers its address, for pasting. SCREENSHOT: one of
        every page passed, the last one last."""
        return self._ask("sign-in", seconds, url=url, name=name, password=password, consent=consent,
                         visit=visit, screenshot=screenshot, person=person)

    def open(self, url: str, screenshot: bool = False, person: str | None = None,
             seconds: float = 60) -> SignIn:
        """Opens any page and reads it."""
        return self._ask("open", seconds, url=url, screenshot=screenshot, person=person)

    def remove(self) -> None:
        if self._process:
            below = processes.descendants(self._process.pid)
            self._process.stdin.close()  # it closes Chromium and ends
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                processes.stop(self._process)
            self._process.stdout.close()
            processes.end(below)
            self._process = None
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _start(self) -> None:
        command = node.program("browser", "main.mjs")
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-browser-", dir="/tmp"))
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                       "HOME": str(self.folder), "TMPDIR": str(self.folder), "CHROMIUM": _chromium()}
        with open(self.folder / "log", "ab") as log:
            self._process = processes.spawn(command, cwd=self.folder, env=environment, stderr=log,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, command: str, seconds: float, **request: Any) -> SignIn:
        if not self._process:
            self._start()
        line = json.dumps(request | {"command": command, "milliseconds": int(seconds * 1000)})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._read_line(seconds + GRACE_SECONDS))
        if "error" in answer:
            raise Stuck(answer["error"])
        return SignIn(answer["address"], answer["text"], answer["final"], answer["pages"],
                      [base64.b64decode(picture) for picture in answer["screenshots"]])

    def _read_line(self, seconds: float) -> bytes:
        deadline, line = time.monotonic() + seconds, b""
        source = self._process.stdout.fileno()
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(source, 1 << 20) if ready else b""
            if not data:
                log = (self.folder / "log").read_text(errors="replace")
                self.remove()
                raise Stuck(f"the browser does not answer: {log[-3000:]}")
            line += data
        return line


def _chromium() -> str:
    found = shutil.which("chromium")
    if not found:
        raise node.Missing("Chromium is missing: run tools/install office365")
    return found

"""Runs build/amtspost on a data folder of its own, as people and other programs would.

No password given here may ever be told by the program: each holds MARK, and every run's output is
searched for it.
"""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from peers import processes

ROOT = Path(__file__).resolve().parents[1]
BINARY = Path(os.environ.get("AMTSPOST_BINARY", ROOT / "build" / "amtspost"))
SANITIZED = os.environ.get("AMTSPOST_BUILD") == "asan"
MARK = "Geheim-7Qx"
PASSWORD = MARK + " ä\"\\1"
CLERK = "m.mustermann"
ADDRESS = "m.mustermann@musterhausen.example"


@dataclass
class Run:
    """One run that ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    peak_kilobytes: int  # of the program, as seen last before its end; 0 where it was not measured

    @property
    def json(self) -> Any:
        """The one document that --json printed."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict:
        return self.json["error"]


def peak_kilobytes(pid: int) -> int:
    """The kernel's high-water mark of one living process. (wait4's is that of the process that
    started it, if that was larger.)"""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


class Running:
    """A run that is going on."""

    def __init__(self, process: subprocess.Popen, folder: Path, begin: float):
        self.process = process
        self._folder = folder
        self._begin = begin

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def output(self, name: str = "stdout") -> str:
        """What it has written so far."""
        return (self._folder / name).read_text(encoding="utf-8", errors="replace")

    def finish(self, timeout: float = 120, measure: bool = False) -> Run:
        """Waits for the end; a run over TIMEOUT is killed and fails the test. MEASURE: its memory too."""
        peak = 0
        try:
            if measure:
                peak = self._measure(time.monotonic() + timeout)
            else:
                _wait(self.process, timeout)
        except TimeoutError:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running after {timeout} s: {self.process.args}") from None
        stdout, stderr = ((self._folder / name).read_bytes() for name in ("stdout", "stderr"))
        for output in (stdout, stderr):
            assert MARK.encode() not in output, f"a secret was told by {self.process.args}"
        assert b"ERROR: AddressSanitizer" not in stderr and b"runtime error:" not in stderr, \
            stderr.decode("utf-8", "replace")
        return Run(self.process.returncode, stdout.decode(), stderr.decode(),
                   time.monotonic() - self._begin, peak)

    def _measure(self, deadline: float) -> int:
        """Waits like _wait and looks all the time; answers the peak."""
        peak = 0
        while self.process.poll() is None:
            peak = max(peak, peak_kilobytes(self.process.pid))
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.002)
        return peak


def _wait(process: subprocess.Popen, timeout: float) -> None:
    """Sleeps until the kernel reports the end. (Popen.wait(timeout) looks again and again.)"""
    if process.poll() is not None:
        return
    watch = os.pidfd_open(process.pid)
    try:
        if not select.select([watch], [], [], timeout)[0]:
            raise TimeoutError
    finally:
        os.close(watch)
    process.wait()


class Beginnings:
    """Data folders as they are after the same first commands on an empty one. Most tests begin alike, and
    ten runs for a clerk would take longer than the rest of a test: what two tests really ran, the next get
    as a copy."""

    def __init__(self):
        self._folder: tempfile.TemporaryDirectory | None = None
        self._seen: set[tuple] = set()
        self._kept: dict[tuple, Path] = {}

    def knows(self, commands: tuple) -> bool:
        return commands in self._kept

    def keep(self, commands: tuple, data: Path) -> None:
        """Keeps what the second one leads to: what only one test does is not worth it."""
        if commands not in self._seen:
            self._seen.add(commands)
            return
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="amtspost-beginnings-")
        kept = Path(self._folder.name) / str(len(self._kept))
        shutil.copytree(data, kept)
        self._kept[commands] = kept

    def copy(self, commands: tuple, data: Path) -> None:
        shutil.copytree(self._kept[commands], data, dirs_exist_ok=True)


_BEGINNINGS = Beginnings()


class Amtspost:
    """The program with one data folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._data = folder / "data"
        self._data.mkdir(parents=True, exist_ok=True)
        self._count = 0
        # All that was prepared so far; None: the folder is on its own.
        self._begun: tuple | None = None if any(self._data.iterdir()) else ()
        self._pending = False  # it is not in the folder yet
        self.environment = {
            key: value for key, value in os.environ.items()
            if key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")
        } | {"HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": str(folder / "share")}
        self._usual_environment = dict(self.environment)

    @property
    def data(self) -> Path:
        """The data folder; from now on anything may happen to it."""
        self._fill()
        self._begun = None
        return self._data

    @data.setter
    def data(self, folder: Path) -> None:
        self._fill()
        self._begun = None
        self._data = folder

    def _fill(self) -> None:
        if self._pending:
            _BEGINNINGS.copy(self._begun, self._data)
            self._pending = False

    def prepare(self, *arguments: str, stdin: str | None = None) -> None:
        """Like ok(); as long as all commands on the data folder were prepared, their effect may be copied."""
        if self._begun is None or self.environment != self._usual_environment:
            self.ok(*arguments, stdin=stdin)
            return
        commands = (*self._begun, (arguments, stdin))
        if _BEGINNINGS.knows(commands):
            self._begun, self._pending = commands, True
            return
        self.ok(*arguments, stdin=stdin)
        _BEGINNINGS.keep(commands, self._data)
        self._begun = commands

    def start(self, *arguments: str, stdin: bytes | str | None = None, pipe: IO | None = None,
              wrapper: list[str] | None = None, **options: Any) -> Running:
        """STDIN is all that comes in; PIPE is read instead, and may go on."""
        self._count += 1
        out = self.folder / "runs" / str(self._count)
        out.mkdir(parents=True)
        if isinstance(stdin, str):
            stdin = stdin.encode()
        (out / "stdin").write_bytes(stdin or b"")
        with open(out / "stdin", "rb") as source, open(out / "stdout", "wb") as stdout, \
                open(out / "stderr", "wb") as stderr:
            begin = time.monotonic()
            process = processes.spawn(
                [*(wrapper or []), str(BINARY), "--data", str(self.data), *arguments],
                stdin=pipe or source, stdout=stdout, stderr=stderr,
                env=self.environment | options.pop("add", {}), **options)
        (out / "stdin").unlink()
        return Running(process, out, begin)

    def run(self, *arguments: str, stdin: bytes | str | None = None, timeout: float = 120,
            measure: bool = False, **options: Any) -> Run:
        return self.start(*arguments, stdin=stdin, **options).finish(timeout, measure)

    def ok(self, *arguments: str, **options: Any) -> Run:
        """A run that must end with status 0."""
        result = self.run(*arguments, **options)
        assert result.status == 0, f"{arguments}: {result.status}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
        return result

    def json(self, *arguments: str, **options: Any) -> Any:
        return self.ok("--json", *arguments, **options).json

    def fails(self, status: int, *arguments: str, **options: Any) -> dict:
        """A run that must end with STATUS and say so in JSON; answers the error."""
        result = self.run("--json", *arguments, **options)
        assert result.status == status, f"{arguments}: {result.status} instead of {status}\n" \
                                        f"{result.stdout[-3000:]}{result.stderr[-3000:]}"
        error = result.error
        assert error["status"] == status
        assert_german(error)
        return error

    def set(self, key: str, value: str, user: str | None = None) -> None:
        scope = ["--user", user] if user else []
        if key.endswith(("password", "client-secret")):
            self.prepare("settings", "set", key, "-", *scope, stdin=value + "\n")
        else:
            self.prepare("settings", "set", key, value, *scope)

    def get(self, key: str, user: str | None = None) -> dict:
        return self.json("settings", "get", key, *(["--user", user] if user else []))

    def add_clerk(self, name: str = CLERK, account: str = ADDRESS, password: str | None = PASSWORD,
                  use_default: bool = True) -> None:
        self.prepare("user", "add", name)
        self.set("interface", "standard", name)
        if use_default:
            self.set("imap.use-default", "true", name)
        if password:
            self.set("imap.password", password, name)
        self.set("account", account, name)  # last: for many tests one of its own (see Beginnings)

    def set_server(self, port: int, tls: str = "none", host: str = "localhost",
                   ca_file: Path | None = None, timeout: int = 20) -> None:
        for key, value in (("imap.host", host), ("imap.tls", tls), ("network.timeout", str(timeout))):
            self.set(key, value)
        if ca_file:
            self.set("tls.ca-file", str(ca_file))
        self.set("imap.port", str(port))

    def imported(self, *arguments: str, user: str = CLERK, **options: Any) -> dict:
        """The result of an import that must end with status 0."""
        return self.json("import", "--user", user, *arguments, **options)

    def archive(self) -> list[dict]:
        return self.json("archive", "list")

    def export(self, ids: list[int]) -> dict[int, bytes]:
        """id -> raw bytes, through files, as `archive export` writes them."""
        target = self.folder / f"export{self._count}"
        target.mkdir()
        for first in range(0, len(ids), 2000):
            self.ok("archive", "export", *map(str, ids[first:first + 2000]), "--output", str(target))
        return {number: (target / f"{number}.eml").read_bytes() for number in ids}


def assert_german(error: dict) -> None:
    """Message and advice are whole German sentences."""
    for part in ("message", "advice"):
        text = error[part]
        assert text and text[0] not in " %" and "%s" not in text and "(null)" not in text, text
        # A sentence that quotes a usage line or a value ends with that.
        assert text.rstrip()[-1] in ".?)“" or ": " in text, text
    german = {"der", "die", "das", "ein", "eine", "ist", "nicht", "wird", "wurde", "bitte", "muss",
              "kann", "es", "gibt", "zum", "sind"}
    words = {word.strip(".,:;„“").lower() for word in (error["message"] + " " + error["advice"]).split()}
    assert len(words & german) >= 2, error

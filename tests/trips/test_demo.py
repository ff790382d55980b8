"""The demo office (make run): imports, finds nothing new the second time, and leaves no process behind,
however it ends."""

import os
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from peers import processes
from peers.browser import Browser
from peers.node import Missing
from peers.office import Office
from runner import BINARY, ROOT

DEMO = ROOT / "tools" / "run-demo"
# tools/run-demo is what is tested. Of the program it uses user add, settings, import, folders and serve, as
# other trips do under the sanitizers; its start and end take twice as long there.
pytestmark = pytest.mark.release_only


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen([DEMO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, start_new_session=True, env=os.environ | {
                                "AMTSPOST_BINARY": str(BINARY), "AMTSPOST_DEMO": str(folder)})


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(map(processes.is_alive, pids)):
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids
                                             if processes.is_alive(pid)]
        time.sleep(0.05)


def new_mails(output: str) -> int:
    found = re.findall(r"(\d+) neu abgelegt", output)
    assert len(found) == 2, output
    return sum(map(int, found))


def test_twice_in_a_row(tmp_path):
    for wanted in ("many", "none"):
        process = start(tmp_path / "demo", "--once")
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
        assert (new_mails(output) > 200) == (wanted == "many")
        assert "Entwürfe" in output and "Gelöschte Elemente" in output


def test_with_office365(tmp_path):
    """A clerk who is not signed in, a real browser, the confirmation, and her mails."""
    try:
        Browser.check()
    except Missing as reason:
        pytest.skip(str(reason))
    if os.getuid() != 0:
        pytest.skip("Postfix's master must run as root")
    process = start(tmp_path / "demo", "--once", "--office365")
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert "keine Anmeldung gespeichert" in output and "Angemeldet als o.offermann@" in output
    assert re.search(r"Neu im Archiv: \d+ E-Mails", output) and "Die Anmeldung gilt." in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_leaves_no_process_behind(tmp_path, number):
    process = start(tmp_path / "demo")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Strg+C" in line:
            break
    assert "Strg+C" in lines[-1], "".join(lines)
    below = processes.descendants(process.pid)
    assert below, "no mail server was running"
    process.send_signal(number)
    process.wait(60)  # a busy machine takes its time
    process.stdout.close()
    wait_until_gone(below)


def test_mails_are_the_same_every_time():
    def everything(office: Office) -> list:
        return [(address, folder, mails) for address, folders in office.mailboxes.items()
                for folder, mails in folders.items()]

    first = everything(Office())
    assert first == everything(Office())
    assert sum(len(mails) for _, _, mails in first) > 200


def test_its_page_lets_in(tmp_path):
    """The addresses and passwords that it prints are the ones that work."""
    process = start(tmp_path / "demo")
    try:
        output = ""
        for line in process.stdout:
            output += line
            if "Strg+C" in line:
                break
        address = re.search(r"http://localhost:\d+/", output)[0]
        name, password = re.search(r"Administratorin  (\S+), Kennwort (\S+)", output).groups()
        form = urllib.parse.urlencode({"benutzer": name, "kennwort": password}).encode()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address + "anmelden", form, timeout=30) as page:
            assert "Anja Administratorin" in page.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()

"""Runs the scripts of tests/browser/ with Node.js and Chromium: each gets a plan and prints a report."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from peers import node, processes
from peers.browser import Browser
from runner import ROOT

SCRIPTS = ROOT / "tests" / "browser"
# Pictures of all pages take their time: AMTSPOST_PICTURES=FOLDER has them.
PICTURES = os.environ.get("AMTSPOST_PICTURES")
SECONDS = 240


def run(script: str, **plan: Any) -> Any:
    """The report of SCRIPT; raises node.Missing where something is not installed."""
    Browser.check()
    if not (ROOT / "node_modules" / "axe-core").exists():
        raise node.Missing("the npm packages are missing: run tools/install test")
    home = Path(tempfile.mkdtemp(prefix="amtspost-browser-", dir="/tmp"))
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(home),
                   "TMPDIR": str(home), "CHROMIUM": shutil.which("chromium")}
    process = processes.spawn([node.executable(), str(SCRIPTS / script)], cwd=home, env=environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        stdout, stderr = process.communicate(json.dumps(plan).encode(), timeout=SECONDS)
    finally:
        below = processes.descendants(process.pid)
        processes.stop(process)
        processes.end(below)
        shutil.rmtree(home, ignore_errors=True)
    assert process.returncode == 0, stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(stdout)

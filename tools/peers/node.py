"""Which Node.js runs the peers' programs: that of the system, or the one that tools/install fetched where
the distribution's is too old."""

import functools
import platform
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = 20
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


class Missing(RuntimeError):
    """What is needed is not installed; the text says how to get it."""


@functools.cache
def executable() -> str:
    """A Node.js that is new enough."""
    own = ROOT / "tools" / "node" / "node_modules" / \
        f"node-linux-{_ARCHITECTURES.get(platform.machine(), 'x64')}" / "bin" / "node"
    for candidate in (shutil.which("node"), str(own)):
        if candidate and Path(candidate).exists() and _version(candidate) >= OLDEST:
            return candidate
    raise Missing(f"Node.js {OLDEST} or newer is missing: run tools/install office365")


def program(*path: str, package: str = "oidc-provider") -> list[str]:
    """The command that runs a program of ours, whose PACKAGE must be there."""
    if not (ROOT / "node_modules" / package).exists():
        raise Missing("the npm packages are missing: run tools/install office365")
    return [executable(), str(ROOT.joinpath("tools", "peers", *path))]


def _version(candidate: str) -> int:
    output = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", output.stdout)
    return int(found[1]) if found else 0

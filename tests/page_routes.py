"""The program's own rows of routes, read from its source: so that no test forgets one."""

import re
from dataclasses import dataclass
from pathlib import Path

from runner import ROOT

_ROW = re.compile(r"\{(WEB_\w+),\s*([^,{}]+),\s*(ROLE_\w+),")
_TABLE = re.compile(r"^const Route route_\w+\[\] = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_DEFINE = re.compile(r'^#define (\w+) "([^"\n]*)"$', re.MULTILINE)


@dataclass(frozen=True, order=True)
class Route:
    method: str
    path: str  # "*" stands for one part
    role: str  # "ANYBODY", "PERSON", "ADMINISTRATOR"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _sources() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.[ch]"))}


def _path(expression: str, own: dict[str, str], others: dict[str, str]) -> str:
    """The string behind literals and names that stand side by side."""
    parts = re.findall(r'"([^"]*)"|(\w+)', expression)
    return "".join(literal or own.get(name) or (others[name] if name else "") for literal, name in parts)


def read() -> list[Route]:
    """All rows, in no order of meaning."""
    sources = _sources()
    others = {name: value for path, text in sources.items() if path.suffix == ".h"
              for name, value in _DEFINE.findall(text)}
    found = []
    for path, text in sources.items():
        own = dict(_DEFINE.findall(text))
        for table in _TABLE.findall(text):
            rows = _ROW.findall(table)
            assert len(rows) == table.count("{WEB_"), f"a row of {path} that this does not understand"
            found += [Route(method.removeprefix("WEB_"), _path(where, own, others), role.removeprefix("ROLE_"))
                      for method, where, role in rows]
    return found

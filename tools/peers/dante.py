"""A private dante that takes SOCKS5 (see proxy.py). It knows the accounts of the machine and no others, so it
runs where those files are its own: needs root."""

import subprocess

from . import namespaces, processes
from .proxy import FORBIDDEN, Proxy, executable, hashed

_CONFIG = """\
logoutput: {folder}/log
internal: 127.0.0.1 port = {open_port}
internal: 127.0.0.1 port = {login_port}
external: 127.0.0.1
clientmethod: none
socksmethod: username none
client pass {{
  from: 127.0.0.0/8 to: 127.0.0.1/32 port = {open_port}
  socksmethod: none
}}
client pass {{
  from: 127.0.0.0/8 to: 127.0.0.1/32 port = {login_port}
  socksmethod: username
}}
socks block {{
  from: 127.0.0.0/8 to: {forbidden}/32
  log: connect error
}}
socks pass {{
  from: 127.0.0.0/8 to: 127.0.0.0/8
  command: connect
  log: connect error
}}
"""
_SYSTEM = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
_FIRST_ID = 60_001


class Dante(Proxy):
    """Names of logins are what /etc/passwd can hold: no colon."""

    kind = "socks5"

    def __init__(self, names: dict[str, str], logins: dict[str, str]):
        namespaces.check()
        self._program = executable("danted", "sockd")
        super().__init__(names, logins)

    def _prepare(self, logins: dict[str, str]) -> None:
        self._write("passwd", _SYSTEM + "".join(
            f"{name}:x:{number}:{number}::/nonexistent:/bin/false\n"
            for number, name in enumerate(logins, _FIRST_ID)))
        self._write("shadow", "".join(f"{name}:{secret}:19000:0:99999:7:::\n" for name, secret
                                      in zip(logins, hashed([*logins.values()]))))
        self._write("nsswitch", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")

    def _spawn(self, **options) -> subprocess.Popen:
        config = self._write("conf", _CONFIG.format(folder=self.folder, open_port=self.open_port,
                                                    login_port=self.login_port, forbidden=FORBIDDEN))
        own = {f"/etc/{name}": self.folder / name for name in ("hosts", "passwd", "shadow")}
        return processes.spawn(namespaces.with_files(
            own | {"/etc/nsswitch.conf": self.folder / "nsswitch"},
            [self._program, "-f", str(config), "-p", str(self.folder / "pid")], self._user), **options)

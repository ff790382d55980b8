"""A private squid that lets CONNECT through and nothing else (see proxy.py). It asks no name server."""

import hashlib
import signal
import subprocess

from . import processes
from .proxy import FORBIDDEN, Proxy, executable, hashed

_CONFIG = """\
http_port 127.0.0.1:{open_port} name=open
http_port 127.0.0.1:{login_port} name=login
visible_hostname proxy.office.test
hosts_file {folder}/hosts
dns_nameservers 127.255.255.254
dns_retransmit_interval 1 second
dns_timeout 1 second
auth_param {login}
acl open myportname open
acl forbidden dst {forbidden}
acl known proxy_auth REQUIRED
http_access deny !CONNECT
http_access deny forbidden
http_access allow open
http_access allow known
http_access deny all
cache deny all
cache_mem 0
cache_log {folder}/cache.log
cache_store_log none
access_log stdio:{folder}/log
buffered_logs off
coredump_dir {folder}
netdb_filename none
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors 1024
"""
_REALM = "Amt"
_BASIC = f"""\
basic program /usr/lib/squid/basic_ncsa_auth {{folder}}/logins
auth_param basic realm {_REALM}
auth_param basic casesensitive on
auth_param basic children 1"""
_DIGEST = f"""\
digest program /usr/lib/squid/digest_file_auth -c {{folder}}/logins
auth_param digest realm {_REALM}
auth_param digest children 1"""


class Squid(Proxy):
    """With DIGEST it takes no other login; otherwise no other than Basic."""

    kind = "http"
    _end = signal.SIGKILL  # told to end it would wait for a second

    def __init__(self, names: dict[str, str], logins: dict[str, str], digest: bool = False):
        self._program = executable("squid")
        self._digest = digest
        super().__init__(names, logins)

    def _prepare(self, logins: dict[str, str]) -> None:
        if self._digest:
            lines = [f"{name}:{_REALM}:{_digest_of(name, password)}" for name, password in logins.items()]
        else:
            lines = [f"{name}:{secret}" for name, secret in zip(logins, hashed([*logins.values()]))]
        self._write("logins", "".join(line + "\n" for line in lines))

    def _spawn(self, **options) -> subprocess.Popen:
        login = (_DIGEST if self._digest else _BASIC).format(folder=self.folder)
        config = self._write("conf", _CONFIG.format(
            folder=self.folder, open_port=self.open_port, login_port=self.login_port, login=login,
            forbidden=FORBIDDEN))
        return processes.spawn([self._program, "-N", "-f", str(config)], user=self._user, **options)


def _digest_of(name: str, password: str) -> str:
    return hashlib.md5(f"{name}:{_REALM}:{password}".encode()).hexdigest()

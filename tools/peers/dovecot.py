"""A private Dovecot (2.3 or 2.4) on free loopback ports, run without any privilege; with an identity
provider (2.3 only) it takes access tokens beside passwords, and hands and takes mail for Postfix.

Started by root it runs as nobody, otherwise as we ourselves; its folder lies below /tmp because the
path of a UNIX socket may have 107 bytes only and nobody must be able to reach it.
"""

import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import processes
from .certificates import Certificate
from .identity import IdentityProvider
from .maildir import Maildir
from .node import Missing

_COMMON = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = {protocols}
verbose_proctitle = yes
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_process_limit = 200
default_client_limit = 2000
mail_max_userip_connections = 100
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
mailbox_list_index = no
ssl = yes
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 200
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Entwürfe {{
    special_use = \\Drafts
  }}
  mailbox "Gesendete Elemente" {{
    special_use = \\Sent
  }}
  mailbox "Gelöschte Elemente" {{
    special_use = \\Trash
  }}
  mailbox Junk-E-Mail {{
    special_use = \\Junk
  }}
  mailbox Archiv {{
    special_use = \\Archive
  }}
}}
"""

_VERSION_2_3 = """\
mail_location = maildir:~/mail:LAYOUT=fs:INBOX=~/INBOX
mail_home = {folder}/home/%u
disable_plaintext_auth = {encrypted_only}
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh =
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwd
  mechanisms = {password_mechanisms}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u allow_all_users=yes
}}
"""

# The workers do the introspection, so that a slow identity provider blocks no other login.
_OAUTH_2_3 = """\
passdb {{
  driver = lua
  args = file={folder}/oauth.lua blocking=yes
  mechanisms = xoauth2 oauthbearer
}}
service auth-worker {{
  process_limit = 30
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
"""

# 2.4 has other names for the same things (dovecot_config_version must come first).
_VERSION_2_4 = """\
mail_driver = maildir
mail_path = ~/mail
mail_inbox_path = ~/INBOX
mailbox_list_layout = fs
mail_home = {folder}/home/%{{user}}
auth_allow_cleartext = {cleartext}
ssl_server_cert_file = {certificate}
ssl_server_key_file = {key}
passdb passwd-file {{
  passwd_file_path = {folder}/passwd
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {folder}/home/%{{user}}
  }}
}}
"""


PASSWORD_MECHANISMS = "plain login scram-sha-1 scram-sha-256"
TOKEN_MECHANISMS = "xoauth2 oauthbearer"
PASSWORD_DELAY = 1.2
_LUA = Path(__file__).with_name("dovecot_oauth.lua")


def version() -> str:
    """The installed Dovecot's version without what the distribution adds: "2.3.19"."""
    output = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True)
    return re.match(r"\d+\.\d+\.\d+", output.stdout)[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dovecot:
    """`with Dovecot(certificate) as server:`. USERS maps login names to passwords. With OAUTH the owner of
    one of its access tokens may open their mailboxes and those that share() names; any address is a
    mailbox then, and Postfix finds `auth_socket` and `lmtp_socket`. Folders other than INBOX begin with
    PREFIX ("INBOX." with the separator ".", as Courier and Cyrus have it)."""

    def __init__(self, certificate: Certificate, users: dict[str, str] | None = None,
                 encrypted_only: bool = False, extra: str = "", oauth: IdentityProvider | None = None,
                 separator: str = "/", prefix: str = "", mechanisms: str = PASSWORD_MECHANISMS):
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-dovecot-", dir="/tmp"))
        self.users = dict(users or {})
        self.plain_port = self.tls_port = 0
        self.auth_socket, self.lmtp_socket = self.folder / "auth", self.folder / "lmtp"
        self._shared: dict[str, dict[str, bool]] = {}  # owner -> address -> may send as it
        self._oauth = oauth
        self.certificate = certificate
        self._encrypted_only = encrypted_only
        self._extra = extra
        self._separator, self._prefix = separator, prefix
        self._mechanisms = mechanisms
        self._process: subprocess.Popen | None = None
        account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self._account = account
        self._owner = (account.pw_uid, account.pw_gid) if os.getuid() == 0 else None
        self._prepare()

    def __enter__(self) -> "Dovecot":
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
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def maildir(self, user: str) -> Maildir:
        return Maildir(self.folder / "home" / user, self._owner)

    def set_password(self, user: str, password: str) -> None:
        """Waits where Dovecot runs: it looks at its passwords once a second."""
        self.users[user] = password
        self._write_passwords()
        if self._process:
            time.sleep(PASSWORD_DELAY)

    def share(self, owner: str, *addresses: str, send_as: bool = True) -> None:
        """Lets OWNER (the identity provider's user name) open the mailboxes ADDRESSES over IMAP with their
        own token, and send as them. Holds from the next login on."""
        self._shared.setdefault(owner, {}).update(dict.fromkeys(addresses, send_as))
        self._write_shared()

    def unshare(self, owner: str, *addresses: str) -> None:
        for address in addresses:
            self._shared.get(owner, {}).pop(address, None)
        self._write_shared()

    def addresses(self) -> set[str]:
        """Every address known to be a mailbox, in lower case."""
        known = {*self.users, *(address for shared in self._shared.values() for address in shared)}
        for name, addresses in self._people().items():
            known |= {name, *addresses}
        return {address.lower() for address in known}

    def senders(self, address: str) -> set[str]:
        """The login names that may send as ADDRESS."""
        found = {address}
        for name in {*self._people(), *self._shared}:
            own = {name, *self._people().get(name, ())}
            may = own | {shared for shared, send_as in self._shared.get(name, {}).items() if send_as}
            if address.lower() in map(str.lower, may):
                found |= own
        return {name.lower() for name in found}

    def _people(self) -> dict[str, tuple[str, ...]]:
        return self._oauth.addresses if self._oauth else {}

    def sessions(self, user: str) -> list[int]:
        """The process ids of USER's IMAP connections; each has a process of its own."""
        if not self._process:
            return []
        title = f"dovecot/imap [{user.lower()} ".encode()
        return [pid for pid in processes.descendants(self._process.pid)
                if _command_line(pid).startswith(title)]

    def end_sessions(self, user: str, abruptly: bool = False) -> int:
        """Ends all IMAP connections of USER with BYE, or abruptly without a word; answers how many."""
        pids = self.sessions(user)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL if abruptly else signal.SIGTERM)
            except ProcessLookupError:
                pass
        processes.end(pids)
        return len(pids)

    def _write_passwords(self) -> None:
        self._replace("passwd", "".join(f"{name}:{{PLAIN}}{secret}::::::\n"
                                        for name, secret in self.users.items()))

    def _write_shared(self) -> None:
        self._replace("shared", "".join(f"{owner} {address}\n" for owner, addresses
                                        in self._shared.items() for address in addresses))

    def _replace(self, name: str, text: str) -> None:
        """Writes a file of Dovecot's as one step, since it may be reading it."""
        path = self.folder / name
        new = path.with_suffix(".new")
        new.write_text(text)
        new.chmod(0o600)
        self._chown(new)
        new.replace(path)

    def start(self) -> None:
        for _attempt in range(5):  # somebody else may take the free port before Dovecot does
            self.plain_port, self.tls_port = free_port(), free_port()
            self._write_config()
            self._process = processes.spawn(
                ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
                user=self._account.pw_name if self._owner else None,
                cwd=self.folder, start_new_session=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=open(self.folder / "stderr", "ab"))
            if self._wait_until_ready():
                return
            self.stop()
        raise RuntimeError(f"Dovecot does not start: {self.log}"
                           f"{(self.folder / 'stderr').read_text(errors='replace')}")

    def stop(self) -> None:
        if self._process:
            # The master alone would wait for its children, looking once in a while.
            processes.stop_group(self._process)
            self._process = None
        # A stale socket makes the first login of the next start wait for 5 seconds.
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        for stale in (self.auth_socket, self.lmtp_socket):
            stale.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        self.folder.chmod(0o755)
        (self.folder / "home").mkdir()
        self._chown(self.folder)
        self._chown(self.folder / "home")
        for source, name in ((self.certificate.certificate, "cert.pem"),
                             (self.certificate.key, "key.pem")):
            target = self.folder / name
            shutil.copyfile(source, target)
            target.chmod(0o600)
            self._chown(target)
        self._write_passwords()
        self._write_shared()

    def _write_config(self) -> None:
        number = version()
        new = not re.match(r"2\.[0-3]\.", number)
        if new and self._oauth:
            raise Missing(f"access tokens need Dovecot 2.3, not {number}")
        values = {
            "folder": self.folder,
            "user": self._account.pw_name,
            "group": _group_name(self._account.pw_gid),
            "plain_port": self.plain_port,
            "tls_port": self.tls_port,
            "certificate": self.folder / "cert.pem",
            "key": self.folder / "key.pem",
            "encrypted_only": "yes" if self._encrypted_only else "no",
            "cleartext": "no" if self._encrypted_only else "yes",
            "protocols": "imap lmtp" if self._oauth else "imap",
            "separator": self._separator,
            "prefix": self._prefix,
            "password_mechanisms": self._mechanisms,
            "mechanisms": self._mechanisms + (f" {TOKEN_MECHANISMS}" if self._oauth else ""),
        }
        text = (_COMMON + (_VERSION_2_4 if new else _VERSION_2_3)
                + (_OAUTH_2_3 if self._oauth else "")).format(**values) + self._more_config()
        if new:
            text = (f"dovecot_config_version = {number}\ndovecot_storage_version = {number}\n"
                    + text.replace("protocols = imap\n", "protocols {\n  imap = yes\n}\n"))
        (self.folder / "dovecot.conf").write_text(text)
        if self._oauth:
            self._replace("oauth.lua", f'INTROSPECTION = "{self._oauth.introspection_url}"\n'
                                       f'SHARED = "{self.folder}/shared"\n' + _LUA.read_text())

    def _more_config(self) -> str:
        """What stands at the end of the configuration."""
        return self._extra

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.plain_port), 5) as connection:
                    if connection.recv(4) == b"* OK":
                        return True
            except OSError:
                pass
            time.sleep(0.02)
        return False

    def _chown(self, path: Path) -> None:
        if self._owner:
            os.chown(path, *self._owner)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _group_name(number: int) -> str:
    return grp.getgrgid(number).gr_name

"""A private Dovecot (2.3 or 2.4) on free loopback ports, run without any privilege.

Started by root it runs as nobody, otherwise as we ourselves; its folder lies below /tmp because the
path of a UNIX socket may have 107 bytes only and nobody must be able to reach it.
"""

import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import processes
from .certificates import Certificate
from .maildir import Maildir

_COMMON = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
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
auth_mechanisms = plain login scram-sha-1 scram-sha-256
auth_failure_delay = 0
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
  separator = /
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
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
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


PASSWORD_DELAY = 1.2


def version() -> str:
    """The installed Dovecot's version without what the distribution adds: "2.3.19"."""
    output = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True)
    return re.match(r"\d+\.\d+\.\d+", output.stdout)[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dovecot:
    """`with Dovecot(certificate) as server:`. USERS maps login names to passwords."""

    def __init__(self, certificate: Certificate, users: dict[str, str] | None = None,
                 encrypted_only: bool = False, extra: str = ""):
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-dovecot-", dir="/tmp"))
        self.users = dict(users or {})
        self.plain_port = self.tls_port = 0
        self._certificate = certificate
        self._encrypted_only = encrypted_only
        self._extra = extra
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

    def _write_passwords(self) -> None:
        path = self.folder / "passwd"
        new = path.with_suffix(".new")
        new.write_text("".join(f"{name}:{{PLAIN}}{secret}::::::\n"
                               for name, secret in self.users.items()))
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

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        self.folder.chmod(0o755)
        (self.folder / "home").mkdir()
        self._chown(self.folder)
        self._chown(self.folder / "home")
        for source, name in ((self._certificate.certificate, "cert.pem"),
                             (self._certificate.key, "key.pem")):
            target = self.folder / name
            shutil.copyfile(source, target)
            target.chmod(0o600)
            self._chown(target)
        self._write_passwords()

    def _write_config(self) -> None:
        number = version()
        new = not re.match(r"2\.[0-3]\.", number)
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
        }
        text = (_COMMON + (_VERSION_2_4 if new else _VERSION_2_3)).format(**values) + self._extra
        if new:
            text = (f"dovecot_config_version = {number}\ndovecot_storage_version = {number}\n"
                    + text.replace("protocols = imap\n", "protocols {\n  imap = yes\n}\n"))
        (self.folder / "dovecot.conf").write_text(text)

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


def _group_name(number: int) -> str:
    return grp.getgrgid(number).gr_name

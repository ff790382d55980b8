"""A private Postfix on free loopback ports, with configuration, queue and data in a folder of its own.
Nothing leaves the machine: every mail that it accepts, to whatever domain, ends in the mailbox of that
name at our Dovecot. Logins are Dovecot's too.

Its master must run as root. It is started by itself and not by postfix(1), which would spend a second on
looking after an installation that is not ours. The kernel does not end it when we die (a process that
changes its user forgets that); a shell that reads from us does.
"""

import os
import pwd
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import processes
from .certificates import Certificate
from .dovecot import Dovecot, free_port
from .node import Missing

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
daemon_directory = {daemons}
mail_owner = postfix
myhostname = mail.musterhausen.example
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
notify_classes =
biff = no
append_dot_mydomain = no
virtual_alias_domains =
virtual_mailbox_domains = {tables}:domains
virtual_mailbox_maps = {tables}:mailboxes
virtual_mailbox_limit = 0
virtual_transport = lmtp:unix:{lmtp}
default_transport = lmtp:unix:{lmtp}
lmtp_destination_recipient_limit = 100
minimal_backoff_time = 1s
maximal_backoff_time = 5s
queue_run_delay = 1s
message_size_limit = {size_limit}
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_hard_error_limit = 100
smtpd_soft_error_limit = 100
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_authenticated_header = yes
smtpd_sender_login_maps = {tables}:owners
smtpd_relay_restrictions =
smtpd_recipient_restrictions = check_recipient_access {tables}:recipients, permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access {tables}:senders,
  reject_authenticated_sender_login_mismatch, permit
"""

_MASTER = """\
{submission_port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes -o smtpd_tls_security_level=may
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{submissions_port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{no_tls_port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=none
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
{no_auth_port} inet n - n - - smtpd
  -o smtpd_tls_security_level=may
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
           "maildrop", "public", "saved", "trace")
DEFAULT_SIZE_LIMIT = 36_700_160  # Exchange Online's 35 MiB
_MASTER_WAIT = 15
_GUARD = """\
"$@" </dev/null &
master=$!
trap '' TERM
{ read -r _; kill "$master"; } <&3 2>/dev/null &
exec 3<&-
wait "$master"
"""
_OLD = 3600  # seconds


class Postfix:
    """`with Postfix(certificate, dovecot) as server:`. Four ports: `submission_port` (STARTTLS before
    AUTH), `submissions_port` (TLS at once), `no_tls_port` (no STARTTLS, AUTH in the clear), `no_auth_port`
    (STARTTLS, no AUTH, takes every mail).

    A login may send as itself, as its other addresses and as the mailboxes that Dovecot's share() gives it.
    In the domains of Dovecot's users unknown recipients are refused; `recipients` and `senders` map further
    addresses to answers ("451 4.3.0 Später") and may be changed while it runs."""

    def __init__(self, certificate: Certificate, dovecot: Dovecot, size_limit: int = DEFAULT_SIZE_LIMIT,
                 extra: str = ""):
        if os.getuid() != 0:
            raise Missing("Postfix's master must run as root")
        if not shutil.which("postconf", path="/usr/sbin:/sbin:/usr/bin"):
            raise Missing("Postfix is missing: run tools/install test")
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-postfix-", dir="/tmp"))
        self.submission_port = self.submissions_port = self.no_tls_port = self.no_auth_port = 0
        self.recipients: dict[str, str] = {}
        self.senders: dict[str, str] = {}
        self._dovecot = dovecot
        self._size_limit = size_limit
        self._extra = extra
        self._process: subprocess.Popen | None = None
        self._tables = _Tables(self._look_up)
        self._prepare(certificate)

    def __enter__(self) -> "Postfix":
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

    def received(self, address: str, count: int = 1, seconds: float = 20) -> list[bytes]:
        """What was delivered to ADDRESS, of whatever domain, as soon as it is at least COUNT mails; line
        ends are LF, and the first lines are those of the delivery. Fewer after SECONDS is an error."""
        maildir = self._dovecot.maildir(address)
        deadline = time.monotonic() + seconds
        while len(mails := maildir.read("INBOX")) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(mails)} of {count} mails arrived at {address}\n{self.log[-3000:]}")
            time.sleep(0.02)
        return mails

    def start(self) -> None:
        daemons = subprocess.run(["/usr/sbin/postconf", "-d", "-h", "daemon_directory"], text=True,
                                 capture_output=True, check=True).stdout.strip()
        for _attempt in range(5):  # somebody else may take a free port before Postfix does
            self._write_config(daemons)
            self._process = processes.spawn(
                ["/bin/sh", "-c", f"exec 3<&0\n{_GUARD}", "guard", f"{daemons}/master", "-s", "-c",
                 str(self.folder / "etc")], cwd=self.folder,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                     "MAIL_CONFIG": str(self.folder / "etc")},
                start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=open(self.folder / "stderr", "ab"))
            if self._wait_until_ready():
                return
            is_port_taken = self._process.poll() is not None
            self.stop()
            if not is_port_taken:
                break
        raise RuntimeError(f"Postfix does not start: {self.log}"
                           f"{(self.folder / 'stderr').read_text(errors='replace')}")

    def stop(self) -> None:
        if self._process:
            below = processes.descendants(self._process.pid)
            self._process.stdin.close()
            processes.end(below)
            processes.stop(self._process)
            self._process = None

    def remove(self) -> None:
        self.stop()
        self._tables.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _look_up(self, table: str, key: str) -> str | None:
        """Postfix asks: the value of KEY, None if there is none."""
        key = key.lower()
        if table == "owners":
            return ",".join(self._dovecot.senders(key)) if "@" in key.lstrip("@") else None
        if table == "domains":
            return "yes" if key in {address.partition("@")[2] for address in self._dovecot.users} else None
        if table == "mailboxes":
            return "yes" if key in self._dovecot.addresses() else None
        return (self.recipients if table == "recipients" else self.senders).get(key)

    def _prepare(self, certificate: Certificate) -> None:
        owner = pwd.getpwnam("postfix")
        self.folder.chmod(0o755)
        for name in ("etc", "queue", "queue/pid"):
            (self.folder / name).mkdir(mode=0o755)
        for name in ("data", *(f"queue/{queue}" for queue in _QUEUES)):
            (self.folder / name).mkdir(mode=0o700)
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        for source, name in ((certificate.certificate, "cert.pem"), (certificate.key, "key.pem")):
            shutil.copyfile(source, self.folder / name)
            (self.folder / name).chmod(0o600)

    def _write_config(self, daemons: str) -> None:
        self.submission_port, self.submissions_port = free_port(), free_port()
        self.no_tls_port, self.no_auth_port = free_port(), free_port()
        main = _MAIN.format(folder=self.folder, daemons=daemons, size_limit=self._size_limit,
                            tables=f"socketmap:inet:127.0.0.1:{self._tables.port}",
                            lmtp=self._dovecot.lmtp_socket, auth=self._dovecot.auth_socket)
        ports = {name: f"127.0.0.1:{getattr(self, name)}" for name in
                 ("submission_port", "submissions_port", "no_tls_port", "no_auth_port")}
        for name, text in (("main.cf", main + self._extra), ("master.cf", _MASTER.format(**ports))):
            path = self.folder / "etc" / name
            path.write_text(text)
            # Postfix waits for two seconds before it trusts a file that has just changed.
            os.utime(path, (0, time.time() - _OLD))

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + _MASTER_WAIT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.submission_port), 5) as connection:
                    if connection.recv(4) == b"220 ":
                        connection.sendall(b"QUIT\r\n")
                        return True
            except OSError:
                pass
            time.sleep(0.02)
        return False


class _Tables:
    """Postfix's look-up tables, answered by us over its socketmap protocol, so that they may change."""

    def __init__(self, look_up):
        class Handler(socketserver.StreamRequestHandler):
            """One process of Postfix, with as many questions as it likes."""

            def handle(self) -> None:
                while (question := _read_netstring(self.rfile)) is not None:
                    table, _, key = question.partition(" ")
                    value = look_up(table, key)
                    answer = "NOTFOUND " if not value else f"OK {value}"
                    self.wfile.write(f"{len(answer.encode())}:{answer},".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _read_netstring(source) -> str | None:
    digits = b""
    while (byte := source.read(1)) != b":":
        if not byte.isdigit():
            return None
        digits += byte
    text = source.read(int(digits))
    source.read(1)
    return text.decode("utf-8", "replace")

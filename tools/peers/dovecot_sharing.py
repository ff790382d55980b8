"""A private Dovecot (2.3) whose mailboxes several people open: in other users' namespace (RFC 2342), with an
authorization identity (RFC 4616), or with the mailboxes' own passwords."""

import re
import subprocess
import time
from collections.abc import Iterable
from typing import NamedTuple

from . import processes
from .certificates import Certificate
from .dovecot import PASSWORD_DELAY, Dovecot, version
from .node import Missing

# %%u and %%n are the owner, %u the user; acl_user: whoever is authorized has the owner's rights. The master
# passdb has a name for each pair of the two, so that its file says who may open what.
_SHARING = """\
namespace others {{
  type = shared
  separator = {separator}
  prefix = {others}
  location = maildir:{folder}/home/%%u/mail:LAYOUT=fs:INBOX={folder}/home/%%u/INBOX
  subscriptions = no
  list = yes
}}
mail_plugins = acl
protocol imap {{
  mail_plugins = acl imap_acl
}}
plugin {{
  acl = vfile::cache_secs=0
  acl_user = %u
  acl_defaults_from_inbox = {by_inbox}
  acl_shared_dict = file:{folder}/rights
}}
passdb {{
  driver = passwd-file
  master = yes
  args = scheme=PLAIN username_format=%{{login_user}}/%u {folder}/authorized
  mechanisms = {mechanisms}
}}
auth_verbose = yes
login_log_format_elements = user=<%u> auth-user=<%{{auth_user}}> method=%m
"""

_RIGHTS = "lookup read write write-seen write-deleted insert post expunge create".split()
_LOGIN = re.compile(r"imap-login: info: (login|.*failed).*: user=<(.*?)>, auth-user=<(.*?)>")


class Login(NamedTuple):
    """One attempt: whose password it was, for whose mailbox."""

    authenticated: str
    mailbox: str
    accepted: bool


class SharingDovecot(Dovecot):
    """OTHERS: where the mailboxes of other users are, with %%u or %%n for the owner. BY_INBOX: a right on
    INBOX is one on all folders. AUTHORIZED: pairs (mailbox, person) from the start; more cost a second."""

    def __init__(self, certificate: Certificate, users: dict[str, str], others: str = "shared/%%u/",
                 by_inbox: bool = False, authorized: Iterable[tuple[str, str]] = (), **options):
        if not version().startswith("2.3."):
            raise Missing(f"shared mailboxes need Dovecot 2.3, not {version()}")
        self._others, self._by_inbox = others, by_inbox
        self.authorized = set(authorized)
        super().__init__(certificate, users, **options)

    def grant(self, mailbox: str, person: str, *folders: str) -> None:
        """Lets PERSON see MAILBOX's FOLDERS (as the owner calls them; INBOX) among the other users'."""
        for folder in folders or ("INBOX",):
            self._doveadm("acl", "set", "-u", mailbox, folder, f"user={person}", *_RIGHTS)

    def withdraw(self, mailbox: str, person: str, *folders: str) -> None:
        for folder in folders or ("INBOX",):
            self._doveadm("acl", "delete", "-u", mailbox, folder, f"user={person}")

    def authorize(self, mailbox: str, person: str) -> None:
        """Lets PERSON log in for MAILBOX with their own password, and waits until it holds."""
        self.authorized.add((mailbox, person))
        self._rewrite_authorized()

    def forbid(self, mailbox: str, person: str) -> None:
        self.authorized.discard((mailbox, person))
        self._rewrite_authorized()

    def set_password(self, user: str, password: str) -> None:
        super().set_password(user, password)
        self._write_authorized()

    def logins(self) -> list[Login]:
        """All attempts since the start, in their order, with names in small letters."""
        before, now = None, self.log
        while before != now:  # the log has a process of its own
            time.sleep(0.1)
            before, now = now, self.log
        return [Login(authenticated or mailbox, mailbox, kind == "login")
                for kind, mailbox, authenticated in _LOGIN.findall(now.lower())]

    def _doveadm(self, *arguments: str) -> None:
        process = processes.spawn(
            ["doveadm", "-c", str(self.folder / "dovecot.conf"), *arguments],
            user=self._account.pw_name if self._owner else None, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=30)
        if process.returncode:
            raise RuntimeError(f"{arguments}: {output.decode(errors='replace')}")

    def _rewrite_authorized(self) -> None:
        self._write_authorized()
        if self._process:
            time.sleep(PASSWORD_DELAY)

    def _write_authorized(self) -> None:
        self._replace("authorized", "".join(
            f"{mailbox}/{person}:{{PLAIN}}{self.users[person]}::::::\n"
            for mailbox, person in sorted(self.authorized)))

    def _prepare(self) -> None:
        super()._prepare()
        self._write_authorized()

    def _more_config(self) -> str:
        return super()._more_config() + _SHARING.format(
            separator=self._separator, others=self._others, folder=self.folder,
            by_inbox="yes" if self._by_inbox else "no", mechanisms=self._mechanisms)

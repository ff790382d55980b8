"""One clerk with Office 365: known to the identity provider, with a mailbox on the Dovecot that takes its
tokens."""

from dataclasses import dataclass

from mailbox_on_disk import Mailbox
from peers.dovecot import Dovecot
from peers.identity import SCOPES, IdentityProvider
from runner import PASSWORD


@dataclass(frozen=True)
class OfficeAccount:
    """NAME is what the person types at the sign-in, `box.address` their mailbox; mostly the same."""

    identity: IdentityProvider
    box: Mailbox
    name: str
    password: str = PASSWORD

    @property
    def address(self) -> str:
        return self.box.address

    @property
    def server(self) -> Dovecot:
        return self.box.server

    def share(self, *boxes: Mailbox, send_as: bool = True) -> None:
        """Gives this person the right on other mailboxes."""
        self.server.share(self.name, *(box.address for box in boxes), send_as=send_as)

    def token(self, scope: str = SCOPES, lifetime: int | None = None) -> str:
        """An access token without a sign-in."""
        return self.identity.issue_token(self.name, scope, lifetime)

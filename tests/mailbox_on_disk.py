"""One mailbox on a private Dovecot: filled straight on its disk, read back by imaplib."""

import imaplib
import ssl

from peers import folder_names
from peers.dovecot import Dovecot
from peers.maildir import Mail, Maildir
from runner import PASSWORD


class Mailbox:
    """One address on the private Dovecot, filled straight on its disk and read back by imaplib."""

    def __init__(self, server: Dovecot, address: str, password: str = PASSWORD):
        self.server = server
        self.address = address
        self.password = password
        self.disk: Maildir = server.maildir(address)
        if server.users.get(address) != password:
            server.set_password(address, password)

    def fill(self, folder: str, mails: list[Mail], **options: int) -> None:
        self.disk.add_folder(folder, mails, **options)

    def connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = imaplib.IMAP4_SSL("127.0.0.1", self.server.tls_port, ssl_context=context)
        # imaplib's own quoting knows ASCII only.
        connection.authenticate("PLAIN", lambda _: f"\0{self.address}\0{self.password}".encode())
        return connection

    def read(self, folder: str = "INBOX") -> dict[int, bytes]:
        """UID -> the bytes that the server gives out."""
        mails = {}
        connection = self.connect()
        connection.select(f'"{folder_names.encode(folder)}"', readonly=True)
        for part in connection.uid("FETCH", "1:*", "(UID BODY.PEEK[])")[1]:
            if isinstance(part, tuple):
                words = part[0].decode().split()
                mails[int(words[words.index("(UID") + 1])] = part[1]
        connection.logout()
        return mails

    def flags(self, folder: str = "INBOX") -> dict[int, str]:
        """UID -> flags."""
        connection = self.connect()
        connection.select(f'"{folder_names.encode(folder)}"', readonly=True)
        flags = {}
        for part in connection.uid("FETCH", "1:*", "(UID FLAGS)")[1]:
            if part:
                words = part.decode().replace("(", " ").replace(")", " ").split()
                flags[int(words[words.index("UID") + 1])] = " ".join(
                    word for word in words if word.startswith("\\"))
        connection.logout()
        return flags

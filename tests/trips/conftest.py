"""Clerks with Office 365, each with an address that no other test knows, and clerks with further mailboxes."""

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from office365 import Clerk365
from peers.certificates import Authority, Certificate
from peers.dovecot import Dovecot
from peers.dovecot_sharing import SharingDovecot
from peers.fake_smtp import FakeSmtp
from peers.identity import IdentityProvider
from peers.node import Missing
from peers.postfix import Postfix
from runner import CLERK, PASSWORD, Amtspost
from sending import Post
from sharing import NamespaceScene, Scene, StandardScene, TokenScene, start_sharing

_NUMBERS = itertools.count(1)


def _address() -> str:
    return f"clerk{next(_NUMBERS)}@amt365.example"


@pytest.fixture
def clerk365(amtspost: Amtspost, identity_provider: IdentityProvider, office_dovecot: Dovecot,
             authority: Authority) -> Clerk365:
    """Not signed in yet; IMAP only."""
    identity_provider.reset()
    return Clerk365(amtspost, identity_provider, office_dovecot, _address(), authority.certificate)


@pytest.fixture
def clerk365_smtp(amtspost: Amtspost, identity_provider: IdentityProvider, office_dovecot: Dovecot,
                  office_postfix: Postfix, authority: Authority) -> Clerk365:
    """The same with SMTP."""
    identity_provider.reset()
    return Clerk365(amtspost, identity_provider, office_dovecot, _address(), authority.certificate,
                    office_postfix)


@pytest.fixture
def sender(amtspost: Amtspost) -> Amtspost:
    """A clerk who can send, as soon as there is a server."""
    amtspost.ok("user", "add", CLERK)
    for key, value in (("interface", "standard"), ("account", "m.mustermann@musterhausen.example"),
                       ("smtp.use-default", "true"), ("smtp.password", PASSWORD)):
        amtspost.set(key, value, CLERK)
    amtspost.set("network.timeout", "2")
    return amtspost


@pytest.fixture(params=[False, True], ids=["tls", "starttls"])
def post(request, sender, office_postfix, make_office_mailbox, authority) -> Post:
    return Post(sender, office_postfix, make_office_mailbox, authority, request.param)


@pytest.fixture
def fake_smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp() as server:
        yield server


@pytest.fixture(scope="session")
def sharing_dovecot(certificate: Certificate) -> Iterator[SharingDovecot]:
    try:
        yield from start_sharing(certificate)
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def dotted_dovecot(certificate: Certificate) -> Iterator[SharingDovecot]:
    """Other names for everything, and PLAIN instead of SCRAM."""
    try:
        yield from start_sharing(certificate, others="user.%%n.", separator=".", prefix="INBOX.",
                                 by_inbox=True, mechanisms="plain login")
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def make_scene(request: pytest.FixtureRequest) -> Callable[[type[Scene], Path], Scene]:
    """Makes a scene of a kind with the program's folder; the servers start with the first that needs them."""
    def make(kind: type[Scene], folder: Path) -> Scene:
        amtspost = Amtspost(folder)
        if issubclass(kind, TokenScene):
            provider = request.getfixturevalue("identity_provider")
            provider.reset()
            make_mailbox = request.getfixturevalue("make_office_mailbox")
            main = make_mailbox()
            clerk = Clerk365(amtspost, provider, main.server, main.address,
                             request.getfixturevalue("authority").certificate)
            return TokenScene(clerk, main, [make_mailbox(), make_mailbox()], make_mailbox())
        server = request.getfixturevalue("dotted_dovecot" if kind.separator == "." else "sharing_dovecot")
        assert issubclass(kind, StandardScene)
        return kind(amtspost, server, server.plain_port)

    return make


@pytest.fixture
def shared(make_scene: Callable[[type[Scene], Path], Scene], tmp_path: Path) -> Iterator[Scene]:
    """A clerk with further mailboxes, where it makes no difference how these open."""
    with make_scene(NamespaceScene, tmp_path) as made:
        yield made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[Amtspost, str], Path]]:
    """Puts a program's data folder on a file system of its own of that size; answers where it is mounted."""
    mount = tmp_path / "klein"

    def put(amtspost: Amtspost, size: str) -> Path:
        if os.getuid() != 0:
            pytest.skip("needs root for a small file system")
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(mount)],
                          capture_output=True, check=False).returncode:
            pytest.skip("no small file system can be mounted here")
        subprocess.run(["cp", "-a", f"{amtspost.data}/.", str(mount)], check=True)
        amtspost.data = mount
        return mount

    yield put
    if mount.is_mount():
        subprocess.run(["umount", "-l", str(mount)], check=True)

"""What all trips share: private servers a session, a data folder and addresses of its own a test."""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from mailbox_on_disk import Mailbox  # noqa: E402
from office_account import OfficeAccount  # noqa: E402
from peers import processes  # noqa: E402
from peers.browser import Browser  # noqa: E402
from peers.certificates import Authority, Certificate  # noqa: E402
from peers.dovecot import Dovecot  # noqa: E402
from peers.identity import IdentityProvider  # noqa: E402
from peers.node import Missing  # noqa: E402
from peers.postfix import Postfix  # noqa: E402
from proxies import SERVERS  # noqa: E402
from runner import ADDRESS, BINARY, MARK, PASSWORD, Amtspost  # noqa: E402

TEST_SECONDS = 300

# All addresses are known from the start: a new one takes Dovecot a second to see.
_PEOPLE = [f"person{number}@musterhausen.example" for number in range(400, 0, -1)]
_OFFICE_PEOPLE = [f"amt{number}@musterhausen.example" for number in range(400, 0, -1)]


def pytest_configure(config: pytest.Config) -> None:
    processes.exit_on_signals()


@pytest.fixture(scope="session", autouse=True)
def _binary_exists() -> None:
    assert BINARY.exists(), f"{BINARY} is not built"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """No test may hang: it fails after TEST_SECONDS, fixtures included."""
    def expire(*_: object) -> None:
        raise AssertionError(f"the test did not end within {TEST_SECONDS} s")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    with tempfile.TemporaryDirectory(prefix="amtspost-ca-") as folder:
        yield Authority(Path(folder))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("localhost", ["localhost", "127.0.0.1", *SERVERS])


@pytest.fixture(scope="session")
def dovecot(certificate: Certificate) -> Iterator[Dovecot]:
    with Dovecot(certificate, dict.fromkeys([ADDRESS, *_PEOPLE], PASSWORD)) as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """An empty mailbox that no other test knows."""
    box = Mailbox(dovecot, _PEOPLE.pop())
    box.fill("INBOX", [])
    return box


@pytest.fixture
def another_mailbox(dovecot: Dovecot) -> Mailbox:
    box = Mailbox(dovecot, _PEOPLE.pop())
    box.fill("INBOX", [])
    return box


@pytest.fixture
def amtspost(tmp_path: Path) -> Amtspost:
    """The program on an empty data folder."""
    return Amtspost(tmp_path)


@pytest.fixture
def clerk(amtspost: Amtspost, mailbox: Mailbox) -> Amtspost:
    """The program with one clerk signed in to `mailbox`, over a plain connection."""
    amtspost.set_server(mailbox.server.plain_port)
    amtspost.add_clerk(account=mailbox.address)
    return amtspost


# Office 365. The servers are one a session and start when they are used first; where one cannot run
# (Postfix without root) its tests are skipped and say why.


@pytest.fixture(scope="session")
def identity_provider(certificate: Certificate) -> Iterator[IdentityProvider]:
    try:
        with IdentityProvider(certificate, mark=MARK) as provider:
            yield provider
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def office_dovecot(certificate: Certificate, identity_provider: IdentityProvider) -> Iterator[Dovecot]:
    try:
        with Dovecot(certificate, dict.fromkeys(_OFFICE_PEOPLE, PASSWORD),
                     oauth=identity_provider) as server:
            yield server
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def office_postfix(certificate: Certificate, office_dovecot: Dovecot) -> Iterator[Postfix]:
    try:
        with Postfix(certificate, office_dovecot) as server:
            yield server
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started by the first sign-in."""
    try:
        with Browser() as person:
            person.check()
            yield person
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture
def identity(identity_provider: IdentityProvider) -> IdentityProvider:
    """The identity provider without what earlier tests set or counted."""
    identity_provider.reset()
    return identity_provider


@pytest.fixture
def make_office_account(identity: IdentityProvider,
                        office_dovecot: Dovecot) -> Callable[..., OfficeAccount]:
    """Makes a clerk with an empty mailbox that no other test knows. NAME: the user principal name, where
    it differs from the address; further options as for IdentityProvider.add_user."""
    def make(name: str | None = None, **options) -> OfficeAccount:
        box = Mailbox(office_dovecot, _OFFICE_PEOPLE.pop())
        box.fill("INBOX", [])
        identity.add_user(name or box.address, PASSWORD, **{"addresses": (box.address,)} | options)
        return OfficeAccount(identity, box, name or box.address)

    return make


@pytest.fixture
def office_account(make_office_account: Callable[..., OfficeAccount]) -> OfficeAccount:
    return make_office_account()


@pytest.fixture
def another_office_account(make_office_account: Callable[..., OfficeAccount]) -> OfficeAccount:
    return make_office_account()


@pytest.fixture(scope="session")
def make_office_mailbox(office_dovecot: Dovecot) -> Callable[[], Mailbox]:
    """Makes empty mailboxes that belong to nobody until OfficeAccount.share() gives a right on them."""
    def make() -> Mailbox:
        box = Mailbox(office_dovecot, _OFFICE_PEOPLE.pop())
        box.fill("INBOX", [])
        return box

    return make


@pytest.fixture
def shared_mailbox(make_office_mailbox: Callable[[], Mailbox]) -> Mailbox:
    return make_office_mailbox()

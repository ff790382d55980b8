"""What all trips share: one private Dovecot a session, a data folder a test."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from mailbox_on_disk import Mailbox  # noqa: E402
from peers import processes  # noqa: E402
from peers.certificates import Authority, Certificate  # noqa: E402
from peers.dovecot import Dovecot  # noqa: E402
from runner import ADDRESS, BINARY, PASSWORD, Amtspost  # noqa: E402

TEST_SECONDS = 300

# All addresses are known from the start: a new one takes Dovecot a second to see.
_PEOPLE = [f"person{number}@musterhausen.example" for number in range(400, 0, -1)]


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
    return authority.issue("localhost", ["localhost", "127.0.0.1"])


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

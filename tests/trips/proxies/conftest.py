"""squid and dante before real servers, and the program on an island from where nothing but they lead out."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailbox_on_disk import Mailbox
from office365 import Clerk365
from peers.certificates import Authority
from peers.dante import Dante
from peers.dovecot import Dovecot
from peers.identity import IdentityProvider
from peers.load import make_mails
from peers.namespaces import Island
from peers.node import Missing
from peers.postfix import Postfix
from peers.squid import Squid
from proxies import IMAP_HOST, LOGIN_HOST, LOGINS, NAMES, PROXY_HOST, SMTP_HOST, Islander, Way
from runner import CLERK, PASSWORD, Amtspost

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def island(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    """Knows the proxy's name and no other; there is no name server to ask."""
    folder = tmp_path_factory.mktemp("island")
    (folder / "hosts").write_text(f"127.0.0.1 localhost {PROXY_HOST}\n")
    (folder / "nsswitch").write_text("passwd: files\nhosts: files\n")
    try:
        with Island({"/etc/hosts": folder / "hosts", "/etc/nsswitch.conf": folder / "nsswitch"}) as place:
            yield place
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="package")
def squid(island: Island) -> Iterator[Way]:
    try:
        with Squid(NAMES, LOGINS) as proxy:
            yield Way(proxy, island)
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="package")
def dante(island: Island) -> Iterator[Way]:
    try:
        with Dante(NAMES, LOGINS) as proxy:
            yield Way(proxy, island)
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["squid", "dante"])
def way(request: pytest.FixtureRequest) -> Way:
    return request.getfixturevalue(request.param)


@pytest.fixture
def amtspost(tmp_path: Path, island: Island) -> Islander:
    program = Islander(tmp_path)
    program.island = island
    return program


@pytest.fixture(scope="package")
def mailbox(office_dovecot: Dovecot) -> Mailbox:
    """One for all, with some mails."""
    box = Mailbox(office_dovecot, "proxy@musterhausen.example")
    box.fill("INBOX", list(make_mails(30, small=True)))
    return box


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox, office_postfix: Postfix,
             authority: Authority) -> Path:
    """A data folder with one clerk with Standard, for IMAP and SMTP, who has no proxy yet."""
    program = Amtspost(tmp_path_factory.mktemp("prepared"))
    program.set_server(mailbox.server.tls_port, "server", IMAP_HOST, authority.certificate)
    program.set("smtp.host", SMTP_HOST)
    program.set("smtp.port", str(office_postfix.submission_port))
    program.add_clerk(account=mailbox.address)
    program.set("smtp.password", PASSWORD, CLERK)
    program.set("smtp.use-default", "true", CLERK)
    return program.data


@pytest.fixture
def clerk(amtspost: Islander, prepared: Path) -> Islander:
    """The clerk of a copy of `prepared`."""
    shutil.copytree(prepared, amtspost.data, dirs_exist_ok=True)
    return amtspost


@pytest.fixture
def clerk365(amtspost: Islander, identity: IdentityProvider, office_dovecot: Dovecot,
             office_postfix: Postfix, authority: Authority) -> Clerk365:
    """One clerk with Office 365, who has no proxy yet and is not signed in."""
    person = Clerk365(amtspost, identity, office_dovecot, f"proxy{next(_NUMBERS)}@amt365.example",
                      authority.certificate, office_postfix)
    amtspost.set("imap.host", IMAP_HOST)
    amtspost.set("smtp.host", SMTP_HOST)
    amtspost.set("oauth.authority", f"https://{LOGIN_HOST}:{identity.tls_port}")
    return person

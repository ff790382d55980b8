"""Clerks with Office 365, each with an address that no other test knows."""

import itertools
from collections.abc import Iterator

import pytest
from office365 import Clerk365
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fake_smtp import FakeSmtp
from peers.identity import IdentityProvider
from peers.postfix import Postfix
from runner import Amtspost

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
def fake_smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp() as server:
        yield server

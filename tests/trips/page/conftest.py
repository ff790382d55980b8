"""The daemon on a test's data folder."""

from collections.abc import Iterator

import pytest
from page import Daemon
from runner import Amtspost


@pytest.fixture
def daemon(amtspost: Amtspost) -> Iterator[Daemon]:
    with Daemon(amtspost) as running:
        yield running

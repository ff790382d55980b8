"""Numbers for monitoring, and who may see them."""

import re

import pytest
from page import Daemon
from page_office import ADMIN, CLERK_A, add_person


def numbers(text: str) -> dict[str, float]:
    return {found[1]: float(found[2]) for found in re.finditer(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def office(amtspost):
    add_person(amtspost, ADMIN, "--admin")
    add_person(amtspost, CLERK_A)
    return amtspost


def test_numbers_follow_what_happens(office, tmp_path):
    with Daemon(office) as daemon:
        before = numbers(daemon.person().request("GET", "/metrics").body.decode())
        daemon.person(CLERK_A, add=False)
        daemon.person().request("GET", "/gibt-es-nicht")
        office.ok("user", "lock", ADMIN)
        mail = tmp_path / "eine.eml"
        mail.write_bytes(b"From: a@b.example\r\nSubject: eine\r\n\r\nText\r\n")
        office.ok("archive", "add", str(mail))
        after = numbers(daemon.person().request("GET", "/metrics").body.decode())
    assert after["amtspost_sessions"] == before["amtspost_sessions"] + 1
    assert (before["amtspost_users_locked"], after["amtspost_users_locked"]) == (0, 1)
    assert after["amtspost_users"] == 2
    assert (before["amtspost_archive_mails"], after["amtspost_archive_mails"]) == (0, 1)
    assert after["amtspost_archive_bytes"] == mail.stat().st_size
    refused = 'amtspost_http_requests_total{status="4xx"}'
    assert after[refused] == before[refused] + 1
    assert after["process_resident_memory_bytes"] > 1_000_000


def test_each_number_is_described(office):
    with Daemon(office) as daemon:
        answer = daemon.person().request("GET", "/metrics")
    text = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    described = set(re.findall(r"^# TYPE (\S+) (?:gauge|counter|summary)$", text, re.MULTILINE))
    named = {re.sub(r"(_sum|_count)?(\{.*)?$", "", name) for name in numbers(text)}
    assert named == described
    assert CLERK_A not in text and ADMIN not in text


def test_who_may_see_them(office):
    """From elsewhere, here by the word of a trusted proxy, only an administrator."""
    key, clerk = (re.search(r"amtspost_[\w-]{43}", office.ok("apikey", "add", name, "--user", name).stdout)[0]
                  for name in (ADMIN, CLERK_A))
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        def status(**headers: str) -> int:
            return daemon.person().request("GET", "/metrics", X_Forwarded_For="192.0.2.9", **headers).status

        assert status() == 403
        assert status(Authorization=f"Bearer {clerk}") == 403
        assert status(Authorization=f"Bearer {key}") == 200
        # Whom the proxy does not name is not on this machine.
        assert daemon.person().request("GET", "/metrics").status == 403
        assert daemon.person().request("GET", "/metrics", X_Forwarded_For="unknown").status == 403
    with Daemon(office) as daemon:
        assert daemon.person().request("GET", "/metrics").status == 200

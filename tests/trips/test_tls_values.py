"""The ten SSL/TLS values through the whole program, against real servers of one version each, a plain
one, and those with STARTTLS; no credentials before encryption, ever."""

import ssl

import pytest
from peers.fake_imap import Connection, FakeImap, tls_context
from runner import CLERK, MARK, Amtspost

pytestmark = pytest.mark.sanitized_only

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
VALUES = ["none", "server", *(f"tls{version}{plus}" for plus in ("", "+") for version in VERSIONS)]


def expected_status(value: str, version: str | None) -> int:
    """Section 4 of the specification. VERSION None: a server without any TLS."""
    if value == "none":
        return 0 if version is None else 3
    if version is None:
        return 3
    if value == "server":
        return 0 if version >= "1.2" else 3
    wanted = value.removeprefix("tls").rstrip("+")
    return 0 if version == wanted or (value.endswith("+") and version > wanted) else 3


def assert_no_credentials(server: FakeImap) -> None:
    for line in server.commands:
        assert "LOGIN" not in line.upper() and "AUTHENTICATE" not in line.upper(), line
        assert MARK not in line


@pytest.fixture(scope="module")
def office(tmp_path_factory, authority) -> Amtspost:
    amtspost = Amtspost(tmp_path_factory.mktemp("tls"))
    amtspost.set_server(993, ca_file=authority.certificate, timeout=1)
    amtspost.add_clerk()
    return amtspost


def folders(office: Amtspost, port: int, value: str):
    office.set("imap.port", str(port))
    office.set("imap.tls", value)
    return office.run("--json", "folders", "--user", CLERK)


@pytest.mark.parametrize("version", [*VERSIONS, None])
@pytest.mark.parametrize("value", VALUES)
def test_matrix(office, certificate, value, version):
    context = tls_context(certificate, VERSIONS[version], VERSIONS[version]) if version else None
    with FakeImap(tls=context) as server:
        result = folders(office, server.port, value)
        assert result.status == expected_status(value, version), result.stdout + result.stderr
        if result.status:
            assert_no_credentials(server)
        if result.status == 3 and version and value != "none":  # the sentence names what the server speaks
            assert f"TLS {version}" in result.error["message"] + result.error["advice"]


def starttls(certificate, injected: bytes = b"", answer: str = "OK go") -> FakeImap:
    def upgrade(connection: Connection, tag: str, _arguments: str) -> None:
        connection.send(f"{tag} {answer}\r\n".encode() + injected)
        if answer.startswith("OK"):
            connection.start_tls(tls_context(certificate))
            connection.server.capabilities = "IMAP4rev1"

    return FakeImap({"STARTTLS": upgrade}, capabilities="IMAP4rev1 STARTTLS LOGINDISABLED")


def test_starttls(office, certificate):
    with starttls(certificate) as server:
        assert folders(office, server.port, "server").status == 0


def test_starttls_missing_or_stripped(office):
    for capabilities in ("IMAP4rev1", "IMAP4rev1 STARTTL AUTH=PLAIN"):
        with FakeImap(capabilities=capabilities) as server:
            assert folders(office, server.port, "server").status == 3
            assert_no_credentials(server)


def test_starttls_offered_and_refused(office, certificate):
    for answer in ("NO not now", "BAD what"):
        with starttls(certificate, answer=answer) as server:
            assert folders(office, server.port, "server").status in (3, 5)
            assert_no_credentials(server)


@pytest.mark.parametrize("injected", [
    b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", b"* PREAUTH hello\r\n", b"A002 OK fake\r\n", b"x"])
def test_bytes_injected_behind_starttls(office, certificate, injected):
    with starttls(certificate, injected) as server:
        assert folders(office, server.port, "server").status == 5
        assert_no_credentials(server)


def test_preauth_without_encryption(office):
    """A greeting that skips the login also skips STARTTLS: refused like a stripped one."""
    with FakeImap(greeting="* PREAUTH hello\r\n", capabilities="IMAP4rev1 STARTTLS") as server:
        assert folders(office, server.port, "server").status in (3, 5)
        assert not any("LIST" in line for line in server.commands)


@pytest.mark.parametrize("kind, word", [
    ("host", "Namen"), ("authority", "Zertifizierungsstelle"), ("expired", "abgelaufen")])
def test_certificates(office, authority, tmp_path, kind, word):
    from peers.certificates import Authority
    hosts = ["mail.anders.example"] if kind == "host" else ["localhost"]
    source = Authority(tmp_path, "Fremde CA") if kind == "authority" else authority
    wrong = source.issue(f"wrong-{kind}", hosts, expired=kind == "expired")
    for value in ("server", "tls1.2", "tls1.0+"):
        with FakeImap(tls=tls_context(wrong)) as server:
            result = folders(office, server.port, value)
            assert result.status == 3
            assert word in result.error["message"]
            assert_no_credentials(server)


def test_host_name_and_address_in_the_certificate(office, certificate, authority):
    with FakeImap(tls=tls_context(certificate)) as server:
        office.set("imap.host", "127.0.0.1")
        assert folders(office, server.port, "server").status == 0
        office.set("imap.host", "localhost")


def test_an_unusable_ca_file(office, authority, certificate, tmp_path):
    broken = tmp_path / "kaputt.pem"
    broken.write_text("kein Zertifikat\n")
    with FakeImap(tls=tls_context(certificate)) as server:
        for path in (broken, tmp_path / "fehlt.pem"):
            if office.run("settings", "set", "tls.ca-file", str(path)).status == 0:
                assert folders(office, server.port, "server").status == 3
            office.set("tls.ca-file", str(authority.certificate))
        assert folders(office, server.port, "server").status == 0

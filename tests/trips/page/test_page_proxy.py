"""The page behind a reverse proxy: whose word counts on who asks and how."""

import re

import pytest
from page import PAGE_PASSWORD, Daemon
from page_office import execute
from runner import Amtspost

pytestmark = pytest.mark.sanitized_only

WRONG_TRIES = 20  # from one address


def sign_in_wrongly(daemon: Daemon, number: int, **headers: str) -> str:
    person = daemon.person()
    person.get("/anmelden")
    return person.post("/anmelden", {"benutzer": f"unbekannt{number}", "kennwort": "falsch"}, **headers).text


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Amtspost:
    amtspost = Amtspost(tmp_path_factory.mktemp("proxy"))
    amtspost.ok("user", "add", "chef", "--admin")
    amtspost.ok("user", "passwd", "chef", stdin=PAGE_PASSWORD + "\n")
    return amtspost


@pytest.fixture(autouse=True)
def _no_tries(office: Amtspost) -> None:
    execute(office, "DELETE FROM password_tries")


def cookie_of(daemon: Daemon, **headers: str) -> str:
    person = daemon.person()
    person.get("/anmelden")
    answer = person.post("/anmelden", {"benutzer": "chef", "kennwort": PAGE_PASSWORD}, follow=False, **headers)
    return answer.headers["Set-Cookie"]


def test_a_trusted_proxy_says_that_the_browser_came_by_tls(office):
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        cookie = cookie_of(daemon, X_Forwarded_Proto="https")
        assert cookie.startswith("__Host-amtspost=") and "; Secure" in cookie
        assert cookie_of(daemon).startswith("amtspost=")
        answer = daemon.person().request("GET", "/hilfe", X_Forwarded_Proto="https")
        assert answer.headers["Strict-Transport-Security"]


def test_the_redirect_to_register(office):
    """It stands there before there is an id, and with https this page's own one, too."""
    def addresses(daemon: Daemon, **headers: str) -> list[str]:
        page = chef.request("GET", "/systemsteuerung/oauth", **headers)
        assert page.status == 200
        return re.findall(r'<code id="[^"]*">(https?://[^<]*)</code>', page.html)

    local = "http://localhost/oauth/callback"
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        chef = daemon.person("chef", add=False)
        assert addresses(daemon) == [local]
        chef.cookies = {f"__Host-{name}": value for name, value in chef.cookies.items()}
        here = f"https://{daemon.host}:{daemon.port}/oauth/callback"
        assert addresses(daemon, X_Forwarded_Proto="https") == [local, here]
        office.set("oauth.redirect-uri", here)
        assert addresses(daemon, X_Forwarded_Proto="https") == [here]
        office.set("oauth.client-id", "12345678-aaaa-bbbb-cccc-123456789012")
        found = addresses(daemon, X_Forwarded_Proto="https")
        assert found[0] == here and len(found) == 2 and "consent" in found[1]
        for key in ("oauth.redirect-uri", "oauth.client-id"):
            office.ok("settings", "unset", key)


def test_anybody_else_says_nothing(office):
    with Daemon(office) as daemon:
        assert cookie_of(daemon, X_Forwarded_Proto="https").startswith("amtspost=")
    with Daemon(office, "--trusted-proxy", "192.0.2.1;::2") as daemon:
        assert cookie_of(daemon, X_Forwarded_Proto="https").startswith("amtspost=")


def test_each_browser_behind_a_proxy_has_its_own_tries(office):
    with Daemon(office, "--trusted-proxy", "::1; 127.0.0.1") as daemon:
        for number in range(WRONG_TRIES):
            sign_in_wrongly(daemon, number, X_Forwarded_For=f"203.0.113.{number}, 198.51.100.7")
        assert "Minuten" in sign_in_wrongly(daemon, 90, X_Forwarded_For="198.51.100.7")
        assert "Minuten" not in sign_in_wrongly(daemon, 91, X_Forwarded_For="198.51.100.8")
        assert "198.51.100.7" in office.ok("audit").stdout


@pytest.mark.parametrize(("field", "address"), [
    ("198.51.100.9:4711", "198.51.100.9"), ("[2001:db8::9]:4711", "2001:db8::9"), ("2001:db8::10", "2001:db8::10"),
    ("198.51.100.11, unknown", "0.0.0.0"), ("", "0.0.0.0")])
def test_how_a_proxy_may_write_an_address(office, field, address):
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        sign_in_wrongly(daemon, 93, X_Forwarded_For=field)
    assert office.ok("--json", "audit").json[0]["actor"] == f"web:{address}"


@pytest.mark.parametrize(("schemes", "secure"), [("http, https", True), ("https, http", False), ("https,http", False)])
def test_the_nearest_proxy_knows_the_scheme(office, schemes, secure):
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        assert cookie_of(daemon, X_Forwarded_Proto=schemes).startswith("__Host-") == secure


def test_what_a_browser_made_up_does_not_count(office):
    """It stands before what the proxy added, or in a field line of its own."""
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        for number in range(WRONG_TRIES):
            sign_in_wrongly(daemon, number, X_Forwarded_For=f"203.0.113.{number}, 198.51.100.77, 127.0.0.1")
        assert "Minuten" in sign_in_wrongly(daemon, 92, X_Forwarded_For="203.0.113.200, 198.51.100.77")


@pytest.mark.parametrize("field", ["", "garbage", "1.2.3.4.5", "[::1]", "," * 200, "a" * 3000])
def test_nonsense_leaves_the_proxys_address(office, field):
    with Daemon(office, "--trusted-proxy", "127.0.0.1") as daemon:
        assert daemon.person().request("GET", "/anmelden", X_Forwarded_For=field).status == 200


@pytest.mark.parametrize("list_", ["", "nginx.local", "127.0.0.1;", "127.0.0.1/8"])
def test_a_trusted_proxy_must_be_an_address(office, list_):
    run = office.run("serve", "--listen", "127.0.0.1:0", "--trusted-proxy", list_)
    assert run.status == 2 and "--trusted-proxy" in run.stderr

"""Persönliche Einstellungen with Office 365: to the identity provider and back, with all that can go wrong on
the way."""

import re
import sqlite3
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from office365 import USER_PASSWORD, Clerk365
from page import Answer, Daemon, Person
from peers.dovecot import free_port
from runner import CLERK

pytestmark = pytest.mark.sanitized_only

PATH = "/einstellungen"
OAUTH = PATH + "/authentifizierung"
CONFIRM = PATH + "/bestaetigen"
PASTE = PATH + "/einfuegen"
REMOVE = PATH + "/entfernen"
CALLBACK = "/oauth/callback"
BEGIN, NEW = {"csrf": None}, {"neu": "true"}
MONTH = 31 * 24 * 60 * 60


@pytest.fixture
def office(clerk365, daemon) -> Person:
    return daemon.person(CLERK)


def begin(person: Person, path: str = PATH, follow: bool = True, **fields: str) -> Answer:
    person.get(path)
    return person.submit(OAUTH, follow=follow, **fields)


def url_of(answer: Answer) -> str:
    """The identity provider's address on the page between."""
    found = [link for link in answer.view.links if "/oauth2/v2.0/authorize?" in link]
    assert len(found) == 1, answer.text
    return found[0]


def redirect(clerk: Clerk365, url: str, name: str | None = None, **options: bool) -> str:
    """Signs in there; where the browser is led to."""
    return clerk.identity.sign_in(url, name or clerk.address, USER_PASSWORD, visit=False, **options).address


def come_back(person: Person, address: str, follow: bool = True) -> Answer:
    assert address.startswith(person.daemon.address + CALLBACK + "?")
    return person.get(address.removeprefix(person.daemon.address), follow=follow)


def sign_in(person: Person, clerk: Clerk365, name: str | None = None, path: str = PATH, follow: bool = True,
            **fields: str) -> Answer:
    return come_back(person, redirect(clerk, url_of(begin(person, path, **fields)), name), follow)


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


def test_there_and_back(office, clerk365):
    assert "Es ist eine Anmeldung nötig." in office.get(PATH).text
    answer = office.submit(OAUTH, follow=False)
    assert answer.status == 303 and answer.location == OAUTH, "a form may not lead to another origin"
    page = office.get(OAUTH)
    url = url_of(page)
    assert page.headers["Refresh"] == f"0; url={url}"
    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == [office.daemon.address + CALLBACK]
    assert query["login_hint"] == [clerk365.address] and "prompt" not in query
    answer = come_back(office, redirect(clerk365, url), follow=False)
    assert answer.status == 303 and answer.location == PATH, "the code does not stay in the address"
    text = office.get(PATH).text
    assert f"Angemeldet als {clerk365.address}." in text
    assert "Empfang (IMAP) angemeldet" in text and "Die Anmeldung gilt." in text
    assert clerk365.token_file.exists()
    clerk365.folders()
    assert office.get(OAUTH).path == PATH, "nothing waits any more"


def test_by_the_number_of_this_machine(amtspost, clerk365):
    """As `serve` prints it: what is registered is localhost, whose cookies are others."""
    with Daemon(amtspost, host="127.0.0.1") as daemon:
        person = daemon.person(CLERK)
        page = begin(person)
        assert page.headers["Refresh"]
        address = redirect(clerk365, url_of(page))
        place = f"http://localhost:{daemon.port}{CALLBACK}?"
        assert address.startswith(place)
        stranger = Person(daemon).request("GET", f"{CALLBACK}?{address.removeprefix(place)}",
                                          Host=f"localhost:{daemon.port}")
        assert f"Angemeldet als {clerk365.address}." in come_back(person, stranger.location).text


def test_smtp_answers_too(clerk365_smtp, daemon):
    text = sign_in(daemon.person(CLERK), clerk365_smtp).text
    assert text.count("Anmeldung in Ordnung") == 2


def test_the_present_one_holds(office, clerk365):
    sign_in(office, clerk365)
    flows = clerk365.identity.count("authorize")
    text = begin(office).text
    assert "Die bisherige Anmeldung gilt noch." in text and "Empfang (IMAP) angemeldet" in text
    assert clerk365.identity.count("authorize") == flows
    # What does not hold any more leads on.
    clerk365.identity.set_password(clerk365.address, USER_PASSWORD)
    clerk365.identity.revoke_access_tokens(clerk365.address)
    answer = sign_in(office, clerk365)
    assert f"Angemeldet als {clerk365.address}." in answer.text


def test_a_new_one_though_the_present_holds(office, clerk365):
    sign_in(office, clerk365)
    before = clerk365.token()
    url = url_of(begin(office, neu="true"))
    assert parse_qs(urlsplit(url).query)["prompt"] == ["login"]
    come_back(office, redirect(clerk365, url))
    assert clerk365.token() != before


def test_what_waited_goes_on(office, clerk365):
    answer = sign_in(office, clerk365, path=f"{PATH}?weiter={quote(PATH + '/postfaecher?x=1')}", follow=False)
    assert answer.location == PATH + "/postfaecher?x=1&hinweis=angemeldet"


def test_the_token_file(office, clerk365):
    sign_in(office, clerk365)
    text = office.get(PATH).text
    assert str(clerk365.token_file) in text and "0 Minuten (geschrieben am" in text
    assert "Ausgestellt für " + clerk365.address in text and "wird von selbst erneuert" in text
    assert "#tokendatei" in office.last.view.links
    answer = office.submit(REMOVE)
    assert "Tokendatei sind entfernt" in answer.text and not clerk365.token_file.exists()
    assert "Es ist eine Anmeldung nötig." in answer.text and "#tokendatei" not in answer.view.links
    clerk365.needs_sign_in("login-missing")


def test_consent_declined(office, clerk365):
    url = url_of(begin(office))
    answer = come_back(office, redirect(clerk365, url, consent=False))
    assert answer.path == PATH and "nicht zugestimmt" in answer.text
    assert not clerk365.token_file.exists()
    assert "nicht zugestimmt" in office.get(PATH).text, "why there is none is kept"
    assert f"Angemeldet als {clerk365.address}." in sign_in(office, clerk365).text


def test_the_wrong_person(office, clerk365):
    other = "zweite." + clerk365.address
    clerk365.identity.add_user(other, USER_PASSWORD)
    answer = sign_in(office, clerk365, other)
    assert f"Angemeldet hat sich „{other}“, eingetragen ist aber „{clerk365.address}“" in answer.text
    assert not clerk365.token_file.exists()


@pytest.fixture
def other_name(clerk365) -> str:
    """The user principal name is not the address, but opens its mailbox."""
    name = "upn." + clerk365.address
    clerk365.identity.add_user(name, USER_PASSWORD, addresses=(clerk365.address,))
    return name


def test_another_name_is_confirmed(office, clerk365, other_name):
    answer = sign_in(office, clerk365, other_name)
    assert answer.path == OAUTH and f"Angemeldet hat sich „{other_name}“" in answer.text
    assert "Refresh" not in answer.headers
    assert not clerk365.token_file.exists(), "nothing is stored before"
    answer = office.submit(CONFIRM, antwort="ja")
    assert answer.path == PATH and f"Angemeldet als {other_name}." in answer.text
    assert clerk365.status()["identity"] == other_name
    clerk365.folders()


def test_another_name_is_declined(office, clerk365, other_name):
    sign_in(office, clerk365, other_name)
    answer = office.submit(CONFIRM, antwort="nein")
    assert "Es wurde nichts gespeichert" in answer.text and not clerk365.token_file.exists()
    assert office.post(CONFIRM, {"antwort": "ja"}).status == 409, "the answer counts once"
    assert not clerk365.token_file.exists()


def test_forged_and_replayed(office, clerk365):
    url = url_of(begin(office))
    state = state_of(url)
    for query in ("code=gestohlen&state=geraten", "code=ohne-state", f"state={state[:-1]}&code=x",
                  "error=access_denied&state=geraten", "", f"state={state}"):
        answer = office.get(f"{CALLBACK}?{query}")
        assert answer.status == 409, query
        assert "wurde nicht beachtet" in answer.text or "nicht die Adresse" in answer.text, query
    address = redirect(clerk365, url)
    assert f"Angemeldet als {clerk365.address}." in come_back(office, address).text
    answer = come_back(office, address)
    assert answer.status == 409 and "wurde schon verwendet" in answer.text
    clerk365.folders()


def test_another_session_cannot_end_it(office, clerk365):
    """Neither somebody else's nor another of the same person: whoever gets a victim to open a redirect."""
    daemon: Daemon = office.daemon
    address = redirect(clerk365, url_of(begin(office)))
    daemon.amtspost.ok("user", "add", "eva")
    for person in (daemon.person("eva"), daemon.person(CLERK, add=False)):
        assert come_back(person, address).status == 409
    stranger = daemon.person()
    assert come_back(stranger, address, follow=False).location.startswith(f"http://127.0.0.1:{daemon.port}{CALLBACK}?")
    query = urlsplit(address).query
    assert stranger.request("GET", f"{CALLBACK}?{query}", Host=f"127.0.0.1:{daemon.port}").location == "/anmelden"
    assert not clerk365.token_file.exists()
    assert f"Angemeldet als {clerk365.address}." in come_back(office, address).text


def test_one_at_a_time(office, clerk365):
    first = redirect(clerk365, url_of(begin(office)))
    second = url_of(begin(office))
    assert come_back(office, first).status == 409
    assert f"Angemeldet als {clerk365.address}." in come_back(office, redirect(clerk365, second)).text


def test_a_code_that_was_used_up_begins_again_once(office, clerk365):
    for again in (True, False):
        clerk365.identity.force_error("invalid_grant", 54005)
        url = url_of(begin(office)) if again else url_of(office.last)
        answer = come_back(office, redirect(clerk365, url))
        assert answer.path == (OAUTH if again else PATH), answer.text
    assert "nicht zu Ende geführt" in answer.text and not clerk365.token_file.exists()


def test_settings_that_changed_meanwhile(office, clerk365):
    address = redirect(clerk365, url_of(begin(office)))
    clerk365.amtspost.set("account", "anders@amt365.example", CLERK)
    assert "inzwischen von jemand anderem geändert" in come_back(office, address).text
    assert not clerk365.token_file.exists()


def test_somebody_who_was_locked_meanwhile(office, clerk365):
    address = redirect(clerk365, url_of(begin(office)))
    clerk365.amtspost.ok("user", "lock", CLERK)
    come_back(office, address, follow=False)
    assert not clerk365.token_file.exists()


def test_a_mail_server_out_of_reach(office, clerk365):
    clerk365.amtspost.set("imap.port", str(free_port()))
    text = sign_in(office, clerk365).text
    assert f"Angemeldet als {clerk365.address}." in text and "nicht geprüft" in text
    assert clerk365.token_file.exists()


def test_what_is_missing(office, clerk365):
    clerk365.amtspost.ok("settings", "unset", "oauth.client-id")
    assert "Es fehlt eine Einstellung" in begin(office).text


@pytest.mark.parametrize("host, configured", [("post.amt365.example", None),
                                              ("localhost", "https://post.amt365.example/oauth/callback")])
def test_pasting(amtspost, clerk365, host, configured):
    """The redirect leads to where this page is not: the address is pasted."""
    if configured:
        clerk365.identity.add_redirect_uri(configured)
        amtspost.set("oauth.redirect-uri", configured)
    with Daemon(amtspost, host=host) as daemon:
        person = daemon.person(CLERK)
        page = begin(person)
        assert "Refresh" not in page.headers
        url = url_of(page)
        assert parse_qs(urlsplit(url).query)["redirect_uri"] == [configured or "http://localhost/oauth/callback"]
        for wrong in ("https://x.example/", url, f"code=x&state={state_of(url)[:-1]}", "x" * 70_000):
            answer = person.submit(PASTE, adresse=wrong)
            assert answer.status == 422 and url_of(answer) == url, "it still waits"
        answer = person.submit(PASTE, adresse=f"  {redirect(clerk365, url)}\n")
        assert f"Angemeldet als {clerk365.address}." in answer.text
    clerk365.folders()


def test_a_configured_address_that_leads_here(amtspost, clerk365, daemon):
    """As behind a reverse proxy, which passes Host on."""
    configured = "https://post.amt365.example/oauth/callback"
    clerk365.identity.add_redirect_uri(configured)
    amtspost.set("oauth.redirect-uri", configured)
    person = daemon.person(CLERK)
    proxied = {"Host": "post.amt365.example"}
    person.get(PATH)
    person.request("POST", OAUTH, f"csrf={quote(person.csrf())}", **proxied)
    page = person.request("GET", OAUTH, **proxied)
    address = redirect(clerk365, url_of(page))
    assert page.headers["Refresh"] and address.startswith(configured)
    assert person.request("GET", CALLBACK + "?" + urlsplit(address).query, **proxied).location == PATH
    assert f"Angemeldet als {clerk365.address}." in person.get(PATH).text


def test_hosts_that_only_look_like_this_machine(office, clerk365):
    for host in ("127.0.0.1.boese.example", "localhost.boese.example", "boese@localhost", "localhost/x?", ""):
        office.get(PATH)
        office.request("POST", OAUTH, f"csrf={quote(office.csrf())}", Host=host)
        page = office.get(OAUTH)
        if page.path == PATH:
            continue
        assert parse_qs(urlsplit(url_of(page)).query)["redirect_uri"] == ["http://localhost/oauth/callback"]
        assert "Refresh" not in page.headers


def test_nothing_secret_on_any_page(office, clerk365):
    url = url_of(begin(office))
    address = redirect(clerk365, url)
    code = parse_qs(urlsplit(address).query)["code"][0]
    pages = [office.last.html, come_back(office, address).html, office.get(PATH).html]
    assert not any(code in html for html in pages)
    assert code not in office.daemon.errors


def make_idle(clerk: Clerk365, seconds: int = MONTH) -> None:
    """The last refresh was long ago, and the access token is over."""
    clerk.expire()
    with sqlite3.connect(clerk.amtspost.data / "amtspost.db") as database:
        database.execute("UPDATE tokens SET signed_in = ?, refreshed = NULL", (int(time.time()) - seconds,))
    database.close()


@pytest.mark.parametrize("seconds, refreshes", [(MONTH, 1), (MONTH // 2, 0)])
def test_idle_sign_ins_are_refreshed(amtspost, clerk365, seconds, refreshes):
    clerk365.sign_in()
    make_idle(clerk365, seconds)
    clerk365.identity.reset()
    with Daemon(amtspost) as daemon:
        deadline = time.monotonic() + 5
        while clerk365.refreshes() < refreshes and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        assert clerk365.refreshes() == refreshes
        assert "idle" not in daemon.errors
    clerk365.folders()


def test_an_idle_sign_in_that_cannot_be_refreshed(amtspost, clerk365):
    clerk365.sign_in()
    make_idle(clerk365)
    clerk365.identity.revoke(clerk365.address)
    with Daemon(amtspost) as daemon:
        deadline = time.monotonic() + 10
        while "idle" not in daemon.errors and time.monotonic() < deadline:
            time.sleep(0.05)
        assert re.search(rf"the idle sign-in of {re.escape(CLERK)} is not refreshed", daemon.errors)
        assert daemon.person(CLERK).get(PATH).status == 200
    clerk365.needs_sign_in("oauth-revoked")

"""Systemsteuerung and Benutzerverwaltung: what an administrator types is what holds, or is said to be wrong."""

import json
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from page import PAGE_PASSWORD, Answer, Person, View
from page_office import ADMIN, CLERK_A, CLERK_B, DISABLED, LOCKED, SECRET, Office, add_person, execute
from runner import MARK

pytestmark = pytest.mark.sanitized_only

MAIL = "/systemsteuerung/schnittstellen"
OAUTH = "/systemsteuerung/oauth"
NAME = "/systemsteuerung/behoerde"
PEOPLE = "/benutzer"
IMPORT = "/benutzer-import"
ANOTHER_SECRET = MARK + " anders"
HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; \u202edrawkcab"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("settings")) as running:
        yield running


@pytest.fixture
def admin(office: Office) -> Person:
    return office.person(ADMIN)


@pytest.fixture
def value(office: Office) -> Callable[..., str | None]:
    """The value of a setting as the command line tells it."""
    return lambda key, user=None: office.amtspost.get(key, user)["value"]


def rows(answer: Answer) -> str:
    """The table of the log, without the filters above it."""
    return answer.html.partition("<tbody")[2]


def today() -> str:
    return time.strftime("%Y-%m-%d")


def save(person: Person, path: str, follow: bool = True, **fields: str | None) -> Answer:
    person.get(path)
    return person.submit(path, follow=follow, **fields)


def own(name: str = CLERK_B) -> str:
    return f"/benutzer/{name}/office"


def changes_since(office: Office, number: int) -> list[tuple]:
    return execute(office.amtspost, "SELECT actor, action, subject, detail FROM audit WHERE id > ? ORDER BY id", number)


def last_change(office: Office) -> int:
    return execute(office.amtspost, "SELECT max(id) FROM audit")[0][0]


def import_file(person: Person, content: bytes) -> Answer:
    """As a browser sends the chosen file."""
    person.get(IMPORT)
    mark = "----amtspost"
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{person.csrf()}\r\n'.encode(),
             f'--{mark}\r\nContent-Disposition: form-data; name="datei"; filename="l.csv"\r\n'
             'Content-Type: text/csv\r\n\r\n'.encode() + content + b"\r\n",
             f'--{mark}\r\nContent-Disposition: form-data; name="tun"\r\n\r\nvorschau\r\n--{mark}--\r\n'.encode()]
    answer = person.request("POST", IMPORT, b"".join(parts).decode(), Content_Type=f"multipart/form-data; boundary={mark}")
    person.last = answer
    return answer


# ---- global settings ----


@pytest.mark.parametrize("path, key, typed, stored", [
    (MAIL, "imap.host", "imap.amt.example", "imap.amt.example"),
    (MAIL, "imap.host", " 2001:db8::1 ", "2001:db8::1"),
    (MAIL, "imap.port", "1993", "1993"),
    (MAIL, "imap.tls", "tls1.2+", "tls1.2+"),
    (MAIL, "smtp.proxy.type", "socks5", "socks5"),
    (MAIL, "smtp.proxy.host", "proxy.amt.example", "proxy.amt.example"),
    (MAIL, "smtp.username", "relay ä", "relay ä"),
    (MAIL, "network.timeout", "600", "600"),
    (MAIL, "tls.ca-file", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt"),
    (OAUTH, "oauth.client-id", "12345678-aaaa-bbbb-cccc-123456789012", "12345678-aaaa-bbbb-cccc-123456789012"),
    (OAUTH, "oauth.authority", "https://login.amt.example/", None),
    (OAUTH, "oauth.redirect-uri", "https://amtspost.amt.example/oauth/callback", None),
    (NAME, "office.name", "Stadt Köln – Amt 10", "Stadt Köln – Amt 10"),
])
def test_each_type_is_saved_and_unset(office, admin, value, path, key, typed, stored):
    number = last_change(office)
    before = value(key)
    saved = save(admin, path, **{key: typed})
    assert saved.path == f"{path}?hinweis=gespeichert" and "gelten ab sofort" in saved.text
    assert value(key) == (stored or typed.strip())
    shown = admin.get(path)
    assert shown.view.form(path).fields[key] == value(key)
    [(actor, action, subject, detail)] = changes_since(office, number)
    assert (actor, action) == (ADMIN, "settings.set") and key in (subject or "") + (detail or "")
    assert save(admin, path, **{key: typed}).path == f"{path}?hinweis=unveraendert"
    office.amtspost.set(key, before) if before else office.amtspost.ok("settings", "unset", key)


@pytest.mark.parametrize("path, user", [(MAIL, None), (own(), CLERK_B)])
def test_the_default_port_of_a_proxy_follows_its_kind(office, admin, value, path, user):
    def shown() -> tuple[str, str]:
        page = admin.get(path)
        hint = re.search(r'id="smtp.proxy.port-hinweis">Voreinstellung: (\d+)\.', page.html)
        return page.view.form(path).fields["smtp.proxy.port"], hint[1]

    office.amtspost.set("smtp.proxy.type", "http", user)
    assert shown() == ("", "3128")
    save(admin, path, **{"smtp.proxy.type": "socks5"})
    assert shown() == ("", "1080") and value("smtp.proxy.port", user) == "1080"
    assert save(admin, path, **{"smtp.proxy.port": "3128"}).path.endswith("gespeichert")
    assert shown() == ("3128", "1080") and value("smtp.proxy.port", user) == "3128"
    assert save(admin, path, **{"smtp.proxy.port": ""}).path.endswith("gespeichert") and shown() == ("", "1080")
    save(admin, path, **{"smtp.proxy.type": "http"})


def test_an_empty_field_goes_back_to_the_default(office, admin, value):
    save(admin, MAIL, **{"imap.port": "1234"})
    assert value("imap.port") == "1234"
    assert save(admin, MAIL, **{"imap.port": ""}).path.endswith("gespeichert")
    assert office.amtspost.get("imap.port")["origin"] == "default" and value("imap.port") == "993"
    office.amtspost.set("imap.port", "1")


WRONG = [
    (MAIL, "imap.port", "0"), (MAIL, "imap.port", "65536"), (MAIL, "imap.port", "-1"), (MAIL, "imap.port", "993x"),
    (MAIL, "imap.port", "9" * 40), (MAIL, "imap.tls", "tls1.4"), (MAIL, "imap.tls", "<b>"),
    (MAIL, "smtp.host", "kein host"), (MAIL, "smtp.host", "https://mail.example"), (MAIL, "smtp.host", "a" * 300),
    (MAIL, "imap.host", HOSTILE), (MAIL, "imap.username", "a\x07b"), (MAIL, "network.timeout", "601"),
    (MAIL, "network.timeout", "0"), (MAIL, "tls.ca-file", "relativ.pem"), (OAUTH, "oauth.authority", "http://login.example/"),
    (OAUTH, "oauth.authority", "javascript:alert(1)"), (OAUTH, "oauth.redirect-uri", "ftp://x/"),
    (MAIL, "imap.proxy.type", "ftp"), (NAME, "office.name", "Amt\x1b[31m"),
]


@pytest.mark.parametrize("path, key, typed", WRONG)
def test_wrong_values_stand_at_their_field(office, admin, path, key, typed):
    before = office.snapshot()
    answer = save(admin, path, **{key: typed})
    assert answer.status == 422 and answer.path == path
    view = answer.view
    assert list(view.errors) == [key] and len(view.errors[key]) > 15
    assert "Einige Angaben stimmen noch nicht" in view.text
    # What was typed is still there, as it was.
    field = re.search(rf'<(input|select|textarea)[^>]* id="{re.escape(key)}"[^>]*>', answer.html)[0]
    assert 'aria-invalid="true"' in field and f"{key}-fehler" in field
    if "<select" not in field:
        assert view.form(path).fields[key] == typed
    assert "<script>" not in answer.html and "<b>" not in answer.html
    assert office.snapshot() == before


@pytest.mark.parametrize("path", [MAIL, own()])
def test_what_is_wrong_is_never_folded(office, admin, path):
    def folds(html: str) -> list[bool]:
        return [" open" in tag for tag in re.findall(r'<details class="fold"[^>]*>(?=<summary>Proxy)', html)]

    assert folds(admin.get(path).html) == [False, False]
    answer = save(admin, path, **{"imap.proxy.port": "99999", "smtp.port": "0"})
    assert answer.status == 422 and folds(answer.html) == [True, False]
    # All of them stand on top, too, each leading to its field.
    assert {link: text for link, text in answer.view.links.items() if re.match("#[is]m", link)} == \
        {"#imap.proxy.port": "IMAP: Proxy Port", "#smtp.port": "SMTP: Port"}
    assert answer.html.index('href="#imap.proxy.port"') < answer.html.index("<form method=\"post\" action=\"/systemsteuerung"
                                                                           if path == MAIL else "<fieldset")
    # What was typed unfolds, whatever is wrong elsewhere.
    assert folds(save(admin, path, **{"smtp.proxy.host": "proxy.amt.example", "smtp.port": "0"}).html) == [False, True]


def test_several_wrong_values_and_right_ones(office, admin, value):
    """All or nothing, each said at its place, the right ones kept as typed."""
    before = value("imap.host")
    answer = save(admin, MAIL, **{"imap.host": "neu.amt.example", "imap.port": "0", "smtp.port": "x",
                                  "imap.password": ANOTHER_SECRET})
    assert set(answer.view.errors) == {"imap.port", "smtp.port"}
    assert answer.view.form(MAIL).fields["imap.host"] == "neu.amt.example"
    assert answer.view.form(MAIL).fields["imap.password"] == ""
    assert value("imap.host") == before


def test_who_was_slower_overwrites_nothing(office, admin, value):
    other = office.fresh(ADMIN)
    other.get(NAME)
    save(admin, NAME, **{"office.name": "Amt der Ersten"})
    late = other.submit(NAME, **{"office.name": "Amt der Zweiten"})
    assert late.status in (409, 422) and "inzwischen von jemand anderem geändert" in late.text
    assert late.view.form(NAME).fields["office.name"] == "Amt der Zweiten"
    assert value("office.name") == "Amt der Ersten"
    assert f"„{ADMIN}“" in late.view.errors["office.name"] and "Amt der Ersten" in late.view.errors["office.name"]
    assert "steht noch in den Feldern" in late.text and "„Speichern“ übernimmt" in late.text
    # What is sent again as it now stands counts.
    assert late.view.form(NAME).fields["stand"] != ""
    assert other.submit(NAME).path == f"{NAME}?hinweis=gespeichert"
    assert value("office.name") == "Amt der Zweiten"
    office.amtspost.ok("settings", "unset", "office.name")


def test_what_nobody_touched_keeps_what_others_stored(office, admin, value):
    """Only fields that both changed are in dispute; the others take the new value, whatever is saved beside them."""
    other = office.fresh(ADMIN)
    before = value("imap.host")
    other.get(MAIL)
    save(admin, MAIL, **{"network.timeout": "31"})
    assert other.submit(MAIL, **{"imap.host": "neu.amt.example"}).path == f"{MAIL}?hinweis=gespeichert"
    assert (value("imap.host"), value("network.timeout")) == ("neu.amt.example", "31")
    # Both change one field, each of them another one beside it.
    other.get(MAIL)
    save(admin, MAIL, **{"network.timeout": "32", "imap.port": "1143", "imap.proxy.type": "socks5"})
    late = other.submit(MAIL, **{"network.timeout": "33", "smtp.port": "2525"})
    assert late.status == 422 and list(late.view.errors) == ["network.timeout"]
    shown = late.view.form(MAIL).fields
    assert (shown["network.timeout"], shown["smtp.port"], shown["imap.port"]) == ("33", "2525", "1143")
    assert shown["imap.proxy.type"] == "socks5"
    assert re.search(rf"32 \(geändert von „{ADMIN}“, \d\d\.\d\d\.\d{{4}}, \d\d:\d\d", late.view.errors["network.timeout"])
    assert value("network.timeout") == "32" and value("smtp.port") == "587"
    number = last_change(office)
    assert other.submit(MAIL).path == f"{MAIL}?hinweis=gespeichert"
    assert {row[3] for row in changes_since(office, number)} == {"network.timeout: 32 → 33", "smtp.port: – → 2525"}
    # What both set to the same is no dispute, nor is a wrong value hiding one.
    other.get(MAIL)
    save(admin, MAIL, **{"network.timeout": "40"})
    late = other.submit(MAIL, **{"network.timeout": "41", "smtp.port": "0"})
    assert set(late.view.errors) == {"network.timeout", "smtp.port"} and value("network.timeout") == "40"
    other.get(MAIL)
    save(admin, MAIL, **{"network.timeout": "42"})
    assert other.submit(MAIL, **{"network.timeout": "42"}).path == f"{MAIL}?hinweis=unveraendert"
    for key in ("network.timeout", "smtp.port", "imap.proxy.type"):
        office.amtspost.ok("settings", "unset", key)
    office.amtspost.set("imap.port", "1")
    office.amtspost.set("imap.host", before)


@pytest.mark.parametrize("path, user", [(MAIL, None), (own(), CLERK_B)])
def test_secrets_in_dispute(office, admin, path, user):
    other = office.fresh(ADMIN)
    other.get(path)
    office.amtspost.set("imap.proxy.password", SECRET, user)
    # Untouched, it stays.
    assert other.submit(path, **{"smtp.proxy.host": "p.amt.example"}).path.endswith("gespeichert")
    other.get(path)
    office.amtspost.set("imap.proxy.password", SECRET, user)
    late = other.submit(path, **{"imap.proxy.password": ANOTHER_SECRET})
    assert late.status == 422 and list(late.view.errors) == ["imap.proxy.password"]
    assert late.view.form(path).fields["imap.proxy.password"] == "" and "noch einmal ein" in late.view.errors["imap.proxy.password"]
    assert other.submit(path, **{"imap.proxy.password": ANOTHER_SECRET}).path.endswith("gespeichert")
    office.amtspost.ok("settings", "unset", "smtp.proxy.host", *(["--user", user] if user else []))
    office.amtspost.set("imap.proxy.password", SECRET, user)


@pytest.mark.parametrize("state", [None, "", "0", "-1", "x", "999999999999999999999"])
def test_a_form_without_its_state_is_outdated(office, admin, value, state):
    admin.get(NAME)
    answer = admin.submit(NAME, stand=state, **{"office.name": "ohne Stand"})
    assert answer.status in (409, 422) and value("office.name") is None


def test_the_office_name_is_on_every_page(office, admin):
    save(admin, NAME, **{"office.name": HOSTILE.replace("\u202e", "")})
    for person, path in ((admin, "/"), (admin, PEOPLE), (office.person(), "/anmelden"), (office.person(), "/hilfe")):
        answer = person.get(path)
        assert HOSTILE.split("\u202e", maxsplit=1)[0] in answer.text and "<script>alert" not in answer.html
    office.amtspost.ok("settings", "unset", "office.name")


# ---- secrets ----


@pytest.mark.parametrize("path, user", [(MAIL, None), (own(), CLERK_B)])
def test_secrets_are_kept_replaced_and_removed(office, admin, path, user):
    def stored() -> str | None:
        rows = execute(office.amtspost, "SELECT value FROM global_settings WHERE key = 'imap.password'") if not user else \
            execute(office.amtspost, "SELECT value FROM user_settings WHERE key = 'imap.password' AND user_id ="
                                     " (SELECT id FROM users WHERE name = ?)", user)
        return rows[0][0] if rows else None

    office.amtspost.set("imap.password", SECRET, user)
    first = stored()
    page = admin.get(path)
    assert page.view.form(path).fields["imap.password"] == "" and "gespeichert" in page.text
    assert "imap.password.entfernen" in page.html
    save(admin, path, **{"imap.username": "nur der Name"})
    assert stored() == first  # an empty field keeps it
    assert save(admin, path, **{"imap.password": ANOTHER_SECRET}).path.endswith("gespeichert")
    assert stored() not in (first, None) and ANOTHER_SECRET not in stored()
    assert save(admin, path, **{"imap.password.entfernen": "true"}).path.endswith("gespeichert")
    assert stored() is None and "imap.password.entfernen" not in admin.get(path).html
    control = save(admin, path, **{"imap.password": MARK + "\x01"})
    assert control.status == 422 and "imap.password" in control.view.errors
    office.amtspost.set("imap.password", SECRET, user)
    office.amtspost.ok("settings", "unset", "imap.username", *(["--user", user] if user else []))


# ---- a user's own and the default ones ----


def test_use_default_keeps_the_own_values(office, admin, value):
    path = own()
    save(admin, path, **{"imap.use-default": None, "imap.host": "eigen.amt.example", "imap.port": "143"})
    assert value("imap.host", CLERK_B) == "eigen.amt.example"
    save(admin, path, **{"imap.use-default": "true"})
    assert value("imap.host", CLERK_B) == value("imap.host")
    page = admin.get(path)
    # Both are on the page, the global ones read only and with where they come from.
    assert page.view.form(path).fields["imap.host"] == "eigen.amt.example"
    shown = re.search(r'<input[^>]* id="imap.host.gilt"[^>]*>', page.html)[0]
    assert "readonly" in shown and f'value="{value("imap.host")}"' in shown and "aus Systemsteuerung" in page.text
    save(admin, path, **{"imap.use-default": None})
    assert value("imap.host", CLERK_B) == "eigen.amt.example"
    save(admin, path, **{"imap.use-default": "true", "imap.host": "", "imap.port": ""})


def test_a_changed_default_holds_at_once(office, admin):
    """For the very next click of a clerk who is signed in."""
    clerk = office.fresh(CLERK_A)
    assert "127.0.0.1" in clerk.get("/einstellungen").text
    save(admin, MAIL, **{"imap.host": "neu.amt.example"})
    assert "neu.amt.example" in clerk.get("/einstellungen").text
    assert "neu.amt.example" in admin.get(f"/benutzer/{CLERK_A}/wirksam").text
    save(admin, MAIL, **{"imap.host": "127.0.0.1"})
    assert "neu.amt.example" not in clerk.get("/einstellungen").text


def test_how_many_a_change_reaches(office, admin):
    def reach() -> tuple[int, int]:
        found = re.search(r"bei IMAP gilt sofort für .*IMAP“ \((\d+)\), bei SMTP für .*SMTP“ \((\d+)\)", admin.get(MAIL).text)
        return int(found[1]), int(found[2])

    imap, smtp = reach()
    using = [user for user in (ADMIN, CLERK_A, CLERK_B, DISABLED, LOCKED)
             if office.amtspost.get("imap.use-default", user)["value"] == "true"]
    assert imap == len(using) and smtp == 0
    save(admin, own(), **{"smtp.use-default": "true"})
    assert reach() == (imap, 1)
    save(admin, own(), **{"smtp.use-default": None})
    assert reach() == (imap, 0)


def test_effective_values_with_their_origin(office, admin):
    save(admin, own(), **{"smtp.use-default": None, "smtp.host": "smtp.eigen.example"})
    text = admin.get(f"/benutzer/{CLERK_B}/wirksam").text
    assert re.search(r"Servername bzw\. IP smtp\.eigen\.example Benutzer", text), text
    assert re.search(r"Servername bzw\. IP 127\.0\.0\.1 aus Systemsteuerung", text)
    assert re.search(r"nach dem Import nichts ändern Standard", text)
    assert "••••••" in text
    save(admin, own(), **{"smtp.host": ""})


def test_office365_has_no_choice_of_tls(office, admin, value):
    save(admin, own(), interface="office365")
    page = admin.get(own())
    for key in ("imap.tls", "smtp.tls"):
        assert "disabled" in re.search(rf'<select[^>]* id="{key}"[^>]*>', page.html)[0]
    assert value("imap.tls", CLERK_B) == "tls1.2+"
    # Nor do the global values claim anything else.
    assert 'value="ab TLS 1.2"' in re.search(r'<input[^>]* id="imap.tls.gilt"[^>]*>', page.html)[0]
    # A form sent all the same changes nothing of it.
    answer = save(admin, own(), **{"imap.tls": "none"})
    assert answer.status in (200, 422) and value("imap.tls", CLERK_B) == "tls1.2+"
    save(admin, own(), interface="standard", **{"imap.tls": "server"})


def test_office365_uses_no_password(office, admin, value):
    """The fields say so and are off; what is stored comes back with Standard."""
    credentials = ("imap.username", "imap.password", "smtp.username", "smtp.password")
    note = "Benutzername und Kennwort werden dafür nicht verwendet"
    ids = {*credentials, "imap.password.entfernen", "smtp.password.entfernen"}

    def off() -> set[str]:
        return {re.search(r' id="([^"]*)"', tag)[1] for tag in re.findall(r"<input[^>]*>", admin.last.html)
                if " disabled" in tag}

    office.amtspost.set("imap.username", "b.berg.imap", CLERK_B)
    office.amtspost.set("smtp.password", SECRET, CLERK_B)
    admin.get(own())
    assert not off() and re.search(rf"<p[^>]* hidden>[^<]*{note}", admin.last.html)
    save(admin, own(), interface="office365")
    page = admin.get(own())
    assert off() == ids and len(re.findall(rf"<p[^>]*[^n]>[^<]*{note}", page.html)) == 2
    assert not set(credentials) & set(page.view.form(own()).fields)
    # As the browser sends it: without what is off.
    assert save(admin, own(), mailboxes="neu@amt.example").path.endswith("gespeichert")
    for key in credentials:
        assert office.amtspost.get(key, CLERK_B)["set"] == (key != "smtp.username"), key
    # What was chosen counts where the page is shown again, not what is stored.
    assert save(admin, own(), interface="standard", account="falsch").status == 422
    assert not off() and re.search(rf"<p[^>]* hidden>[^<]*{note}", admin.last.html)
    save(admin, own(), interface="standard")
    assert save(admin, own(), interface="office365", account="falsch").status == 422 and off() == ids
    assert admin.get(own()).view.form(own()).fields["imap.username"] == "b.berg.imap"
    office.amtspost.ok("settings", "unset", "imap.username", "--user", CLERK_B)
    save(admin, own(), mailboxes="bau@amt.example")


# ---- what is stored but cannot work ----


def boxes(person: Person, path: str) -> str:
    return " ".join(re.findall(r'<div class="kern-alert kern-alert--warning".*', person.get(path).html))


def test_warnings_stand_on_the_page_while_they_hold(office, admin):
    assert not boxes(admin, OAUTH) and "{user}" in save(admin, OAUTH, **{"oauth.token-folder": "/srv/token"}).text
    assert admin.last.path.endswith("gespeichert") and "einem Ort" in boxes(admin, OAUTH)
    save(admin, OAUTH, **{"oauth.token-folder": ""})
    assert not boxes(admin, OAUTH)
    # A user's own values: all that are without effect, in one sentence.
    office.amtspost.set("imap.use-default", "true", CLERK_B)
    before = boxes(admin, own())
    save(admin, own(), **{"imap.port": "1143", "imap.host": "eigen.amt.example"})
    told = boxes(admin, own())
    assert "(IMAP: Servername bzw. IP; IMAP: Port" in told and "„Verwende Default IMAP“" in told
    save(admin, own(), **{"imap.port": "", "imap.host": ""})
    assert boxes(admin, own()) == before


def test_the_authorities_of_a_file(office, admin, certificate, tmp_path):
    assert "derzeit nicht lesbar" in save(admin, MAIL, **{"tls.ca-file": "/gibts/nicht.pem"}).text
    assert admin.last.path.endswith("gespeichert") and "nicht lesbar" in boxes(admin, MAIL)
    save(admin, MAIL, **{"tls.ca-file": str(certificate.key)})
    assert "privaten Schlüssel" in boxes(admin, MAIL)
    two = tmp_path / "zwei.pem"
    two.write_text("Kommentar\n" + certificate.certificate.read_text() * 2)
    assert re.search(r"2 Zertifikate in „.*zwei\.pem“: CN=.*, gültig bis \d\d\.\d\d\.\d{4}",
                     save(admin, MAIL, **{"tls.ca-file": str(two)}).text)
    assert "zwei.pem" not in boxes(admin, MAIL)
    save(admin, MAIL, **{"tls.ca-file": ""})
    assert "Zertifikate in" not in admin.last.text


def tls_warnings(person: Person, path: str) -> dict[str, bool]:
    """Values of imap.tls and whether their warning is shown."""
    found = re.findall(r'<div data-choice="imap.tls" data-values="([^"]*)"( hidden)?>', person.get(path).html)
    return {values: not hidden for values, hidden in found}


@pytest.mark.parametrize("path, user", [(MAIL, None), (own(), CLERK_B)])
def test_what_is_not_safe_is_told_beside_the_choice(office, admin, path, user):
    old = "tls1.0 tls1.0+ tls1.1 tls1.1+"
    for value, shown in (("none", "none"), ("tls1.1+", old), ("server", None), ("tls1.2", None)):
        office.amtspost.set("imap.tls", value, user)
        assert tls_warnings(admin, path) == {"none": shown == "none", old: shown == old}
    answer = save(admin, path, **{"imap.tls": "none", "imap.port": "0"})  # typed, not stored
    assert re.search(r'<div data-choice="imap.tls" data-values="none">', answer.html)
    office.amtspost.set("imap.tls", "none" if not user else "server", user)


def test_how_many_use_the_shared_password(office, admin):
    def told(protocol: str) -> int:
        return int(re.search(rf"Verwende Default {protocol}“, die kein eigenes haben; [^:]*: (\d+)\.", admin.get(MAIL).text)[1])

    def wait_for(number: int) -> None:
        deadline = time.monotonic() + 10
        while told("IMAP") != number:
            assert time.monotonic() < deadline

    office.amtspost.set("imap.use-default", "true", CLERK_B)
    office.amtspost.set("interface", "standard", CLERK_B)
    office.amtspost.set("imap.password", SECRET, CLERK_B)
    before = told("IMAP")
    office.amtspost.ok("settings", "unset", "imap.password", "--user", CLERK_B)
    wait_for(before + 1)
    office.amtspost.set("interface", "office365", CLERK_B)
    wait_for(before)
    office.amtspost.set("interface", "standard", CLERK_B)
    office.amtspost.set("imap.password", SECRET, CLERK_B)
    assert told("SMTP") == 0


def test_an_interface_without_an_account(office, admin):
    path = own(DISABLED)
    assert "unvollständig" not in boxes(admin, path)
    assert save(admin, path, interface="standard").path.endswith("gespeichert") and "Kontoname (account) fehlt" in boxes(admin, path)
    save(admin, path, interface="disabled")
    preview = import_file(admin, b"name;interface;account\na1;standard;\na2;office365;a@amt.example\na3;disabled;\n")
    assert "1 Benutzer ist noch unvollständig" in preview.text and preview.text.count("fehlt noch") == 1


def test_the_api_tells_warnings(office, admin):
    key = office.key("warnungen", ADMIN)

    def change(method: str, path: str, value: str | None = None) -> dict:
        answer = admin.request(method, f"/api/v1/settings/{path}", json.dumps({"value": value}) if value else None,
                               Authorization=f"Bearer {key}", Content_Type="application/json")
        assert answer.status == 200
        return json.loads(answer.body)

    told = change("PUT", "oauth.token-folder", "/srv/token")
    assert told["value"] == "/srv/token" and len(told["warnings"]) == 1 and "{user}" in told["warnings"][0]
    assert change("PUT", "oauth.token-folder", "/srv/{user}")["warnings"] == []
    assert change("DELETE", "oauth.token-folder")["warnings"] == []
    (text,) = change("PUT", f"interface?user={DISABLED}", "standard")["warnings"]
    assert "noch unvollständig" in text
    assert change("DELETE", f"interface?user={DISABLED}")["warnings"] == []


# ---- users ----


def test_adding_a_user(office, admin, value):
    number = last_change(office)
    answer = save(admin, "/benutzer-neu", name="neu.neu", anzeigename="Nele <Neu>", archiv="true")
    assert answer.path == "/benutzer/neu.neu/office?hinweis=angelegt"
    user = office.amtspost.json("user", "show", "neu.neu")
    assert (user["display_name"], user["admin"], user["archive"], user["interface"]) == \
        ("Nele <Neu>", False, True, "disabled")
    assert changes_since(office, number)[0][:3] == (ADMIN, "user.add", "neu.neu")
    for name in ("neu.neu", "NEU.NEU", "", ".punkt", "a/b", "a b", "x" * 65, HOSTILE):
        answer = save(admin, "/benutzer-neu", name=name, anzeigename="bleibt")
        assert answer.status == 422 and answer.view.form("/benutzer-neu").fields["anzeigename"] == "bleibt", name
        assert "<script>" not in answer.html


@pytest.mark.parametrize("name", ["a@b.example", "ä.ö_ü-ß", "x" * 64, "neu"])
def test_names_in_addresses(office, admin, name):
    office.amtspost.ok("user", "add", name)
    link = f"/benutzer/{quote(name, safe='')}"
    assert link in {quote(found, safe="/%?=&") for found in admin.get(f"{PEOPLE}?suche={quote(name)}").view.links}
    for tab in ("", "/office", "/wirksam"):
        assert admin.get(link + tab).status == 200
    admin.get(link)
    assert admin.submit(next(form.action for form in admin.last.view.forms if form.action.endswith("/sperren"))).status == 200
    assert office.amtspost.json("user", "show", name)["locked"] is True
    office.amtspost.ok("user", "remove", name)


def test_the_deeds_for_one_user(office, admin):
    add_person(office.amtspost, "t.tat", password=None)
    number = last_change(office)
    path = "/benutzer/t.tat"
    assert "noch keines" in admin.get(path).text
    assert "/einladung?k=" in admin.submit(path + "/einladen").text
    admin.get(path)
    assert "gesperrt" in admin.submit(path + "/sperren").text
    assert office.amtspost.json("user", "show", "t.tat")["locked"] is True
    assert "Der Benutzer kann sich wieder anmelden" in admin.submit(path + "/freigeben").text
    assert admin.submit(path + "/entfernen").path == "/benutzer?hinweis=entfernt"
    assert office.amtspost.run("user", "show", "t.tat").status == 2
    for gone in (path, path + "/office", path + "/wirksam"):
        assert admin.get(gone).status == 404
    assert admin.post(path + "/sperren", {}).status in (403, 404)
    deeds = [row[:3] for row in changes_since(office, number) if row[0] == ADMIN]
    assert deeds == [(ADMIN, f"user.{deed}", "t.tat") for deed in ("invite", "lock", "unlock", "remove")]


def test_the_log_shows_who_did_what(office, admin):
    save(admin, NAME, **{"office.name": "Amt im Protokoll"})
    text = admin.get("/protokoll").text
    assert re.search(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", text)
    assert ADMIN in text and "Amt im Protokoll" in text
    assert "address:" not in text and "display-name:" not in text and "Kommandozeile (" in text
    office.amtspost.ok("settings", "unset", "office.name")
    for place in ("0", "-5", "x", "99999999999999999999", "1-1", "9999999999-1"):
        assert admin.get(f"/protokoll?vor={place}").status == 200


def test_a_check_leads_back_and_starts_with_somebody_with_mail(office, admin):
    execute(office.amtspost, "DELETE FROM user_settings WHERE key = 'interface' AND user_id = "
            "(SELECT id FROM users WHERE name = ?)", ADMIN)
    form = admin.get(MAIL).view.form("/pruefen")
    assert form.fields["benutzer"] not in ("", ADMIN) and f'<option value="{CLERK_A}">' in admin.last.html
    admin.submit("/pruefen", benutzer=CLERK_A)
    assert admin.last.view.links[MAIL] and admin.last.text.count("entfällt") < 9
    smtp = admin.last.html.partition("Versand (SMTP)")[2]
    if "kein SMTP-Server" in smtp:
        assert smtp.count("<li>") == 1
    admin.get(f"{PEOPLE}/{CLERK_A}")
    admin.submit("/pruefen")
    assert f'href="{PEOPLE}/{CLERK_A}">Zurück<' in admin.last.html


def test_the_log_is_narrowed_and_paged(office, admin):
    stranger = Person(office.daemon)
    stranger.get("/anmelden")
    stranger.submit("/anmelden", benutzer=CLERK_B, kennwort="falsch-" + PAGE_PASSWORD[:3])
    refused = "/protokoll?was=session.refused"
    assert "falsches Kennwort" in rows(admin.get(refused)) and "wrong" not in rows(admin.last)
    assert CLERK_B in rows(admin.get(f"{refused}&person={CLERK_B.upper()}&wort=FALSCHES&tag={today()}"))
    assert "Keine Zeile passt" in admin.get(f"{refused}&person=niemand").text
    assert "Keine Zeile passt" in admin.get("/protokoll?tag=2001-02-03").text
    assert admin.get("/protokoll?tag=gestern").status == 422 and "tag" in admin.last.view.errors

    execute(office.amtspost, "WITH RECURSIVE many(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM many WHERE n < 249) "
            "INSERT INTO audit (time, actor, action, subject) SELECT 1000000000 + n / 7, 'a', 'user.add', "
            "'seite' || n FROM many")
    seen: list[str] = []
    admin.get("/protokoll?person=SEITE&was=user.add")
    for _ in range(4):
        seen += re.findall(r"seite\d+", rows(admin.last))
        older = [link for link, label in admin.last.view.links.items() if label == "Ältere"]
        if not older:
            break
        admin.get(older[0])
    assert seen == [f"seite{number}" for number in reversed(range(250))]
    assert "Neueste" in admin.last.view.links.values()


def test_hostile_names_are_only_text(office, admin):
    add_person(office.amtspost, "h.hostil", "--display-name", HOSTILE.replace("\u202e", ""), account="h@amt.example",
               interface="standard", imap__username=HOSTILE.replace("\u202e", ""))
    for path in (f"{PEOPLE}?suche=h.hostil", "/benutzer/h.hostil", "/benutzer/h.hostil/office", "/benutzer/h.hostil/wirksam",
                 "/braucht-hilfe", "/protokoll", f"{PEOPLE}?suche={quote(HOSTILE)}", f"{PEOPLE}?suche=%22%3E%3Cscript%3E"):
        answer = admin.get(path)
        shown = re.sub(r' value="[^"]*"', "", answer.html)  # what a form shows comes back as it was
        assert answer.status == 200 and "<script>" not in answer.html and "\u202e" not in shown, path
        assert " onload=x" not in re.sub(r'"[^"]*"', "", re.sub(r">[^<]*<", "><", answer.html)), path
    clerk = office.fresh("h.hostil")
    assert HOSTILE.split("\u202e", maxsplit=1)[0] in clerk.get("/").text and "<script>alert" not in clerk.last.html
    for path in ("/gibt/es/nicht<script>", "/benutzer/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/benutzer/%E2%80%AEabc"):
        answer = admin.get(quote(path, safe="/%"))
        assert answer.status == 404 and "<script>" not in answer.html and "\u202e" not in answer.html
    office.amtspost.ok("user", "remove", "h.hostil")


# ---- many users ----


@pytest.fixture(scope="module")
def many(office: Office) -> Iterator[list[str]]:
    """120 more, from a file."""
    names = [f"viele{number:03}" for number in range(120)]
    content = "name;display_name;interface;account;imap.use-default\n" + "".join(
        f"{name};Person {name[-3:]} Müller;standard;{name}@amt.example;true\n" for name in names)
    admin = office.person(ADMIN)
    preview = import_file(admin, content.encode())
    assert preview.status == 200 and "120 Benutzer werden angelegt; noch ist nichts geändert" in preview.text
    assert office.amtspost.run("user", "show", names[0]).status == 2
    assert admin.submit(IMPORT, tun="anlegen").path == "/benutzer?hinweis=importiert"
    yield names
    execute(office.amtspost, "DELETE FROM users WHERE name LIKE 'viele%'")


def names_on(view: View) -> list[str]:
    return [label for link, label in view.links.items() if link.startswith("/benutzer/")]


def test_search_and_pages(office, admin, many):
    seen: list[str] = []
    answer = admin.get(f"{PEOPLE}?suche=viele")
    assert "1 bis 50 von 120" in answer.text
    while True:
        seen += names_on(answer.view)
        further = [link for link, label in answer.view.links.items() if label == "Weiter"]
        if not further:
            break
        answer = admin.get(further[0])
    assert seen == many
    assert names_on(admin.get(f"{PEOPLE}?suche={quote('MÜLLER')}&seite=3").view) == many[100:]
    assert names_on(admin.get(f"{PEOPLE}?suche=viele007").view) == ["viele007"]
    assert names_on(admin.get(f"{PEOPLE}?suche=viele007%40amt.example").view) == ["viele007"]
    assert "Niemand passt zu dieser Suche" in admin.get(f"{PEOPLE}?suche=%25%27--").text
    assert names_on(admin.get(f"{PEOPLE}?suche=viele_0").view) == []  # no pattern
    for number in ("0", "-1", "x", "4", "99999999999999999999999"):
        assert admin.get(f"{PEOPLE}?suche=viele&seite={number}").status == 200


def test_what_was_imported_is_as_in_the_file(office, many, value):
    user = office.amtspost.json("user", "show", many[3])
    assert (user["display_name"], user["account"]) == ("Person 003 Müller", "viele003@amt.example")
    assert value("imap.use-default", many[3]) == "true"
    rows = execute(office.amtspost, "SELECT DISTINCT actor FROM audit WHERE subject = ?", many[3])
    assert rows == [(ADMIN,)]


@pytest.mark.parametrize("content, sentence", [
    ("name;display_name\nneu1;A\n.falsch;B\nneu1;C\n", "falsch"),
    ("name;imap.password\nneu1;x\n", "imap.password"),
    ("name;imap.port\nneu1;0\nneu2;993\n", "imap.port „0“"),
    (f"name\n{CLERK_A}\n", CLERK_A),
    ("kein;kopf\n1;2\n", ""),
    ("", ""),
    ("name\n", "nennt keinen Benutzer"),
    ("name;interface\nneu1;gibt-es-nicht\n", "gibt-es-nicht"),
    ("name\n<script>alert(1)</script>\n", "&lt;script&gt;"),
])
def test_files_that_are_refused(office, admin, content, sentence):
    before = office.snapshot()
    answer = import_file(admin, content.encode())
    assert answer.status in (400, 422) and sentence in answer.html and "<script>" not in answer.html, answer.text
    assert "tun" not in [button[0] for form in answer.view.forms for button in form.buttons if button[1] == "anlegen"]
    # Nor if the preview is passed over.
    assert admin.post(IMPORT, {"tun": "anlegen", "inhalt": content}).status in (400, 422)
    assert office.snapshot() == before


@pytest.mark.parametrize("content", [b"name\n\xff\xfe\n", b"name\na\x00b\n", b"\x1f\x8b\x08\x00", b"n\x00a\x00m\x00e\x00\n\x00"])
def test_files_that_are_no_text(office, admin, content):
    before = office.snapshot()
    admin.get(IMPORT)
    mark = "----amtspost"
    body = (f'--{mark}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{admin.csrf()}\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="datei"; filename="x"\r\n\r\n').encode() + content + \
        f"\r\n--{mark}--\r\n".encode()
    answer = admin.request("POST", IMPORT, _Raw(body.decode("latin-1")), Content_Type=f"multipart/form-data; boundary={mark}")
    assert answer.status in (400, 422)
    assert office.snapshot() == before


class _Raw(str):
    """A body whose letters are its bytes."""

    def encode(self, *_: str) -> bytes:
        return super().encode("latin-1")

"""Persönliche Einstellungen with Standard: passwords, further mailboxes, hidden folders, the own password."""

import socket
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from page import PAGE_PASSWORD, Daemon, Person, View
from peers.dovecot import free_port
from runner import CLERK, MARK, PASSWORD

pytestmark = pytest.mark.sanitized_only

PATH = "/einstellungen"
SIGN_IN = PATH + "/anmelden"
MAILBOX = PATH + "/postfach"
REMOVE = PATH + "/entfernen"
HIDDEN = PATH + "/postfaecher"
FOLDERS = HIDDEN + "/ordner"
OWN = PATH + "/kennwort"
STANDARD = ["Kalender", "Kontakte", "Notizen", "RSS-Abonnements", "Synchronisierungsprobleme",
            "Verlauf der Unterhaltung", "Suchordner", "Aufgaben", "Junk-E-Mail", "Gelöscht", "Journal"]


@pytest.fixture
def unset(amtspost, mailbox, daemon) -> Person:
    """A clerk of `mailbox` who is signed in to the page, without any mail password."""
    amtspost.set_server(mailbox.server.plain_port)
    amtspost.add_clerk(account=mailbox.address, password=None)
    return daemon.person(CLERK)


def passwords(person: Person, imap: str, follow: bool = True, **fields: str | None):
    person.get(PATH)
    return person.submit(SIGN_IN, imap__password=imap, follow=follow, **fields)


def account(person: Person) -> str:
    return person.daemon.amtspost.get("account", CLERK)["value"]


def status(person: Person) -> dict:
    return person.daemon.amtspost.json("login", "status", "--user", CLERK)


def test_only_for_who_is_signed_in(daemon):
    person = daemon.person()
    for path in (PATH, HIDDEN, OWN, FOLDERS):
        answer = person.get(path, follow=False)
        assert answer.status == 303 and answer.location == f"/anmelden?weiter={path}"
    answer = person.post(SIGN_IN, {"imap.password": PASSWORD}, follow=False)
    assert "Ihre Sitzung ist beendet." in answer.text and answer.view.form("/anmelden").fields["weiter"] == PATH


def test_what_is_set_and_from_where(unset, mailbox):
    text = unset.get(PATH).text
    assert "Datei | Persönliche Einstellungen | Anmelden/Schnittstellen" in text
    assert mailbox.address in text and str(mailbox.server.plain_port) in text
    assert "aus Systemsteuerung" in text and "Voreinstellung" in text
    assert "Es ist eine Anmeldung nötig." in text
    # What is wrong with it shows the check, which needs no sign-in.
    assert "/pruefen" in [form.action for form in unset.last.view.forms]
    assert "Empfang (IMAP)" in text and "IMAP (Empfang)" not in text


def test_the_first_page_names_the_mailbox(unset, mailbox):
    told = f"Angemeldet am Postfach {mailbox.address}."
    assert told not in unset.get("/").text
    passwords(unset, PASSWORD)
    assert told in unset.get("/").text


def test_a_good_password_is_stored(unset, mailbox):
    answer = passwords(unset, PASSWORD)
    assert answer.status == 200 and answer.path == PATH
    assert f"Angemeldet als {mailbox.address}." in answer.text
    assert "Empfang (IMAP) angemeldet Anmeldung in Ordnung" in answer.text
    assert status(unset)["reason"] is None
    unset.daemon.amtspost.ok("folders", "--user", CLERK)
    again = unset.get(PATH).text
    assert "Was die Server geantwortet haben" not in again, "it is told once"
    assert "Zum Speichern bitte neu eingeben" in again
    assert "Die Anmeldung gilt." in again and "gespeichert" in again
    assert PASSWORD not in unset.last.html and MARK not in unset.last.html


def test_a_refused_password_is_not_stored_and_the_former_stays(unset):
    passwords(unset, PASSWORD)
    answer = passwords(unset, MARK + "-falsch", imap__username="jemand.anders")
    assert answer.path == PATH, "reloading asks no server again"
    assert "Der IMAP-Server hat die Anmeldung abgelehnt." in answer.text
    assert "wurde nicht gespeichert" in answer.view.errors["imap.password"]
    assert MARK not in answer.html
    assert answer.view.form(SIGN_IN).fields["imap.username"] == "jemand.anders", "what was typed stays"
    assert not unset.daemon.amtspost.get("imap.username", CLERK)["set"]
    unset.daemon.amtspost.ok("folders", "--user", CLERK)


def test_user_names_are_stored_with_their_password(unset, mailbox):
    name = mailbox.address.upper()
    answer = passwords(unset, PASSWORD, imap__username=name)
    assert f"Angemeldet als {name}." in answer.text
    assert unset.daemon.amtspost.get("imap.username", CLERK)["value"] == name
    answer = passwords(unset, PASSWORD, imap__username="")
    assert f"Angemeldet als {mailbox.address}." in answer.text
    assert not unset.daemon.amtspost.get("imap.username", CLERK)["set"]


def test_nothing_typed(unset):
    answer = passwords(unset, "")
    assert answer.status == 422 and "kein Kennwort" in answer.view.errors["imap.password"]


def test_out_of_reach_it_is_stored_as_unchecked(unset, mailbox):
    amtspost = unset.daemon.amtspost
    amtspost.set("imap.port", str(free_port()))
    answer = passwords(unset, PASSWORD)
    assert "gespeichert, aber noch nicht geprüft" in answer.text and "nicht geprüft" in answer.text
    assert "Der Server hat beim Prüfen nicht geantwortet." in answer.text
    assert "noch nie gefragt" not in answer.text and "Angemeldet als" not in unset.get(PATH).text
    assert "nimmt keine Verbindung" in unset.get("/").text
    amtspost.set("imap.port", str(mailbox.server.plain_port))
    amtspost.ok("folders", "--user", CLERK)


def test_two_passwords_two_servers(unset, mailbox, fake_smtp):
    amtspost = unset.daemon.amtspost
    for key, value in (("smtp.host", "localhost"), ("smtp.port", str(fake_smtp.port)), ("smtp.tls", "none")):
        amtspost.set(key, value)
    amtspost.set("smtp.use-default", "true", CLERK)
    fake_smtp.passwords = {mailbox.address: PASSWORD, "versand": MARK + "-smtp"}
    answer = passwords(unset, PASSWORD)
    assert "uebernehmen" in unset.get(PATH).view.form(SIGN_IN), "ticked by itself"
    assert answer.text.count("Anmeldung in Ordnung") == 2
    # SMTP refuses: IMAP's is stored, SMTP's former one stays.
    answer = passwords(unset, PASSWORD, uebernehmen=None, smtp__password=MARK + "-falsch")
    assert "gescheitert" in answer.text and "nicht gespeichert" in answer.view.errors["smtp.password"]
    assert "Der SMTP-Server hat die Anmeldung abgelehnt." in answer.text
    assert "imap.password" not in answer.view.errors
    assert "uebernehmen" not in answer.view.form(SIGN_IN), "it stays as it was"
    assert amtspost.get("smtp.password", CLERK)["set"]
    answer = passwords(unset, PASSWORD, uebernehmen=None, smtp__username="wer.anders", smtp__password=MARK + "-falsch")
    assert answer.view.form(SIGN_IN).fields["smtp.username"] == "wer.anders"
    answer = passwords(unset, PASSWORD, uebernehmen=None, smtp__username="versand",
                       smtp__password=MARK + "-smtp")
    assert answer.text.count("Anmeldung in Ordnung") == 2
    assert amtspost.get("smtp.username", CLERK)["value"] == "versand"
    form = unset.get(PATH).view.form(SIGN_IN)
    assert "uebernehmen" not in form and form.fields["smtp.username"] == "versand"
    answer = passwords(unset, PASSWORD, uebernehmen=None, smtp__password="")
    assert "kein Kennwort" in answer.view.errors["smtp.password"]


def test_passwords_are_removed(unset):
    passwords(unset, PASSWORD)
    unset.get(PATH)
    answer = unset.submit(REMOVE, kennwort="true")
    assert "Die gespeicherten Kennwörter sind entfernt." in answer.text
    assert unset.daemon.amtspost.fails(4, "folders", "--user", CLERK)["condition"] == "login-missing"


def test_a_further_mailbox_with_credentials_of_its_own(unset, another_mailbox):
    amtspost = unset.daemon.amtspost
    amtspost.set("mailboxes", another_mailbox.address, CLERK)
    answer = passwords(unset, PASSWORD)
    assert "Weitere Postfächer" in answer.text and "gescheitert" in answer.text, answer.text
    chosen = {"postfach": another_mailbox.address}
    answer = unset.submit(MAILBOX, chosen, **{"kennwort-1": MARK + "-falsch"})
    assert "wurde nicht gespeichert" in answer.text
    answer = unset.submit(MAILBOX, chosen, **{"kennwort-1": PASSWORD})
    assert f"Angemeldet als {another_mailbox.address}." in answer.text
    amtspost.ok("folders", "--user", CLERK, "--mailbox", another_mailbox.address)
    text = unset.get(PATH).text
    assert f"{another_mailbox.address} eigene Zugangsdaten" in text
    answer = unset.submit(REMOVE, chosen)
    assert "Die Zugangsdaten dieses Postfachs sind entfernt." in answer.text
    assert "mit der Anmeldung des Hauptkontos" in answer.text
    amtspost.ok("folders", "--user", CLERK, "--mailbox", account(unset))


def test_a_foreign_mailbox_is_refused(unset):
    passwords(unset, PASSWORD)
    unset.get(PATH)
    answer = unset.post(MAILBOX, {"postfach": "chef@musterhausen.example", "nummer": "1", "kennwort-1": PASSWORD})
    assert "gehört nicht zu den Postfächern" in answer.text


def test_what_waited_goes_on(unset):
    unset.get(f"{PATH}?weiter={quote(HIDDEN)}")
    answer = unset.submit(SIGN_IN, imap__password=PASSWORD, follow=False)
    assert answer.location == f"{HIDDEN}?hinweis=angemeldet"


@pytest.mark.parametrize("elsewhere", ["//boese.example/", "https://boese.example/", "/\\boese.example",
                                       "/\t/boese.example", "boese.example", "/x\r\nSet-Cookie: a=b"])
def test_never_on_to_elsewhere(unset, elsewhere):
    unset.get(PATH)
    answer = unset.submit(SIGN_IN, imap__password=PASSWORD, weiter=elsewhere, follow=False)
    assert answer.location == PATH
    other = unset.daemon.person()
    other.get("/anmelden")
    answer = other.submit("/anmelden", benutzer=CLERK, kennwort=PAGE_PASSWORD, weiter=elsewhere, follow=False)
    assert answer.location == "/"


def test_a_forged_form_changes_nothing(unset):
    unset.get(PATH)
    for options in ({"csrf": "x"}, {"csrf": ""}, {"Origin": "http://boese.example"},
                    {"Sec_Fetch_Site": "cross-site"}):
        answer = unset.post(SIGN_IN, {"imap.password": PASSWORD}, **options)
        assert answer.status == 403
    assert status(unset)["reason"] is not None


def test_disabled(amtspost, daemon):
    amtspost.ok("user", "add", CLERK)
    person = daemon.person(CLERK)
    text = person.get(PATH).text
    assert "noch nicht eingeschaltet" in text and "Ein Administrator" in text
    assert SIGN_IN not in [form.action for form in person.last.view.forms]
    answer = person.post(SIGN_IN, {"imap.password": PASSWORD})
    assert "nicht eingeschaltet" in answer.text and not amtspost.get("imap.password", CLERK)["set"]


# Verbindung prüfen


def check(person: Person) -> str:
    person.get(PATH)
    return person.submit("/pruefen").text


def test_the_end_of_a_check_counts_hints_and_failures(unset):
    amtspost = unset.daemon.amtspost
    passwords(unset, PASSWORD)
    # It is a server without TLS, and that is a hint.
    text = check(unset)
    hints = text.count("Hinweis Verschlüsselung")
    assert hints == 1 and "gescheitert" not in text
    assert "Alles in Ordnung; 1 Hinweis. Was zu beachten ist, steht bei jedem Hinweis." in text
    amtspost.set("smtp.host", "localhost")
    assert "Alles in Ordnung; 2 Hinweise." in check(unset)
    amtspost.set("imap.port", str(free_port()))
    assert "1 Schritt ist gescheitert; 1 Hinweis. Was zu tun ist und von wem" in check(unset)


def test_a_step_is_named_before_it_is_done(unset):
    passwords(unset, PASSWORD)
    amtspost = unset.daemon.amtspost
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        amtspost.set_server(frozen.getsockname()[1], host="127.0.0.1", timeout=60)
        unset.get(PATH)
        address = f"http://127.0.0.1:{unset.daemon.port}/pruefen"
        headers = {"Host": f"{unset.daemon.host}:{unset.daemon.port}", "Content-Type": "application/x-www-form-urlencoded",
                   "Cookie": "; ".join(f"{name}={value}" for name, value in unset.cookies.items())}
        body = urlencode({"csrf": unset.csrf(), "benutzer": CLERK}).encode()
        with urlopen(Request(address, body, headers), timeout=20) as answer:
            read = b""
            while b"running" not in read or not read.endswith(b"</li>\n"):
                read += answer.readline()
    # It goes on; whoever leaves the page cancels it.
    text = View(read.decode()).text
    assert "Abbrechen" in text
    assert text.endswith("läuft Verbindung bis zur ersten Antwort des Servers")


# Postfächer


def hidden(person: Person) -> dict:
    return person.daemon.amtspost.get("import.hidden-folders", CLERK)


def test_never_changed_and_empty_are_different(unset):
    form = unset.get(HIDDEN).view.form(HIDDEN, namen=None)
    assert form.fields["namen"].split("\n") == STANDARD
    assert "Es gilt der Standard." in unset.last.text
    answer = unset.submit(HIDDEN, {"namen": None})
    assert "Es war nichts zu ändern." in answer.text and not hidden(unset)["set"]
    answer = unset.submit(HIDDEN, {"namen": None}, namen="")
    assert "nichts ausgeblendet" in answer.text
    assert hidden(unset)["set"] and not hidden(unset)["value"]
    answer = unset.submit(HIDDEN, {"namen": None}, namen="Spam\r\n\r\n  Bau/Alt \r\nSPAM\r\n")
    assert answer.view.form(HIDDEN, namen=None).fields["namen"] == "Spam\nBau/Alt"
    answer = unset.submit(HIDDEN, {"namen": None}, teil="standard")
    assert "Es gilt wieder der Standard." in answer.text and "Es gilt der Standard." in answer.text
    assert not hidden(unset)["set"]


def test_real_folders_with_what_hides_them(unset, mailbox):
    mailbox.fill("Spam", [])
    mailbox.fill("Bauamt/Vorgang", [])
    answer = unset.get(FOLDERS)
    assert "keine Anmeldung gespeichert" in answer.text
    assert f"{PATH}?weiter={FOLDERS}" in answer.view.links
    passwords(unset, PASSWORD)
    unset.get(HIDDEN)
    unset.submit(HIDDEN, {"namen": None}, namen="Bauamt")
    text = unset.get(FOLDERS).text
    assert "ausgeblendet durch den Eintrag „Bauamt“" in text
    assert "INBOX" in text and "wird gezeigt" in text


def press(person: Person, folder: str, deed: str):
    """The button DEED beside FOLDER, as the page shows it."""
    form = person.get(FOLDERS).view.form(HIDDEN, namen=None)
    (name, value), = [(name, value) for name, value, label in form.buttons if label == f"{deed} : {folder}"]
    return person.submit(HIDDEN, {"namen": None}, follow=False, **{name: value}), value.partition(" ")[0]


def test_hiding_a_real_folder_and_showing_it_again(unset, mailbox):
    mailbox.fill("Bauamt/Vorgang", [])
    mailbox.fill("Trash", [])
    mailbox.fill("Zwei; Teile", [])
    passwords(unset, PASSWORD)
    answer, row = press(unset, "Bauamt/Vorgang", "Ausblenden")
    # Back to the very row, whose button is the other one now.
    assert answer.status == 303 and answer.location == f"{FOLDERS}?hinweis=ausgeblendet#zeile-{row}"
    assert hidden(unset)["value"] == ";".join([*STANDARD, "Bauamt/Vorgang"])
    text = unset.get(FOLDERS).text
    assert "ausgeblendet durch den Eintrag „Bauamt/Vorgang“" in text
    assert f'id="zeile-{row}"' in unset.last.html
    answer, again = press(unset, "Bauamt/Vorgang", "Einblenden")
    assert answer.location.endswith(f"?hinweis=eingeblendet#zeile-{row}") and again == row
    assert hidden(unset)["value"] == ";".join(STANDARD)
    assert "Was nur er ausgeblendet hat, wird wieder gezeigt." in unset.get(answer.location.partition("#")[0]).text
    # An entry of the standard, which stands for the folder, is one's own from the first change on.
    press(unset, "Trash", "Einblenden")
    assert hidden(unset)["value"] == ";".join(entry for entry in STANDARD if entry != "Gelöscht")
    # What the list could not hold has no button.
    labels = [label for _, _, label in unset.get(FOLDERS).view.form(HIDDEN, namen=None).buttons]
    assert "Zwei; Teile" in unset.last.text and not [label for label in labels if "Teile" in label]


def test_hiding_what_no_page_offers(unset):
    passwords(unset, PASSWORD)
    unset.get(HIDDEN)
    for value in ("", "3", "3 ", "3 a;b", "3 chef@musterhausen.example", "x Bauamt", "3 %07", "3 %", "3 %FF"):
        assert unset.post(HIDDEN, {"ausblenden": value}).status in (400, 422), value
    for value in ("", "3 Unbekannt", "x"):
        answer = unset.post(HIDDEN, {"einblenden": value}, follow=False)
        assert answer.status == 303 and "unveraendert" in answer.location, value
        unset.get(HIDDEN)
    assert not hidden(unset)["set"]


def test_a_hidden_mailbox_is_shown_again(unset, another_mailbox):
    unset.daemon.amtspost.set("mailboxes", another_mailbox.address, CLERK)
    passwords(unset, PASSWORD)
    unset.submit(MAILBOX, {"postfach": another_mailbox.address}, **{"kennwort-1": PASSWORD})
    unset.get(HIDDEN)
    unset.submit(HIDDEN, {"namen": None}, namen=f"Spam\n{another_mailbox.address}")
    press(unset, another_mailbox.address, "Postfach einblenden")
    assert hidden(unset)["value"] == "Spam"


def test_after_the_import_and_the_signature(unset):
    unset.get(HIDDEN)
    # What others change meanwhile does not matter for one's own values.
    unset.daemon.amtspost.set("office.name", "Stadt Musterhausen")
    unset.submit(HIDDEN, {"import.after": None}, import__after="move",
                 smtp__signature="Mit freundlichen Grüßen\r\nM. Muster",
                 **{"import.after-folder": "Erledigt"})
    assert "gespeichert" in unset.last.text
    amtspost = unset.daemon.amtspost
    assert amtspost.get("import.after", CLERK)["value"] == "move"
    assert amtspost.get("import.after-folder", CLERK)["value"] == "Erledigt"
    assert amtspost.get("smtp.signature", CLERK)["value"] == "Mit freundlichen Grüßen\nM. Muster"


def test_what_a_form_shows_comes_back_as_it_was(unset):
    """Marks of direction and other signs that a page makes visible are part of what is stored."""
    signature = 'M\u200f\u0645\u062d\u0645\u062f \u202eabc\u202c & <b> "\'\nzweite Zeile'
    unset.daemon.amtspost.set("smtp.signature", signature, CLERK)
    unset.get(HIDDEN)
    unset.submit(HIDDEN, {"smtp.signature": None}, import__after="flag")
    assert unset.daemon.amtspost.get("smtp.signature", CLERK)["value"] == signature
    assert unset.daemon.amtspost.get("import.after", CLERK)["value"] == "flag"


def test_moving_to_nowhere(unset):
    told = "der Zielordner (import.after-folder) fehlt"
    assert told not in unset.get(HIDDEN).text
    answer = unset.submit(HIDDEN, {"import.after": None}, import__after="move")
    assert "gespeichert" in answer.text and told in answer.text
    assert unset.daemon.amtspost.get("import.after", CLERK)["value"] == "move"
    answer = unset.submit(HIDDEN, {"import.after": None}, **{"import.after-folder": "Erledigt"})
    assert told not in answer.text


def test_two_windows_do_not_overwrite_each_other(unset):
    other = unset.daemon.person(CLERK, add=False)
    unset.get(HIDDEN)
    other.get(HIDDEN)
    other.submit(HIDDEN, {"namen": None}, namen="Spam\nBauamt", import__after="seen")
    # What only the other one has touched stays; what both have, is shown.
    answer = unset.submit(HIDDEN, {"namen": None}, smtp__signature="M. Muster")
    assert "gespeichert" in answer.text
    amtspost = unset.daemon.amtspost
    assert hidden(unset)["value"] == "Spam;Bauamt" and amtspost.get("import.after", CLERK)["value"] == "seen"
    unset.submit(HIDDEN, {"namen": None}, namen="Spam\nArchiv")
    answer = other.submit(HIDDEN, {"namen": None}, namen="Presse", smtp__signature="P. Presse", import__after="flag")
    assert answer.status == 422 and "in einem anderen Fenster" in answer.text
    assert "Inzwischen gespeichert ist: Spam;Archiv" in answer.view.errors["namen"]
    assert "M. Muster" in answer.view.errors["smtp.signature"] and "import.after" not in answer.view.errors
    assert hidden(unset)["value"] == "Spam;Archiv" and amtspost.get("import.after", CLERK)["value"] == "seen"
    assert answer.view.form(HIDDEN, namen=None).fields["namen"] == "Presse"
    # Knowing it, they may.
    answer = other.submit(HIDDEN, {"namen": None})
    assert answer.status == 200 and hidden(unset)["value"] == "Presse"
    assert amtspost.get("smtp.signature", CLERK)["value"] == "P. Presse"
    assert amtspost.get("import.after", CLERK)["value"] == "flag"
    # Going back to the standard would lose what the other one has written meanwhile.
    unset.get(HIDDEN)
    other.submit(HIDDEN, {"namen": None}, namen="Presse\nVorlagen")
    assert unset.submit(HIDDEN, {"namen": None}, teil="standard").status == 422
    assert hidden(unset)["value"] == "Presse;Vorlagen"


def test_all_of_the_page_is_saved_at_once(unset, mailbox):
    mailbox.fill("Bauamt", [])
    passwords(unset, PASSWORD)
    unset.get(FOLDERS)
    amtspost = unset.daemon.amtspost
    # With a folder's button, too.
    (name, value), = [(name, value) for name, value, label in unset.last.view.form(HIDDEN, namen=None).buttons
                      if label == "Ausblenden : Bauamt"]
    unset.submit(HIDDEN, {"namen": None}, namen="Spam", smtp__signature="M. Muster", **{name: value})
    assert hidden(unset)["value"] == "Spam;Bauamt" and amtspost.get("smtp.signature", CLERK)["value"] == "M. Muster"
    # The folders stay, with the entries that are none of them.
    answer = unset.submit(HIDDEN, {"namen": None}, namen="Bauamt\nposteingang\n" + "x" * 3000)
    assert answer.path == f"{FOLDERS}?hinweis=gespeichert" and "ausgeblendet durch den Eintrag „Bauamt“" in answer.text
    assert f"treffen keinen Ihrer Ordner: „posteingang“, „{'x' * 60}…“" in answer.text
    assert "Posteingang" in answer.text
    answer = unset.submit(HIDDEN, {"namen": None}, namen="a\tb", smtp__signature="P. Presse")
    assert answer.status == 422 and "INBOX" in answer.text
    assert answer.view.form(HIDDEN, namen=None).fields["smtp.signature"] == "P. Presse"
    answer = unset.submit(HIDDEN, {"namen": None}, teil="standard", namen="Bauamt")
    assert "Es gilt wieder der Standard." in answer.text and not hidden(unset)["set"]
    assert amtspost.get("smtp.signature", CLERK)["value"] == "P. Presse"
    assert "Standard wiederherstellen" not in answer.text


def test_only_what_clerks_may_change(unset):
    unset.get(HIDDEN)
    unset.submit(HIDDEN, account="chef@musterhausen.example", interface="disabled",
                 import__after="seen", **{"oauth.token-folder": "/tmp"})
    amtspost = unset.daemon.amtspost
    assert amtspost.get("import.after", CLERK)["value"] == "seen"
    assert amtspost.get("interface", CLERK)["value"] == "standard"
    assert account(unset) != "chef@musterhausen.example"
    assert not amtspost.get("oauth.token-folder", CLERK)["set"]


# The own password


def change(person: Person, former: str, new: str, again: str | None = None):
    person.get(OWN)
    return person.submit(OWN, bisher=former, kennwort=new, wiederholung=again or new)


def test_a_new_password_ends_other_sessions(unset):
    daemon: Daemon = unset.daemon
    other = daemon.person(CLERK, add=False)
    new = MARK + " ganz neu"
    before = dict(unset.cookies)
    answer = change(unset, PAGE_PASSWORD, new)
    assert "Das neue Kennwort gilt." in answer.text and unset.cookies != before
    assert unset.get(PATH).status == 200
    assert other.get(PATH, follow=False).status == 303
    person = daemon.person(CLERK, new, add=False)
    assert person.get(PATH).status == 200


def test_a_wrong_former_password(unset):
    for former, new, again, said in (
            ("falsch", "ein neues Kennwort", None, "eingegebene bisherige Kennwort stimmt nicht. Ihr Kennwort ist unverändert."),
            (PAGE_PASSWORD, PAGE_PASSWORD, None, "dasselbe wie bisher"),
            (PAGE_PASSWORD, "kurz", None, "zu kurz"),
            (PAGE_PASSWORD, "ein neues Kennwort", "ein anderes", "nicht gleich")):
        answer = change(unset, former, new, again)
        assert answer.status == 422 and any(said in error for error in answer.view.errors.values()), said
    assert "wiederholung" in answer.view.errors and "Das Kennwort wurde nicht gespeichert." in answer.text
    for _ in range(6):
        answer = change(unset, "falsch", "ein neues Kennwort")
    assert "zu viele Anmeldeversuche" in answer.text
    assert unset.get(PATH).status == 200, "the session itself goes on"

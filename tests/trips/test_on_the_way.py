"""Signing in on the way: at a terminal a command asks for what is missing and goes on with what was wanted;
elsewhere it ends with status 4."""

import re
import time

import pytest
from office365 import USER_PASSWORD
from peers.fake_imap import FakeImap
from peers.load import make_mails
from runner import ADDRESS, CLERK, MARK, PASSWORD
from terminal import Terminal


@pytest.fixture
def unset(amtspost, mailbox):
    amtspost.set_server(mailbox.server.plain_port)
    amtspost.add_clerk(account=mailbox.address, password=None)
    mailbox.fill("INBOX", list(make_mails(3, small=True)))
    return amtspost


def test_import_asks_for_the_password_and_goes_on(unset):
    terminal = Terminal(unset, "import", "--user", CLERK)
    terminal.wait_for("keine Anmeldung gespeichert")
    terminal.wait_for(r"\(IMAP\)")
    terminal.type(PASSWORD + "\n")
    assert terminal.finish() == 0, terminal.text
    assert "Neu im Archiv: 3 E-Mails" in terminal.text
    assert "keine Anmeldung gespeichert" in terminal.text


def test_a_wrong_password_ends_it(unset):
    terminal = Terminal(unset, "folders", "--user", CLERK)
    terminal.wait_for(r"\(IMAP\)")
    terminal.type(MARK + "-falsch\n")
    assert terminal.finish() == 4
    assert "abgelehnt" in terminal.text and "INBOX" not in terminal.text


def test_json_never_asks(unset):
    terminal = Terminal(unset, "--json", "import", "--user", CLERK)
    assert terminal.finish() == 4
    assert "Kennwort von" not in terminal.text


def test_office365_goes_on_after_the_browser(clerk365):
    clerk365.dovecot.maildir(clerk365.address).add_folder("INBOX", list(make_mails(3, small=True)))
    terminal = Terminal(clerk365.amtspost, "import", "--user", CLERK)
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    clerk365.identity.sign_in(url, clerk365.address, USER_PASSWORD)
    assert terminal.finish() == 0, terminal.text
    assert f"Angemeldet als {clerk365.address}" in terminal.text
    assert "Neu im Archiv: 3 E-Mails" in terminal.text


def test_office365_pasted_at_the_terminal(clerk365):
    """A wrong line is told, the right one counts, and nothing of it is shown."""
    terminal = Terminal(clerk365.amtspost, "login", "--user", CLERK)
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    terminal.type("https://irgendwo.example/?code=falsch&state=falsch\n")
    terminal.wait_for("gehört nicht zu dieser Anmeldung")
    address = clerk365.identity.sign_in(url, clerk365.address, USER_PASSWORD, visit=False).address
    terminal.type(address + "\n")
    assert terminal.finish() == 0, terminal.text
    assert "code=" not in terminal.text


@pytest.mark.parametrize("answer, status", [("j\n", 0), ("n\n", 4), ("\n", 4)])
def test_another_name_is_confirmed_by_the_person(clerk365, answer, status):
    name = "upn." + clerk365.address
    clerk365.identity.add_user(name, USER_PASSWORD, addresses=(clerk365.address,))
    terminal = Terminal(clerk365.amtspost, "login", "--user", CLERK)
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    clerk365.identity.sign_in(url, name, USER_PASSWORD)
    terminal.wait_for("Ist das richtig")
    assert name in terminal.text and clerk365.address in terminal.text
    terminal.type(answer)
    assert terminal.finish() == status, terminal.text
    assert clerk365.token_file.exists() == (status == 0)


def test_a_reason_is_given_before_a_new_sign_in(clerk365):
    clerk365.sign_in()
    clerk365.token_file.unlink()
    terminal = Terminal(clerk365.amtspost, "folders", "--user", CLERK)
    terminal.wait_for("gelöscht oder umbenannt")
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    clerk365.identity.sign_in(url, clerk365.address, USER_PASSWORD)
    assert terminal.finish() == 0, terminal.text
    assert "INBOX" in terminal.text


@pytest.mark.parametrize("key, status", [("\x03", 130), ("\x1c", 130)])
def test_cancelled_at_the_prompt(unset, key, status):
    """Ctrl-C and Ctrl-\\, however soon, leave the terminal as it was, and the program ends."""
    for _ in range(5):
        terminal = Terminal(unset, "folders", "--user", CLERK)
        terminal.wait_for(r"\(IMAP\)")
        terminal.type(key)
        assert terminal.finish(20, echo=True) == status


def test_two_passwords_are_asked_where_there_are_two_servers(unset, fake_smtp):
    for key, value in (("smtp.host", "localhost"), ("smtp.port", str(fake_smtp.port)), ("smtp.tls", "none")):
        unset.set(key, value)
    unset.set("smtp.use-default", "true", CLERK)
    terminal = Terminal(unset, "login", "--user", CLERK)
    terminal.wait_for(r"\(IMAP\)")
    terminal.type(PASSWORD + "\n")
    terminal.wait_for(r"\(SMTP\)")
    terminal.type("\n")
    assert terminal.finish() == 0, terminal.text
    assert fake_smtp.logins


def test_a_password_is_hidden_with_json_too(unset):
    """Standard input is a terminal, but nobody is asked."""
    terminal = Terminal(unset, "--json", "login", "--user", CLERK)
    time.sleep(0.5)
    terminal.type(PASSWORD + "\n\x04")
    assert terminal.finish() == 0, terminal.text


def test_a_long_password_is_not_cut(unset):
    terminal = Terminal(unset, "login", "--user", CLERK)
    terminal.wait_for(r"\(IMAP\)")
    terminal.type(MARK + "x" * 3000 + "\n")
    assert terminal.finish() == 4, terminal.text
    terminal = Terminal(unset, "login", "--user", CLERK)
    terminal.wait_for(r"\(IMAP\)")
    terminal.type("\n")
    assert terminal.finish() == 2 and "kein Kennwort" in terminal.text


def test_half_an_address_is_asked_for_again(clerk365):
    terminal = Terminal(clerk365.amtspost, "login", "--user", CLERK)
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    for wrong in (url, "ja", "geheim-oder-so"):
        terminal.type(wrong + "\n")
        terminal.wait_for("oder nur ein Teil")
        terminal.text = ""
    clerk365.identity.sign_in(url, clerk365.address, USER_PASSWORD)
    assert terminal.finish() == 0, terminal.text


def test_cancelled_at_the_question(clerk365):
    name = "upn." + clerk365.address
    clerk365.identity.add_user(name, USER_PASSWORD, addresses=(clerk365.address,))
    terminal = Terminal(clerk365.amtspost, "login", "--user", CLERK)
    url = terminal.wait_for(r"(?m)^(http://localhost:\S+)$")[1]
    clerk365.identity.sign_in(url, name, USER_PASSWORD)
    terminal.wait_for("Ist das richtig")
    terminal.type("\x03")
    assert terminal.finish() == 130 and not clerk365.token_file.exists()


def test_the_progress_names_the_mailbox_of_several(amtspost):
    """Of one there is nothing to tell apart."""
    short, long = "info@musterhausen.example", f"{'sehr-lang-' * 6}info@musterhausen.example"

    def tell_namespaces(connection, tag, _arguments):
        connection.send('* NAMESPACE (("" "/")) (("user/" "/")) NIL\r\n')
        connection.ok(tag)

    def list_folders(connection, tag, arguments):
        connection.send('* LIST () "/" INBOX\r\n')
        if "user" in arguments:
            connection.send(f'* LIST () "/" "user/{short}"\r\n* LIST () "/" "user/{long}"\r\n')
        connection.ok(tag)

    with FakeImap({"NAMESPACE": tell_namespaces, "LIST": list_folders},
                  capabilities="IMAP4rev1 NAMESPACE") as server:
        amtspost.add_clerk()
        amtspost.set_server(server.port)
        terminal = Terminal(amtspost, "import", "--user", CLERK)
        assert terminal.finish() == 0, terminal.text
        assert "Verbindung zum Mailserver wird" in terminal.text and ADDRESS not in terminal.text
        amtspost.set("mailboxes", f"{short};{long}", CLERK)
        terminal = Terminal(amtspost, "import", "--user", CLERK)
        assert terminal.finish() == 0, terminal.text
        for start in (ADDRESS, short, "sehr-lang-"):
            assert f"Verbindung zum Postfach {start}" in terminal.text
        assert re.search(rf"{short}, INBOX: \d+ von \d+ E-Mails", terminal.text)
        assert re.search(r"sehr-lang-.*…: \d+ von \d+ E-Mails, \d", terminal.text), "the count is not cut off"

"""`check`: what people and programs read of it: hints at what works and yet should be looked after, the
summary, the form of the report."""

import re
import socket
import ssl

import pytest
from peers.certificates import Authority
from peers.fake_imap import FakeImap, tls_context
from runner import CLERK, PASSWORD
from sharing import AuthorizedScene, NamespaceScene, OwnScene, TokenScene
from test_check import check, good, good_smtp  # noqa: F401

pytestmark = pytest.mark.sanitized_only


def hints(steps: list[dict]) -> dict[str, str]:
    """step -> advice of those that carry a hint, which none that failed does."""
    for step in steps:
        assert step["hint"] == (step["ok"] is not False and step["advice"] is not None), step
    return {step["step"]: step["advice"] for step in steps if step["hint"]}


def report(amtspost, *protocols: str, status: int = 0) -> str:
    run = amtspost.run("check", "--user", CLERK, *protocols)
    assert run.status == status and run.stderr == "", run.stdout + run.stderr
    for line in run.stdout.splitlines():
        assert len(line) <= 80 and line == line.rstrip(), line
    return run.stdout


def words(text: str) -> str:
    """Without line breaks."""
    return " ".join(text.split())


# Hints


def test_without_hints(good):
    assert hints(check(good, status=0)) == {}
    text = report(good)
    assert text.endswith("\nAlles in Ordnung.\n") and "HINWEIS" not in text


def test_a_certificate_that_ends_soon(good, tmp_path):
    soon = Authority(tmp_path / "soon").issue("soon", ["localhost"], days=10)
    good.set("tls.ca-file", str(tmp_path / "soon" / "ca.pem"))
    with FakeImap(tls=tls_context(soon)) as server:
        good.set("imap.port", str(server.port))
        text = report(good)
        assert "\n  HINWEIS     Verschlüsselung (TLS) (" in text
        assert text.endswith("\nAlles in Ordnung; 1 Hinweis.\n")


def test_an_intermediate_certificate_that_ends_soon(good, tmp_path):
    root = Authority(tmp_path / "root", "Wurzel")
    middle = Authority(tmp_path / "middle", "Zwischenstelle", root, days=10)
    good.set("tls.ca-file", str(root.certificate))
    with FakeImap(tls=tls_context(middle.issue("leaf", ["localhost"]))) as server:
        good.set("imap.port", str(server.port))
        advice = hints(check(good, "imap", status=0))["tls"]
        assert "„Zwischenstelle“ in der Kette läuft in 10 Tagen ab" in advice
        tls = next(step for step in check(good, "imap", status=0) if step["step"] == "tls")["detail"]
        assert re.search(r"Zertifikat für localhost, ausgestellt von Zwischenstelle, gültig bis 01\.01\.2049; "
                         r"Kette: Zwischenstelle \(gültig bis [0-9.]+\) ← Wurzel \(gültig bis 01\.01\.2049\)",
                         tls), tls


def test_old_encryption(good, certificate):
    with FakeImap(tls=tls_context(certificate, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)) as server:
        good.set("imap.port", str(server.port))
        good.set("imap.tls", "tls1.0+")
        assert "unsicher" in hints(check(good, "imap", status=0))["tls"]


def test_no_encryption(good):
    with FakeImap() as server:
        good.set("imap.port", str(server.port))
        good.set("imap.tls", "none")
        assert "Kennwörter gehen unverschlüsselt" in hints(check(good, "imap", status=0))["tls"]
        text = report(good)
        assert "\n  HINWEIS     Verschlüsselung (TLS)\n" in text and "; 1 Hinweis.\n" in text


def test_a_right_that_the_import_wants(good):
    def select(connection, tag, _arguments):
        connection.send("* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 1] ok\r\n")
        connection.ok(tag, "[READ-ONLY] selected")
    with FakeImap({"SELECT": select}) as server:
        good.set("imap.port", str(server.port))
        good.set("imap.tls", "none")
        good.set("import.after", "seen", CLERK)
        assert "fehlt hier das Recht" in hints(check(good, "imap", status=0))["folders"]
        assert report(good).endswith("\nAlles in Ordnung; 2 Hinweise.\n")


def test_smtp_that_is_set_up_for_others(good):
    good.set("smtp.host", "localhost")
    steps = check(good, status=0)
    assert hints(steps) == {"settings": "In der Systemsteuerung steht einer; „Verwende Default SMTP“ ist für "
                                        "diesen Benutzer aus."}
    assert next(step for step in steps if step["hint"])["ok"] is None
    text = report(good)
    assert "\n  HINWEIS     Einstellungen\n" in text


# The end, for whoever reads only that


def summary(text: str) -> str:
    return words(text.rpartition("\nZusammenfassung\n")[2])


def test_summary_of_what_works(good_smtp):
    account = good_smtp.get("account", CLERK)["value"]
    end = summary(report(good_smtp))
    assert end.startswith(f"Empfang (IMAP): geht mit dem Konto {account} "
                          f"Versand (SMTP): geht mit dem Konto {account} Dauer: ")
    assert end.endswith(" s Alles in Ordnung.") and "Zu tun" not in end


def test_summary_of_what_does_not(good, another_mailbox):
    good.set("mailboxes", another_mailbox.address, CLERK)
    good.set("smtp.host", "localhost")
    good.set("smtp.use-default", "true", CLERK)
    good.set("smtp.tls", "none")
    with FakeImap(greeting="+OK POP3\r\n") as server:
        good.set("smtp.port", str(server.port))
        end = summary(report(good, status=6))
    address = another_mailbox.address
    assert "Versand (SMTP): geht nicht (Angebot des Servers)" in end
    assert f"Lässt sich nicht öffnen: {address} " in end
    assert f"Zu tun: {address}: Bitte prüfen Sie die Adresse" in end and ". (Administrator)" in end
    assert "Zu tun: Ein Administrator muss den Port berichtigen; üblich ist 587. (Administrator)" in end
    assert end.endswith("2 Schritte sind gescheitert; 1 Hinweis.")


def test_summary_without_smtp(good):
    assert "Versand (SMTP): nicht eingerichtet" in summary(report(good))


def test_long_words_are_broken(good, tmp_path):
    path = tmp_path / ("ordner/" * 20) / "ca.pem"
    path.parent.mkdir(parents=True)
    path.write_text("kein  PEM")
    good.set("tls.ca-file", str(path))
    assert str(path) in "".join(report(good, status=3).split())


# Calls as they are to be typed


def test_advice_names_the_user(good):
    good.ok("login", "remove", "--user", CLERK)
    assert f"„amtspost login --user {CLERK}“" in words(report(good, "imap", status=4))
    good.set("import.after", "move", CLERK)
    assert f" --user {CLERK}“" in words(report(good, "imap", status=3))


def test_advice_names_the_mailbox(good, another_mailbox):
    good.set("mailboxes", another_mailbox.address, CLERK)
    call = f"„amtspost login --user {CLERK} --mailbox {another_mailbox.address}“"
    assert call in words(report(good, "imap", status=6))
    good.ok("login", "--user", CLERK, "--mailbox", another_mailbox.address, stdin=PASSWORD)
    another_mailbox.server.set_password(another_mailbox.address, PASSWORD + "-neu")
    assert call in words(report(good, "imap", status=4))


# Where and when


def test_head(good):
    head = words(report(good).partition("\n\n")[0])
    assert re.fullmatch(rf"Verbindung von {CLERK} am \d\d\.\d\d\.\d{{4}}, \d\d:\d\d Uhr "
                        rf"\(UTC([+-]\d+(:\d\d)?)?\), Rechner {re.escape(socket.gethostname())}, "
                        r"Amtspost [0-9.]+\S*", head), head


# Servers that open without being asked, or nothing at all


def test_a_mailbox_that_opens_without_a_login(good):
    """Nothing was sent: nobody is signed in, and a refusal stays."""
    with FakeImap() as server:
        good.set("imap.port", str(server.port))
        good.set("imap.tls", "none")
        server.password = "anders"
        assert good.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused"
        server.greeting = "* PREAUTH ready\r\n"
        steps = check(good, "imap", status=0)
        login = next(step for step in steps if step["step"] == "login")
        assert login["ok"] is None and login["detail"] == "Der Server öffnet das Postfach ohne Anmeldung."
        assert "nicht geprüft" in hints(steps)["login"]
        server.greeting = "* OK ready\r\n"
        assert good.fails(4, "folders", "--user", CLERK)["condition"] == "login-refused-before"


@pytest.mark.parametrize("rows", ["", '* LIST (\\Noselect) "/" INBOX\r\n'])
def test_no_folder_opens(good, rows):
    def list_folders(connection, tag, _arguments):
        connection.send(rows)
        connection.ok(tag)
    with FakeImap({"LIST": list_folders}) as server:
        good.set("imap.port", str(server.port))
        good.set("imap.tls", "none")
        steps = check(good, "imap", status=6)
        assert [(step["step"], step["failure"]) for step in steps if step["ok"] is False] == [
            ("folders", "folders-none")]


# How one got in


def test_the_mechanism_is_told(good_smtp):
    for step in check(good_smtp, status=0):
        if step["step"] == "login":
            assert re.search(r"^Angemeldet als \S+ mit (SCRAM-SHA-\d+|PLAIN|LOGIN)$", step["detail"]), step
    with FakeImap() as server:
        good_smtp.set("imap.port", str(server.port))
        good_smtp.set("imap.tls", "none")
        login = next(step for step in check(good_smtp, "imap", status=0) if step["step"] == "login")
        assert login["detail"].endswith(" mit LOGIN")


@pytest.mark.parametrize("way", [NamespaceScene, AuthorizedScene, OwnScene, TokenScene])
def test_the_way_to_a_mailbox_is_told(make_scene, tmp_path, way):
    with make_scene(way, tmp_path) as scene:
        for box in scene.given:
            scene.give(box)
        scene.use(*scene.addresses[1:])
        details = [step["detail"] for step in scene.clerk.json("check", "--user", CLERK, "imap")
                   if step["step"] == "mailbox"]
        expected = {"own": "mit eigenen Zugangsdaten (Benutzername ",
                    "namespace": "im Namensraum anderer Benutzer („",
                    "authorized": "mit der Anmeldung von ", "token": "mit dem Token von "}[scene.way]
        assert len(details) == 2 and all(detail.startswith(f"geöffnet {expected}") for detail in details), details

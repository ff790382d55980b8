"""Postausgang: one's own mails on their way, what can be done about them, who is told that something is open."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest
from page import Answer, Daemon, Person, table_rows
from page_office import ADMIN, CLERK_B, add_person, execute
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, MARK, PASSWORD, Amtspost
from sending import OTHER, PIPELINING, TO, answer, hang_up, use
from test_page_browser import check, play, stop
from test_page_import_job import Events
from test_page_metrics import numbers

LIST, OPEN = "/postausgang", "/postausgang?zeigen=offen"
NOT_FOUND = "Eine E-Mail mit der Nummer {} gibt es im Postausgang nicht."
SECONDS = 20
LATER = 4102444800
WAITING = {"MAIL": answer(451, "4.3.0 spaeter")}
FAILED = {"MAIL": answer(550, "5.7.1 nicht von hier")}


def take_and_hang_up(connection: SmtpConnection, _arguments: str) -> None:
    """The content is there, its answer never comes."""
    connection.reply(354, "go ahead")
    connection.read_content()
    hang_up(connection)


UNKNOWN = {"DATA": take_and_hang_up}


class Office:
    """A clerk who sends through `server`, with a daemon that takes long breaks before it tries again."""

    def __init__(self, amtspost: Amtspost, server: FakeSmtp):
        self.amtspost, self.server = amtspost, server
        self.daemon = Daemon(amtspost)

    def send(self, subject: str, handlers: dict[str, Callable] | None = None, user: str = CLERK,
             to: tuple[str, ...] = (TO,), case: str | None = None) -> int:
        """The number of a mail that met HANDLERS."""
        self.server.handlers.clear()
        self.server.handlers.update(handlers or {})
        people = [part for address in to for part in ("--to", address)]
        run = self.amtspost.run("--json", "send", "--user", user, "--subject", subject, *people,
                                *(["--case", case] if case else []), stdin="Guten Tag\n")
        self.server.handlers.clear()
        return run.json["id"]

    def mail(self, number: int) -> dict:
        return next(mail for mail in self.amtspost.json("outbox", "list") if mail["id"] == number)

    def wait(self, number: int, state: str) -> dict:
        deadline = time.monotonic() + SECONDS
        while (mail := self.mail(number))["state"] != state:
            assert time.monotonic() < deadline, mail
            time.sleep(0.1)
        return mail


@pytest.fixture
def office(amtspost: Amtspost) -> Iterator[Office]:
    amtspost.set("network.timeout", "5")
    add_person(amtspost, CLERK, interface="standard", account="m.mustermann@musterhausen.example",
               smtp__use_default="true", smtp__password=PASSWORD)
    with FakeSmtp(capabilities=PIPELINING) as server:
        use(amtspost, server)
        running = Office(amtspost, server)
        with running.daemon:
            yield running


@pytest.fixture
def person(office: Office) -> Person:
    return office.daemon.person(CLERK, add=False)


def rows(page: Answer) -> list[str]:
    """The table's rows as text, tags taken away."""
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in page.html.split("<tr ")[2:]]


def buttons(page: Answer) -> list[str]:
    return [label for form in page.view.forms if form.action.startswith(LIST) for _, _, label in form.buttons]


# ---- the list ----


def test_an_empty_outbox(office, person):
    page = person.get(LIST)
    assert page.view.title.startswith("Postausgang") and "Der Postausgang ist leer." in page.text
    assert "was der Mailserver angenommen hat" in page.text
    assert "Keine E-Mail ist offen." in person.get(OPEN).text
    assert LIST in person.get("/").view.links and "Zum Postausgang" not in person.get("/").text


def test_each_state_is_told_in_words(office, person):
    office.send("Erste", case="2026/4711")
    office.send("Zweite", WAITING, to=(TO, OTHER, "c@example.org", "d@example.org"))
    office.send("Dritte", FAILED)
    office.send("Vierte", UNKNOWN)
    page = person.get(LIST)
    fourth, third, second, first = rows(page)
    assert "gesendet" in first and "nicht gesendet" not in first and "2026/4711" in first and first.startswith("class")
    assert re.search(r"nächster Versuch \d\d:\d\d Uhr", second) and f"{TO}, {OTHER} und 2 weitere" in second
    assert "nicht gesendet" in third and "Der Mailserver nimmt die E-Mail nicht an" in third
    assert "ungewiss, ob gesendet" in fourth
    assert all("m.mustermann @musterhausen.example" in row for row in (first, second, third, fourth))
    for sentence in ("1 E-Mail ist nicht gesendet.", "Bei 1 E-Mail ist ungewiss, ob sie gesendet ist.",
                     "1 E-Mail wartet auf einen neuen Versuch."):
        assert sentence in page.text and sentence in person.get("/").text
    assert len(rows(person.get(OPEN))) == 3 and "Erste" not in person.get(OPEN).text
    assert person.get("/").view.links[OPEN] == "Zum Postausgang"
    assert f'<noscript><p><a class="kern-link" href="{LIST}' in page.html


def test_pages(office, person):
    for number in range(3):
        office.send(f"Nummer {number}")
    execute(office.amtspost,
            "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 60)"
            " INSERT INTO outbox_mails (user_id, user_name, sender, subject, message_id, size, has_8bit, has_utf8,"
            " created_at, state, sent_copy) SELECT user_id, user_name, sender, 'Neu ' || v, message_id, size, 0, 0,"
            " created_at, 6, 0 FROM outbox_mails, n WHERE id = 1")
    first = person.get(LIST)
    assert len(rows(first)) == 50 and "Neu 60" in rows(first)[0]
    older = next(path for path, label in first.view.links.items() if label == "Ältere")
    second = person.get(older)
    assert len(rows(second)) == 13 and "Nummer 0" in rows(second)[-1]
    assert second.view.links[LIST] and "Ältere" not in second.view.links.values()
    assert "Ältere E-Mails gibt es nicht." in person.get(f"{LIST}?vor=1").text
    assert len(rows(person.get(f"{LIST}?vor=unsinn"))) == 50


# ---- one mail ----


def test_a_mail_that_was_sent(office, person):
    number = office.send("Bescheid", case="2026/4711", to=(TO, OTHER))
    mail = office.mail(number)
    page = person.get(f"{LIST}/{number}")
    assert page.view.title.startswith("Bescheid") and "Die E-Mail ist gesendet." in page.text
    assert f"/archiv/{mail['archive_id']}" in page.view.links and mail["message_id"] in page.text
    assert page.html.count("Technische Meldung") == 2 and "250" in page.text and "2026/4711" in page.text
    assert buttons(page) == [] and person.get(f"/archiv/{mail['archive_id']}").status == 200


def test_a_mail_that_waits_is_tried_at_once(office, person):
    number = office.send("Wartet", WAITING)
    page = person.get(f"{LIST}/{number}")
    assert "Die E-Mail wartet; der nächste Versuch ist am" in page.text and "451 4.3.0 spaeter" in page.text
    assert "wird von selbst noch einmal gesendet" in page.text and buttons(page) == ["Jetzt versuchen", "Abbrechen"]
    begin = time.monotonic()
    told = person.submit(f"{LIST}/{number}/erneut")
    # One box tells how it stands: a notice beside it would soon say something else.
    assert told.html.count('class="kern-alert ') == 1 and "hinweis=" not in told.path
    office.wait(number, "sent")
    assert time.monotonic() - begin < 30 and len(office.server.mails) == 1


def test_a_mail_that_failed(office, person):
    number = office.send("Scheitert", FAILED)
    page = person.get(f"{LIST}/{number}")
    assert "Die E-Mail ist nicht gesendet." in page.text and "550 5.7.1 nicht von hier. Von selbst" in page.text
    assert "sendet „Erneut versuchen“ sie" in page.text and "amtspost outbox" not in page.text
    assert buttons(page) == ["Erneut versuchen", "Als neue E-Mail bearbeiten", "Erledigt"]
    office.server.handlers.update(FAILED)
    person.submit(f"{LIST}/{number}/erneut")
    assert office.wait(number, "failed")["attempts"] == 2
    # Seen, it is not told on the start page any more; tried again it is a mail like any other.
    assert "1 E-Mail ist nicht gesendet." in person.get("/").text
    person.get(f"{LIST}/{number}")
    told = person.submit(f"{LIST}/{number}/erledigt")
    assert "steht nicht mehr auf der Startseite" in told.text and buttons(told) == ["Erneut versuchen", "Als neue E-Mail bearbeiten"]
    assert "nicht gesendet" not in person.get("/").text and "Keine E-Mail ist offen." in person.get(OPEN).text
    assert "erledigt" in rows(person.get(LIST))[0]
    person.get(f"{LIST}/{number}")
    person.submit(f"{LIST}/{number}/erneut")
    office.wait(number, "failed")
    assert "1 E-Mail ist nicht gesendet." in person.get("/").text


def test_not_all_got_it(office, person):
    def judge(connection: SmtpConnection, arguments: str) -> None:
        if OTHER in arguments:
            connection.reply(550, "5.1.1 unbekannt")
        else:
            office.server.on_rcpt(connection, arguments)

    number = office.send("Zwei", {"RCPT": judge}, to=(TO, OTHER))
    page = person.get(f"{LIST}/{number}")
    assert "nicht an alle gesendet" in page.text and "Angenommen ist sie für 1 von 2 Empfängern." in page.text
    assert f"Der Mailserver nimmt die E-Mail an „{OTHER}“ nicht an." in page.text
    person.submit(f"{LIST}/{number}/erneut")
    office.wait(number, "sent")
    assert [mail.recipients for mail in office.server.mails] == [[TO], [OTHER]]


def draft(page: Answer) -> dict[str, str]:
    return page.view.form(page.path.split("?")[0]).fields


def test_a_mail_that_failed_is_written_anew(office, person, tmp_path):
    """For those who have not got it, with all that it says; who got a blind copy stays unknown to the others."""
    blind, copy, data = "d@example.org", "c@example.org", bytes(range(256)) * 5000
    (tmp_path / "Plan – Straße.pdf").write_bytes(data)

    def judge(connection: SmtpConnection, arguments: str) -> None:
        if TO in arguments:
            office.server.on_rcpt(connection, arguments)
        else:
            connection.reply(550, "5.1.1 unbekannt")

    office.server.handlers["RCPT"] = judge
    office.amtspost.run("send", "--user", CLERK, "--subject", "Grüße aus dem Amt", "--to", TO,
                        "--to", f"Erika Müßig <{OTHER}>", "--cc", copy, "--bcc", blind, "--case", "2026/4711",
                        "--attach", str(tmp_path / "Plan – Straße.pdf"), stdin="Guten Tag,\n\n.schöner Text\n")
    office.server.handlers.clear()
    page = person.get(f"{LIST}/1")
    assert "nicht an alle gesendet" in page.text
    assert f"{copy} (Kopie)" in page.text and f"{blind} (Blindkopie)" in page.text and f"{TO} (" not in page.text
    made = person.submit(f"{LIST}/1/bearbeiten")
    assert re.fullmatch(r"/senden/\d+", made.path), made.text
    fields = draft(made)
    assert (fields["an"], fields["kopie"], fields["blindkopie"]) == (f"Erika Müßig <{OTHER}>", copy, blind), fields
    assert fields["betreff"] == "Grüße aus dem Amt" and fields["aktenzeichen"] == "2026/4711"
    assert fields["text"].rstrip() == "Guten Tag,\n\n.schöner Text" and "Plan – Straße.pdf" in made.text
    assert fields["von"] == "m.mustermann@musterhausen.example"
    # Asked for twice, it is one draft.
    person.get(f"{LIST}/1")
    assert person.submit(f"{LIST}/1/bearbeiten").path == made.path
    sent = person.submit(made.path, tun="senden")
    assert office.wait(int(sent.path.split("/")[-1]), "sent")
    mail = message_from_bytes(office.server.mails[-1].content, policy=policy.default)
    assert [part.get_content() for part in mail.iter_attachments()] == [data]
    assert office.server.mails[-1].recipients == [OTHER, copy, blind] and blind not in str(mail["To"]) + str(mail["Cc"])


def test_names_that_part_addresses_are_written_anew_as_they_were(office, person):
    people = ['"Bauamt; Stelle 2" <bau@example.org>', '"info@amt.example, Zentrale" <zentrale@example.org>']
    number = office.send("Namen", FAILED, to=tuple(people))
    person.get(f"{LIST}/{number}")
    made = person.submit(f"{LIST}/{number}/bearbeiten")
    assert draft(made)["an"] == ", ".join(people) and not draft(made)["blindkopie"]
    sent = person.submit(made.path, tun="senden")
    assert office.wait(int(sent.path.split("/")[-1]), "sent")
    assert office.server.mails[-1].recipients == ["bau@example.org", "zentrale@example.org"]


def test_what_may_come_twice_is_told_before_it_is_written_anew(office, person):
    number = office.send("Zweifel", UNKNOWN)
    person.get(f"{LIST}/{number}")
    made = person.submit(f"{LIST}/{number}/bearbeiten")
    assert "Die frühere E-Mail ist vielleicht schon angekommen." in made.text and draft(made)["an"] == TO


def test_a_waiting_mail_is_not_written_anew(office, person):
    number = office.send("Wartet", WAITING)
    page = person.get(f"{LIST}/{number}")
    assert "Als neue E-Mail bearbeiten" not in buttons(page)
    assert person.post(f"{LIST}/{number}/bearbeiten", {}).status == 409
    assert not execute(office.amtspost, "SELECT 1 FROM drafts")


def test_an_unknown_one_asks_first(office, person):
    number = office.send("Zweifel", UNKNOWN)
    page = person.get(f"{LIST}/{number}")
    assert "Es ist ungewiss, ob die E-Mail gesendet ist." in page.text
    assert buttons(page) == ["Als neue E-Mail bearbeiten", "Erledigt"]
    # Not even by a form that knows nothing of it.
    asked = person.post(f"{LIST}/{number}/erneut", {})
    assert asked.path == f"{LIST}/{number}/erneut" and "Die E-Mail kann doppelt ankommen." in asked.text
    assert TO in asked.text and office.mail(number)["state"] == "unknown" and not office.server.mails
    person.get(page.view.links and f"{LIST}/{number}/erneut")
    form = person.last.view.form(f"{LIST}/{number}/erneut")
    assert form.buttons == [("doppelt", "ja", "Trotzdem noch einmal senden")]
    person.submit(f"{LIST}/{number}/erneut", doppelt="ja")
    office.wait(number, "sent")
    assert len(office.server.mails) == 1
    # Nothing is asked about what is over.
    assert person.get(f"{LIST}/{number}/erneut").path == f"{LIST}/{number}"


def test_cancelling(office, person):
    number = office.send("Zurück", WAITING)
    person.get(f"{LIST}/{number}")
    told = person.submit(f"{LIST}/{number}/abbrechen")
    assert "Das Senden ist abgebrochen." in told.text and told.html.count('class="kern-alert ') == 1
    assert office.mail(number)["state"] == "cancelled" and buttons(told) == ["Als neue E-Mail bearbeiten"]
    assert any(row["action"] == "outbox.cancel" and row["actor"] == CLERK for row in office.amtspost.json("audit"))


def test_too_late_is_told_by_a_sentence(office, person):
    """The page was there before the mail was sent."""
    number = office.send("Inzwischen", WAITING)
    for deed in ("abbrechen", "erneut", "erledigt", "bearbeiten"):
        person.get(f"{LIST}/{number}")
        office.amtspost.run("outbox", "retry", str(number))
        late = person.post(f"{LIST}/{number}/{deed}", {})
        assert late.status == 409 and late.view.title.startswith("Inzwischen")
        assert "Das ist jetzt nicht möglich: Die E-Mail ist schon gesendet." in late.text
        assert "Die E-Mail ist gesendet." in late.text
    assert len(office.server.mails) == 1


def test_what_is_being_handed_over_is_not_cancelled(office, person):
    go_on, asked = threading.Event(), threading.Event()

    def stall(connection: SmtpConnection, _arguments: str) -> None:
        connection.reply(354, "go ahead")
        connection.server.mails.append(connection.mail)
        connection.mail.content = connection.read_content()
        asked.set()
        go_on.wait(SECONDS)
        connection.reply(250, "2.0.0 taken")

    number = office.send("Unterwegs", WAITING)
    office.server.handlers["DATA"] = stall
    person.get(f"{LIST}/{number}")
    person.submit(f"{LIST}/{number}/erneut")
    assert asked.wait(SECONDS)
    page = person.get(f"{LIST}/{number}")
    assert "Die E-Mail wird gerade gesendet." in page.text and "wartet auf Versand" not in page.text
    assert buttons(page) == ["Abbrechen"]
    late = person.submit(f"{LIST}/{number}/abbrechen")
    assert late.status == 409 and "Die E-Mail wird gerade gesendet." in late.text
    go_on.set()
    office.wait(number, "sent")


def test_erased_content_is_told(office, person):
    number = office.send("Alt", FAILED)
    execute(office.amtspost, "UPDATE outbox_mails SET content = NULL WHERE id = ?", number)
    execute(office.amtspost, "DELETE FROM outbox_pieces")
    page = person.get(f"{LIST}/{number}")
    assert "Ihr Inhalt ist nicht mehr im Postausgang" in page.text and buttons(page) == ["Erledigt"]
    for deed in ("erneut", "bearbeiten"):
        person.get(f"{LIST}/{number}")
        refused = person.post(f"{LIST}/{number}/{deed}", {})
        assert refused.status == 409 and "Bitte schreiben Sie die E-Mail neu" in refused.text


def looked_at(office: Office, person: Person, number: int) -> Answer:
    """Its page while nobody tries it: what has just been set makes the daemon try at once."""
    deadline = time.monotonic() + SECONDS
    while "wird gerade gesendet" in (page := person.get(f"{LIST}/{number}")).text:
        assert time.monotonic() < deadline, page.text
        time.sleep(0.1)
    return page


def test_without_a_sign_in_it_leads_there(office, person):
    office.server.passwords = {"m.mustermann@musterhausen.example": PASSWORD}
    office.amtspost.set("smtp.password", MARK + " falsch", CLERK)
    number = office.send("Kennwort")
    page = looked_at(office, person, number)
    assert page.view.links[f"/einstellungen?weiter={LIST}/{number}"] == "Zur Anmeldung"


def test_a_server_that_wants_a_sign_in_is_no_end(office, person):
    """No password is stored, and the server takes mails from nobody without one."""
    office.amtspost.run("settings", "unset", "smtp.password", "--user", CLERK)
    refusal = {"MAIL": answer(530, "5.7.0 Authentication required")}
    number = office.send("Ohne Kennwort", refusal)
    office.server.handlers.update(refusal)
    mail = office.wait(number, "waiting")
    assert "keine Anmeldung gespeichert" in mail["reason"], mail
    page = looked_at(office, person, number)
    assert "Bitte melden Sie sich an." in page.text
    assert page.view.links[f"/einstellungen?weiter={LIST}/{number}"] == "Zur Anmeldung"


def test_given_up_after_days_and_tried_anew(office, person):
    number = office.send("Fünf Tage", WAITING)
    age = "UPDATE outbox_mails SET created_at = created_at - 6 * 86400"
    execute(office.amtspost, age)
    office.server.handlers.update(WAITING)
    office.amtspost.run("outbox", "run")
    mail = office.mail(number)
    assert mail["state"] == "failed" and mail["reason"].startswith("Die E-Mail ließ sich fünf Tage lang nicht"), mail
    page = person.get(f"{LIST}/{number}")
    assert "ließ sich fünf Tage lang nicht senden; zuletzt: Der Mailserver nimmt" in page.text
    assert "451 4.3.0 spaeter. Von selbst wird sie nicht noch einmal gesendet." in page.text
    # A new try counts its own days: the first no is not the end.
    person.submit(f"{LIST}/{number}/erneut")
    assert office.wait(number, "waiting")["reason"].startswith("Der Mailserver nimmt die E-Mail zurzeit nicht an")


def test_forms_need_their_token(office, person):
    number = office.send("Fest", WAITING)
    for deed in ("abbrechen", "erneut", "erledigt", "bearbeiten"):
        assert person.post(f"{LIST}/{number}/{deed}", {}, csrf="x" * 43).status == 403
    assert office.mail(number)["state"] == "waiting"


# ---- others ----


def test_anothers_mail_is_as_good_as_none(office, person):
    number = office.send("Geheimes Vorhaben", WAITING)
    add_person(office.amtspost, ADMIN, "--admin")
    add_person(office.amtspost, CLERK_B)
    for name in (ADMIN, CLERK_B):
        other = office.daemon.person(name, add=False)
        for path in ("", "/ereignisse", "/erneut"):
            told = [other.get(f"{LIST}/{id_}{path}") for id_ in (number, 99999)]
            assert {page.status for page in told} == {404}
            assert [NOT_FOUND.format(id_) in page.text for page, id_ in zip(told, (number, 99999))] == [True, True]
        for deed in ("abbrechen", "erneut", "erledigt", "bearbeiten"):
            other.get("/")
            assert other.post(f"{LIST}/{number}/{deed}", {"doppelt": "ja"}).status == 404
        assert "Geheimes Vorhaben" not in other.get(LIST).text and "wartet" not in other.get("/").text
    assert office.mail(number)["state"] == "waiting" and person.get(f"{LIST}/{number}").status == 200
    for id_ in ("x", "0", "-1", "9" * 30, "%00"):
        assert person.get(f"{LIST}/{id_}").status in (400, 404)


def test_administrators_see_numbers(office, person):
    office.send("Geheimes Vorhaben", WAITING)
    office.send("Noch eines", FAILED)
    seen = office.send("Drittes", FAILED)
    office.send("Angekommen")
    person.get(f"{LIST}/{seen}")
    person.submit(f"{LIST}/{seen}/erledigt")
    add_person(office.amtspost, ADMIN, "--admin")
    page = office.daemon.person(ADMIN, add=False).get("/zustand")
    assert "Postausgang der Behörde" in page.text and "Geheimes" not in page.text and TO not in page.text
    row = next(row for row in rows(page) if CLERK in row)
    assert re.search(rf"{CLERK} 1 1 0 0 \d\d\.", row), row
    assert re.search(r"Nicht gesendet 1 Ungewiss, ob gesendet 0 Gesendet, eine Kopie fehlt noch 0", page.text)
    assert f"/benutzer/{CLERK}" in page.view.links
    office.amtspost.ok("user", "remove", CLERK)
    assert f"{CLERK} (entfernt)" in office.daemon.person(ADMIN, add=False).get("/zustand").text


def test_metrics(office):
    office.send("Wartet", WAITING)
    office.send("Scheitert", FAILED)
    office.send("Zweifel", UNKNOWN)
    execute(office.amtspost, "UPDATE outbox_mails SET created_at = created_at - 1000 WHERE id = 1")
    told = numbers(office.daemon.person().request("GET", "/metrics").body.decode())
    states = {state: told[f'amtspost_outbox_mails{{state="{state}"}}']
              for state in ("queued", "sending", "waiting", "failed", "unknown")}
    assert states == {"queued": 0, "sending": 0, "waiting": 1, "failed": 1, "unknown": 1}
    assert told["amtspost_outbox_copies_pending"] == 0 and 1000 <= told["amtspost_outbox_oldest_seconds"] < 1000 + 300


# ---- live ----


def test_events_tell_what_changed(office, person):
    number = office.send("Live", WAITING)
    source = re.search(r'data-events="([^"]*)"', person.get(LIST).html)[1].replace("&amp;", "&")
    detail = re.search(r'data-events="([^"]*)"', person.get(f"{LIST}/{number}").html)[1]
    with Events(person, source) as events, Events(person, detail) as details:
        assert events.response.headers["Content-Type"].startswith("text/event-stream")
        time.sleep(1.5)  # nothing has changed, nothing is told
        office.amtspost.ok("outbox", "retry", str(number))
        state = next(data for name, data in events if name)
        assert "Live" in state and "nächster Versuch" not in state
        shown = next(data for name, data in details if name and "ist gesendet." in data)
        assert "<html" not in shown and "Message-ID" in shown
        said = next(data for name, data in events if name == "ansage")
        assert "gesendet" in said
    # Who knows less is told at once; who knows all is not.
    with Events(person, "/postausgang-ereignisse") as events:
        assert "Live" in next(data for name, data in events if name == "stand")


def test_streams_without_a_place_end_at_once(office, person):
    office.send("Viele", WAITING)
    tabs = [Events(person, "/postausgang-ereignisse") for _ in range(5)]
    before = time.monotonic()
    last = list(tabs[4])
    assert time.monotonic() - before < 30 and "Viele" in last[0][1]
    assert person.get(LIST).status == 200
    for tab in tabs:
        tab.connection.close()


# ---- in the browser ----


def test_administrators_see_why_and_have_it_tried(office):
    """By its failure; whom it names stays out."""
    add_person(office.amtspost, ADMIN, "--admin")
    time.sleep(2)  # the daemon has seen that and tries nothing because of it
    office.send("Nein", FAILED)
    waiting = [office.send(subject, {"MAIL": hang_up}) for subject in ("Eins", "Zwei")]
    later = office.send("Später", WAITING)
    admin = office.daemon.person(ADMIN, add=False)
    shown = admin.get("/zustand")
    table = shown.html.partition("Warum E-Mails warten oder nicht gesendet sind")[2].partition("</table>")[0]
    rows = table_rows(table)
    assert rows[0][1:4] == ["wartet auf den nächsten Versuch", "2", "1"], rows
    assert sorted(row[1:4] for row in rows[1:]) == [["nicht gesendet", "1", "1"], ["wartet auf den nächsten Versuch", "1", "1"]]
    assert all(reason and advice for reason, *_, advice in rows) and TO not in table and "127.0.0.1" not in table
    told = admin.request("GET", "/metrics").body.decode()
    assert re.search(r'^amtspost_outbox_mails_by_cause\{state="waiting",condition="[a-z-]+"\} 2$', told, re.MULTILINE), told
    assert all(office.mail(number)["next"] for number in waiting)
    assert "werden jetzt versucht" in admin.submit("/zustand/versuchen").text
    for number in waiting:
        office.wait(number, "sent")
    assert office.mail(later)["state"] == "waiting"  # a server said so


@pytest.mark.release_only
def test_live_in_the_browser(office, person):
    number = office.send("Live im Browser", WAITING)
    report = play("outbox.mjs", office.daemon, CLERK, number=number)
    assert report["before"] == "nächster Versuch" and report["after"] == "gesendet" and report["same"] and not report["faults"]
    assert report["focus"] and report["open"] and not report["axe"]
    assert report["detail"] == "Die E-Mail ist gesendet." and "gesendet" in report["said"]
    assert report["focusLost"] == "stand"


@pytest.mark.release_only
def test_looks(office, person):
    long = "Bescheid über die Festsetzung der Zweitwohnungssteuer für das Grundstück Am Alten Schlachthof 17a"
    long_address = "referat-fuer-stadtplanung-und-bauordnung@verwaltung.kreis-musterhausen.example.org"
    states = {"gesendet": office.send(long, case="2026/4711", to=(TO, OTHER, long_address)),
              "wartet": office.send("Anhörung", WAITING, to=(TO, OTHER, long_address)),
              "gescheitert": office.send("Ihr Antrag", FAILED),
              "ungewiss": office.send("", UNKNOWN, to=(TO, OTHER))}
    check(play("walk.mjs", office.daemon, CLERK, stops=[
        stop("postausgang", LIST), stop("postausgang-offen", OPEN), stop("postausgang-start", "/"),
        *[stop(f"postausgang-{name}", f"{LIST}/{number}") for name, number in states.items()],
        stop("postausgang-frage", f"{LIST}/{states['ungewiss']}/erneut"),
        stop("postausgang-erledigt", f"{LIST}/{states['gescheitert']}", ("send", "form[action$='/erledigt'] button")),
        stop("postausgang-abgebrochen", f"{LIST}/{states['wartet']}", ("send", "form[action$='/abbrechen'] button")),
        stop("postausgang-fremd", f"{LIST}/99999"),
    ]))
    add_person(office.amtspost, ADMIN, "--admin")
    check(play("walk.mjs", office.daemon, ADMIN, stops=[stop("postausgang-zustand", "/zustand")]))
    office.amtspost.ok("user", "change", CLERK, "--admin")  # it passes the administrators' menu, too
    report = play("keyboard.mjs", office.daemon, CLERK, stops=[
        stop("postausgang", LIST), *[stop(f"postausgang-{name}", f"{LIST}/{number}") for name, number in states.items()]])
    assert not {name: faults for name, faults in report["stops"].items() if faults}

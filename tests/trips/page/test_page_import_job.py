"""A running import on the page and in the API: progress, cancelling, results, trying again, and what is left of
it after the daemon has ended; the start page's cards about mails."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from page import Answer, Daemon, Person
from page_office import CLERK_B, add_person
from peers.fake_imap import FakeImap
from peers.load import FIRST_TIME, make_mails
from peers.maildir import Mail
from peers.relay import Relay
from runner import CLERK, PASSWORD, Amtspost
from test_page_browser import check, play, stop

pytestmark = pytest.mark.sanitized_only

MANY = 800
RATE = 1_500_000  # bytes a second: an import of MANY mails takes some seconds
SECONDS = 60
JOB = "/importieren/vorgang/"
MAILS = [f"From: a@example.org\r\nSubject: Mail {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\nText {number}\r\n"
         .encode() for number in (1, 2, 3)]


@pytest.fixture
def slow(clerk: Amtspost, mailbox) -> Iterator[Relay]:
    """The clerk's INBOX holds MANY mails behind a slow line."""
    mailbox.fill("INBOX", list(make_mails(MANY, seed=7)))
    with Relay(mailbox.server.plain_port) as relay:
        relay.rate = RATE
        clerk.set_server(relay.port)
        yield relay


@pytest.fixture
def person(clerk: Amtspost, daemon: Daemon) -> Person:
    return daemon.person(CLERK)


def api(person: Person, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    person.get("/")
    return person.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body),
                          Content_Type="application/json", X_CSRF_Token=person.csrf(), **headers)


def begin(person: Person, **body: str) -> int:
    answer = api(person, "POST", "imports", body)
    assert answer.status == 202, answer.body
    document = json.loads(answer.body)
    assert answer.location == f"/api/v1/imports/{document['id']}"
    return document["id"]


def look(person: Person, number: int, query: str = "") -> dict:
    answer = api(person, "GET", f"imports/{number}{query}")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def wait_until(person: Person, number: int, is_so) -> dict:
    deadline = time.monotonic() + SECONDS
    while not is_so(document := look(person, number)):
        assert time.monotonic() < deadline, document
        time.sleep(0.05)
    return document


def is_under_way(document: dict) -> bool:
    return document["state"] == "running" and document["progress"]["done"] > 50


def end_of(person: Person, number: int) -> dict:
    return wait_until(person, number, lambda document: document["state"] == "ended")


class Events:
    """A stream of server-sent events."""

    def __init__(self, person: Person, path: str, **headers: str):
        self.connection = http.client.HTTPConnection("127.0.0.1", person.daemon.port, timeout=SECONDS)
        cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        self.connection.request("GET", path, headers={
            "Host": f"{person.daemon.host}:{person.daemon.port}", "Cookie": cookie} | headers)
        self.response = self.connection.getresponse()
        self.begin = time.monotonic()

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Name and data; comments as ("", "")."""
        name, data = "", []
        for raw in self.response:
            line = raw.decode().rstrip("\n")
            if line.startswith(":"):
                yield "", ""
            elif line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and data:
                yield name, "\n".join(data)
                name, data = "", []


# ---- the page ----


def test_progress_on_plain_page_and_stream(slow, person):
    number = begin(person, folder="INBOX", case="2026/4711")
    wait_until(person, number, is_under_way)
    page = person.get(f"{JOB}{number}")
    assert page.view.title.startswith("Import läuft") and f"von {MANY} E-Mails" in page.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.html
    assert "Posteingang in allen Postfächern" in page.text and "2026/4711" in page.text
    assert "<progress" in page.html and f'max="{MANY}"' in page.html
    assert f"{JOB}{number}/abbrechen" in [form.action for form in page.view.forms]
    with Events(person, f"{JOB}{number}/ereignisse") as events:
        assert events.response.headers["Content-Type"].startswith("text/event-stream")
        told = list(events)
    names = [name for name, _ in told]
    assert names.count("stand") > 3 and names[-1] == "ende"
    assert 1 <= names.count("ansage") <= 2 + (time.monotonic() - events.begin) / 7
    counts = [int(data.split(' value="')[1].split('"')[0]) for name, data in told if name == "stand" and " value=" in data]
    assert counts == sorted(counts) and counts[-1] > counts[0]
    result = person.get(f"{JOB}{number}")
    assert result.view.title.startswith("Import abgeschlossen") and f"{MANY} E-Mails sind neu im Archiv." in result.text
    assert "refresh" not in result.html and "/archiv?aktenzeichen=2026%2F4711" in result.html
    assert "/importieren?ordner=INBOX" in result.html
    listed = person.get("/importieren/vorgaenge")
    assert f"{JOB}{number}" in listed.view.links and f"{MANY} neu, 0 schon bekannt" in listed.text


def test_cancel_keeps_what_is_filed_and_goes_on_later(slow, person, clerk):
    number = begin(person, folder="INBOX")
    wait_until(person, number, lambda document: is_under_way(document) and len(clerk.archive()) > 0)
    person.get(f"{JOB}{number}")
    person.submit(f"{JOB}{number}/abbrechen")
    ended = end_of(person, number)
    assert ended["cancelled"] and ended["result"]["error"]["status"] == 130
    filed = ended["result"]["imported"]
    assert 0 < filed < MANY
    page = person.get(f"{JOB}{number}")
    assert page.view.title.startswith("Import abgebrochen") and f"Die {filed} E-Mails, die bis dahin" in page.text
    slow.rate = 0
    again = person.submit(f"{JOB}{number}/erneut")
    assert again.path.startswith(JOB)
    twice = person.post(f"{JOB}{number}/erneut", {})
    assert twice.path == again.path, "pressed twice it began twice"
    result = end_of(person, int(again.path.removeprefix(JOB)))["result"]
    assert result["imported"] == MANY - filed and "error" not in result
    assert len(clerk.archive()) == MANY


def test_one_that_waits_is_cancelled_at_once(slow, person):
    running = [begin(person, folder="INBOX") for _ in range(2)]
    waiting = begin(person, folder="INBOX")
    for number in running:
        wait_until(person, number, lambda document: document["state"] == "running")
    assert look(person, waiting)["state"] == "waiting" and look(person, waiting)["progress"] is None
    assert "sobald ein anderer beendet ist" in person.get(f"{JOB}{waiting}").text
    document = json.loads(api(person, "DELETE", f"imports/{waiting}").body)
    assert document["state"] == "ended" and document["result"]["error"]["status"] == 130
    for number in running:
        api(person, "DELETE", f"imports/{number}")
    assert all(end_of(person, number)["cancelled"] for number in running)


def without_second(connection, tag: str, arguments: str) -> None:
    """UID 2 is too large to be taken."""
    uids, _, items = arguments.partition(" ")
    for uid in connection.server._choose(uids):
        if uid == 2:
            connection.send(f"* {uid} FETCH (UID {uid} BODY[] {{4294967296}}\r\n")
            return
        connection.server.send_message(connection, uid, items)
    connection.ok(tag)


@pytest.fixture
def failing(clerk: Amtspost) -> Iterator[FakeImap]:
    with FakeImap({"FETCH": without_second}, MAILS) as server:
        clerk.set_server(server.port)
        yield server


def test_failures_and_trying_again(failing, person, clerk):
    number = begin(person, folder="INBOX")
    result = end_of(person, number)["result"]
    assert (result["imported"], result["failed"], result["error"]["status"]) == (2, 1, 6)
    start = person.get("/")
    assert "Ein Import ist nicht ganz gelungen" in start.text and f"{JOB}{number}" in start.view.links
    assert "E-Mails, die sich nicht abrufen ließen" in start.text and "1 E-Mail, zuletzt versucht" in start.text
    page = person.get(f"{JOB}{number}")
    assert "1 E-Mail wurde nicht importiert: " in page.text and "größer als 2 GiB" in page.text and 'data-label="UID">2' in page.html
    assert "Ein Import ist nicht ganz gelungen" not in person.get("/").text, "it has been looked at"
    # Only what failed is asked for again; then it comes.
    failing.handlers.clear()
    person.get(f"{JOB}{number}")
    again = person.submit(f"{JOB}{number}/erneut")
    job = end_of(person, int(again.path.removeprefix(JOB)))
    assert job["uids"] == "2" and job["result"]["imported"] == 1
    assert {mail["subject"] for mail in clerk.archive()} == {"Mail 1", "Mail 2", "Mail 3"}
    assert "nicht abrufen ließen" not in person.get("/").text


def again(person: Person, number: int) -> dict:
    person.get(f"{JOB}{number}")
    return end_of(person, int(person.submit(f"{JOB}{number}/erneut").path.removeprefix(JOB)))


def test_trying_again_takes_no_other_mail(failing, person, clerk):
    """The folder is numbered anew meanwhile: whatever has the UID now is another mail."""
    number = begin(person, folder="INBOX", case="BG-2026/1")
    end_of(person, number)
    failing.handlers.clear()
    failing.uid_validity = 2
    failing.mails[1] = MAILS[1].replace(b"Mail 2", b"Fremd")
    assert again(person, number)["result"]["imported"] == 0
    assert {mail["subject"] for mail in clerk.archive()} == {"Mail 1", "Mail 3"}


@pytest.mark.parametrize("way", ["result", "start page"])
def test_trying_again_brings_back_nothing_deleted(failing, person, clerk, tmp_path, way):
    (tmp_path / "zwei.eml").write_bytes(MAILS[1])
    clerk.ok("archive", "add", str(tmp_path / "zwei.eml"))
    clerk.ok("archive", "delete", "1", "--reason", "Löschfrist")
    number = begin(person, folder="INBOX")
    assert end_of(person, number)["result"]["failed"] == 1
    failing.handlers.clear()
    person.get("/")
    job = again(person, number) if way == "result" else end_of(
        person, int(person.submit("/importieren/vorgaenge").path.removeprefix(JOB)))
    assert (job["uids"], job["result"]["imported"], job["result"]["known"]) == ("2", 0, 1)
    assert {mail["subject"] for mail in clerk.archive()} == {"Mail 1", "Mail 3"}
    shown = person.get(f"{JOB}{job['id']}")
    assert "1 E-Mail, die sich nicht abrufen ließ" in shown.text and "schon im Archiv" not in shown.text
    # Picked by hand, it comes back.
    assert end_of(person, begin(person, folder="INBOX", uids="2"))["result"]["imported"] == 1


def test_nothing_new_is_said_truly(mailbox, person, clerk):
    """What lies there and is not in the archive: deleted from it, or older than the day asked for."""
    mailbox.fill("INBOX", [Mail(raw, FIRST_TIME) for raw in MAILS])

    def told(**body: str) -> str:
        number = begin(person, folder="INBOX", **body)
        assert end_of(person, number)["result"]["imported"] == 0
        return person.get(f"{JOB}{number}").text

    assert "Seit dem 01.01.2100 liegt dort keine E-Mail vor." in told(since="2100-01-01")
    end_of(person, begin(person, folder="INBOX", since="2000-01-01"))
    clerk.ok("archive", "delete", "1", "--reason", "Löschfrist")
    assert "Die E-Mails seit dem 01.01.2000 wurden alle schon einmal abgelegt." in told(since="2000-01-01")
    first = told(case="BG-2026/1")
    assert "Was seit dem letzten Mal dazugekommen ist, wurde schon einmal abgelegt." in first
    assert "Das Aktenzeichen BG-2026/1 steht jetzt auch bei denen davon, die im Archiv sind." in first
    assert [row["case"] for row in clerk.archive()] == ["BG-2026/1"] * 2
    again = told(case="BG-2026/2")
    assert "Seit dem letzten Mal ist keine E-Mail dazugekommen." in again
    assert "Das Aktenzeichen BG-2026/2 wurde nicht vergeben." in again
    assert "Die ausgewählte E-Mail ist schon im Archiv." in told(uids="2")


def test_what_was_noted_is_tried_from_the_start_page(failing, person, clerk):
    end_of(person, begin(person, folder="INBOX"))
    failing.handlers.clear()
    person.get("/")
    again = person.submit("/importieren/vorgaenge")
    job = end_of(person, int(again.path.removeprefix(JOB)))
    assert (job["folder"], job["uids"], job["result"]["imported"]) == ("INBOX", "2", 1)
    assert "nicht abrufen ließen" not in person.get("/").text and len(clerk.archive()) == 3


def test_what_was_noted_is_tried_once_when_pressed_twice(failing, person):
    end_of(person, begin(person, folder="INBOX"))
    fields = dict(next(form for form in person.get("/").view.forms if form.action == "/importieren/vorgaenge").fields)
    first = person.post("/importieren/vorgaenge", fields)
    assert person.post("/importieren/vorgaenge", fields).path == first.path
    assert len(json.loads(api(person, "GET", "imports").body)) == 2


def test_what_is_gone_is_tried_no_more(failing, person):
    end_of(person, begin(person, folder="INBOX"))
    failing.handlers["SEARCH"] = lambda connection, tag, _: (connection.send("* SEARCH 1 3\r\n"), connection.ok(tag))
    person.get("/")
    again = person.submit("/importieren/vorgaenge")
    result = end_of(person, int(again.path.removeprefix(JOB)))["result"]
    assert "nicht (mehr)" in result["errors"][0]["reason"]
    assert f"{again.path}/erneut" not in person.get(again.path).html  # it would come to the same
    assert "nicht abrufen ließen" not in person.get("/").text


def test_after_the_sign_in_it_goes_on(clerk, mailbox, person):
    clerk.set("imap.password", PASSWORD + " falsch", CLERK)
    number = begin(person)
    error = end_of(person, number)["result"]["error"]
    assert error["status"] == 4
    page = person.get(f"{JOB}{number}")
    assert page.view.title.startswith("Import vorzeitig beendet")
    assert page.view.links[f"/einstellungen?weiter={JOB}{number}"] == "Anmelden"
    assert "amtspost login" not in page.text
    mailbox.fill("INBOX", list(make_mails(3, seed=1)))
    person.get(f"/einstellungen?weiter={JOB}{number}")
    back = person.submit("/einstellungen/anmelden", imap__password=PASSWORD)
    further = back.path.partition("?")[0]
    assert further.startswith(JOB) and further != f"{JOB}{number}", back.path
    assert "mit derselben Auswahl weiter" in back.text
    assert end_of(person, int(further.removeprefix(JOB)))["result"]["imported"] == 3
    person.get(f"{JOB}{number}")
    # What has ended is not joined: it begins anew, and has nothing left to do.
    anew = person.submit(f"{JOB}{number}/erneut").path
    assert anew not in (further, f"{JOB}{number}")
    assert end_of(person, int(anew.removeprefix(JOB)))["result"]["imported"] == 0


def test_a_long_pause_says_until_when(clerk, person):
    def refuse(connection, tag, _arguments):
        connection.send(f"{tag} NO [LIMIT] Server busy, Suggested Backoff Time: 1200000 milliseconds\r\n")

    with FakeImap({"SELECT": refuse, "EXAMINE": refuse}, MAILS) as server:
        clerk.set_server(server.port)
        number = begin(person, folder="INBOX")
        error = end_of(person, number)["result"]["error"]
        assert error["condition"] == "throttled", error
    assert "Der Server möchte bis " in person.get(f"{JOB}{number}").text


def test_a_lost_server_is_waited_for(slow, person, clerk):
    number = begin(person, folder="INBOX")
    wait_until(person, number, is_under_way)
    port, slow.target_port = slow.target_port, 1  # nobody listens there
    slow.drop()
    waiting = wait_until(person, number, lambda document: document["progress"]["phase"] == "waiting")
    assert waiting["progress"]["wait_until"] and waiting["state"] == "running"
    with Events(person, f"{JOB}{number}/ereignisse") as events:
        said = next(data for name, data in events if name == "stand" and "Der nächste Versuch ist in" in data)
    assert "Der Mailserver ist gerade nicht bereit oder bittet um eine Pause." in said and "Sekunde" in said
    slow.target_port, slow.rate = port, 0
    assert end_of(person, number)["result"]["imported"] == MANY


def test_unknown_and_foreign_are_the_same(clerk, slow, daemon, person):
    number = begin(person, folder="INBOX")
    add_person(clerk, CLERK_B)
    other = daemon.person(CLERK_B, add=False)
    for path in ("", "/ereignisse"):
        answers = [other.get(f"{JOB}{id_}{path}") for id_ in (number, 999, "x")]
        assert {answer.status for answer in answers} == {404} and len({answer.text for answer in answers}) == 1
        assert "Was bis dahin abgelegt wurde, ist im Archiv" in answers[0].text
    for deed in ("abbrechen", "erneut"):
        other.get("/")
        assert other.post(f"{JOB}{number}/{deed}", {}).status == 404
    for method in ("GET", "DELETE"):
        assert api(other, method, f"imports/{number}").status == 404
    assert api(other, "GET", f"imports/{number}/events").status == 404
    assert json.loads(api(other, "GET", "imports").body) == []
    assert not look(person, number)["cancelled"]
    api(person, "DELETE", f"imports/{number}")


def test_ten_tabs_leave_room_for_clicks(slow, person):
    number = begin(person, folder="INBOX")
    wait_until(person, number, is_under_way)
    tabs = [Events(person, f"{JOB}{number}/ereignisse") for _ in range(10)]
    ended: list[float] = []
    threads = [threading.Thread(target=lambda tab=tab: (list(tab), ended.append(time.monotonic() - tab.begin)))
               for tab in tabs]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        assert len(ended) == 7, "those without a place tell the state and end"
        for path in ("/", f"{JOB}{number}", "/importieren/vorgaenge", "/archiv/suche?suche=wort"):
            before = time.monotonic()
            assert person.get(path).status == 200
            assert time.monotonic() - before < 5, path
        # Other questions to the same threads are answered, too.
        assert look(person, number, "?since_version=0")["state"] == "running"
    finally:
        api(person, "DELETE", f"imports/{number}")
        for thread in threads:
            thread.join(SECONDS)
        for tab in tabs:
            tab.connection.close()
    assert len(ended) == 10


def test_the_daemon_ends_in_the_middle(slow, clerk):
    with Daemon(clerk) as daemon:
        person = daemon.person(CLERK)
        number = begin(person, folder="INBOX")
        wait_until(person, number, is_under_way)
        begun = time.monotonic()
    assert time.monotonic() - begun < 15
    assert f"import {number} of {CLERK}: interrupted" in daemon.errors
    filed = len(clerk.archive())
    assert filed < MANY
    slow.rate = 0
    with Daemon(clerk) as daemon:
        person = daemon.person(CLERK, add=False)
        gone = person.get(f"{JOB}{number}")
        assert gone.status == 404 and "neu gestartet" in gone.text
        again = begin(person, folder="INBOX")
        assert again != number
        assert end_of(person, again)["result"]["imported"] == MANY - filed
        assert person.get(f"{JOB}{number}").status == 404
    assert len(clerk.archive()) == MANY and clerk.json("archive", "verify")["damaged"] == 0


class Asking(threading.Thread):
    """POST /api/v1/import, which waits for the end."""

    def __init__(self, person: Person, body: dict, key: str | None = None):
        super().__init__()
        person.get("/")
        self.connection = http.client.HTTPConnection("127.0.0.1", person.daemon.port, timeout=SECONDS)
        self.connection.request("POST", "/api/v1/import", json.dumps(body), {
            "Host": f"{person.daemon.host}:{person.daemon.port}", "Content-Type": "application/json",
            "X-CSRF-Token": person.csrf(),
            "Cookie": "; ".join(f"{name}={value}" for name, value in person.cookies.items()),
        } | ({"Idempotency-Key": key} if key else {}))
        self.status, self.document = 0, {}
        self.start()

    def run(self) -> None:
        try:
            with self.connection.getresponse() as response:
                self.status, self.document = response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            pass  # hung up

    def hang_up(self) -> None:
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.join(SECONDS)
        self.connection.close()


def the_job(person: Person, is_so) -> dict:
    """The one import that there is, once it IS_SO."""
    deadline = time.monotonic() + SECONDS
    while len(jobs := json.loads(api(person, "GET", "imports").body)) != 1 or not is_so(jobs[0]):
        assert time.monotonic() < deadline and len(jobs) <= 1, jobs
        time.sleep(0.05)
    return jobs[0]


def test_the_daemon_ends_while_one_waits_for_the_end(slow, clerk):
    with Daemon(clerk) as daemon:
        person = daemon.person(CLERK)
        asking = Asking(person, {"folder": "INBOX"})
        the_job(person, is_under_way)
        daemon.stop()
    asking.join(SECONDS)
    assert asking.status == 503, asking.document
    assert asking.document["error"]["condition"] == "cancelled" and asking.document["error"]["status"] == 130
    assert asking.document["imported"] == len(clerk.archive()) < MANY
    assert [row["detail"] for row in runs(clerk)] == [
        f"folder: INBOX; imported: {asking.document['imported']}; condition: cancelled"]


def runs(amtspost: Amtspost) -> list[dict]:
    return [row for row in amtspost.json("audit") if row["action"] == "import.run"]


def test_the_log_knows_every_import(failing, person, clerk):
    end_of(person, begin(person, folder="INBOX", case="2026/3"))
    clerk.run("--json", "import", "--user", CLERK, "--folder", "gibt es nicht")
    cli, page = runs(clerk)
    assert page["actor"] == page["subject"] == CLERK and cli["subject"] == CLERK and cli["actor"].startswith("cli:")
    assert page["detail"] == "folder: INBOX; case: 2026/3; imported: 2; failed: 1; condition: some-failed"
    assert cli["detail"].startswith("folder: gibt es nicht; imported: 0") and "Mail 1" not in str((cli, page))
    assert "some-failed" in person.daemon.errors
    numbers = person.get("/metrics").body.decode()
    assert "amtspost_imports_begun_total 1\n" in numbers and "amtspost_imports_failed_total 1\n" in numbers


def test_no_name_forges_the_log(mailbox, person, clerk):
    mailbox.fill("INBOX", list(make_mails(1, seed=3)))
    end_of(person, begin(person, folder="INBOX", case="4711; failed: 12; condition: some-failed"))
    assert [row["detail"] for row in runs(clerk)] == [
        "folder: INBOX; case: 4711, failed: 12, condition: some-failed; imported: 1"]


def test_a_folder_has_no_endless_name(person, clerk):
    answer = api(person, "POST", "imports", {"folder": "x" * 5000})
    assert answer.status == 400 and "folder-name" in answer.body.decode() and not runs(clerk)


def change_lock(clerk: Amtspost) -> str:
    clerk.ok("user", "lock", CLERK)
    return "user-locked"


def change_interface(clerk: Amtspost) -> str:
    clerk.set("interface", "disabled", CLERK)
    return "interface-disabled"


def change_account(clerk: Amtspost) -> str:
    clerk.set("account", "neu@amt.example", CLERK)
    return "account-changed"


def change_server(clerk: Amtspost) -> str:
    clerk.set("imap.host", "imap.example.invalid")
    return "account-changed"


@pytest.mark.parametrize("change", [change_lock, change_interface, change_account, change_server])
def test_who_may_not_any_more_imports_no_further(slow, clerk, change):
    """Another process takes the right away in the middle."""
    import_ = clerk.start("--json", "import", "--user", CLERK, "--folder", "INBOX")
    deadline = time.monotonic() + SECONDS
    while len(clerk.archive()) == 0:
        assert time.monotonic() < deadline and not import_.is_over()
        time.sleep(0.05)
    before = len(clerk.archive())
    condition = change(clerk)
    document = import_.finish(SECONDS).json
    assert document["error"]["condition"] == condition, document
    assert before <= document["imported"] == len(clerk.archive()) < MANY
    assert runs(clerk)[0]["detail"].endswith(f"condition: {condition}")


# ---- the API ----


def test_keys_name_one_import(mailbox, person):
    mailbox.fill("INBOX", list(make_mails(3, seed=2)))
    key = {"Idempotency_Key": "vorgang-17"}
    first = json.loads(api(person, "POST", "imports", {"folder": "INBOX"}, **key).body)
    second = json.loads(api(person, "POST", "imports?wait=1", {"folder": "INBOX"}, **key).body)
    assert first["id"] == second["id"] and second["result"]["imported"] == 3
    other = api(person, "POST", "imports", {"folder": "Sent"}, **key)
    assert other.status == 409 and json.loads(other.body)["error"]["condition"] == "idempotency-key"
    assert len(json.loads(api(person, "GET", "imports").body)) == 1
    for wrong in ("x" * 201, ""):
        assert api(person, "POST", "imports", {}, Idempotency_Key=wrong).status == 400


def test_a_cancelled_import_frees_its_key(slow, person):
    key = {"Idempotency_Key": "noch einmal"}
    first = json.loads(api(person, "POST", "imports", {"folder": "INBOX"}, **key).body)["id"]
    wait_until(person, first, is_under_way)
    api(person, "DELETE", f"imports/{first}")
    slow.rate = 0
    again = json.loads(api(person, "POST", "imports?wait=1", {"folder": "INBOX"}, **key).body)
    assert again["id"] != first and "error" not in again["result"]


def test_a_key_answers_after_many_imports(mailbox, person):
    first = json.loads(api(person, "POST", "imports?wait=1", {}, Idempotency_Key="erster").body)
    plain = json.loads(api(person, "POST", "import", {}, Idempotency_Key="schlicht").body)
    for _ in range(22):
        end_of(person, begin(person))
    again = api(person, "POST", "imports", {}, Idempotency_Key="erster")
    assert again.status == 202 and json.loads(again.body) == first
    again = api(person, "POST", "import", {}, Idempotency_Key="schlicht")
    assert again.status == 200 and json.loads(again.body) == plain
    listed = [job["id"] for job in json.loads(api(person, "GET", "imports").body)]
    assert first["id"] not in listed and len(listed) == 20
    assert api(person, "POST", "imports", {"folder": "Sent"}, Idempotency_Key="erster").status == 409


def test_who_joined_does_not_cancel_for_others(slow, person):
    first = Asking(person, {"folder": "INBOX"}, "gemeinsam")
    the_job(person, is_under_way)
    second = Asking(person, {"folder": "INBOX"}, "gemeinsam")
    time.sleep(0.5)
    second.hang_up()
    time.sleep(0.5)
    assert not the_job(person, is_under_way)["cancelled"]
    third = Asking(person, {"folder": "INBOX"}, "gemeinsam")
    time.sleep(0.5)
    first.hang_up()  # the retry came before the loss was noticed
    slow.rate = 0
    third.join(SECONDS)
    assert third.status == 200 and third.document["imported"] == MANY
    the_job(person, lambda job: job["state"] == "ended" and not job["cancelled"])


def test_waiting(slow, person):
    before = time.monotonic()
    answer = api(person, "POST", "imports", {"folder": "INBOX"}, Prefer="respond-async, wait=1")
    assert answer.status == 202 and 0.9 < time.monotonic() - before < 5
    assert answer.headers["Preference-Applied"] == "wait"
    document = json.loads(answer.body)
    assert document["result"] is None and document["state"] == "running"
    # A long poll answers with the next change.
    seen = document["version"]
    for _ in range(3):
        document = look(person, document["id"], f"?since_version={seen}")
        assert document["version"] > seen
        seen = document["version"]
    slow.rate = 0
    api(person, "DELETE", f"imports/{document['id']}")
    whole = api(person, "POST", "imports?wait=1", {"folder": "INBOX"})
    assert whole.status == 200 and json.loads(whole.body)["state"] == "ended"


def test_events(slow, person):
    number = begin(person, folder="INBOX")
    with Events(person, f"/api/v1/imports/{number}/events") as events:
        told = [(name, json.loads(data)) for name, data in events if name]
    assert {name for name, _ in told} == {"progress", "end"} and told[-1][0] == "end"
    assert told[-1][1]["result"]["imported"] == MANY
    versions = [document["version"] for _, document in told]
    assert versions == sorted(set(versions))
    with Events(person, f"/api/v1/imports/{number}/events", **{"Last-Event-ID": str(versions[-1])}) as events:
        assert [name for name, _ in events] == ["end"]


def test_the_plain_mirror(failing, clerk, mailbox, person):
    partly = api(person, "POST", "import", {"folder": "INBOX"})
    document = json.loads(partly.body)
    assert partly.status == 200 and document["imported"] == 2 and document["error"]["status"] == 6
    command = clerk.run("--json", "import", "--user", CLERK, "--folder", "INBOX").json
    assert set(command) == set(document)
    clerk.set_server(mailbox.server.plain_port)
    wrong = api(person, "POST", "import", {"folder": "gibt es nicht"})
    problem = json.loads(wrong.body)
    assert wrong.status == 404 and wrong.headers["Content-Type"] == "application/problem+json"
    assert problem["error"]["condition"] == "folder-unknown" and problem["imported"] == 0


def test_who_hangs_up_cancels(slow, person):
    asking = Asking(person, {"folder": "INBOX"})
    the_job(person, is_under_way)
    asking.hang_up()
    the_job(person, lambda job: job["state"] == "ended" and job["cancelled"])


def test_nobody_imports_for_others(clerk, daemon, mailbox, person):
    """Whoever files another's mails learns what is in them."""
    mailbox.fill("INBOX", list(make_mails(2, seed=3)))
    add_person(clerk, "chef", "--admin")
    chief = daemon.person("chef", add=False)
    for path in ("imports", "import"):
        for user in (CLERK, "chef"):
            answer = api(chief, "POST", path, {"user": user, "case": "2026/1"})
            assert answer.status == 400 and json.loads(answer.body)["error"]["condition"] == "api-member"
    assert clerk.archive() == []
    answer = api(chief, "GET", f"messages?user={CLERK}&folder=INBOX")
    assert answer.status == 403 and json.loads(answer.body)["error"]["condition"] == "mails-foreign"
    assert "sieht nur dieser selbst" in answer.body.decode() and "Administratoren" not in json.loads(answer.body)["title"]
    assert len(json.loads(api(person, "GET", f"messages?user={CLERK}&folder=INBOX").body)) == 2


@pytest.mark.parametrize("body, status", [({"since": "morgen"}, 400), ({"uids": 3}, 400), ({"was": "x"}, 400), ([], 400),
    ({"uids": "vier", "folder": "INBOX"}, 400), ({"uids": "1:4000000000", "folder": "INBOX"}, 400), ({"uids": "4"}, 400),
    ({"uids": "4", "folder": "INBOX", "since": "2026-01-01"}, 400), ({"case": "x" * 500}, 400), ({"case": " "}, 400),
    ({"mailbox": "fremd@amt.example"}, 404), ({"folder": "IN\nBOX"}, 400), ({"folder": ""}, 400)])
def test_wrong_requests(person, body, status):
    for path in ("imports", "import"):
        assert api(person, "POST", path, body).status == status, path
    assert json.loads(api(person, "GET", "imports").body) == []


def test_blanks_around_a_case_number_are_none_of_it(mailbox, person, clerk):
    mailbox.fill("INBOX", list(make_mails(1, seed=3)))
    end_of(person, begin(person, folder="INBOX", case=" 2026/17 "))
    assert [mail["case"] for mail in clerk.archive()] == ["2026/17"]


# ---- what is new ----


def test_new_mails(clerk, mailbox, person):
    mailbox.fill("INBOX", list(make_mails(5, seed=4)))
    mailbox.fill("Projekte/Brücke", list(make_mails(2, seed=5)))
    mailbox.fill("Trash", list(make_mails(9, seed=6)))
    mailbox.fill("Gesendete Elemente", list(make_mails(8, seed=7)))  # what one sent oneself is no news
    start = person.get("/")
    assert "Nach neuen E-Mails sehen" in start.text and "5 neue" not in start.text
    page = person.submit("/start/neu")
    page = person.get("/start/neu")
    # A mailbox stands one level below what is above it: the page's heading here, the section's on the start page.
    assert "<h2 class=\"kern-heading-small\">" in page.html
    assert "<h3 class=\"kern-heading-small\">" in person.get("/start/neu?teil=1").html
    assert "Posteingang : 5 neue E-Mails" in page.text and "Projekte/Brücke : 2 neue E-Mails" in page.text
    assert "9 neue" not in page.text and "Gesendete" not in page.text
    address = mailbox.address.replace("@", "%40")
    assert f"/importieren?postfach={address}&ordner=INBOX" in page.view.links
    clerk.imported("--folder", "INBOX", "--uids", "2,4")
    assert "Posteingang : 3 neue E-Mails" in person.get("/start/neu?teil=1").text
    clerk.imported()
    nothing = person.get("/start/neu?teil=1")
    assert "Keine neuen E-Mails" in nothing.text and "<html" not in nothing.html
    mailbox.disk.append("INBOX", make_mails(1, seed=8))
    assert "Posteingang : 1 neue E-Mail" in person.get("/start/neu?teil=1").text
    before = clerk.json("archive", "list")
    assert len(before) == 15, "looking imports nothing"


def test_new_mails_of_mailboxes_that_do_not_open(clerk, mailbox, another_mailbox, person):
    mailbox.fill("INBOX", list(make_mails(1, seed=9)))
    clerk.set("mailboxes", another_mailbox.address, CLERK)
    page = person.get("/start/neu")
    assert "1 neue E-Mail" in page.text and another_mailbox.address in page.text
    clerk.set("imap.password", PASSWORD + " falsch", CLERK)
    first, second = person.get("/start/neu"), person.get("/start/neu")
    assert "richtig" in first.text and "vielleicht wurde" in second.text
    assert "/einstellungen?weiter=/" in second.view.links


def test_the_start_page_asks_no_server(clerk, person):
    with FakeImap({}, MAILS) as server:
        clerk.set_server(server.port)
        person.get("/")
        assert server.connections == 0
        person.get("/start/neu?teil=1")
        assert server.connections == 1


def test_a_server_that_stalls_is_not_asked_by_many_pages_of_one_person(clerk, person):
    go_on, asked = threading.Event(), threading.Semaphore(0)

    def stall(connection, tag, _arguments):
        asked.release()
        go_on.wait(30)
        connection.ok(tag)

    with FakeImap({"LIST": stall}) as server:
        clerk.set_server(server.port)
        looks = [threading.Thread(target=person.get, args=("/start/neu?teil=1",)) for _ in range(2)]
        for thread in looks:
            thread.start()
            assert asked.acquire(timeout=10)
        third = person.get("/start/neu?teil=1")
        assert third.status == 200 and "schon nach neuen E-Mails gesehen" in third.text
        assert "Nach neuen E-Mails sehen" in third.text and server.connections == 2
        go_on.set()
        for thread in looks:
            thread.join()


# ---- in the browser ----


@pytest.mark.release_only
def test_live_in_the_browser(slow, person, mailbox):
    number = begin(person, folder="INBOX")
    wait_until(person, number, is_under_way)
    slow.rate = RATE // 2
    mailbox.fill("Neues", list(make_mails(2, seed=5)))
    report = play("import.mjs", person.daemon, CLERK, job=f"{JOB}{number}")
    assert not report["faults"] and not report["axe"]
    assert report["same"] and report["values"] == sorted(report["values"]) and "E-Mails" in report["said"]
    assert report["focus"] == "ergebnis" and report["heading"] == report["plainHeading"] == "Import abgeschlossen"
    assert "Neues: 2 neue E-Mails" in " ".join(report["news"].split())


@pytest.mark.release_only
def test_looks_of_an_import(slow, person, clerk):
    number = begin(person, folder="INBOX", case="2026/4711")
    wait_until(person, number, is_under_way)
    slow.rate = 1  # it stands still
    check(play("walk.mjs", person.daemon, CLERK, stops=[
        stop("import-laeuft", f"{JOB}{number}"), stop("import-start-laeuft", "/"), stop("import-liste", "/importieren/vorgaenge"),
        stop("import-unbekannt", f"{JOB}1"),
    ]))
    api(person, "DELETE", f"imports/{number}")
    slow.drop()
    end_of(person, number)
    with FakeImap({"FETCH": without_second}, MAILS) as server:
        clerk.set_server(server.port)
        failed = begin(person, folder="INBOX")
        end_of(person, failed)
        done = begin(person, folder="INBOX", uids="1,3")
        end_of(person, done)
        clerk.set("imap.password", PASSWORD + " falsch", CLERK)
        server.password = PASSWORD
        refused = begin(person, folder="INBOX")
        end_of(person, refused)
        check(play("walk.mjs", person.daemon, CLERK, stops=[
            stop("import-start-gescheitert", "/"), stop("import-abgebrochen", f"{JOB}{number}"),
            stop("import-gescheitert", f"{JOB}{failed}"), stop("import-fertig", f"{JOB}{done}"),
            stop("import-anmelden", f"{JOB}{refused}"), stop("import-liste-voll", "/importieren/vorgaenge"),
            stop("import-neu", "/start/neu"),
        ]))

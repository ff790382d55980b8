"""Sending and the outbox through the API: the command line's documents, each one's own mails, nothing twice."""

import base64
import contextlib
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from page import Answer, Daemon
from page_office import execute
from peers.fake_smtp import FakeSmtp, SmtpConnection
from runner import CLERK, Amtspost
from sending import OTHER, PIPELINING, TO, answer, outbox, states, use

RAW = "message/rfc822"
FOREIGN, HEAD = "f.fremd", "a.admin"
ADDRESS = "m.mustermann@musterhausen.example"


class Api:
    """Programs with keys of the users'."""

    def __init__(self, daemon: Daemon):
        self.daemon, self.amtspost, self._keys = daemon, daemon.amtspost, {}

    def key(self, user: str) -> str:
        if user not in self._keys:
            self._keys[user] = self.amtspost.json("apikey", "add", f"senden {user}", "--user", user)["key"]
        return self._keys[user]

    def ask(self, method: str, path: str, body: Any = None, user: str = CLERK, **headers: str) -> Answer:
        sent = json.dumps(body) if isinstance(body, dict) else body
        return self.daemon.person().request(method, f"/api/v1/{path}", sent, Authorization=f"Bearer {self.key(user)}",
                                            **({"Content_Type": "application/json"} | headers))

    def told(self, method: str, path: str, body: Any = None, status: int = 200, **how: str) -> Any:
        got = self.ask(method, path, body, **how)
        assert got.status == status and got.headers["Content-Type"] == "application/json", got.body
        assert got.headers["Cache-Control"] == "no-store"
        return json.loads(got.body)

    def refused(self, method: str, path: str, status: int, condition: str, body: Any = None, **how: str) -> dict:
        got = self.ask(method, path, body, **how)
        assert got.status == status and got.headers["Content-Type"] == "application/problem+json", got.body
        problem = json.loads(got.body)
        assert problem["error"]["condition"] == condition, problem
        return problem

    def send(self, status: int = 200, wait: int = 20, path: str = "send", **members: Any) -> dict:
        wanted = {"to": [TO], "subject": "Ihr Antrag", "text": "Guten Tag\n"} | members
        return self.told("POST", f"{path}?wait={wait}", wanted, status)


@pytest.fixture
def api(sender) -> Iterator[Api]:
    sender.ok("user", "add", FOREIGN)
    sender.ok("user", "add", HEAD, "--admin")
    with Daemon(sender) as daemon:
        yield Api(daemon)


@pytest.fixture
def server(sender) -> Iterator[FakeSmtp]:
    with FakeSmtp(capabilities=PIPELINING) as running:
        use(sender, running)
        yield running


def finished(to: str = TO, subject: str = "Fertig", sender_: str = ADDRESS) -> bytes:
    return (f"From: {sender_}\r\nTo: {to}\r\nBcc: {OTHER}\r\nSubject: {subject}\r\nMessage-ID: <fertig@amt.example>\r\n"
            "Date: Mon, 23 Nov 2026 15:04:00 +0100\r\n\r\nText\r\n").encode()


# ---- as it should be ----


def test_a_mail_arrives_as_it_was_meant(post, api):  # noqa: F811
    pdf = bytes(range(256)) * 40
    mail = api.send(to=[f"Erika Müßig <{post.receiver.address}>"], subject="Ihr Antrag 🚗", case="2026/4711",
                    text="Sehr geehrte Frau Müßig,\n\n.ein Punkt vorn\n", attachments=[
                        {"name": "Bescheid – Straße 17 €.pdf", "content": base64.b64encode(pdf).decode()},
                        {"name": "../daten.csv", "type": "text/csv", "content": base64.encodebytes(pdf).decode()},
                        {"name": "leer.txt", "type": None, "content": ""}])
    assert mail["state"] == "sent" and mail["recipients"][0]["reply"].startswith("250")
    assert mail["user"] == CLERK and mail["from"] == post.account.address and mail["sent_copy"] == "done"
    arrived = post.arrived()
    assert arrived["Subject"] == "Ihr Antrag 🚗" and arrived["To"].addresses[0].display_name == "Erika Müßig"
    assert arrived.get_body().get_content().replace("\r\n", "\n") == "Sehr geehrte Frau Müßig,\n\n.ein Punkt vorn\n"
    files = {part.get_filename(): (part.get_content_type(), part.get_payload(decode=True))
             for part in arrived.iter_attachments()}
    assert files == {"Bescheid – Straße 17 €.pdf": ("application/pdf", pdf), "daten.csv": ("text/csv", pdf),
                     "leer.txt": ("text/plain", b"")}
    filed, = api.amtspost.json("archive", "list")
    assert filed["id"] == mail["archive_id"] and filed["case"] == "2026/4711"
    assert outbox(api.amtspost) == [mail] == api.told("GET", "outbox") and api.told("GET", f"outbox/{mail['id']}") == mail


def test_an_answer_threads_and_carries_the_case(server, api, tmp_path):
    (tmp_path / "frage.eml").write_bytes(
        b"From: e@example.org\r\nTo: a@example.org\r\nSubject: Frage\r\nMessage-ID: <frage@example.org>\r\n\r\nWann?\r\n")
    asked = api.told("POST", "archive?case=2026/12", (tmp_path / "frage.eml").read_bytes(), 201, Content_Type=RAW)[0]
    mail = api.send(reply=asked["id"], subject=None, cc=[OTHER], bcc=["dritter@example.org"])
    assert mail["case"] == "2026/12" and mail["subject"] == "AW: Frage"
    assert states(mail) == {TO: "sent", OTHER: "sent", "dritter@example.org": "sent"}
    assert [person["field"] for person in mail["recipients"]] == ["to", "cc", "bcc"]
    content = server.mails[0].content
    assert b"In-Reply-To: <frage@example.org>" in content and b"dritter" not in content


def test_a_finished_mail(server, api):
    mail = api.told("POST", "send?wait=20&case=2026/5", finished(), Content_Type=RAW)
    assert mail["state"] == "sent" and mail["case"] == "2026/5" and mail["message_id"] == "fertig@amt.example"
    assert states(mail) == {TO: "sent", OTHER: "sent"} and b"Bcc" not in server.mails[0].content
    assert {person["address"]: person["field"] for person in mail["recipients"]} == {TO: "to", OTHER: "bcc"}
    problem = api.refused("POST", "send", 403, "sender-foreign", finished(sender_="chef@amt.example"), Content_Type=RAW)
    assert "Datei" not in problem["detail"]
    for field in ("Sender", "Resent-From", "Resent-Sender"):
        foreign = f"{field}: Chef <chef@amt.example>\r\n".encode() + finished()
        problem = api.refused("POST", "send", 403, "sender-foreign", foreign, Content_Type=RAW)
        assert "chef@amt.example" in problem["title"], problem
    for sender_ in (f"chef@amt.example: {ADDRESS};", f"chef@amt.example <{ADDRESS}>", f"chef@amt.example, {ADDRESS}"):
        api.refused("POST", "send", 400, "field-invalid", finished(sender_=sender_), Content_Type=RAW)
    api.refused("POST", "send", 400, "recipient-missing", b"From: " + ADDRESS.encode() + b"\r\n\r\nx\r\n", Content_Type=RAW)
    assert len(api.told("GET", "outbox")) == 1


def test_it_is_queued_before_it_is_answered(server, api):
    go_on = threading.Event()
    server.handlers["MAIL"] = lambda *given: (go_on.wait(20), server.on_mail(*given))
    got = api.ask("POST", "send", {"to": [TO], "text": "x"})
    mail = json.loads(got.body)
    assert got.status == 202 and mail["state"] in ("queued", "sending")
    assert got.headers["Location"] == f"/api/v1/outbox/{mail['id']}"
    assert api.send(202, wait=1)["state"] in ("queued", "sending")
    go_on.set()
    assert api.told("GET", f"outbox/{mail['id']}?wait=20")["state"] == "sent"
    assert api.told("GET", f"outbox/{mail['id']}?wait=20")["archive_id"]


# ---- what servers say ----


def test_a_refused_recipient(server, api):
    refuse = answer(550, "5.1.1 kennt niemand")
    server.handlers["RCPT"] = lambda *given: (refuse if OTHER in given[1] else server.on_rcpt)(*given)
    mail = api.send(to=[TO, OTHER])
    assert mail["state"] == "failed" and states(mail) == {TO: "sent", OTHER: "failed"}
    assert "5.1.1" in mail["recipients"][1]["reply"] and OTHER in mail["reason"]
    server.handlers.clear()
    again = api.told("POST", f"outbox/{mail['id']}/retry?wait=20", {})
    assert again["state"] == "sent" and [sent.recipients for sent in server.mails] == [[TO], [OTHER]]


def test_retry_run_and_cancel(server, api):
    server.handlers["MAIL"] = answer(451, "4.3.0 spaeter")
    first, second, third = (api.send(subject=str(number)) for number in range(3))
    assert {mail["state"] for mail in (first, second, third)} == {"waiting"} and first["next"]
    gone = api.told("POST", f"outbox/{third['id']}/cancel", {})
    assert gone["state"] == "cancelled" and gone["recipients"][0]["state"] == "cancelled"
    api.refused("POST", f"outbox/{third['id']}/cancel", 409, "outbox-state", {})
    assert {mail["state"] for mail in api.told("POST", "outbox/run", {})} == {"waiting"}
    server.handlers.clear()
    again = api.ask("POST", f"outbox/{first['id']}/retry", {})
    assert again.status == 202 and json.loads(again.body)["state"] in ("queued", "sending", "sent")
    assert api.told("GET", f"outbox/{first['id']}?wait=20")["state"] == "sent"
    assert [(mail["id"], mail["state"]) for mail in api.told("POST", "outbox/run", {})] == [(second["id"], "sent")]
    assert api.told("POST", "outbox/run", {}) == [] and len(server.mails) == 2
    assert "schon gesendet" in api.refused("POST", f"outbox/{first['id']}/retry", 409, "outbox-state", {})["title"]


# ---- nothing twice ----


@pytest.mark.parametrize("raw", [False, True])
def test_a_repetition_answers_the_same_mail(server, api, raw):
    kind = {"Content_Type": RAW} if raw else {}
    body = finished() if raw else '{"to": ["%s"], "subject": "Einmal", "text": "x"}' % TO
    same = body if raw else '{"text":"x","subject":"Einmal", "to":["%s"]}' % TO
    first = api.told("POST", "send?wait=20", body, Idempotency_Key="a1", **kind)
    api.amtspost.set("account", "umbenannt@amt.example", CLERK)  # what would be refused now was taken then
    assert api.told("POST", "send?wait=20", same, Idempotency_Key="a1", **kind) == first
    other = body.replace(b"Text", b"Anderes") if raw else body.replace('"x"', '"y"')
    api.refused("POST", "send", 409, "idempotency-key", other, Idempotency_Key="a1", **kind)
    api.refused("POST", "send?case=2026/1", 409, "idempotency-key", body, Idempotency_Key="a1", **kind)
    assert len(api.told("GET", "outbox")) == len(server.mails) == 1
    for bad in ("", "x" * 201):
        api.refused("POST", "send", 400, "api-parameter", body, Idempotency_Key=bad, **kind)


def test_a_repetition_after_a_restart(server, sender):
    found = []
    for _ in range(2):
        with Daemon(sender) as daemon:
            found.append(Api(daemon).daemon)
            key = sender.json("apikey", "add", f"k{len(found)}", "--user", CLERK)["key"]
            got = daemon.person().request("POST", "/api/v1/send?wait=20", json.dumps({"to": [TO]}),
                                          Authorization=f"Bearer {key}", Idempotency_Key="b1")
            assert got.status == 200 and json.loads(got.body)["state"] == "sent"
    assert len(server.mails) == 1


def test_many_at_once_with_one_key(server, api):
    api.told("GET", "outbox")  # the key is there
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(
        api.ask("POST", "send", {"to": [TO]}, Idempotency_Key="c1"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {got.status for got in answers} == {202} and len({json.loads(got.body)["id"] for got in answers}) == 1
    api.told("GET", f"outbox/{json.loads(answers[0].body)['id']}?wait=20")
    assert len(server.mails) == 1


# ---- whose ----


def test_each_sees_their_own(server, api):
    mail = api.send()
    where = f"outbox/{mail['id']}"
    for user in (FOREIGN, HEAD):
        assert api.told("GET", "outbox", user=user) == [] == api.told("POST", "outbox/run", {}, user=user)
        api.refused("GET", where, 404, "outbox-unknown", user=user)
        api.refused("POST", f"{where}/retry", 404, "outbox-unknown", {}, user=user)
        api.refused("POST", f"{where}/cancel", 404, "outbox-unknown", {}, user=user)
        api.refused("GET", f"outbox?user={CLERK}", 403, "mails-foreign", user=user)
        api.refused("POST", "send", 403, "mails-foreign", {"user": CLERK, "to": [TO]}, user=user)
        api.refused("POST", f"send?user={CLERK}", 403, "mails-foreign", {"to": [TO]}, user=user)
    assert api.told("GET", f"outbox?user={CLERK}") == [mail]
    assert api.send(user=CLERK)["user"] == CLERK


def test_an_answered_mail_that_one_may_not_see_is_not_there(server, api, tmp_path):
    mail = api.told("POST", "archive", finished(), 201, Content_Type=RAW)[0]
    for key, value in (("interface", "standard"), ("account", "f@amt.example"), ("smtp.use-default", "true"),
                       ("smtp.password", "geheim-und-lang")):
        api.amtspost.set(key, value, FOREIGN)
    seen = api.refused("POST", "send", 404, "mail-unknown", {"to": [TO], "reply": mail["id"]}, user=FOREIGN)
    missing = api.refused("POST", "send", 404, "mail-unknown", {"to": [TO], "reply": 99999}, user=FOREIGN)
    assert {key: str(value).replace(str(mail["id"]), "N") for key, value in seen["error"].items()} == \
        {key: str(value).replace("99999", "N") for key, value in missing["error"].items()}
    assert api.told("GET", "outbox", user=FOREIGN) == []
    assert api.send(reply=mail["id"])["state"] == "sent"


def test_pages_of_the_list(server, api):
    ids = [api.send(wait=0, status=202, subject=str(number))["id"] for number in range(5)][::-1]
    assert [mail["id"] for mail in api.told("GET", "outbox")] == ids
    assert [mail["id"] for mail in api.told("GET", "outbox?limit=2")] == ids[:2]
    assert [mail["id"] for mail in api.told("GET", f"outbox?limit=2&before={ids[1]}")] == ids[2:4]
    for wrong in ("limit=0", "limit=x", "before=-1"):
        api.refused("GET", f"outbox?{wrong}", 400, "api-parameter")
    api.refused("GET", "outbox?nach=1", 400, "api-member")


# ---- what is refused ----


B64 = base64.b64encode(b"x").decode()


@pytest.mark.parametrize("body, status, condition, word", [
    ({}, 400, "recipient-missing", ""),
    ({"to": []}, 400, "recipient-missing", ""),
    ({"to": TO}, 400, "api-body", "to"),
    ({"to": [TO, 1]}, 400, "api-body", "to"),
    ({"to": ["niemand"]}, 400, "address-invalid", "niemand"),
    ({"to": [TO + "\r\nX: y"]}, 400, "address-invalid", ""),
    ({"to": [f"p{number}@example.org" for number in range(1001)]}, 413, "recipients-many", "1000"),
    ({"to": [TO], "subject": "a\r\nBcc: b@example.org"}, 400, "field-invalid", ""),
    ({"to": [TO], "von": "x"}, 400, "api-member", "von"),
    ({"to": [TO], "from": "chef@amt.example"}, 403, "sender-foreign", "chef@amt.example"),
    ({"to": [TO], "reply": "17"}, 400, "api-body", "reply"),
    ({"to": [TO], "reply": 0}, 404, "mail-unknown", ""),
    ({"to": [TO], "case": "x" * 300}, 400, "case-invalid", ""),
    ({"to": [TO], "attachments": [{"name": "a"}]}, 400, "api-body", "content"),
    ({"to": [TO], "attachments": [{"content": B64}]}, 400, "api-body", "name"),
    ({"to": [TO], "attachments": [{"name": "a", "content": "e!=="}]}, 400, "api-body", "content"),
    ({"to": [TO], "attachments": [{"name": "a", "content": B64, "path": "/etc/passwd"}]}, 400, "api-member",
     "attachments[0].path"),
    ({"to": [TO], "attachments": [{"name": "a\nb", "content": B64}]}, 400, "field-invalid", ""),
    ({"to": [TO], "attachments": [{"name": "a", "content": B64}] * 101}, 400, "api-body", "100"),
    ("[" * 100000, 400, "api-body", ""),
    ('{"to": [' + "1," * 100000 + "1]}", 400, "api-body", ""),
    ("{", 400, "api-body", ""),
], ids=range(22))
def test_what_is_refused(server, api, body, status, condition, word):
    assert word in api.refused("POST", "send", status, condition, body)["title"]
    assert api.told("GET", "outbox") == []


def test_waiting_has_an_end(server, api):
    for wrong in ("31", "-1", "x", ""):
        api.refused("POST", f"send?wait={wrong}", 400, "api-parameter", {"to": [TO]})
    for path, method in (("outbox/0", "GET"), ("outbox/x/retry", "POST"), ("outbox/99/cancel", "POST")):
        api.refused(method, path, 404, "outbox-unknown", {} if method == "POST" else None)


def test_the_rest_of_the_recipients_is_waited_for(server, api):
    def count(connection: SmtpConnection, arguments: str) -> None:
        if len(connection.mail.recipients) < 2:
            server.on_rcpt(connection, arguments)
        else:
            connection.reply(452, "4.5.3 too many recipients")

    server.handlers["RCPT"] = count
    mail = api.send(to=[f"a{number}@example.org" for number in range(15)])
    assert mail["state"] == "sent" and mail["attempts"] == 1 and len(server.mails) == 8


def test_what_is_too_large(server, api):
    server.capabilities = ("SIZE 1000000",)
    big = base64.b64encode(b"x" * 1200000).decode()
    mail = api.told("POST", "send?wait=20", {"to": [TO], "attachments": [{"name": "a", "content": big}]})
    assert mail["state"] == "failed" and "groß" in mail["reason"]
    assert api.ask("POST", "send", "x" * (152 * 1024 * 1024)).status == 413


def test_who_has_no_server_is_told_at_once(api):
    problem = api.refused("POST", "send", 422, "interface-disabled", {"to": [TO]}, user=FOREIGN)
    assert problem["error"]["status"] == 3 and api.told("GET", "outbox", user=FOREIGN) == []


def test_the_session_may_too(server, api):
    person = api.daemon.person(CLERK)
    person.get("/")
    body = json.dumps({"to": [TO], "text": "x"})
    assert person.request("POST", "/api/v1/send", body, Content_Type="application/json").status == 403
    got = person.request("POST", "/api/v1/send?wait=20", body, Content_Type="application/json", X_CSRF_Token=person.csrf())
    assert got.status == 200 and json.loads(got.body)["state"] == "sent"
    assert api.daemon.person().request("POST", "/api/v1/send", body).status == 401


def test_a_program_that_runs_wild(server, api):
    server.handlers["MAIL"] = answer(451, "4.3.0 spaeter")
    former = api.told("POST", "send?wait=20", {"to": [TO]}, Idempotency_Key="d1")
    columns = "user_id, user_name, sender, subject, message_id, size, has_8bit, has_utf8, created_at, sent_copy, next"
    execute(api.amtspost, "WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
            f" INSERT INTO outbox_mails ({columns}, state, id) SELECT {columns}, 3, i FROM outbox_mails, n WHERE id = ?",
            former["id"])
    problem = api.refused("POST", "send", 429, "outbox-full", {"to": [TO]})
    assert "10.000" in problem["title"]
    assert api.told("POST", "send?wait=20", {"to": [TO]}, Idempotency_Key="d1")["id"] == former["id"]
    api.told("POST", "outbox/17/cancel", {})
    api.send(wait=0, status=202)


def test_the_description(server, api):
    described = json.loads(api.daemon.person().request("GET", "/api/v1/openapi.json").body)
    content = described["paths"]["/api/v1/send"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", RAW}
    members = content["application/json"]["schema"]["properties"]
    assert members["to"]["items"] == {"type": "string"} and members["reply"]["type"] == ["integer", "null"]
    part = members["attachments"]["items"]
    assert set(part["properties"]) == {"name", "type", "content"} and part["required"] == ["name", "content"]
    mail = described["components"]["schemas"]["OutboxMail"]
    assert set(mail["required"]) == set(mail["properties"]) == set(api.send())


@pytest.mark.release_only
def test_large_bodies_leave_room_for_small_ones(server, api):
    """Two programs that never end their mails keep nobody else from sending."""
    api.send()
    size, held = 134_000_000, []
    key = api.key(CLERK)
    for _ in range(2):
        held.append(socket.create_connection(("127.0.0.1", api.daemon.port)))
        held[-1].settimeout(5)
        held[-1].sendall(f"POST /api/v1/send HTTP/1.1\r\nHost: {api.daemon.host}:{api.daemon.port}\r\nAuthorization: Bearer {key}"
                         f"\r\nContent-Type: {RAW}\r\nContent-Length: {size}\r\n\r\n".encode())
        with contextlib.suppress(OSError):  # the second one is too much
            held[-1].sendall(bytes(size - 1))
    try:
        answer_ = api.ask("POST", "send", finished(subject="klein") + b"x" * 3_000_000, Content_Type=RAW)
        assert answer_.status == 202, answer_.body
    finally:
        for connection in held:
            connection.close()

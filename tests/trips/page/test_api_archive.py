"""The archive through the API: the command line's documents, the archive's bytes, and for each user only
what is theirs."""

import io
import json
import re
import zipfile
from typing import Any
from urllib.parse import quote

import pytest
from mailbox_on_disk import Mailbox
from page import MULTIPART, Answer, Person, multipart
from page_office import ADMIN, CLERK_A, CLERK_B, LATER, Office, add_person, execute
from peers.dovecot import Dovecot
from peers.maildir import Mail
from runner import PASSWORD

ALL, OTHER = "a.archiv", "o.ohne"
RAW = "message/rfc822"


def mail(name: str, subject: str = "Betreff", body: str = "Text") -> bytes:
    return (f"From: =?utf-8?q?=C3=84nne?= <a@b.example>\r\nTo: c@d.example\r\nSubject: {subject}\r\n"
            f"Message-ID: <{name}@b.example>\r\nDate: Mon, 23 Nov 2026 15:04:00 +0100\r\n\r\n{body} {name}\r\n").encode()


def with_attachment(name: str) -> bytes:
    return mail(name).replace(b"\r\n\r\n", b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
                              b"--x\r\n\r\nText\r\n--x\r\nContent-Type: text/html; name=\"a.html\"\r\n"
                              b"Content-Disposition: attachment; filename=\"a.html\"\r\n\r\n<script>x()</script>\r\n--x--\r\n", 1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot):
    """CLERK_A's mailbox is a shared one of CLERK_B's; OTHER has none."""
    box = Mailbox(dovecot, "archiv-api@musterhausen.example")
    box.fill("INBOX", [Mail(mail(f"post{number}", f"Posteingang {number}"), 1795424400 + number) for number in range(3)])
    with Office(tmp_path_factory.mktemp("api-archive")) as running:
        amtspost = running.amtspost
        amtspost.set_server(dovecot.plain_port)
        amtspost.set("account", box.address, CLERK_A)
        amtspost.set("imap.password", PASSWORD, CLERK_A)
        amtspost.set("mailboxes", box.address, CLERK_B)
        add_person(amtspost, ALL, "--archive")
        add_person(amtspost, OTHER)
        amtspost.ok("import", "--user", CLERK_A, "--folder", "INBOX", "--case", "2026/77")
        yield running


def ask(office: Office, path: str, user: str = ALL, method: str = "GET", body: Any = None, **headers: str) -> Answer:
    sent = json.dumps(body) if isinstance(body, dict) else body
    return office.person().request(method, f"/api/v1/archive{path}", sent,
                                   Authorization=f"Bearer {office.key(f'archive {user}', user)}",
                                   **({"Content_Type": "application/json"} | headers))


def told(office: Office, path: str, status: int = 200, **how: Any) -> Any:
    answer = ask(office, path, **how)
    assert answer.status == status and answer.headers["Content-Type"] == "application/json", answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.body)


def refused(office: Office, path: str, status: int, condition: str, **how: Any) -> dict:
    answer = ask(office, path, **how)
    assert answer.status == status and answer.headers["Content-Type"] == "application/problem+json", answer.body
    problem = json.loads(answer.body)
    assert problem["error"]["condition"] == condition, problem
    return problem


def add(office: Office, data: bytes, user: str = CLERK_A, status: int = 201, query: str = "", **headers: str) -> list[dict]:
    return told(office, query, status, user=user, method="POST", body=data,
                **({"Content_Type": RAW} | headers))


def ids(documents: list[dict]) -> list[int]:
    return [document["id"] for document in documents]


# ---- as the command line ----


def test_the_same_documents(office):
    command = office.amtspost.json
    assert told(office, "") == command("archive", "list") != []
    assert told(office, "?limit=2") == command("archive", "list", "--limit", "2")
    assert told(office, "?case=2026/77") == command("archive", "list", "--case", "2026/77") != []
    assert told(office, "/search?text=posteingang") == command("archive", "search", "posteingang") != []
    assert told(office, "?since=2026-11-23T14:04:00Z") == command("archive", "list", "--since", "2026-11-23T14:04:00Z") != []
    assert told(office, "?until=2026-11-23") == [] == told(office, "?since=2099-01-01")
    assert told(office, "?mailbox=archiv-api@musterhausen.example") == told(office, "")
    number = told(office, "")[0]["id"]
    assert told(office, f"/{number}") == command("archive", "show", str(number))
    assert told(office, f"/{number}")["text"].startswith("Text post")


def test_bytes(office, tmp_path):
    data = with_attachment("anlage")
    [document] = add(office, data)
    number = document["id"]
    assert document["attachments"] == [{"name": "a.html", "type": "text/html", "size": 20}]
    raw = ask(office, f"/{number}/eml")
    assert raw.body == data and raw.headers["Content-Type"] == RAW
    assert raw.headers["Content-Disposition"].startswith(f'attachment; filename="{number}.eml"')
    part = ask(office, f"/{number}/attachments/1")
    assert part.body == b"<script>x()</script>" and part.headers["Content-Type"] == "application/octet-stream"
    for answer in (raw, part):
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    refused(office, f"/{number}/attachments/2", 404, "attachment-unknown")
    refused(office, f"/{number}/attachments/x", 404, "attachment-unknown")
    refused(office, f"/{number}/eml?copy=2", 404, "copy-unknown")
    assert told(office, "?attachments=1") == told(office, "?attachments=true") == [document]
    assert told(office, "?attachments=false") == told(office, "") != [document]
    refused(office, "?attachments=vielleicht", 400, "api-parameter")
    copy = b"Received: by x; Mon, 23 Nov 2026 15:04:00 +0100\r\n" + data
    assert ids(add(office, copy)) == [number]
    assert ask(office, f"/{number}/eml?copy=2").body == copy
    exported = ask(office, f"/export?id={number}&id=1&id={number}")
    assert exported.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(exported.body)) as packed:
        assert packed.testzip() is None
        assert set(packed.namelist()) == {"1.eml", f"{number}.eml", f"{number}-2.eml"}
        assert packed.read(f"{number}-2.eml") == copy and packed.read(f"{number}.eml") == data


def test_many_are_sent_in_parts(office):
    """More than are taken out of the database at once."""
    for start in range(0, 1200, 200):
        add(office, multipart("f", [(f"{number}.eml", mail(f"viele{number}", "Viele")) for number in range(start, start + 200)], {}),
            user=ALL, Content_Type=MULTIPART)
    seen = told(office, "/search?text=viele")
    assert len(set(ids(seen))) == 1200 and seen == office.amtspost.json("archive", "search", "viele")
    assert ids(told(office, "/search?text=viele&limit=700")) == ids(seen)[:700]
    assert ids(told(office, "/search?text=viele&limit=500")) == ids(seen)[:500]
    refused(office, "/export?" + "&".join(f"id={number}" for number in ids(seen)[:501]), 413, "export-large")


def test_changes(office):
    [document] = add(office, mail("aendern"), user=ALL)
    path = f"/{document['id']}"
    changed = told(office, path, method="PATCH", body={"case": "2026/88"})
    assert changed == document | {"case": "2026/88"} and ids(told(office, "?case=2026/88")) == [document["id"]]
    assert told(office, "/cases?prefix=2026/8") == [{"case": "2026/88"}]
    assert {"case": "2026/77"} in told(office, "/cases")
    assert told(office, path, method="PATCH", body={"case": None}) == document
    assert told(office, "/cases?prefix=2026/8") == []
    refused(office, path, 400, "api-body", method="PATCH", body={})
    refused(office, path, 400, "api-body", method="PATCH", body={"case": 5})
    refused(office, path, 400, "api-member", method="PATCH", body={"grund": "x"})
    refused(office, path, 400, "case-invalid", method="PATCH", body={"case": " "})
    for query in ("", "?reason=", "?reason=" + "x" * 501):
        refused(office, path + query, 400, "reason-missing", method="DELETE")
    assert told(office, path + f"?reason={quote('doppelt abgelegt')}", method="DELETE") == {}
    refused(office, path, 404, "mail-unknown")
    rows = [row for row in office.amtspost.json("audit") if row["subject"] == str(document["id"])]
    assert [(row["action"], row["actor"], row["detail"]) for row in rows][-2:] != [] and any(
        row["action"] == "archive.delete" and row["actor"] == ALL and row["detail"].startswith("reason: doppelt abgelegt; ") for row in rows)


@pytest.mark.parametrize("path", ["?limit=0", "?limit=x", "?limit=-1", "?since=gestern", "?until=x", "/search"])
def test_wrong_values(office, path):
    refused(office, path, 400, "api-parameter")


@pytest.mark.parametrize("path", ["/0", "/-1", "/x", "/99999999999999999999", "/999999", "/1.0", "/export?id=x", "/export?id=0"])
def test_ids_that_are_none(office, path):
    refused(office, path, 404, "mail-unknown")


def test_wrong_parameters(office):
    refused(office, "?suche=x", 400, "api-member")
    refused(office, "/export", 400, "export-empty")
    assert ask(office, "/1/attachments/1/x").status == 404
    assert ask(office, "/1", method="PUT", body={}).headers["Allow"].split(", ") == ["GET", "HEAD", "PATCH", "DELETE"]


# ---- filing ----


def test_filing(office):
    files = [("a.eml", mail("ab1")), ("b.eml", mail("ab2"))]
    documents = add(office, multipart("was auch immer", files, {"feld": "wird übergangen"}), query="?case=2026/99",
                    Content_Type=MULTIPART)
    assert [document["message_id"] for document in documents] == ["ab1@b.example", "ab2@b.example"]
    assert {document["case"] for document in documents} == {"2026/99"}
    assert documents[0]["sources"][0]["imported_by"] == CLERK_A and documents[0]["sources"][0]["mailbox"] is None
    # All on file: nothing is created.
    assert add(office, files[0][1], status=200) == documents[:1]
    before = execute(office.amtspost, "SELECT count(*) FROM copies")
    refused(office, "", 400, "upload-unusable", method="POST", body=b"kein Kopf\r\n", Content_Type=RAW)
    problem = refused(office, "", 400, "upload-unusable", method="POST", Content_Type=MULTIPART,
                      body=multipart("f", [("gut.eml", mail("gut")), ("schlecht.bin", b"\0")], {}))
    assert "schlecht.bin" in problem["title"]
    refused(office, "", 400, "upload-blank", method="POST", body=b"", Content_Type=RAW)
    problem = refused(office, "", 400, "upload-outlook", method="POST", Content_Type=MULTIPART,
                      body=multipart("f", [("Antrag.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0")], {}))
    assert "Antrag.msg" in problem["title"]
    refused(office, "", 400, "upload-empty", method="POST", body=multipart("f", [], {"a": "b"}), Content_Type=MULTIPART)
    refused(office, "", 400, "form-invalid", method="POST", body=b"--x", Content_Type=MULTIPART)
    refused(office, "?case=%20", 400, "case-invalid", method="POST", body=mail("gut"), Content_Type=RAW)
    assert execute(office.amtspost, "SELECT count(*) FROM copies") == before


def test_idempotency_keys(office):
    data = mail("schluessel")
    first = add(office, data, query="?case=a", Idempotency_Key="k1")
    # The same again answers the same, status included; without the key it says that nothing was created.
    assert add(office, data, query="?case=a", Idempotency_Key="k1") == first
    assert add(office, data, query="?case=a", status=200) == first
    how = {"user": CLERK_A, "method": "POST", "Content_Type": RAW, "Idempotency_Key": "k1"}
    refused(office, "?case=a", 409, "idempotency-key", body=mail("andere"), **how)
    refused(office, "?case=b", 409, "idempotency-key", body=data, **how)
    assert ask(office, "/search?text=andere", user=CLERK_A).body == b"[]\n"
    # Keys are each user's own, and a request that failed leaves its key free.
    assert add(office, mail("anderer"), user=CLERK_B, Idempotency_Key="k1") != first
    refused(office, "", 400, "upload-unusable", body=b"x", **how | {"Idempotency_Key": "k2"})
    add(office, mail("nach dem Fehler"), Idempotency_Key="k2")
    for wrong in ("", "x" * 201):
        refused(office, "", 400, "api-parameter", body=data, **how | {"Idempotency_Key": wrong})
    for _ in range(51):
        add(office, data, query="?case=a", status=200)
    assert add(office, data, query="?case=a", Idempotency_Key="k1") == first
    refused(office, "?case=a", 409, "idempotency-key", body=mail("andere"), **how)


def test_a_browser_needs_the_form_token(office):
    person = office.fresh(CLERK_A)
    person.get("/")
    assert person.request("POST", "/api/v1/archive", mail("sitzung"), Content_Type=RAW).status == 403
    answer = person.request("POST", "/api/v1/archive", mail("sitzung"), Content_Type=RAW, X_CSRF_Token=person.csrf())
    assert answer.status == 201


# ---- who sees what ----


def test_each_sees_what_is_theirs(office):
    """A mailbox's mails belong to all who have it, an upload to who filed it, everything to the right Archiv."""
    own = ids(add(office, mail("nur von mir", "Geheimsache"), query="?case=Geheim/1"))[0]
    posted = ids(told(office, "?case=2026/77"))
    sees = {CLERK_A: {*posted, own}, CLERK_B: {*posted}, OTHER: set(), ADMIN: set(), ALL: {*posted, own}}
    for user, mails in sees.items():
        listed = set(ids(told(office, "", user=user)))
        assert listed & {*posted, own} == mails, user
        assert set(ids(told(office, "/search?text=geheimsache", user=user))) == mails & {own}
        assert set(ids(told(office, "?case=Geheim/1", user=user))) == mails & {own}
        assert told(office, "/cases?prefix=geheim", user=user) == ([{"case": "Geheim/1"}] if own in mails else [])
        assert (set(ids(told(office, "?mailbox=archiv-api@musterhausen.example", user=user)))) == mails & {*posted}
        for number in (posted[0], own):
            check_one(office, user, number, number in mails)


def test_the_page_shows_each_what_is_theirs(office):
    own = ids(add(office, mail("seite von mir", "Seitensache"), query="?case=Seite/1"))[0]
    posted = ids(told(office, "?case=2026/77"))
    sees = {CLERK_A: {*posted, own}, CLERK_B: {*posted}, OTHER: set(), ADMIN: set(), ALL: {*posted, own}}
    for user, mails in sees.items():
        person = office.fresh(user)
        for path, those in (("", {own}), ("/suche?suche=seitensache", {own}), ("/suche?aktenzeichen=Seite/1", {own}),
                            ("/suche?postfach=archiv-api@musterhausen.example", {*posted}), ("/suche?suche=posteingang", {*posted})):
            page = person.get("/archiv" + path)
            shown = {int(found) for found in re.findall(r'href="/archiv/(\d+)"', page.html)}
            assert shown & those == mails & those, (user, path)
            assert ('<option value="Seite/1">' in page.html) == (own in mails and path != "")
        for number in (own, posted[0]):
            check_page(person, number, number in mails)


def check_page(person: Person, number: int, sees: bool) -> None:
    for path in ("", "/ansicht", "/ansicht?als=text", "/kopfzeilen", "/eml", "/eml?kopie=1"):
        assert (person.get(f"/archiv/{number}{path}").status == 200) == sees, (number, path)
    person.get("/archiv")
    packed = person.post("/archiv-auswahl", {"id": str(number), "tun": "zip"})
    assert (packed.headers["Content-Type"] == "application/zip") == sees and (packed.status == 200) == sees
    if not sees:
        person.get("/archiv")
        for action, fields in ((f"/archiv/{number}/aktenzeichen", {"aktenzeichen": "gestohlen"}),
                               (f"/archiv/{number}/aktenzeichen", {"aktenzeichen": "x" * 101}),
                               (f"/archiv/{number}/loeschen", {"grund": "darum"}), (f"/archiv/{number}/loeschen", {"grund": ""}),
                               ("/archiv-auswahl", {"id": str(number), "tun": "zuweisen", "neues-aktenzeichen": "gestohlen"})):
            assert person.post(action, fields, csrf=person.csrf()).status == 404, (action, fields)
            person.get("/archiv")


def test_one_who_no_longer_has_the_mailbox(office):
    """Sight ends with the setting, also of what was seen before."""
    number = ids(told(office, "?case=2026/77", user=CLERK_B))[0]
    office.amtspost.set("mailboxes", "bau@amt.example", CLERK_B)
    try:
        refused(office, f"/{number}", 404, "mail-unknown", user=CLERK_B)
        assert told(office, "?case=2026/77", user=CLERK_B) == [] == told(office, "/cases?prefix=2026/77", user=CLERK_B)
        assert number not in ids(told(office, "", user=CLERK_B))
    finally:
        office.amtspost.set("mailboxes", "archiv-api@musterhausen.example", CLERK_B)


def check_one(office: Office, user: str, number: int, sees: bool) -> None:
    """A mail out of sight is answered like one that does not exist."""
    calls = [("GET", "{}", None), ("GET", "{}/eml", None), ("GET", "{}/attachments/1", None), ("GET", "export?id={}", None),
             ("GET", "{}/eml?copy=2", None)]
    if not sees:
        calls += [("PATCH", "{}", {"case": "gestohlen"}), ("PATCH", "{}", {"case": " "}), ("DELETE", "{}?reason=darum", None)]
    for method, path, body in calls:
        seen = ask(office, "/" + path.format(number), user=user, method=method, body=body)
        unknown = ask(office, "/" + path.format(999999), user=user, method=method, body=body)
        if sees:
            assert seen.status == 200 or b"attachment-unknown" in seen.body or b"copy-unknown" in seen.body
            continue
        assert seen.status == unknown.status and seen.status in (400, 404)
        assert re.sub(rf"\b{number}\b", "N", seen.html) == unknown.html.replace("999999", "N"), (user, method, path)


def test_a_zip_of_mine_and_others(office):
    own = ids(add(office, mail("zip"), user=CLERK_B))[0]
    other = ids(add(office, mail("nicht meine"), user=CLERK_A))[0]
    assert ask(office, f"/export?id={own}", user=CLERK_B).status == 200
    answer = ask(office, f"/export?id={own}&id={other}", user=CLERK_B)
    assert answer.status == 404 and b"PK" not in answer.body and b"mail-unknown" in answer.body


def test_an_upload_of_somebody_elses_mail_gives_sight(office):
    """Who has the very bytes may see the mail, and is told of no other; it is not theirs to change."""
    data = mail("zweimal")
    first = add(office, data, user=CLERK_A, query="?case=Bei+A")
    [again] = add(office, data, user=OTHER, query="?case=Bei+O", status=200)
    assert again["id"] == first[0]["id"] and again["case"] == "Bei A"
    assert ids(told(office, "", user=OTHER)) == [again["id"]], "nothing else"
    path = f"/{again['id']}"
    assert again["case_conflicts"] == [str(again["id"])]
    assert [source["imported_by"] for source in again["sources"]] == [OTHER]
    assert told(office, path, user=OTHER)["sources"] == told(office, "", user=OTHER)[0]["sources"] == again["sources"]
    assert len(told(office, path)["sources"]) == 2
    posted = told(office, "?case=2026/77")[0]
    taken = add(office, office.fresh(ALL).get(f"/api/v1/archive/{posted['id']}/eml").body, user=OTHER, status=200)
    mailbox = "?mailbox=archiv-api@musterhausen.example"
    assert [one["id"] for one in taken] == [posted["id"]] and told(office, mailbox, user=OTHER) == []
    assert posted["id"] in ids(told(office, mailbox, user=CLERK_A))
    for user in (OTHER, CLERK_A):
        refused(office, path, 403, "mail-others", user=user, method="PATCH", body={"case": "Z"})
        refused(office, path + "?reason=weg", 403, "mail-others", user=user, method="DELETE")
    person = office.fresh(OTHER)
    page = person.get(f"/archiv{path}")
    # It can be answered, and not be changed.
    assert page.status == 200 and {form.action for form in page.view.forms if form.action.startswith("/archiv/")} == \
        {f"/archiv{path}/antworten"}
    assert "Sie können diese E-Mail lesen, weil Sie sie selbst abgelegt haben." in page.text and CLERK_A not in page.text
    answer = person.post("/archiv-auswahl", {"tun": "zuweisen", "id": str(again["id"]), "neues-aktenzeichen": "Z"})
    assert answer.status == 403 and "nicht ändern oder löschen" in answer.text
    assert told(office, path)["case"] == "Bei A"
    told(office, path + "?reason=weg", method="DELETE")


def test_who_may_not(office):
    """Without a key, with one that has ended, of one who is locked."""
    paths = ["", "/1", "/search?text=x", "/cases", "/export?id=1", "/1/eml", "/1/attachments/1"]
    expired = office.amtspost.json("apikey", "add", "vorbei", "--user", ALL, "--expires", LATER)["key"]
    execute(office.amtspost, "UPDATE api_keys SET expires = 1 WHERE label = 'vorbei'")
    for key in (None, "amtspost_falsch", expired, office.key("locked", "g.gesperrt")):
        for path in paths:
            answer = office.person().request("GET", f"/api/v1/archive{path}",
                                             **({"Authorization": f"Bearer {key}"} if key else {}))
            assert answer.status == 401 and b'"id"' not in answer.body, (key, path)
        answer = office.person().request("POST", "/api/v1/archive", mail("fremd"), Content_Type=RAW,
                                         **({"Authorization": f"Bearer {key}"} if key else {}))
        assert answer.status == 401


def test_described(office):
    document = json.loads(office.person().get("/api/v1/openapi.json").body)
    paths = document["paths"]
    part = paths["/api/v1/archive/{name}/attachments/{number}"]["get"]
    assert [(one["name"], one["in"]) for one in part["parameters"]] == [("name", "path"), ("number", "path")]
    assert list(part["responses"]["2XX"]["content"]) == ["application/octet-stream"]
    assert list(paths["/api/v1/archive"]["post"]["requestBody"]["content"]) == ["message/rfc822", "multipart/form-data"]
    described = document["components"]["schemas"]["MailText"]
    shown = told(office, f"/{told(office, '')[0]['id']}")
    assert set(described["properties"]) == set(described["required"]) == set(shown)
    assert {name for name in document["components"]["schemas"]["Mail"]["properties"]} == set(shown) - {"text"}

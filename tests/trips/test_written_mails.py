"""Mails that the program writes, read by other programs' readers: Python's email and npm's mailparser see
what was meant, and no line breaks a rule."""

import base64
import email
import email.policy
import json
import subprocess
import zlib
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from runner import BINARY
from sending import read_with_mailparser

WRITE_MAIL = BINARY.parent / "tests" / "write-mail"
DATE = 1795442645
EMOJI = "👨‍👩‍👧‍👦🏛️🐝"
LONG_NAME = ("Übersicht über die Größen der Straßen 🐝 " * 20).encode()[:292].decode(errors="ignore") + ".pdf"


def _order(**changes: Any) -> dict:
    return {"from": "Hans Meier <hans@amt.example>", "to": ["anna@amt.example"], "subject": "Bescheid",
            "text": "Guten Tag\n", "message_id": "1.2@amt.example", "date": DATE} | changes


ORDERS = {
    "plain": _order(),
    "umlauts": _order(subject="Grüße aus Köln", text="Grüße\n\nmit „Anführung“ – Strich\n-- \nIhr Amt\n"),
    "empty": _order(subject="", text=""),
    "subject-long": _order(subject="Antrag der Bürgerinitiative 🐝 zur Straße, " * 48),
    "subject-2000": _order(subject=("AW: Größe " * 200)[:2000].strip()),
    "subject-emoji": _order(subject=EMOJI * 40),
    "subject-word": _order(subject="x" * 2000),
    "subject-plain": _order(subject="Ein langer Betreff ohne Umlaute: " * 30 + "Ende"),
    "subject-odd": _order(subject=' =?UTF-8?Q?x?=  "y" <z@x.de>, a=b_c? '),
    "people": _order(**{
        "from": '"Meier, Hans \\"H\\"" <hans@amt.example>',
        "to": ['"Größe, Jürgen" <j@amt.example>', f"{EMOJI} Büro <b@amt.example>", "Dr. A. B. <c@amt.example>",
               "Hans Meier <d@amt.example>", "e@amt.example", '"(Amt) [x]; y: z" <f@amt.example>'],
        "cc": ["Bürger:innen-Büro <g@amt.example>", "O'Neil <h@amt.example>"]}),
    "people-long": _order(to=["Amt für Straßenwesen, Größen und Übergrößen der Stadt Köln am Rhein <a@amt.example>",
                              "Bürgermeisterin Hanna Jördis Größe-Müller von und zu Schönhausen <b@amt.example>",
                              "Öffentliche Ordnung <c@amt.example>"]),
    "people-many": _order(to=[f"Nutzer Nummer {i} ß <n{i}@amt.example>" for i in range(500)]),
    "domains": _order(to=["a@größe.example", "b@straße.example", "Büro <c@例え.テスト>"]),
    "text-lines": _order(text="ä" * 3000 + "\n" + "x" * 3000 + "\n.\n..\nFrom hier\n \n\t\n= =20 \n"),
    "text-plain": _order(text="Guten Tag,\n\n.\n.x\n\tMit Dank\n"),
    "text-hostile": _order(text="\r\nBcc: x@y.de\r\n\r\n.\r\nQUIT\r\n--=_\r\n--\r\n"),
    "answer": _order(in_reply_to="c@x.de", references=[f"{i}.{'y' * 40}@x.de" for i in range(60)]),
}
FILES = {
    "Plan.pdf": b"%PDF-1.7\n" + bytes(range(256)) * 20,
    "leer.txt": b"",
    "Grüße & Küsse; 100%.docx": b"PK\x03\x04" * 1000,
    f"{EMOJI}.png": b"\x89PNG\r\n\x1a\n",
    'Anführung "quer" schräg.csv': "ä;ö\r\n".encode("latin-1"),
    LONG_NAME: b"lang",
    "x" * 290 + ".zip": b"PK",
    "e\u0301 zerlegt.odt": b"\x00" * 57,
    "a'b=c*d%20e.tar.gz": b"gz",
    "mail.eml": b"From: a@b.de\n\nText\n",
}


def _write(order: dict, folder: Path) -> bytes:
    run = subprocess.run([WRITE_MAIL], input=json.dumps(order).encode(), capture_output=True, check=False,
                         env={"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"})
    assert run.returncode == 0, run.stderr
    (folder / "mail.eml").write_bytes(run.stdout)
    return run.stdout


LABELS = {"größe.example": "xn--gre-6ka8i.example", "straße.example": "xn--strae-oqa.example",
          "例え.テスト": "xn--r8jz45g.xn--zckzah"}


def _people(order: dict, field: str, labels: dict[str, str]) -> list[tuple[str, str]]:
    """(name, address) as they were typed, domains as in LABELS."""
    found = []
    for person in order.get(field, []):
        name, _, address = person.rpartition(" <")
        if name.startswith('"'):
            name = name[1:-1].replace('\\"', '"')
        local, _, domain = address.rstrip(">").partition("@")
        found.append((name, f"{local}@{labels.get(domain, domain)}"))
    return found


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _check_wire(mail: bytes) -> None:
    """RFC 5322 and 2047 by the letter."""
    assert mail.isascii() and b"\0" not in mail
    rest = mail.replace(b"\r\n", b"")
    assert b"\r" not in rest and b"\n" not in rest
    head, _, body = mail.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        assert len(line) <= 78 or b" " not in line.strip(), line
        assert line.strip(), "a line of blanks ends the header for some"
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))


def _check_python(mail: bytes, order: dict) -> EmailMessage:
    read = email.message_from_bytes(mail, policy=email.policy.default)
    assert not read.defects and not [part.defects for part in read.walk() if part.defects]
    for name in read:
        assert not read[name].defects, (name, read[name])
    assert read["subject"] == order["subject"]
    assert read["date"].datetime.isoformat() == "2026-11-23T15:04:05+01:00"
    assert read["message-id"] == f"<{order['message_id']}>"
    for field in ("from", "to", "cc"):
        typed = _people(order | {"from": [order["from"]]}, field, LABELS)
        found = [(person.display_name, person.addr_spec) for person in
                 (read[field].addresses if read[field] else ())]
        assert found == typed
    text = read.get_body(("plain",)).get_content()
    assert _lines(text) == _lines(order["text"].replace("\r\n", "\n"))
    return read


def _check_mailparser(folder: Path, mails: list[tuple[bytes, dict]]) -> list[dict]:
    paths = []
    for number, (mail, _) in enumerate(mails):
        paths.append(folder / f"{number}.eml")
        paths[-1].write_bytes(mail)
    found = read_with_mailparser(*paths)
    for read, (_, order) in zip(found, mails, strict=True):
        assert read["subject"].strip() == order["subject"].strip()
        assert read["messageId"] == f"<{order['message_id']}>"
        assert read["date"] == "2026-11-23T14:04:05.000Z"
        for field in ("from", "to", "cc"):
            typed = _people(order | {"from": [order["from"]]}, field, {})  # it shows them as typed
            assert [(person["name"], person["address"]) for person in read[field]] == typed
        assert _lines(read["text"]) == _lines(order["text"])
    return found


@pytest.mark.parametrize("name", ORDERS)
def test_python_reads_what_was_meant(tmp_path: Path, name: str) -> None:
    order = ORDERS[name]
    mail = _write(order, tmp_path)
    _check_wire(mail)
    read = _check_python(mail, order)
    if name == "answer":
        ids = [*order["references"], order["in_reply_to"]]
        assert read["references"].split() == [f"<{identity}>" for identity in ids]
        assert read["in-reply-to"] == "<c@x.de>"


def test_mailparser_reads_what_was_meant(tmp_path: Path) -> None:
    mails = [(_write(order, tmp_path), order) for order in ORDERS.values()]
    found = dict(zip(ORDERS, _check_mailparser(tmp_path, mails), strict=True))
    order = ORDERS["answer"]
    assert found["answer"]["references"] == [f"<{identity}>" for identity in
                                             [*order["references"], order["in_reply_to"]]]


def _order_with_files(folder: Path) -> dict:
    files = []
    for number, (name, content) in enumerate(FILES.items()):
        path = folder / str(number)
        path.write_bytes(content)
        files.append({"name": name, "path": str(path)})
    return _order(text="Grüße\n", files=files)


def test_attachments_arrive(tmp_path: Path) -> None:
    """Names with umlauts, emoji and 300 bytes, and every byte, in both readers."""
    order = _order_with_files(tmp_path)
    mail = _write(order, tmp_path)
    _check_wire(mail)
    read = _check_python(mail, order)
    found = {part.get_filename(): part.get_payload(decode=True) for part in read.iter_attachments()}
    assert found == FILES
    assert [part.get_content_type() for part in read.iter_attachments()][:2] == ["application/pdf", "text/plain"]
    [parsed] = _check_mailparser(tmp_path, [(mail, order)])
    assert {part["name"]: base64.b64decode(part["content"]) for part in parsed["attachments"]} == FILES


def test_texts_say_their_charset(tmp_path: Path) -> None:
    (tmp_path / "utf8").write_text("Grüße\n", encoding="utf-8")
    (tmp_path / "latin").write_text("Grüße\n", encoding="latin-1")
    files = [{"name": f"{name}.txt", "path": str(tmp_path / name)} for name in ("utf8", "latin")]
    read = email.message_from_bytes(_write(_order(files=files), tmp_path), policy=email.policy.default)
    utf8, latin = read.iter_attachments()
    assert (utf8.get_content_charset(), utf8.get_content()) == ("utf-8", "Grüße\n")
    assert latin.get_content_charset() is None


def test_a_large_file_arrives(tmp_path: Path) -> None:
    block = zlib.compress(b"Amtspost")
    content = block * (20_000_000 // len(block))
    (tmp_path / "file").write_bytes(content)
    mail = _write(_order(files=[{"name": "groß.bin", "path": str(tmp_path / "file")}]), tmp_path)
    read = email.message_from_bytes(mail, policy=email.policy.default)
    [part] = read.iter_attachments()
    assert part.get_payload(decode=True) == content


def test_umlauts_in_local_parts_need_utf8(tmp_path: Path) -> None:
    mail = _write(_order(to=["Jürgen <jürgen@größe.example>"]), tmp_path)
    # Python's reader of bytes knows headers in ASCII only.
    read = email.message_from_string(mail.decode(), policy=email.policy.SMTPUTF8)
    [person] = read["to"].addresses
    assert (person.display_name, person.addr_spec) == ("Jürgen", "jürgen@größe.example")


HOSTILE = ["a\rb", "a\nb", "a\r\nBcc: x@y.de", "a\u2028b", "a\x1bb", "a\x85b"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_foreign_ids_that_cannot_be_written_are_left_out(tmp_path: Path, hostile: str) -> None:
    mail = _write(_order(in_reply_to=hostile, references=[hostile, "ok@x.example"]), tmp_path)
    read = email.message_from_bytes(mail, policy=email.policy.SMTP)
    assert read["references"] == "<ok@x.example>" and read["in-reply-to"] is None and read["bcc"] is None
    assert hostile.encode() not in mail


@pytest.mark.parametrize("field", ["subject", "from", "to", "cc", "message_id", "name", "type"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_is_written_with_a_foreign_line(tmp_path: Path, field: str, hostile: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    person = f"{hostile} <x@y.de>"
    value: Any = {"from": person, "to": [person], "cc": [person]}.get(field, hostile)
    order = _order(**{field: value})
    if field in ("name", "type"):
        order = _order(files=[{"name": "x", "path": str(tmp_path / "file"), field: hostile}])
    run = subprocess.run([WRITE_MAIL], input=json.dumps(order).encode(), capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.startswith(b"address-invalid" if field in ("from", "to", "cc") else b"field-invalid")


def test_finished_messages_go_as_they_are(tmp_path: Path) -> None:
    """What Python writes is what is sent, but for Bcc."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = Address("Größe, Jürgen", "j", "amt.example")
    message["To"] = "Anna <a@amt.example>, b@amt.example"
    message["Bcc"] = "geheim@amt.example"
    message["Subject"] = "Bescheid über die Straßengröße " * 5
    message["Date"] = "Mon, 23 Nov 2026 15:04:05 +0100"
    message["Message-ID"] = "<1@amt.example>"
    message.set_content("Grüße\n.\nFrom hier\n")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=LONG_NAME)
    run = subprocess.run([WRITE_MAIL, "--ready"], input=message.as_bytes(), capture_output=True, check=True)
    assert run.stderr.decode().split() == ["a@amt.example", "b@amt.example", "geheim@amt.example"]
    del message["Bcc"]
    assert run.stdout == message.as_bytes()

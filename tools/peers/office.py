"""The mails of the demo office: some hundred German municipal mails from data/demo/office.toml, in
many encodings, with threads, attachments and some broken ones. The same every time."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import encoders
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import encode_rfc2231, formataddr, formatdate
from pathlib import Path

from . import documents
from .maildir import Mail

DATA = Path(__file__).resolve().parents[2] / "data" / "demo" / "office.toml"
_START = 1_772_524_800  # 3 March 2026
_SMTP = compat32.clone(linesep="\r\n")
CLERK = "m.mustermann@musterhausen.example"
COUNTER = "poststelle@musterhausen.example"

_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ç": "c", "Ö": "oe", "Ç": "c"})
_PREFIXES = {"Bußgeld": "BG", "Parken": "OWI", "Gewerbe": "GEW", "Bürger": "ALLG"}
_FOLDERS = {"Bußgeld": "Archiv/2026/Bußgeld", "Parken": "Archiv/2026/Bußgeld",
            "Gewerbe": "Archiv/2026/Gewerbe", "Bürger": "INBOX"}


@dataclass
class _Case:
    """One matter: who writes to whom about what."""

    values: dict[str, str]
    citizen: str
    lawyer: str = "Kanzlei Dr. Fürchtegott & Söhne"
    identifiers: list[str] = field(default_factory=list)


class Office:
    """MAILBOXES after construction: address -> folder -> mails."""

    def __init__(self, cases: int = 90, seed: int = 2026):
        self._random = random.Random(seed)
        self._data = tomllib.loads(DATA.read_text(encoding="utf-8"))
        self._time = _START
        self._number = 0
        self.mailboxes: dict[str, dict[str, list[Mail]]] = {CLERK: {}, COUNTER: {}}
        for folder in ("INBOX", "Entwürfe", "Gesendete Elemente", "Gelöschte Elemente",
                       "Junk-E-Mail", "Kalender", "Kontakte", "Notizen", "Archiv/2026/Bußgeld",
                       "Archiv/2026/Gewerbe"):
            self.mailboxes[CLERK][folder] = []
        self.mailboxes[COUNTER] = {"INBOX": [], "Gelöschte Elemente": [], "Junk-E-Mail": []}
        self._add_mass_mails()
        for number in range(cases):
            self._add_thread(self._random.choice(self._data["thread"]))
            if number == cases // 2:
                for raw in self._odd_mails():
                    self._put(CLERK, "INBOX", raw)
        self._put(CLERK, "Kalender", self._invitation())

    def _put(self, mailbox: str, folder: str, raw: bytes) -> None:
        flags = "" if self._random.random() < 0.4 else "S"
        self.mailboxes[mailbox][folder].append(Mail(raw, self._time, flags))

    def _advance(self) -> None:
        self._time += self._random.randint(600, 3 * 3_600)

    def _identifier(self) -> str:
        self._number += 1
        return f"<{self._random.getrandbits(64):016x}.{self._number}@{self._data['domain']}>"

    def _case(self, kind: str) -> _Case:
        pick = self._random.choice
        name = f"{pick(self._data['first_names'])} {pick(self._data['last_names'])}"
        az = f"{_PREFIXES[kind]}-2026/{self._random.randint(1000, 9999)}"
        return _Case(citizen=name, values={
            "name": name, "az": az, "clerk": pick(self._data["clerks"]),
            "street": pick(self._data["streets"]), "amount": f"{self._random.randint(15, 240)},00",
            "plate": f"MHS-{pick('ABEHKM')}{pick('ENRTU')} {self._random.randint(10, 999)}",
            "day": f"{self._random.randint(1, 28)}.0{self._random.randint(2, 9)}.2026"})

    def _add_thread(self, thread: dict) -> None:
        case = self._case(thread["kind"])
        for step, template in enumerate(thread["mail"]):
            self._advance()
            message = self._compose(thread, template, case, step)
            raw = self._received("mx1") + message.as_bytes(policy=_SMTP)
            if template["from"] == "clerk":
                self._put(CLERK, "Gesendete Elemente", message.as_bytes(policy=_SMTP))
                continue
            filed = step == 0 and self._random.random() < 0.6
            self._put(CLERK, _FOLDERS[thread["kind"]] if filed else "INBOX", raw)
            if step == 0 and self._random.random() < 0.3:
                # The mail also came to the counter's mailbox, by another way.
                self._put(COUNTER, "INBOX", self._received("mx2") + message.as_bytes(policy=_SMTP))

    def _compose(self, thread: dict, template: dict, case: _Case, step: int):
        text = template["text"].lstrip("\n").format(**case.values)
        subject = thread["subject"].format(**case.values)
        charset = self._charset(text)
        message = self._with_attachments(self._text_part(text, charset), template, case)
        message["Subject"] = Header(("AW: " if step else "") + subject, self._charset(subject))
        message["From"] = self._sender(template["from"], case)
        message["To"] = f"Max Mustermann <{CLERK}>" if template["from"] != "clerk" else \
            self._address(case.citizen)
        message["Date"] = formatdate(self._time - 30)
        message["Message-ID"] = self._identifier()
        if case.identifiers:
            message["In-Reply-To"] = case.identifiers[-1]
            message["References"] = " ".join(case.identifiers)
        case.identifiers.append(message["Message-ID"])
        return message

    def _charset(self, text: str) -> str:
        """One that can say TEXT: old mail programs write Latin-1 or windows-1252."""
        wanted = self._random.choice(("utf-8", "utf-8", "iso-8859-1", "windows-1252"))
        try:
            text.encode(wanted)
        except UnicodeEncodeError:
            return "utf-8"
        return wanted

    def _address(self, name: str) -> str:
        plain = name.split()[-1].lower().translate(_ASCII)
        return formataddr((name, f"{plain}@buerger.example"), "utf-8")

    def _sender(self, who: str, case: _Case) -> str:
        if who == "clerk":
            return formataddr((case.values["clerk"], CLERK), "utf-8")
        if who == "lawyer":
            return formataddr((case.lawyer, "kanzlei@fuerchtegott.example"), "utf-8")
        return self._address(case.citizen)

    def _text_part(self, text: str, charset: str):
        plain = MIMEText(text, "plain", charset)
        if self._random.random() < 0.5:
            return plain
        paragraphs = text.replace("&", "&amp;").replace("<", "&lt;").strip().split("\n\n")
        html = "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>\n" for paragraph in paragraphs)
        return self._multipart("alternative", [plain, MIMEText(
            f'<html><body style="font-family:Calibri">\n{html}</body></html>\n', "html", charset)])

    def _multipart(self, kind: str, parts: list) -> MIMEMultipart:
        boundary = f"=_{self._random.getrandbits(64):016x}"
        return MIMEMultipart(kind, boundary=boundary, _subparts=parts)

    def _with_attachments(self, text, template: dict, case: _Case):
        names = [name.format(**case.values).replace("/", "-")
                 for name in template.get("attachments", [])]
        if not names:
            return text
        return self._multipart("mixed", [text, *(self._attachment(name, case) for name in names)])

    def _attachment(self, name: str, case: _Case) -> MIMEBase:
        end = name.rpartition(".")[2]
        says = f"{name} zu {case.values['az']}"
        if end == "jpg":
            size = self._random.choice((20_000, 60_000, 180_000, 700_000))
            kind, content = "image/jpeg", documents.jpeg(self._random, size)
        elif end == "docx":
            kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            content = documents.docx(says)
        else:
            kind, content = "application/pdf", documents.pdf(says)
        part = MIMEBase(*kind.split("/"))
        part.set_payload(content)
        encoders.encode_base64(part)
        self._set_name(part, name)
        return part

    def _set_name(self, part: MIMEBase, name: str) -> None:
        """By RFC 2231 as the standard says, or as Outlook does, by RFC 2047."""
        if self._random.random() < 0.5:
            coded = encode_rfc2231(name, "utf-8")
            part["Content-Disposition"] = f"attachment; filename*={coded}"
        else:
            words = Header(name, "utf-8").encode(maxlinelen=1000)
            part.replace_header("Content-Type", f'{part.get_content_type()}; name="{words}"')
            part["Content-Disposition"] = f'attachment; filename="{words}"'

    def _received(self, relay: str) -> bytes:
        return (f"Return-Path: <bounce@{relay}.example>\r\n"
                f"Received: from {relay}.example ({relay}.example [192.0.2.{len(relay)}])\r\n"
                f"\tby mail.{self._data['domain']} with ESMTPS id {self._random.getrandbits(40):X};\r\n"
                f"\t{formatdate(self._time)}\r\n").encode()

    def _add_mass_mails(self) -> None:
        for kind, folder, count in (("newsletter", "INBOX", 14), ("junk", "Junk-E-Mail", 16),
                                    ("newsletter", "Gelöschte Elemente", 9)):
            for number in range(1, count + 1):
                self._advance()
                raw = self._received("mx1") + self._mass_mail(self._random.choice(
                    self._data[kind]), number)
                self._put(CLERK, folder, raw)
                if kind == "newsletter" and folder == "INBOX":
                    self._put(COUNTER, "INBOX", raw)  # the very same bytes in two mailboxes

    def _mass_mail(self, template: dict, number: int) -> bytes:
        name, _, address = template["from"].partition(" <")
        rows = "".join(f"<tr><td><b>Meldung {i}</b><br>Näheres lesen Sie "
                       f'<a href="https://rundbrief.example/{number}/{i}">hier</a>.</td></tr>\n'
                       for i in range(1, 40))
        message = self._multipart("alternative", [
            MIMEText(f"Ausgabe {number}. Zum Lesen bitte die HTML-Fassung öffnen.\n", "plain", "utf-8"),
            MIMEText('<html><body><img src="https://rundbrief.example/zaehler.gif" width="1">\n'
                     f"<table>{rows}</table></body></html>\n", "html", "utf-8")])
        message["From"] = formataddr((name, address.rstrip(">")), "utf-8")
        message["To"] = "undisclosed-recipients:;"
        message["Subject"] = Header(template["subject"].format(number=number), "utf-8")
        message["Date"] = formatdate(self._time)
        message["Message-ID"] = self._identifier()
        message["List-Unsubscribe"] = "<https://rundbrief.example/abmelden>"
        return message.as_bytes(policy=_SMTP)

    def _odd_mails(self) -> Iterator[bytes]:
        """What no standard allows and every mailbox holds."""
        day = formatdate(self._time).encode()
        to = b"To: " + CLERK.encode() + b"\r\n"
        yield b"From: fax@geraet.example\r\n" + to + b"Subject: Fax ohne Datum und Message-ID\r\n\r\n\r\n"
        yield ("From: Jürgen Roh <roh@buerger.example>\r\nSubject: Ungeprüfte Umlaute im Betreff\r\n"
               ).encode("iso-8859-1") + b"Date: " + day + b"\r\n\r\nGr\xfc\xdfe\r\n"
        yield b"From: alt@system.example\nSubject: Nur Zeilenvorschub\nDate: " + day + b"\n\nText\n"
        yield (b"From: x@y.example\r\nSubject: =?utf-8?B?S2FwdXR0ZXIgQmV0cmVmZg?=\r\n"
               b"Date: irgendwann\r\nContent-Type: text/plain; charset=gibt-es-nicht\r\n\r\n\xe4\xf6\xfc\r\n")
        yield (b"From: a@b.example\r\nSubject: Abgeschnittene Anlage\r\nMIME-Version: 1.0\r\n"
               b"Content-Type: multipart/mixed; boundary=abc\r\nDate: " + day + b"\r\n\r\n--abc\r\n"
               b"Content-Type: application/pdf; name=Rest.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               b"JVBERi0xLjQK")
        yield b"\r\n"
        yield b"Subject: " + b"sehr langer Betreff " * 400 + b"\r\nDate: " + day + b"\r\n\r\nkurz\r\n"
        for text in (b"erste", b"zweite"):  # two mails that claim the same Message-ID
            yield (b"From: doppelt@system.example\r\nMessage-ID: <immer-gleich@system.example>\r\n"
                   b"Subject: Gleiche Message-ID\r\nDate: " + day + b"\r\n\r\n" + text + b"\r\n")
        yield self._forwarded()
        yield self._large()

    def _forwarded(self) -> bytes:
        inner = MIMEText("Bitte übernehmen Sie.\n", "plain", "utf-8")
        inner["Subject"] = Header("Zuständigkeit für Sondernutzung", "utf-8")
        inner["From"] = "bauamt@musterhausen.example"
        message = self._multipart("mixed", [MIMEText("Zur Kenntnis.\n", "plain", "utf-8"),
                                            MIMEMessage(inner)])
        message["Subject"] = "WG: Sondernutzung"
        message["From"] = COUNTER
        message["Date"] = formatdate(self._time)
        message["Message-ID"] = self._identifier()
        return message.as_bytes(policy=_SMTP)

    def _large(self) -> bytes:
        message = self._multipart("mixed", [MIMEText("Die Pläne, wie besprochen.\n", "plain", "utf-8")])
        photo = MIMEBase("image", "jpeg")
        photo.set_payload(documents.jpeg(self._random, 4_000_000))
        encoders.encode_base64(photo)
        self._set_name(photo, "Luftbild Gewerbegebiet Süd.jpg")
        message.attach(photo)
        message["Subject"] = Header("Luftbild für die Gewerbefläche", "utf-8")
        message["From"] = self._address("Planungsbüro Öhlschläger")
        message["Date"] = formatdate(self._time)
        message["Message-ID"] = self._identifier()
        return message.as_bytes(policy=_SMTP)

    def _invitation(self) -> bytes:
        part = MIMENonMultipart("text", "calendar", charset="utf-8", method="REQUEST")
        part.set_payload("BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
                         "UID:dienstbesprechung@musterhausen.example\nDTSTAMP:20260302T080000Z\n"
                         "DTSTART:20260309T090000Z\nSUMMARY:Dienstbesprechung Bußgeldstelle\n"
                         "END:VEVENT\nEND:VCALENDAR\n", "utf-8")
        part["Subject"] = Header("Dienstbesprechung Bußgeldstelle", "utf-8")
        part["From"] = "Erika Beispiel <e.beispiel@musterhausen.example>"
        part["Date"] = formatdate(self._time)
        part["Message-ID"] = self._identifier()
        return part.as_bytes(policy=_SMTP)

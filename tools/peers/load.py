"""Mails in bulk for tests and measurements: N of mixed size, the same for the same seed."""

import base64
import random
from collections.abc import Iterator
from email.utils import formatdate

from .maildir import Mail

FIRST_TIME = 1_767_258_000  # 1 January 2026

# (share, smallest, largest): most mails are short, few carry megabytes.
_SIZES = ((75, 600, 6_000), (18, 6_000, 40_000), (6.6, 40_000, 200_000), (0.4, 1_000_000, 3_000_000))
_SMALL = ((100, 600, 3_000),)


def _pick_size(source: random.Random, sizes: tuple) -> int:
    _, low, high = source.choices(sizes, weights=[share for share, *_ in sizes])[0]
    return source.randint(low, high)


def _body(source: random.Random, size: int) -> tuple[bytes, bytes]:
    """(header lines, body) of a text for small SIZE, with an attachment from 20 KB on."""
    if size < 20_000:
        words = "Antrag Bescheid Gebühr Straße Frist Anhörung Akte Termin Prüfung Kasse".split()
        lines = []
        while size > 0:
            line = " ".join(source.choices(words, k=9))
            lines.append(line)
            size -= len(line.encode()) + 2
        return (b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
                "\r\n".join(lines).encode() + b"\r\n")
    coded = base64.encodebytes(source.randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    boundary = b"=_%016x" % source.getrandbits(64)
    return (b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%s"\r\n' % boundary,
            b"--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAnlage anbei.\r\n"
            b"--%s\r\nContent-Type: application/pdf; name=Bescheid.pdf\r\n"
            b"Content-Disposition: attachment; filename=Bescheid.pdf\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--%s--\r\n"
            % (boundary, boundary, coded, boundary))


def make_mails(count: int, seed: int = 1, small: bool = False) -> Iterator[Mail]:
    """COUNT mails, about 25 KB each in the mean (1.5 KB if SMALL), all different."""
    source = random.Random(seed)
    for number in range(count):
        time = FIRST_TIME + number * 61
        headers, body = _body(source, _pick_size(source, _SMALL if small else _SIZES))
        raw = (b"Return-Path: <absender%d@firma.example>\r\n"
               b"From: =?utf-8?Q?B=C3=BCrger_%d?= <absender%d@firma.example>\r\n"
               b"To: <m.mustermann@musterhausen.example>\r\n"
               b"Subject: Vorgang %d-%d\r\nDate: %s\r\nMessage-ID: <%d.%d@last.example>\r\n%s\r\n%s"
               % (number, number, number, seed, number, formatdate(time).encode(), seed, number,
                  headers, body))
        yield Mail(raw, time, source.choice(("", "S", "FS")))

"""Folder names as IMAP writes them: modified UTF-7 (RFC 3501, section 5.1.3)."""

import base64


def encode(name: str) -> str:
    """Entwürfe -> Entw&APw-rfe"""
    result, run = [], []

    def flush() -> None:
        if run:
            coded = base64.b64encode("".join(run).encode("utf-16-be")).decode().rstrip("=")
            result.append("&" + coded.replace("/", ",") + "-")
            run.clear()

    for character in name:
        if " " <= character <= "~":
            flush()
            result.append("&-" if character == "&" else character)
        else:
            run.append(character)
    flush()
    return "".join(result)

"""What a secret could look like, and where it could lie, by mistake."""

import base64
from pathlib import Path


def forms(secret: str) -> list[bytes]:
    """SECRET as it could lie somewhere by mistake."""
    raw = secret.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw)[:24], base64.b64encode(b"\0" + raw)[1:20],
            raw.decode().encode("utf-16-le")]


def all_bytes(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

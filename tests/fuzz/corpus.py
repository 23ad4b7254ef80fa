"""The inputs that are kept, a file each: seeds by hand, and what once failed."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


def of(target: str) -> dict[str, bytes]:
    """By the name of the file."""
    return {file.name: file.read_bytes() for file in sorted((FOLDER / target).iterdir())}


def keep(target: str, data: bytes) -> Path:
    file = FOLDER / target / f"crash-{hashlib.sha1(data).hexdigest()}"
    file.write_bytes(data)
    return file

"""What a record holds of prompts and values: themselves, or only what tells two of them apart."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from extproc.chat import strict_json

if TYPE_CHECKING:
    from extproc.contract import Content

_KEY_BYTES: Final = 32
_HASH_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Telling:
    """`key` makes hashes that nobody without it can find the text of by trying."""

    content: Content
    key: bytes = field(repr=False)

    def prompt(self, text: str) -> dict[str, Any]:
        if self.content == "all":
            return {"text": text}
        return {"characters": len(text), "hash": self._hash(text.encode("utf-8", "replace"))}

    def value(self, value: Any) -> dict[str, Any]:
        if self.content != "none":
            return {"value": value}
        return {"type": _json_type(value), "hash": self._hash(strict_json.dumps(value))}

    def _hash(self, content: bytes) -> str:
        return hmac.new(self.key, content, hashlib.sha256).hexdigest()[:_HASH_DIGITS]


def home_key(path: Path) -> bytes:
    """The key of this home, made by whichever process comes first: all of them hash alike."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        made = path.with_name(f".{path.name}.{os.getpid()}")
        made.touch(0o600)
        made.write_bytes(os.urandom(_KEY_BYTES))
        try:
            # A link, unlike a rename, leaves the key that another process made meanwhile.
            path.hardlink_to(made)
        except FileExistsError:
            pass
        finally:
            made.unlink()
        return path.read_bytes()


def _json_type(value: Any) -> str:
    return next(name for name, kind in _TYPES.items() if isinstance(value, kind))


_TYPES: Final = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": float,
    "string": str,
    "array": list,
    "object": dict,
}

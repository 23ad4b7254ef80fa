"""JSON Web Key Sets (RFC 7517): the public keys that tokens of clients are checked with.

Envoy takes a set as a whole or not at all, and says so only in its own log. So whoever reads one
looks first.
"""

from __future__ import annotations

import json
from typing import Any

_NEEDED = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}


def fault(text: str) -> str | None:
    """Why nobody's token could be checked with it, in words that no key is in."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "is no JSON"
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys:
        return "holds no key set: `keys`, with one key or more"
    faults = ((number, _of_key(key)) for number, key in enumerate(keys))
    return next((f"keys[{number}] {each}" for number, each in faults if each), None)


def _of_key(key: Any) -> str | None:
    if not isinstance(key, dict):
        return "is no key"
    kind = key.get("kty")
    needed = _NEEDED.get(kind) if isinstance(kind, str) else None
    if needed is None:
        return f"has no `kty` of {', '.join(_NEEDED)}"
    if missing := [name for name in needed if not isinstance(key.get(name), str) or not key[name]]:
        return f"has no `{missing[0]}`"
    if "d" in key:
        return "is a private key, which can make tokens: put its public half there"
    return None

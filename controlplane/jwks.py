"""JSON Web Key Sets (RFC 7517): the public keys that tokens of clients are checked with.

Envoy passes over the keys of a set that it cannot use: issuers publish those for encryption, too,
and kinds that are yet to come. Where none is left it takes no token, and tells its own log alone; so
whoever reads a set looks first.
"""

from __future__ import annotations

import json
from typing import Any

_NEEDED = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",), "oct": ("k",)}
_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519",)}


def fault(text: str) -> str | None:
    """Why nobody's token could be checked with it, in words that no key is in."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "is no JSON"
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys:
        return "holds no key set: `keys`, with one key or more"
    for number, key in enumerate(keys):
        if isinstance(key, dict) and "d" in key:
            return (
                f"keys[{number}] is a private key, which can make tokens: put its public half there"
            )
    faults = [_of_key(key) for key in keys]
    return None if None in faults else f"holds no key of use: keys[0] {faults[0]}"


def _of_key(key: Any) -> str | None:
    if not isinstance(key, dict):
        return "is no key"
    kind = key.get("kty")
    needed = _NEEDED.get(kind) if isinstance(kind, str) else None
    if needed is None:
        return f"has no `kty` of {', '.join(_NEEDED)}"
    if missing := [name for name in needed if not isinstance(key.get(name), str) or not key[name]]:
        return f"has no `{missing[0]}`"
    curves = _CURVES.get(str(kind))
    if curves and key.get("crv") not in curves:
        return f"has no `crv` of {', '.join(curves)}"
    return None

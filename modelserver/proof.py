"""Who is the model server, and who may ask it: each proves to know a token that never travels.

A port is anybody's to take: whoever listens there would be shown every prompt, and could call an
attack harmless. So a client sends a nonce on each new connection, before any prompt, and goes on
only if the answer is the HMAC of it under the token. With it comes a nonce of the server's process,
and each request carries the HMAC of that one. What proves the server never proves a client.

Not covered: who can read the network between the two reads prompts, so between hosts it needs a
tunnel or a network of one's own; and who can pass on connections to a server of the same token
is taken for it. The token is 32 characters or more, at random: a short one could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PATH: Final = "/v1/proof"
NONCE_HEADER: Final = "x-arch-nonce"
PROOF_HEADER: Final = "authorization"
SHORTEST: Final = 32
_NONCE_LENGTH: Final = 64
_SERVER, _CLIENT = b"archgw model server\n", b"archgw client\n"


class TokenError(Exception):
    """What was given is no token that can be used."""


def read_token(file: Path) -> bytes:
    try:
        return checked_token(file.read_bytes(), str(file))
    except OSError as error:
        raise TokenError(f"{file}: {error.strerror}") from None


def checked_token(written: bytes, where: str) -> bytes:
    token = written.strip()
    if len(token) < SHORTEST:
        raise TokenError(f"{where}: a token has {SHORTEST} characters or more, at random")
    return token


def nonce() -> str:
    return secrets.token_hex(_NONCE_LENGTH // 2)


class Server:
    """The server's end. Its nonce is of the process: after a restart clients prove themselves anew."""

    def __init__(self, token: bytes) -> None:
        self._token = token
        self._nonce = nonce()

    def answer(self, challenge: str) -> dict[str, str]:
        """To any nonce but one of another length, which nobody of ours sends."""
        if len(challenge) != _NONCE_LENGTH:
            raise ValueError("no nonce")
        return {"proof": _mac(self._token, _SERVER, challenge), "nonce": self._nonce}

    def admits(self, header: str | None) -> bool:
        expected = _mac(self._token, _CLIENT, self._nonce)
        return hmac.compare_digest((header or "").encode(), expected.encode())


def accepted(token: bytes, challenge: str, answer: bytes) -> str | None:
    """The client's own proof for what it asks next; None if the server gave none of its own."""
    try:
        found = json.loads(answer)
        proof, server_nonce = str(found["proof"]), str(found["nonce"])
    except (ValueError, LookupError, TypeError):
        return None
    if not hmac.compare_digest(proof.encode(), _mac(token, _SERVER, challenge).encode()):
        return None
    return _mac(token, _CLIENT, server_nonce)


def _mac(token: bytes, who: bytes, text: str) -> str:
    return hmac.new(token, who + text.encode(), hashlib.sha256).hexdigest()

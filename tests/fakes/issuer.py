"""An issuer of tokens: its keys, as it would publish them, and tokens of every kind, sound or not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.fakes.serving import Server

if TYPE_CHECKING:
    import ssl

NAME, AUDIENCE = "https://issuer.test", "archgw"


def seconds() -> int:
    """The time as tokens have it."""
    return int(datetime.now(UTC).timestamp())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Issuer:
    key_id: str = "1"
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        told = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.key_id}
        return {**told, "n": _number(numbers.n), "e": _number(numbers.e)}

    @property
    def key_set(self) -> str:
        """Beside its key those that nobody checks a token with, as issuers have them."""
        encryption = {**self.jwk, "alg": "RSA-OAEP", "use": "enc", "kid": "encryption"}
        return json.dumps({"keys": [{"kty": "of tomorrow"}, encryption, self.jwk]})

    def token(self, algorithm: str = "RS256", **claims: Any) -> str:
        """`algorithm` other than RS256: as a forger writes it, who knows the public key alone."""
        now = seconds()
        told = {"iss": NAME, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, **claims}
        payload = {name: value for name, value in told.items() if value is not None}
        head = {"alg": algorithm, "typ": "JWT", "kid": self.key_id}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, payload))
        return f"{signed}.{_encoded(self._signature(algorithm, signed.encode()))}"

    def _signature(self, algorithm: str, signed: bytes) -> bytes:
        if algorithm == "RS256":
            return self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        if algorithm == "HS256":
            public = self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return hmac.digest(public, signed, hashlib.sha256)
        return b""


class KeySetServer(Server):
    """Where an issuer publishes its keys."""

    def __init__(self, issuer: Issuer, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.issuer = issuer
        self.asked = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/keys?kind=sign"

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/keys", self._answer)
        application.router.add_get("/nothing", self._nothing)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        assert request.query_string == "kind=sign"
        return web.Response(text=self.issuer.key_set, content_type="application/json")

    async def _nothing(self, _request: web.Request) -> web.Response:
        return web.Response(text="<html>Sign in</html>")

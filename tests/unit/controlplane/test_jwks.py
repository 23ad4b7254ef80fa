"""Key sets of issuers: those that Envoy takes, and what is wrong with the others."""

from __future__ import annotations

import json

import pytest

from controlplane import jwks

RSA = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
EC = {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}


@pytest.mark.parametrize("key", [RSA, EC, {"kty": "OKP", "crv": "Ed25519", "x": "AQ"}])
@pytest.mark.parametrize("other", [{}, {"kty": "new"}, {**RSA, "use": "enc"}, {"kty": "RSA"}])
def test_sound(key: dict[str, str], other: dict[str, str]) -> None:
    """One key that is of use is enough, wherever it stands; Envoy passes over the others."""
    for keys in ([key, other], [other, {**key, "kid": "1", "x5c": []}]):
        assert jwks.fault(json.dumps({"keys": keys, "more": 1})) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no JSON"),
        ("-----BEGIN PUBLIC KEY-----", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "holds no key set"),
        ("{}", "holds no key set"),
        ('{"keys": []}', "holds no key set"),
        ('{"keys": ["a"]}', "holds no key of use: keys[0] is no key"),
        ('{"keys": [{"kty": ["RSA"]}]}', "holds no key of use: keys[0] has no `kty`"),
        (
            json.dumps({"keys": [{"kty": "RSA", "n": "AQAB"}]}),
            "holds no key of use: keys[0] has no `e`",
        ),
        (json.dumps({"keys": [{**RSA, "n": 5}]}), "holds no key of use: keys[0] has no `n`"),
        (
            json.dumps({"keys": [{**EC, "crv": "secp256k1"}]}),
            "holds no key of use: keys[0] has no `crv`",
        ),
        (json.dumps({"keys": [RSA, {**EC, "d": "hunter2"}]}), "keys[1] is a private key"),
    ],
)
def test_faults(text: str, words: str) -> None:
    """Each is told with the key that it is of, and without the key."""
    fault = jwks.fault(text)
    assert fault is not None
    assert fault.startswith(words)
    assert "hunter2" not in fault

"""Who may call: by keys under the names of their clients, by tokens, by certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.lower.addresses import place

if TYPE_CHECKING:
    from controlplane import model
    from controlplane.lower.addresses import Addressing

DEFAULT_CLAIM = "sub"


def lower_auth(
    written: model.Auth, listener: ir.ListenerName, addressing: Addressing
) -> ir.Auth | None:
    """None where anybody may call."""
    if not (written.keys or written.jwt or written.mtls):
        return None
    keys = (ir.SecretValue(each.client, each.key.value) for each in written.keys)
    return ir.Auth(
        keys=tuple(dict.fromkeys(keys)),
        tokens=_tokens(written.jwt, listener, addressing) if written.jwt else None,
        certificates=_certificates(written.mtls, listener) if written.mtls else None,
    )


def _tokens(written: model.Jwt, listener: ir.ListenerName, addressing: Addressing) -> ir.Tokens:
    name = f"jwks-{listener}"
    keys: ir.SecretValue | ir.KeySet
    if written.url:
        where = place((written.url.partition("?")[0],), None)
        upstream = addressing.upstream(name, where, None, None, written.ca_file)
        keys = ir.KeySet(written.url, upstream)
    else:
        keys = ir.SecretValue(name, written.keys.value if written.keys else None)
    return ir.Tokens(
        issuer=written.issuer or "",
        audiences=written.audiences,
        client_claim=written.claim or DEFAULT_CLAIM,
        keys=keys,
    )


def _certificates(written: model.Mtls, listener: ir.ListenerName) -> ir.ClientCertificates:
    return ir.ClientCertificates(f"clients-{listener}", written.ca_file or "", written.sans)

"""SDS files: they tell Envoy which file holds a key or a certificate, and hold none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit.proto import Fields
    from controlplane.home_paths import Home

_SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105  a type name


def emit_secret_files(gateway: ir.Gateway, home: Home) -> tuple[tuple[str, str], ...]:
    """(file name under the home's `secrets`, text) for every key and certificate."""
    keys = [
        (
            home.sds_file(secret.name).name,
            _sds(
                secret.name,
                {"generic_secret": {"secret": {"filename": str(home.key_file(secret.name))}}},
            ),
        )
        for secret in gateway.secrets
    ]
    certificates = [
        (home.sds_file(certificate.name).name, _sds(certificate.name, _certificate(certificate)))
        for listener in gateway.listeners
        for certificate in listener.certificates
    ]
    clients = [
        (home.sds_file(each.name).name, _sds(each.name, _signers(each)))
        for each in (listener.auth.certificates for listener in gateway.listeners if listener.auth)
        if each
    ]
    return tuple(keys + certificates + clients)


def _signers(clients: ir.ClientCertificates) -> Fields:
    # A certificate that does not hold ends no handshake: its call is answered, by a 401.
    return {
        "validation_context": {
            "trusted_ca": {"filename": clients.ca_file},
            "watched_directory": {"path": str(Path(clients.ca_file).parent)},
            "trust_chain_verification": "ACCEPT_UNTRUSTED",
        }
    }


def _certificate(certificate: ir.Certificate) -> Fields:
    return {
        "tls_certificate": {
            "certificate_chain": {"filename": certificate.chain_file},
            "private_key": {"filename": certificate.key_file},
            # Renewal swaps what lies in this folder; chain and key are then read together.
            "watched_directory": {"path": str(Path(certificate.chain_file).parent)},
        }
    }


def _sds(name: str, secret: Fields) -> str:
    resource = {"@type": _SECRET, "name": name, **secret}
    return yaml.safe_dump({"resources": [resource]}, sort_keys=False)

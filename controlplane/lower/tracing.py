"""Where spans go: the collector, as Envoy calls it and as our own processes do."""

from __future__ import annotations

import hashlib

from controlplane import defaults, hosts, ir, model
from extproc import contract

_GRPC_PORT, _HTTP_PORT = 4317, 4318
_PATH = "/v1/traces"

# One that is slow or dead must not pile up what waits for it.
_BREAKER = ir.CircuitBreaker(
    max_connections=8, max_pending_requests=8, max_requests=8, max_retries=0
)


def lower_tracing(
    written: model.Tracing | None, ca_file: str
) -> tuple[ir.Tracing | None, tuple[ir.SecretValue, ...]]:
    """And what is in the headers of spans on their way: it may be a key."""
    if written is None:
        return None, ()
    headers = {_secret(written, name): (name.lower(), value) for name, value in written.headers}
    names = tuple((header, secret) for secret, (header, _) in headers.items())
    secrets = tuple(ir.SecretValue(name, value.value) for name, (_, value) in headers.items())
    return _tracing(written, ca_file, names), secrets


def _secret(written: model.Tracing, header: str) -> str:
    """Of another collector it is another one: its key never lies in the file of this one."""
    meant = f"{written.otlp}\n{header.lower()}"
    return f"key-otlp-{hashlib.sha256(meant.encode()).hexdigest()[:12]}"


def _tracing(
    written: model.Tracing, ca_file: str, headers: tuple[tuple[str, str], ...]
) -> ir.Tracing:
    host = hosts.split(written.otlp or defaults.COLLECTOR)
    assert host is not None, "the rule AG712 refuses what is no host"
    assert host.scheme is not None, "and what has no scheme"
    grpc, tls = host.scheme.startswith("grpc"), host.scheme in ("https", "grpcs")
    address = ir.Address(host.name, host.port or (_GRPC_PORT if grpc else _HTTP_PORT))
    place = f"[{host.name}]" if ":" in host.name else host.name
    return ir.Tracing(
        collector=ir.Upstream(
            name="otlp",
            addresses=(address,),
            tls=ir.UpstreamTls(ca_file) if tls else None,
            connect_timeout=defaults.CONNECT_TIMEOUT,
            circuit_breaker=_BREAKER,
            health_check=None,
        ),
        sampling=1.0 if written.sampling_rate is None else written.sampling_rate,
        spans=contract.Tracing(
            collector=f"{host.scheme}://{place}:{address.port}{'' if grpc else _path(host.path)}",
            service_name=written.service_name or defaults.SERVICE_NAME,
            ca_file=ca_file if tls else None,
            headers=headers,
            content=written.content,
        ),
    )


def _path(written: str) -> str:
    """Variables name the whole of it, or what stands before OpenTelemetry's own path."""
    path = written.rstrip("/")
    return path if path.endswith(_PATH) else path + _PATH

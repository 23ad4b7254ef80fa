"""The application's own hosts: `endpoints`, and 0.1-beta's nameless `prompt_endpoints`.

An error target may name a host that nobody declared; v0.1's own example does. It is taken for
a host of that name, and the lint rule AG202 says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from controlplane.hosts import split
from controlplane.model import CircuitBreaker, Endpoint, HealthCheck
from controlplane.reading.dialects.old_forms import named_pool
from controlplane.reading.dialects.targets import POOL, error_endpoint, rooted_path

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading


def read_endpoints(top: Record, reading: Reading) -> tuple[Endpoint, ...]:
    declared = [_endpoint(name, record, reading) for name, record in top.listed("endpoints")]
    if pool := top.texts(POOL):
        declared.append(Endpoint(path=top.path_of(POOL), name=POOL, addresses=pool))
        _report_pool(top, reading)
    named = error_endpoint(top)
    if named and named[1] not in {endpoint.name for endpoint in declared}:
        path, host = named
        declared.append(Endpoint(path=path, name=host, addresses=(host,), implicit=True))
    return tuple(declared)


def _report_pool(top: Record, reading: Reading) -> None:
    path = top.path_of(POOL)
    message = f"`{POOL}` is 0.1-beta's nameless pool of hosts; taken for an endpoint"
    hint = f"write `endpoints: {{{POOL}: […]}}`"
    reading.warn("AG109", path, message, hint, *named_pool(path, reading.document))


def _endpoint(name: str, record: Record, reading: Reading) -> Endpoint:
    protocol = cast('Literal["http", "https"] | None', record.text("protocol"))
    return Endpoint(
        path=record.path,
        name=name,
        addresses=_with_port(record.texts("endpoint"), record.whole("port")),
        http_host=record.text("http_host"),
        protocol=protocol,
        connect_timeout=record.duration("connect_timeout"),
        health_check=_health_check(record, reading),
        circuit_breaker=_circuit_breaker(record),
        ca_file=record.record("tls").text("ca_file"),
    )


def _with_port(addresses: tuple[str, ...], port: int | None) -> tuple[str, ...]:
    """Later versions of archgw have a key for it; an address may still say its own."""
    if port is None:
        return addresses
    parts = [(address, split(address)) for address in addresses]
    return tuple(
        f"{address.rstrip('/')}:{port}"
        if host and not host.port and host.path in ("", "/")
        else address
        for address, host in parts
    )


def _health_check(endpoint: Record, reading: Reading) -> HealthCheck | None:
    if "health_check" not in endpoint:
        return None
    record = endpoint.record("health_check")
    return HealthCheck(
        path=record.path,
        http_path=rooted_path(record, reading),
        interval=record.duration("interval"),
        timeout=record.duration("timeout"),
        healthy_threshold=record.whole("healthy_threshold"),
        unhealthy_threshold=record.whole("unhealthy_threshold"),
    )


def _circuit_breaker(endpoint: Record) -> CircuitBreaker | None:
    if "circuit_breaker" not in endpoint:
        return None
    record = endpoint.record("circuit_breaker")
    return CircuitBreaker(
        path=record.path,
        max_connections=record.whole("max_connections"),
        max_pending_requests=record.whole("max_pending_requests"),
        max_requests=record.whole("max_requests"),
        max_retries=record.whole("max_retries"),
    )

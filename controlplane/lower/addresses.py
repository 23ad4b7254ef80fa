"""What the user wrote for a host becomes addresses, TLS and limits of an upstream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane import defaults, hosts, ir

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta

    from controlplane import model

_HTTP_PORT, _HTTPS_PORT = 80, 443

_BREAKER = ir.CircuitBreaker(
    max_connections=1024, max_pending_requests=1024, max_requests=1024, max_retries=16
)


def slug(name: str) -> str:
    """A name that is safe in file names, cluster names and metrics."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "unnamed"


def unique(name: str, taken: Collection[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def endpoint_names(config: model.Config) -> Mapping[str, str]:
    """What each endpoint is called in the gateway: `my app` and `my-app` stay two."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for endpoint in config.endpoints:
        names[endpoint.name] = unique(slug(endpoint.name), taken)
        taken.add(names[endpoint.name])
    return names


@dataclass(frozen=True, slots=True)
class Place:
    """Hosts of one scheme, and the path that the first of them carried."""

    addresses: tuple[ir.Address, ...]
    https: bool
    path: str


def place(
    written: tuple[str, ...],
    protocol: str | None,
    weight: int = 1,
    default_port: int | None = None,
    called: str | None = None,
) -> Place:
    """Hosts as users write them, all of them in one pool: with TLS as soon as one needs it."""
    parts = [_host(text) for text in written]
    https = protocol == "https" if protocol else any(part.https for part in parts)
    port = default_port or (_HTTPS_PORT if https else _HTTP_PORT)
    addresses = tuple(ir.Address(part.name, part.port or port, weight, called) for part in parts)
    return Place(addresses, https, parts[0].path.rstrip("/") if parts else "")


def _host(written: str) -> hosts.Host:
    host = hosts.split(written)
    assert host is not None, "the rules AG702 and AG703 refuse what is no host"
    return host


@dataclass(frozen=True, slots=True)
class Addressing:
    config: model.Config
    ca_file: str
    names: Mapping[str, str]
    """Of the endpoints, in the gateway."""

    def endpoint(self, endpoint: model.Endpoint) -> ir.Upstream:
        where = place(endpoint.addresses, endpoint.protocol, called=endpoint.http_host)
        return self.upstream(
            self.names[endpoint.name],
            where,
            endpoint,
            endpoint.connect_timeout,
            endpoint.ca_file,
        )

    def declared(self, name: str) -> model.Endpoint | None:
        return next((entry for entry in self.config.endpoints if entry.name == name), None)

    def upstream(
        self,
        name: str,
        where: Place,
        endpoint: model.Endpoint | None,
        connect_timeout: timedelta | None,
        ca_file: str | None,
    ) -> ir.Upstream:
        return ir.Upstream(
            name=name,
            addresses=where.addresses,
            tls=ir.UpstreamTls(ca_file or self.ca_file) if where.https else None,
            connect_timeout=connect_timeout or defaults.CONNECT_TIMEOUT,
            circuit_breaker=_breaker(endpoint.circuit_breaker if endpoint else None),
            health_check=_health_check(endpoint.health_check if endpoint else None),
        )


def _breaker(written: model.CircuitBreaker | None) -> ir.CircuitBreaker:
    if written is None:
        return _BREAKER
    return ir.CircuitBreaker(
        max_connections=_or(written.max_connections, _BREAKER.max_connections),
        max_pending_requests=_or(written.max_pending_requests, _BREAKER.max_pending_requests),
        max_requests=_or(written.max_requests, _BREAKER.max_requests),
        max_retries=_or(written.max_retries, _BREAKER.max_retries),
    )


def _health_check(written: model.HealthCheck | None) -> ir.HealthCheck | None:
    if written is None:
        return None
    return ir.HealthCheck(
        http_path=written.http_path or "/healthz",
        interval=written.interval or defaults.HEALTH_CHECK_INTERVAL,
        timeout=written.timeout or defaults.HEALTH_CHECK_TIMEOUT,
        healthy_threshold=_or(written.healthy_threshold, 1),
        unhealthy_threshold=_or(written.unhealthy_threshold, 2),
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value

"""Can what the gateway calls be reached? Tried as Envoy does: the name, TCP, then TLS with its trust.

Nothing is asked there, and no key is sent. What is found is for the operator, addresses and all;
clients are told its class alone.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.hosts import split
from extproc.contract import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEEPER = "limits that gateways share"
_REDIS_PORT = 6379


@dataclass(frozen=True, slots=True)
class Host:
    """One host of what the gateway calls."""

    what: str
    """`provider main`, `API weather`."""
    address: ir.Address
    ca_file: str | None
    """What its certificate is checked against; None for plain HTTP."""

    @property
    def place(self) -> str:
        return f"{self.address.host}:{self.address.port}"


@dataclass(frozen=True, slots=True)
class Trial:
    what: str
    place: str
    cause: Cause | None
    """Why it cannot be reached; None where it can."""
    detail: str = ""
    """What the system says to that."""


def hosts(gateway: ir.Gateway) -> tuple[Host, ...]:
    called = [
        Host(what, address, upstream.tls.ca_file if upstream.tls else None)
        for what, upstream in _upstreams(gateway)
        for address in upstream.addresses
    ]
    server = gateway.prompts.model_server if gateway.prompts else None
    if server and not server.embedded:
        called += [Host("model server", address, None) for address in server.addresses]
    return tuple(dict.fromkeys([*called, *_redis(gateway)]))


def _upstreams(gateway: ir.Gateway) -> Iterator[tuple[str, ir.Upstream]]:
    yield from ((f"provider {each.label}", each.upstream) for each in gateway.providers)
    yield from ((f"API {each.name}", each) for each in gateway.upstreams)
    yield from (
        (f"keys for tokens of the {name} listener", keys.upstream)
        for name, keys in gateway.key_sets
    )
    if gateway.shared_limits and isinstance(gateway.shared_limits.keeper, ir.Upstream):
        yield _KEEPER, gateway.shared_limits.keeper


def _redis(gateway: ir.Gateway) -> Iterator[Host]:
    keeper = gateway.shared_limits.keeper if gateway.shared_limits else None
    if isinstance(keeper, ir.Redis):
        host = split(keeper.url)
        assert host is not None, "the rule AG617 refuses what is no host"
        address = ir.Address(host.name, host.port or _REDIS_PORT)
        yield Host(_KEEPER, address, keeper.ca_file if host.scheme == "rediss" else None)


async def try_all(tried: Iterable[Host], within: float) -> tuple[Trial, ...]:
    return tuple(await asyncio.gather(*(_try(host, within) for host in tried)))


async def _try(host: Host, within: float) -> Trial:
    try:
        async with asyncio.timeout(within):
            await _connect(host)
    except (OSError, EOFError) as error:
        cause = cause_of(error)
        return Trial(host.what, host.place, cause, str(error) or cause.words)
    return Trial(host.what, host.place, None)


async def _connect(host: Host) -> None:
    address = host.address
    if host.ca_file is None:
        _, writer = await asyncio.open_connection(address.host, address.port)
    else:
        _, writer = await asyncio.open_connection(
            address.host, address.port, ssl=trust(host.ca_file), server_hostname=address.name
        )
    writer.close()


def trust(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # that of a missing file does not say which
        raise ssl.SSLError(f"{ca_file}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def cause_of(error: OSError | EOFError) -> Cause:
    if isinstance(error, socket.gaierror):
        return Cause.DNS
    if isinstance(error, ssl.SSLError):
        return Cause.TLS
    if isinstance(error, TimeoutError):
        return Cause.TIMEOUT
    if isinstance(error, ConnectionResetError | BrokenPipeError | EOFError):
        return Cause.RESET
    return Cause.REFUSED

"""Is the gateway ready? Asked as a balancer would: `GET /readyz` on every listener."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import grpc
import grpc.aio

from controlplane.supervise import http
from controlplane.supervise.http import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from controlplane import ir
    from controlplane.home_paths import Home

_PATIENCE = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


async def healthy(listener: ir.Listener, within: float = 1.0) -> bool:
    host = reachable(listener.address)
    tls = any_certificate() if listener.certificates else None
    return await http_ok(http.Place(host=host, port=listener.port, tls=tls), "/readyz", within)


def reachable(address: str) -> str:
    """Where we can be asked ourselves."""
    return _EVERYWHERE.get(address, address)


async def http_ok(place: http.Place, path: str, within: float = 1.0) -> bool:
    try:
        answer = await http.get(place, path, within)
    except HttpError:
        return False
    return answer.status == 200


async def console_answers(home: Home) -> bool:
    """Where it says that it is: it takes the port that it can get."""
    url = console_url(home)
    if url is None:
        return False
    place = urlsplit(url)
    return await http_ok(
        http.Place(host=place.hostname or "", port=place.port or 0), "/healthz", _PATIENCE
    )


def console_url(home: Home) -> str | None:
    """Of the console that runs there, with its token."""
    try:
        return str(json.loads(home.console_file.read_text("utf-8"))["url"])
    except (OSError, ValueError, LookupError):
        return None


async def grpc_answers(socket: Path, within: float) -> bool:
    """Does a gRPC server there answer a health check? What it says is for Envoy to heed."""
    async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            await check(b"", timeout=within)
        except grpc.aio.AioRpcError:
            return False
    return True


async def unhealthy(listeners: Iterable[ir.Listener], within: float) -> tuple[ir.Listener, ...]:
    """Waits until all are healthy; returns those that were not when the time was up."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + within
    waiting = tuple(listeners)
    while waiting:
        answers = await asyncio.gather(*(healthy(each) for each in waiting))
        waiting = tuple(each for each, ok in zip(waiting, answers, strict=True) if not ok)
        if not waiting or clock() >= deadline:
            break
        await asyncio.sleep(0.02)
    return waiting


def any_certificate() -> ssl.SSLContext:
    # It is our own listener on our own machine; its names are for its clients.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

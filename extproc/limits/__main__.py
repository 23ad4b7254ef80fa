"""A rate limit service on Redis, for Envoy: `archgw-ratelimit --listen HOST:PORT --redis URL`.

A gateway whose limits are global starts one for itself, on a socket of its home. On a port it serves
any number of them; whoever reaches the port can spend their limits, so it is for a network of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import uvloop
from aiohttp import web
from prometheus_client import generate_latest

from extproc import told
from extproc.limits.counts import Counts, connect
from extproc.limits.server import RateLimits, create_server
from extproc.limits.telling import Metrics
from extproc.serving import Health, listen
from extproc.telemetry import configure_logs, log

if TYPE_CHECKING:
    from grpc import aio

_GRACE = 2.0


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    configure_logs()
    try:
        uvloop.run(_serve(options))
    except (OSError, ValueError) as error:
        print(f"archgw-ratelimit: {error}", file=sys.stderr)  # noqa: T201 - said to who started it
        return 2
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="archgw-ratelimit", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, help="Unix socket to serve on")
    where.add_argument("--listen", metavar="HOST:PORT", help="port to serve on")
    parser.add_argument(
        "--redis", required=True, metavar="URL", help="redis:// or rediss://[USER@]HOST[:PORT][/DB]"
    )
    parser.add_argument("--password-file", type=Path, help="file with its password, read anew")
    parser.add_argument(
        "--ca-file", default=certifi.where(), help="what its certificate is checked against"
    )
    parser.add_argument("--metrics", type=Path, help="Unix socket for GET /metrics")
    return parser.parse_args(arguments)


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics, checks = Metrics(), Health()
    redis = connect(options.redis, options.password_file, options.ca_file)
    counts = Counts(redis)
    limits = RateLimits(counts, metrics)
    server = create_server(limits, checks)
    if options.socket:
        listen(server, options.socket)
    else:
        _listen_on_port(options.listen, server)
    async with contextlib.AsyncExitStack() as rest:
        if options.metrics:
            await rest.enter_async_context(told.serving(_told(metrics), options.metrics))
        if reason := await counts.begin():
            log.warning("redis.does_not_answer", reason=reason)
        await server.start()
        await checks.set_serving(serving=True)
        log.info("serving", at=str(options.socket or options.listen))
        await stop.wait()
        checks.let_watchers_go()
        await server.stop(_GRACE)
        await limits.end()
    await redis.aclose()


def _listen_on_port(address: str, server: aio.Server) -> None:
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise OSError(f"cannot listen on {address}: is it HOST:PORT, and free?") from None


def _told(metrics: Metrics) -> web.Application:
    async def expose(_request: web.Request) -> web.Response:
        return told.prometheus(generate_latest(metrics.registry))

    app = web.Application()
    app.router.add_get("/metrics", expose)
    return app


if __name__ == "__main__":
    sys.exit(main())

"""The process that makes spans of LLM calls: `python -m extproc.traces --socket PATH …`.

Envoy tells it of each traced call when that is over. No request waits for it, nor knows of it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web
from google.protobuf.message import DecodeError
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from extproc import told
from extproc.contract import CALLS_PATH, Tracing
from extproc.telemetry import configure_logs, log, traces_counter
from extproc.traces import llm_calls
from extproc.traces.keeping import exporter

if TYPE_CHECKING:
    from extproc.traces.export import Exporter

_MOST_TOLD = 4 << 20
_SIZE = 1024
"""About what a call's span weighs while it waits."""


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    configure_logs()
    try:
        uvloop.run(_serve(options))
    except OSError as error:
        print(f"extproc.traces: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="extproc.traces", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket for Envoy")
    parser.add_argument("--collector", required=True, help="http://… or grpc://…")
    parser.add_argument("--service-name", required=True)
    parser.add_argument("--ca-file", help="what the collector's certificate is checked against")
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=FILE",
        help="a header of what the collector is sent, and the file that holds its value",
    )  # fmt: skip
    return parser.parse_args(arguments)


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    traces = traces_counter(registry)
    headers = tuple((name, file) for name, _, file in (it.partition("=") for it in options.header))
    settings = Tracing(options.collector, options.service_name, options.ca_file, headers)
    outgoing = exporter(settings, lambda result, count: traces.add(count, "llm_calls", result))
    async with told.serving(_application(outgoing, registry), options.socket):
        log.info("serving", socket=str(options.socket))
        await stop.wait()
    await outgoing.close()


def _application(outgoing: Exporter, registry: CollectorRegistry) -> web.Application:
    async def calls(request: web.Request) -> web.Response:
        try:
            read = llm_calls.read(await request.read())
        except DecodeError:
            raise web.HTTPBadRequest from None
        for call in read:
            span = llm_calls.span(call)
            if span is not None:
                outgoing.put(partial(tuple, (span,)), _SIZE)
        return web.Response(content_type="application/x-protobuf")

    async def metrics(_request: web.Request) -> web.Response:
        return told.prometheus(generate_latest(registry))

    async def well(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(client_max_size=_MOST_TOLD)
    app.router.add_post(CALLS_PATH, calls)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", well)
    return app


if __name__ == "__main__":
    sys.exit(main())

"""The extproc process: `python -m extproc --socket PATH --runtime DIR`.

On SIGTERM it first says NOT_SERVING, so that Envoy sends new requests to its twin, waits for
that to be heard, and then ends when the last request has its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import resource
import signal
import sys
from pathlib import Path

import uvloop

from extproc.clients import HttpEndpoints, HttpModels
from extproc.exchange import World
from extproc.record.keeping import Records
from extproc.record.telling import home_key
from extproc.runtime import Generations
from extproc.server import Processor, create_server
from extproc.serving import Health, listen
from extproc.telemetry import Metrics, configure_logs, log
from extproc.traces.keeping import Traces
from extproc.watched import Watched

# Envoy asks for our health twice a second.
_HEARD = 1.2
_GRACE = 30.0
_PR_SET_DUMPABLE = 4
_KEY_FILE = "hash.key"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    configure_logs(options.log_level)
    _keep_memory_private()
    if not options.runtime.is_dir():
        print(  # noqa: T201 - said to the person who started it
            f"extproc: --runtime {options.runtime} is no folder; the control plane writes the "
            "configs there",
            file=sys.stderr,
        )
        return 2
    try:
        uvloop.run(_serve(options))
    except OSError as error:
        print(f"extproc: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _keep_memory_private() -> None:
    """Prompts are in it: no core, and no reading of it by other processes of the user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="extproc", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve on")
    parser.add_argument(
        "--runtime", type=Path, required=True, help="folder of the configs, one file each"
    )
    parser.add_argument("--metrics", type=Path, help="Unix socket for GET /metrics and /decisions")
    parser.add_argument(
        "--model-key",
        type=Path,
        help="file with the token of a model server at a port; none is asked for while it is absent",
    )
    parser.add_argument(
        "--log-level", default="info", choices=("debug", "info", "warning", "error")
    )
    return parser.parse_args(arguments)


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    models, endpoints, metrics = HttpModels(options.model_key), HttpEndpoints(), Metrics()
    checks = Health()
    await checks.set_serving(serving=False)
    traces = Traces(lambda result, count: metrics.traces.add(count, "decisions", result))
    records = Records(home_key(options.runtime / _KEY_FILE), traces)
    world = World(models, endpoints, metrics, records)
    generations = Generations(options.runtime)
    processor = Processor(generations, world)
    server = create_server(processor, checks)
    listen(server, options.socket)
    async with contextlib.AsyncExitStack() as rest:
        if options.metrics:
            watched = Watched(metrics, records.ring, generations)
            await rest.enter_async_context(watched.on(options.metrics))
        await server.start()
        # What was loaded so far stays for good; looking through it for garbage would stop every
        # request for some ten milliseconds, again and again.
        gc.freeze()
        await checks.set_serving(serving=True)
        log.info("serving", socket=str(options.socket))
        await stop.wait()
        await checks.enter_graceful_shutdown()
        await asyncio.sleep(_HEARD)
        checks.let_watchers_go()
        await server.stop(_GRACE)
    await models.close()
    await endpoints.close()
    await traces.close()
    log.info("stopped")


if __name__ == "__main__":
    sys.exit(main())

"""The process: flags, the socket, loading beside serving, signals, exit codes.

The socket is bound first, so that a port in use is said at once, and `/healthz` answers 503
while the models load. Exit codes: 0 stopped as asked, 2 could not start, 1 what nobody foresaw.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import resource
import signal
import socket
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from modelserver import proof
from modelserver.errors import StartError
from modelserver.http.app import State, create_app
from modelserver.loading import find_models, load_service
from modelserver.ready import DEFAULT_PORT, PORT_VARIABLE
from modelserver.settings import load_settings
from modelserver.telemetry import Metrics, configure_logs, log, process_age

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from modelserver.engine.registry import Model
    from modelserver.settings import Settings

_FROM_ENVIRONMENT = "MODEL_SERVER_TOKEN"
_LOOPBACK = ("127.", "::1", "localhost")
_PR_SET_DUMPABLE = 4
GRACE_SECONDS = 10
# Longer than clients keep a connection, so that none is closed as a request comes in.
KEEP_ALIVE_SECONDS = 75


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; the console script `archgw-modelserver`."""
    options = _parser().parse_args(arguments)
    configure_logs(options.log_level)
    _keep_memory_private()
    try:
        known = _proof(options)
        settings = load_settings(options.config)
        models = find_models(settings)
        with _bound(options) as listening:
            return uvloop.run(_serve(listening, models, settings, known, options))
    except StartError as error:
        sys.stderr.write(f"archgw-modelserver: {error}\n")
        return 2


def _proof(options: argparse.Namespace) -> proof.Server | None:
    """Of a port alone: whoever can open the socket is the user who runs the gateway."""
    try:
        if options.token_file:
            return proof.Server(proof.read_token(options.token_file))
        if options.uds is None and (token := os.environ.get(_FROM_ENVIRONMENT)):
            return proof.Server(proof.checked_token(token.encode(), _FROM_ENVIRONMENT))
    except proof.TokenError as error:
        raise StartError(f"{error}. `openssl rand -hex 32` makes one.") from None
    if options.uds is None and not options.host.startswith(_LOOPBACK) and not options.allow_open:
        raise StartError(
            f"On {options.host} others can ask this server, and take its port. Give it, and each"
            " gateway, the same token (--token-file or MODEL_SERVER_TOKEN), or say --allow-open."
        )
    return None


def _keep_memory_private() -> None:
    """Prompts and keys are in it: no core, and no reading of it by other processes of the user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


@contextmanager
def _bound(options: argparse.Namespace) -> Iterator[socket.socket]:
    """The socket to serve on; a Unix socket's file goes with the server."""
    if options.uds is None:
        with _bound_port(options.host, options.port) as listening:
            yield listening
        return
    with _bound_path(options.uds) as listening:
        try:
            yield listening
        finally:
            options.uds.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="archgw-modelserver",
        description="Serve archgw's guard, intent and function-calling models over HTTP.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT)),
        help="port to bind; MODEL_SERVER_PORT changes the default (%(default)s), 0 picks one",
    )  # fmt: skip
    parser.add_argument("--uds", type=Path, help="serve on this Unix socket instead of a port")
    parser.add_argument("--config", type=Path, help="settings in YAML (see modelserver.settings)")
    parser.add_argument(
        "--token-file",
        type=Path,
        help="a token that callers must know, and see that this server does; without it"
        " MODEL_SERVER_TOKEN holds one",
    )
    parser.add_argument(
        "--allow-open", action="store_true", help="serve others than this machine without a token"
    )
    parser.add_argument(
        "--drain-min",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="at the end, go on answering for so long, though not ready any more (%(default)g)",
    )
    parser.add_argument(
        "--drain-max",
        type=float,
        default=float(GRACE_SECONDS),
        metavar="SECONDS",
        help="cut what is still open so long after the word to end (%(default)g)",
    )
    parser.add_argument(
        "--log-level", default="info", choices=("debug", "info", "warning", "error")
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def _bound_port(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise StartError(
            f"cannot listen on {host}:{port} ({error.strerror}).\n"
            "Another model server may be running; stop it, or choose with --port."
        ) from None
    return listening


def _bound_path(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        # Only the user who runs the gateway may connect: 0600 from the first moment on.
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
    except OSError as error:
        listening.close()
        raise StartError(f"cannot listen on {path} ({error.strerror or error}).") from None
    return listening


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on; anything else is left alone."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise StartError(f"{path} exists and is no socket; choose another path with --uds.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise StartError(f"{path}: another model server listens there already.")


class _Server(uvicorn.Server):
    """uvicorn, but a signal it was told to stop by is not raised again afterwards.

    A server that drained and stopped as asked has exit code 0, not the signal's. It goes on taking
    calls for a while, as a balancer learns only after some seconds that it is not ready any more;
    a second signal ends that.
    """

    def __init__(self, config: uvicorn.Config, state: State, drain: float) -> None:
        super().__init__(config)
        self._state = state
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._state.draining or not self._drain:
            super().handle_exit(sig, frame)
            return
        self._state.draining = True
        log.info("draining", seconds=self._drain)
        asyncio.get_running_loop().call_later(self._drain, super().handle_exit, sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def _serve(
    listening: socket.socket,
    models: tuple[Model, Model],
    settings: Settings,
    known: proof.Server | None,
    options: argparse.Namespace,
) -> int:
    state = State(settings, Metrics(), known)
    config = uvicorn.Config(
        create_app(state), http="httptools", ws="none", lifespan="off", log_config=None,
        access_log=False, server_header=False, backlog=1024,
        timeout_graceful_shutdown=round(max(0.0, options.drain_max - options.drain_min)), timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )  # fmt: skip
    server = _Server(config, state, options.drain_min)
    log.info("listening", address=_address(listening))
    loading = asyncio.create_task(_load(state, models, settings, server))
    await server.serve(sockets=[listening])
    # A signal during loading: the thread cannot be stopped, so its result is dropped.
    failed = loading.done() and loading.exception()
    loading.cancel()
    if state.service:
        service, state.service = state.service, None
        await service.close()
    if failed:
        raise failed
    return 0


async def _load(
    state: State, models: tuple[Model, Model], settings: Settings, server: uvicorn.Server
) -> None:
    try:
        service = await asyncio.to_thread(load_service, *models, settings, state.metrics)
        await service.start()
    except BaseException:
        server.should_exit = True
        raise
    state.service = service
    seconds = process_age()
    state.metrics.warm_seconds.set(seconds)
    state.metrics.ready.set(1)
    log.info("ready", seconds=round(seconds, 3), models=service.models)


def _address(listening: socket.socket) -> str:
    name = listening.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"http://{name[0]}:{name[1]}"


if __name__ == "__main__":
    sys.exit(main())

"""gRPC: bytes in, bytes out, and nothing that the tests of the pipeline would miss.

Envoy's service is served by name over messages of our own (see protos/). A call ends right
after its last needed reply: Envoy then no longer cares whether this process lives, and a
stream that runs for minutes is not cut when it dies.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import grpc
from grpc import aio
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from extproc import phases
from extproc.contract import GENERATION_KEY
from extproc.errors import GatewayError
from extproc.events import Outcome, Reject
from extproc.session import Session
from extproc.telemetry import TRACEPARENT, TRACESTATE, log, trace_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from extproc.exchange import World
    from extproc.runtime import Generations

_OPTIONS: Final = (
    # More than the largest body that a config may allow.
    ("grpc.max_receive_message_length", 80 << 20),
    ("grpc.max_send_message_length", 80 << 20),
    # Envoy asks for a sign of life every few seconds.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.http2.max_ping_strikes", 0),
)


class Processor:
    """Envoy's external processor."""

    def __init__(self, generations: Generations, world: World) -> None:
        self._generations = generations
        self._world = world

    async def process(
        self,
        _requests: AsyncIterator[bytes],
        context: aio.ServicerContext[bytes, bytes],
    ) -> None:
        session: Session | None = None
        while session is None or not session.done:
            message = await context.read()
            if message is aio.EOF:
                return
            try:
                event = phases.decode(message)
                if session is None:
                    told = _told(context)
                    runtime = self._generations.get(told.get(GENERATION_KEY, ""))
                    session = Session(runtime, self._world, _trace_context(told))
                outcome = await session.on(event)
                reply = phases.encode(outcome, session.decision)
            except GatewayError as error:
                await context.write(phases.encode(Reject(error)))
                return
            except Exception as error:  # noqa: BLE001 - the last door: a bare 500
                await context.write(self._internal(error))
                return
            await context.write(reply)

    def _internal(self, error: Exception) -> bytes:
        self._world.metrics.exceptions.inc()
        log.error("request.crashed", trace=trace_of(error))
        outcome: Outcome = Reject(GatewayError("internal error"))
        return phases.encode(outcome)


def _told(context: aio.ServicerContext[bytes, bytes]) -> dict[str, str]:
    """The metadata of Envoy's call."""
    return {
        key: value if isinstance(value, str) else value.decode("latin-1")
        for key, value in context.invocation_metadata() or ()
    }


def _trace_context(told: Mapping[str, str]) -> dict[str, str]:
    return {name: told[name] for name in (TRACEPARENT, TRACESTATE) if told.get(name)}


class Health(health.aio.HealthServicer):  # type: ignore[misc]  # it comes without types
    """gRPC's own health service; Envoy sends nothing more once this says NOT_SERVING.

    A watcher hears of every change, and is let go at the end: left alone, it would hold up the
    end of the process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watching: set[asyncio.Task[None]] = set()
        self._let_go = False

    async def set_serving(self, *, serving: bool) -> None:
        form = HealthCheckResponse
        await self.set("", form.SERVING if serving else form.NOT_SERVING)

    def let_watchers_go(self) -> None:
        self._let_go = True
        for each in self._watching:
            each.cancel()

    async def Watch(  # noqa: N802  the name of the method on the wire
        self, request: object, context: aio.ServicerContext[bytes, bytes]
    ) -> None:
        watching = asyncio.ensure_future(super().Watch(request, context))
        self._watching.add(watching)
        try:
            await watching
        except asyncio.CancelledError:
            watching.cancel()
            if not self._let_go:
                raise
        finally:
            self._watching.discard(watching)


def create_server(processor: Processor, checks: Health) -> aio.Server:
    server = aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "envoy.service.ext_proc.v3.ExternalProcessor",
                {"Process": grpc.stream_stream_rpc_method_handler(processor.process)},
            ),
        )
    )
    add_HealthServicer_to_server(checks, server)
    return server


def listen(server: aio.Server, socket: Path) -> None:
    """A socket for this user alone: whoever reaches it could decide over prompts."""
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{socket}")
        socket.chmod(0o600)
    except RuntimeError:
        # gRPC keeps the reason to itself.
        raise OSError(
            f"cannot listen on {socket}: does its folder exist, and is the path under 108 bytes?"
        ) from None
    finally:
        os.umask(before)

"""gRPC: bytes in, bytes out, and nothing that the tests of the pipeline would miss.

The two services are served by name over messages of our own (see protos/). A call ends right
after its last needed reply: Envoy then no longer cares whether this process lives, and a
stream that runs for minutes is not cut when it dies.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import grpc
from grpc import aio

from extproc import phases
from extproc.contract import GENERATION_KEY
from extproc.errors import GatewayError
from extproc.events import Outcome, Refuse
from extproc.session import Session
from extproc.telemetry import log, trace_of
from extproc.wire import archgw_health_pb2 as health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from extproc.exchange import World
    from extproc.runtime import Generations

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 8 << 20),
    ("grpc.max_send_message_length", 16 << 20),
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
                    session = Session(self._generations.get(_generation(context)), self._world)
                reply = phases.encode(await session.on(event))
            except GatewayError as error:
                await context.write(phases.encode(Refuse(error)))
                return
            except Exception as error:  # noqa: BLE001 - the last door: a bare 500
                await context.write(self._internal(error))
                return
            await context.write(reply)

    def _internal(self, error: Exception) -> bytes:
        self._world.metrics.exceptions.inc()
        log.error("request.crashed", trace=trace_of(error))
        outcome: Outcome = Refuse(GatewayError("internal error"))
        return phases.encode(outcome)


def _generation(context: aio.ServicerContext[bytes, bytes]) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == GENERATION_KEY:
            return value if isinstance(value, str) else value.decode("latin-1")
    return ""


class Health:
    """gRPC's health protocol; Envoy sends nothing more once this says NOT_SERVING."""

    def __init__(self) -> None:
        self._serving = asyncio.Event()
        self._changed = asyncio.Condition()
        self._ended = False

    async def set_serving(self, *, serving: bool) -> None:
        (self._serving.set if serving else self._serving.clear)()
        async with self._changed:
            self._changed.notify_all()

    async def end(self) -> None:
        """Watchers have heard the last: none of them holds up the end of the process."""
        self._ended = True
        await self.set_serving(serving=False)

    async def check(self, _request: bytes, _context: object) -> bytes:
        return self._status()

    async def watch(
        self, _request: bytes, _context: aio.ServicerContext[bytes, bytes]
    ) -> AsyncIterator[bytes]:
        yield self._status()
        while not self._ended:
            async with self._changed:
                await self._changed.wait()
            yield self._status()

    def _status(self) -> bytes:
        form = health.HealthCheckResponse
        status = form.SERVING if self._serving.is_set() else form.NOT_SERVING
        return form(status=status).SerializeToString()


def create_server(processor: Processor, checks: Health) -> aio.Server:
    server = aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "envoy.service.ext_proc.v3.ExternalProcessor",
                {"Process": grpc.stream_stream_rpc_method_handler(processor.process)},
            ),
            grpc.method_handlers_generic_handler(
                "grpc.health.v1.Health",
                {
                    "Check": grpc.unary_unary_rpc_method_handler(checks.check),
                    "Watch": grpc.unary_stream_rpc_method_handler(checks.watch),
                },
            ),
        )
    )
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

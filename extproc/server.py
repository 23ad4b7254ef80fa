"""gRPC: bytes in, bytes out, and nothing that the tests of the pipeline would miss.

Envoy's service is served by name over messages of our own (see protos/). A call ends right
after its last needed reply: Envoy then no longer cares whether this process lives, and a
stream that runs for minutes is not cut when it dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from grpc import aio
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from extproc import phases
from extproc.contract import GENERATION_KEY
from extproc.errors import GatewayError
from extproc.events import Outcome, Reject
from extproc.serving import ASKED_FOR_LIFE
from extproc.session import Session
from extproc.telemetry import TRACEPARENT, TRACESTATE, log, trace_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from extproc.exchange import World
    from extproc.runtime import Generations
    from extproc.serving import Health

_OPTIONS: Final = (
    # More than the largest body that a config may allow.
    ("grpc.max_receive_message_length", 80 << 20),
    ("grpc.max_send_message_length", 80 << 20),
    *ASKED_FOR_LIFE,
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

"""What our gRPC servers have in common: a socket of the home, and health that Envoy asks for."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

if TYPE_CHECKING:
    from pathlib import Path

    from grpc import aio

ASKED_FOR_LIFE: Final = (
    # Envoy asks for a sign of it every few seconds.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.http2.max_ping_strikes", 0),
)


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

"""The aggregated discovery service, on a Unix socket that only our user may open.

One Envoy connects. `apply` makes it hold a snapshot and returns what it said: nothing here is
believed to be in force before Envoy has acknowledged it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from controlplane.xds.messages import read_request, response_bytes
from controlplane.xds.session import Rejection, Session
from controlplane.xds.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from controlplane.xds.messages import Request, Response

_OPTIONS = (
    # Envoy asks for a sign of life every five seconds; gRPC takes more than two for an attack, and
    # would drop the stream.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.http2.max_ping_strikes", 0),
)
_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"


class NoAnswerError(Exception):
    """Envoy neither took nor refused the configuration in time."""


class AdsServer:
    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._snapshot = Snapshot()
        self._session: Session | None = None
        self._changed = asyncio.Condition()
        self._server: grpc.aio.Server | None = None

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    @property
    def connected(self) -> bool:
        return self._session is not None

    def versions(self) -> dict[str, str]:
        return self._session.versions() if self._session else {}

    async def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        server = grpc.aio.server(options=_OPTIONS)
        stream = grpc.stream_stream_rpc_method_handler(
            self._stream, request_deserializer=read_request, response_serializer=response_bytes
        )
        handler = grpc.method_handlers_generic_handler(
            _SERVICE, {"StreamAggregatedResources": stream}
        )
        server.add_generic_rpc_handlers((handler,))
        server.add_insecure_port(f"unix:{self._socket}")
        await server.start()
        os.chmod(self._socket, 0o600)
        self._server = server

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(grace=None)
        self._socket.unlink(missing_ok=True)

    async def apply(self, snapshot: Snapshot, within: float) -> Rejection | None:
        """Returns once Envoy holds the snapshot (None) or has refused it."""
        async with self._changed:
            self._snapshot = snapshot
            self._changed.notify_all()
            try:
                async with asyncio.timeout(within):
                    await self._changed.wait_for(self._settled)
            except TimeoutError:
                raise NoAnswerError(self._silence()) from None
        return self._session.rejection(snapshot) if self._session else None

    def _settled(self) -> bool:
        if self._session is None:
            return False
        refused = self._session.rejection(self._snapshot) is not None
        return refused or self._session.acknowledged(self._snapshot)

    def _silence(self) -> str:
        if self._session is None:
            return "Envoy did not connect to the control plane"
        return "Envoy did not answer a configuration update"

    async def _stream(
        self, requests: AsyncIterator[Request], _context: object
    ) -> AsyncIterator[Response]:
        session = self._session = Session()
        gone = asyncio.Event()
        reader = asyncio.create_task(self._read(session, requests, gone))
        try:
            while (response := await self._next(session, gone)) is not None:
                yield response
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            if self._session is session:
                self._session = None

    async def _read(
        self, session: Session, requests: AsyncIterator[Request], gone: asyncio.Event
    ) -> None:
        try:
            async for request in requests:
                async with self._changed:
                    session.receive(request)
                    self._changed.notify_all()
        finally:
            gone.set()
            async with self._changed:
                self._changed.notify_all()

    async def _next(self, session: Session, gone: asyncio.Event) -> Response | None:
        async with self._changed:
            while not gone.is_set():
                if response := session.due(self._snapshot):
                    return response
                await self._changed.wait()
        return None

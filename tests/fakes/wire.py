"""A TCP proxy that hurts what passes: late, in a trickle, cut short, reset, or swallowed.

It stands before a provider or an API and knows nothing of what it carries, so that TLS breaks as
it breaks on a bad line.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Self

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends RST in place of FIN."""


@dataclass
class Line:
    """What becomes of the bytes that the server sends; of the client's, nothing does."""

    delay: float = 0.0
    """Seconds before the first byte."""
    trickle: int | None = None
    """Bytes at a time, every 10 ms."""
    cut_after: int | None = None
    """Bytes after which the connection ends …"""
    reset: bool = False
    """… by RST rather than FIN."""
    swallow_after: int | None = None
    """Bytes after which nothing more comes, and nothing ends."""
    refuse: bool = False
    """Ends each connection as soon as it is there."""


class BadLine:
    """Listens at `port` and leads to another port of the loopback, in a thread of its own."""

    def __init__(self, to: int) -> None:
        self.line = Line()
        """Of connections that begin from now on."""
        self.connections = 0
        self.port = 0
        self._to = to
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def now(self, line: Line) -> None:
        """So from now on: what is open is ended, too."""
        self.line = line
        self._loop.call_soon_threadsafe(self._end_all)

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end_all(self) -> None:
        for writer in self._open:
            writer.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        line = self.line
        if line.refuse:
            return _end(writer, reset=line.reset)
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._open.add(writer)
        asking = asyncio.ensure_future(_pass(reader, back))
        try:
            await self._answer(there, writer, line)
        finally:
            asking.cancel()
            back.close()
            self._open.discard(writer)
        return None

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line
    ) -> None:
        left = line.cut_after if line.cut_after is not None else line.swallow_after
        first = True
        while data := await reader.read(line.trickle or 65536):
            await asyncio.sleep(line.delay if first else 0.01 if line.trickle else 0)
            first = False
            if left is not None:
                data, left = data[:left], left - len(data)
            with contextlib.suppress(OSError):
                writer.write(data)
                await writer.drain()
            if left is not None and left <= 0:
                if line.swallow_after is not None:
                    await asyncio.sleep(3600)
                return _end(writer, reset=line.reset)
        return _end(writer, reset=False)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        connected: socket.socket = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.close()

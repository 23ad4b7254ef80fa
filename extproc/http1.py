"""A small HTTP/1.1 client for one purpose: JSON to the model server, many times a second.

Every prompt costs one such call, and of aiohttp's 240 µs for it 200 are spent on what is not
needed here: redirects, cookies, proxies, tracing. What is needed is a pool of connections, a
length or chunks, and no way to mistake one answer for another: a connection goes back to the
pool only after its answer was read to the end, and is closed in every other case, a cancelled
wait included.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY: Final = 8 << 20
_MOST_IDLE: Final = 64
# Shorter than the server's own, so that it seldom closes a connection that we have just taken.
_KEEPALIVE: Final = 3.0


class BadAnswer(Exception):
    """What came back is not HTTP as this client speaks it."""


class Pool:
    """Connections to one host and port."""

    def __init__(self, address: str) -> None:
        """`host:port`; an IPv6 host stands in brackets."""
        host, _, port = address.rpartition(":")
        self._address = address
        self._host = host.strip("[]")
        self._port = int(port)
        self._idle: list[_Connection] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; OSError, EOFError or BadAnswer when there is none."""
        request = self._request(path, headers, body)
        connection = self._take()
        if connection is not None:
            try:
                return await self._talk(connection, request)
            except (ConnectionError, _Closed):
                # The server closed the connection as we took it. What is asked here changes
                # nothing over there, so it may be asked again.
                pass
        return await self._talk(await self._connect(), request)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> _Connection | None:
        now = time.monotonic()
        while self._idle:
            connection = self._idle.pop()
            if now - connection.used < _KEEPALIVE and not connection.ended:
                return connection
            connection.close()
        return None

    async def _connect(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(self._host, self._port))

    async def _talk(self, connection: _Connection, request: bytes) -> tuple[int, bytes]:
        finished = False
        try:
            status, body, reusable = await connection.talk(request)
            finished = reusable and len(self._idle) < _MOST_IDLE
            return status, body
        except (ValueError, asyncio.LimitOverrunError) as error:
            raise BadAnswer(type(error).__name__) from None
        finally:
            if finished:
                connection.used = time.monotonic()
                self._idle.append(connection)
            else:
                connection.close()

    def _request(self, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [
            f"POST {path} HTTP/1.1",
            f"host: {self._address}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            # A line end in a value would be a header, or a request, of someone else's making.
            *(f"{k}: {v}" for k, v in headers.items() if v.isprintable()),
        ]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


class _Closed(EOFError):
    """The connection ended before the first byte of an answer."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.used = time.monotonic()

    @property
    def ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def talk(self, request: bytes) -> tuple[int, bytes, bool]:
        """Status, body, and whether the connection can be used again."""
        self._writer.write(request)
        await self._writer.drain()
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            raise _Closed from None
        version, status, headers = _parse(head)
        body = await self._body(headers)
        stays = version == b"HTTP/1.1" and headers.get(b"connection", b"").lower() != b"close"
        return status, body, stays

    async def _body(self, headers: Mapping[bytes, bytes]) -> bytes:
        coding = headers.get(b"transfer-encoding")
        if coding is not None:
            if coding.lower() != b"chunked":
                raise ValueError("coding")
            return await self._chunks()
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) > MAX_BODY:
            raise ValueError("length")
        return await self._reader.readexactly(int(length))

    async def _chunks(self) -> bytes:
        found = bytearray()
        while True:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0].strip(), 16)
            if size < 0 or len(found) + size > MAX_BODY:
                raise ValueError("length")
            piece = await self._reader.readexactly(size + 2)
            if not piece.endswith(b"\r\n"):
                raise ValueError("chunk")
            if size == 0:
                # Trailers would follow here; a server that sends them is not ours.
                return bytes(found)
            found += piece[:-2]


def _parse(head: bytes) -> tuple[bytes, int, dict[bytes, bytes]]:
    first, *lines = head[:-4].split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise ValueError("version")
    status = int(rest[:3])
    if not 200 <= status <= 599:
        raise ValueError("status")
    pairs = (line.partition(b":") for line in lines)
    return version, status, {name.strip().lower(): value.strip() for name, _, value in pairs}

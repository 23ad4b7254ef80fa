"""A small HTTP/1.1 client for one purpose: JSON to the model server, many times a second.

Every prompt costs one such call, and of aiohttp's 240 µs for it 200 are spent on what is not
needed here: redirects, cookies, proxies, tracing. What is needed is a pool of connections, and
no way to mistake one answer for another: a connection goes back to the pool only after its
answer was read to the end, and is closed in every other case, a cancelled wait included.
Through Envoy each question has a connection of its own: by those it chooses the server that has the fewest.
httptools reads the answers, for 3 µs more than lines split by hand took, and refuses what
those let pass: two lengths, a length beside chunks, bytes after the end.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import httptools

from extproc import peer
from extproc.contract import THROUGH_ENVOY
from modelserver import proof

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BODY: Final = 8 << 20
MAX_HEAD: Final = 64 << 10
# The borders of chunks may weigh as much as what is in them.
MAX_SENT: Final = 2 * MAX_BODY + MAX_HEAD
_PIECE: Final = 64 << 10
_MOST_IDLE: Final = 64
# Shorter than the server's own, so that it seldom closes a connection that we have just taken.
_KEEPALIVE: Final = 3.0


class BadAnswer(Exception):
    """What came back is not HTTP as this client speaks it."""


class Unproven(BadAnswer):
    """Who listens there does not know the token: nothing is asked, nor shown, there."""


class Pool:
    """Connections to one server."""

    def __init__(self, address: str, key_file: Path | None = None) -> None:
        """`host:port`, an IPv6 host in brackets; `unix:` or `THROUGH_ENVOY` and the path of a socket.

        At a port, and behind Envoy, the server proves on each new connection that it knows the token of
        `key_file`, while there is one. A socket's own file is proof enough.
        """
        self._key_file = key_file
        self._address = address
        self._most_idle = 0 if address.startswith(THROUGH_ENVOY) else _MOST_IDLE
        self._host = "localhost" if "/" in address else address
        self._idle: list[_Connection] = []
        self._server: int | None = None
        """The process that listens, as far as a socket tells."""

    def work(self) -> float:
        """What the server's process has done so far: see `extproc.peer`."""
        return peer.work(self._server)

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; OSError, EOFError or BadAnswer when there is none."""
        more = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        return await self._ask(self._head("POST", path, more), body)

    async def get(self, path: str) -> tuple[int, bytes]:
        """As `post`, without a body."""
        return await self._ask(self._head("GET", path, {}), b"")

    async def _ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        connection = self._take()
        if connection is not None:
            try:
                return await self._talk(connection, head, body)
            except (ConnectionError, _Closed):
                # The server closed the connection as we took it. What is asked here changes
                # nothing over there, so it may be asked again.
                pass
        return await self._talk(await self._connect(), head, body)

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
        place, _, rest = self._address.rpartition(":")
        if place == "unix":
            connection = _Connection(*await asyncio.open_unix_connection(rest))
            self._server = connection.server
            return connection
        if f"{place}:" == THROUGH_ENVOY:
            connection = _Connection(*await asyncio.open_unix_connection(rest))
        else:
            connection = _Connection(*await asyncio.open_connection(place.strip("[]"), int(rest)))
        if self._key_file and self._key_file.exists():
            try:
                await self._prove(connection, self._key_file)
            except BaseException:
                connection.close()
                raise
        return connection

    async def _prove(self, connection: _Connection, key_file: Path) -> None:
        """Before anything is said that the other end may not know."""
        challenge = proof.nonce()
        head = self._head("GET", proof.PATH, {proof.NONCE_HEADER: challenge})
        try:
            token = proof.read_token(key_file)
            status, answer, reusable = await connection.talk(head + b"\r\n\r\n")
        except (proof.TokenError, ValueError, httptools.HttpParserError) as error:
            raise Unproven(type(error).__name__) from None
        own = proof.accepted(token, challenge, answer) if status == 200 and reusable else None
        if own is None:
            raise Unproven("the model server does not know the token")
        connection.proof = f"\r\n{proof.PROOF_HEADER}: {own}".encode()

    async def _talk(self, connection: _Connection, head: bytes, body: bytes) -> tuple[int, bytes]:
        finished = False
        request = b"".join((head, connection.proof, b"\r\n\r\n", body))
        try:
            status, answer, reusable = await connection.talk(request)
            finished = reusable and len(self._idle) < self._most_idle
            return status, answer
        except (ValueError, httptools.HttpParserError) as error:
            raise BadAnswer(type(error).__name__) from None
        finally:
            if finished:
                connection.used = time.monotonic()
                self._idle.append(connection)
            else:
                connection.close()

    def _head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"host: {self._host}",
            # A line end in a value would be a header, or a request, of someone else's making.
            *(f"{k}: {v}" for k, v in headers.items() if v.isprintable()),
        ]
        return "\r\n".join(lines).encode("latin-1", "replace")


class _Closed(EOFError):
    """The connection ended before the first byte of an answer."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.proof = b""
        """The header that shows to this server that we know its token."""
        self.used = time.monotonic()

    @property
    def ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    @property
    def server(self) -> int | None:
        return peer.pid_of(self._writer.get_extra_info("socket"))

    def close(self) -> None:
        self._writer.close()

    async def talk(self, request: bytes) -> tuple[int, bytes, bool]:
        """Status, body, and whether the connection can be used again."""
        self._writer.write(request)
        await self._writer.drain()
        answer = _Answer()
        while not answer.complete:
            piece = await self._reader.read(_PIECE)
            if not piece:
                raise EOFError if answer.size else _Closed
            answer.feed(piece)
        return answer.status, bytes(answer.body), answer.keeps_connection


class _Answer:
    """One answer as it comes in. httptools knows the grammar; here stands what is not taken.

    A server of ours says how long its answer is, in one way, and sends nothing after it. What
    came after it would be read as the answer to the next prompt.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._has_length = False
        self._in_body = False
        self._head = 0
        self.size = 0
        """Bytes that came, whatever they are."""
        self.status = 0
        self.body = bytearray()
        self.complete = False
        self.keeps_connection = False

    def feed(self, piece: bytes) -> None:
        if self.complete:
            raise ValueError("more than one answer")
        self.size += len(piece)
        self._parser.feed_data(piece)
        if self.size > (MAX_SENT if self._in_body else MAX_HEAD):
            raise ValueError("size")

    def on_message_begin(self) -> None:
        if self.complete:
            raise ValueError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            raise ValueError("trailers")
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise ValueError("size")
        match name.lower():
            case b"content-length":
                self._has_length = True
                if int(value) > MAX_BODY:
                    raise ValueError("length")
            case b"transfer-encoding":
                self._has_length = True
                if value.lower() != b"chunked":
                    raise ValueError("coding")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if not 200 <= self.status <= 599:
            raise ValueError("status")
        if self._parser.get_http_version() not in ("1.0", "1.1"):
            raise ValueError("version")
        if not self._has_length:
            raise ValueError("length")
        self._in_body = True

    def on_body(self, piece: bytes) -> None:
        self.body += piece
        if len(self.body) > MAX_BODY:
            raise ValueError("length")

    def on_message_complete(self) -> None:
        self.complete = True
        self.keeps_connection = self._parser.should_keep_alive()

"""One question over HTTP and its answer: Envoy's admin, health checks, the model server.

httptools reads the answer. aiohttp would do the whole of it, but importing it takes 140 ms of
the processor where all else that a supervisor imports takes 340, for one short question at a
time to our own children. http.client and urllib would need a thread for each.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httptools

from extproc.contract import proof

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_PIECE = 1 << 16


class HttpError(Exception):
    """Nobody there, no answer in time, or one that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask: a Unix socket, else a host and port."""

    socket: Path | None = None
    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None
    name: str = ""
    """What it is called in Host and TLS, where that is not its address."""

    @classmethod
    def of(cls, address: str) -> Place:
        """Of `host:port`, or `unix:` and a path."""
        place, _, rest = address.rpartition(":")
        if place == "unix":
            return cls(socket=Path(rest))
        return cls(host=place.strip("[]"), port=int(rest))

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.socket:
            return await asyncio.open_unix_connection(str(self.socket))
        called = (self.name or self.host) if self.tls else None
        return await asyncio.open_connection(
            self.host, self.port, ssl=self.tls, server_hostname=called
        )


async def get(
    place: Place, path: str, within: float, headers: Mapping[str, str] | None = None
) -> Answer:
    return await _ask(place, "GET", path, b"", within, headers=headers or {})


async def post(
    place: Place, path: str, within: float, json: bytes = b"", *, key_file: Path | None = None
) -> Answer:
    """With a key file, only of a server that proves to know the token in it."""
    return await _ask(place, "POST", path, json, within, key_file=key_file)


async def _ask(
    place: Place,
    method: str,
    path: str,
    body: bytes,
    within: float,
    *,
    key_file: Path | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    try:
        async with asyncio.timeout(within):
            reader, writer = await place.connect()
            try:
                shown = await _prove(place, reader, writer, key_file) if key_file else {}
                more = {"connection": "close", **shown, **(headers or {})}
                writer.write(_request(place, method, path, body, more))
                return await _answer(reader)
            finally:
                writer.close()
    except (OSError, TimeoutError, httptools.HttpParserError, proof.TokenError) as error:
        raise HttpError(str(error) or type(error).__name__) from error


async def _prove(
    place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key_file: Path
) -> dict[str, str]:
    """The header that shows to the server, which has shown the same, that we know the token."""
    token, challenge = proof.read_token(key_file), proof.nonce()
    writer.write(_request(place, "GET", proof.PATH, b"", {proof.NONCE_HEADER: challenge}))
    own = proof.accepted(token, challenge, (await _answer(reader)).body)
    if own is None:
        raise ConnectionRefusedError("whoever listens there does not know the token")
    return {proof.PROOF_HEADER: own}


def _request(
    place: Place, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {place.name or 'archgw'}",
        f"content-length: {len(body)}",
        *(["content-type: application/json"] if body else []),
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


class _Collected:
    """What the parser has found so far."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.complete = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.complete = True


async def _answer(reader: asyncio.StreamReader) -> Answer:
    collected = _Collected()
    parser = httptools.HttpResponseParser(collected)
    while not collected.complete:
        piece = await reader.read(_PIECE)
        if not piece:
            raise ConnectionResetError("the answer was cut short")
        parser.feed_data(piece)
    return Answer(parser.get_status_code(), bytes(collected.body))

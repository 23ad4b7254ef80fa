"""One question over HTTP: answers of every length, and those that are none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controlplane.supervise.http import Answer, HttpError, Place, get, post


async def _answered(socket: Path, raw: bytes, *, hang: bool = False) -> tuple[Answer, bytes]:
    """What `get` makes of these bytes, and what was asked."""
    asked = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(socket))
    try:
        return await get(Place(socket), "/x?y", 0.3), asked
    finally:
        server.close()


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Answer(200, b"ok")),
        (b"HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n", Answer(503, b"")),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
            Answer(200, b"ok!"),
        ),
    ],
)
@pytest.mark.parametrize("hang", [False, True])
async def test_answer_is_read_to_its_end(
    tmp_path: Path, raw: bytes, answer: Answer, hang: bool
) -> None:
    """By its length, and no further: a server that keeps the connection open holds up nobody."""
    found, asked = await _answered(tmp_path / "s", raw, hang=hang)
    assert found == answer
    assert asked.startswith(b"GET /x?y HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok",
    ],
)
async def test_what_is_no_whole_answer_is_none(tmp_path: Path, raw: bytes) -> None:
    """Half an answer may say the opposite of a whole one."""
    with pytest.raises(HttpError):
        await _answered(tmp_path / "s", raw)


async def test_silence_ends_in_time(tmp_path: Path) -> None:
    """Whoever hangs is not waited for."""
    with pytest.raises(HttpError, match="Timeout"):
        await _answered(tmp_path / "s", b"HTTP/1.1 200 OK\r\n", hang=True)


async def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    """No socket, and no name."""
    with pytest.raises(HttpError):
        await post(Place(tmp_path / "none"), "/", 1.0)
    with pytest.raises(HttpError):
        await get(Place(host="127.0.0.1", port=1), "/", 1.0)

"""The small HTTP client: lengths, chunks, reuse, and answers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from extproc import http1
from extproc.contract import THROUGH_ENVOY
from extproc.http1 import MAX_BODY, BadAnswer, Pool

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Speaks as it is told to on each connection."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        """One for each request; an empty one closes the connection instead."""

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            answer = self.answers.pop(0) if self.answers else OK
            if not answer:
                break
            writer.write(answer)
            if b"cut" in answer:
                break
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    running = await asyncio.start_server(found.speak, "127.0.0.1", 0)
    found.port = running.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield found
    running.close()


@pytest.fixture
async def pool(server: Server) -> AsyncIterator[Pool]:
    found = Pool(f"127.0.0.1:{server.port}")  # type: ignore[attr-defined]
    yield found
    found.close()


async def ask(pool: Pool, body: bytes = b"{}") -> tuple[int, bytes]:
    return await asyncio.wait_for(pool.post("/x", {"x-request-id": "1"}, body), 5)


async def test_a_socket_of_a_path(server: Server, tmp_path: Path) -> None:
    """A server may be at a path that only its user may open, instead of a port."""
    path = tmp_path / "m.sock"
    async with await asyncio.start_unix_server(server.speak, path):
        pool = Pool(f"unix:{path}")
        assert await ask(pool, b"abc") == (200, b"ok")
        pool.close()
    assert b"host: localhost\r\n" in server.requests[0]


async def test_through_envoy_each_call_has_its_own_connection(
    server: Server, tmp_path: Path
) -> None:
    """Envoy chooses a server for each connection, by how many each has."""
    path = tmp_path / "m.sock"
    async with await asyncio.start_unix_server(server.speak, path):
        pool = Pool(f"{THROUGH_ENVOY}{path}")
        for _ in range(3):
            assert await ask(pool) == (200, b"ok")
        assert server.connections == 3


async def test_sends_one_whole_request(server: Server, pool: Pool) -> None:
    """Method, host, length, our headers, the body."""
    assert await ask(pool, b"abc") == (200, b"ok")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b"abc"
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /x HTTP/1.1"
    assert f"host: 127.0.0.1:{server.port}" in lines  # type: ignore[attr-defined]
    assert "x-request-id: 1" in lines
    assert "content-length: 3" in lines


async def test_connection_is_used_again(server: Server, pool: Pool) -> None:
    """One connection for calls in a row, several for calls at once."""
    for _ in range(5):
        await ask(pool)
    assert server.connections == 1
    await asyncio.gather(*(ask(pool) for _ in range(8)))
    assert 1 < server.connections <= 8


FORMS = {
    b"HTTP/1.1 503 No\r\nContent-Length:0\r\n\r\n": (503, b""),
    b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok": (200, b"ok"),
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3;x=1\r\ncde\r\n0\r\n\r\n": (200, b"abcde"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "read"), FORMS.items())
async def test_reads_lengths_and_chunks(
    server: Server, pool: Pool, answer: bytes, read: tuple[int, bytes]
) -> None:
    """And the connection is good for the next call."""
    server.answers = [answer]
    assert await ask(pool) == read
    assert await ask(pool) == (200, b"ok")
    assert server.connections == 1


WRONG = [
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/2 200\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * MAX_BODY + b"x",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (MAX_BODY // 2),
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcd\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\ncontent-length: 2\r\n\r\nok",
    OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    OK + b"rubbish",
    b"HTTP/1.1 200 OK\r\ncut",
    b"x" * 100_000,
]


@pytest.mark.parametrize("answer", WRONG, ids=lambda v: repr(v)[-40:])
async def test_what_is_no_answer_is_an_error(server: Server, pool: Pool, answer: bytes) -> None:
    """It is asked once, its connection is closed, and the next call is not misled by it."""
    server.answers = [answer]
    with pytest.raises((BadAnswer, EOFError)):
        await ask(pool)
    assert await ask(pool) == (200, b"ok")
    assert server.connections == 2
    assert len(server.requests) == 2


async def test_connection_that_the_server_closed_is_replaced(server: Server, pool: Pool) -> None:
    """Also when it closes just as the call is made."""
    await ask(pool)
    server.answers = [b""]
    assert await ask(pool) == (200, b"ok")
    assert server.connections == 2


async def test_new_connection_that_is_closed_is_an_error(server: Server, pool: Pool) -> None:
    """A server that closes every time is not asked for ever."""
    server.answers = [b"", b""]
    with pytest.raises(EOFError):
        await ask(pool)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "version", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"]
)
async def test_close_is_heeded(server: Server, pool: Pool, version: bytes) -> None:
    """A server that will close the connection is not asked on it again."""
    server.answers = [version + b"content-length: 2\r\n\r\nok"]
    assert await ask(pool) == (200, b"ok")
    await ask(pool)
    assert server.connections == 2


async def test_cancelled_call_poisons_nothing(server: Server, pool: Pool) -> None:
    """The answer nobody waited for is never taken for the next one's."""
    await ask(pool)
    server.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nla"]
    waiting = asyncio.create_task(ask(pool))
    while len(server.requests) < 2:
        await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await ask(pool) == (200, b"ok")
    assert server.connections == 2


async def test_old_connection_is_not_trusted(
    server: Server, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has waited longer than servers do is closed, not tried."""
    await ask(pool)
    monkeypatch.setattr(http1, "_KEEPALIVE", 0.0)
    await ask(pool)
    assert server.connections == 2


async def test_header_values_cannot_break_out(server: Server, pool: Pool) -> None:
    """A value with a line end is left out."""
    await pool.post("/x", {"a": "1\r\nevil: 1", "b": "2"}, b"")
    assert b"evil" not in server.requests[0]
    assert b"b: 2" in server.requests[0]


async def test_missing_server_is_an_error() -> None:
    """Refused connections are OSErrors."""
    with pytest.raises(OSError, match="onnect"):
        await ask(Pool("127.0.0.1:1"))

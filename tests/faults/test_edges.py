"""Rows 7 to 12 and 70: clients that are slow, many, or never read, at the door of one gateway."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h2.config
import h2.connection
import pytest

from tests.e2e.archgw import until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.provider import FakeProvider

Figure = Callable[[object], None]
MOST = 2000
"""Connections at once."""
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
STREAM = json.dumps({"messages": [{"role": "user", "content": "hi"}], "stream": True}).encode()
H2_REQUEST = [
    (":method", "POST"),
    (":path", "/v1/chat/completions"),
    (":scheme", "http"),
    (":authority", "a"),
    ("content-type", "application/json"),
    ("content-length", str(len(STREAM))),
]


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    # A stream that nobody reads is ended after `idle`: two seconds here, 300 by default.
    text = world.config("llm_providers: [{name: one, timeout: {idle: 2s, first_byte: 5s}}]")
    with gateway(tmp_path_factory.mktemp("doors"), text, {"KEY": "sk"}) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


def connected(running: Running, timeout: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout)


def resident_mib(running: Running) -> float:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def seconds_until_closed(connection: socket.socket, limit: float) -> tuple[float, bytes]:
    began = time.monotonic()
    connection.settimeout(limit)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return time.monotonic() - began, received


def test_row_07_headers_in_a_trickle(running: Running, figure: Figure) -> None:
    """A byte a second makes no headers: the connection is closed after five seconds."""
    with connected(running) as connection:
        began = time.monotonic()
        connection.settimeout(1)
        received = None
        for byte in HEAD:
            try:
                connection.send(bytes([byte]))
                received = connection.recv(1000)
            except TimeoutError:
                continue
            except ConnectionError:
                received = b""
            break
        took = time.monotonic() - began
    figure(f"closed after {took:.1f} s")
    assert received is not None
    assert received == b"" or received.startswith(b"HTTP/1.1 408")
    assert 4 < took < 9


@pytest.mark.long("waits 30 s, as long as a body may take by what is shipped")
def test_row_08_a_body_that_never_ends(running: Running, world: World, figure: Figure) -> None:
    """408 after 30 seconds; the provider hears of nothing."""
    world.forget()
    with connected(running) as connection:
        connection.sendall(HEAD + b"content-length: 100\r\n\r\n" + b'{"messages": [')
        took, received = seconds_until_closed(connection, 45)
    figure(f"408 after {took:.1f} s")
    assert received.startswith(b"HTTP/1.1 408")
    assert b'"code":"request_timeout"' in received
    assert 28 < took < 36
    assert not world.one.received


@pytest.mark.long("waits 60 s, as long as a connection may be idle by what is shipped")
def test_row_09_a_connection_without_a_request(running: Running, figure: Figure) -> None:
    """It is closed after a minute, whether it ever asked anything or not."""
    with connected(running) as silent, connected(running) as served:
        served.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        assert served.recv(1000).startswith(b"HTTP/1.1 200")
        took, received = seconds_until_closed(silent, 120)
        assert seconds_until_closed(served, 30)[1] == b""
    figure(f"closed after {took:.1f} s")
    assert received == b""
    assert 57 < took < 115


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04\x00" + bytes(4)


def frame(kind: int, payload: bytes, *, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


FLOODS = {
    "SETTINGS": frame(4, bytes.fromhex("000400010000")),
    "PING": frame(6, b"01234567"),
    "CONTINUATION": frame(9, b"\x00\x01a\x01b", stream=1),
}


def frames_until_closed(connection: socket.socket, flood: bytes, most: int = 400_000) -> int:
    for sent in range(0, most, 1000):
        try:
            connection.sendall(flood * 1000)
        except ConnectionError:
            return sent + 1000
    raise AssertionError(f"{most} frames, and it is open still")


@pytest.mark.parametrize("kind", FLOODS)
def test_row_10_a_flood_of_frames(
    running: Running, client: Client, figure: Figure, kind: str
) -> None:
    """Who sends frames without end, and reads none, is disconnected; others are served."""
    before = resident_mib(running)
    with connected(running, 5) as connection:
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            connection.setsockopt(socket.SOL_SOCKET, buffer, 4096)
        connection.sendall(PREFACE + (frame(1, b"", stream=1) if kind == "CONTINUATION" else b""))
        sent = frames_until_closed(connection, FLOODS[kind])
    grown = resident_mib(running) - before
    figure(f"{kind}: closed within {sent} frames, {max(grown, 0):.1f} MiB")
    assert client.chat().status == 200
    assert grown < 10


@pytest.mark.alone
def test_row_11_one_connection_too_many(running: Running, client: Client, figure: Figure) -> None:
    """The 2001st is closed at once; those that are open and the admin socket are served."""
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(connected(running)) for _ in range(MOST)]
        until(lambda: _open_connections(running) == MOST)
        with connected(running) as one_more:
            took, received = seconds_until_closed(one_more, 10)
        assert received == b""
        first[-1].sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        assert first[-1].recv(1000).startswith(b"HTTP/1.1 200")
        assert running.admin("GET", "/ready") == "LIVE\n"
    until(lambda: _open_connections(running) < 10, 20)
    figure(f"closed after {1000 * took:.0f} ms")
    assert took < 5
    assert client.chat().status == 200


def _open_connections(running: Running) -> int:
    return _stat(running, "http.llm.downstream_cx_active")


def _stat(running: Running, name: str) -> int:
    return int(running.admin("GET", f"/stats?filter=^{name}$").rpartition(": ")[2])


def test_row_12_a_client_that_stops_reading(
    running: Running, client: Client, world: World, figure: Figure
) -> None:
    """A stream of 32 MiB that nobody reads takes little memory, and ends after its idle time."""
    world.one.behaviour.pieces = (b"data: " + b"x" * ((1 << 20) - 8) + b"\n\n",) * 32
    before = resident_mib(running)
    with connected(running) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(STREAM) + STREAM)
        began = time.monotonic()
        until(lambda: _active(running) == 1)
        most = before
        while _active(running) and time.monotonic() < began + 20:
            most = max(most, resident_mib(running))
            time.sleep(0.1)
        took = time.monotonic() - began
    figure(f"{most - before:.1f} MiB, ended after {took:.1f} s")
    assert _active(running) == 0
    # As much as a body may have, once from the provider and once to the client: the listener has one
    # limit for both ways.
    assert most - before < 2 * 10 + 8
    assert took > 1.5
    world.one.behaviour.pieces = ()
    assert client.chat(stream=True).complete


def _active(running: Running) -> int:
    return _stat(running, "cluster.llm-one.upstream_rq_active")


@pytest.mark.alone
def test_row_70_a_thousand_streams_that_nobody_reads(tmp_path: Path, figure: Figure) -> None:
    """Ten connections of a hundred streams each: bounded memory, and others are served meanwhile.

    Each answer has 2 MiB, so that all of them would be four times as much as Envoy may have.
    """
    with FakeProvider("one") as one:
        text = config("", one_local(one.address))
        with gateway(tmp_path, text, {}) as running, contextlib.ExitStack() as stack:
            client, before = Client(running.port), resident_mib(running)
            one.behaviour.pieces = (b"data: " + b"x" * ((256 << 10) - 8) + b"\n\n",) * 8
            for _ in range(10):
                stack.enter_context(connected(running)).sendall(_a_hundred_streams())
            # Some may be refused: where memory runs short no more requests are taken.
            until(lambda: _stat(running, "http.llm.downstream_rq_total") >= 1000, 90)
            most = max(_resident_for(running, 3.0))
            one.behaviour.pieces = ()
            began = time.monotonic()
            statuses = [client.chat().status for _ in range(5)]
            took = (time.monotonic() - began) / 5
            reached = len(one.received) - statuses.count(200)
            stack.close()
            until(lambda: _active(running) == 0, 20)
            after = client.chat().status
    figure(
        f"{most - before:.0f} MiB for 1,000 streams, of which {reached} reached the provider;"
        f" others meanwhile: {statuses}, {1000 * took:.0f} ms each"
    )
    assert most < 900
    assert set(statuses) <= {200, 503}
    assert after == 200


def _resident_for(running: Running, seconds: float) -> Iterator[float]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield resident_mib(running)
        time.sleep(0.1)


def _a_hundred_streams() -> bytes:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    for _ in range(100):
        stream = connection.get_next_available_stream_id()
        connection.send_headers(stream, H2_REQUEST)
        connection.send_data(stream, STREAM, end_stream=True)
    return connection.data_to_send()

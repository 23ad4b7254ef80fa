"""The proxy that stands for bad lines does to what passes what it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.fakes.wire import BadLine, Line

WORDS = b"0123456789" * 10


@pytest.fixture
def line() -> Iterator[BadLine]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.recv(100)
                connection.sendall(WORDS)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        with BadLine(server.getsockname()[1]) as bad:
            yield bad


def heard(bad: BadLine, limit: float = 5.0) -> bytes:
    with socket.create_connection(("127.0.0.1", bad.port), limit) as connection:
        connection.sendall(b"?")
        return b"".join(iter(lambda: connection.recv(1000), b""))


def test_a_good_line(line: BadLine) -> None:
    """What is asked and answered passes as it is."""
    assert heard(line) == WORDS
    assert line.connections == 1


def test_late(line: BadLine) -> None:
    """Nothing comes before its time, and then all of it."""
    line.line = Line(delay=0.3)
    began = time.monotonic()
    assert heard(line) == WORDS
    assert time.monotonic() - began >= 0.3


def test_in_a_trickle(line: BadLine) -> None:
    """Nothing is lost, but it takes its time."""
    line.line = Line(trickle=10)
    began = time.monotonic()
    assert heard(line) == WORDS
    assert time.monotonic() - began >= 0.08


def test_cut(line: BadLine) -> None:
    """An end that looks like one, in the middle."""
    line.line = Line(cut_after=42)
    assert heard(line) == WORDS[:42]


@pytest.mark.parametrize("told", [Line(cut_after=42, reset=True), Line(refuse=True, reset=True)])
def test_reset(line: BadLine, told: Line) -> None:
    """An end that is an error."""
    line.line = told
    with pytest.raises(ConnectionResetError):
        heard(line)


def test_swallowed(line: BadLine) -> None:
    """What came is there; the rest never comes, and nothing ends."""
    line.line = Line(swallow_after=42)
    with socket.create_connection(("127.0.0.1", line.port), 0.5) as connection:
        connection.sendall(b"?")
        assert connection.recv(1000) == WORDS[:42]
        with pytest.raises(TimeoutError):
            connection.recv(1000)

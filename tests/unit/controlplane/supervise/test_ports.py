"""A port that is taken is found before Envoy, with SO_REUSEPORT, would share it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from controlplane.supervise.ports import Port, busy


def _port(number: int, address: str = "127.0.0.1") -> Port:
    return Port("llm listener", address, number, "listeners.egress_traffic.port")


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.socket() as listener:
        # As another gateway's Envoy would: a plain bind beside it would succeed.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_port_of_a_reusing_listener_is_busy(listening: int) -> None:
    """The message names the port, the process that has it and the setting to change."""
    reason = busy(_port(listening))
    assert reason is not None
    assert f"127.0.0.1:{listening} is in use" in reason
    assert "pid" in reason
    assert "listeners.egress_traffic.port" in reason


def test_busy_everywhere_when_busy_on_loopback(listening: int) -> None:
    """0.0.0.0 includes the address that is taken."""
    assert busy(_port(listening, "0.0.0.0")) is not None


def test_free_port_is_free_and_stays_so() -> None:
    """Looking leaves nothing behind: the port is free the second time too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    assert busy(_port(number)) is None
    assert busy(_port(number)) is None


def test_port_with_connections_in_time_wait_is_free() -> None:
    """A gateway can start right after `down`, while old connections still time out."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Envoy does
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", number))
        served, _ = listener.accept()
        served.close()  # closes first, so the TIME_WAIT is on the listener's port
        client.recv(1)
        client.close()
    assert busy(_port(number)) is None


@pytest.mark.parametrize("address", ["192.0.2.1", "no.such.host.invalid"])
def test_foreign_address_is_told(address: str) -> None:
    """An address that is not this machine's is no Python error but a sentence."""
    reason = busy(_port(4711, address))
    assert reason is not None
    assert address in reason
    assert "not an address of this machine" in reason

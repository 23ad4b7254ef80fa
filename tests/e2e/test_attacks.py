"""Hostile HTTP at both listeners: each gets the refusal that it must get, and nobody is asked."""

from __future__ import annotations

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import hpack
import pytest

from tests.e2e.attacks import CUT, HTTP1, HTTP2, PREFACE, RESET, TAKEN, Attack
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import Running, gateway
from tests.fakes.model_server import FakeModelServer
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
listeners: {egress_traffic: {}, ingress_traffic: {}}
llm_providers:
  - {name: one, access_key: $KEY}
model_server: {address: "{models}"}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}}
"""
_PATIENCE = 10.0
_ANSWERS = re.compile(rb"^HTTP/1\.1 (\d{3}) .*\r$", re.MULTILINE)
_HEADERS, _RST_STREAM = 1, 3


@dataclass
class Stage:
    running: Running
    provider: FakeProvider
    models: FakeModelServer

    def asked(self) -> int:
        return len(self.provider.received) + len(self.models.received)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with FakeProvider("one") as provider, FakeModelServer() as models:
        text = config(CONFIG, one_local(f"127.0.0.1:{provider.port}"), models=models.address)
        with gateway(tmp_path_factory.mktemp("attacks"), text, {"KEY": "sk-own"}) as running:
            yield Stage(running, provider, models)


@pytest.fixture(params=["llm", "prompts"])
def port(request: pytest.FixtureRequest, staged: Stage) -> int:
    staged.provider.forget()
    staged.models.forget()
    return staged.running.port if request.param == "llm" else staged.running.prompt_port


@pytest.mark.parametrize("attack", HTTP1, ids=lambda attack: attack.name)
def test_http1(staged: Stage, port: int, attack: Attack) -> None:
    """One refusal, and then the connection is closed, with all that may be smuggled in it."""
    answers = [int(status) for status in _ANSWERS.findall(_all(port, attack.sent))]
    assert answers == [attack.outcome]
    assert staged.asked() == 0
    assert Client(port).ask("GET", "/healthz").status == 200


@pytest.fixture(scope="module")
def outcomes(staged: Stage) -> dict[int, dict[str, int]]:
    """By port and attack, of all of them at once: Envoy waits a second before it closes."""
    staged.provider.forget()
    staged.models.forget()
    with ThreadPoolExecutor(2 * len(HTTP2)) as pool:
        asked = {
            port: {each.name: pool.submit(_outcome, port, PREFACE + each.sent) for each in HTTP2}
            for port in (staged.running.port, staged.running.prompt_port)
        }
    found = {
        port: {name: one.result() for name, one in each.items()} for port, each in asked.items()
    }
    assert staged.asked() == 0
    return found


@pytest.mark.parametrize("attack", HTTP2, ids=lambda attack: attack.name)
def test_http2(outcomes: dict[int, dict[str, int]], port: int, attack: Attack) -> None:
    """A refusal, a stream that is reset, or a connection that is cut; nobody is asked."""
    assert outcomes[port][attack.name] == attack.outcome


@pytest.mark.parametrize(("name", "sent"), TAKEN, ids=[name for name, _ in TAKEN])
def test_what_envoy_takes(staged: Stage, port: int, name: str, sent: bytes) -> None:
    """It reaches the one provider there is, as one call that holds nothing of what was tried."""
    answers = _ANSWERS.findall(_all(port, sent))
    assert answers == [b"200"], name
    (seen,) = staged.provider.received
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    headers = {key.lower(): value for key, value in seen.headers.items()}
    assert headers["host"] == "127.0.0.1"
    assert headers["authorization"] == "Bearer sk-own"
    assert not {key for key in headers if key.startswith(("x-evil", "x-arch", "x-forw", "cookie"))}
    told = {key: value for key, value in headers.items() if "evil" in value}
    # A line break is taken out of a value, or becomes a blank: what is behind it names nothing.
    assert told.keys() <= {"user-agent"}


def test_it_is_well_afterwards(staged: Stage, port: int) -> None:
    """The same process serves, and thinks nothing of it a fault of its own."""
    assert Client(port).chat().status == 200
    assert staged.running.process.poll() is None
    log = (staged.running.home.logs / "envoy.log").read_text()
    assert "envoy bug" not in log
    assert "script log" not in log


def _all(port: int, sent: bytes) -> bytes:
    """Until the other side closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(_PATIENCE)
        try:
            connection.sendall(sent)
            while chunk := connection.recv(65536):
                received += chunk
                # All was sent and read: Envoy need not wait for us to close first.
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    return received


def _outcome(port: int, sent: bytes) -> int:
    received, ends = b"", time.monotonic() + _PATIENCE
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(_PATIENCE)
        try:
            connection.sendall(sent)
            while chunk := connection.recv(65536):
                received += chunk
                if (found := _told(received)) is not None:
                    return found
                assert time.monotonic() < ends
        except ConnectionError:
            pass
    return CUT


def _told(received: bytes) -> int | None:
    """Of the first stream; None as long as nothing is."""
    while len(received) >= 9:
        length, kind = int.from_bytes(received[:3], "big"), received[3]
        body = received[9 : 9 + length]
        if kind == _RST_STREAM:
            return RESET
        if kind == _HEADERS and len(body) == length:
            return int(dict(hpack.Decoder().decode(body))[":status"])
        received = received[9 + length :]
    return None

"""Pools and failover: another provider answers, with its own key, host and model."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAILOVER = """
llm_providers:
  - name: one
    access_key: $ONE_KEY
    fallbacks: [two]
    timeout: {first_byte: 1s, idle: 5s, connect: 1s}
  - name: two
    provider: groq
    base_url: https://{two}/openai/v1
    model: llama-two
    access_key: $TWO_KEY
overrides: {access_log_format: json}
"""
KEYS = {"ONE_KEY": "sk-one", "TWO_KEY": "sk-two"}


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("failover")
    with gateway(folder, world.config(FAILOVER), KEYS) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


def assert_answered_by_two(world: World) -> None:
    received = world.two.received[-1]
    assert received.headers["authorization"] == "Bearer sk-two"
    assert received.headers["host"] == "localhost"
    assert received.path == "/openai/v1/chat/completions"
    assert received.json["model"] == "llama-two"
    assert "sk-one" not in str(received.headers)
    assert not [name for name in received.headers if name.startswith(("x-envoy", "x-arch"))]


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
def test_bad_status(client: Client, world: World, status: int, stream: bool) -> None:
    """A provider's 5xx or 429 sends the call to its fallback."""
    world.one.behaviour.status = status
    answer = client.chat(stream=stream)
    assert answer.status == 200
    assert "two" in answer.text
    assert_answered_by_two(world)


def test_reset(client: Client, world: World) -> None:
    """A connection that breaks before any answer sends the call to the fallback."""
    world.one.behaviour.reset = True
    assert client.chat().status == 200
    assert_answered_by_two(world)


def test_silence(client: Client, world: World) -> None:
    """A provider that does not begin to answer in time loses the call to the fallback."""
    world.one.behaviour.delay = 30
    started = time.monotonic()
    assert client.chat().status == 200
    assert 0.9 < time.monotonic() - started < 5
    assert_answered_by_two(world)


@pytest.fixture(scope="module")
def impatient(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """As `running`, with as little patience for silence within an answer as before it."""
    text = world.config(FAILOVER.replace("idle: 5s", "idle: 1s"))
    with gateway(tmp_path_factory.mktemp("impatient"), text, KEYS) as started:
        yield started


@pytest.mark.parametrize("stream", [False, True])
def test_silence_of_each(impatient: Running, world: World, stream: bool) -> None:
    """A fallback has as long for its first byte as the silent provider before it had."""
    world.forget()
    world.one.behaviour.delay = 30
    world.two.behaviour.delay = 0.8
    answer = Client(impatient.port).chat(stream=stream)
    assert answer.status == 200
    assert answer.complete
    assert_answered_by_two(world)


def test_silence_of_all(impatient: Running, world: World) -> None:
    """When nobody begins to answer in time the call ends as a 504, each asked once."""
    world.forget()
    world.one.behaviour.delay = world.two.behaviour.delay = 30
    started = time.monotonic()
    assert Client(impatient.port).chat().status == 504
    assert 1.9 < time.monotonic() - started < 8
    assert (len(world.one.received), len(world.two.received)) == (1, 1)


def test_silence_within_a_stream(impatient: Running, world: World) -> None:
    """A stream that goes silent is broken off after `idle`; what had come is with the client."""
    world.forget()
    world.one.behaviour.hang_after = 2
    started = time.monotonic()
    answer = Client(impatient.port).chat(stream=True)
    assert 0.9 < time.monotonic() - started < 5
    assert not answer.complete
    assert "one-1" in answer.text
    assert not world.two.received


def test_refused_connection(client: Client, world: World) -> None:
    """A provider that is not there at all loses the call to the fallback."""
    world.one.stop()
    try:
        assert client.chat().status == 200
        assert_answered_by_two(world)
    finally:
        world.one.start_again()


def test_large_body(client: Client, world: World) -> None:
    """A large body reaches the fallback whole."""
    world.one.behaviour.status = 503
    text = "y" * 900_000
    assert client.chat(text).status == 200
    assert world.two.received[0].json["messages"][0]["content"] == text


def test_never_after_the_first_byte(client: Client, world: World) -> None:
    """Once a stream has begun nobody else is asked, even if it breaks."""
    world.one.behaviour.die_after = 2
    answer = client.chat(stream=True)
    assert not answer.complete
    assert not world.two.received


def test_both_fail(client: Client, world: World) -> None:
    """When the fallback fails too, the client gets the fallback's error, each asked once."""
    world.one.behaviour.status = 503
    world.two.behaviour.status = 500
    answer = client.chat()
    assert answer.status == 500
    assert answer.json["error"]["message"] == "two is unwell"
    assert (len(world.one.received), len(world.two.received)) == (1, 1)


def test_embeddings_do_not_fail_over(client: Client, world: World) -> None:
    """Vectors of another model would be worse than an error."""
    world.one.behaviour.status = 503
    answer = client.ask(
        path="/v1/embeddings", body={"model": "text-embedding-3-small", "input": "hi"}
    )
    assert answer.status == 503
    assert not world.two.received


POOL = """
llm_providers:
  - name: pool
    provider: openai
    base_url: https://{one}/v1
    model: gpt-one
    access_key: $ONE_KEY
    default: true
    weight: {weight}
    tls: {ca_file: {ca}}
  - name: pool
    provider: openai
    base_url: https://{two}/v1
    model: gpt-two
    access_key: $TWO_KEY
    tls: {ca_file: {ca}}
overrides: {access_log_format: json}
"""


@pytest.mark.parametrize(("weight", "share"), [(1, 0.5), (3, 0.75)])
def test_pool_of_different_keys(world: World, tmp_path: Path, weight: int, share: float) -> None:
    """Members of a pool share the calls by weight, each with its own key and model.

    Envoy draws a member for each call, so there are enough of them that a fair draw is outside
    the bound once in 100,000 runs.
    """
    world.forget()
    calls = 200
    with gateway(tmp_path, world.config(POOL, weight=weight), KEYS) as started:
        client = Client(started.port)
        assert {client.chat().status for _ in range(calls)} == {200}
    assert abs(len(world.one.received) / calls - share) <= 0.16
    assert {r.headers["authorization"] for r in world.one.received} == {"Bearer sk-one"}
    assert {r.json["model"] for r in world.two.received} == {"gpt-two"}
    assert {r.headers["authorization"] for r in world.two.received} == {"Bearer sk-two"}


LIST = """
endpoints:
  llms:
    endpoint: [ "{one}", "{two}" ]
    protocol: https
    tls: {ca_file: {ca}}
llm_providers:
  - name: list
    provider: local
    endpoint: llms
    model: gpt
    default: true
overrides: {access_log_format: json}
"""


def test_list_endpoint(world: World, tmp_path: Path) -> None:
    """The hosts of a list endpoint are asked evenly, and a dead one is gone around."""
    world.forget()
    with gateway(tmp_path, world.config(LIST), {}) as started:
        client = Client(started.port)
        assert Counter(client.chat().status for _ in range(20)) == {200: 20}
        assert abs(len(world.one.received) - len(world.two.received)) <= 4
        world.one.stop()
        try:
            assert Counter(client.chat().status for _ in range(20)) == {200: 20}
        finally:
            world.one.start_again()
    assert all("authorization" not in received.headers for received in world.two.received)

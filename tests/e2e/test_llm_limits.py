"""Token limits: who is counted, what is refused, and what the refusal says."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
llm_providers:
  - name: one
    rate_limits:
      selector: {http_header: {name: X-User, value: ""}}
      limit: {tokens: 100, unit: hour}
  - name: two
ratelimits:
  - model: gpt-two
    selector: {key: x-team, value: blue}
    limit: {tokens: 50, unit: minute}
  - model: gpt-two
    selector: {key: x-team}
    limit: {tokens: 20, unit: second}
overrides: {error_format: {form}}
"""
# 40 letters are about ten tokens, which is what each request here costs.
TEN_TOKENS = "word " * 8


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with gateway(
        tmp_path_factory.mktemp("limits"), world.config(CONFIG, form="json"), {"KEY": "sk"}
    ) as started:
        yield started


@pytest.fixture
def client(running: Running, world: World) -> Client:
    world.forget()
    return Client(running.port)


def cost(running: Running) -> int:
    """What one of our requests is estimated at, as the refusal tells it."""
    client = Client(running.port)
    for _ in range(100):
        answer = client.chat(TEN_TOKENS, headers={"x-user": "the-measured-one"})
        if answer.status == 429:
            return int(answer.json["error"]["message"].rpartition("=")[2])
    raise AssertionError("the limit never held")


def test_exact_under_concurrency(client: Client, running: Running, world: World) -> None:
    """Sixteen clients at once get just what the limit allows, to within one request."""
    each = cost(running)
    world.forget()

    def ask(_: int) -> int:
        return client.chat(TEN_TOKENS, headers={"x-user": "crowd"}).status

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(ask, range(64)))
    allowed = statuses.count(200)
    assert set(statuses) == {200, 429}
    assert abs(allowed * each - 100) <= each
    assert len(world.one.received) == allowed


def test_each_value_has_its_own_bucket(client: Client) -> None:
    """With an empty value in the config one user's tokens are not another's."""
    while client.chat(TEN_TOKENS, headers={"x-user": "greedy"}).status == 200:
        pass
    assert client.chat(TEN_TOKENS, headers={"x-user": "modest"}).status == 200
    assert client.chat(TEN_TOKENS, headers={"x-user": "greedy"}).status == 429


def test_refusal(client: Client, world: World) -> None:
    """A refusal says v0.1's words, when to come back, and reaches no provider."""
    text = "a" * 4000
    answer = client.chat(text, headers={"x-user": "big", "x-arch-ratelimit-selector": "x-user"})
    assert answer.status == 429
    error = answer.json["error"]
    assert error["message"].startswith(
        'exceeded limit provider=gpt-one, selector=Header { key: "x-user", value: "big" }, '
        "tokens_used="
    )
    assert (error["code"], error["type"]) == ("rate_limited", "rate_limit_error")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-ratelimit-limit"].startswith("100")
    assert "x-arch-ratelimit-period" not in answer.headers
    assert not world.one.received


def test_value_of_the_config(client: Client) -> None:
    """A limit for one value of a header leaves the others to the general one, with its own unit."""
    text = "word " * 24  # about thirty tokens: more than 20 a second, less than 50 a minute
    blue = client.chat(text, headers={"x-team": "blue", "x-arch-llm-provider-hint": "two"})
    green = client.chat(text, headers={"x-team": "green", "x-arch-llm-provider-hint": "two"})
    assert (blue.status, green.status) == (200, 429)
    assert green.headers["retry-after"] in {"1", "2"}


def test_without_the_header(client: Client) -> None:
    """A request without the limit's header is not counted against it."""
    assert {client.chat(TEN_TOKENS * 10).status for _ in range(5)} == {200}


def test_list_of_models_costs_nothing(client: Client) -> None:
    """GET /v1/models has no prompt and is never limited."""
    statuses = {client.ask("GET", "/v1/models", x_user="greedy").status for _ in range(20)}
    assert statuses == {200}


def test_text_errors(world: World, tmp_path: Path) -> None:
    """With error_format text the refusal is v0.1's, byte for byte."""
    with gateway(tmp_path, world.config(CONFIG, form="text"), {"KEY": "sk"}) as started:
        answer = Client(started.port).chat("a" * 4000, headers={"x-user": "big"})
    assert answer.status == 429
    assert answer.headers["content-type"].startswith("text/plain")
    start = 'exceeded limit provider=gpt-one, selector=Header { key: "x-user", value: "big" }, '
    assert answer.text.startswith(start + "tokens_used=")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)

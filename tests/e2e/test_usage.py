"""What calls to LLMs used and cost: in the log as it was sent, and added up by `archgw usage`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.archgw import ROOT
from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
listeners:
  egress_traffic:
    auth: {api_keys: [{name: web, key: $WEB_KEY}, {name: batch, key: $BATCH_KEY}]}
llm_providers:
  - name: one
    price: {input: 2, output: 10, cached: 0.5}
    fallbacks: [two]
    rate_limits:
      - selector: {http_header: {name: x-limited, value: "yes"}}
        limit: {tokens: 1, unit: hour}
  - name: two
    provider: anthropic
    model: claude-two
    price: {input: 3, output: 15}
  - name: unpriced
    provider: groq
    base_url: https://{one}/v1
    access_key: $KEY
    tls: {ca_file: {ca}}
"""
KEYS = {
    "KEY": "sk-canary-of-a-provider",
    "WEB_KEY": "web-canary-0123456789",
    "BATCH_KEY": "batch-canary-0123456789",
}

CHAT_CACHED = {
    "prompt_tokens": 1_000_000,
    "completion_tokens": 2_000,
    "total_tokens": 1_002_000,
    "prompt_tokens_details": {"cached_tokens": 600_000, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 10},
}
RESPONSES_CACHED = {
    "input_tokens": 1_000,
    "input_tokens_details": {"cached_tokens": 400},
    "output_tokens": 100,
    "total_tokens": 1_100,
}
MESSAGES_CACHED = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 70,
    "output_tokens": 5,
}


@dataclass
class Stage:
    running: Running
    world: World

    def client(self, name: str = "web") -> Client:
        key = KEYS[f"{name.upper()}_KEY"]
        return Client(self.running.port, headers={"authorization": f"Bearer {key}"})

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.running.log("usage.log").splitlines()]

    def last(self) -> dict[str, Any]:
        return self.lines()[-1]

    def counted(self) -> tuple[Any, ...]:
        keys = ("prompt_tokens", "cached_tokens", "completion_tokens", "total_tokens", "cost")
        return tuple(map(self.last().get, keys))

    def usage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.running.log("usage.log")
        command = [sys.executable, "-m", "controlplane.cli", "usage", *arguments]
        # Only the logs are asked for, which `up` would have put below the home.
        home = self.running.home.logs.parent
        return subprocess.run(
            [*command, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = world.config(CONFIG)
    with gateway(tmp_path_factory.mktemp("g"), config, KEYS) as started:
        yield started


@pytest.fixture
def stage(running: Running, world: World) -> Stage:
    world.forget()
    return Stage(running, world)


@pytest.mark.parametrize("stream", [False, True])
def test_cached_tokens_have_their_own_price(stage: Stage, stream: bool) -> None:
    """Of a prompt, what the provider had in its cache costs as much as the config says."""
    stage.world.one.behaviour.usage = CHAT_CACHED
    assert stage.client().chat(stream=stream).status == 200
    cost = (400_000 * 2 + 600_000 * 0.5 + 2_000 * 10) / 1e6
    assert stage.counted() == (1_000_000, 600_000, 2_000, 1_002_000, pytest.approx(cost))
    told = stage.last()
    assert (told["client_name"], told["provider"], told["model"]) == ("web", "one", "gpt-one")
    assert (told["status"], told["attempts"]) == (200, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_responses(stage: Stage, stream: bool) -> None:
    """The same of /v1/responses, which has other words for it."""
    stage.world.one.behaviour.usage = RESPONSES_CACHED
    body = {"input": "hi", "stream": stream}
    assert stage.client().ask(path="/v1/responses", body=body).status == 200
    cost = (600 * 2 + 400 * 0.5 + 100 * 10) / 1e6
    assert stage.counted() == (1_000, 400, 100, 1_100, pytest.approx(cost))


@pytest.mark.parametrize("stream", [False, True])
def test_messages(stage: Stage, stream: bool) -> None:
    """Anthropic counts beside the prompt what its cache gave or took; here it is the whole prompt.

    Without a price of its own, what came out of the cache costs as all else.
    """
    stage.world.two.behaviour.usage = MESSAGES_CACHED
    body = {"model": "two", "messages": [], "stream": stream}
    assert stage.client().ask(path="/v1/messages", body=body).status == 200
    cost = (100 * 3 + 5 * 15) / 1e6
    assert stage.counted() == (100, 70, 5, 105, pytest.approx(cost))


@pytest.mark.parametrize("stream", [False, True])
def test_a_fallback_costs_what_it_costs(stage: Stage, stream: bool) -> None:
    """The provider that answered is the one that is paid, by its own price."""
    stage.world.one.behaviour.status = 503
    assert stage.client("batch").chat(stream=stream).status == 200
    told = stage.last()
    assert (told["client_name"], told["provider"], told["model"]) == ("batch", "two", "claude-two")
    assert told["attempts"] == 2
    assert stage.counted() == (7, None, 3, 10, pytest.approx((7 * 3 + 3 * 15) / 1e6))


def test_failed_calls_cost_nothing(stage: Stage) -> None:
    """An error, an answer cut short: a line each, without counts that nobody told."""
    stage.world.one.behaviour.status = stage.world.two.behaviour.status = 500
    assert stage.client().chat().status == 500
    assert (stage.last()["status"], stage.last()["attempts"]) == (500, 2)
    assert stage.counted() == (None, None, None, None, None)
    stage.world.forget()
    stage.world.one.behaviour.die_after = 1
    assert not stage.client().chat(stream=True).complete
    assert stage.last()["flags"] != "-"
    assert stage.counted() == (None, None, None, None, None)


def test_what_a_limit_refuses_is_a_failed_call(stage: Stage) -> None:
    """It was meant for a provider, which did not hear of it."""
    limited = {"x-limited": "yes"}
    while stage.client().chat("a prompt of many words", headers=limited).status != 429:
        pass
    told = stage.last()
    assert (told["status"], told["attempts"], told["provider"]) == (429, 0, "one")
    assert stage.counted() == (None, None, None, None, None)


def test_who_is_not_let_in_uses_nothing(stage: Stage) -> None:
    """No provider was chosen for it."""
    before = len(stage.lines())
    assert Client(stage.running.port).chat().status == 401
    assert stage.client().ask("GET", "/v1/models").status == 200
    nobody = {"x-arch-llm-provider-hint": "nobody"}
    assert stage.client().chat(headers=nobody).status == 400
    assert len(stage.lines()) == before


def test_the_log_holds_nothing_of_the_conversation(stage: Stage) -> None:
    """No prompt, no key, no model in a client's own words; and the access log has v0.1's form."""
    client = stage.client()
    client.chat("prompt-canary", model="canary-model", headers={"x-arch-llm-provider-hint": "one"})
    client.chat("prompt-canary", model="canary-model",
                headers={"x-arch-llm-provider-hint": "unpriced"})  # fmt: skip
    assert (stage.last()["provider"], stage.last()["model"]) == ("unpriced", None)
    assert "canary" not in stage.running.log("usage.log")
    assert all(line.startswith("[") for line in stage.running.log().splitlines())


def test_a_traced_call_is_logged_under_its_trace(world: World, tmp_path: Path) -> None:
    """The client's own, or one of the gateway's; that nobody collects traces is no matter."""
    config = world.config("""
overrides: {access_log_format: json}
tracing: {random_sampling: 100, otlp: "http://127.0.0.1:1"}
""")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with gateway(tmp_path, config, KEYS) as running:
        client = Client(running.port)
        client.chat(headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        client.chat()
        first, second = (json.loads(line)["trace_id"] for line in running.log().splitlines())
    assert first == trace
    assert len(second) == 32
    assert second != trace


class TestAddedUp:
    """`archgw usage` tells what was sent, of the calls that the tests before it made as well."""

    def test_equals_what_was_sent(self, stage: Stage) -> None:
        """Client by client, provider by provider: requests, tokens, cost, to the last one."""
        before = self._sums(stage, "client"), self._sums(stage, "provider")
        for number in range(20):
            stage.world.one.behaviour.status = 503 if number % 4 == 0 else 200
            name = "web" if number % 2 else "batch"
            assert stage.client(name).chat(stream=number % 3 == 0).status == 200
        after = self._sums(stage, "client"), self._sums(stage, "provider")
        one, two = (7 * 2 + 3 * 10) / 1e6, (7 * 3 + 3 * 15) / 1e6
        assert self._gained(before[0], after[0]) == {
            "web": (10, 70, 30, pytest.approx(10 * one)),
            "batch": (10, 70, 30, pytest.approx(5 * one + 5 * two)),
        }
        assert self._gained(before[1], after[1]) == {
            "one": (15, 105, 45, pytest.approx(15 * one)),
            "two": (5, 35, 15, pytest.approx(5 * two)),
        }

    @staticmethod
    def _sums(stage: Stage, by: str) -> dict[str, tuple[Any, ...]]:
        found = json.loads(stage.usage("--json", "--by", by).stdout)
        keys = ("requests", "prompt_tokens", "completion_tokens", "cost")
        return {row["name"]: tuple(row[key] or 0 for key in keys) for row in found["rows"]}

    @staticmethod
    def _gained(
        before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]
    ) -> dict[str, tuple[Any, ...]]:
        nothing = (0, 0, 0, 0)
        gains = {
            name: tuple(a - b for a, b in zip(now, before.get(name, nothing), strict=True))
            for name, now in after.items()
        }
        return {name: gain for name, gain in gains.items() if gain[0]}

    def test_table(self, stage: Stage) -> None:
        """People read the same as a table, with what it leaves open."""
        stage.client().chat(headers={"x-arch-llm-provider-hint": "unpriced"})
        done = stage.usage("--by", "provider")
        assert done.returncode == 0
        head, *rows = done.stdout.splitlines()
        assert head.split() == ["provider", "requests", "failed", "tokens", "in", "cached",
                                "tokens", "out", "cost"]  # fmt: skip
        assert {row.split()[0] for row in rows} >= {"one", "two", "unpriced", "total"}
        assert "without a `price` cost nothing here" in done.stdout

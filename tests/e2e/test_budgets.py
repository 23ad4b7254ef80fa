"""What clients may spend: counted for each, settled by what an answer cost, one sum for all workers."""

from __future__ import annotations

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.archgw import until
from tests.e2e.conftest import Answer, Client, World
from tests.e2e.harness import Running, gateway
from tests.fakes.provider import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
listeners:
  egress_traffic:
    auth: {api_keys: [{directory: clients}]}
llm_providers:
  - name: one
    rate_limits:
      - {selector: {client: true}, limit: {tokens: 100, unit: hour}}
      - {selector: {client: quick}, limit: {tokens: 20, unit: second}}
      - {selector: {client: quick}, limit: {tokens: 10000, unit: day}}
  - name: two
ratelimits:
  - {selector: {client: daily}, limit: {tokens: 300, unit: day}}
  - {selector: {client: headed}, limit: {tokens: 50, unit: day}}
  - {model: gpt-two, selector: {key: x-team}, limit: {tokens: 1, unit: hour}}
overrides: {access_log_format: json}
"""
CLIENTS = (
    "crowd", "debtor", "saver", "streamer", "leaver", "unlucky", "daily", "quick", "large", "headed",
)  # fmt: skip
PROMPT = "word " * 8  # about ten tokens


@dataclass
class Stage:
    running: Running
    world: World
    estimate: int
    """Tokens that `PROMPT` is taken for."""

    def asking(self, client: str) -> Client:
        return Client(self.running.port, headers={"x-api-key": _key(client)})

    def refused(self, client: str) -> int:
        """How many calls of the client Envoy has counted as refused by a limit."""
        text = self.running.admin("GET", "/stats/prometheus?filter=ratelimited_rq")
        counts = re.findall(rf'ratelimited_rq\{{.*client="{client}".*\}} (\d+)', text)
        return sum(int(each) for each in counts)

    def answers_cost(self, tokens: int) -> None:
        self.world.one.behaviour = Behaviour(usage=_costing(tokens))


def _costing(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}


def _key(client: str) -> str:
    return f"key-of-{client}-0123456789"


@pytest.fixture(scope="module")
def staged(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("budgets")
    (folder / "clients").mkdir()
    for client in (*CLIENTS, "measure"):
        (folder / "clients" / client).write_text(_key(client))
    with gateway(folder, world.config(CONFIG), {"KEY": "sk"}) as running:
        stage = Stage(running, world, 0)
        assert stage.asking("measure").chat(PROMPT).status == 200
        logged = json.loads(running.log().splitlines()[-1])
        stage.estimate = int(logged["estimated_prompt_tokens"])
        yield stage


@pytest.fixture
def stage(staged: Stage) -> Stage:
    staged.world.forget()
    return staged


def _refusal(answer: Answer) -> str:
    """What a client is told that has spent all."""
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (429, "rate_limited"), answer.text
    assert error["type"] == "rate_limit_error"
    message: str = error["message"]
    return message


def test_one_sum_for_all_workers(stage: Stage) -> None:
    """Sixteen connections at once on two workers get what the budget allows, and not one call more."""
    stage.answers_cost(stage.estimate)
    asking = stage.asking("crowd")
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: asking.chat(PROMPT).status, range(64)))
    allowed = statuses.count(200)
    assert set(statuses) == {200, 429}
    assert 100 - stage.estimate < allowed * stage.estimate <= 100
    assert len(stage.world.one.received) == allowed


def test_what_an_answer_cost_is_owed(stage: Stage) -> None:
    """A call that was let in for ten tokens and cost 500 is paid off, whichever worker is asked then."""
    stage.answers_cost(500)
    asking = stage.asking("debtor")
    assert asking.chat(PROMPT).status == 200
    for _ in range(8):
        answer = asking.chat(PROMPT)
        message = _refusal(answer)
        owed = 500 + stage.estimate - 100
        assert owed * 36 - 30 <= int(answer.headers["retry-after"]) <= owed * 36 + 1
        assert message == (
            'the client "debtor" has used up a limit, 100 tokens an hour for one; '
            f"the prompt is about {stage.estimate} tokens long: try again in 5 h"
        )
    assert answer.headers["x-ratelimit-limit"] == "100"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    until(lambda: stage.refused("debtor") == 8)
    logged = [json.loads(line) for line in stage.running.log("usage.log").splitlines()]
    assert [each["status"] for each in logged if each["client_name"] == "debtor"] == [
        200,
        *[429] * 8,
    ]
    assert len(stage.world.one.received) == 1


def test_what_was_not_used_comes_back(stage: Stage) -> None:
    """A prompt taken for more tokens than its provider counts costs what the provider says."""
    stage.answers_cost(2)
    asking = stage.asking("saver")
    for _ in range(20):
        assert asking.chat(PROMPT * 3).status == 200


def test_a_stream_is_settled_at_its_end(stage: Stage) -> None:
    """What a stream says it cost counts, though the client did not ask for it."""
    stage.answers_cost(99)
    asking = stage.asking("streamer")
    answer = asking.chat(PROMPT, stream=True)
    assert answer.status == 200
    assert b"usage" not in answer.body
    assert int(asking.chat(PROMPT).headers["retry-after"]) > 36 * (stage.estimate - 3)


def test_a_client_that_leaves_pays_for_what_came(stage: Stage) -> None:
    """Who hangs up before a stream tells its cost has not got it for nothing."""
    stage.world.one.behaviour = Behaviour(chunks=2000, chunk_delay=0.001)
    connection = http.client.HTTPConnection("127.0.0.1", stage.running.port, timeout=20)
    body = {"stream": True, "messages": [{"role": "user", "content": PROMPT}]}
    headers = {"content-type": "application/json", "x-api-key": _key("leaver")}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    came = 0
    while came < 30_000:
        came += len(answer.read1(4096))
    answer.close()
    connection.close()
    wait = int(stage.asking("leaver").chat(PROMPT).headers["retry-after"])
    assert wait > 36 * (came / 200 - 100)


@pytest.mark.parametrize("broken", [Behaviour(status=500), Behaviour(reset=True)])
def test_what_failed_costs_nothing(stage: Stage, broken: Behaviour) -> None:
    """A call that no provider answered gives back what was taken for it."""
    stage.world.one.behaviour = broken
    asking = stage.asking("unlucky")
    assert {asking.chat(PROMPT * 5).status for _ in range(6)} <= {500, 503}


def test_a_budget_for_all_providers(stage: Stage) -> None:
    """Without a model it is one sum, whoever answers; beside it the budget of a provider holds."""
    asking = stage.asking("daily")
    stage.world.two.behaviour = Behaviour(usage=_costing(295))
    assert asking.chat(PROMPT, model="gpt-two").status == 200
    answer = asking.chat(PROMPT, model="gpt-one")
    assert "300 tokens a day for all providers" in _refusal(answer)
    wait = int(answer.headers["retry-after"])
    assert wait == pytest.approx((stage.estimate - 5) * 288, abs=30)


def test_a_client_with_limits_of_its_own(stage: Stage) -> None:
    """Who is named has these instead of those for each; what is spent comes in again."""
    stage.answers_cost(20)
    asking = stage.asking("quick")
    assert asking.chat(PROMPT).status == 200
    began = time.monotonic()
    while (answer := asking.chat(PROMPT)).status == 429:
        assert "20 tokens a second for one" in _refusal(answer)
        assert answer.headers["retry-after"] == "1"
        assert time.monotonic() - began < 3
        time.sleep(0.05)
    assert answer.status == 200


def test_a_prompt_that_never_fits(stage: Stage) -> None:
    """A prompt larger than the whole budget is told so, and not to try again."""
    answer = stage.asking("large").chat("word " * 400)
    assert 'more than the client "large" may send at all' in _refusal(answer)
    assert "retry-after" not in answer.headers
    assert answer.headers["x-should-retry"] == "false"
    assert stage.asking("large").chat(PROMPT).status == 200


def test_refused_by_another_limit(stage: Stage) -> None:
    """What a limit on a header refuses is given back to the client's budget."""
    asking = stage.asking("headed")
    for _ in range(12):
        answer = asking.chat(PROMPT, model="gpt-two", headers={"x-team": "blue"})
        assert "exceeded limit provider=gpt-two" in _refusal(answer)
    assert asking.chat(PROMPT).status == 200

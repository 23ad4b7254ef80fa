"""Limits that two gateways share, on a real Redis over TLS: one sum, and what happens without it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.archgw import Archgw, command_lines, until
from tests.e2e.conftest import Answer, Client, World
from tests.e2e.harness import free_port, gateway
from tests.e2e.test_metrics import Scraped
from tests.fakes.provider import Behaviour
from tests.fakes.redis_server import REDIS, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.certificates import Authority

pytestmark = [
    pytest.mark.skipif(REDIS is None, reason="no redis-server: apt-get install redis-server"),
    pytest.mark.xdist_group("shared_limits"),
]

CONFIG = """
listeners:
  egress_traffic:
    auth: {api_keys: [{directory: {folder}}]}
llm_providers:
  - name: one
    rate_limits:
      - {selector: {client: true}, limit: {tokens: 1000, unit: day}}
      - {selector: {client: large}, limit: {tokens: 100000, unit: day}}
  - name: two
ratelimits:
  - {model: gpt-two, selector: {key: x-user, value: blue}, limit: {tokens: 60, unit: hour}}
  - {model: gpt-two, selector: {key: x-user}, limit: {tokens: 20, unit: hour}}
rate_limits:
  mode: {mode}
  redis: {redis}
  password: $REDIS_PASSWORD
  tls: {ca_file: {ca}}
  on_failure: deny
"""
CLIENTS = ("exact", "crowd", "streams", "debtor", "leaver", "unlucky", "large", "after", "measure")
PROMPT = "word " * 8  # about ten tokens
PASSWORD = "canary-of-redis-0123456789"
IN_TIME = 0.05


@dataclass
class Stage:
    """Two gateways, which refuse what nobody can count; the second has shared nothing at its start."""

    gateways: tuple[Archgw, Archgw]
    ports: tuple[int, int]
    redis: RedisServer
    world: World
    estimate: int

    def asking(self, client: str, gateway: int = 0) -> Client:
        return Client(self.ports[gateway], headers={"x-api-key": _key(client)})

    def answers_cost(self, tokens: int) -> None:
        usage = {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}
        self.world.one.behaviour = Behaviour(usage=usage)


def _key(client: str) -> str:
    return f"key-of-{client}-0123456789"


@pytest.fixture(scope="module")
def staged(
    world: World, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("s")
    (folder / "clients").mkdir()
    for client in CLIENTS:
        (folder / "clients" / client).write_text(_key(client))
    redis = RedisServer(folder, free_port(), authority, PASSWORD)
    redis.start()
    with contextlib.ExitStack() as stack:
        stack.callback(redis.kill)
        ports = free_port(), free_port()
        gateways = tuple(
            _gateway(folder / name, port, world, redis, mode)
            for name, port, mode in zip("ab", ports, ("global", "local"), strict=True)
        )
        with ThreadPoolExecutor(2) as pool:
            for gateway in gateways:
                stack.callback(gateway.run, "down", "--now")
            for started in pool.map(Archgw.up, gateways):
                assert started.returncode == 0, started.stderr
        _says(gateways[1], "mode: local", "mode: global")
        stage = Stage((gateways[0], gateways[1]), ports, redis, world, 0)
        answer = until(lambda: _taken(stage.asking("measure").chat(PROMPT)))
        stage.estimate = 1000 - int(answer.headers["x-ratelimit-remaining"])
        yield stage


def _taken(answer: Answer) -> Answer | None:
    return answer if answer.status == 200 and "x-ratelimit-remaining" in answer.headers else None


def _gateway(folder: Path, port: int, world: World, redis: RedisServer, mode: str) -> Archgw:
    folder.mkdir()
    gateway = Archgw(folder, {"KEY": "sk", "REDIS_PASSWORD": PASSWORD})
    clients = folder.parent / "clients"
    text = world.config(CONFIG, port=port, folder=clients, redis=redis.url, mode=mode)
    gateway.config.write_text(text)
    return gateway


def _says(gateway: Archgw, before: str, after: str) -> None:
    """Another word in its config, and a reload."""
    text = gateway.config.read_text()
    assert before in text
    gateway.config.write_text(text.replace(before, after))
    done = gateway.run("reload")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def stage(staged: Stage) -> Stage:
    staged.world.forget()
    return staged


def _answered(asking: Client, **more: object) -> Answer:
    """By the limits: on a busy machine Redis may be too slow for one request."""
    for _ in range(100):
        answer = asking.chat(PROMPT, **more)
        if "x-ratelimit-limit" in answer.headers:
            return answer
        time.sleep(0.1)
    raise AssertionError("nobody could say what was spent")


@pytest.mark.parametrize(
    ("client", "stream", "cost"), [("exact", False, 1), ("crowd", False, 3), ("streams", True, 3)]
)
def test_one_sum_for_two_gateways(stage: Stage, client: str, stream: bool, cost: int) -> None:
    """32 at once on two gateways get what the limit allows. Beyond it goes only what calls cost more
    than they were estimated at, of those that run and those whose end is not told yet: two of each.
    """
    each = cost * stage.estimate
    stage.answers_cost(each)

    def ask_until_refused(number: int) -> list[int]:
        asking, statuses = stage.asking(client, number % 2), [0]
        while statuses[-1] != 429 and len(statuses) < 1000:
            statuses.append(asking.chat(PROMPT, stream=stream).status)
        return statuses[1:]

    with ThreadPoolExecutor(32) as pool:
        statuses = [one for found in pool.map(ask_until_refused, range(32)) for one in found]
    assert set(statuses) <= {200, 429, 503}
    assert statuses.count(429) == 32
    spent = statuses.count(200) * each
    print(f"{client}: {spent} of 1000 at {each} each; {statuses.count(503)} not known")
    lost = statuses.count(503) * stage.estimate  # at most: where Envoy did not wait for the answer
    assert 1000 - each - lost < spent <= 1000 + 2 * 32 * (each - stage.estimate)


def test_what_an_answer_cost_is_owed_everywhere(stage: Stage) -> None:
    """A call that one gateway let in for ten tokens and that cost 3000 is paid off at the other."""
    stage.answers_cost(3000)
    answer, calls = _answered(stage.asking("debtor", 0)), 0
    while answer.status == 200:  # until it is told what the first one cost
        calls += 1
        answer = _answered(stage.asking("debtor", 1))
    owed = calls * 3000 + stage.estimate - 1000
    time.sleep(1)  # that of the last one, too
    answer = _answered(stage.asking("debtor", 1))
    assert calls < 5
    assert int(answer.headers["retry-after"]) == pytest.approx(owed * 86.4, abs=60)
    assert answer.headers["x-ratelimit-limit"] == "1000"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-reset"] == answer.headers["retry-after"]
    assert not [name for name in answer.headers if name.startswith("x-arch-shared")]
    error = answer.json["error"]
    assert (error["code"], error["type"]) == ("rate_limited", "rate_limit_error")
    assert error["message"] == (
        'the client "debtor" has used up a limit, 1000 tokens a day for one; '
        f"the prompt is about {stage.estimate} tokens long: try again in {round(owed * 0.024 + 0.5)} h"
    )


def _refused(answer: Answer) -> Answer | None:
    return answer if answer.status == 429 else None


def test_what_failed_costs_nothing(stage: Stage) -> None:
    """A call that no provider answered gives back what was taken for it."""
    stage.world.one.behaviour = Behaviour(status=500)
    for number in range(3):
        stage.asking("unlucky", number % 2).chat("word " * 600)

    def all_is_there() -> bool:
        stage.world.one.behaviour = Behaviour(usage=dict.fromkeys(("total_tokens",), 1))
        remaining = int(_answered(stage.asking("unlucky")).headers["x-ratelimit-remaining"])
        return remaining > 980 - 10 * stage.estimate

    until(all_is_there)


def test_a_client_that_leaves_pays_for_what_came(stage: Stage) -> None:
    """Who hangs up before a stream tells its cost has not got it for nothing."""
    stage.world.one.behaviour = Behaviour(chunks=4000, chunk_delay=0.001)
    connection = http.client.HTTPConnection("127.0.0.1", stage.ports[0], timeout=20)
    body = {"stream": True, "messages": [{"role": "user", "content": PROMPT}]}
    headers = {"content-type": "application/json", "x-api-key": _key("leaver")}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    came = 0
    while came < 45_000:
        came += len(answer.read1(4096))
    answer.close()
    connection.close()

    def is_charged() -> bool:
        left = _answered(stage.asking("leaver", 1)).headers["x-ratelimit-remaining"]
        return 1000 - int(left) > came / 200

    until(is_charged)


def test_a_limit_on_a_header(stage: Stage) -> None:
    """v0.1's limits are shared as well, with its words; one value has more than the others."""
    for number in range(2):
        asking = stage.asking("large", number)
        answer = _answered(asking, model="gpt-two", headers={"x-user": "green"})
    refused = until(
        lambda: _refused(
            stage.asking("large").chat(PROMPT, model="gpt-two", headers={"x-user": 'gr"een'})
            if answer.status == 429
            else stage.asking("large", 1).chat(PROMPT, model="gpt-two", headers={"x-user": "green"})
        )
    )
    assert refused.json["error"]["message"] == (
        'exceeded limit provider=gpt-two, selector=Header { key: "x-user", value: "green" }, '
        f"tokens_used={stage.estimate}"
    )
    assert int(refused.headers["retry-after"]) > 1
    blue = _answered(stage.asking("large"), model="gpt-two", headers={"x-user": "blue"})
    assert blue.status == 200
    assert "green" not in stage.redis.ask("KEYS *")


def test_nobody_sees_the_password(stage: Stage) -> None:
    """It is in a file of the home and nowhere else: no argument, no log, no dump of what Envoy knows."""
    homes = [str(each.home.folder) for each in stage.gateways]
    lines = [line for _, line in command_lines() if any(home in line for home in homes)]
    assert any("extproc.limits" in line for line in lines)
    texts = lines + [
        file.read_text(errors="replace")
        for gateway in stage.gateways
        for file in gateway.home.folder.rglob("*")
        if file.is_file() and file.parent != gateway.home.secrets
    ]
    assert not [text for text in texts if PASSWORD in text]
    assert not [text for text in texts if "key-of-" in text]


def test_a_service_that_runs_elsewhere(stage: Stage, tmp_path: Path) -> None:
    """A gateway may ask a service at a port in place of its own process; another domain is another sum.
    Prompts are counted with calls.
    """
    port = free_port()
    (tmp_path / "password").write_text(PASSWORD)
    arguments = ["--listen", f"127.0.0.1:{port}", "--redis", stage.redis.url]
    arguments += ["--password-file", str(tmp_path / "password")]
    arguments += ["--ca-file", str(stage.world.ca_file)]
    shares = f"rate_limits: {{mode: global, service: '127.0.0.1:{port}', domain: shop}}\n"
    limits = "ratelimits: [{model: gpt-one, limit: {tokens: 25, unit: day}}]\n"
    config = "listeners: {ingress_traffic: {}, egress_traffic: {}}\n" + limits + shares
    with (
        subprocess.Popen([sys.executable, "-m", "extproc.limits", *arguments]) as service,
        gateway(tmp_path, stage.world.config(config), {"KEY": "sk"}) as running,
    ):
        try:
            stage.answers_cost(stage.estimate)
            asking, prompting, taken = Client(running.port), Client(running.prompt_port), 0
            until(lambda: "x-ratelimit-limit" in asking.chat("").headers, 30)
            while (answer := _answered(asking)).status == 200:
                taken += 1
            assert 1 <= taken <= 2
            told = "exceeded limit provider=gpt-one, tokens_used="
            assert answer.json["error"]["message"].startswith(told)
            prompt = _answered(prompting)
            assert (prompt.status, prompt.json["error"]["code"]) == (429, "rate_limited")
            assert prompt.json["error"]["message"].startswith(told)
            assert int(prompt.headers["retry-after"]) > 1
        finally:
            service.terminate()


def test_without_redis(stage: Stage) -> None:
    """Frozen or dead, calls are refused or let through as configured within 50 ms; when it is back,
    limits hold again.
    """
    stage.answers_cost(1)
    _says(stage.gateways[1], "on_failure: deny", "on_failure: allow")
    stage.redis.freeze()
    _holds_without_redis(stage)
    stage.redis.thaw()
    assert _answered(stage.asking("large", 1)).status == 200
    stage.redis.kill()
    _holds_without_redis(stage)
    assert _counted(stage, "failed") > 0 < _counted(stage, "settled")
    stage.redis.start()
    stage.answers_cost(900)
    assert _answered(stage.asking("after")).status == 200
    for number in range(2):
        until(lambda number=number: _refused(stage.asking("after", number).chat(PROMPT)))


def _holds_without_redis(stage: Stage) -> None:
    refused, took = _least_of_some(stage.asking("large", 0))
    assert (refused.status, refused.json["error"]["code"]) == (503, "limits_unavailable")
    assert refused.headers["retry-after"] == "1"
    assert took < IN_TIME
    allowed, took = _least_of_some(stage.asking("large", 1))
    assert allowed.status == 200
    assert "x-ratelimit-limit" not in allowed.headers
    assert took < IN_TIME


def _counted(stage: Stage, result: str) -> float:
    """As the gateway's own scrape tells it."""
    connection = http.client.HTTPConnection("stats")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(stage.gateways[0].home.scrape_socket))
    with contextlib.closing(connection):
        connection.request("GET", "/stats/prometheus")
        scraped = Scraped(connection.getresponse().read().decode())
    return scraped.sum("archgw_shared_limits_requests_total", result=result, process="limits")


def _least_of_some(asking: Client) -> tuple[Answer, float]:
    """An answer, and the least time that one took: what it takes more is the machine's."""
    times: list[float] = []
    while len(times) < 8 or (min(times) >= IN_TIME and len(times) < 60):
        began = time.monotonic()
        answer = asking.chat(PROMPT)
        times.append(time.monotonic() - began)
    print("without Redis:", answer.status, [f"{1000 * each:.0f} ms" for each in times])
    return answer, min(times)

"""Several model servers behind the gateway's Envoy: one may die, hang, drain or be full, no prompt fails.

The servers are real, with their models and a token; each prompt is another one, so that none is
answered from a cache. There are three at first: starting one takes longer than any of the tests.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from controlplane.supervise.canary import ATTACK
from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.e2e.model_servers import TOKEN, Server
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.alone

CONFIG = """\
listeners: {ingress_traffic: {}, egress_traffic: {}}
model_server: {address: {servers}, token: $MODEL_SERVER_TOKEN}
prompt_guards: {input_guards: {jailbreak: {on_exception: {message: I would rather not.}}}}
overrides: {stats_port: {stats}}
"""


@dataclass
class Stage:
    gateway: Archgw
    servers: Sequence[Server]
    prompt: int
    stats: int

    def envoy(self, pattern: str) -> dict[str, int]:
        url = f"http://127.0.0.1:{self.stats}/stats?filter={pattern}"
        lines = httpx.get(url, timeout=5).text.splitlines()
        return {name: int(value) for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def alive(self) -> list[Server]:
        return [each for each in self.servers if each.process.poll() is None]

    def well(self) -> int:
        return self.envoy("cluster.models.membership_healthy").get(
            "cluster.models.membership_healthy", 0
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("t")
    servers = [Server(folder) for _ in range(3)]
    for each in servers:
        each.launch()
    made = Archgw(folder, {"MODEL_SERVER_TOKEN": TOKEN})
    prompt, stats = free_port(), free_port()
    with FakeProvider("one") as provider:
        text = config(
            CONFIG, one_local(f"127.0.0.1:{provider.port}"), port=free_port(), prompt_port=prompt, stats=stats,
            servers=json.dumps([f"127.0.0.1:{each.port}" for each in servers]),
        )  # fmt: skip
        made.config.write_text(text)
        try:
            for each in servers:
                each.wait()
            done = made.up()
            assert done.returncode == 0, done.stderr
            yield Stage(made, servers, prompt, stats)
        finally:
            made.run("down", "--timeout", "0")
            for each in servers:
                each.process.kill()
                each.process.wait()


@pytest.fixture
def well(stage: Stage) -> None:
    """Envoy knows of all that live, and of two at least."""
    assert len(stage.alive) >= 2
    until(lambda: stage.well() == len(stage.alive))


_numbers = itertools.count()


async def _load(port: int, seconds: float, clients: int = 4) -> tuple[Counter[str], float]:
    """What came back of prompts that were asked for so long, and the longest that one took."""
    outcomes: Counter[str] = Counter()
    longest = 0.0
    ends = time.monotonic() + seconds

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal longest
        while time.monotonic() < ends:
            text = f"Tell me something about the number {next(_numbers)}, please."
            began = time.monotonic()
            try:
                answer = await client.post(
                    "/v1/chat/completions", json={"messages": [{"role": "user", "content": text}]}
                )
                outcomes[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                outcomes[type(error).__name__] += 1
            longest = max(longest, time.monotonic() - began)
            await asyncio.sleep(0.02)

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        await asyncio.gather(*(ask(client) for _ in range(clients)))
    return outcomes, longest


def _during(stage: Stage, seconds: float, which: int, number: int) -> Counter[str]:
    """The load, while one of the servers is sent a signal."""

    async def both() -> Counter[str]:
        load = asyncio.create_task(_load(stage.prompt, seconds))
        await asyncio.sleep(0.8)
        os.kill(stage.servers[which].process.pid, number)
        return (await load)[0]

    return asyncio.run(both())


@pytest.mark.usefixtures("well")
def test_all_are_asked_and_guard(stage: Stage) -> None:
    """The one with the fewest questions gets the next, and none lets an attack pass."""
    before = [each.answered() for each in stage.servers]
    outcomes, _ = asyncio.run(_load(stage.prompt, 1.5))
    assert set(outcomes) == {"200"}, outcomes
    asked = [each.answered() - was for each, was in zip(stage.servers, before, strict=True)]
    assert min(asked) > 0.15 * sum(asked), asked
    for _ in range(4):
        refused = Client(stage.prompt).chat(ATTACK).json["choices"][0]["message"]["content"]
        assert refused == "I would rather not."


@pytest.mark.usefixtures("well")
def test_one_hangs(stage: Stage) -> None:
    """One is stopped in its tracks: what it was at is asked of the other, within some seconds."""
    try:
        outcomes = _during(stage, 4.0, 2, signal.SIGSTOP)
        assert set(outcomes) == {"200"}, outcomes
        until(lambda: stage.well() == len(stage.alive) - 1)
    finally:
        os.kill(stage.servers[2].process.pid, signal.SIGCONT)


@pytest.mark.usefixtures("well")
def test_one_drains(stage: Stage) -> None:
    """SIGTERM: it ends what it has, and gets nothing new while the other is there."""
    outcomes = _during(stage, 3.5, 2, signal.SIGTERM)
    assert set(outcomes) == {"200"}, outcomes
    assert stage.servers[2].process.wait(20) == 0


@pytest.mark.usefixtures("well")
def test_one_is_killed(stage: Stage) -> None:
    """Kill -9 of one of two under load: no prompt fails."""
    outcomes = _during(stage, 3.0, 1, signal.SIGKILL)
    assert set(outcomes) == {"200"}, outcomes
    until(lambda: stage.well() == len(stage.alive))


def test_none_is_there(stage: Stage) -> None:
    """Then a prompt is refused, not let through; and served as soon as one is back."""
    for each in stage.alive:
        each.end()
    began = time.monotonic()
    assert Client(stage.prompt).chat("Hello there.").status == 503
    assert time.monotonic() - began < 5
    stage.servers[0].launch()
    stage.servers[0].wait()
    until(lambda: Client(stage.prompt).chat("Hello again.").status == 200)

"""What stands between the gateway and a provider's hosts: health, limits, and what is logged."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.archgw import until
from tests.e2e.conftest import Client
from tests.e2e.harness import Running, gateway
from tests.fakes.provider import FakeProvider

CONFIG = """
version: v0.1
listeners:
  egress_traffic: {{address: 127.0.0.1, port: {{port}}}}
llm_providers:
  - {{name: pool, provider: vllm, model: m-pool, endpoint: house, default: true}}
  - {{name: solo, provider: vllm, model: m-solo, endpoint: lone, fallbacks: [pool]}}
  - {{name: tight, provider: vllm, model: m-tight, endpoint: narrow}}
  - name: far
    provider: vllm
    model: m-far
    base_url: http://127.0.0.1:{full}/v1
    timeout: {{connect: 300ms, first_byte: 30s}}
endpoints:
  house:
    endpoint: ["{a}", "{b}", "{c}"]
    health_check: {{path: /health, interval: 1s, timeout: 0.5s, unhealthy_threshold: 1}}
  lone: {{endpoint: "{d}"}}
  narrow:
    endpoint: "{d}"
    circuit_breaker: {{max_connections: 2, max_pending_requests: 1, max_requests: 8}}
overrides: {{stats_port: 0{log}}}
"""


@dataclass(frozen=True)
class Scene:
    hosts: tuple[FakeProvider, ...]
    running: Running

    @property
    def client(self) -> Client:
        return Client(self.running.port)

    def share(self, count: int = 30) -> Counter[str]:
        """Who answers `count` chats."""
        answers = [self.client.chat() for _ in range(count)]
        texts = [answer.json["choices"][0]["message"]["content"] for answer in answers]
        return Counter(text.removeprefix("Hello from ") for text in texts)


@pytest.fixture(params=["json"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    log = ", access_log_format: json" if request.param == "json" else ""
    with ExitStack() as stack:
        hosts = tuple(stack.enter_context(FakeProvider(name)) for name in "abcd")
        addresses = {host.name: host.address for host in hosts}
        full = stack.enter_context(_full_backlog())
        config = CONFIG.format(log=log, full=full, **addresses)
        yield Scene(hosts, stack.enter_context(gateway(tmp_path, config, {})))


@contextmanager
def _full_backlog() -> Iterator[int]:
    """A port that takes no further connection: its queue is full and nobody accepts."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def test_sick_hosts_get_no_calls(scene: Scene) -> None:
    """A host whose health check fails is asked no more, even when only one is left."""
    a, b, _, _ = scene.hosts
    a.unhealthy = b.unhealthy = True
    until(lambda: set(scene.share(6)) == {"c"}, 15)
    assert scene.share() == {"c": 30}
    a.unhealthy = b.unhealthy = False
    until(lambda: set(scene.share(6)) == {"a", "b", "c"}, 15)


def test_without_a_well_host_all_are_tried(scene: Scene) -> None:
    """A health check that fails everywhere is more likely wrong than a reason to refuse."""
    for host in scene.hosts:
        host.unhealthy = True
    time.sleep(2.5)
    assert set(scene.share()) == {"a", "b", "c"}


def test_health_check_names_the_host(scene: Scene) -> None:
    """It asks for the host by its own name, as virtual hosts need, and carries no key."""
    checks = until(lambda: scene.hosts[0].checks)
    assert checks[0]["host"] == "localhost"
    assert "authorization" not in checks[0]


def test_circuit_breaker(scene: Scene) -> None:
    """Beyond a provider's limits the answer is a 503 at once, never a queue."""
    scene.hosts[3].behaviour.delay = 1.5

    def ask(_: int) -> tuple[int, float]:
        began = time.monotonic()
        return scene.client.chat(model="tight").status, time.monotonic() - began

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(ask, range(12)))
    refused = [seconds for status, seconds in outcomes if status == 503]
    served = [status for status, _ in outcomes if status == 200]
    assert len(refused) + len(served) == 12
    # Two connections and one in waiting, for each of the two workers at most.
    assert 1 <= len(served) <= 6
    assert max(refused) < 1.0


def test_connect_timeout(scene: Scene) -> None:
    """A host that does not take the connection costs the connect time, not the first byte's."""
    began = time.monotonic()
    answer = scene.client.chat(model="far")
    assert answer.status == 503
    assert answer.json["error"]["code"] == "provider_unreachable"
    assert time.monotonic() - began < 5


def test_log_names_who_answered(scene: Scene) -> None:
    """After a failover the log tells the fallback's name and model, and the tries it took."""
    scene.hosts[3].behaviour.status = 503
    assert scene.client.chat(model="solo").status == 200
    entry = json.loads(scene.running.log().splitlines()[-1])
    assert (entry["route"], entry["provider"], entry["model"]) == ("solo", "pool", "m-pool")
    assert entry["attempts"] == 2
    assert entry["client"] == "127.0.0.1"


@pytest.mark.parametrize("scene", ["text"], indirect=True)
def test_text_log(scene: Scene) -> None:
    """Without a word in the config the log has v0.1's format, field by field."""
    scene.hosts[3].behaviour.delay = 0.2
    assert scene.client.ask(body={"model": "solo"}, user_agent="t/1").status == 200
    line = scene.running.log().splitlines()[-1]
    fields = re.fullmatch(
        r'\[(\S+)\] "POST /v1/chat/completions HTTP/1\.1" 200 - (\d+) (\d+) (\d+) (\d+) '
        r'"127\.0\.0\.1" "t/1" "([0-9a-f-]{36})" "\S+" "127\.0\.0\.1:(\d+)"',
        line,
    )
    assert fields, line
    duration, upstream = int(fields[4]), int(fields[5])
    assert duration >= upstream >= 190
    assert int(fields[7]) == scene.hosts[3].port

"""The pods that the chart renders: they serve, take over what changes, and are replaced without loss."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from demos import conversations
from demos.chat import Chat
from demos.run import Demo, surroundings
from tests.chart import of_kind, render
from tests.chart.install import TOOLS
from tests.e2e.archgw import until
from tests.e2e.harness import ENVOY, free_port, wait_until_open
from tests.e2e.load import Ledger, stream
from tests.fakes.provider import FakeProvider
from tests.images.asking import asked
from tests.images.pods import Mounted, Pod, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.images,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not (TOOLS / "helm").exists(), reason="no helm is here: make helm"),
]

CALLS = int(os.environ.get("ARCHGW_ROLLING_CALLS", "1500"))
"""Of the rolling replacement."""
RATE, CHUNKS = 50, 5
DEMO = Demo("weather_agent")
CONFIG = """\
version: v0.1
listeners: {{egress_traffic: {{port: {port}, auth: none}}}}
overrides: {{stats_port: {stats}}}
llm_providers:
  - {{name: main, provider: local, model: {model}, default: true, access_key: $LLM_KEY,
     endpoint: '127.0.0.1:{provider}'}}
"""


@dataclass
class Place:
    """Where a pod is to be: its ports, and what is mounted into it."""

    folder: Path
    name: str
    images: dict[str, str]
    config: Mounted
    keys: Mounted
    port: int
    stats: int
    provider: int

    @classmethod
    def of(cls, folder: Path, name: str, images: dict[str, str], provider: int) -> Place:
        mounts = (Mounted(folder / f"{name}-{each}") for each in ("config", "keys"))
        place = cls(folder, name, images, *mounts, free_port(), free_port(), provider)
        place.keys.hold({"LLM_KEY": "sk-of-the-first-day"})
        place.configure("first-model")
        return place

    def configure(self, model: str) -> None:
        text = CONFIG.format(port=self.port, stats=self.stats, model=model, provider=self.provider)
        self.config.hold({"arch_config.yaml": text})

    def deployment(self) -> dict[str, Any]:
        """Of a gateway alone, with calls to LLMs and no prompts."""
        return rendered(
            self.images,
            f"gateway.listeners.llm.port={self.port}", f"gateway.metricsPort={self.stats}",
            "modelServer.enabled=false", "gateway.listeners.prompt.enabled=false",
            "clients.existingSecret=",
        )  # fmt: skip

    def started(self) -> contextlib.AbstractContextManager[Pod]:
        mounts = {"config": self.config, "keys": self.keys}
        return pod(f"archgw-{self.name}", self.deployment(), mounts, self.folder)


def rendered(images: dict[str, str], *settings: str) -> dict[str, Any]:
    named = []
    for part, image in (("gateway", "gateway"), ("modelServer", "modelserver")):
        repository, _, tag = images[image].rpartition(":")
        named += [f"{part}.image.repository={repository}", f"{part}.image.tag={tag}"]
    text = render("default", "--set", ",".join((*named, *settings)))
    return of_kind("Deployment", text)["archgw"]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("one") as one:
        one.behaviour.chunks, one.behaviour.chunk_delay = CHUNKS, 0.05
        yield one


@pytest.fixture(scope="module")
def running(
    images: dict[str, str], provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, Pod]]:
    folder = _open(tmp_path_factory.mktemp("pod"))
    place = Place.of(folder, "running", images, provider.port)
    with place.started() as started:
        started.wait_until_ready()
        yield place, started


def _open(folder: Path) -> Path:
    """Of the mounts the container's user has to see what is in them, not what is beside."""
    for each in (folder, folder.parent):
        each.chmod(0o755)
    return folder


def test_the_weather_demo_is_served_by_one_pod(images: dict[str, str], tmp_path: Path) -> None:
    """`topology: together`: a gateway and its model server, with the demo's config as it is."""
    _open(tmp_path)
    prompt, llm, stats, models = (free_port() for _ in range(4))
    written = yaml.safe_load(DEMO.config.read_text())
    written["listener"] |= {"port": prompt, "auth": "none"}
    written["listeners"] = {"egress_traffic": {"port": llm, "auth": "none"}}
    written["overrides"] = {"stats_port": stats}
    token = secrets.token_hex(32)
    with surroundings(DEMO) as around:
        mounts = {
            "config": Mounted(tmp_path / "config").hold({"arch_config.yaml": yaml.dump(written)}),
            "keys": Mounted(tmp_path / "keys").hold({**around, "MODEL_SERVER_TOKEN": token}),
            "model-server-token": Mounted(tmp_path / "token").hold({"token": token}),
        }
        deployment = rendered(
            images,
            "topology=together", "clients.existingSecret=", f"gateway.metricsPort={stats}",
            f"gateway.listeners.prompt.port={prompt}", f"gateway.listeners.llm.port={llm}",
            f"modelServer.port={models}",
        )  # fmt: skip
        with pod("archgw-weather", deployment, mounts, tmp_path) as started:
            started.wait_until_ready()
            for conversation in DEMO.script:
                wrong = conversations.play(conversation, Chat("127.0.0.1", prompt), print)
                assert wrong == []
            gateway = started.container()
            assert token not in gateway.logs
            names = "import os; print(*os.environ)"
            assert not set(gateway.run("python3", "-c", names).stdout.split()) & set(around)


def test_helm_test_tells_whether_it_serves(running: tuple[Place, Pod]) -> None:
    """The command of the chart's test pod, in the image it runs in, on a port that answers or none."""
    place, started = running
    (test,) = of_kind("Pod", render("several-applications")).values()
    (container,) = test["spec"]["containers"]
    for port, status in ((place.port, 0), (free_port(), 1)):
        url = f"http://127.0.0.1:{port}/readyz"
        done = started.container().run(*container["command"], url)
        assert done.returncode == status, done.stderr
        assert (f"{url} 200" in done.stdout) is (status == 0)


def test_a_swapped_config_loses_nothing(running: tuple[Place, Pod], provider: FakeProvider) -> None:
    """Under load, the ConfigMap's folder swapped four times: each is taken over, every call answered."""
    place, _ = running

    def swap() -> None:
        for number in range(4):
            place.configure(f"model-{number}")
            until(lambda name=f"model-{number}": _last_model(provider) == name, 30)

    ledger = asyncio.run(_meanwhile(place.port, swap))
    assert ledger.failures == {}
    assert ledger.outcomes["ok"] > 50


def _last_model(provider: FakeProvider) -> str:
    return provider.received[-1].json["model"] if provider.received else ""


def test_a_renewed_key_reaches_the_provider(
    running: tuple[Place, Pod], provider: FakeProvider
) -> None:
    """The secret's folder is swapped: soon calls have the new key, and none had any other."""
    place, started = running

    def renew() -> None:
        place.keys.hold({"LLM_KEY": "sk-of-another-day"})
        until(lambda: _last_key(provider) == "Bearer sk-of-another-day", 30)

    provider.received.clear()
    ledger = asyncio.run(_meanwhile(place.port, renew))
    assert ledger.failures == {}
    keys = {each.headers["authorization"] for each in provider.received}
    assert keys == {"Bearer sk-of-the-first-day", "Bearer sk-of-another-day"}
    assert "sk-of" not in started.container().logs


def _last_key(provider: FakeProvider) -> str:
    return provider.received[-1].headers["authorization"] if provider.received else ""


async def _meanwhile(port: int, work: Callable[[], None]) -> Ledger:
    """What came of the streams that were asked for while the work was done."""
    ledger, calls = Ledger(), []
    working = asyncio.create_task(asyncio.to_thread(work))
    while not working.done():
        calls.append(asyncio.create_task(stream(port, ledger, CHUNKS)))
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*calls)
    await working
    return ledger


def test_a_rolling_replacement_loses_nothing(
    images: dict[str, str], provider: FakeProvider, tmp_path: Path
) -> None:
    """Both replicas by two others, one after the other, behind an Envoy that checks their health."""
    _open(tmp_path)
    places = [Place.of(tmp_path, f"replica-{number}", images, provider.port) for number in range(4)]
    with contextlib.ExitStack() as stack:
        pods = {}

        def start(place: Place) -> None:
            pods[place.name] = stack.enter_context(place.started())
            pods[place.name].wait_until_ready()

        for place in places[:2]:
            start(place)
        balancer = stack.enter_context(_balancer(tmp_path, [each.port for each in places]))
        until(lambda: asked(balancer, "/readyz") == 200, 30)

        def replace() -> None:
            for old, new in zip(places[:2], places[2:], strict=True):
                start(new)
                gateway = pods[old.name].container()
                gateway.signal("TERM")
                assert gateway.ended(90) == 0, gateway.logs

        ledger = asyncio.run(_at_least(balancer, replace, CALLS))
        assert ledger.failures == {}
        assert ledger.outcomes["ok"] >= CALLS


async def _at_least(port: int, work: Callable[[], None], calls: int) -> Ledger:
    """Streams before, while and after the work is done, and so many in all."""
    ledger, open_calls = Ledger(), set[asyncio.Task[None]]()
    working = asyncio.create_task(asyncio.to_thread(work))
    begin, clock = asyncio.get_running_loop().time(), asyncio.get_running_loop().time
    number = 0
    while number < calls or not working.done():
        task = asyncio.create_task(stream(port, ledger, CHUNKS))
        open_calls.add(task)
        task.add_done_callback(open_calls.discard)
        number += 1
        await asyncio.sleep(max(begin + number / RATE - clock(), 0))
    await asyncio.gather(*open_calls)
    await working
    return ledger


@contextlib.contextmanager
def _balancer(folder: Path, ports: list[int]) -> Iterator[int]:
    """As a Service is, but that a pod which is not ready gets no more calls within half a second."""
    port = free_port()
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": each}}}}
        for each in ports
    ]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager"
        ".v3.HttpConnectionManager",
        "stat_prefix": "balancer",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "route": {"cluster": "gateways", "timeout": "0s"},
                        }
                    ],
                }
            ]
        },
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    check = {
        "timeout": "1s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/readyz"},
    }
    config = {
        "static_resources": {
            "listeners": [
                {
                    "name": "balancer",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "gateways",
                    "type": "STATIC",
                    "connect_timeout": "2s",
                    "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
                    "health_checks": [check],
                    "load_assignment": {
                        "cluster_name": "gateways",
                        "endpoints": [{"lb_endpoints": endpoints}],
                    },
                }
            ],
        }
    }
    (folder / "balancer.json").write_text(json.dumps(config))
    command = [ENVOY, "-c", str(folder / "balancer.json"), "--disable-hot-restart"]
    command += ["--concurrency", "1", "--log-level", "error"]
    with (folder / "balancer.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until_open(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)

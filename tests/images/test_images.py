"""The images: what is in them, how they serve the weather demo, and how they end under load."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from demos import conversations
from demos.chat import Chat
from demos.run import Demo, surroundings
from tests.e2e.archgw import until
from tests.e2e.demo_stages import with_free_ports
from tests.e2e.harness import free_port
from tests.e2e.load import Ledger, stream
from tests.fakes.provider import FakeProvider
from tests.images.asking import asked
from tests.images.containers import built, container, inspected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.containers import Container

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.timeout(1800)]

MEGABYTE = 1_000_000
LARGEST = {"gateway": 300, "modelserver": 450}
PACKAGES = "/opt/archgw/lib/python3.11/site-packages"
DEMO = Demo("weather_agent")
CHUNKS = 10
RATE, BEFORE, AFTER = 50, 3, 5
"""Calls a second, and for how many seconds before and after the signal."""


@dataclass(frozen=True)
class Weather:
    gateway: Container
    model_server: Container
    port: int
    model_port: int


@pytest.fixture(scope="module")
def weather(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weather]:
    """The weather demo behind the two containers, which share a token and nothing else."""
    folder = tmp_path_factory.mktemp("weather")
    folder.chmod(0o755)
    port, model_port = free_port(), free_port()
    text = with_free_ports(DEMO, f"127.0.0.1:{model_port}")
    text = text.replace("'{prompt_port}'", str(port)).replace("'{port}'", str(free_port()))
    (folder / "arch_config.yaml").write_text(text)
    token = {"MODEL_SERVER_TOKEN": secrets.token_hex(32)}
    with (
        surroundings(DEMO) as around,
        container(
            images["modelserver"], "--host", "127.0.0.1",
            variables={**token, "MODEL_SERVER_PORT": str(model_port)},
        ) as model_server,
        container(images["gateway"], variables={**token, **around}, config=folder) as gateway,
    ):  # fmt: skip
        serving(gateway, port)
        serving(model_server, model_port)
        yield Weather(gateway, model_server, port, model_port)


def serving(container: Container, port: int) -> None:
    def ready() -> bool:
        assert container.running, container.logs
        return asked(port, "/readyz") == 200

    until(ready, 120)


@pytest.mark.parametrize("target", LARGEST)
def test_image_says_what_it_is(images: dict[str, str], target: str) -> None:
    """Its size, its user, how its health is asked for, and where it comes from."""
    found = inspected(images[target])
    assert found["Size"] < LARGEST[target] * MEGABYTE
    assert found["User"] == "65532:65532"
    labels = found["Labels"]
    named = {"title", "description", "licenses", "version", "revision"}
    assert named <= {name.removeprefix("org.opencontainers.image.") for name in labels}
    assert all(labels.values())
    assert found["Healthcheck"]["Test"][0] == "CMD", "no shell is asked"


def test_what_is_not_needed_is_not_there(weather: Weather) -> None:
    """No models where none run, and no Envoy where models do; both say what they are made of."""

    def there(container: Container) -> set[str]:
        listing = f"import os; print(*os.listdir('{PACKAGES}'))"
        return set(container.run("python3", "-c", listing).stdout.split())

    gateway, model_server = there(weather.gateway), there(weather.model_server)
    assert {"envoy", "controlplane", "extproc"} <= gateway
    assert not {"onnxruntime", "tokenizers", "numpy"} & gateway
    weights = weather.gateway.run("python3", "-c", f"open('{PACKAGES}/modelserver/weights')")
    assert "No such file" in weights.stderr
    assert {"onnxruntime", "tokenizers", "modelserver"} <= model_server
    assert not {"envoy", "controlplane", "extproc", "huggingface_hub"} & model_server
    for each, part in ((weather.gateway, "grpcio"), (weather.model_server, "onnxruntime")):
        bill = each.run("python3", "-c", "print(open('/usr/share/archgw/sbom.cdx.json').read())")
        components = {one["name"]: one for one in json.loads(bill.stdout)["components"]}
        assert "SHA-256" in json.dumps(components[part])


def test_nobody_runs_it_and_nothing_can_be_written(weather: Weather) -> None:
    """As user 65532, on a file system that is read-only but for /tmp."""
    who = "import os; print(os.getuid(), os.getgid()); open('/x', 'w')"
    for each in (weather.gateway, weather.model_server):
        done = each.run("python3", "-c", who)
        assert done.stdout == "65532 65532\n"
        assert "Read-only file system" in done.stderr


def test_health_checks_of_the_images_say_that_they_are_well(
    weather: Weather, images: dict[str, str]
) -> None:
    """What a runtime asks every ten seconds, and a probe over HTTP."""
    for each, target in ((weather.gateway, "gateway"), (weather.model_server, "modelserver")):
        _, *command = inspected(images[target])["Healthcheck"]["Test"]
        done = each.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    for port in (weather.port, weather.model_port):
        assert asked(port, "/healthz") == asked(port, "/readyz") == 200


@pytest.mark.parametrize("conversation", DEMO.script, ids=lambda each: each.about)
def test_the_weather_demo_is_served(
    weather: Weather, conversation: conversations.Conversation
) -> None:
    """Each conversation of the demo comes out as it does without containers."""
    wrong = conversations.play(conversation, Chat("127.0.0.1", weather.port), print)
    assert wrong == []


def test_nothing_is_lost_when_it_ends_under_load(images: dict[str, str], tmp_path: Path) -> None:
    """50 streams a second, of a second each, on connections of their own, until five after SIGTERM."""
    port = free_port()
    tmp_path.chmod(0o755)
    with FakeProvider("one") as provider:
        provider.behaviour.chunks, provider.behaviour.chunk_delay = CHUNKS, 0.1
        (tmp_path / "arch_config.yaml").write_text(
            f"version: v0.1\nlisteners: {{egress_traffic: {{port: {port}}}}}\n"
            "llm_providers:\n  - {name: main, provider: local, model: m, default: true,"
            f" endpoint: '127.0.0.1:{provider.port}'}}\n"
        )
        command = ("up", "--foreground", "--service", "gateway", "--drain-min", "8", "/etc/archgw")
        with container(images["gateway"], *command, config=tmp_path) as gateway:
            serving(gateway, port)
            ledger, unready = asyncio.run(ended_under_load(gateway, port))
            assert gateway.ended() == 0, gateway.logs
            assert ledger.failures == {}
            assert ledger.outcomes["ok"] == (BEFORE + AFTER) * RATE
            assert unready < 2


async def ended_under_load(gateway: Container, port: int) -> tuple[Ledger, float]:
    """What came of each call; and after how many seconds a balancer could know that it goes."""
    ledger, clock = Ledger(), asyncio.get_running_loop().time
    calls: list[asyncio.Task[None]] = []

    async def load() -> None:
        """At its pace however slow the machine is: what was late is made up for."""
        begin = clock()
        for number in range((BEFORE + AFTER) * RATE):
            await asyncio.sleep(begin + number / RATE - clock())
            calls.append(asyncio.create_task(stream(port, ledger, CHUNKS)))

    loading = asyncio.create_task(load())
    await asyncio.sleep(BEFORE)
    told = clock()
    await asyncio.to_thread(gateway.signal, "TERM")
    await asyncio.to_thread(until, lambda: asked(port, "/readyz") == 503)
    unready = clock() - told
    await loading
    await asyncio.gather(*calls)
    return ledger, unready


def test_built_again_it_is_the_same(images: dict[str, str]) -> None:
    """To the bit: without a cache, from the same wheels, on the same base; else the command fails."""
    assert built("--target", "gateway", "--twice")["gateway"] == images["gateway"]

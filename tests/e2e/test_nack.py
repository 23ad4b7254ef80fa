"""What happens when Envoy itself says no in the middle of an update.

Validation beforehand catches nearly everything, so these tests switch our own checks off: then
a port that cannot be bound gets as far as Envoy, which accepts the clusters and refuses the
listener.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controlplane.home_paths import Home
from controlplane.supervise import ports, reloading
from controlplane.supervise.envoy import binary
from controlplane.supervise.parts import Request
from controlplane.supervise.services import Service
from controlplane.supervise.supervisor import Supervisor
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from controlplane.supervise.messages import Verdict

CONFIG = """
llm_providers:
  - {name: one, model: {model}}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("one") as fake:
        yield fake


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that not even SO_REUSEPORT gets."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


class Running:
    """A supervisor in this process, so that its checks can be switched off."""

    def __init__(self, folder: Path, provider: FakeProvider) -> None:
        self.home = Home(folder / "home", folder / "home" / "logs")
        self.config = folder / "arch_config.yaml"
        self.port = free_port()
        self._upstream = provider.port
        self.verdict: Verdict | None = None

    def write(self, port: int, model: str, more: str = "") -> None:
        usual = one_local(f"127.0.0.1:{self._upstream}")
        self.config.write_text(config(CONFIG + more, usual, port=port, model=model))

    async def start(self) -> None:
        request = Request(self.config, self.home, Service.GATEWAY, {})
        self.supervisor = Supervisor(request, lambda _: None)
        ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self.supervisor.run(ready.set_result))
        async with asyncio.timeout(60):
            self.verdict = await ready

    async def stop(self) -> int:
        self.supervisor._stop_signal()
        self.supervisor._stop_signal()
        async with asyncio.timeout(20):
            return await self._task

    async def model_used(self, provider: FakeProvider) -> str:
        answer = await asyncio.to_thread(Client(self.port).chat)
        assert answer.status == 200
        return str(provider.received[-1].json["model"])


@pytest.fixture
async def running(tmp_path: Path, provider: FakeProvider) -> AsyncIterator[Running]:
    made = Running(tmp_path, provider)
    made.write(made.port, "m-1")
    await made.start()
    assert made.verdict is not None
    assert made.verdict.ok, made.verdict
    yield made
    assert await made.stop() == 0


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_opinion(*_: object) -> None:
        return None

    monkeypatch.setattr(ports, "busy", lambda _: None)
    monkeypatch.setattr(binary, "rejection", no_opinion)


@pytest.mark.usefixtures("unchecked")
async def test_nack_half_way_gives_everything_back(
    running: Running, provider: FakeProvider, taken: int
) -> None:
    """Envoy had taken the new cluster already; after its NACK it has the old one again."""
    running.write(taken, "m-2")
    verdict = await running.supervisor._reload("test")
    assert verdict.code == 1
    assert "Envoy rejected the LDS update" in verdict.summary
    assert "Address already in use" in verdict.summary
    assert f"{running.config}:4:" in verdict.summary
    assert "the old configuration keeps serving" in verdict.summary
    assert await running.model_used(provider) == "m-1"
    status = await running.supervisor._status()
    current = running.supervisor._envoy.applier.current
    assert status["state"] == "running"
    assert status["acknowledged"]["CDS"] == current.snapshot.clusters.version


@pytest.mark.usefixtures("unchecked")
async def test_good_config_after_a_nack_is_applied(
    running: Running, provider: FakeProvider, taken: int
) -> None:
    """A refusal leaves nothing in the way of the next try."""
    running.write(taken, "m-2")
    assert not (await running.supervisor._reload("test")).ok
    running.write(running.port, "m-3")
    verdict = await running.supervisor._reload("test")
    assert verdict.ok, verdict
    assert verdict.changes == ("provider one: model m-1 → m-3",)
    assert await running.model_used(provider) == "m-3"


@pytest.mark.usefixtures("unchecked")
async def test_nack_at_the_start_starts_nothing(
    tmp_path: Path, provider: FakeProvider, taken: int
) -> None:
    """The first config is refused: exit status 1, the reason, and nothing left behind."""
    made = Running(tmp_path, provider)
    made.write(taken, "m-1")
    await made.start()
    assert made.verdict is not None
    assert made.verdict.code == 1
    assert "Address already in use" in made.verdict.summary
    assert await made._task == 1
    assert not made.home.lock_file.exists()
    assert not made.home.secrets.exists()
    assert not any(path.is_socket() for path in made.home.run.iterdir())


async def test_taken_port_is_found_before_envoy_is_asked(
    running: Running, provider: FakeProvider, taken: int
) -> None:
    """With our checks on, the same config never gets that far: could not run, and who has it."""
    running.write(taken, "m-2")
    verdict = await running.supervisor._reload("test")
    assert verdict.code == 2
    assert f"127.0.0.1:{taken} is in use" in verdict.summary
    assert await running.model_used(provider) == "m-1"


async def test_removed_cluster_goes_after_a_while(
    running: Running, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that is gone from the config leaves Envoy and takes its key along."""
    from controlplane.supervise import applying

    monkeypatch.setattr(applying, "_RETIRE_MARGIN", 0.5)
    monkeypatch.setattr(applying, "_longest_wait", lambda _: 0.0)
    text = running.config.read_text()
    extra = (
        "  - {name: two, provider: local, endpoint: 127.0.0.1:1, model: x, access_key: sk-two-1}\n"
    )
    running.write(running.port, "m-1", extra)
    assert (await running.supervisor._reload("test")).ok
    (key,) = running.home.secrets.glob("key-two-*.key")
    running.config.write_text(text)
    assert (await running.supervisor._reload("test")).ok
    assert "llm-two" in running.supervisor._parts.ads.snapshot.clusters.names
    async with asyncio.timeout(5):
        while key.exists():
            await asyncio.sleep(0.05)
    assert "llm-two" not in running.supervisor._parts.ads.snapshot.clusters.names
    assert await running.model_used(provider) == "m-1"


async def test_fault_of_ours_is_told_and_harms_nothing(
    running: Running, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception nobody thought of ends the reload, not the gateway nor its watch."""

    def broken(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(reloading, "make_plan", broken)
        running.write(running.port, "m-2")
        verdict = await running.supervisor._reload("test")
    assert verdict.code == 2
    assert "nobody thought of this" in verdict.summary
    assert "the old configuration keeps serving" in verdict.summary
    assert await running.model_used(provider) == "m-1"
    running.write(running.port, "m-3")
    async with asyncio.timeout(10):
        while await running.model_used(provider) != "m-3":
            await asyncio.sleep(0.1)

"""Keys that change while requests flow: of clients and of a provider, in files that are watched."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.apart

ROUNDS = 10
GRACE = 2.0
"""Seconds within which a new key counts and one that is gone does not, as README says. A machine that
has other things to do takes longer: here three times as long will do."""

CONFIG = """
listeners:
  egress_traffic:
    auth:
      api_keys:
        - {name: batch, key_file: keys/batch}
        - {directory: clients}
        - {name: spender, key: spender-0123456789abcdef}
llm_providers:
  - name: one
    model: {model}
    access_key_file: keys/provider
    rate_limits: {selector: {client: spender}, limit: {tokens: 30, unit: day}}
"""


def _configured(port: int, provider: FakeProvider, model: str) -> str:
    return config(CONFIG, one_local(f"127.0.0.1:{provider.port}"), port=port, model=model)


@dataclass
class Keys:
    """Files as their owners write them: one renamed into place, one in a folder of Kubernetes'."""

    folder: Path
    mounted: int = 0

    def write(self, name: str, *keys: str) -> None:
        fresh = self.folder / "keys" / f".{name}"
        fresh.write_text("\n".join(keys))
        fresh.chmod(0o600)
        fresh.replace(self.folder / "keys" / name)

    def mount(self, name: str, *keys: str) -> None:
        self.mounted += 1
        clients = self.folder / "clients"
        data = clients / f"..data-{self.mounted}"
        data.mkdir()
        (data / name).write_text("\n".join(keys))
        link = clients / "..fresh"
        link.symlink_to(data.name)
        link.replace(clients / "..data")
        if not (clients / name).is_symlink():
            (clients / name).symlink_to(f"..data/{name}")


@dataclass
class Caller:
    """Asks again and again, with whatever key is its own at the time."""

    port: int
    key: str
    answers: Counter[int] = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.is_set():
            self.answers[status(self.port, self.key)] += 1
            time.sleep(0.01)


def status(port: int, key: str) -> int:
    return Client(port, headers={"authorization": f"Bearer {key}"}).chat().status


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("one") as fake:
        yield fake


@pytest.fixture
def running(tmp_path: Path, provider: FakeProvider) -> Iterator[tuple[Archgw, int]]:
    port = free_port()
    archgw = Archgw(tmp_path)
    for name in ("keys", "clients"):
        (tmp_path / name).mkdir()
    keys = Keys(tmp_path)
    keys.write("batch", client_key("batch", 0))
    keys.write("provider", provider_key(0))
    keys.mount("team", client_key("team", 0))
    archgw.config.write_text(_configured(port, provider, "m-0"))
    done = archgw.up()
    assert done.returncode == 0, done.stderr
    yield archgw, port
    archgw.run("down", "--timeout", "0")


def client_key(client: str, number: int) -> str:
    return f"key-of-{client}-{number:02}-0123456789abcdef"


def provider_key(number: int) -> str:
    return f"sk-of-the-provider-{number:02}"


def counts(port: int, *keys: str, wanted: int) -> float:
    """Seconds until each of the keys is answered so."""
    began = time.monotonic()
    until(lambda: all(status(port, key) == wanted for key in keys), 10)
    return time.monotonic() - began


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_ten_rotations_under_load(running: tuple[Archgw, int], provider: FakeProvider) -> None:
    """No call with a valid key is refused; a key that is gone opens nothing, and reaches no provider."""
    archgw, port = running
    keys = Keys(archgw.folder, mounted=1)
    callers = {name: Caller(port, client_key(name, 0)) for name in ("batch", "team")}
    threads = [threading.Thread(target=each.run) for each in callers.values()]
    for thread in threads:
        thread.start()
    times: list[float] = []
    used: list[set[str]] = []
    try:
        for number in range(1, ROUNDS + 1):
            old = [client_key(name, number - 1) for name in callers]
            new = [client_key(name, number) for name in callers]
            keys.write("batch", new[0], old[0])
            keys.mount("team", new[1], old[1])
            keys.write("provider", provider_key(number))
            times.append(counts(port, *new, wanted=200))
            for caller, key in zip(callers.values(), new, strict=True):
                caller.key = key
            keys.write("batch", new[0])
            keys.mount("team", new[1])
            times.append(counts(port, *old, wanted=401))
            provider.received.clear()
            until(lambda: len(provider.received) > 10)
            used.append({each.headers["authorization"] for each in [*provider.received]})
    finally:
        for caller in callers.values():
            caller.ended.set()
        for thread in threads:
            thread.join()
    assert [set(each.answers) for each in callers.values()] == [{200}, {200}]
    assert min(each.answers[200] for each in callers.values()) > 5 * ROUNDS
    assert used == [{f"Bearer {provider_key(number)}"} for number in range(1, ROUNDS + 1)]
    gone = [client_key(name, number) for name in callers for number in range(ROUNDS)]
    assert {status(port, key) for key in gone} == {401}
    assert sorted(times)[len(times) // 2] < 3 * GRACE, times
    assert archgw.child()["restarts"] == 0


def test_a_reload_forgives_nothing(running: tuple[Archgw, int], provider: FakeProvider) -> None:
    """What a client has spent of its budget is spent, whatever routes and keys become."""
    archgw, port = running
    spender = Client(port, headers={"x-api-key": "spender-0123456789abcdef"})
    answers = [spender.chat("word " * 8).status for _ in range(4)]
    assert (answers[0], answers[-1]) == (200, 429)
    archgw.config.write_text(_configured(port, provider, "m-1"))
    assert archgw.run("reload").returncode == 0
    other = Client(port, headers={"x-api-key": client_key("batch", 0)})

    def applied() -> bool:
        other.chat()
        return bool(provider.received[-1].json["model"] == "m-1")

    until(applied)
    assert {spender.chat("word " * 8).status for _ in range(8)} == {429}

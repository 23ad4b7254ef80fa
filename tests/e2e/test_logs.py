"""Logs of a gateway under load: moved by size and by others, on a full disk, and no line lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import resource
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from controlplane.supervise.logs import LARGEST
from tests.e2e.archgw import Archgw, until
from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import free_port
from tests.fakes.provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.apart

CONFIG = """
llm_providers:
  - {name: one, price: {input: 1, output: 1}}
"""
ENVOYS = ("access_llm.log", "usage.log")
_ID = re.compile(rb"\bid-[0-9]+-[0-9]+\b")


class Gateway(Archgw):
    def start(self, upstream: int) -> int:
        """The port that it serves."""
        port = free_port()
        self.config.write_text(config(CONFIG, one_local(f"127.0.0.1:{upstream}"), port=port))
        done = self.up()
        assert done.returncode == 0, done.stderr
        return port

    def logged(self, name: str) -> Counter[bytes]:
        """How often each request is in the files of that log, whatever they are called by now."""
        files = self.home.logs.rglob(f"{name}*")
        return Counter(found for file in files for found in _ID.findall(file.read_bytes()))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path)
    yield made
    made.run("down", "--timeout", "0")
    assert made.processes() == []


class Load:
    """Requests with ids of their own, several at a time, until it is over."""

    def __init__(self, port: int, callers: int = 3) -> None:
        self._port = port
        self._over = threading.Event()
        self.sent: list[bytes] = []
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(callers)]

    def __enter__(self) -> list[bytes]:
        for each in self._threads:
            each.start()
        return self.sent

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _call(self, caller: int) -> None:
        body = json.dumps({"messages": [{"role": "user", "content": "hi"}]})
        number = 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        with contextlib.closing(connection):
            while not self._over.is_set():
                name, number = f"id-{caller}-{number}", number + 1
                headers = {"content-type": "application/json", "x-request-id": name}
                connection.request("POST", "/v1/chat/completions", body, headers)
                assert connection.getresponse().read()
                self.sent.append(name.encode())


def test_no_line_is_lost(gateway: Gateway) -> None:
    """Of what was sent each request is logged once, however often the files are moved meanwhile."""
    with FakeProvider("one") as provider:
        port = gateway.start(provider.port)
        logs = gateway.home.logs
        supervisor = gateway.status()["pid"]
        with Load(port) as sent:
            until(lambda: len(sent) > 50)
            for name in ENVOYS:
                _grow(logs / name)
            until(lambda: all((logs / f"{name}.1").exists() for name in ENVOYS), 20)
            for number in range(3):
                before = len(sent)
                for name in ENVOYS:
                    (logs / name).rename(logs / f"{name}-moved-{number}")
                os.kill(supervisor, signal.SIGUSR1)
                until(
                    lambda: all((logs / n).exists() and (logs / n).stat().st_size for n in ENVOYS)
                )
                until(lambda: len(sent) > before + 50)  # noqa: B023
        until(lambda: all(gateway.logged(name).total() >= len(sent) for name in ENVOYS))
        for name in ENVOYS:
            assert gateway.logged(name) == Counter(sent)
        usage = json.loads(gateway.run("usage", "--json").stdout)
        assert usage["total"]["requests"] == len(sent)
        assert usage["total"]["cost"] == pytest.approx(len(sent) * 10 / 1e6)
        assert usage["unread_lines"] == 1  # what made it grow


def _grow(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"x" * LARGEST + b"\n")


def test_sigusr1_opens_all_logs_anew(gateway: Gateway) -> None:
    """Also those of processes which cannot do it themselves; what was written stays where it is."""
    with FakeProvider("one") as provider:
        port = gateway.start(provider.port)
        logs = gateway.home.logs
        supervisor, envoy = gateway.status()["pid"], gateway.child()["pid"]
        assert Client(port).chat(headers={"x-request-id": "id-0-0"}).status == 200
        until(lambda: gateway.logged("usage.log").total() == 1)
        (logs / "old").mkdir()
        before = {file.name: file.read_bytes() for file in logs.glob("*.log")}
        for name in before:
            (logs / name).rename(logs / "old" / name)
        os.kill(supervisor, signal.SIGUSR1)
        until(lambda: "opened anew" in _text(logs / "supervisor.log"))
        assert os.readlink(f"/proc/{envoy}/fd/2") == str(logs / "envoy.log")
        assert Client(port).chat(headers={"x-request-id": "id-0-1"}).status == 200
        until(lambda: "id-0-1" in _text(logs / "usage.log"))
        assert "id-0-1" in _text(logs / "access_llm.log")
        for name, content in before.items():
            assert (logs / "old" / name).read_bytes() == content
        assert gateway.run("reload").returncode == 0
        assert gateway.status()["state"] == "running"
        assert {file.stat().st_mode & 0o777 for file in logs.glob("*.log")} == {0o600}


def test_a_new_price_is_that_of_new_calls(gateway: Gateway) -> None:
    """A reload is enough, and what was called before keeps its cost."""
    with FakeProvider("one") as provider:
        client = Client(gateway.start(provider.port))
        assert client.chat().status == 200
        text = gateway.config.read_text()
        gateway.config.write_text(text.replace("input: 1\n", "input: 11\n"))
        assert gateway.run("reload").returncode == 0
        assert client.chat().status == 200
        until(lambda: _text(gateway.home.usage_log).count("\n") == 2)
        lines = _text(gateway.home.usage_log).splitlines()
        assert [json.loads(line)["cost"] for line in lines] == pytest.approx([10e-6, 80e-6])


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_a_full_disk_loses_lines_alone(gateway: Gateway) -> None:
    """Envoy answers as before, and writes again once there is room."""
    with FakeProvider("one") as provider:
        port = gateway.start(provider.port)
        envoy = gateway.child()["pid"]
        # Every write to a file fails, as on a full disk.
        resource.prlimit(envoy, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert [
            Client(port).chat(headers={"x-request-id": "id-0-0"}).status for _ in range(20)
        ] == [200] * 20
        time.sleep(1.2)  # Envoy flushes its logs once a second
        resource.prlimit(envoy, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert Client(port).chat(headers={"x-request-id": "id-0-1"}).status == 200
        until(lambda: b"id-0-1" in gateway.logged("usage.log"))
        assert gateway.child()["pid"] == envoy
        assert b"id-0-0" not in gateway.logged("usage.log")

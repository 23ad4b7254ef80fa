"""A gateway for each demo on free ports, before a scripted model server or before the real one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from demos.chat import Chat
from demos.run import Demo, surroundings
from tests.e2e.harness import free_port, gateway, wait_until_open
from tests.fakes.model_server import Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demos.conversations import Turn


@dataclass
class Stages:
    """One gateway for each demo, started when it is first asked for."""

    folder: Path
    model_server: str
    stack: contextlib.ExitStack

    def __post_init__(self) -> None:
        self._ports: dict[str, int] = {}

    def chat(self, name: str) -> Chat:
        if name not in self._ports:
            self._ports[name] = self._start(Demo(name))
        return Chat("127.0.0.1", self._ports[name])

    def _start(self, demo: Demo) -> int:
        folder = self.folder / demo.name
        folder.mkdir()
        variables = self.stack.enter_context(surroundings(demo))
        config = with_free_ports(demo, self.model_server)
        running = self.stack.enter_context(gateway(folder, config, variables))
        return running.prompt_port


def with_free_ports(demo: Demo, model_server: str | None) -> str:
    """The demo's own config with `{prompt_port}` and `{port}` in it; None: an embedded server."""
    written = yaml.safe_load(demo.config.read_text())
    written["listener"]["port"] = "{prompt_port}"
    written["listeners"] = {"egress_traffic": {"address": "127.0.0.1", "port": "{port}"}}
    written["overrides"] = {"stats_port": 0}
    if model_server:
        written["model_server"] = {"address": model_server}
    return str(yaml.safe_dump(written, allow_unicode=True))


@contextlib.contextmanager
def model_server(folder: Path) -> Iterator[str]:
    """The address of one with the models that archgw ships."""
    with model_process(folder) as (address, _):
        yield address


@contextlib.contextmanager
def model_process(folder: Path) -> Iterator[tuple[str, int]]:
    """The same, and its pid."""
    port = free_port()
    command = [sys.executable, "-m", "modelserver", "--port", str(port)]
    with (folder / "modelserver.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until_open(port, process)
        wait_until_loaded(folder / "modelserver.log", process)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(20)


def wait_until_loaded(log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while "ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def right_answers(demo: Demo) -> Script:
    """What a model that is always right would say to each message of its conversations."""
    turns = [turn for each in demo.script for turn in each.turns]
    return Script(
        calls={turn.user: wanted(turn) for turn in turns},
        attacks=[turn.user for turn in turns if turn.expect.get("guard") == "refuse"],
    )


def wanted(turn: Turn) -> list[tuple[str, dict[str, Any], list[str]]]:
    if turn.asks:
        return [(turn.expect["target"], turn.expect.get("args", {}), turn.expect["missing"])]
    return [(name, dict(values), []) for name, values in turn.calls]

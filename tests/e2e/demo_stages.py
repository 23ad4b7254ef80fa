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

    from demos.conversations import Conversation, Turn


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
    """The model server with the models that archgw ships."""
    port = free_port()
    command = [sys.executable, "-m", "modelserver", "--port", str(port)]
    with (folder / "modelserver.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until_open(port, process)
        wait_until_loaded(folder / "modelserver.log", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_until_loaded(log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while "ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def right_answers(conversation: Conversation) -> Script:
    """What a model that is always right would say to each turn."""
    calls: dict[str, list[tuple[str, dict[str, Any], list[str]]]] = {}
    for turn, following in zip(conversation.turns, [*conversation.turns[1:], None], strict=True):
        calls[turn.user] = _wanted(turn, following)
    attacks = [turn.user for turn in conversation.turns if turn.kind == "refused"]
    return Script(calls=calls, attacks=attacks)


def _wanted(turn: Turn, following: Turn | None) -> list[tuple[str, dict[str, Any], list[str]]]:
    if turn.kind == "calls":
        return [(name, args, []) for call in turn.wanted for name, args in call.items()]
    if turn.kind == "asks_for":
        # The call that the next turn completes.
        assert following is not None
        ((name, arguments),) = following.wanted[0].items()
        known = {key: value for key, value in arguments.items() if key not in turn.wanted}
        return [(name, known, turn.wanted)]
    return [_FAILING[turn.user]] if turn.user in _FAILING else []


_FAILING: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "What is the weather like in Atlantis?": ("get_current_weather", {"city": "Atlantis"}, []),
    "Reboot core-sw-99 now": ("reboot_network_device", {"device_id": "core-sw-99"}, []),
    "Then reboot lab-ap-06": ("reboot_network_device", {"device_id": "lab-ap-06"}, []),
    "Book 6 days of vacation for Kenji Tanaka starting on 2026-08-03.": (
        "request_leave",
        {"employee": "Kenji Tanaka", "days": 6, "start_date": "2026-08-03"},
        [],
    ),
}

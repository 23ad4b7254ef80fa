"""A gateway for each config, all before one model server, started when it is first asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from demos.chat import Chat
from demos.serving import stand_in_llm
from extproc.contract import loads
from extproc.questions import Questions
from tests.e2e.decisions.play import HERE, Place
from tests.e2e.demo_stages import model_server
from tests.e2e.harness import gateway
from tests.fakes.application import FakeApplication

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path


@dataclass
class Stage:
    """Where the conversations are played."""

    folder: Path
    stack: contextlib.ExitStack
    written: Path = HERE
    """Where the configs are."""
    places: dict[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._models = self.stack.enter_context(model_server(self.folder))
        self._llm = self.stack.enter_context(stand_in_llm())

    def place(self, config: str) -> Place:
        """The gateway of a config."""
        if config not in self.places:
            self.places[config] = self._start(config)
        return self.places[config]

    def _start(self, config: str) -> Place:
        application = self.stack.enter_context(FakeApplication())
        text = (self.written / "configs" / f"{config}.yaml").read_text("utf-8")
        text = text.replace("{api}", application.address).replace("{llm}", self._llm)
        written = yaml.safe_load(text) | {"model_server": {"address": self._models}}
        folder = self.folder / config
        folder.mkdir()
        running = self.stack.enter_context(
            gateway(folder, yaml.safe_dump(written, allow_unicode=True), {})
        )
        (told,) = running.home.runtime.glob("*.json")
        time.sleep(0.8)  # Envoy's first health check of the extproc processes
        chat = Chat("127.0.0.1", running.prompt_port)
        return Place(chat, application, Questions(loads(told.read_text("utf-8"))))

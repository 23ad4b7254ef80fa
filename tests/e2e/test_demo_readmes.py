"""The curl examples of the READMEs, run as printed, answer as printed."""

from __future__ import annotations

import contextlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demos.run import APIS, Demo
from tests.e2e.demo_stages import Stages, model_server, right_answers
from tests.fakes.model_server import FakeModelServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCKS = re.compile(r"```sh\n(curl .*?)```\n.*?```\n(.*?)```", re.DOTALL)
_GATEWAY = "http://127.0.0.1:10000/"


@dataclass(frozen=True)
class Example:
    command: str
    printed: str

    @property
    def pattern(self) -> str:
        """What is printed, where `…` stands for anything and white space does not count."""
        parts = [re.escape(_squeezed(part)) for part in self.printed.split("…")]
        return ".*".join(parts)


ROOT = Path(__file__).parents[2]
READMES = {
    ROOT / "README.md": "weather_agent",
    **{ROOT / "demos" / name / "README.md": name for name in APIS},
}
"""Each README, and the demo that must run for its examples."""


def examples(readme: Path) -> list[Example]:
    text = readme.read_text()
    return [Example(match[1], match[2]) for match in _BLOCKS.finditer(text)]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_every_curl_is_an_example() -> None:
    """No command is without what it prints, so that none is left out below."""
    for readme in READMES:
        commands = re.findall(rf"^curl .*{_GATEWAY}", readme.read_text(), re.MULTILINE)
        assert len(examples(readme)) == len(commands) > 1


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with contextlib.ExitStack() as stack:
        models = stack.enter_context(FakeModelServer())
        scripts = [right_answers(Demo(name)) for name in APIS]
        models.script = Script(
            calls={user: calls for script in scripts for user, calls in script.calls.items()},
            attacks=[text for script in scripts for text in script.attacks],
        )
        yield Stages(tmp_path_factory.mktemp("scripted"), models.address, stack)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(model_server(tmp_path_factory.mktemp("models")))
        yield Stages(tmp_path_factory.mktemp("real"), address, stack)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_examples_print_what_they_say(scripted: Stages, readme: Path) -> None:
    """With a model that is always right."""
    run_all(readme, scripted)


@pytest.mark.slow
@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_examples_print_what_they_say_with_the_models_of_archgw(real: Stages, readme: Path) -> None:
    """As a reader sees it."""
    run_all(readme, real)


def run_all(readme: Path, stages: Stages) -> None:
    port = stages.chat(READMES[readme]).port
    for example in examples(readme):
        command = example.command.replace(_GATEWAY, f"http://127.0.0.1:{port}/")
        assert command != example.command
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True
        )
        assert re.search(example.pattern, _squeezed(done.stdout)), (example.command, done.stdout)

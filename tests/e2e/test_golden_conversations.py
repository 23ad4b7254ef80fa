"""`archgw test` as a user runs it, with a scripted model server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.archgw import Archgw
from tests.fakes.model_server import FakeModelServer, Script

CONFIG = """\
version: v0.1
llm_providers:
  - {{name: one, provider: local, endpoint: "127.0.0.1:9", model: m, default: true}}
model_server: {{address: "{models}"}}
endpoints:
  app: {{endpoint: "127.0.0.1:9"}}
prompt_targets:
  - name: weather
    description: The weather of a city for some days.
    endpoint: {{name: app, path: /weather}}
    parameters: [{{name: city, type: str, description: The city, required: true}}]
"""
TESTS = """\
config: arch_config.yaml
tests:
  - {id: right, messages: [rain in Bonn?], expect: {target: weather, args: {city: Bonn}}}
  - {id: wrong, messages: [[rain in Ulm?, rain?]], expect: {target: weather, args: {city: Ulm}}}
  - {id: chat, tags: [talk], messages: [hello], expect: {target: null}}
"""


@pytest.fixture
def archgw(tmp_path: Path) -> Iterator[Archgw]:
    with FakeModelServer() as models:
        models.script = Script(calls={"rain": [("weather", {"city": "Bonn"}, [])]})
        made = Archgw(tmp_path, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
        made.config.write_text(CONFIG.format(models=models.address))
        (tmp_path / "tests.yaml").write_text(TESTS)
        yield made


def test_what_differs_is_told_and_fails(archgw: Archgw) -> None:
    """Every case is decided, no API is called, and the exit code is for CI."""
    ran = archgw.run("test", str(archgw.folder / "tests.yaml"))
    assert ran.returncode == 1, ran.stderr
    assert 'args.city: expected "Ulm", is "Bonn"' in ran.stdout
    assert "2 of 4 passed" in ran.stdout
    told = json.loads(
        archgw.run("test", str(archgw.folder / "tests.yaml"), "--format", "json").stdout
    )
    assert [each["id"] for each in told["results"]] == ["right", "wrong[1]", "wrong[2]", "chat"]


def test_some_of_them_can_be_run(archgw: Archgw) -> None:
    """By a word, and those that failed before; what passes then is forgotten."""
    file = str(archgw.folder / "tests.yaml")
    assert "1 of 1 passed" in archgw.run("test", file, "-k", "talk").stdout
    assert archgw.run("test", file, "--last-failed").returncode == 2
    assert archgw.run("test", file).returncode == 1
    assert "0 of 2 passed" in archgw.run("test", file, "--last-failed").stdout


def test_update_makes_it_pass(archgw: Archgw) -> None:
    """What was decided is what is expected from then on."""
    file = archgw.folder / "tests.yaml"
    assert archgw.run("test", str(file), "--update").returncode == 0
    assert file.read_text() == TESTS.replace("{city: Ulm}", "{city: Bonn}")
    assert archgw.run("test", str(file)).returncode == 0


def test_what_is_wrong_with_a_file_is_told(archgw: Archgw) -> None:
    """With its place, before anything is decided."""
    file = archgw.folder / "tests.yaml"
    file.write_text("tests:\n  - {messages: [hi], expect: {targets: x}}\n")
    ran = archgw.run("test", str(file))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "tests.yaml:2:" in ran.stderr
    assert "unknown key `targets`" in ran.stderr

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
  - name: storms
    description: Warnings of storms and rain.
    endpoint: {{name: app, path: /storms}}
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


def test_targets_that_are_taken_for_one_another_are_told(archgw: Archgw, tmp_path: Path) -> None:
    """By their own descriptions, and by what one says that users ask with."""
    ran = archgw.run("targets", "check", str(archgw.config))
    assert ran.returncode == 1, ran.stderr
    assert "storms is taken for weather" in ran.stdout
    said = tmp_path / "said.yaml"
    said.write_text("storm: [is it windy]\n")
    ran = archgw.run("targets", "check", str(archgw.config), "--messages", str(said))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "the config has no target storm" in ran.stderr


def test_decisions_that_a_change_turns_are_told(archgw: Archgw, tmp_path: Path) -> None:
    """Beside what the change means for the gateway: here a value that must be asked for now."""
    new = tmp_path / "new.yaml"
    text = archgw.config.read_text()
    new.write_text(text.replace("required: true}]", "required: true, enum: [Ulm]}]"))
    tests = str(tmp_path / "tests.yaml")
    ran = archgw.run("diff", str(archgw.config), str(new), "--tests", tests)
    assert ran.returncode == 0, ran.stderr
    assert "right: “rain in Bonn?”" in ran.stdout
    assert 'missing: [] → ["city"]' in ran.stdout
    assert "chat" not in ran.stdout
    same = archgw.run("diff", str(archgw.config), str(archgw.config), "--tests", tests)
    assert "every conversation is decided as before" in same.stdout


def test_a_threshold_is_proposed(archgw: Archgw, tmp_path: Path) -> None:
    """For an aim, with what it is worth and the config's change; not from too few cases."""
    file = tmp_path / "many.yaml"
    wanting = ["  - {messages: [rain], expect: {target: weather}}"]
    none = ["  - {messages: [hello], expect: {target: null}}"]
    file.write_text("config: arch_config.yaml\ntests:\n" + "\n".join(wanting * 9 + none * 40))
    ran = archgw.run("calibrate", str(file))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "9 cases that want a target; 30 are the least" in ran.stderr
    file.write_text("config: arch_config.yaml\ntests:\n" + "\n".join(wanting * 60 + none * 40))
    change = tmp_path / "change.patch"
    ran = archgw.run("calibrate", str(file), "--patch", str(change))
    assert ran.returncode == 0, ran.stderr
    assert "prompt_target_intent_matching_threshold: 0.9" in ran.stdout
    assert "60 of 60 (100.0%, 95 % interval 94.0% to 100.0%)" in ran.stdout
    assert "+  prompt_target_intent_matching_threshold: 0.9" in change.read_text()

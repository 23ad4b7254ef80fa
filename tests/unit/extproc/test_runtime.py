"""Generations: the config a request names, and no other file."""

from __future__ import annotations

from pathlib import Path

import pytest

from extproc import contract
from extproc.errors import Unavailable
from extproc.runtime import Generations, compiled
from tests.playbook import guard, parameter, settings, target


def write(folder: Path, settings_: contract.RuntimeConfig) -> str:
    text = contract.dumps(settings_)
    name = contract.generation(text)
    (folder / f"{name}.json").write_text(text)
    return name


def test_each_generation_is_its_own(tmp_path: Path) -> None:
    """Two generations are served side by side, each under its own config."""
    generations = Generations(tmp_path)
    one, two = write(tmp_path, settings(target("a"))), write(tmp_path, settings(target("b")))
    assert set(generations.get(one).targets) == {"a"}
    assert set(generations.get(two).targets) == {"b"}
    assert generations.get(one) is generations.get(one)


def test_a_known_generation_outlives_its_file(tmp_path: Path) -> None:
    """What is in use stays, though the control plane has cleaned up."""
    name = write(tmp_path, settings(target("a"), guards=(guard(),)))
    generations = Generations(tmp_path)
    first = generations.get(name)
    (tmp_path / f"{name}.json").unlink()
    assert generations.get(name) is first


def test_only_a_few_are_kept(tmp_path: Path) -> None:
    """A thousand reloads do not fill the memory; the ones used last stay."""
    generations = Generations(tmp_path)
    names = [write(tmp_path, settings(target(f"t{n}"))) for n in range(12)]
    for name in names:
        generations.get(name)
        generations.get(names[0])
    for name in names:
        (tmp_path / f"{name}.json").unlink()
    assert generations.get(names[0])
    assert generations.get(names[-1])
    with pytest.raises(Unavailable):
        generations.get(names[1])


@pytest.mark.parametrize(
    "name",
    ["", "../../../etc/passwd", "0123456789abcdef", "ABCDEF0123456789", "a/b", "..", "0" * 100],
)
def test_unknown_generation_is_unavailable(tmp_path: Path, name: str) -> None:
    """A name that is no hash, or whose file is not there, is a 503 and never a path."""
    with pytest.raises(Unavailable) as caught:
        Generations(tmp_path).get(name)
    assert caught.value.status == 503


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"guards": 1}', "\xff"])
def test_unreadable_generation_is_unavailable(tmp_path: Path, text: str) -> None:
    """A broken file is a 503, not a crash."""
    (tmp_path / "0123456789abcdef.json").write_text(text, "latin-1")
    with pytest.raises(Unavailable):
        Generations(tmp_path).get("0123456789abcdef")


def test_targets_become_tools() -> None:
    """Every target but the default one, each parameter with all that is known of it."""
    days = parameter("days", "integer", required=True, minimum=1, maximum=7, description="how long")
    unit = parameter("unit", enum=("c", "f"), default="c", format="x", pattern=".")
    tags = parameter("tags", "array", items="string", default=None, has_default=True)
    runtime = compiled(
        "0123456789abcdef",
        settings(target("w", days, unit, tags), target("rest", default=True), system_prompt="p"),
    )
    (tool,) = runtime.tools
    assert tool["function"]["name"] == "w"
    assert tool["function"]["parameters"]["required"] == ["days"]
    assert tool["function"]["parameters"]["properties"] == {
        "days": {"type": "integer", "description": "how long", "minimum": 1, "maximum": 7},
        "unit": {"type": "string", "description": "", "enum": ["c", "f"], "default": "c",
                 "format": "x", "pattern": "."},
        "tags": {"type": "array", "description": "", "items": {"type": "string"}},
    }  # fmt: skip
    assert runtime.config_prompts == {"p"}


def test_each_client_what_is_there_for_it(tmp_path: Path) -> None:
    """A target for some is no tool, no target and no question to others; nor is a default one."""
    name = write(
        tmp_path,
        settings(
            target("open"),
            target("figures", clients=("web", "batch")),
            target("rest", default=True, clients=("web",), system_prompt="for the web"),
        ),
    )
    runtime = Generations(tmp_path).get(name)
    web, batch = runtime.for_client("web"), runtime.for_client("batch")
    assert [set(each.targets) for each in (runtime, web, batch)] == [
        {"open"},
        {"open", "figures"},
        {"open", "figures"},
    ]
    assert len(runtime.tools) == 1
    defaults = [each.config.default_target is not None for each in (runtime, web, batch)]
    assert defaults == [False, True, False]
    assert runtime.for_client("nobody") is runtime.for_client(None) is runtime
    assert "for the web" not in runtime.config_prompts
    assert {each.generation for each in (runtime, web, batch)} == {name}

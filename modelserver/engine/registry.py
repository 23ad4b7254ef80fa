"""The registry: which models there are, and that the files are those which were meant.

`models.yaml` pins each model by name, revision and the sha256 of every file that is read.
A file that is missing or altered stops the start with its name and what to do; nothing is
fetched, and nothing but ONNX and JSON is ever opened (a pickle runs code when it loads).

`python -m modelserver.engine.registry` checks the pins; with `--pin` it writes those of the files
as they are, after a training run put new ones in place.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from modelserver.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST = Path(__file__).parents[1] / "models.yaml"
WHOLE, SPLIT = ("model.onnx",), ("lower.onnx", "upper.onnx")


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose files were found and are the right ones."""

    name: str
    revision: str
    directory: Path
    sha256: Mapping[str, str]
    config: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """Name, revision and the start of the graph's hash: what answers are cached under."""
        return f"{self.name}@{self.revision}+{self.sha256[graphs(self.directory)[-1]][:12]}"


def graphs(directory: Path) -> tuple[str, ...]:
    """The graphs of a model: one, or one for parts and one for what they are joined to."""
    return SPLIT if any((directory / name).is_file() for name in SPLIT) else WHOLE


def files(directory: Path) -> tuple[str, ...]:
    """Every file of a model that is read."""
    return (*graphs(directory), "tokenizer.json", "config.json")


def find(task: str, manifest: Path = MANIFEST) -> Model:
    """The pinned model for a task, its files checked."""
    entry = _entry(task, manifest)
    directory = (manifest.parent / str(entry["directory"])).resolve()
    _require_files(task, directory)
    pinned: Mapping[str, str] = entry["sha256"]
    hashes = {name: _sha256(directory / name) for name in files(directory)}
    for name, found in hashes.items():
        if found != pinned.get(name):
            raise StartError(
                f"{task}: {directory / name} is not the file that {manifest.name} pins.\n"
                f"  pinned sha256 {pinned.get(name)}\n  found  sha256 {found}\n"
                "Reinstall archgw; or, if you trained this model yourself, run\n"
                "  python -m modelserver.engine.registry --pin"
            )
    return Model(
        str(entry["name"]), str(entry["revision"]), directory, hashes, _config(directory, task)
    )


def users_own(task: str, directory: Path, pinned: str | None = None) -> Model:
    """A model from a directory of the user's own, in the usual export layout."""
    _require_files(task, directory)
    hashes = {name: _sha256(directory / name) for name in files(directory)}
    if pinned is not None and hashes["model.onnx"] != pinned.lower():
        raise StartError(
            f"{task}: {directory / 'model.onnx'} has sha256 {hashes['model.onnx']},\n"
            f"but the settings pin {pinned}. Mend the settings, or fetch the model again."
        )
    config = _config(directory, task)
    name = str(config.get("_name_or_path") or directory.name)
    return Model(name, "own", directory, hashes, config)


def pin(manifest: Path = MANIFEST, tasks: Sequence[str] = ()) -> None:
    """Write the hashes of these tasks' files as they are; without any, of all."""
    entries = _manifest(manifest)
    for task in tasks or entries:
        entry = _entry(task, manifest) if task not in entries else entries[task]
        directory = (manifest.parent / str(entry["directory"])).resolve()
        _require_files(task, directory)
        entry["sha256"] = {name: _sha256(directory / name) for name in files(directory)}
    heading = "".join(
        line for line in manifest.read_text("utf-8").splitlines(True) if line.startswith("#")
    )
    manifest.write_text(heading + yaml.safe_dump(entries, sort_keys=False), "utf-8")


def _manifest(manifest: Path) -> dict[str, dict[str, Any]]:
    try:
        entries: dict[str, dict[str, Any]] = yaml.safe_load(manifest.read_text("utf-8"))
    except FileNotFoundError:
        raise StartError(f"{manifest} is missing. Reinstall archgw.") from None
    return entries


def _entry(task: str, manifest: Path) -> dict[str, Any]:
    entry = _manifest(manifest).get(task)
    if entry is None:
        raise StartError(f"{manifest} names no model for {task!r}. Reinstall archgw.")
    return entry


def _require_files(task: str, directory: Path) -> None:
    missing = [name for name in files(directory) if not (directory / name).is_file()]
    if not missing:
        return
    found = sorted(path.name for path in directory.glob("*")) if directory.is_dir() else []
    pickled = [name for name in found if name.endswith((".bin", ".pt", ".pth", ".safetensors"))]
    mend = (
        f"It holds {pickled[0]}: export it first, for example with\n"
        f"  optimum-cli export onnx --model {directory} {directory}-onnx"
        if pickled and "model.onnx" in missing
        else "The weights come with archgw: reinstall it, or train them with\n  make train DATA=dir"
    )
    raise StartError(f"{task}: {', '.join(missing)} missing in {directory}.\n{mend}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _config(directory: Path, task: str) -> Mapping[str, Any]:
    path = directory / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise StartError(f"{task}: {path} is not JSON ({error}).") from None
    if not isinstance(config, dict):
        raise StartError(f"{task}: {path} does not hold a JSON object.")
    return config


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the pins of all models, or write them."""
    parser = argparse.ArgumentParser(
        prog="python -m modelserver.engine.registry", description=__doc__
    )
    parser.add_argument("--pin", action="store_true", help="pin the files as they are now")
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="guard, targets; all if absent")
    options = parser.parse_args(arguments)
    try:
        if options.pin:
            pin(tasks=options.tasks)
        models = [find(task) for task in options.tasks or _manifest(MANIFEST)]
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{model.identity} {model.directory}\n" for model in models)
    return 0


if __name__ == "__main__":
    sys.exit(main())

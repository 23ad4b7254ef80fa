"""The registry: pinned files load, anything else is refused in words that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from modelserver.engine import registry
from modelserver.errors import StartError
from tests.unit.modelserver.tiny import write_guard

if TYPE_CHECKING:
    from pathlib import Path


FILES = ("model.onnx", "tokenizer.json", "config.json")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest that pins one tiny guard."""
    write_guard(tmp_path / "weights" / "guard")
    path = tmp_path / "models.yaml"
    entry = {"name": "tiny", "revision": "7", "directory": "weights/guard", "sha256": {}}
    path.write_text("# heading\n" + yaml.safe_dump({"guard": entry}))
    registry.pin(path)
    return path


def test_a_pinned_model_is_found(manifest: Path) -> None:
    """Files that match their hashes give a model with its identity and config."""
    model = registry.find("guard", manifest)
    assert model.identity == f"tiny@7+{model.sha256['model.onnx'][:12]}"
    assert model.config["id2label"]["1"] == "JAILBREAK"
    assert manifest.read_text().startswith("# heading\n")


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_refused(manifest: Path, name: str) -> None:
    """One changed byte in any file stops the start, naming the file and both hashes."""
    path = manifest.parent / "weights" / "guard" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StartError) as refused:
        registry.find("guard", manifest)
    said = str(refused.value)
    assert str(path) in said
    assert said.count("sha256") == 2
    assert "--pin" in said


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(manifest: Path, name: str) -> None:
    """The message says which file of which model is missing, and where it should be."""
    (manifest.parent / "weights" / "guard" / name).unlink()
    with pytest.raises(StartError, match=name) as refused:
        registry.find("guard", manifest)
    assert str(manifest.parent / "weights" / "guard") in str(refused.value)


def test_a_model_in_two_graphs_is_pinned_by_both(manifest: Path) -> None:
    """Where one of two graphs lies, the other is required, and both are checked."""
    folder = manifest.parent / "weights" / "guard"
    (folder / "model.onnx").rename(folder / "upper.onnx")
    with pytest.raises(StartError, match=r"lower\.onnx"):
        registry.find("guard", manifest)
    (folder / "lower.onnx").write_bytes(b"lower")
    registry.pin(manifest)
    assert registry.find("guard", manifest).sha256.keys() >= {"lower.onnx", "upper.onnx"}
    (folder / "lower.onnx").write_bytes(b"other")
    with pytest.raises(StartError, match=r"lower\.onnx"):
        registry.find("guard", manifest)


def test_an_unpinned_model_is_refused(manifest: Path) -> None:
    """A manifest without hashes loads nothing: no pin is no permission."""
    entries = yaml.safe_load(manifest.read_text())
    entries["guard"]["sha256"] = {}
    manifest.write_text(yaml.safe_dump(entries))
    with pytest.raises(StartError, match="pins"):
        registry.find("guard", manifest)


def test_a_task_without_a_model_is_refused(manifest: Path) -> None:
    """A manifest that lacks the task says so."""
    with pytest.raises(StartError, match="'targets'"):
        registry.find("targets", manifest)


def test_a_directory_of_ones_own_needs_no_pin(tmp_path: Path) -> None:
    """Bring your own: any directory in the export layout, pinned only if the user wants."""
    model = registry.users_own("guard", write_guard(tmp_path / "mine"))
    assert model.name == "mine"
    assert (
        registry.users_own("guard", tmp_path / "mine", model.sha256["model.onnx"]).revision == "own"
    )
    with pytest.raises(StartError, match="settings pin"):
        registry.users_own("guard", tmp_path / "mine", "0" * 64)


def test_a_pickle_is_answered_with_how_to_export_it(tmp_path: Path) -> None:
    """A directory with a pickle and no graph is told the export command; nothing is loaded."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(StartError, match="optimum-cli export onnx"):
        registry.users_own("guard", tmp_path)


def test_a_config_that_is_no_json_is_named(tmp_path: Path) -> None:
    """A broken config.json stops the start with its path."""
    directory = write_guard(tmp_path)
    (directory / "config.json").write_text("{")
    with pytest.raises(StartError, match=r"config\.json is not JSON"):
        registry.users_own("guard", directory)

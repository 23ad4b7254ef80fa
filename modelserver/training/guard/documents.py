"""Long ordinary texts that every machine has: what packages say of themselves, and source files.

Models are refused on nothing more often than on these, and no collection of prompts has them.
They are of the machine that trains, so that nothing is shipped; one half, by name, is trained
on, and the other measured on. `manuals` and `modules` are for training alone: more of the same
kinds, of packages of that half.
"""

from __future__ import annotations

import ast
import hashlib
import sysconfig
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 1500
LONGEST = 8000
# Papers of the operating system's packages; there may be none.
PAPERS = Path("/usr/share/doc")
PAPER_KINDS = frozenset({".md", ".txt", ".rst"})
MOST_OF_ONE = 60  # files of one package, or papers of one folder


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
        text = _read(path)
        if _fits(path.name, text, train):
            texts.append(text[:LONGEST])
        if len(texts) == most:
            break
    return texts


def manuals() -> list[str]:
    """Prose about software: the docstrings of packages' modules, and the system's papers."""
    texts = [_docstrings(text) for text in _package_files()]
    for folder in sorted(path for path in PAPERS.glob("*") if path.is_dir()):
        papers = (path for path in folder.rglob("*") if path.suffix in PAPER_KINDS)
        texts += [_read(path) for path in _some(path for path in papers if path.is_file())]
    return [text[:LONGEST] for text in texts if len(text) >= SHORTEST]


def modules() -> list[str]:
    """Source files of installed packages, a few of each."""
    # Some packages carry modules of the standard library along, which are measured on.
    measured = set(sources(train=False))
    texts = [text[:LONGEST] for text in _package_files() if len(text) >= SHORTEST]
    return [text for text in texts if text not in measured]


def _package_files() -> Iterator[str]:
    for package in sorted(metadata.distributions(), key=lambda one: str(one.metadata["Name"])):
        if _is_trained_on(str(package.metadata["Name"])):
            files = (Path(str(file.locate())) for file in package.files or ())
            yield from map(_read, _some(f for f in files if f.suffix == ".py" and f.is_file()))


def _some(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: _number(path.name))[:MOST_OF_ONE]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _docstrings(code: str) -> str:
    """What a module says of itself and of its parts."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code)
    except SyntaxError:
        return ""
    parts = (node for node in ast.walk(tree) if isinstance(node, _SPOKEN))
    return "\n\n".join(filter(None, map(ast.get_docstring, parts)))


_SPOKEN = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _modules() -> Iterator[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        if not {"site-packages", "test", "tests", "__pycache__"} & set(inside):
            yield path


def _fits(name: str, text: str, train: bool) -> bool:
    return len(text) >= SHORTEST and _is_trained_on(name) == train


def _is_trained_on(name: str) -> bool:
    return _number(name) % 2 == 0


def _number(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0]

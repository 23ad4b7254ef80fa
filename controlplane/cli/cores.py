"""What the kernel leaves of a process that crashed: all of its memory, and so every key in that.

A process of ours leaves none, but one may lie there from before, or from a debugger.
"""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_ELF, _CORE = b"\x7fELF", (b"\x04\x00", b"\x00\x04")
"""What such a file begins with, and of which type its header says it is, in either byte order."""


def core_files(folders: Iterable[Path], pattern: str) -> Iterator[Path]:
    """Ours, of processes that worked in these folders, by whatever name."""
    for folder in sorted({*folders, *_where_they_go(folders, pattern)}):
        if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
            yield from (file for file in sorted(folder.iterdir()) if _is_ours(file))


def taker(pattern: str) -> str:
    """The program that the kernel gives them to instead; empty where it writes files."""
    return pattern.removeprefix("|").split()[0] if pattern.startswith("|") else ""


def core_pattern() -> str:
    return PATTERN.read_text("utf-8").strip()


def _where_they_go(folders: Iterable[Path], pattern: str) -> Iterator[Path]:
    if taker(pattern):
        return
    # See core(5): what follows a % stands for a process, and a name without a / for its folder.
    below = re.sub("%.", "*", os.path.dirname(pattern))
    for folder in folders:
        yield from map(Path, glob.glob(str(folder / below)))


def _is_ours(file: Path) -> bool:
    try:
        if not file.is_file() or file.stat().st_uid != os.geteuid():
            return False
        with file.open("rb") as opened:
            head = opened.read(18)
    except OSError:
        return False
    return head.startswith(_ELF) and head[16:] in _CORE

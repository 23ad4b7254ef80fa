"""Every text of the training data, to see which pieces of a vocabulary they use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelserver.training.targets.data import WRITTEN, rows


def texts(data: Path, written: Path = WRITTEN) -> Iterator[str]:
    """All strings in all files, whatever they are for."""
    for folder in (data, written):
        for path in sorted(folder.rglob("*.jsonl*")):
            for row in rows(path):
                yield from _strings(row)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)

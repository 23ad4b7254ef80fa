"""Problems as the supervisor tells them, shown with the line they stand on."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlplane.report import masked, printable
from controlplane.terminal import paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COLOURS = {"error": "red", "warning": "yellow"}


def show_problems(problems: Iterable[Mapping[str, Any]]) -> None:
    for problem in problems:
        print(_text(problem), file=sys.stderr)


def _text(problem: Mapping[str, Any]) -> str:
    severity = paint(problem["severity"], _COLOURS[problem["severity"]], sys.stderr)
    place = f"{problem['file']}:{problem['line']}:{problem['column']}"
    lines = [
        f"{paint(place, 'bold', sys.stderr)}: {severity} {problem['code']} {printable(problem['message'])}"
    ]
    if source := _source(problem["file"], problem["line"]):
        lines += [f"    {source}", f"    {' ' * (problem['column'] - 1)}^"]
    if problem["hint"]:
        lines.append(f"    hint: {printable(problem['hint'])}")
    return "\n".join(lines)


def _source(file: str, line: int) -> str | None:
    lines = _lines(file)
    return masked(lines[line - 1]).replace("\t", " ") if 0 < line <= len(lines) else None


@cache
def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []

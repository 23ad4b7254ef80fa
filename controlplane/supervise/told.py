"""A problem as it travels from the supervisor to the command line: plain values, as in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controlplane.problem import Position

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from controlplane.problem import Problem
    from controlplane.source import Document

Told = dict[str, Any]
"""The keys of `archgw lint --format json`."""


def tell(config: Path, document: Document | None, problems: Iterable[Problem]) -> tuple[Told, ...]:
    return tuple(_tell(config, document, problem) for problem in problems)


def as_text(problem: Told) -> str:
    where = f"{problem['file']}:{problem['line']}:{problem['column']}"
    text = f"{where}: {problem['severity']} {problem['code']} {problem['message']}"
    return f"{text}\n    hint: {problem['hint']}" if problem["hint"] else text


def _tell(config: Path, document: Document | None, problem: Problem) -> Told:
    at = problem.position
    if at is None and document is not None:
        at = document.position(problem.path, on_key=problem.on_key)
    at = at or Position(1, 1)
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "file": str(config),
        "line": at.line,
        "column": at.column,
    }

"""A problem as it travels from the supervisor to the command line: plain values, as in JSON.

The line it stands on comes along, with what looks like a key masked: the command line could
read the file itself, but by then it may say something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controlplane import report
from controlplane.problem import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from controlplane.reading.document import Document

Told = dict[str, Any]
"""The keys of `archgw lint --format json`, and `source` and `length` for the caret."""


def tell(config: Path, document: Document | None, problems: Iterable[Problem]) -> tuple[Told, ...]:
    text = document.text if document else None
    located = report.locate(config, text, document, problems)
    return tuple(_plain(each) for each in located)


def as_line(told: Told) -> str:
    """For a log: one line, without the source."""
    where = f"{told['file']}:{told['line']}:{told['column']}"
    hint = f" ({told['hint']})" if told["hint"] else ""
    what = f"{told['severity']} {told['code']} {told['message']}{hint}"
    return report.printable(f"{where}: {what}")


def as_text(all_told: Iterable[Mapping[str, Any]], *, colour: bool = False) -> str:
    """As `archgw lint` shows them."""
    return report.as_text([_located(told) for told in all_told], colour=colour)


def _plain(located: report.Located) -> Told:
    problem = located.problem
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "file": located.file,
        "line": located.position.line,
        "column": located.position.column,
        "source": located.line,
        "length": located.length,
    }


def _located(told: Mapping[str, Any]) -> report.Located:
    problem = Problem(
        code=told["code"],
        severity=Severity(told["severity"]),
        path=(),
        message=told["message"],
        hint=told["hint"],
    )
    place = Position(told["line"], told["column"])
    return report.Located(problem, told["file"], place, told["source"], told["length"])

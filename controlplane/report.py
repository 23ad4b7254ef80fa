"""Problems as people and machines read them: text, JSON, SARIF, GitHub annotations.

Renderings decide nothing: they take located problems and print them. Two things they do take
care of. A line that is shown may hold a key, so what looks like one is masked. And keys and
values come from a file that anyone may have written, so control characters, which a terminal
would obey, are shown as escapes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from controlplane.problem import Located, Position, Problem, Severity
from controlplane.reading.document import Document, lines

if TYPE_CHECKING:
    from pathlib import Path

_SECRET = re.compile(
    r"""(?ix) ( [\w-]{1,40}key | password | token | secret )
        (["']?\s*:\s*["']?) (?!\$) ([^\s"',}\#][^"',}\#]*)"""
)
_KEY_LIKE = re.compile(r"\b(sk|gsk|xai|pk|key)[-_][A-Za-z0-9_-]{8,}|(?<=://)[^/@\s]+(?=@)")
_LONGEST_MESSAGE = 600
_LONGEST_LINE = 2000
_WIDEST = 120
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}
_BOLD, _DIM, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def locate(
    path: Path, text: str | None, document: Document | None, problems: Iterable[Problem]
) -> list[Located]:
    """The problems of one file in the order of the file."""
    all_lines = lines(text or "")
    found = [_located(path, all_lines, document, problem) for problem in problems]
    return sorted(found, key=lambda each: (each.position, each.problem.code))


def _located(
    path: Path, all_lines: list[str], document: Document | None, problem: Problem
) -> Located:
    position, length = problem.position, 1
    if position is None and document is not None:
        span = document.span(problem.path, on_key=problem.on_key)
        position = document.position_at(span.start)
        length = span.end - span.start if problem.path else 1
    position = position or Position(1, 1)
    line = all_lines[position.line - 1] if position.line <= len(all_lines) else ""
    if len(line) > _LONGEST_LINE:  # nobody reads it, and no pattern finds a key in it in time
        line = ""
    length = max(1, min(length, len(line) - position.column + 1))
    return Located(problem, str(path), position, masked(line), length)


def masked(line: str) -> str:
    """The line with everything that looks like a key replaced, in its length."""

    def stars(text: str) -> str:
        return "*" * len(text)

    line = _SECRET.sub(lambda match: match[1] + match[2] + stars(match[3]), line)
    return _KEY_LIKE.sub(lambda match: stars(match[0]), line)


def as_text(located: Sequence[Located], *, colour: bool = False) -> str:
    blocks = [_block(each, colour=colour) for each in located]
    return "\n".join([*blocks, _summary(located)]) + "\n" if blocks else ""


def as_json(located: Sequence[Located]) -> str:
    problems = [_for_programs(each) for each in located]
    return json.dumps({"problems": problems}, indent=2, ensure_ascii=False) + "\n"


def as_line(each: Located) -> str:
    """For a log: one line, without the source."""
    problem, place = each.problem, each.position
    where = f"{each.file}:{place.line}:{place.column}"
    return printable(f"{where}: {problem.severity} {problem.code} {_sentence(each)}")


def as_github(located: Sequence[Located]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(
        f"::{each.problem.severity} file={_property(each.file)},line={each.position.line},"
        f"col={each.position.column},title={each.problem.code}::{_data(_sentence(each))}\n"
        for each in located
    )


def as_sarif(located: Sequence[Located]) -> str:
    from controlplane import lint  # noqa: PLC0415 - only this form tells what rules there are

    used = sorted({each.problem.code for each in located})
    manuals = [(code, lint.manual(code)) for code in used]
    rules = [
        {"id": code, "shortDescription": {"text": manual.title}, "help": {"text": manual.text}}
        if manual
        else {"id": code}
        for code, manual in manuals
    ]
    driver = {"name": "archgw lint", "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each) for each in located],
    }
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Located]], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


def printable(text: str) -> str:
    """Cut to a length, and without anything a terminal would act upon."""
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _for_programs(each: Located) -> dict[str, Any]:
    """Without the line itself, which a program reads from the file."""
    fields = each.to_json()
    del fields["source"], fields["length"]
    hint = each.problem.hint
    return {
        **fields,
        "message": printable(each.problem.message),
        "hint": printable(hint) if hint else None,
    }


def _sentence(each: Located) -> str:
    hint = f" ({each.problem.hint})" if each.problem.hint else ""
    return printable(each.problem.message + hint)


def _block(each: Located, *, colour: bool) -> str:
    problem, position = each.problem, each.position
    bold, dim, off = (_BOLD, _DIM, _OFF) if colour else ("", "", "")
    shade = _COLOURS[problem.severity] if colour else ""
    place = f"{printable(each.file)}:{position.line}:{position.column}:"
    head = f"{bold}{place}{off} {shade}{problem.severity}{off} {problem.code} "
    rows = [head + printable(problem.message)]
    number = f"{position.line:>5} | "
    margin = " " * 5 + " | "
    if each.line.strip():
        shown, before, length = _window(each)
        rows.append(f"{dim}{number}{off}{shown}")
        rows.append(f"{dim}{margin}{off}{before}{shade}{'^' * length}{off}")
    if problem.hint:
        rows.append(f"{dim}{' ' * 5} = {off}{printable(problem.hint)}")
    return "\n".join(rows)


def _window(each: Located) -> tuple[str, str, int]:
    """The part of the line around the place, the space before the caret, its length."""
    column = each.position.column - 1
    start = max(0, column - _WIDEST // 2) if len(each.line) > _WIDEST else 0
    part = each.line[start : start + _WIDEST]
    shown = "".join(char if char.isprintable() or char == "\t" else "?" for char in part)
    inside = column - start
    before = "".join("\t" if char == "\t" else " " * _width(char) for char in shown[:inside])
    meant = shown[inside : inside + each.length]
    return shown, before, max(1, sum(_width(char) for char in meant))


def _width(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _summary(located: Sequence[Located]) -> str:
    errors = sum(each.problem.severity is Severity.ERROR for each in located)
    fixable = sum(bool(each.problem.edits) for each in located)
    text = f"{_count(errors, 'error')}, {_count(len(located) - errors, 'warning')}"
    return text + (f"; `archgw lint --fix` mends {fixable} of them" if fixable else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _sarif_result(each: Located) -> dict[str, Any]:
    line, column = each.position.line, each.position.column
    region = {"startLine": line, "startColumn": column, "endColumn": column + each.length}
    place = {"artifactLocation": {"uri": each.file.replace("\\", "/")}, "region": region}
    return {
        "ruleId": each.problem.code,
        "level": each.problem.severity.value,
        "message": {"text": _sentence(each)},
        "locations": [{"physicalLocation": place}],
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

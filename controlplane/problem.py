"""What is wrong with a config, as a value.

A `Problem` speaks in paths (`("llm_providers", 0, "model")`), so whoever finds one needs to
know nothing of lines and columns; `report.locate` turns the paths of all problems of a file
into places, once, when they are shown. Only what is wrong with the text itself, before
there is any path, carries its `position` along.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controlplane.model import Path

UNREADABLE = "AG001"
MISSING_SECRET = "AG107"  # noqa: S105 - the code of a problem, not a secret
MISSING_VARIABLE = "AG113"
MISSING_KEY_FILE = "AG121"
UNFIT_FILE = "AG507"
EXPIRED_FILE = "AG508"
OPEN_LISTENER = "AG901"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Both count from one, as editors do; the column counts characters, not bytes."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` up to `end` of the text by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    severity: Severity
    path: Path
    message: str
    hint: str | None = None
    on_key: bool = False
    """The key itself is meant (a misspelling, say), not its value."""
    position: Position | None = None
    """For what is wrong with the text before it has paths."""
    edits: tuple[Edit, ...] = ()
    """What `lint --fix` does about it."""


@dataclass(frozen=True, slots=True)
class Located:
    """A problem with its place, ready to be shown, here or at the other end of a socket.

    The line it stands on comes along: who shows the problem could read the file itself, but by
    then it may say something else.
    """

    problem: Problem
    file: str
    position: Position
    line: str
    """The offending line, secrets masked; empty when there is none."""
    length: int
    """How many characters of the line are meant, at least one."""

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.problem.code,
            "severity": self.problem.severity.value,
            "message": self.problem.message,
            "hint": self.problem.hint,
            "file": self.file,
            "line": self.position.line,
            "column": self.position.column,
            "source": self.line,
            "length": self.length,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Located:
        """All but path and edits: those are for whoever has the document."""
        severity = Severity(body["severity"])
        problem = Problem(body["code"], severity, (), body["message"], body["hint"])
        place = Position(body["line"], body["column"])
        return cls(problem, body["file"], place, body["source"], body["length"])


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def exit_code(problems: Iterable[Problem], *, strict: bool = False) -> int:
    """Of every command that reads a config."""
    problems = tuple(problems)
    if any(problem.code == UNREADABLE for problem in problems):
        return COULD_NOT_RUN
    return FOUND if has_errors(problems) or (strict and problems) else DONE


def for_start(problems: Iterable[Problem]) -> list[Problem]:
    """As `archgw up` sees them: a variable or file that is missing now is missing for good.

    `lint` runs on machines that hold no keys, so there it only warns.
    """
    return _raised(problems, {MISSING_SECRET, MISSING_VARIABLE, MISSING_KEY_FILE, UNFIT_FILE})


def for_compile(problems: Iterable[Problem]) -> list[Problem]:
    """As `archgw compile` sees them: it needs every address, but no key."""
    return _raised(problems, {MISSING_VARIABLE})


def for_open(problems: Iterable[Problem]) -> list[Problem]:
    """As whoever says `--allow-open` sees them."""
    return _as(Severity.WARNING, problems, {OPEN_LISTENER})


def _raised(problems: Iterable[Problem], codes: set[str]) -> list[Problem]:
    return _as(Severity.ERROR, problems, codes)


def _as(severity: Severity, problems: Iterable[Problem], codes: set[str]) -> list[Problem]:
    return [
        replace(problem, severity=severity) if problem.code in codes else problem
        for problem in problems
    ]

"""Lines of all the logs of a home as one: when, of which request, how it went.

Four kinds of lines are known: access logs as text or JSON, our processes' JSON, Envoy's own log, the
supervisor's. Times without a zone are local ones. What is of none of these kinds follows the line
before it, as a traceback does.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ACCESS: Final = re.compile(
    r'\[(?P<time>[^\]]+)\] "[^"]*" (?P<status>\d+) \S+ \S+ \S+ (?P<ms>\d+) \S+ '
    r'"[^"]*" "[^"]*" "(?P<request>[^"]*)"'
)
_ENVOY: Final = re.compile(r"\[(?P<time>[\d-]+ [\d:.]+)\]\[\d+\]\[(?P<level>\w+)\]")
_SUPERVISOR: Final = re.compile(r"(?P<time>[\d-]+T[\d:.]+) (?P<level>[A-Z]+) ")
_BAD_LEVELS: Final = frozenset({"error", "critical", "warning"})
_WORST_STATUS: Final = 400


@dataclass(frozen=True, slots=True)
class Line:
    """`time` is in seconds since 1970."""

    log: str
    text: str
    time: float
    request: str = ""
    bad: bool = False
    """An answer of 400 or more, a warning or worse."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    request: str | None = None
    errors: bool = False
    slower: float | None = None

    def takes(self, line: Line) -> bool:
        return (
            (self.request is None or line.request == self.request)
            and (not self.errors or line.bad)
            and (self.slower is None or line.seconds >= self.slower)
        )


def read(log: str, lines: Iterable[str]) -> Iterator[Line]:
    """What can be placed in time; a line that cannot belongs to the one before it."""
    last: Line | None = None
    for text in lines:
        found = _read(log, text)
        if found is None and last is not None:
            found = Line(log, text, last.time, last.request, last.bad, last.seconds)
        if found is not None:
            last = found
            yield found


def merged(lines: Iterable[Line], wanted: Wanted) -> list[Line]:
    """In the order of time; lines of one moment as they came."""
    return sorted((line for line in lines if wanted.takes(line)), key=lambda line: line.time)


def _read(log: str, text: str) -> Line | None:
    if text.startswith("{"):
        return _of_json(log, text)
    for pattern in (_ACCESS, _ENVOY, _SUPERVISOR):
        if (found := pattern.match(text)) and (time := _seconds(found["time"])) is not None:
            parts = found.groupdict()
            status, level = int(parts.get("status") or 0), (parts.get("level") or "").lower()
            return Line(
                log, text, time, _request(parts.get("request")),
                bad=_is_bad(status, level), seconds=int(parts.get("ms") or 0) / 1000,
            )  # fmt: skip
    return None


def _of_json(log: str, text: str) -> Line | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    time = _seconds(str(body.get("time") or body.get("timestamp") or body.get("at") or ""))
    if time is None:
        return None
    status = body.get("status")
    return Line(
        log, text, time, _request(body.get("request_id") or body.get("id")),
        bad=_is_bad(status if isinstance(status, int) else 0, str(body.get("level", ""))),
        seconds=float(body.get("duration_ms") or body.get("ms") or 0) / 1000,
    )  # fmt: skip


def _is_bad(status: int, level: str) -> bool:
    return status >= _WORST_STATUS or level in _BAD_LEVELS


def _request(text: object) -> str:
    return text if isinstance(text, str) and text != "-" else ""


def _seconds(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        return None

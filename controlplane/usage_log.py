"""`usage.log` added up: what calls to LLMs used and cost, by client, model or provider.

Envoy writes a line for each call once it is over (`controlplane.emit.access_log`). Lines that are
none, as where the disk was full in the middle of one, are counted and left out.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

KEYS: Final = {"client": "client_name", "model": "model", "provider": "provider"}
"""By what calls can be told apart → its name in a line."""
_BAD_STATUS: Final = 400
_NONE, _CLIENT_LEFT = "-", "DC"
"""Envoy's flags of an answer that did not fail: none, or the client hung up."""


@dataclass(slots=True)
class Sum:
    """Of some calls; in the order in which a table shows it."""

    requests: int = 0
    failed: int = 0
    """No answer, half of one, or an error."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompts' tokens."""
    completion_tokens: int = 0
    cost: float = 0.0
    uncounted: int = 0
    """Answers that did not tell their tokens."""
    unpriced: int = 0
    """Answers that told them, of a provider without a price."""

    def add(self, line: dict[str, Any]) -> None:
        self.requests += 1
        if failed(line):
            self.failed += 1
        counts = [line.get(f"{kind}_tokens") for kind in ("prompt", "completion", "total")]
        if counts == [None, None, None]:
            self.uncounted += not failed(line)
            return
        self.prompt_tokens += int(counts[0] or 0)
        self.completion_tokens += int(counts[1] or 0)
        self.cached_tokens += int(line.get("cached_tokens") or 0)
        self.unpriced += line.get("cost") is None
        self.cost += line.get("cost") or 0.0


@dataclass(slots=True)
class Usage:
    rows: dict[str | None, Sum]
    """None: calls of nobody who is known by a name, or to no model that the config names."""
    total: Sum
    first: dt.datetime | None = None
    """When the oldest call began that is still in the files, whether it is counted or not."""
    unread: int = 0
    """Lines that are none."""


def add_up(files: Iterable[Path], by: str, since: dt.datetime) -> Usage:
    usage = Usage({}, Sum())
    for line in parsed(text for file in files for text in _texts(file)):
        begun = moment(line.get("time"))
        if begun is None:
            usage.unread += 1
            continue
        usage.first = min(begun, usage.first or begun)
        if begun >= since:
            usage.total.add(line)
            usage.rows.setdefault(line.get(KEYS[by]), Sum()).add(line)
    return usage


def parsed(texts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Each line; an empty one for what cannot be read."""
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            line = {}
        yield line if isinstance(line, dict) else {}


def _texts(file: Path) -> Iterator[bytes]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        try:
            yield from opened
        except (EOFError, gzip.BadGzipFile, zlib.error):
            yield b""  # half of a file, or not packed at all


def moment(written: Any) -> dt.datetime | None:
    """None of what tells no time."""
    try:
        return dt.datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return None


def failed(line: Mapping[str, Any]) -> bool:
    status = line.get("status") or 0
    return status == 0 or status >= _BAD_STATUS or not _flags(line) <= {_NONE, _CLIENT_LEFT}


def was_left(line: Mapping[str, Any]) -> bool:
    """The client hung up before the end of the answer."""
    return _CLIENT_LEFT in _flags(line)


def _flags(line: Mapping[str, Any]) -> set[str]:
    return set(str(line.get("flags") or _NONE).split(","))

"""Every request by its id: sent once, answered once with the body that is its own, passed on once or never."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.soak.kinds import Kind, Request


@dataclass(frozen=True)
class Entry:
    kind: Kind
    began: float
    """Seconds since the load began."""
    seconds: float
    wrong: str | None


@dataclass
class Ledger:
    open: dict[str, Kind] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    def send(self, request: Request) -> None:
        assert request.token not in self.open | self.entries.keys()
        self.open[request.token] = request.kind

    def answer(self, request: Request, began: float, seconds: float, wrong: str | None) -> None:
        kind = self.open.pop(request.token)
        self.entries[request.token] = Entry(kind, began, seconds, wrong)

    @property
    def sent(self) -> int:
        return len(self.open) + len(self.entries)

    @property
    def failed(self) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.wrong]

    def by_kind(self) -> Counter[str]:
        return Counter(entry.kind.name for entry in self.entries.values())

    def reckoned(self, upstream: Mapping[str, int]) -> list[str]:
        """All that does not add up; `upstream` says how often the provider saw which token."""
        found = [f"{token} ({kind.name}): no answer" for token, kind in self.open.items()]
        for token, entry in self.entries.items():
            if entry.wrong:
                found.append(f"{token} ({entry.kind.name}): {entry.wrong}")
            seen, wanted = upstream.get(token, 0), int(entry.kind.passes)
            if seen != wanted:
                found.append(f"{token} ({entry.kind.name}): seen upstream {seen} times")
        known = self.open.keys() | self.entries.keys()
        found += [f"{token}: nobody sent it" for token in upstream if token not in known]
        return found

    def smuggled(self, upstream: Mapping[str, int]) -> list[str]:
        """What must not be passed on, and was."""
        everything = self.open | {token: entry.kind for token, entry in self.entries.items()}
        return [t for t, kind in everything.items() if not kind.passes and upstream.get(t)]

    def quantile_ms(self, percent: int, *names: str) -> float:
        """Of what was answered well, by the names of kinds or of them all."""
        times = [
            entry.seconds * 1000
            for entry in self.entries.values()
            if not entry.wrong and (not names or entry.kind.name in names)
        ]
        if len(times) < 2:
            return times[0] if times else 0.0
        return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]

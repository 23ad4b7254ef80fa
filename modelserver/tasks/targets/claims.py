"""Which words give which parameter its value, when several parameters want the same words.

Hardly ever do the same words give two parameters their values, so the words are shared out:
each parameter gets one span, no two spans overlap, and of all ways to do so the one that is
surest as a whole is taken. "250 dollars in yen" gives the currencies one word each, even
where both would rather have the second. Choices among options may share words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from modelserver.tasks.targets.layout import options

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.types import Evidence

# A parameter with a span, be it an unsure one, is worth more than one without: the model has
# said already that the words are a value at all.
WORTH = 4.0
# Where two turns say a value as surely, the newer one holds: "And what about Chicago?"
NEWER = 0.3
# Bounds of the search; parameters and spans beyond them are taken in the order of certainty.
# So much surer another parameter is of words of its own than of those that it has a claim to.
_SURER = 2.0
_SURE = 0.8
MOST_PARAMETERS = 9
MOST_SPANS = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """One value read for a parameter, typed, with its evidence."""

    value: Any
    evidence: Evidence


@dataclass(slots=True)
class _Search:
    """The best way so far; `wishes` are each parameter's readings with their worth."""

    wishes: Sequence[tuple[str, Sequence[tuple[float, Reading]]]]
    hopes: Sequence[float]
    """What the parameters from each place on could be worth at most."""
    worth: float = -1.0
    best: dict[str, Reading] = field(default_factory=dict)

    def go(self, place: int, chosen: dict[str, Reading], worth: float) -> None:
        if worth + self.hopes[place] <= self.worth:
            return
        if place == len(self.wishes):
            self.worth, self.best = worth, dict(chosen)
            return
        name, readings = self.wishes[place]
        for more, reading in readings:
            if _is_free(reading, chosen.values()):
                chosen[name] = reading
                self.go(place + 1, chosen, worth + more)
                del chosen[name]
        self.go(place + 1, chosen, worth)


def shared_out(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], newest: int = 0
) -> dict[str, list[Reading]]:
    """Readings by parameter, the one it was given first, without those of others' words.

    `newest` is the number of the last user message.
    """
    free = [p.name for p in tool.parameters if not options(p)]
    given = _given({name: readings[name] for name in free if readings.get(name)}, newest)
    claims = list(given.items())
    others = [
        (name, reading)
        for name in given
        for reading in readings[name]
        if reading is not given[name]
    ]
    claims += sorted(others, key=lambda claim: -claim[1].evidence.confidence)
    claims = [(name, _nobody_elses(name, reading, given, readings)) for name, reading in claims]
    kept = {name: list(many) for name, many in readings.items() if name not in free}
    taken: list[tuple[str, Reading]] = []
    for name, reading in claims:
        if _is_free(reading, (other for owner, other in taken if owner != name)):
            taken.append((name, reading))
            kept.setdefault(name, []).append(reading)
    return kept


def _nobody_elses(
    name: str, reading: Reading, given: Mapping[str, Reading],
    readings: Mapping[str, Sequence[Reading]],
) -> Reading:  # fmt: skip
    """The reading, as sure as all are together that its words are a value, where others have one.

    Of "restart tomcat on app-6" the host is app-6: then tomcat is the service, however alike the
    two seemed.
    """
    if given.get(name) is not reading:
        return reading
    sure = reading.evidence.confidence
    for other, own in given.items():
        claim = max(
            (
                each.evidence.confidence
                for each in (readings[other] if other != name else ())
                if each.evidence.overlaps(reading.evidence)
            ),
            default=0.0,
        )
        if own.evidence.confidence >= _SURER * claim:
            sure += claim
    evidence = replace(
        reading.evidence, confidence=min(sure, max(_SURE, reading.evidence.confidence))
    )
    return replace(reading, evidence=evidence)


def _is_free(reading: Reading, taken: Iterable[Reading]) -> bool:
    """Whether no other reading has any of its words."""
    return not any(reading.evidence.overlaps(other.evidence) for other in taken)


def _given(readings: Mapping[str, Sequence[Reading]], newest: int) -> dict[str, Reading]:
    """One reading each, none overlapping, of the highest worth together."""
    wishes = [
        (name, [(_worth(reading, newest), reading) for reading in many[:MOST_SPANS]])
        for name, many in readings.items()
    ]
    wishes.sort(key=lambda wish: -wish[1][0][0])
    first, rest = wishes[:MOST_PARAMETERS], wishes[MOST_PARAMETERS:]
    tops = [max(worth for worth, _ in many) for _, many in first]
    search = _Search(first, [sum(tops[place:]) for place in range(len(tops) + 1)])
    search.go(0, {}, 0.0)
    for name, many in rest:
        free = (reading for _, reading in many if _is_free(reading, search.best.values()))
        if reading := next(free, None):
            search.best[name] = reading
    return search.best


def _worth(reading: Reading, newest: int) -> float:
    sure = min(max(reading.evidence.confidence, 1e-6), 1 - 1e-6)
    newer = NEWER if reading.evidence.message == newest else 0.0
    return max(0.0, WORTH + newer + math.log(sure / (1 - sure)))

"""What the heats come to: medians, ratios within a round, and which goals hold."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.race.running import COURSES, Course

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_QUIET = 4
"""Of the load average, for each core."""

PLAIN, OURS, ALL = "plain", "archgw", "archgw, all on"
JSON_16, SSE_16, JSON_1 = (
    Course(kind, 400, n) for kind, n in (("json", 16), ("sse", 16), ("json", 1))
)


@dataclass(frozen=True)
class Figures:
    found: dict[str, Any]

    @property
    def racers(self) -> list[str]:
        return list(self.found["start_seconds"])

    @property
    def courses(self) -> list[Course]:
        run = {heat["course"] for heat in self.found["heats"]}
        return [course for course in COURSES if course.name in run]

    def values(self, racer: str, course: Course, what: str) -> list[float]:
        """Of each round."""
        return [
            heat[what]
            for heat in self.found["heats"]
            if (heat["racer"], heat["course"]) == (racer, course.name)
        ]

    def median(self, racer: str, course: Course, what: str) -> float:
        return statistics.median(self.values(racer, course, what))

    def cpu(self, racer: str, course: Course) -> float:
        return min(self.values(racer, course, "cpu_us"))

    def errors(self, racer: str, course: Course) -> int:
        return int(sum(self.values(racer, course, "errors")))

    def ratio(self, racer: str, other: str, course: Course) -> float | None:
        """Of requests a second; None where one of them did not run."""
        return self._compared(racer, other, course, "rps", lambda one, two: one / two)

    def added(self, racer: str, course: Course) -> float | None:
        """Milliseconds of the median call beyond a plain Envoy's."""
        return self._compared(racer, PLAIN, course, "p50_ms", lambda one, two: one - two)

    @property
    def busy(self) -> bool:
        """Whether the machine had so much else to do that rates say nothing: by itself a race makes half of it."""
        return self.load()[1] > _QUIET * int(self.found["machine"]["cores"])

    def load(self) -> tuple[float, float]:
        loads = [heat["load_average"] for heat in self.found["heats"]]
        return min(loads), max(loads)

    def _compared(
        self,
        racer: str,
        other: str,
        course: Course,
        what: str,
        by: Callable[[float, float], float],
    ) -> float | None:
        pairs = zip(
            self.values(racer, course, what), self.values(other, course, what), strict=False
        )
        # Who answered nobody within a heat says nothing of the others.
        found = [by(one, two) for one, two in pairs if one and two]
        return statistics.median(found) if found else None


@dataclass(frozen=True)
class Goal:
    words: str
    found: float | None
    bound: float
    least: bool = True
    """Else it is the most."""

    @property
    def held(self) -> bool | None:
        if self.found is None:
            return None
        return self.found >= self.bound if self.least else self.found <= self.bound


def goals(figures: Figures) -> Sequence[Goal]:
    ratio, added = figures.ratio, figures.added
    return (
        Goal(
            "all on, JSON, 16 connections: of a plain Envoy's rate", ratio(ALL, PLAIN, JSON_16), 0.5
        ),
        Goal(
            "all on, JSON, 1 connection: ms added to the median",
            added(ALL, JSON_1),
            0.3,
            least=False,
        ),
        Goal("LiteLLM's rate, JSON, 16 connections: times", ratio(OURS, "LiteLLM", JSON_16), 40),
        Goal("LiteLLM's rate, SSE, 16 connections: times", ratio(OURS, "LiteLLM", SSE_16), 50),
        Goal("Portkey's rate, JSON, 16 connections: times", ratio(OURS, "Portkey", JSON_16), 8),
    )

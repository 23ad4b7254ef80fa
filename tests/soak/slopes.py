"""A line through samples, by least squares, with how sure one can be of its slope."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Growth:
    """From the first sample to the last, as the line says it, and between what it lies (95 %)."""

    base: float
    """Where the line begins."""
    grown: float
    low: float
    high: float
    seconds: float

    @property
    def share(self) -> float:
        return self.grown / self.base if self.base else 0.0

    def within(self, share: float, amount: float) -> bool:
        """At most so much of where it began, or so much in all: whichever is more."""
        return self.grown <= max(share * self.base, amount)

    def __str__(self) -> str:
        return f"{self.grown:+.1f} MB ({self.low:+.1f} to {self.high:+.1f}) on {self.base:.0f} MB"


def growth(samples: Sequence[tuple[float, float]]) -> Growth:
    times, values = [time for time, _ in samples], [value for _, value in samples]
    slope, intercept = statistics.linear_regression(times, values)
    span = times[-1] - times[0]
    rest = [value - intercept - slope * time for time, value in samples]
    error = _standard_error(times, rest)
    base = intercept + slope * times[0]
    reach = error * _t95(_independent(rest) - 2) * span
    return Growth(base, slope * span, slope * span - reach, slope * span + reach, span)


def _standard_error(times: Sequence[float], rest: Sequence[float]) -> float:
    """Of the slope, by what samples that do not hang on one another would say."""
    middle = statistics.fmean(times)
    spread = sum((time - middle) ** 2 for time in times)
    free = max(1.0, _independent(rest) - 2)
    return math.sqrt(sum(each**2 for each in rest) / free / spread)


def _independent(rest: Sequence[float]) -> float:
    """How many samples it comes to: memory moves in steps, and one sample is much like the last.

    Of a series in which each hangs on the one before by the correlation r: n(1 - r)/(1 + r).
    """
    total = sum(each**2 for each in rest)
    if total < 1e-12:
        return float(len(rest))
    pairs = itertools.pairwise(rest)
    correlation = min(0.99, max(0.0, sum(a * b for a, b in pairs) / total))
    return max(3.0, len(rest) * (1 - correlation) / (1 + correlation))


def _t95(free: float) -> float:
    """Student's t for 95 %, to a percent from three degrees of freedom on."""
    free = max(1.0, free)
    z = 1.959964
    return z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)

"""Counts with their 95 % intervals, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.96


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    hits: int
    of: int

    @classmethod
    def among(cls, answers: Iterable[bool]) -> Count:
        """How many of the answers are yes."""
        known = list(answers)
        return cls(sum(known), len(known))

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval, which holds for small counts and near 0 and 1, too."""
        if not self.of:
            return 0.0, 1.0
        spread = Z * math.sqrt(self.share * (1 - self.share) / self.of + (Z / self.of / 2) ** 2)
        middle, scale = self.share + Z * Z / self.of / 2, 1 + Z * Z / self.of
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{100 * self.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of texts and numbers."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)

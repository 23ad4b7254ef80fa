"""All results of a run: whether it is accepted, and which target is taken for which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane.acceptance.cases import Suite
    from controlplane.acceptance.judging import Result

NONE: Final = "(none)"
"""In tables: no target."""
_SLOWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """Of all cases (`tag` is None) or those with a tag: how many pass, and how many must."""

    tag: str | None
    passed: int
    of: int
    wanted: float

    @property
    def accepted(self) -> bool:
        # In whole cases: 0.95 of 20 are 19, whatever a float makes of it.
        return self.passed >= round(self.wanted * self.of, 6)


@dataclass(frozen=True, slots=True)
class TargetFigures:
    name: str
    right: int
    chosen: int
    expected: int

    @property
    def precision(self) -> float | None:
        return self.right / self.chosen if self.chosen else None

    @property
    def recall(self) -> float | None:
        return self.right / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class Summary:
    results: Sequence[Result]
    rates: Sequence[Rate]
    confusion: Counter[tuple[str, str]]
    """How often (expected, chosen) came, of cases that expect a target or none."""
    slowest: Sequence[Result]

    @property
    def accepted(self) -> bool:
        return all(rate.accepted for rate in self.rates)

    @property
    def targets(self) -> list[TargetFigures]:
        names = sorted({name for pair in self.confusion for name in pair})
        return [
            TargetFigures(
                name,
                right=self.confusion[name, name],
                chosen=sum(count for (_, got), count in self.confusion.items() if got == name),
                expected=sum(count for (want, _), count in self.confusion.items() if want == name),
            )
            for name in names
        ]


def summed(suites: Sequence[Suite], results: Sequence[Result]) -> Summary:
    rates = []
    for suite in suites:
        of_suite = [each for each in results if each.case.file == suite.file]
        rates.append(_rate(None, of_suite, suite.pass_rate))
        for tag, wanted in suite.tag_rates.items():
            tagged = [each for each in of_suite if tag in each.case.tags]
            rates.append(_rate(tag, tagged, wanted))
    slowest = sorted(results, key=lambda each: -each.ms)[:_SLOWEST]
    confusion = Counter(
        (each.case.expect["target"] or NONE, each.decided["target"] or NONE)
        for each in results
        if "target" in each.case.expect
    )
    return Summary(results, rates, confusion, slowest)


def _rate(tag: str | None, results: Sequence[Result], wanted: float) -> Rate:
    return Rate(tag, sum(each.passed for each in results), len(results), wanted)

"""What the tests of a row come to together, and the table of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.heard import Heard
    from tests.faults.rows import Row

HEADINGS = ("row", "held", "fault", "figures", "s")


@dataclass(frozen=True)
class Verdict:
    row: Row
    heard: tuple[Heard, ...]
    tries: int = 1

    def again(self, heard: Iterable[Heard]) -> Verdict:
        """With what was heard of some of its tests the second time in place of the first."""
        second = [each for each in heard if each.test in self.row.tests]
        tests = {each.test for each in second}
        first = [each for each in self.heard if each.test not in tests]
        return Verdict(self.row, (*first, *second), self.tries + 1)

    @property
    def failed(self) -> set[str]:
        return {each.test for each in self.heard if each.outcome == "failed"}

    @property
    def held(self) -> str:
        """`yes` and `no`; `not here` where all was skipped, `in part` where something was.

        `not run` where the run ended before it was done.
        """
        outcomes = {each.outcome for each in self.heard}
        tests = {each.test for each in self.heard}
        if self.failed:
            return "no"
        if tests != set(self.row.tests):
            return "not run"
        if outcomes == {"passed"}:
            return "yes"
        return "in part" if "passed" in outcomes else "not here"

    @property
    def figures(self) -> str:
        """What its tests measured, else how many they were."""
        measured = [text for each in self.heard for text in each.figures]
        count = len(self.heard)
        told = "; ".join(measured) or (f"{count} tests" if count > 1 else "1 test")
        return told if self.tries == 1 else f"{told} (at the second try)"

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.heard)

    @property
    def words(self) -> list[str]:
        """Why tests failed or were skipped, each reason once."""
        told = [f"{each.test}: {each.words}" for each in self.heard if each.words]
        lost = set(self.row.tests) - {each.test for each in self.heard}
        return [*dict.fromkeys(told), *(f"{test}: did not run" for test in sorted(lost))]

    @property
    def cells(self) -> tuple[str, ...]:
        seconds = f"{self.seconds:.0f}" if self.seconds >= 10 else f"{self.seconds:.1f}"
        return (str(self.row.number), self.held, self.row.fault, self.figures, seconds)

    def to_json(self) -> dict[str, object]:
        return {
            "row": self.row.number,
            "fault": self.row.fault,
            "must": self.row.must,
            "held": self.held,
            "figures": self.figures,
            "seconds": round(self.seconds, 2),
            "words": self.words,
        }


@dataclass
class Listening:
    """Gives a row's verdict as soon as the last of its tests has been heard of."""

    rows: Collection[Row]
    _heard: dict[str, list[Heard]] = field(default_factory=dict)

    def verdicts(self, heard: Iterable[Heard]) -> Iterator[Verdict]:
        """A test has ended when another one begins: how many cases it has is not known before."""
        waiting = list(self.rows)
        for each in heard:
            self._heard.setdefault(each.test, []).append(each)
            for row in [row for row in waiting if self._is_over(row, now=each.test)]:
                waiting.remove(row)
                yield self._verdict(row)
        for row in waiting:
            yield self._verdict(row)

    def _is_over(self, row: Row, now: str) -> bool:
        return all(test in self._heard and test != now for test in row.tests)

    def _verdict(self, row: Row) -> Verdict:
        return Verdict(row, tuple(each for test in row.tests for each in self._heard.get(test, [])))

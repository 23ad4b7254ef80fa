"""Metrics that cost a request next to nothing: plain numbers, which one thread changes.

A counter of prometheus_client takes a lock each time and looks its labels up, 4 to 8 µs in all, and
a request meets some thirty. These take a tenth of that. At a scrape they become the library's own
families, which it writes.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


class _Labelled:
    """Values by those of its labels, in their order."""

    def __init__(
        self, registry: CollectorRegistry, name: str, words: str, labels: Sequence[str] = ()
    ) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0}
        registry.register(self)

    def describe(self) -> list[Metric]:
        """The registry asks for the names that are taken."""
        return [*self.collect()]

    def collect(self) -> Iterator[Metric]:
        raise NotImplementedError


class Counter(_Labelled):
    def inc(self, *labels: str) -> None:
        self.add(1, *labels)

    def add(self, count: int, *labels: str) -> None:
        values = self._values
        values[labels] = values.get(labels, 0) + count

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self._name, self._words, labels=self._labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        yield family


class Gauge(_Labelled):
    """How many of something there are at the moment."""

    def held(self, *labels: str) -> _Held:
        """One more, while the block runs."""
        return _Held(self._values, labels)

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._words, labels=self._labels)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        yield family


class _Held:
    __slots__ = ("_labels", "_values")

    def __init__(self, values: dict[tuple[str, ...], float], labels: tuple[str, ...]) -> None:
        self._values = values
        self._labels = labels

    def __enter__(self) -> None:
        self._values[self._labels] = self._values.get(self._labels, 0) + 1

    def __exit__(self, *_: object) -> None:
        self._values[self._labels] -= 1


class Histogram(_Labelled):
    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        words: str,
        labels: Sequence[str] = (),
        *,
        bounds: Sequence[float],
    ) -> None:
        self._bounds = bounds
        self._told = [*(str(each) for each in bounds), "+Inf"]
        self._rows: dict[tuple[str, ...], list[int]] = {} if labels else {(): self._row()}
        """How many values came up to each bound and above the one before, and above all."""
        super().__init__(registry, name, words, labels)

    def observe(self, value: float, *labels: str) -> None:
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = self._row()
        row[bisect_left(self._bounds, value)] += 1
        self._values[labels] = self._values.get(labels, 0) + value

    def _row(self) -> list[int]:
        return [0] * (len(self._bounds) + 1)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._words, labels=self._labels)
        for labels, row in self._rows.items():
            buckets = [*zip(self._told, accumulate(row), strict=True)]
            family.add_metric(labels, buckets, sum_value=self._values.get(labels, 0))
        yield family

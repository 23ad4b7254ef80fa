"""The gateway's one scrape, every few seconds for an hour, as rates and percentiles.

Counters are told apart by what somebody asks for, a provider, a model, a client or a target;
durations are not, as the histograms of clients would be too many.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from controlplane import metric_names as table
from controlplane.supervise import exposition, http
from controlplane.supervise.http import HttpError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from controlplane.metric_names import Counted
    from controlplane.supervise.exposition import Families

EVERY: Final = 5.0
"""Seconds."""
_KEPT: Final = 721
_WITHIN: Final = 5.0
_TARGETS: Final = "archgw_extproc_targets_total"
_SMOOTHED: Final = 6
"""Samples that a percentile is of."""
_MOST_NAMES: Final = 8
_HOUR: Final = 3600.0
BY: Final = ("provider", "model", "client", "target")
_PERCENTILES: Final = {"50 %": 0.5, "95 %": 0.95, "99 %": 0.99}

Labels = Mapping[str, str]
Values = dict[str, dict[frozenset[tuple[str, str]], float]]
"""By the metric and its labels."""


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """Seconds since 1970."""
    values: Values


class Traffic:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._samples: deque[Sample] = deque(maxlen=_KEPT)

    async def watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """A gateway that does not answer leaves a gap."""
        try:
            answer = await http.get(self._place, "/stats/prometheus", _WITHIN)
        except HttpError:
            return
        if answer.status == 200:
            text = answer.body.decode("utf-8", "replace")
            self.add(dt.datetime.now(dt.UTC).timestamp(), exposition.families(text))

    def add(self, at: float, found: Families) -> None:
        self._samples.append(Sample(at, _values(found)))

    def told(self, by: str, minutes: float) -> dict[str, Any]:
        """The charts: names and, for each, a value for each time."""
        samples = self._newest(minutes)
        # Targets have a counter of their own; nothing else is told apart by them.
        asked, apart = (_TARGETS, "") if by == "target" else (_named(table.REQUESTS), by)
        return {
            "times": [round(each.at, 1) for each in samples[1:]],
            "by": by,
            "charts": {
                "requests": _rates(samples, asked, _label(by)),
                "errors": _rates(samples, _named(table.REQUESTS), _error),
                "latency": _percentiles(samples, _named(table.LATENCY), 1e-3),
                "first": _percentiles(samples, _named(table.FIRST_TOKEN), 1e-3),
                "tokens": _tokens(samples, apart),
                "cost": _rates(samples, _named(table.COST), _label(apart), _HOUR),
            },
        }

    def _newest(self, minutes: float) -> Sequence[Sample]:
        since = dt.datetime.now(dt.UTC).timestamp() - 60 * minutes
        return [each for each in self._samples if each.at >= since]


def _named(counted: Counted) -> str:
    return counted.shown[0].name


def _values(found: Families) -> Values:
    """What the charts are made of, and nothing else: a scrape has thousands of samples."""
    counters = (table.REQUESTS, table.INPUT_TOKENS, table.OUTPUT_TOKENS, table.COST)
    histograms = [_named(table.LATENCY), _named(table.FIRST_TOKEN)]
    kept: Values = {}
    for name in (*map(_named, counters), *histograms, _TARGETS):
        # prometheus_client and Envoy do not agree whether `_total` is of a counter's name.
        family = name if name in found else name.removesuffix("_total")
        kept[name] = {
            frozenset(labels.items()): value
            for labels, value in exposition.values(found, family)
            if name not in histograms or "le" in labels
        }
    return kept


def _label(name: str) -> Callable[[Labels], str]:
    return lambda labels: labels.get(name, f"no {name}") if name else "all"


def _error(labels: Labels) -> str | None:
    status = labels.get("status", "0")
    if status == "429":
        return "429"
    return None if status[:1] in "123" else f"{status[:1]}xx" if status[:1] in "45" else "no answer"


def _tokens(samples: Sequence[Sample], by: str) -> dict[str, Any]:
    asked = _rates(samples, _named(table.INPUT_TOKENS), _label(by))
    said = _rates(samples, _named(table.OUTPUT_TOKENS), _label(by))
    return {
        "names": [f"{name} in" for name in asked["names"]]
        + [f"{name} out" for name in said["names"]],
        "values": asked["values"] + said["values"],
    }


def _rates(
    samples: Sequence[Sample],
    metric: str,
    name_of: Callable[[Labels], str | None],
    seconds: float = 1.0,
) -> dict[str, Any]:
    """Per so many seconds, by name; those beyond the largest few are one."""
    rows = [
        {
            name: seconds * grown / (new.at - old.at)
            for name, grown in _grown(old, new, metric, name_of).items()
        }
        for old, new in itertools.pairwise(samples)
    ]
    totals: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            totals[name] = totals.get(name, 0.0) + value
    largest = sorted(totals, key=lambda name: (-totals[name], name))[:_MOST_NAMES]
    names = sorted(largest)
    values = [[_rounded(row.get(name, 0.0)) for row in rows] for name in names]
    if len(totals) > len(largest):
        names.append("others")
        rest = set(totals) - set(largest)
        values.append([_rounded(sum(row.get(name, 0.0) for name in rest)) for row in rows])
    return {"names": names, "values": values}


def _grown(
    old: Sample, new: Sample, metric: str, name_of: Callable[[Labels], str | None]
) -> dict[str, float]:
    found: dict[str, float] = {}
    earlier = old.values[metric]
    for labels, value in new.values[metric].items():
        if (label := name_of(dict(labels))) is None:
            continue
        before = earlier.get(labels, 0.0)
        # A process that began anew counts from nothing.
        found[label] = found.get(label, 0.0) + (value - before if value >= before else value)
    return found


def _percentiles(samples: Sequence[Sample], metric: str, scale: float) -> dict[str, Any]:
    """In seconds, each over the last half minute; None where nothing was."""
    rows = [
        _buckets(samples[max(0, number - _SMOOTHED)], sample, metric)
        for number, sample in enumerate(samples)
    ][1:]
    return {
        "names": list(_PERCENTILES),
        "values": [
            [None if (v := percentile(row, share)) is None else _rounded(v * scale) for row in rows]
            for share in _PERCENTILES.values()
        ],
    }


def _buckets(old: Sample, new: Sample, metric: str) -> list[tuple[float, float]]:
    grown = _grown(old, new, metric, lambda labels: labels.get("le"))
    return sorted((float(bound), count) for bound, count in grown.items())


def percentile(buckets: Iterable[tuple[float, float]], share: float) -> float | None:
    """Of upper bounds, each with how many are below it."""
    bounds = list(buckets)
    if not bounds or bounds[-1][1] <= 0:
        return None
    wanted, before, below = share * bounds[-1][1], 0.0, 0.0
    for bound, count in bounds:
        if count >= wanted:
            if bound == float("inf"):
                return before
            part = (wanted - below) / (count - below) if count > below else 1.0
            return before + (bound - before) * part
        before, below = bound, count
    return before


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")

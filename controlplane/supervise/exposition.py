"""Prometheus's text format: read into families, told apart by process, renamed, written again.

Pure: text in, text out. What Envoy counts of requests is shown under every name that
`controlplane.metric_names` has for it; all else keeps its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controlplane import metric_names as table
from controlplane.emit.names import BUDGETS_PREFIX, STATS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from controlplane.metric_names import Counted, Shown

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_OURS = f"envoy_{STATS_PREFIX}_"
_NO_METRIC = (_OURS, f"envoy_http_lua_{BUDGETS_PREFIX}_")
"""Not as they are, nor at all: what is spent of budgets is told in a script's own arithmetic."""


@dataclass(slots=True)
class Family:
    """All samples of one metric, each a line."""

    name: str
    kind: str
    help: str = ""
    samples: list[str] = field(default_factory=list)


Families = dict[str, Family]


def families(text: str) -> Families:
    """What stands without a type, as exemplars and comments do, is not for us."""
    found: Families = {}
    helps: dict[str, str] = {}
    current: Family | None = None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            helps[name] = words
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            current = found.setdefault(name, Family(name, kind, helps.get(name, "")))
        elif line and not line.startswith("#") and current:
            current.samples.append(line)
    return found


def merged(all_of_them: Iterable[Families]) -> Families:
    """A metric of several processes is one family: the format wants it in one place."""
    whole: Families = {}
    for each in all_of_them:
        for name, found in each.items():
            family = whole.setdefault(name, Family(name, found.kind, found.help))
            family.samples += found.samples
    return whole


def of_process(found: Families, process: str) -> Families:
    """Every sample with the process it is of; under v0.1's name, too, where there is one."""
    told: Families = {}
    for name, family in found.items():
        samples = [_with_label(line, f'process="{process}"') for line in family.samples]
        told[name] = Family(name, family.kind, family.help, samples)
        if other := table.ALSO_CALLED.get(name):
            copies = [other + line.removeprefix(name) for line in samples]
            told[other] = Family(other, family.kind, family.help, copies)
    return told


def _with_label(line: str, label: str) -> str:
    name, brace, rest = line.partition("{")
    if brace:
        return f"{name}{{{label},{rest}"
    name, _, rest = line.partition(" ")
    return f"{name}{{{label}}} {rest}"


def of_envoy(found: Families, *, newer: bool) -> Families:
    """Envoy's own as they are; what it counts for us under the names that are known elsewhere."""
    told = [{name: each for name, each in found.items() if not name.startswith(_NO_METRIC)}]
    editions = {"always", "newer" if newer else "older"}
    for counted in table.COUNTED:
        if family := found.get(_OURS + counted.stat):
            samples = _samples(family)
            if total := found.get(_OURS + counted.total):
                samples = _with_sums(samples, _samples(total))
            told.append(_shown(counted, family, samples, editions))
    return merged(told)


def values(found: Families, name: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each sample of a metric; none where there is no such metric."""
    family = found.get(name)
    samples = _samples(family) if family else []
    return [(dict(each.labels), float(each.value)) for each in samples]


def _samples(family: Family) -> list[_Sample]:
    return [sample for line in family.samples if (sample := _read(line))]


def _with_sums(histogram: Sequence[_Sample], counter: Iterable[_Sample]) -> list[_Sample]:
    """The sums as the counter has them, which tells clients apart as well."""
    sums: dict[_Labels, float] = {}
    for each in counter:
        labels = tuple(label for label in each.labels if label[0] != "client")
        sums[labels] = sums.get(labels, 0) + float(each.value)
    return [
        replace(each, value=f"{sums.get(each.labels, 0):.12g}")
        if each.name.endswith("_sum")
        else each
        for each in histogram
    ]


def _shown(
    counted: Counted, family: Family, samples: Sequence[_Sample], editions: Collection[str]
) -> Families:
    return merged(
        {
            shown.name: Family(
                shown.name, counted.kind, shown.help, [*_renamed(samples, shown, family)]
            )
        }
        for shown in counted.shown
        if shown.edition in editions
    )


_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    name: str
    labels: _Labels
    value: str


def _read(line: str) -> _Sample | None:
    if not (match := _SAMPLE.match(line)):
        return None
    # One that is empty says as much as none.
    labels = tuple(label for label in _LABEL.findall(match[2] or "") if label[1])
    return _Sample(match[1], labels, match[3])


def _renamed(samples: Iterable[_Sample], shown: Shown, family: Family) -> Iterator[str]:
    for each in samples:
        suffix = each.name.removeprefix(family.name)
        scaled = suffix not in ("_bucket", "_count")
        value = _scaled(each.value, shown.scale) if scaled else each.value
        labels = {shown.label_names.get(name, name): text for name, text in each.labels}
        if bound := labels.get("le"):
            labels["le"] = _scaled(bound, shown.scale)
        yield sample(shown.name + suffix, labels | dict(shown.labels), value)


def _scaled(number: str, scale: float) -> str:
    return number if scale == 1 or number == "+Inf" else f"{float(number) * scale:.12g}"


def sample(name: str, labels: Mapping[str, str], value: object) -> str:
    """A line; the values of labels are escaped already, as they are read."""
    told = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value}"


def text(whole: Families) -> str:
    lines: list[str] = []
    for family in whole.values():
        if family.help:
            lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += family.samples
    return "\n".join(lines) + "\n"

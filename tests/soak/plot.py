"""Memory over time as SVG: one line for each process, and the line that was fitted to it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from tests.soak.slopes import growth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Samples = Sequence[tuple[float, float]]

_WIDTH, _ROW = 760, 120
_LEFT, _RIGHT, _TOP, _GAP = 76, 20, 30, 26
_COLOURS = ("#1f6fb2", "#2a9d4b", "#c77a00", "#b03060", "#6b4fa0")


def drawn(series: Mapping[str, Samples], fitted_from: float) -> str:
    """A row for each process, for they differ more from each other than from themselves."""
    height = _TOP + len(series) * (_ROW + _GAP) + 10
    parts = [
        part
        for row, name in enumerate(series)
        for part in _row(row, name, series[name], fitted_from)
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="16">resident memory in MB, by seconds; the dashed line is fitted</text>\n'
        f"{body}\n</svg>\n"
    )


def _row(row: int, name: str, samples: Samples, fitted_from: float) -> Iterator[str]:
    floor = _TOP + row * (_ROW + _GAP) + _ROW
    low, high = _limits([value for _, value in samples])
    last = samples[-1][0]

    def at(time: float, value: float) -> str:
        x = _LEFT + time / last * (_WIDTH - _LEFT - _RIGHT)
        return f"{x:.1f},{floor - (value - low) / (high - low) * (_ROW - 16):.1f}"

    colour = _COLOURS[row % len(_COLOURS)]
    for value in (low, high):
        y = at(0, value).split(",")[1]
        yield f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end" dy="4">{value:g}</text>'
    points = " ".join(at(*sample) for sample in samples)
    yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    late = [sample for sample in samples if sample[0] >= fitted_from]
    found = growth(late)
    ends = f"{at(late[0][0], found.base)} {at(late[-1][0], found.base + found.grown)}"
    yield f'<polyline points="{ends}" fill="none" stroke="#333" stroke-dasharray="5 4"/>'
    yield f'<text x="{_LEFT + 4}" y="{floor - _ROW + 8}" fill="{colour}">{escape(f"{name}: {found}")}</text>'
    if row == 0:
        yield f'<text x="{_WIDTH - _RIGHT}" y="16" text-anchor="end">0 to {last:.0f} s</text>'


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """At least ten MB apart, so that a page more or less is no mountain."""
    low = math.floor(min(values) / 5) * 5
    return low, max(low + 10, math.ceil(max(values) / 5) * 5)

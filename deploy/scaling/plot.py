"""A plot with logarithmic axes as SVG: what so many nodes carry, and where the first wall stands."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from deploy.scaling.model import MIXES, Costs, Fleet, first_wall

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH, _HEIGHT = 760, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 20, 34, 110
_MOST_NODES = 1000
_COLOURS = ("#1f6fb2", "#2a9d4b", "#c77a00", "#b03060")


def drawn(costs: Costs) -> str:
    nodes = sorted({round(10 ** (step / 8)) for step in range(25)})
    lines = {
        mix: [(count, Fleet(count, mix, costs).per_second) for count in nodes] for mix in MIXES
    }
    rates = [rate for points in lines.values() for _, rate in points]
    low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
    axes = _Axes(low, high)
    parts = [*axes.drawn()]
    for number, (mix, points) in enumerate(lines.items()):
        colour = _COLOURS[number]
        path = " ".join(f"{axes.x(count):.1f},{axes.y(rate):.1f}" for count, rate in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        wall, reasons = first_wall(mix, costs)
        if reasons and wall <= _MOST_NODES:
            rate = Fleet(wall, mix, costs).per_second
            parts.append(
                f'<circle cx="{axes.x(wall):.1f}" cy="{axes.y(rate):.1f}" r="5" fill="{colour}"/>'
            )
        parts.append(_legend(number, colour, _said(mix.name, wall, reasons)))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _said(name: str, wall: int, reasons: tuple[str, ...]) -> str:
    if not reasons or wall > _MOST_NODES:
        return f"{name}: no wall before {_MOST_NODES:,} nodes"
    return f"{name}: {', '.join(reasons)} at {wall} nodes"


def _legend(number: int, colour: str, text: str) -> str:
    y = _HEIGHT - 62 + 17 * number
    return (
        f'<rect x="{_LEFT}" y="{y - 9}" width="18" height="4" fill="{colour}"/>'
        f'<text x="{_LEFT + 26}" y="{y - 3}">{escape(text)}</text>'
    )


class _Axes:
    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def x(self, nodes: float) -> float:
        return _LEFT + math.log10(nodes) / math.log10(_MOST_NODES) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, rate: float) -> float:
        share = (math.log10(rate) - self._low) / (self._high - self._low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def drawn(self) -> Iterator[str]:
        yield f'<text x="{_LEFT}" y="20">requests in a second, by nodes of four cores</text>'
        floor = _HEIGHT - _BOTTOM
        for power in range(round(math.log10(_MOST_NODES)) + 1):
            x = self.x(10**power)
            yield _line(x, _TOP, x, floor)
            yield f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{10**power:,}</text>'
        for power in range(self._low, self._high + 1):
            y = self.y(10**power)
            yield _line(_LEFT, y, _WIDTH - _RIGHT, y)
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'

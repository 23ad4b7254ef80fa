"""Requests in a second as bars, on a logarithmic axis: all racers side by side, a group for each course."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.bench import svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.race.figures import Figures

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 16, 36, 76
_CONNECTIONS = 16


def drawn(figures: Figures) -> str:
    return svg.picture(_WIDTH, _HEIGHT, "\n".join(_parts(figures)))


def _parts(figures: Figures) -> Iterator[str]:
    courses = [each for each in figures.courses if each.connections == _CONNECTIONS]
    rates = {
        (course, racer): figures.median(racer, course, "rps")
        for course in courses
        for racer in figures.racers
    }
    low = math.floor(math.log10(max(1.0, min(rates.values(), default=1))))
    high = max(low + 1, math.ceil(math.log10(max(rates.values(), default=10))))
    floor = _HEIGHT - _BOTTOM

    def y(rate: float) -> float:
        share = (math.log10(max(rate, 10**low)) - low) / (high - low)
        return floor - share * (floor - _TOP)

    yield svg.text(_LEFT, 20, f"requests in a second at {_CONNECTIONS} connections")
    for power in range(low, high + 1):
        yield svg.level(_LEFT, _WIDTH - _RIGHT, y(10**power))
        yield svg.text(_LEFT - 8, y(10**power) + 4, f"{10**power:,}", "end")
    wide = (_WIDTH - _LEFT - _RIGHT) / max(1, len(courses))
    bar = wide * 0.8 / len(figures.racers)
    for place, course in enumerate(courses):
        begin = _LEFT + wide * (place + 0.1)
        for number, racer in enumerate(figures.racers):
            x, rate = begin + bar * number, rates[course, racer]
            yield (
                f'<rect x="{x:.1f}" y="{y(rate):.1f}" width="{bar - 2:.1f}" '
                f'height="{floor - y(rate):.1f}" fill="{svg.COLOURS[number]}"/>'
            )
            yield svg.text(x + bar / 2, y(rate) - 4, _short(rate), "middle")
        size = "100 kB" if course.size >= 1000 else "small"
        yield svg.text(begin + wide * 0.4, floor + 18, f"{course.kind.upper()}, {size}", "middle")
    for number, racer in enumerate(figures.racers):
        x = _LEFT + 130 * number
        yield f'<rect x="{x}" y="{_HEIGHT - 34}" width="12" height="12" fill="{svg.COLOURS[number]}"/>'
        yield svg.text(x + 18, _HEIGHT - 24, racer)


def _short(rate: float) -> str:
    return f"{rate / 1000:.1f}k" if rate >= 1000 else f"{rate:.0f}"

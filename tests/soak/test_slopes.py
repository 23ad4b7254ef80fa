"""A leak is found, noise is none, and steps make one less sure than noise does."""

from __future__ import annotations

import random

from tests.soak.plot import drawn
from tests.soak.slopes import growth

TIMES = [2.0 * number for number in range(240)]


def test_a_line_is_found_as_it_is() -> None:
    """Nothing but a line: its growth is known to the last digit."""
    found = growth([(time, 100 + 0.01 * time) for time in TIMES])
    assert abs(found.base - 100) < 1e-6
    assert abs(found.grown - 0.01 * TIMES[-1]) < 1e-6
    assert found.high - found.low < 1e-6


def test_a_leak_in_noise_is_a_leak() -> None:
    """1 MB a minute below 3 MB of noise: what the line says is near, and the truth within its bounds."""
    noise = random.Random(1)
    found = growth([(time, 100 + time / 60 + noise.gauss(0, 3)) for time in TIMES])
    assert found.low < TIMES[-1] / 60 < found.high
    assert not found.within(0.05, 5.0)
    assert found.low > 5.0


def test_noise_is_no_leak() -> None:
    """A process that goes up and down stays where it was."""
    noise = random.Random(1)
    found = growth([(time, 100 + noise.gauss(0, 3)) for time in TIMES])
    assert found.within(0.05, 0.0)
    assert found.low < 0 < found.high


def test_bounds_hold_as_often_as_they_say() -> None:
    """Of a hundred series without growth some ninety-five have none within their bounds; steps are wide."""
    chance = random.Random(2)
    hits = {0.0: 0, 0.8: 0}
    widths = {0.0: 0.0, 0.8: 0.0}
    for lasting in hits:
        for _ in range(100):
            value, samples = 0.0, []
            for time in TIMES:
                value = lasting * value + chance.gauss(0, 1)
                samples.append((time, 100 + value))
            found = growth(samples)
            hits[lasting] += found.low < 0 < found.high
            widths[lasting] += found.high - found.low
    assert all(85 <= count <= 100 for count in hits.values()), hits
    assert widths[0.8] > 3 * widths[0.0]


def test_the_plot_has_a_row_for_each_process() -> None:
    """Its samples, and the line that was fitted to the later ones."""
    samples = [(time, 100 + 0.01 * time) for time in TIMES]
    text = drawn({"envoy": samples, "extproc-0": samples}, fitted_from=100.0)
    assert text.count("<polyline") == 4
    assert "envoy: +3.8 MB" in text

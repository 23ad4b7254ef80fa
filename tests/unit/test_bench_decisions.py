"""The plot of what guard and decisions take."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.bench.decisions import TARGETS, WORDS, drawn


def test_it_draws_both_by_size() -> None:
    """A dot for the median and one for CPU at each size, and the size below it."""
    found = {
        "guard_by_words": {str(size): {"p50_ms": size / 10, "cpu_ms": 1.0} for size in WORDS},
        "decide_by_targets": {str(size): {"p50_ms": size / 10, "cpu_ms": 1.0} for size in TARGETS},
    }
    svg = drawn(found)
    ET.fromstring(svg)
    assert svg.count("<circle") == 2 * len(WORDS) + 2 * len(TARGETS)
    assert all(f">{size}</text>" in svg for size in (*WORDS, *TARGETS))

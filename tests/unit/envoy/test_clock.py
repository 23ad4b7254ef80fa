"""The clock of scripts is the one that nobody sets."""

from __future__ import annotations

import time

from tests.unit.envoy.scripts import Script


def test_it_is_the_monotonic_one() -> None:
    """In milliseconds; the date would be off by years."""
    clock = Script("", "clock.lua", "milliseconds")
    before = int(time.monotonic() * 1000)
    assert before <= clock.call("milliseconds") <= time.monotonic() * 1000

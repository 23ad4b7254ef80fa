"""Our cheap metrics are told as prometheus_client tells its own."""

from __future__ import annotations

import time

import prometheus_client as library
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from extproc.counters import Counter, Gauge, Histogram
from extproc.telemetry import SECONDS

VALUES = (0.0, 0.0005, 0.0007, 0.02, 3.0, 15.0, 99.5)


def told(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


def test_as_the_library() -> None:
    """The same names, types, labels, buckets and sums, to the letter."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    our_counter = Counter(ours, "c", "Counted", ["x", "y"])
    their_counter = library.Counter("c", "Counted", ["x", "y"], registry=theirs)
    our_gauge = Gauge(ours, "g", "Held")
    their_gauge = library.Gauge("g", "Held", registry=theirs)
    our_histogram = Histogram(ours, "h", "Spread", ["s"], bounds=SECONDS)
    their_histogram = library.Histogram("h", "Spread", ["s"], buckets=SECONDS, registry=theirs)
    our_counter.inc("a", 'b"\\')
    their_counter.labels("a", 'b"\\').inc()
    for value in VALUES:
        our_histogram.observe(value, "one")
        their_histogram.labels("one").observe(value)
    with our_gauge.held(), our_gauge.held(), their_gauge.track_inprogress():
        their_gauge.inc()
        assert told(ours) == told(theirs)
        their_gauge.dec()
    assert told(ours) == told(theirs)


def test_without_labels() -> None:
    """What has none is told from the start."""
    registry = CollectorRegistry()
    Counter(registry, "c", "Counted")
    Histogram(registry, "h", "Spread", bounds=SECONDS)
    text = told(registry)
    assert "c_total 0.0" in text
    assert "h_count 0.0" in text


def test_a_failure_lets_go() -> None:
    """A gauge counts what runs, however it ends."""
    registry = CollectorRegistry()
    gauge = Gauge(registry, "g", "Held")
    with pytest.raises(KeyError), gauge.held():
        raise KeyError
    assert "g 0.0" in told(registry)


def test_cost() -> None:
    """What a request counts, thirty times, takes less than twenty microseconds."""
    registry = CollectorRegistry()
    counter = Counter(registry, "c", "Counted", ["x"])
    histogram = Histogram(registry, "h", "Spread", ["s"], bounds=SECONDS)
    gauge = Gauge(registry, "g", "Held")

    def request() -> None:
        for stage in ("one", "two", "three", "four", "five", "six") * 2:
            histogram.observe(0.01, stage)
        for _ in range(8):
            counter.inc("a")
        for _ in range(3):
            with gauge.held():
                pass

    def measured() -> float:
        began = time.process_time()
        for _ in range(500):
            request()
        return (time.process_time() - began) / 500

    # The least of many: others use the machine, too.
    assert min(measured() for _ in range(20)) < 20e-6

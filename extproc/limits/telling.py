"""The process's metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

_BOUNDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05)


class Metrics:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "archgw_shared_limits_requests",
            "Requests to shared limits, by what came of them",
            ["result"],
            registry=registry,
        )
        self.seconds = Histogram(
            "archgw_shared_limits_seconds",
            "From a request to what Redis said",
            buckets=_BOUNDS,
            registry=registry,
        )
        for result in ("taken", "refused", "settled", "failed", "unfit"):
            self.requests.labels(result)

"""What so many nodes carry, worked out from what a request was measured to cost.

A node is a machine for pods, of which one gateway or one model server has all; a single node has both.
Of its cores as much is used as the chart's autoscaler aims at. Gateways share nothing with one another,
and so do model servers; what grows with their product are the health checks, by which each gateway's
Envoy knows each model server. Everything that ends the growth is a wall, and the first one counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).parent / "measured.json"
"""Written by `python -m tests.bench.scaling --write`."""

CORES = 4.0
USED = 0.7
"""`cpuPercent` of the chart: what is more is for the second in which more comes than usual."""
CHUNKS = 300
"""Of a stream: some 300 tokens."""
PROBES_PER_SECOND = 2.0
"""Of each gateway, at each model server."""

# Not measured here: what is commonly said of one such process, on the safe side.
PROMETHEUS_SERIES = 2_000_000
REDIS_CALLS = 50_000
"""Calls with a limit that all gateways share, in a second: two commands of one core's 100,000."""
MOST_FOR_PROBES = 0.1
"""The part of a model server that health checks may take before they count as a wall."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the requests, 1 in all."""

    name: str
    calls: float = 0.0
    streams: float = 0.0
    prompts: float = 0.0


MIXES = (
    Mix("LLM calls, JSON", calls=1.0),
    Mix(f"LLM calls, streams of {CHUNKS} chunks", streams=1.0),
    Mix("one prompt in ten, the rest half streams", calls=0.45, streams=0.45, prompts=0.1),
    Mix("prompts alone", prompts=1.0),
)


@dataclass(frozen=True)
class Costs:
    """CPU seconds of a request, and cores of what goes on without any."""

    call: float
    chunk: float
    prompt_gateway: float
    prompt_models: float
    probe: float
    idle: float
    """Cores of a gateway that nobody asks."""
    series: int
    """That a gateway tells Prometheus."""

    @classmethod
    def read(cls) -> Costs:
        found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
        alone = found["runs"][0]
        own = ("envoy", "extproc-0", "extproc-1", "supervisor")
        return cls(
            call=found["llm_json"]["envoy"],
            chunk=found["llm_stream_chunk"]["envoy"],
            prompt_gateway=found["prompt"]["envoy"] + found["prompt"]["extproc"],
            prompt_models=found["prompt"]["models"],
            probe=found["health_check"]["models"],
            idle=sum(alone["idle"][name] for name in own),
            series=found["scrape"]["series"],
        )

    def gateway(self, mix: Mix) -> float:
        stream = self.call + CHUNKS * self.chunk
        return mix.calls * self.call + mix.streams * stream + mix.prompts * self.prompt_gateway

    def models(self, mix: Mix) -> float:
        return mix.prompts * self.prompt_models


@dataclass(frozen=True)
class Fleet:
    """So many nodes, shared between gateways and model servers as the mix wants it."""

    nodes: int
    mix: Mix
    costs: Costs

    @cached_property
    def gateways(self) -> int:
        if self.nodes == 1 or not self.mix.prompts:
            return self.nodes
        return max(range(1, self.nodes), key=self._carried_by)

    @property
    def servers(self) -> int:
        if not self.mix.prompts:
            return 0
        return self.nodes - self.gateways if self.nodes > 1 else 1

    @property
    def per_second(self) -> float:
        if self.nodes > 1:
            return self._carried_by(self.gateways)
        cost = self.costs.gateway(self.mix) + self.costs.models(self.mix)
        return (CORES * USED - self.costs.idle) / cost

    @property
    def probes(self) -> float:
        """The part of each model server that goes into saying that it is well."""
        there = bool(self.servers)
        return there * self.gateways * PROBES_PER_SECOND * self.costs.probe / CORES

    def walls(self) -> Iterator[str]:
        """What has been reached; none where more nodes carry as much more.

        Without limits that all gateways share: that wall is told apart.
        """
        if self.gateways * self.costs.series > PROMETHEUS_SERIES:
            yield "one Prometheus"
        if self.probes > MOST_FOR_PROBES:
            yield "health checks of model servers"

    def _carried_by(self, gateways: int) -> float:
        costs, servers = self.costs, self.nodes - gateways
        carried = gateways * (CORES * USED - costs.idle) / costs.gateway(self.mix)
        if not self.mix.prompts:
            return carried
        left = CORES * USED - gateways * PROBES_PER_SECOND * costs.probe
        return min(carried, servers * max(0.0, left) / costs.models(self.mix))


def end_of_redis(mix: Mix, costs: Costs) -> int:
    """The fewest nodes that carry more than one Redis answers for."""
    return next(
        count for count in range(1, 10_000) if Fleet(count, mix, costs).per_second > REDIS_CALLS
    )


def first_wall(mix: Mix, costs: Costs) -> tuple[int, tuple[str, ...]]:
    """The fewest nodes at which there is one, and what it is; up to ten thousand."""
    low, high = 0, 10_000
    if not tuple(Fleet(high, mix, costs).walls()):
        return high, ()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tuple(Fleet(middle, mix, costs).walls()) else (middle, high)
    return high, tuple(Fleet(high, mix, costs).walls())

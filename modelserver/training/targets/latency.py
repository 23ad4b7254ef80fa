"""How long a decision takes: tools with three parameters each, a conversation of 100 tokens."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import numpy as np

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets.decide import Targets
from modelserver.tasks.types import Message, Request
from modelserver.training.targets.run import onnx_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelserver.tasks.types import Output, Row

TURNS = (
    "Hello, I am planning a short trip with two friends in the second week of October.",
    "That sounds nice! Where would you like to go, and what can I do for you?",
    "We thought of Lisbon or Porto. Is the museum of tiles open on Mondays?",
    "It is closed on Mondays and open from ten to six on all other days of the week.",
    (
        "Good to know. Then please book three seats on the morning train from Lisbon to Porto on "
        "Tuesday, second class, and tell me what it costs."
    ),
)
VERBS = ("book", "cancel", "find", "rate", "share")
THINGS = (
    "train seats", "hotel rooms", "museum tickets", "rental bikes", "restaurant tables",
    "walking tours", "airport rides", "concert seats", "ferry trips", "cooking classes",
)  # fmt: skip


def decision_latency(folder: Path, tools: int, threads: int, runs: int = 15) -> float:
    """Median milliseconds of a decision among so many tools, their embeddings known."""
    targets = Targets.load(folder)
    infer = onnx_run(folder, threads)

    async def run(rows: Sequence[Row]) -> Sequence[Output]:
        return infer(rows)

    async def measured() -> float:
        request = _request(tools)
        times = []
        for _ in range(runs):
            begun = time.perf_counter()
            await targets.decide(request, run)
            times.append(time.perf_counter() - begun)
        return float(np.median(times[2:]) * 1000)

    return asyncio.run(measured())


def _request(count: int) -> Request:
    roles = ("user", "assistant")
    messages = tuple(Message(roles[k % 2], text) for k, text in enumerate(TURNS))
    pairs = [(verb, thing) for thing in THINGS for verb in VERBS][:: max(1, 50 // count)][:count]
    return Request(messages, tuple(_tool(verb, thing) for verb, thing in pairs))


def _tool(verb: str, thing: str) -> Tool:
    parameters = (
        Parameter("place", description=f"Town where to {verb} {thing}", required=True),
        Parameter("count", "integer", f"Number of {thing}", required=True),
        Parameter("day", description="Day that is meant"),
    )
    return Tool(
        f"{verb}_{thing.replace(' ', '_')}", f"{verb.title()} {thing} in a town", parameters
    )

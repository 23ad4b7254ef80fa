"""What the models' part of a prompt takes: by the length of a text, by the number of targets, and in all.

    python -m tests.bench.decisions [--rounds 3] [--seconds 1] [--write]

With caches off and no text twice, in rounds that alternate. "cores" has whole prompts a second where the
gateway and its models may use as many, "added" what a prompt takes beyond a plain Envoy's call, without
models (they answer at once) and with. --write keeps it in reports/decisions.json and draws it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.bench import modelserver, observed, plain, svg
from tests.bench.history import REPORTS
from tests.bench.modelserver import conversation, cpu_seconds, some_text, some_tool
from tests.bench.prompts import CONFIG
from tests.e2e.harness import Running, free_port, gateway
from tests.fakes.model_server import FakeModelServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WORDS = (8, 32, 128, 512, 2048)
TARGETS = (1, 5, 20, 50, 100)
CORES = (1, 2)
_CONNECTIONS = 8
_UNCACHED = "cache: {enabled: false}\n"


def run(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    with modelserver.server(None, _UNCACHED) as (process, url, _):
        found: dict[str, Any] = asyncio.run(_by_size(url, process.pid, rounds, seconds))
    script = observed.never_alike(folder)
    found["added_ms"] = {}
    with FakeModelServer() as models, _asked(folder / "fake", models.address) as (running, forward):
        found["added_ms"]["without models"] = _added(running, forward, script, rounds, seconds)
    with (
        modelserver.server(None) as (_, url, _),
        _asked(folder / "real", url.removeprefix("http://")) as (running, forward),
    ):
        found["added_ms"]["with models"] = _added(running, forward, script, rounds, seconds)
    found["cores"] = {
        str(count): _whole(folder / f"cores-{count}", count, script, rounds, seconds)
        for count in CORES
        if count <= len(os.sched_getaffinity(0))
    }
    return {**found, "load_average": round(os.getloadavg()[0], 1), "cores_there": os.cpu_count()}


async def _by_size(url: str, pid: int, rounds: int, seconds: float) -> dict[str, Any]:
    numbers = itertools.count()
    tools = [some_tool(number) for number in range(max(TARGETS))]

    def guard(words: int) -> tuple[str, Any]:
        return "/v1/guard", {"texts": [some_text(words, next(numbers))]}

    def decide(targets: int) -> tuple[str, Any]:
        return "/v1/decide", {"messages": conversation(next(numbers)), "tools": tools[:targets]}

    async with aiohttp.ClientSession(url) as session:
        asker = _Asker(session, pid, rounds, seconds)
        return {
            "guard_by_words": await asker.timed(guard, WORDS),
            "decide_by_targets": await asker.timed(decide, TARGETS),
        }


@dataclass(frozen=True)
class _Asker:
    session: aiohttp.ClientSession
    pid: int
    rounds: int
    seconds: float

    async def timed(
        self, asked: Callable[[int], tuple[str, Any]], sizes: tuple[int, ...]
    ) -> dict[str, dict[str, float]]:
        times: dict[int, list[float]] = {size: [] for size in sizes}
        spent: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(self.rounds):
            for size in sizes:
                before, calls = cpu_seconds(self.pid), len(times[size])
                ends = time.perf_counter() + self.seconds
                while len(times[size]) == calls or time.perf_counter() < ends:
                    times[size].append(await self._ask(*asked(size)))
                used = cpu_seconds(self.pid) - before
                spent[size].append(used * 1000 / (len(times[size]) - calls))
        return {
            str(size): {
                "p50_ms": round(statistics.median(times[size]), 2),
                "cpu_ms": round(min(spent[size]), 2),
            }
            for size in sizes
        }

    async def _ask(self, route: str, body: Any) -> float:
        began = time.perf_counter()
        async with self.session.post(route, json=body) as response:
            assert response.status == 200, await response.text()
            await response.read()
        return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def _asked(folder: Path, models: str) -> Iterator[tuple[Running, int]]:
    """A gateway, and the port of a plain Envoy before the same provider."""
    folder.mkdir()
    (folder / "gateway").mkdir()
    provider, forwarded = free_port(), free_port()
    config = CONFIG.format(provider=provider, models=models) + "overrides: {stats_port: 0}\n"
    with (
        plain.envoy(folder / "provider", provider, plain.direct_response()),
        plain.envoy(folder / "plain", forwarded, plain.forward(provider)),
        gateway(folder / "gateway", config, {}) as running,
    ):
        time.sleep(1)  # Envoy's first health check of the extproc processes
        yield running, forwarded


def _added(running: Running, forward: int, script: Path, rounds: int, seconds: float) -> float:
    """Milliseconds of the median prompt, one at a time."""
    found = []
    for _ in range(rounds):
        ports = (running.prompt_port, forward)
        prompt, call = (plain.wrk(port, script, 1, _whole_seconds(seconds)) for port in ports)
        assert prompt.errors == call.errors == 0
        found.append(prompt.p50_ms - call.p50_ms)
    return round(statistics.median(found), 2)


def _whole(folder: Path, cores: int, script: Path, rounds: int, seconds: float) -> float:
    """Prompts a second; wrk and the provider are not held to as many."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(all_cores)[:cores]))
    with contextlib.ExitStack() as stack:
        try:
            _, url, _ = stack.enter_context(modelserver.server(None))
            models = url.removeprefix("http://")
            running, _ = stack.enter_context(_asked(folder, models))
        finally:
            os.sched_setaffinity(0, all_cores)
        loads = [
            plain.wrk(running.prompt_port, script, _CONNECTIONS, _whole_seconds(seconds))
            for _ in range(rounds)
        ]
        assert not any(load.errors for load in loads), loads
        return round(max(load.rps for load in loads), 1)


def _whole_seconds(seconds: float) -> int:
    return max(1, round(seconds))


_WIDTH, _HEIGHT, _LEFT, _TOP, _FLOOR = 370, 300, 56, 40, 250


def drawn(found: Mapping[str, Any]) -> str:
    guard = _panel("guard: ms by words", found["guard_by_words"])
    decide = _panel("decision: ms by targets", found["decide_by_targets"])
    body = f'{guard}\n<g transform="translate({_WIDTH} 0)">\n{decide}\n</g>'
    return svg.picture(2 * _WIDTH, _HEIGHT, body)


def _panel(title: str, by_size: Mapping[str, Mapping[str, float]]) -> str:
    """The sizes are equally far apart: each is some times the one before."""
    values = [[each[what] for each in by_size.values()] for what in ("p50_ms", "cpu_ms")]
    most = max(map(max, values)) * 1.1
    step = (_WIDTH - _LEFT - 30) / max(1, len(by_size) - 1)
    parts = [svg.text(_LEFT, 20, title), svg.level(_LEFT, _WIDTH - 20, _FLOOR)]
    for n, size in enumerate(by_size):
        parts.append(svg.text(_LEFT + step * n, _FLOOR + 18, size, "middle"))
    for number, (name, told) in enumerate(zip(("median", "CPU"), values, strict=True)):
        colour = svg.COLOURS[1 + 2 * number]
        points = [
            (_LEFT + step * n, _FLOOR - (_FLOOR - _TOP) * value / most)
            for n, value in enumerate(told)
        ]
        parts.append(svg.curve(points, colour, told))
        parts.append(svg.text(_LEFT + 110 * number, _HEIGHT - 10, f"{name}: up to {max(told):g}"))
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.decisions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1, help="of each measuring")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="decisions-") as folder:
        found = run(Path(folder), options.rounds, options.seconds)
    text = json.dumps(found, indent=2) + "\n"
    print(text, end="")
    if options.write:
        REPORTS.mkdir(exist_ok=True)
        (REPORTS / "decisions.json").write_text(text, "utf-8")
        (REPORTS / "decisions.svg").write_text(drawn(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

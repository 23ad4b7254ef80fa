"""How fast is the model server, and how large: one JSON object with every figure.

    python -m tests.bench.modelserver [--config FILE] [--seconds 5] [--callers 8]

Starts `archgw-modelserver` on a free port and sends texts that never repeat; without FILE its
caches are off, so that every request is computed. The load comes from this process, on the same
machine; on a loaded machine only ratios between figures of one run mean anything.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENTENCE = (
    "please show me the weather for next friday in lisbon and book a table near the river "
    "with a window for two people because my sister arrives by train from porto at seven"
)
WORDS = SENTENCE.split()
TARGETS = {
    "guard_p50_ms": 6.0,
    "decide_p50_ms": 40.0,
    "decide_per_second": 40.0,
    "fifty_tools_ratio": 2.0,
    "rss_mib": 350.0,
    "warm_seconds": 3.0,
}


def main() -> int:
    options = _options()
    with server(options.config, "cache: {enabled: false}\n") as (process, url, ready):
        figures = asyncio.run(_measure(url, process.pid, options.seconds, options.callers))
        figures["warm_seconds"] = ready
        figures["rss_mib"] = _rss_mib(process.pid, "VmRSS")
        figures["rss_peak_mib"] = _rss_mib(process.pid, "VmHWM")
        figures["load_average"] = os.getloadavg()[0]
        figures["cores"] = os.cpu_count()
    figures["within"] = {
        name: figures[name] >= bound if name.endswith("per_second") else figures[name] <= bound
        for name, bound in TARGETS.items()
    }
    print(json.dumps(figures, indent=2))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, help="settings for the server")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--callers", type=int, default=8)
    return parser.parse_args()


@contextmanager
def server(
    config: Path | None, settings: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """The server as its own process; yields it, its address and its time to ready."""
    with tempfile.TemporaryDirectory() as directory:
        file = config or Path(directory) / "settings.yaml"
        if config is None:
            file.write_text(settings)
        command = [sys.executable, "-m", "modelserver", "--port", "0", "--config", str(file)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            url, ready = _wait_until_ready(process)
            yield process, url, ready
        finally:
            process.terminate()
            process.wait(60)


def _wait_until_ready(process: subprocess.Popen[bytes]) -> tuple[str, float]:
    url = ""
    assert process.stderr
    for line in process.stderr:
        try:
            entry = json.loads(line)
        except ValueError:
            sys.stderr.write(line.decode())
            continue
        if entry.get("event") == "listening":
            url = entry["address"]
        if entry.get("event") == "ready":
            _drain(process)
            return url, entry["seconds"]
    raise SystemExit("the server did not start; see its words above")


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Read the log on, so that the server never waits for a full pipe."""
    import threading

    assert process.stderr
    threading.Thread(target=process.stderr.read, daemon=True).start()


async def _measure(url: str, pid: int, seconds: float, callers: int) -> dict[str, Any]:
    async with aiohttp.ClientSession(url) as session:
        numbers = itertools.count()

        async def post(route: str, body: Any) -> Any:
            async with session.post(route, json=body) as response:
                assert response.status == 200, await response.text()
                return await response.json()

        async def guard() -> Any:
            return await post("/v1/guard", {"texts": [some_text(48, next(numbers))]})

        def decide(tools: int) -> Callable[[], Any]:
            described = [some_tool(number) for number in range(tools)]

            async def call() -> Any:
                body = {"messages": conversation(next(numbers)), "tools": described}
                return await post("/v1/decide", body)

            return call

        five, fifty = decide(5), decide(50)
        for call in (guard, five, fifty):
            await _alone(call, 0.5)
        before = cpu_seconds(pid)
        guard_times = await _alone(guard, seconds)
        between = cpu_seconds(pid)
        five_times = await _alone(five, seconds)
        after = cpu_seconds(pid)
        fifty_times = await _alone(fifty, seconds)
        rate, busy_times = await _together(five, seconds, callers)
        guard_rate, _ = await _together(guard, seconds, callers)
        parts = [(await five())["timings_ms"] for _ in range(20)]
    return {
        "guard_p50_ms": _p(guard_times, 50),
        "guard_p99_ms": _p(guard_times, 99),
        "guard_cpu_ms": round((between - before) * 1000 / len(guard_times), 2),
        "guard_per_second": guard_rate,
        "decide_p50_ms": _p(five_times, 50),
        "decide_p99_ms": _p(five_times, 99),
        "decide_cpu_ms": round((after - between) * 1000 / len(five_times), 2),
        "decide_fifty_tools_p50_ms": _p(fifty_times, 50),
        "fifty_tools_ratio": round(_p(fifty_times, 50) / _p(five_times, 50), 2),
        "decide_per_second": rate,
        "decide_busy_p50_ms": _p(busy_times, 50),
        "decide_busy_p99_ms": _p(busy_times, 99),
        "callers": callers,
        "parts_p50_ms": {
            name: round(statistics.median(part[name] for part in parts), 2) for name in parts[0]
        },
    }


async def _alone(call: Callable[[], Any], seconds: float) -> list[float]:
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await call()
        times.append((time.perf_counter() - began) * 1000)
    return times


async def _together(
    call: Callable[[], Any], seconds: float, callers: int
) -> tuple[float, list[float]]:
    began = time.perf_counter()
    times = await asyncio.gather(*(_alone(call, seconds) for _ in range(callers)))
    took = time.perf_counter() - began
    flat = [one for each in times for one in each]
    return round(len(flat) / took, 1), flat


def some_text(words: int, number: int) -> str:
    chosen = random.Random(number).choices(WORDS, k=words)
    return f"{' '.join(chosen)} {number}"


def conversation(number: int) -> list[dict[str, str]]:
    """About a hundred tokens in three turns."""
    return [
        {"role": "user", "content": some_text(28, number)},
        {"role": "assistant", "content": some_text(24, number + 1)},
        {"role": "user", "content": some_text(24, number + 2)},
    ]


def some_tool(number: int) -> dict[str, Any]:
    words = random.Random(number).sample(WORDS, 6)
    names = [f"{word}_{number}" for word in words[:3]]
    return {
        "type": "function",
        "function": {
            "name": f"{words[0]}_{words[1]}_{number}",
            "description": f"Get the {' '.join(words)} of a place",
            "parameters": {
                "type": "object",
                "properties": {
                    names[0]: {"type": "string", "description": f"the {words[3]} to look for"},
                    names[1]: {"type": "integer", "description": "how many days ahead"},
                    names[2]: {"type": "string", "enum": ["small", "medium", "large"]},
                },
                "required": names[:1],
            },
        },
    }


def _p(times: list[float], percentile: int) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)], 2)


def cpu_seconds(pid: int) -> float:
    """Processor time used so far; says more than the clock on a machine that others use too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return round(int(line.split()[1]) / 1024, 1)
    raise LookupError(field)


if __name__ == "__main__":
    sys.exit(main())

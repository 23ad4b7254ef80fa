"""Mixed load on the model server for as long as you like: does it stay well and small?

    python -m tests.soak.modelserver [--seconds 600] [--callers 6] [--config FILE]

Callers send decisions, guard texts, v0.1 calls, garbage, oversized bodies and documents, and
some leave in the middle of an answer. Every answer is checked against what that request
must get. Memory, threads and files are sampled; the result is one JSON object, and the exit
code says whether everything held: no unexpected answer, memory flat within 5 % between the
first fifth and the end, nothing left open, and a healthy server.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import itertools
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.bench.modelserver import server, some_text, some_tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Caller = Callable[["Soak"], Awaitable[None]]

SAMPLE_SECONDS = 2.0
MOST_GROWTH = 0.05


@dataclass
class Soak:
    """One run: the session, what was answered, and what should not have been."""

    session: aiohttp.ClientSession
    random: random.Random
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)

    async def post(self, kind: str, route: str, expected: set[int], **body: Any) -> None:
        """Send one request; 503 is a fair answer to any, as long as it says when to return."""
        async with self.session.post(route, **body) as response:
            text = await response.text()
            self.answers[f"{kind} {response.status}"] += 1
            refused = response.status == 503 and "retry-after" in response.headers
            if response.status not in expected and not refused:
                self.wrong.append(f"{kind}: {response.status} {text[:200]}")

    def text(self, words: int) -> str:
        return some_text(words, next(self.numbers))


async def decide(soak: Soak) -> None:
    tools = [some_tool(number) for number in range(soak.random.choice((1, 3, 5, 12)))]
    turns = soak.random.choice((1, 1, 3, 7))
    roles = ("user", "assistant")
    messages = [{"role": roles[turn % 2], "content": soak.text(20)} for turn in range(turns)]
    await soak.post("decide", "/v1/decide", {200}, json={"messages": messages, "tools": tools})


async def guard(soak: Soak) -> None:
    texts = [soak.text(soak.random.choice((3, 30, 120))) for _ in range(soak.random.choice((1, 4)))]
    await soak.post("guard", "/v1/guard", {200}, json={"texts": texts})


async def document(soak: Soak) -> None:
    # Ten windows and more: on a machine that is busy otherwise, past the server's deadline.
    await soak.post("document", "/v1/guard", {200, 504}, json={"texts": [soak.text(1500)]})


async def old(soak: Soak) -> None:
    messages = [{"role": "user", "content": soak.text(12)}]
    body = {"messages": messages, "tools": [some_tool(1)]}
    await soak.post("v0.1", "/function_calling", {200}, json=body)
    await soak.post("v0.1", "/guardrails", {200}, json={"input": soak.text(9), "task": "jailbreak"})


async def garbage(soak: Soak) -> None:
    bodies = (b"", b"{", soak.random.randbytes(300), b"[" * 3000, b'{"texts": 5}', b"null")
    for body in bodies:
        await soak.post("garbage", "/v1/guard", {400, 422}, data=body)
    await soak.post("lost", "/v1/nothing", {404}, json={})


async def oversized(soak: Soak) -> None:
    too_long = {"texts": ["x" * (200 * 1024)]}
    await soak.post("oversized", "/v1/guard", {413}, json=too_long)
    many = {"texts": ["x"] * 1025}
    await soak.post("oversized", "/v1/guard", {413}, json=many)
    try:
        await soak.post("oversized", "/v1/guard", {413}, data=b" " * (3 * 1024 * 1024))
    except (aiohttp.ClientError, ConnectionError):
        # The server answers and closes before it has read it all; not every client sees that.
        soak.answers["oversized closed"] += 1


async def leaving(soak: Soak) -> None:
    """Ask for a lot of work and go before it is done."""
    body = {"texts": [soak.text(400) for _ in range(8)]}
    try:
        async with asyncio.timeout(soak.random.uniform(0.005, 0.2)):
            await soak.post("leaving", "/v1/guard", {200}, json=body)
    except TimeoutError:
        soak.answers["leaving left"] += 1


async def deadline(soak: Soak) -> None:
    body = {"texts": [soak.text(600)], "timeout_ms": 5}
    await soak.post("deadline", "/v1/guard", {200, 504}, json=body)


MIX: tuple[tuple[Caller, int], ...] = (
    (decide, 50),
    (guard, 20),
    (document, 3),
    (old, 8),
    (garbage, 5),
    (oversized, 2),
    (leaving, 8),
    (deadline, 4),
)


async def caller(soak: Soak, until: float) -> None:
    callers, weights = zip(*MIX, strict=True)
    while time.monotonic() < until:
        await soak.random.choices(callers, weights)[0](soak)


async def run(url: str, pid: int, seconds: float, callers: int) -> dict[str, Any]:
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(url, timeout=timeout) as session:
        soak = Soak(session, random.Random(0))
        until = time.monotonic() + seconds
        samples: list[dict[str, int]] = []

        async def watch() -> None:
            while time.monotonic() < until:
                samples.append(_sample(pid))
                await asyncio.sleep(SAMPLE_SECONDS)

        await asyncio.gather(watch(), *(caller(soak, until) for _ in range(callers)))
        async with session.get("/healthz") as response:
            healthy = response.status == 200
        async with session.get("/metrics") as response:
            metrics = await response.text()
    await asyncio.sleep(1)
    return _report(soak, samples, _sample(pid), metrics, healthy=healthy)


def _report(
    soak: Soak, samples: list[dict[str, int]], last: dict[str, int], metrics: str, *, healthy: bool
) -> dict[str, Any]:
    fifth = max(1, len(samples) // 5)
    early = max(sample["rss_kib"] for sample in samples[:fifth])
    late = max(sample["rss_kib"] for sample in samples[-fifth:])
    held = {
        "healthy": healthy,
        "no_wrong_answer": not soak.wrong,
        "memory_flat": late <= early * (1 + MOST_GROWTH),
        "nothing_active": _value(metrics, "archgw_modelserver_active_requests") == 0,
        "nothing_queued": _value(metrics, 'archgw_modelserver_queue_tokens{model="guard"}') == 0,
        "files_closed": last["files"] <= samples[0]["files"] + 5,
        "threads_steady": last["threads"] <= samples[0]["threads"] + 8,
    }
    return {
        "held": held,
        "answers": dict(sorted(soak.answers.items())),
        "wrong": soak.wrong[:10],
        "rss_mib": {"first_fifth": round(early / 1024, 1), "last_fifth": round(late / 1024, 1)},
        "callers_left": _value(metrics, "archgw_modelserver_callers_left_total"),
        "samples": [round(sample["rss_kib"] / 1024) for sample in samples[:: max(1, fifth // 4)]],
    }


def _value(metrics: str, name: str) -> float:
    return next(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith(name))


def _sample(pid: int) -> dict[str, int]:
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        if ":" in line
    )
    return {
        "rss_kib": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--callers", type=int, default=6)
    parser.add_argument("--config", type=Path, help="settings for the server")
    options = parser.parse_args()
    with server(options.config) as (process, url, _):
        report = asyncio.run(run(url, process.pid, options.seconds, options.callers))
        report["alive"] = process.poll() is None
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if report["alive"] and all(report["held"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())

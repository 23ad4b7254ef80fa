"""Many decisions at once: the sockets of two extproc processes, served by their own code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

from controlplane.home_paths import Home
from extproc.record.ring import Ring
from extproc.runtime import Generations
from extproc.telemetry import Metrics
from extproc.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def many_decisions(folder: Path, count: int) -> Iterator[Callable[[int], None]]:
    """Rings larger than those of a gateway, with so many records; what is given adds as many more."""
    home = Home(folder, folder)
    home.run.mkdir()
    rings = [Ring(count, count << 12) for _ in home.metrics_sockets]
    told = 0

    def add(more: int, target: str = "newest") -> None:
        nonlocal told
        for _ in range(more):
            told += 1
            ring = rings[told % len(rings)]
            ring.keep(f"id-{told}", json.dumps(_record(told, target)).encode())

    add(count, "weather")
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for socket, ring in zip(home.metrics_sockets, rings, strict=True):
                watched = Watched(Metrics(), ring, Generations(folder))
                await stack.enter_async_context(watched.on(socket))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()], daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield add
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def _record(number: int, target: str) -> dict[str, Any]:
    """As `extproc.record.taken` makes it of a prompt that called an API."""
    minutes, thousandths = divmod(number, 60_000)
    ranking = [{"name": name, "score": 0.9 / place} for place, name in enumerate("abcdefgh", 1)]
    return {
        "version": 1, "id": f"id-{number}", "trace": None, "generation": "0a1b2c3d",
        "client": "batch" if number % 5 == 0 else None,
        "at": f"2026-01-01T00:{minutes:02}:{thousandths / 1000:06.3f}+00:00",
        "stream": False, "messages": 1, "prompt": {"characters": 9, "hash": "0" * 16},
        "outcome": "failed" if number % 7 == 0 else "forwarded",
        "error": {"code": "rare", "status": 503} if number % 700 == 0 else None,
        "ms": number % 90, "models_ms": {"guard": 3.0, "targets": 5.0},
        "stages": [{"name": name, "from_ms": 0.0, "ms": 1.0} for name in ("models", "guard", "api")],
        "guard": {
            "verdict": "benign", "score": 0.01, "view": "text", "toxicity": None, "message": 0,
            "refused_by": None,
        },
        "intent": {
            "name": "a", "score": 0.9, "threshold": 0.5, "margin": 0.45, "ranking": ranking,
        },
        "calls": [
            {"target": target, "confidence": 0.9, "doubtful": False, "unusable": [], "arguments": []}
        ],
        "asked": None, "confirmed": False, "apis": [],
    }  # fmt: skip

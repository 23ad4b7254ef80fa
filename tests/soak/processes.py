"""What the gateway's processes hold: memory, files, threads; read every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Held:
    rss_kib: int
    threads: int
    files: int

    @property
    def mb(self) -> float:
        return self.rss_kib * 1024 / 1e6


def held(pid: int) -> Held:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    return Held(
        rss_kib=int(status["VmRSS"].split()[0]),
        threads=int(status["Threads"]),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def living(pids: Mapping[str, int]) -> dict[str, Held]:
    """Of those that are still the same processes."""
    found = {}
    for name, pid in pids.items():
        with contextlib.suppress(OSError, KeyError):
            found[name] = held(pid)
    return found


@dataclass
class Watch:
    """Samples of each process, by the seconds at which they were taken."""

    pids: Mapping[str, int]
    every: float = 2.0
    samples: dict[str, list[tuple[float, Held]]] = field(default_factory=dict)

    def look(self, now: float) -> None:
        for name, pid in self.pids.items():
            self.samples.setdefault(name, []).append((now, held(pid)))

    async def until(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not stop.is_set():
            self.look(loop.time() - began)
            await asyncio.sleep(self.every)

    def megabytes(self, name: str) -> list[tuple[float, float]]:
        return [(when, each.mb) for when, each in self.samples[name]]

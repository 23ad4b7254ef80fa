"""The race itself: who is asked what, in turn, and what is noted of it."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import plain
from tests.e2e.harness import free_port
from tests.race.racers import KINDS, RACERS, Left, Racer, provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES = (400, 100_000)
CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True, slots=True)
class Course:
    """What is asked in one heat."""

    kind: str
    size: int
    connections: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.size} {self.connections}"


COURSES = tuple(
    Course(kind, size, count) for size in SIZES for kind in KINDS for count in CONNECTIONS
)


@dataclass(frozen=True, slots=True)
class Plan:
    courses: Sequence[Course] = COURSES
    rounds: int = 3
    seconds: int = 3
    """Of each heat."""


def race(names: Sequence[str], plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="race-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        plain.post_script(folder)  # which says what is missing
        asked = free_port()
        stack.enter_context(plain.envoy(folder / "provider", asked, provider()))
        racers, left_out = [], {}
        for each in names:
            say(f"starting {each}")
            try:
                racers.append(stack.enter_context(RACERS[each](folder, asked)))
            except Left as why:
                left_out[each] = str(why)
        fresh = {each.name: round(each.memory(), 1) for each in racers}
        heats = list(_heats(racers, plan, folder, say))
        return {
            "machine": _machine(),
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "left_out": left_out,
            "start_seconds": {each.name: round(each.start_seconds, 2) for each in racers},
            "memory_mb": {
                each.name: {"started": fresh[each.name], "raced": round(each.memory(), 1)}
                for each in racers
            },
            "heats": heats,
        }


def _heats(
    racers: Sequence[Racer], plan: Plan, folder: Path, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    for each in racers:  # what compiles at first use is compiled
        for kind in KINDS:
            plain.wrk(each.port, each.script(kind, SIZES[0], folder), 16, 1)
    for course in plan.courses:
        for number in range(plan.rounds):
            say(f"{course.name}, round {number + 1} of {plan.rounds}")
            for each in racers:
                script = each.script(course.kind, course.size, folder)
                before = each.cpu()
                load = plain.wrk(each.port, script, course.connections, plan.seconds)
                yield {
                    "course": course.name,
                    "round": number,
                    "racer": each.name,
                    "rps": load.rps,
                    "p50_ms": load.p50_ms,
                    "p99_ms": load.p99_ms,
                    "cpu_us": round((each.cpu() - before) * 1e6 / max(1, load.requests), 1),
                    "errors": load.errors,
                    "load_average": round(os.getloadavg()[0], 1),
                }


def _machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": names[0] if names else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }

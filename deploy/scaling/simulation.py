"""Model servers, simulated: who asks, who decides, and how long it takes.

Callers ask one question after the other, or questions come by themselves, at random. Each goes to the
server with the fewest, as Envoy sends it, and is decided by one of the server's workers. A machine has
so many cores, and what runs on it shares them evenly; each server has a machine of its own, or all are
on one, as where the simulation is checked against processes that run.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    _Again = Callable[[int], tuple[float, int] | None] | None


@dataclass(frozen=True, slots=True)
class Setup:
    servers: int
    workers: int
    """Questions that a server decides at once."""
    cost: float
    """CPU seconds of a decision."""
    cores: float
    """Of each machine."""
    shared: bool = False
    """All servers on one machine."""
    spread: float = 0.2
    """Standard deviation of a decision's cost, as a share of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    per_second: float
    median: float
    p99: float
    busiest: float
    """Questions of the busiest server, as a multiple of the average."""


@dataclass(slots=True)
class _Question:
    number: int
    began: float
    left: float
    server: int


@dataclass(slots=True)
class _Machine:
    """What runs on it gets the cores in equal shares, at most one each."""

    cores: float
    running: list[_Question] = field(default_factory=list)

    @property
    def pace(self) -> float:
        return min(1.0, self.cores / len(self.running)) if self.running else 1.0

    def soonest(self) -> float:
        return min((each.left for each in self.running), default=float("inf")) / self.pace

    def work(self, seconds: float) -> None:
        done = seconds * self.pace
        for each in self.running:
            each.left -= done


class _World:
    def __init__(self, setup: Setup, seed: int) -> None:
        self._setup = setup
        self._random = random.Random(seed)
        count = 1 if setup.shared else setup.servers
        self._machines = [_Machine(setup.cores) for _ in range(count)]
        self._waiting: list[deque[_Question]] = [deque() for _ in range(setup.servers)]
        self._open = [0] * setup.servers
        self._running = [0] * setup.servers
        self.asked = [0] * setup.servers
        self.now = 0.0

    def ask(self, number: int) -> None:
        fewest = min(self._open)
        places = [place for place, count in enumerate(self._open) if count == fewest]
        server = self._random.choice(places)
        cost = self._setup.cost * max(0.1, self._random.gauss(1.0, self._setup.spread))
        self._open[server] += 1
        self.asked[server] += 1
        self._waiting[server].append(_Question(number, self.now, cost, server))
        self._start(server)

    @property
    def busy(self) -> bool:
        return any(self._open)

    def next_end(self) -> float:
        return self.now + min(each.soonest() for each in self._machines)

    def go_to(self, time: float) -> list[_Question]:
        """What has been decided by then."""
        for machine in self._machines:
            machine.work(time - self.now)
        self.now = time
        over: list[_Question] = []
        for machine in self._machines:
            over += [each for each in machine.running if each.left <= 1e-12]
            machine.running = [each for each in machine.running if each.left > 1e-12]
        for each in over:
            self._open[each.server] -= 1
            self._running[each.server] -= 1
            self._start(each.server)
        return over

    def _start(self, server: int) -> None:
        waiting = self._waiting[server]
        machine = self._machines[0 if self._setup.shared else server]
        while waiting and self._running[server] < self._setup.workers:
            machine.running.append(waiting.popleft())
            self._running[server] += 1


def closed(
    setup: Setup,
    callers: int,
    *,
    questions: int = 1_000_000,
    seconds: float = math.inf,
    seed: int = 1,
) -> Outcome:
    """Callers who all begin at once and ask anew when they have their answer.

    Until so many are answered; or for so long, and then until all that was asked is answered.
    """
    world = _World(setup, seed)
    coming = [(0.0, number) for number in range(callers)]
    return _play(
        world,
        coming,
        questions,
        lambda number: (world.now, number) if world.now < seconds else None,
    )


def open_loop(setup: Setup, per_second: float, questions: int, seed: int = 1) -> Outcome:
    """Questions that come at random, whether others have been answered or not."""
    world, chance = _World(setup, seed), random.Random(seed + 1)
    times = itertools.accumulate(chance.expovariate(per_second) for _ in range(questions))
    return _play(world, list(zip(times, itertools.count(), strict=False)), questions, None)


def _play(world: _World, coming: list[tuple[float, int]], questions: int, again: _Again) -> Outcome:
    heapq.heapify(coming)
    waits: list[float] = []
    while len(waits) < questions and (coming or world.busy):
        arrives = coming[0][0] if coming else float("inf")
        ends = world.next_end()
        for over in world.go_to(min(arrives, ends)):
            waits.append(world.now - over.began)
            if again and (following := again(over.number)):
                heapq.heappush(coming, following)
        while coming and coming[0][0] <= world.now:
            world.ask(heapq.heappop(coming)[1])
    waits.sort()
    average = sum(world.asked) / len(world.asked)
    return Outcome(
        per_second=len(waits) / world.now,
        median=waits[len(waits) // 2],
        p99=waits[int(len(waits) * 0.99)],
        busiest=max(world.asked) / average,
    )

"""A steady number of calls a second, whatever becomes of them, and what became of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.load import ask

PATIENCE = 30.0
"""Seconds after which a call counts as hung."""
MOST_PRESSURE = 80.0
SLOW = {"guard_unavailable", "intent_unavailable", "overloaded"}
"""A model that was not heard in time, or would not be: of a busy machine, where models have no part in
the fault."""


@dataclass(frozen=True)
class Call:
    at: float
    """Seconds after the load began."""
    took: float
    status: int
    """0: the connection was refused or broke; -1: it hung."""
    code: str | None = None
    """Of the error."""

    @property
    def lost(self) -> bool:
        return self.status != 200 and self.code not in SLOW


@dataclass(frozen=True)
class Load:
    calls: Sequence[Call]
    acted: float
    """When the fault was made, in seconds after the load began."""

    @property
    def lost(self) -> list[Call]:
        return [each for each in self.calls if each.lost and each.at + each.took > self.acted]

    @property
    def told(self) -> bool:
        """Nothing was lost before the fault, or what was lost after it may be another's doing."""
        return not any(each.lost and each.at + each.took <= self.acted for each in self.calls)

    @property
    def window(self) -> float:
        """Seconds from the fault to the beginning of the last call that was lost."""
        return max([0.0, *(each.at - self.acted for each in self.lost)])

    @property
    def slowest_loss(self) -> float:
        return max((each.took for each in self.lost), default=0.0)

    @property
    def statuses(self) -> set[int]:
        """Of what was lost."""
        return {each.status for each in self.lost}

    def __str__(self) -> str:
        lost = f"{len(self.lost)} of {len(self.calls)} lost"
        if not self.lost:
            return lost
        return f"{lost} within {self.window:.1f} s, the slowest after {self.slowest_loss:.2f} s"


async def under_load(
    port: int,
    act: Callable[[], object],
    *,
    rate: int = 20,
    seconds: float = 6.0,
    before: float = 1.5,
) -> Load:
    """`act` makes the fault, in a thread, `before` seconds after the load has begun."""
    clock = asyncio.get_running_loop().time
    begin = clock()
    acted = 0.0

    async def one(number: int) -> Call:
        await asyncio.sleep(begin + number / rate - clock())
        began = clock()
        status, code = await called(port)
        return Call(began - begin, clock() - began, status, code)

    async def fault() -> None:
        nonlocal acted
        await asyncio.sleep(before)
        acted = clock() - begin
        await asyncio.to_thread(act)

    calls = asyncio.gather(*(one(number) for number in range(round(rate * seconds))))
    await asyncio.gather(calls, fault())
    return Load(await calls, acted)


def best_of(run: Callable[[], Load], well: Callable[[Load], bool], runs: int = 3) -> Load:
    """The first load that is well, else the last.

    What a machine loses that has no time for us says nothing of the gateway, so the test is skipped
    where none is well and processes wait for a processor nearly all the time.
    """
    for _ in range(runs):
        load = run()
        if load.told and well(load):
            return load
    if (waiting := pressure()) > MOST_PRESSURE:
        pytest.skip(f"the machine is too busy: {waiting:.0f} % of the time a process waits; {load}")
    return load


def pressure() -> float:
    """The share of the last ten seconds in which some process waited for a processor; 0: unknown."""
    try:
        some = Path("/proc/pressure/cpu").read_text("utf-8").split("\n", 1)[0]
    except OSError:
        return 0.0
    return float(some.split("avg10=")[1].split()[0])


async def called(port: int) -> tuple[int, str | None]:
    """One call on a connection of its own: its status, and the code of its error."""
    body = json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                status, answer, _ = await ask(reader, writer, body)
            finally:
                writer.close()
    except TimeoutError:
        return -1, None
    except (OSError, asyncio.IncompleteReadError, ValueError):
        return 0, None
    return status, None if status == 200 else json.loads(answer)["error"]["code"]

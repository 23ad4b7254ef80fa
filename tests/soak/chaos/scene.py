"""A gateway under load while something is done to it, and what its clients saw."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.provider import Behaviour
from tests.soak.kinds import KINDS, requests
from tests.soak.load import Load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.soak.kinds import Kind
    from tests.soak.ledger import Entry
    from tests.soak.stage import Stage

STREAM_PAUSE = 0.3
"""Between two chunks: of ten, so that some streams are open whenever it strikes."""


@dataclass(frozen=True)
class Pace:
    """How hard and how long; the short form has less of both."""

    rate: float = 40.0
    before: float = 4.0
    """Seconds of load until it strikes."""
    after: float = 4.0
    """And when all is well again."""
    patience: float = 180.0
    """Until all is well again."""


@dataclass
class Scene:
    stage: Stage
    pace: Pace
    load: Load
    struck: float = 0.0
    """When, in seconds of the load."""
    pids: dict[str, int] = field(default_factory=dict)
    """Before it struck."""

    def strike(self) -> None:
        self.struck = self.load.now

    @property
    def entries(self) -> list[Entry]:
        return list(self.load.ledger.entries.values())

    @property
    def streams_lost(self) -> list[Entry]:
        """That were open when it struck, and have no end."""
        return [each for each in self.cut if each.kind.stream]

    @property
    def cut(self) -> list[Entry]:
        """Whatever was open when it struck and was not answered; what is refused has a status."""
        return [
            each
            for each in self.failed
            if each.began < self.struck and not (each.wrong or "")[:1].isdigit()
        ]

    @property
    def failed(self) -> list[Entry]:
        return self.load.ledger.failed

    @property
    def streams_open(self) -> int:
        return sum(
            each.kind.stream and each.began < self.struck < each.began + each.seconds
            for each in self.entries
        )

    @property
    def others_failed(self) -> list[Entry]:
        return [each for each in self.failed if each not in self.streams_lost]

    @property
    def window(self) -> float:
        """Seconds from the blow to the start of the last request that failed."""
        late = [each.began for each in self.failed if each.began >= self.struck]
        return max(late) - self.struck if late else 0.0

    def first_good(self, listener: str | None = None) -> float:
        """Seconds until one that was asked after the blow was answered."""
        good = (
            each.began + each.seconds - self.struck
            for each in self.entries
            if not each.wrong
            and each.began >= self.struck
            and (listener is None or each.kind.listener == listener)
            and not each.kind.stream
        )
        return min(good, default=float("inf"))

    def p99_ms(self, *, before: bool) -> float:
        """Of what was answered well in one piece."""
        times = sorted(
            each.seconds * 1000
            for each in self.entries
            if not each.wrong and not each.kind.stream and (each.began < self.struck) == before
        )
        return times[int(0.99 * (len(times) - 1))] if times else 0.0

    def smuggled(self) -> int:
        """What the provider saw and must not have seen."""
        return len(self.load.ledger.smuggled(self.stage.provider.seen))

    def lost(self) -> int:
        """What was never answered at all."""
        return len(self.load.ledger.open)

    async def all_well(self, *gone: str) -> float:
        """Until each of these is another process and all of them answer; how many seconds after the blow."""
        while not await self._well(gone):
            if self.load.now - self.struck > self.pace.patience:
                return float("inf")
            await asyncio.sleep(0.1)
        return self.load.now - self.struck

    async def _well(self, gone: Sequence[str]) -> bool:
        now = await asyncio.to_thread(self.stage.pids)
        another = all(now.get(name, 0) not in (0, self.pids[name]) for name in gone)
        return another and self.pids.keys() <= now.keys() and await self._answers()

    async def _answers(self) -> bool:
        """One of each listener, asked beside the load."""
        asked = next(requests([kind for kind in KINDS if kind.name == "prompt, JSON"]))
        beside = Load(self.stage.ports)
        await beside.one(asked)
        beside.close()
        return not beside.ledger.failed


@contextlib.asynccontextmanager
async def scene(stage: Stage, pace: Pace, kinds: Sequence[Kind] = KINDS) -> AsyncIterator[Scene]:
    """Load before, while, and after; what is open at the end is waited for."""
    stage.provider.behaviour = Behaviour(chunk_delay=STREAM_PAUSE)
    stage.provider.seen.clear()
    load = Load(stage.ports, coming=requests(kinds), most_wait=60)
    made = Scene(stage, pace, load)
    made.pids = stage.pids()
    stop = asyncio.Event()
    loading = asyncio.create_task(made.load.until(stop, pace.rate))
    await asyncio.sleep(pace.before)
    made.strike()
    try:
        yield made
        await asyncio.sleep(pace.after)
    finally:
        stop.set()
        await loading
        made.load.close()
        stage.provider.behaviour = Behaviour(chunk_delay=0.05)

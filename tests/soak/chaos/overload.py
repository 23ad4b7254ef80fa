"""Five times as many prompts as the models can decide: some are refused, none waits for long or is lost.

What the gateway can do is measured first, by callers that each wait for their answer; then prompts come
whether the last have been answered or not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.provider import Behaviour
from tests.soak.kinds import KINDS, requests
from tests.soak.load import Load
from tests.soak.processes import living
from tests.soak.verdicts import Line, tell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.soak.ledger import Entry, Ledger
    from tests.soak.stage import Stage

TIMES = 5
_CALLERS = 8
_MOST_OPEN = 1500
"""Below the connections that Envoy takes: what is refused here is refused for the prompts' sake."""
_MOST_MB = 100.0
_PROMPTS = tuple(kind for kind in KINDS if kind.name in ("prompt, JSON", "refused by the guard"))


@dataclass(frozen=True)
class Wave:
    admitted: list[Entry]
    refused: list[Entry]
    odd: list[Entry]

    @classmethod
    def of(cls, ledger: Ledger) -> Wave:
        entries = list(ledger.entries.values())
        wrong = [each for each in entries if each.wrong]
        refused = [each for each in wrong if (each.wrong or "")[:4] in ("503 ", "429 ")]
        return cls(
            admitted=[each for each in entries if not each.wrong],
            refused=refused,
            odd=[each for each in wrong if each not in refused],
        )


async def overrun(stage: Stage, seconds: float, measuring: float) -> list[Line]:
    stage.provider.behaviour = Behaviour()
    pids, restarts = stage.pids(), stage.restarts()
    capacity, usual = await _capacity(stage, measuring)
    tell(f"capacity: {capacity:.1f} prompts a second with {_CALLERS} callers, p99 {usual:.0f} ms")
    before = living(pids)
    load, kept_back, most_open = await _flood(stage, TIMES * capacity, seconds)
    grown = {name: each.mb - before[name].mb for name, each in living(pids).items()}
    well = await _well_again(stage, usual)
    wave, smuggled = Wave.of(load.ledger), load.ledger.smuggled(stage.provider.seen)
    name = f"{TIMES} x {capacity:.1f} prompts a second for {seconds:.0f} s"
    return [
        _admitted(name, wave, usual, kept_back, most_open),
        _refused(name, wave),
        Line(f"{name}: afterwards", "as before in ≤ 10 s", f"{well:.1f} s", well <= 10),
        Line(f"{name}: memory", f"≤ +{_MOST_MB:.0f} MB a process, none restarts",
             ", ".join(f"{each} {mb:+.1f}" for each, mb in grown.items()) + f" MB, {stage.restarts() - restarts} restarts",
             max(grown.values()) <= _MOST_MB and stage.restarts() == restarts),
        Line(f"{name}: unguarded", "none passes", f"{len(smuggled)} passed", not smuggled),
    ]  # fmt: skip


def _admitted(name: str, wave: Wave, usual: float, kept_back: int, most_open: int) -> Line:
    p99 = _quantile(wave.admitted, 99)
    said = (
        f"{len(wave.admitted)} answered, p50 {_quantile(wave.admitted, 50):.0f}, p99 {p99:.0f} ms "
        f"({usual:.0f} ms at capacity); at most {most_open} open"
    )
    if kept_back:
        said += f", {kept_back} kept back by the test"
    return Line(f"{name}: answered", "p99 ≤ 2 x that at capacity", said, p99 <= 2 * usual)


def _refused(name: str, wave: Wave) -> Line:
    said = (
        f"{len(wave.refused)} refused, p50 {_quantile(wave.refused, 50):.0f}, "
        f"p99 {_quantile(wave.refused, 99):.0f} ms; {len(wave.odd)} otherwise"
    )
    if wave.odd:
        said += f", first: {wave.odd[0].wrong}"
    held_so = not wave.odd and _quantile(wave.refused, 99) <= 50
    return Line(f"{name}: refused", "503 or 429 in < 50 ms", said, held_so)


def _quantile(entries: list[Entry], percent: int) -> float:
    times = sorted(each.seconds * 1000 for each in entries)
    return times[int(percent / 100 * (len(times) - 1))] if times else 0.0


def _load(stage: Stage) -> Load:
    return Load(stage.ports, coming=requests(_PROMPTS), most_wait=60)


async def _capacity(stage: Stage, seconds: float) -> tuple[float, float]:
    """Answers in a second, and their p99 in ms."""
    load = _load(stage)

    async def caller() -> None:
        for request in load.coming:
            if load.now >= seconds:
                return
            await load.one(request)

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))
    taken = load.now
    load.close()
    wave = Wave.of(load.ledger)
    return len(wave.admitted) / taken, _quantile(wave.admitted, 99)


async def _flood(stage: Stage, rate: float, seconds: float) -> tuple[Load, int, int]:
    load, kept_back, most_open = _load(stage), 0, 0
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(number / rate - load.now)
            most_open = max(most_open, len(load.ledger.open))
            if len(load.ledger.open) >= _MOST_OPEN:
                kept_back += 1
                continue
            group.create_task(load.one(next(load.coming)))
            if number % max(1, round(rate * 5)) == 0:
                failed = len(load.ledger.failed)
                tell(
                    f"{load.now:5.0f} s  sent {load.ledger.sent}, open {len(load.ledger.open)}, refused {failed}"
                )
        last = load.now
    tell(f"the last was answered {load.now - last:.1f} s later")
    load.close()
    return load, kept_back, most_open


async def _well_again(stage: Stage, usual: float) -> float:
    """Seconds until five in a row, one after the other, are as quick as many at once were before."""
    load, quick = _load(stage), 0
    began = load.now
    async for entry in _one_by_one(load):
        quick = quick + 1 if not entry.wrong and entry.seconds * 1000 <= usual else 0
        if quick == 5 or load.now > 60:
            break
    load.close()
    return load.now - began


async def _one_by_one(load: Load) -> AsyncIterator[Entry]:
    for request in load.coming:
        await load.one(request)
        yield load.ledger.entries[request.token]

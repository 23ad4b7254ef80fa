"""One soak: warm-up, load, quiet, failures; what was held at each point; and what that says.

The same requests go before the memory counts as after it, so what grows is not what is loaded at the
first request of a kind.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.soak import failing
from tests.soak.load import Load
from tests.soak.processes import Held, Watch, held
from tests.soak.slopes import Growth, growth
from tests.soak.verdicts import Line, load_average, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.soak.ledger import Ledger
    from tests.soak.stage import Stage

_SPEAKS_EVERY = 5.0
_FITTED = 0.8
"""The part of the time whose memory is fitted: of ten minutes all from minute 2 on."""
_UPSTREAMS = r"^cluster\..*\.upstream_(cx|rq)_active$"
_DOWNSTREAMS = r"^http\..*\.downstream_rq_active$"
_EXT_PROC = r"ext_proc\.streams_(started|closed|failed)$"


@dataclass(frozen=True)
class Options:
    seconds: float = 600.0
    rate: float = 50.0
    idle: float = 30.0
    """Seconds of quiet after the load."""
    failures: int = 300
    """Of each class."""
    callers: int = 0
    """Instead of a rate, which is then only how many requests there are: each asks when it is answered."""

    async def load(self, load: Load, seconds: float) -> None:
        if self.callers:
            await load.one_by_one(self.callers, round(self.rate * seconds))
        else:
            await load.at_rate(self.rate, seconds)


@dataclass(frozen=True)
class Point:
    """What is held at one time."""

    processes: Mapping[str, Held]
    connections: int
    """Of Envoy, to all that is behind it."""
    active: int
    """Requests that are being answered, our own question not among them."""
    ext_proc: int
    """Calls of Envoy to an extproc that have not ended."""


@dataclass
class Found:
    options: Options
    ledger: Ledger
    upstream: Mapping[str, int]
    watch: Watch
    before: Point
    after: Point
    restarts: int
    failing: failing.Found
    load_average: str = field(default_factory=load_average)

    @property
    def fitted_from(self) -> float:
        samples = next(iter(self.watch.samples.values()))
        return samples[-1][0] * (1 - _FITTED)

    def grown(self) -> dict[str, Growth]:
        return {
            name: growth(
                [each for each in self.watch.megabytes(name) if each[0] >= self.fitted_from]
            )
            for name in self.watch.samples
        }


async def soak(stage: Stage, options: Options) -> Found:
    """The load begins in a gateway that has seen each kind of request, and each failure, once."""
    pids = stage.pids()
    # What was asked and struck by others before is not this load's.
    stage.provider.seen.clear()
    ended_before = stage.restarts()
    load = Load(stage.ports)
    await options.load(load, 80 / options.rate)
    load.close()
    await asyncio.sleep(min(2.0, options.idle))
    before = await point(stage, pids)
    tell(f"warm: {load.ledger.sent} requests")
    watch, stop = Watch(pids, every=min(2.0, options.seconds / 20)), asyncio.Event()
    load.began = asyncio.get_running_loop().time()
    watching = asyncio.create_task(watch.until(stop))
    speaking = asyncio.create_task(_progress(load, watch))
    await options.load(load, options.seconds)
    stop.set()
    speaking.cancel()
    await asyncio.gather(watching, speaking, return_exceptions=True)
    load.close()
    tell(f"quiet for {options.idle:.0f} s")
    await asyncio.sleep(options.idle)
    after = await point(stage, pids)
    failed = await failing.run(stage, pids, options.failures)
    restarts = stage.restarts() - ended_before
    upstream = dict(stage.provider.seen)
    return Found(options, load.ledger, upstream, watch, before, after, restarts, failed)


async def point(stage: Stage, pids: Mapping[str, int]) -> Point:
    upstreams = await stage.stats(_UPSTREAMS)
    downstreams = await stage.stats(_DOWNSTREAMS)
    calls = await stage.stats(_EXT_PROC)
    return Point(
        processes={name: held(pid) for name, pid in pids.items()},
        connections=sum(n for name, n in upstreams.items() if name.endswith("cx_active")),
        active=sum(n for name, n in downstreams.items() if ".admin." not in name),
        ext_proc=sum(-n if not name.endswith("started") else n for name, n in calls.items()),
    )


async def _progress(load: Load, watch: Watch) -> None:
    while True:
        await asyncio.sleep(_SPEAKS_EVERY)
        ledger = load.ledger
        memory = " ".join(f"{name} {each[-1][1].mb:.0f}" for name, each in watch.samples.items())
        failed = len(ledger.failed)
        tell(
            f"{load.now:5.0f} s  sent {ledger.sent}, open {len(ledger.open)}, wrong {failed}  "
            f"p50 {ledger.quantile_ms(50):.0f} p99 {ledger.quantile_ms(99):.0f} ms  MB: {memory}  "
            f"load {os.getloadavg()[0]:.1f}"
        )


_BOUNDS = {"envoy": (0.05, 5.0), "extproc-0": (0.05, 20.0), "extproc-1": (0.05, 20.0)}
"""A share of what it has, or so many MB; 5 % for all others."""


def verdicts(found: Found) -> list[Line]:
    return [*_ledger(found), *_memory(found), *_left_open(found), *failing.verdicts(found.failing)]


def _ledger(found: Found) -> list[Line]:
    ledger, wrong = found.ledger, found.ledger.reckoned(found.upstream)
    refused = sum(not entry.kind.passes for entry in ledger.entries.values())
    passed = sum(found.upstream.get(token, 0) for token in ledger.entries)
    unexpected = sum("50" in (entry.wrong or "")[:2] for entry in ledger.entries.values())
    cut = sum(
        "without its end" in (e.wrong or "") or "Incomplete" in (e.wrong or "")
        for e in ledger.failed
    )
    numbers = f"{ledger.sent} sent, {len(ledger.entries)} answered, {passed} passed on + {refused} refused"
    return [
        Line(
            "ledger by request id",
            "sent = answered, each with its own body = passed on + refused",
            numbers + (f"; {len(wrong)} lines do not add up, first: {wrong[0]}" if wrong else ""),
            not wrong and ledger.sent == len(ledger.entries) == passed + refused,
        ),
        Line("5xx that nobody expects", "0", str(unexpected), unexpected == 0),
        Line(
            "streams cut",
            "0",
            f"{cut} of {sum('stream' in e.kind.name for e in ledger.entries.values())}",
            cut == 0,
        ),
        Line("processes restarted", "0", str(found.restarts), found.restarts == 0),
    ]


def _memory(found: Found) -> list[Line]:
    lines = []
    for name, grown in found.grown().items():
        share, amount = _BOUNDS.get(name, (0.05, 0.0))
        goal = f"≤ +{share:.0%}" + (f" or {amount:.0f} MB" if amount else "")
        span = f"memory of {name} in the last {grown.seconds:.0f} s"
        lines.append(Line(span, goal, f"{grown}", grown.within(share, amount)))
    return lines


def _left_open(found: Found) -> list[Line]:
    before, after = found.before, found.after
    quiet = f"after {found.options.idle:.0f} s of quiet"
    lines = []
    for what in ("files", "threads"):
        more = {
            name: getattr(after.processes[name], what) - getattr(was, what)
            for name, was in before.processes.items()
        }
        said = ", ".join(f"{name} {count:+d}" for name, count in more.items())
        lines.append(
            Line(f"{what} {quiet}", "as before ± 5", said, all(abs(n) <= 5 for n in more.values()))
        )
    more = after.connections - before.connections
    said = f"{before.connections} → {after.connections}"
    lines.append(Line(f"upstream connections {quiet}", "as before ± 5", said, abs(more) <= 5))
    still = f"{after.active} requests, {after.ext_proc} calls of extproc"
    lines.append(Line(f"active {quiet}", "0 and 0", still, after.active == after.ext_proc == 0))
    return lines


def as_json(found: Found, lines: list[Line]) -> dict[str, Any]:
    ledger = found.ledger
    return {
        "options": asdict(found.options),
        "load_average": found.load_average,
        "asked": dict(ledger.by_kind()),
        "p50_ms": {name: round(ledger.quantile_ms(50, name)) for name in sorted(ledger.by_kind())},
        "p99_ms": {name: round(ledger.quantile_ms(99, name)) for name in sorted(ledger.by_kind())},
        "lines": [asdict(line) for line in lines],
        "fitted_from": found.fitted_from,
        "memory": {
            name: [(round(when, 1), round(mb, 2)) for when, mb in found.watch.megabytes(name)]
            for name in found.watch.samples
        },
    }

"""Signals to one process of the gateway: what each may cost."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.soak.chaos.scene import Pace, Scene, scene
from tests.soak.kinds import KINDS
from tests.soak.verdicts import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.stage import Stage

SLACK_S = 3.0
"""Of a machine that has other things to do: what a blow costs in time is told, and bounded with this more."""


@dataclass(frozen=True)
class Blow:
    """What it may cost at most; None: as much as it does."""

    name: str
    child: str
    number: signal.Signals
    failed: int | None = 0
    """Requests, streams that were open not among them; of forty a second."""
    keeps_streams: bool = True
    window: float | None = None
    """Seconds after which no request fails that is asked then."""
    first: float | None = None
    """Seconds to the first good answer."""
    each: float | None = None
    """Seconds that a request may take to fail."""
    well: float = 15.0
    """Seconds until everything is there again."""
    only: str = "."
    """What every failure says."""
    more_attacks: bool = False
    why: str = ""

    def goal(self) -> str:
        parts = ["as many as it costs" if self.failed is None else f"≤ {self.failed} fail"]
        parts += ["no open stream is lost"] if self.keeps_streams else []
        parts += [f"for ≤ {self.window:g} s"] if self.window is not None else []
        parts += [f"a good answer in ≤ {self.first:g} s"] if self.first else []
        parts += [f"each in ≤ {self.each:g} s"] if self.each else []
        parts += [f"each says {self.only}"] if self.only != "." else []
        return ", ".join([*parts, f"whole again in ≤ {self.well:g} s", "nothing unguarded passes"])


_GUARD_IS_GONE = "guard_unavailable|intent_unavailable"
BLOWS = (
    Blow("kill -9 of Envoy", "envoy", signal.SIGKILL,
         failed=20, keeps_streams=False, window=0.5, first=1.0),
    Blow("kill -9 of one extproc of two", "extproc-0", signal.SIGKILL, failed=2),
    Blow("kill -9 of the model server", "modelserver", signal.SIGKILL,
         failed=None, window=5.0, only=_GUARD_IS_GONE, more_attacks=True),
    Blow("SIGSTOP of one extproc of two", "extproc-1", signal.SIGSTOP,
         failed=None, window=1.0, each=1.05),
    Blow("SIGSTOP of the model server", "modelserver", signal.SIGSTOP,
         failed=None, window=10.0, only=_GUARD_IS_GONE, more_attacks=True),
    Blow("SIGSTOP of Envoy", "envoy", signal.SIGSTOP,
         failed=None, keeps_streams=False, window=12.0),
    Blow("SIGTERM of one extproc", "extproc-0", signal.SIGTERM),
    Blow("SIGTERM of the other", "extproc-1", signal.SIGTERM),
    Blow("SIGTERM of the only model server", "modelserver", signal.SIGTERM,
         failed=None, window=5.0, only=_GUARD_IS_GONE,
         why="alone it has no twin that takes its prompts while it starts"),
    Blow("SIGTERM of Envoy behind the supervisor's back", "envoy", signal.SIGTERM,
         failed=20, keeps_streams=False, window=0.5, first=1.0),
)  # fmt: skip


async def struck(stage: Stage, blow: Blow, pace: Pace, slack: float = SLACK_S) -> list[Line]:
    kinds = KINDS
    if blow.more_attacks:
        kinds = tuple(replace(kind, cards=20) if "guard" in kind.name else kind for kind in KINDS)
    async with scene(stage, pace, kinds) as play:
        os.kill(play.pids[blow.child], blow.number)
        well = await play.all_well(blow.child)
    faults = list(_faults(play, blow, well, slack))
    said = ", ".join(_measured(play, blow, well))
    return [Line(blow.name, blow.goal(), "; ".join([said, *faults]), not faults, blow.why)]


def _faults(play: Scene, blow: Blow, well: float, slack: float) -> Iterator[str]:
    others = play.others_failed
    scale = max(1.0, play.pace.rate / 40)
    if blow.failed is not None and len(others) > blow.failed * scale:
        yield f"more fail than {blow.failed}"
    if blow.keeps_streams and play.streams_lost:
        yield "open streams were lost"
    if blow.window is not None and play.window > blow.window + slack:
        yield "requests failed for longer"
    if blow.first and play.first_good() > blow.first + slack:
        yield "the first good answer took longer"
    if blow.each and (slow := [e for e in others if e.seconds > blow.each + slack]):
        yield f"{len(slow)} took longer to fail"
    if odd := [each.wrong for each in others if not re.search(blow.only, each.wrong or "")]:
        yield f"{len(odd)} say something else, first: {odd[0]}"
    if well > blow.well + slack:
        yield "it took longer to be whole"
    if play.smuggled():
        yield f"{play.smuggled()} passed that must not"
    if play.lost():
        yield f"{play.lost()} were never answered"


def _measured(play: Scene, blow: Blow, well: float) -> Iterator[str]:
    others = play.others_failed
    yield f"{len(others)} of {play.load.ledger.sent} failed"
    if others:
        yield f"for {play.window:.2f} s, the slowest in {max(e.seconds for e in others):.2f} s"
    yield f"{len(play.streams_lost)} of {play.streams_open} open streams lost"
    yield f"first good answer {play.first_good():.2f} s"
    yield f"whole again {well:.1f} s"
    yield f"p99 {play.p99_ms(before=True):.0f} → {play.p99_ms(before=False):.0f} ms"
    yield f"{play.smuggled()} unguarded passed"

"""The end of the supervisor, asked for or not: what becomes of its children, its streams and its files."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from tests.soak.chaos.scene import Pace, scene
from tests.soak.verdicts import Line

if TYPE_CHECKING:
    from tests.soak.stage import Stage


async def killed(stage: Stage, pace: Pace, slack: float) -> list[Line]:
    """Without a word: the kernel takes the children along, and the next `up` finds nothing in its way."""
    async with scene(stage, pace) as play:
        os.kill(play.pids["supervisor"], signal.SIGKILL)
        gone = await _gone(stage)
        up = await asyncio.to_thread(stage.gateway.up)
        well = play.load.now - play.struck
    name = "kill -9 of the supervisor"
    started = stage.pids().keys() if up.returncode == 0 else set()
    return [
        Line(name, "its children end in ≤ 1 s", f"all gone after {gone:.2f} s", gone <= 1 + slack),
        Line(f"{name}: the next up", "starts, and nothing unguarded passes",
             f"exit {up.returncode}, {len(started)} there after {well:.1f} s; {play.smuggled()} passed",
             started == play.pids.keys() and not play.smuggled()),
    ]  # fmt: skip


async def brought_down(stage: Stage, pace: Pace) -> list[Line]:
    """`archgw down` while streams are open: they come to their end, and nothing is left."""
    async with scene(stage, pace) as play:
        code = (await asyncio.to_thread(stage.gateway.run, "down")).returncode
        took = play.load.now - play.struck
    orphans = len(stage.gateway.processes())
    left = [path.name for path in stage.gateway.home.run.iterdir()]
    first = f", first: {play.cut[0].wrong}" if play.cut else ""
    up = await asyncio.to_thread(stage.gateway.up)
    return [
        Line("archgw down with streams open", "all that was asked before is answered, exit 0, ≤ 60 s",
             f"{len(play.cut)} cut of what was open{first}; exit {code} after {took:.1f} s", not play.cut and code == 0 and took <= 60),
        Line("archgw down: what is left", "no process, no socket; up again",
             f"{orphans} processes, {left or 'no'} sockets; up exits {up.returncode}", not orphans and not left and up.returncode == 0),
    ]  # fmt: skip


async def _gone(stage: Stage) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while stage.gateway.processes():
        await asyncio.sleep(0.02)
        if loop.time() - began > 30:
            return float("inf")
    return loop.time() - began

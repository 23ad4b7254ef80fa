"""Configs that change every second while streams are open, some of them wrong."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controlplane.supervise import control_client
from tests.fakes.provider import Behaviour
from tests.soak.chaos.scene import STREAM_PAUSE, Pace, Scene, scene
from tests.soak.kinds import CHUNKS, KINDS, LLM, PROMPT, requests
from tests.soak.load import Load
from tests.soak.processes import living
from tests.soak.verdicts import Line, tell

if TYPE_CHECKING:
    from tests.soak.kinds import Kind, Request
    from tests.soak.stage import Stage

_BAD_EVERY = 5
_MORE = """\
  - name: leave_{number}
    description: Book days of vacation for an employee.
    endpoint: {{name: app, path: /leave, http_method: POST}}
    parameters: [{{name: days, type: int, description: How many, required: true}}]
"""
_BAD = "  - nam: two\n"


@dataclass
class Reloads:
    seconds: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


async def reloaded(stage: Stage, pace: Pace, count: int, every: float = 1.0) -> list[Line]:
    """Four streams are open from the first to the last; all others come and go."""
    made = Reloads()
    # Before there is any load: the provider is slow for all who ask it while they begin.
    long_ones = await _long_streams(stage, pace.before + count * every)
    async with scene(stage, pace) as play:
        before = living(play.pids)
        for number in range(count):
            due = play.struck + number * every
            await asyncio.sleep(due - play.load.now)
            await _reload(stage, play, number, made)
            if number % 10 == 9:
                tell(f"{number + 1} reloads, {len(play.failed)} requests failed")
        streams = [load.ledger for load in await asyncio.gather(*long_ones)]
    stage.write()
    control_client.reload(stage.gateway.home.control_socket, stage.gateway.env)
    grown = {name: each.mb / before[name].mb - 1 for name, each in living(play.pids).items()}
    bad = sum(number % _BAD_EVERY == _BAD_EVERY - 1 for number in range(count))
    lost = sum(len(ledger.failed) for ledger in streams) + len(play.streams_lost)
    refused = sum(code != 0 for code in made.codes)
    name = f"{count} reloads in {play.load.now - play.struck - pace.after:.0f} s"
    return [
        _failures(f"{name}: calls of the LLM listener", play, LLM),
        _failures(f"{name}: prompts", play, PROMPT),
        Line(f"{name}: streams", "0 lost", f"{lost} lost; {len(streams)} were open throughout", lost == 0),
        Line(f"{name}: wrong ones", f"{bad} refused, {count - bad} applied", f"{refused} refused; {statistics.median(made.seconds):.2f} s each in the middle", refused == bad),
        Line(f"{name}: memory", "≤ +5 % a process, none restarts", ", ".join(f"{each} {share:+.1%}" for each, share in grown.items()), grown.keys() == play.pids.keys() and max(grown.values()) <= 0.05),
    ]  # fmt: skip


def _failures(name: str, play: Scene, listener: str) -> Line:
    asked = [each for each in play.entries if each.kind.listener == listener]
    failed = [each for each in asked if each.wrong]
    first = f", first: {failed[0].wrong}" if failed else ""
    said = f"{len(failed)} of {len(asked)} fail{first}"
    return Line(name, "0 fail", said, not failed and not play.lost())


async def _reload(stage: Stage, play: Scene, number: int, made: Reloads) -> None:
    """Models and targets change by turns, so that routes and what extproc decides by do."""
    bad = number % _BAD_EVERY == _BAD_EVERY - 1
    more = _MORE.format(number=number % 3) if number % 2 else ""
    stage.write(model=f"gpt-{number}", more=_BAD if bad else more)
    began = play.load.now
    verdict = await asyncio.to_thread(
        control_client.reload, stage.gateway.home.control_socket, stage.gateway.env
    )
    made.seconds.append(play.load.now - began)
    made.codes.append(verdict.code)


async def _long_streams(stage: Stage, seconds: float) -> list[asyncio.Task[Load]]:
    """Two on each listener, that have begun before anything changes."""
    kinds = [kind for kind in KINDS if kind.stream]
    streams = [await _begun(stage, kinds[number % 2], seconds) for number in range(4)]
    stage.provider.behaviour = Behaviour(chunk_delay=STREAM_PAUSE)
    return streams


async def _begun(stage: Stage, kind: Kind, seconds: float) -> asyncio.Task[Load]:
    """A busy machine may refuse a prompt, which then is asked again."""
    for _ in range(5):
        stage.provider.behaviour = Behaviour(chunk_delay=seconds / CHUNKS)
        load, request = Load(stage.ports, most_wait=seconds + 60), next(requests([kind]))
        task = asyncio.create_task(_one(load, request))
        while not task.done():
            if stage.provider.seen[request.token]:
                return task
            await asyncio.sleep(0.02)
    raise AssertionError(f"{kind.name} is refused: {task.result().ledger.failed}")


async def _one(load: Load, request: Request) -> Load:
    await load.one(request)
    load.close()
    return load

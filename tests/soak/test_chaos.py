"""`make chaos` in short, on a real gateway: exact on what may be lost, wide on how long it takes.

Prompts may be refused while what decides them is away, on a busy machine also for other reasons. What
may never be: a stream that is cut, a call of the LLM listener that fails for extproc's sake, a
request without an answer, one that passes unguarded. How the supervisor ends is in
tests/e2e/test_supervise.py and test_supervise_prompts.py.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controlplane.supervise import control_client
from tests.soak.chaos.blows import BLOWS
from tests.soak.chaos.reloads import reloaded
from tests.soak.chaos.scene import Pace, Scene, scene
from tests.soak.chaos.slow import slowed
from tests.soak.kinds import KINDS, LLM

if TYPE_CHECKING:
    from tests.soak.chaos.blows import Blow
    from tests.soak.stage import Stage

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]

# So long that a call of each kind comes after it, too.
PACE = Pace(rate=4, before=1.5, after=4.0)
SLACK_S = 60.0
MORE_ATTACKS = tuple(replace(kind, cards=10) if "guard" in kind.name else kind for kind in KINDS)


def blow(name: str) -> Blow:
    (found,) = (each for each in BLOWS if each.name == name)
    return found


async def after(stage: Stage, struck: Blow) -> Scene:
    async with scene(stage, PACE, MORE_ATTACKS) as play:
        os.kill(play.pids[struck.child], struck.number)
        well = await play.all_well(struck.child)
    assert well < PACE.patience
    assert play.lost() == play.smuggled() == 0
    return play


@pytest.mark.parametrize(
    "name",
    [
        "kill -9 of one extproc of two",
        "kill -9 of the model server",
        "SIGTERM of the other",
    ],
)
async def test_what_decides_prompts_may_go(running: Stage, name: str) -> None:
    """Prompts that it had are refused; nothing else is, no stream is cut, and it comes back."""
    play = await after(running, blow(name))
    assert [each.wrong for each in play.failed if each.kind.listener == LLM] == []
    assert play.streams_lost == []
    refused = {each.wrong[:4] for each in play.failed if each.wrong}
    assert refused <= {"503 "}


async def test_killed_envoy_serves_again(running: Stage) -> None:
    """What was open is lost with it; what comes when it is back is answered."""
    play = await after(running, blow("kill -9 of Envoy"))
    assert play.first_good(LLM) < SLACK_S
    assert play.window < SLACK_S


async def test_reloads_lose_nothing(running: Stage) -> None:
    """Right ones and wrong ones by turns: streams and calls of the LLM listener go on."""
    lines = await reloaded(running, PACE, count=5, every=0.5)
    calls, _prompts, streams, wrong, _memory = lines
    assert [each.shown() for each in (calls, streams, wrong) if not each.held] == []
    assert control_client.status(running.gateway.home.control_socket).state == "running"


async def test_slow_clients_are_let_go(running: Stage) -> None:
    """Each that sends its headers by the byte gets a 408, and nothing is held for those who read nothing."""
    lines = await slowed(running, PACE, 40, SLACK_S, patient=False)
    assert [line.shown() for line in lines if not line.held and "the others" not in line.what] == []

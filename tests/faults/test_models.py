"""Row 50: the model server that ships, as a child of the gateway, is killed, hangs or has no memory left."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controlplane.supervise.canary import ATTACK
from tests.e2e.archgw import until
from tests.faults.load import MOST_PRESSURE, pressure, under_load
from tests.faults.stage import Stage, staged

pytestmark = [pytest.mark.alone, pytest.mark.slow]

Figure = Callable[[object], None]
REFUSAL = "I would rather not."
PATIENCE = 90


@pytest.fixture(scope="module")
def module_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("m"), real_models=True) as stage:
        yield stage


@pytest.fixture
def stage(module_stage: Stage) -> Stage:
    until(lambda: _refuses(module_stage), PATIENCE)
    module_stage.one.forget()
    return module_stage


def test_row_50_kill_of_the_model_server(stage: Stage, figure: Figure) -> None:
    """While it is away each prompt is refused, none passes unjudged; another comes by itself."""
    back: list[float] = []

    def kill() -> None:
        began = time.monotonic()
        stage.kill("modelserver")
        until(lambda: stage.prompt.chat("hello").status == 200, PATIENCE)
        back.append(time.monotonic() - began)

    load = asyncio.run(under_load(stage.prompt_port, kill, rate=5, seconds=8))
    refused = [each for each in load.calls if each.status != 200]
    figure(f"{len(refused)} of {len(load.calls)} refused; prompts answered {back[0]:.1f} s later")
    assert {each.status for each in refused} <= {503}
    until(lambda: _refuses(stage), PATIENCE)


def test_row_50_hang_of_the_model_server(stage: Stage, figure: Figure) -> None:
    """One that is stopped is known by its doing nothing, and replaced without waiting out its patience.

    It has answered a probe before: until then it is given the time of a start.
    """
    answering = stage.archgw.child("modelserver")["uptime_s"]
    until(lambda: stage.archgw.child("modelserver")["uptime_s"] > answering + 3)
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        old = stage.signal("modelserver", signal.SIGSTOP)
        asked = pool.submit(stage.prompt.chat, "Who answers?")
        until(lambda: stage.pid("modelserver") not in (None, old), PATIENCE)
        replaced = time.monotonic() - began
        until(lambda: _refuses(stage), PATIENCE)
        well = time.monotonic() - began
    missed = stage.probes_missed("modelserver")[-1]
    figure(f"replaced after {missed} probes, {replaced:.1f} s; well again after {well:.1f} s")
    assert asked.result().status == 503
    # The first may have begun while it still worked.
    assert missed <= 3
    assert well < 10 or pressure() > MOST_PRESSURE


def test_row_50_no_memory_left(stage: Stage, figure: Figure) -> None:
    """A prompt that it has no room for is refused, not let through; then it is well, or another is."""
    pid = stage.pid("modelserver")
    assert pid is not None
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.prlimit(pid, resource.RLIMIT_AS, (size // 2, resource.RLIM_INFINITY))
    statuses = [stage.prompt.chat(f"{number} {'word ' * 9000}").status for number in range(3)]
    judged = [_said(stage, f"{ATTACK} Number {number}.") for number in range(2)]
    lives = stage.pid("modelserver") == pid
    if lives:
        os.kill(pid, signal.SIGKILL)  # as the kernel would at the end of a container's memory
    until(lambda: _refuses(stage), PATIENCE)
    figure(f"without room: {statuses}; it {'lived on' if lives else 'died, another came'}")
    assert set(statuses) <= {200, 503}
    assert all(REFUSAL in said or "unavailable" in said for said in judged)


def _refuses(stage: Stage) -> bool:
    """Whether an attack is refused again: a new text, as what was judged before needs no model server."""
    return REFUSAL in _said(stage, f"{ATTACK} Try {time.monotonic()}.")


def _said(stage: Stage, text: str) -> str:
    """An attack reaches the provider in no case."""
    before = len(stage.one.received)
    answer = stage.prompt.chat(text)
    assert len(stage.one.received) == before
    return answer.text

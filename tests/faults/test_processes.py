"""Rows 45 to 51: processes that die, hang or are asked too much, in a whole gateway under load."""

from __future__ import annotations

import asyncio
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.archgw import until
from tests.fakes.model_server import Script
from tests.faults.load import MOST_PRESSURE, Load, best_of, pressure, under_load
from tests.faults.stage import Stage, staged

pytestmark = pytest.mark.alone

Figure = Callable[[object], None]
STREAMS = 10


@pytest.fixture(scope="module")
def module_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("p")) as stage:
        yield stage


@pytest.fixture
def stage(module_stage: Stage) -> Stage:
    module_stage.wait_until_well()
    module_stage.one.forget()
    module_stage.models.received.clear()
    return module_stage


def replaced(stage: Stage, name: str, old: int, within: float = 30) -> float:
    """Seconds until another process is in its place."""
    began = time.monotonic()
    until(lambda: stage.pid(name) not in (None, old), within)
    return time.monotonic() - began


def test_row_45_kill_of_one_extproc(stage: Stage, figure: Figure) -> None:
    """Two calls are lost at most and none hangs; every stream is whole; a new process comes.

    What it had in hand when it was killed is lost, which on a busy machine may be more: the least
    of three kills counts.
    """
    stage.one.behaviour.chunks, stage.one.behaviour.chunk_delay = 40, 0.1
    took: list[float] = []

    def kill() -> None:
        took.append(replaced(stage, "extproc-0", stage.kill("extproc-0")))

    def run() -> Load:
        stage.wait_until_well()
        stage.one.received.clear()
        with ThreadPoolExecutor(STREAMS) as pool:
            streams = [pool.submit(stage.prompt.chat, "hello", stream=True) for _ in range(STREAMS)]
            until(lambda: len(stage.one.received) >= STREAMS, 20)
            load = asyncio.run(under_load(stage.prompt_port, kill))
            answers = [each.result() for each in streams]
        assert all(each.complete and each.text.endswith("data: [DONE]\n\n") for each in answers)
        return load

    load = best_of(run, lambda load: len(load.lost) <= 2)
    figure(f"{load}; {STREAMS} of {STREAMS} streams whole; a new process after {took[-1]:.1f} s")
    assert load.statuses <= {503}
    assert len(load.lost) <= 2, load
    assert min(took) < 10


def test_row_46_an_extproc_that_hangs(stage: Stage, figure: Figure) -> None:
    """What it holds ends within seconds, the rest goes to the other one; it is replaced."""
    took: list[float] = []

    def hang() -> None:
        took.append(replaced(stage, "extproc-1", stage.signal("extproc-1", signal.SIGSTOP)))

    def run() -> Load:
        stage.wait_until_well()
        until(lambda: stage.archgw.child("extproc-1")["uptime_s"] > 3)
        return asyncio.run(under_load(stage.prompt_port, hang, seconds=8))

    load = best_of(run, lambda load: load.window < 6)
    missed = stage.probes_missed("extproc-1")
    figure(f"{load}; replaced after {missed[-1]} probes, {took[-1]:.1f} s")
    assert load.statuses <= {503, 504}
    assert load.slowest_loss < 4
    assert load.window < 6
    # It does nothing, and so is not given the patience that one has who works.
    assert max(missed) <= 3
    assert min(took) < 6 or pressure() > MOST_PRESSURE


def test_row_47_no_extproc_at_all(stage: Stage, figure: Figure) -> None:
    """503 at once while there is none, nothing passes unjudged; then all is well again."""
    back: list[float] = []

    def kill() -> None:
        began = time.monotonic()
        for name in ("extproc-0", "extproc-1"):
            stage.kill(name)
        time.sleep(0.2)
        stage.wait_until_well()
        back.append(time.monotonic() - began)

    def run() -> Load:
        stage.wait_until_well()
        return asyncio.run(under_load(stage.prompt_port, kill))

    load = best_of(run, lambda load: bool(load.lost))
    fastest = min(each.took for each in load.lost)
    figure(f"{load}, the fastest after {1000 * fastest:.0f} ms; well again after {back[-1]:.1f} s")
    assert {(each.status, each.code) for each in load.lost} == {(503, "unavailable")}
    assert fastest < 0.2
    # What reached the provider was judged before: the models were asked as often, at least.
    assert len(stage.one.received) <= len(stage.models.received)
    assert stage.prompt.chat("hello").status == 200


def test_row_49_more_prompts_than_extproc_takes(stage: Stage, figure: Figure) -> None:
    """Beyond 512 at once Envoy refuses a prompt; nobody waits in a queue that grows.

    So does an extproc process long before that, once it knows how long a decision takes: these have
    just been started.
    """
    for name in ("extproc-0", "extproc-1"):
        replaced(stage, name, stage.kill(name))
    _both_answer(stage)
    load, active = _flooded(stage, Script(hung=True), 700)
    refused = [each for each in load.calls if each.code == "unavailable"]
    figure(f"{len(refused)} of {len(load.calls)} refused, {max(active)} in hand at most")
    assert {each.status for each in load.calls} == {503}
    assert 0 < max(active) <= 512
    assert refused
    until(lambda: stage.prompt.chat("hello").status == 200, 30)


def test_row_49_more_prompts_than_models_decide(stage: Stage, figure: Figure) -> None:
    """Who would wait too long is refused before those are answered that were let in, and no model asked."""
    _both_answer(stage)
    usual, stage.models.script = stage.models.script, Script(delay=0.2)
    for _ in range(20):
        assert stage.prompt.chat("hello").status == 200
    stage.models.script = usual
    stage.models.received.clear()
    load, _ = _flooded(stage, Script(delay=2.0), 200)
    refused = [each.took for each in load.calls if each.code == "overloaded"]
    let_in = [each.took for each in load.calls if each.code != "overloaded"]
    soon, late = statistics.median(refused), statistics.median(let_in)
    figure(
        f"{len(refused)} of {len(load.calls)} told to come again, after {1000 * soon:.0f} ms where an"
        f" answer took {1000 * late:.0f} ms"
    )
    assert len(refused) > len(let_in)
    assert soon < late
    assert len(stage.models.received) <= len(let_in)
    until(lambda: stage.prompt.chat("hello").status == 200, 30)


def _both_answer(stage: Stage) -> None:
    """Both processes do, as far as so many in a row can tell: one may still leave the models alone."""
    until(lambda: all(stage.prompt.chat("hello").status == 200 for _ in range(10)), 30)


def _flooded(stage: Stage, script: Script, prompts: int) -> tuple[Load, list[int]]:
    """By so many in half a second, with models that do so; how many extproc had in hand meanwhile."""
    usual, stage.models.script = stage.models.script, script
    active: list[int] = []

    def look() -> None:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            active.append(stage.counter("cluster.extproc.upstream_rq_active"))

    try:
        load = asyncio.run(
            under_load(stage.prompt_port, look, rate=2 * prompts, seconds=0.5, before=0)
        )
    finally:
        stage.models.script = usual
    return load, active


def test_row_51_kill_of_envoy(stage: Stage, figure: Figure) -> None:
    """All that fail fail at once, for as long as a start takes; then the same config is served."""
    took: list[float] = []

    def kill() -> None:
        took.append(replaced(stage, "envoy", stage.kill("envoy")))

    load = best_of(
        lambda: asyncio.run(under_load(stage.llm_port, kill)), lambda load: load.window < 3
    )
    figure(f"{load}; a new process after {took[-1]:.1f} s")
    assert load.statuses <= {0, 503}
    assert load.window < 5
    assert load.calls[-1].status == 200
    assert stage.archgw.status()["state"] == "running"

"""Children are restarted when they die, replaced when they hang, given up with a reason."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controlplane.supervise.processes import child as child_module
from controlplane.supervise.processes.child import ChildFailedError, ChildSpec, backoff, last_lines
from controlplane.supervise.processes.children import Children
from controlplane.supervise.processes.process import identity


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same behaviour in a tenth of the time."""
    monkeypatch.setattr(child_module, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(child_module, "_LAST_DELAY", 0.05)
    monkeypatch.setattr(child_module, "_PROBE_EVERY", 0.02)


def spec(tmp_path: Path, code: str, **more: Any) -> ChildSpec:
    argv = (sys.executable, "-I", "-S", "-c", code)
    return ChildSpec(name="worker", argv=argv, log=tmp_path / "worker.log", **more)


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


async def running(children: Children, tmp_path: Path, text: str) -> int:
    """Waits for the child's words; returns its pid."""
    await until(lambda: text in last_lines(tmp_path / "worker.log"))
    pid = children.statuses()[0].pid
    assert pid is not None
    return pid


SLEEP = "print('ready', flush=True); import time; time.sleep(60)"
SPIN = "print('ready', flush=True)\nwhile True: pass"


async def test_dead_child_is_restarted(tmp_path: Path) -> None:
    """After kill -9 there is a new process, and the restart is counted."""
    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, SLEEP)])
    pid = await running(children, tmp_path, "ready")
    children.settle()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: children.statuses()[0].pid not in (None, pid))
    assert children.statuses()[0].restarts == 1
    await children.stop(2)


async def test_recorded_by_pid_and_start_time(tmp_path: Path) -> None:
    """The record names the running process, and is gone after stop."""
    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, SLEEP)])
    pid = await running(children, tmp_path, "ready")
    who = identity(pid)
    assert who is not None
    record = json.loads((tmp_path / "children.json").read_text())
    assert record == {"worker": [who.pid, who.started]}
    await children.stop(2)
    assert not (tmp_path / "children.json").exists()
    assert not who.alive


async def test_death_before_the_gateway_is_up_is_a_failure(tmp_path: Path) -> None:
    """The start is not drawn out by restarts: the first death ends it, with the last lines."""
    children = Children(tmp_path / "children.json")
    (tmp_path / "worker.log").write_text("from an earlier life\n")
    children.start_new([spec(tmp_path, "print('no such model'); raise SystemExit(3)")])
    with pytest.raises(ChildFailedError) as caught:
        async with asyncio.timeout(5):
            await children.failed
    message = str(caught.value)
    assert "worker ended with exit status 3" in message
    assert "no such model" in message
    assert "earlier life" not in message
    await children.stop(1)


async def test_crash_loop_of_an_essential_child_ends_with_its_last_lines(tmp_path: Path) -> None:
    """It is tried again and again, then given up with the reason it logged."""
    children = Children(tmp_path / "children.json")
    children.settle()
    code = "import os; print('out of luck', os.getpid(), flush=True); os.kill(os.getpid(), 11)"
    children.start_new([spec(tmp_path, code)])
    with pytest.raises(ChildFailedError, match="crash loop") as caught:
        async with asyncio.timeout(10):
            await children.failed
    assert "SIGSEGV" in str(caught.value)
    assert "out of luck" in str(caught.value)
    log = (tmp_path / "worker.log").read_text()
    assert log.count("out of luck") == child_module.CRASH_LOOP
    await children.stop(1)


async def test_crash_loop_of_another_child_is_shown_and_tried_for_ever(tmp_path: Path) -> None:
    """A model server that cannot start does not take LLM calls down with it."""
    children = Children(tmp_path / "children.json")
    children.settle()
    children.start_new([spec(tmp_path, "raise SystemExit(1)", essential=False)])
    await until(lambda: children.statuses()[0].restarts > child_module.CRASH_LOOP, 10)
    assert children.statuses()[0].state in ("crash loop", "running")
    assert not children.failed.done()
    await children.stop(1)


async def test_hung_child_is_replaced(tmp_path: Path) -> None:
    """One that answered and then stops answering is killed and started anew."""
    healthy = True

    async def probe() -> bool:
        return healthy

    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, SLEEP, probe=probe)])
    pid = await running(children, tmp_path, "ready")
    children.settle()
    await asyncio.sleep(0.2)
    assert children.statuses()[0].pid == pid
    healthy = False
    await until(lambda: children.statuses()[0].pid != pid)
    healthy = True
    await until(lambda: children.statuses()[0].pid not in (None, pid))
    await children.stop(1)


@pytest.mark.parametrize(("code", "patient"), [(SLEEP, False), (SPIN, True)])
async def test_busy_child_is_given_more_time_than_one_that_does_nothing(
    tmp_path: Path, code: str, patient: bool
) -> None:
    """Where others take the CPUs, a slow answer is no hang; one that is stopped is none to wait for."""
    healthy, asked = True, dict[int, int]()
    children = Children(tmp_path / "children.json")

    async def probe() -> bool:
        pid = children.statuses()[0].pid or 0
        asked[pid] = asked.get(pid, 0) + (not healthy)
        return healthy

    children.start_new([spec(tmp_path, code, probe=probe)])
    pid = await running(children, tmp_path, "ready")
    children.settle()
    await until(lambda: pid in asked)
    healthy = False
    await until(lambda: children.statuses()[0].pid != pid)
    healthy = True
    assert (asked[pid] == 5) is patient, asked
    await children.stop(1)


async def test_child_that_never_answered_is_not_called_hung(tmp_path: Path) -> None:
    """A slow start is no reason to be killed."""

    async def probe() -> bool:
        return False

    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, SLEEP, probe=probe)])
    pid = await running(children, tmp_path, "ready")
    await asyncio.sleep(0.3)
    assert children.statuses()[0].pid == pid
    await children.stop(1)


async def test_child_that_never_answers_is_replaced_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs while it starts does not hang for ever."""
    monkeypatch.setattr(child_module, "_START_LIMIT", 0.3)

    async def probe() -> bool:
        return False

    children = Children(tmp_path / "children.json")
    children.settle()
    children.start_new([spec(tmp_path, SLEEP, probe=probe)])
    pid = await running(children, tmp_path, "ready")
    await until(lambda: children.statuses()[0].pid not in (None, pid))
    await children.stop(1)


async def test_a_start_that_takes_longer_than_it_may_succeeds_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine makes every start slow: one that was ended for it has twice as long the next time."""
    monkeypatch.setattr(child_module, "_START_LIMIT", 0.2)
    began: dict[int, float] = {}

    async def probe() -> bool:
        """Yes after two seconds of one life."""
        now = asyncio.get_running_loop().time()
        pid = children.statuses()[0].pid or 0
        return now - began.setdefault(pid, now) >= 2.0

    children = Children(tmp_path / "children.json")
    children.settle()
    (child,) = children.start_new([spec(tmp_path, SLEEP, probe=probe)])
    await until(lambda: child._answered, 30)
    pid = children.statuses()[0].pid
    assert 2 <= len(began) <= 6
    await asyncio.sleep(0.5)
    assert children.statuses()[0].pid == pid
    await children.stop(1)


async def test_hang_right_after_the_first_answer_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for the first yes has seen it; the probing need not see another."""
    monkeypatch.setattr(child_module, "_PROBE_EVERY", 0.3)
    answers = iter([True])

    async def probe() -> bool:
        return next(answers, False)

    children = Children(tmp_path / "children.json")
    children.settle()
    (child,) = children.start_new([spec(tmp_path, SLEEP, probe=probe)])
    await until(lambda: children.statuses()[0].pid is not None)
    pid = children.statuses()[0].pid
    assert await child.answers(1)
    await until(lambda: children.statuses()[0].pid not in (None, pid))
    await children.stop(1)


async def test_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Stop takes its grace period and not longer."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, code)])
    pid = await running(children, tmp_path, "ready")
    began = asyncio.get_running_loop().time()
    await children.stop(0.3)
    assert 0.3 <= asyncio.get_running_loop().time() - began < 2
    assert identity(pid) is None


async def test_stop_while_waiting_to_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping does not wait for a backoff to end, nor start another process."""
    monkeypatch.setattr(child_module, "_FIRST_DELAY", 30.0)
    monkeypatch.setattr(child_module, "_LAST_DELAY", 30.0)
    children = Children(tmp_path / "children.json")
    children.settle()
    children.start_new([spec(tmp_path, "print('once')")])
    await until(lambda: children.statuses()[0].state == "restarting")
    async with asyncio.timeout(2):
        await children.stop(1)
    assert (tmp_path / "worker.log").read_text().count("once") == 1


async def test_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child sees the allow-list and its own variables, never a key."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("TZ", "UTC")
    code = f"import os; print(sorted(os.environ), flush=True); {SLEEP}"
    children = Children(tmp_path / "children.json")
    children.start_new([spec(tmp_path, code, environment=(("OWN", "1"),))])
    pid = await running(children, tmp_path, "ready")
    environ = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"sk-canary" not in environ
    assert b"OWN=1" in environ
    assert b"TZ=UTC" in environ
    await children.stop(1)


async def test_reconcile_changes_only_what_changed(tmp_path: Path) -> None:
    """An unchanged child keeps its process; a removed one is stopped; a changed one replaced."""
    same = spec(tmp_path, SLEEP)
    extra = ChildSpec("extra", ("/bin/sleep", "60"), tmp_path / "extra.log")
    children = Children(tmp_path / "children.json")
    children.settle()
    children.start_new([same, extra])
    pid = await running(children, tmp_path, "ready")
    await children.reconcile([same], 1)
    assert [each.name for each in children.statuses()] == ["worker"]
    assert children.statuses()[0].pid == pid
    await children.reconcile([spec(tmp_path, SLEEP + " # otherwise")], 1)
    await until(lambda: children.statuses()[0].pid not in (None, pid))
    assert identity(pid) is None
    await children.stop(1)


def test_backoff_grows_and_has_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.1 s doubles up to 5 s; chance takes away up to half."""
    monkeypatch.setattr(child_module, "_FIRST_DELAY", 0.1)
    monkeypatch.setattr(child_module, "_LAST_DELAY", 5.0)
    assert [backoff(n, lambda: 1.0) for n in (1, 2, 3, 7, 50)] == [0.1, 0.2, 0.4, 5.0, 5.0]
    assert backoff(1, lambda: 0.0) == pytest.approx(0.05)
    assert len({backoff(9) for _ in range(20)}) > 1


def test_last_lines_of_a_long_or_missing_log(tmp_path: Path) -> None:
    """Only the end is read, and no log is no error."""
    log = tmp_path / "x.log"
    assert last_lines(log) == ""
    log.write_text("".join(f"line {n}\n" for n in range(100_000)))
    assert last_lines(log, count=2) == "line 99998\nline 99999"

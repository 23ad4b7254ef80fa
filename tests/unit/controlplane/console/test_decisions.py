"""The records of two processes as one list, as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controlplane.console.decisions import Decisions
from extproc.record.ring import Ring
from extproc.runtime import Generations
from extproc.telemetry import Metrics
from extproc.watched import Watched


class Two:
    """Two processes that tell of their decisions."""

    def __init__(self, folder: Path) -> None:
        self.sockets = (folder / "extproc-0-metrics.sock", folder / "extproc-1-metrics.sock")
        self.rings = (Ring(), Ring())
        self.folder = folder

    @contextlib.asynccontextmanager
    async def running(self, which: int) -> AsyncIterator[None]:
        watched = Watched(Metrics(), self.rings[which], Generations(self.folder))
        async with watched.on(self.sockets[which]):
            yield

    def decide(self, which: int, second: int) -> str:
        name = f"{which}-{second}"
        record = {"id": name, "at": f"2026-01-01T00:00:{second:02}"}
        self.rings[which].keep(name, json.dumps(record).encode())
        return name


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return Two(tmp_path_factory.mktemp("d"))


async def after(decisions: Decisions, mark: str) -> tuple[list[str], str]:
    found = await decisions.after(mark)
    return [each["id"] for each in found["records"]], found["mark"]


async def test_each_is_told_once_and_in_order(two: Two) -> None:
    """By time, whichever process it is of."""
    async with two.running(0), two.running(1):
        names = [two.decide(1, 1), two.decide(0, 2), two.decide(1, 3)]
        decisions = Decisions(two.sockets)
        found, mark = await after(decisions, "")
        assert found == names
        new = two.decide(0, 4)
        assert (await after(decisions, mark))[0] == [new]


async def test_what_comes_is_waited_for(two: Two) -> None:
    """An answer is given when there is something new."""
    async with two.running(0), two.running(1):
        decisions = Decisions(two.sockets)
        two.decide(0, 1)
        _, mark = await after(decisions, "")
        waiting = asyncio.ensure_future(after(decisions, mark))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        new = two.decide(1, 2)
        assert (await asyncio.wait_for(waiting, 5))[0] == [new]


async def test_a_process_that_began_anew_tells_all(two: Two) -> None:
    """Its numbers begin anew, too; the mark of the other still counts."""
    async with two.running(1):
        decisions = Decisions(two.sockets)
        async with two.running(0):
            two.decide(0, 1), two.decide(1, 2)
            _, mark = await after(decisions, "")
        two.rings = (Ring(), two.rings[1])
        async with two.running(0):
            new = two.decide(0, 3)
            assert (await after(decisions, mark))[0] == [new]


async def test_one_that_is_away_leaves_the_other(two: Two) -> None:
    """And where both are, that is told."""
    decisions = Decisions(two.sockets)
    assert (await decisions.after(""))["heard"] is False
    async with two.running(1):
        name = two.decide(1, 1)
        assert (await after(decisions, ""))[0] == [name]
        found = await decisions.one(name)
        assert found is not None
        assert found["id"] == name
        assert await decisions.one("none") is None
        assert await decisions.one("../metrics") is None
        assert await decisions.generations() == {"extproc-1": []}


@pytest.mark.parametrize("mark", ["x", "~~~", "x-y~z", "é-1~", "0-99"])
async def test_a_mark_of_nobodys_is_none(two: Two, mark: str) -> None:
    """Then all is told."""
    async with two.running(0):
        name = two.decide(0, 1)
        assert (await after(Decisions(two.sockets), mark))[0] == [name]

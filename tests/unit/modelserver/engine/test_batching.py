"""The batch plan, and the queue around it: fair, bounded, and indifferent to who leaves."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelserver.engine.batching import LEAST_FILL, Batcher, BatchSettings, plan
from modelserver.errors import NotReady, Overloaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

Row = tuple[int, ...]


class HeldModel:
    """A model that answers the sum of each row, once the test lets it."""

    def __init__(self) -> None:
        self.batches: list[list[Row]] = []
        self.may_run = threading.Event()
        self.started = threading.Event()
        self.error: Exception | None = None

    def __call__(self, rows: Sequence[Row]) -> list[int]:
        self.batches.append(list(rows))
        self.started.set()
        assert self.may_run.wait(10)
        if self.error:
            raise self.error
        return [sum(row) for row in rows]


@asynccontextmanager
async def serving(
    model: HeldModel, settings: BatchSettings | None = None
) -> AsyncIterator[Batcher[Row, int]]:
    batcher = Batcher(model, settings or BatchSettings(), size=len)
    batcher.start()
    try:
        yield batcher
    finally:
        model.may_run.set()
        await batcher.close()


async def busy(batcher: Batcher[Row, int], model: HeldModel) -> asyncio.Task[list[int]]:
    """Occupy the model with one row, so that whatever comes next has to wait."""
    first = asyncio.create_task(batcher.submit([(1,)]))
    await asyncio.to_thread(model.started.wait, 5)
    return first


lengths = st.lists(st.integers(1, 512), max_size=40)


@given(lengths, st.integers(1, 4096))
def test_plan_takes_the_first_row_and_keeps_to_the_budget(rows: list[int], budget: int) -> None:
    """A plan starts with the oldest row, repeats none, and fits unless that row alone does not."""
    chosen = plan(rows, budget)
    assert (chosen == ()) == (rows == [])
    assert len(set(chosen)) == len(chosen)
    if chosen:
        assert chosen[0] == 0
        taken = [rows[index] for index in chosen]
        assert len(taken) == 1 or max(taken) * len(taken) <= budget
        assert sum(taken) >= LEAST_FILL * max(taken) * len(taken)


@given(lengths, st.integers(1, 4096))
def test_planning_until_empty_serves_every_row_once(rows: list[int], budget: int) -> None:
    """Repeated plans empty any queue in at most one batch per row: nothing starves."""
    waiting = list(enumerate(rows))
    served: list[int] = []
    while waiting:
        chosen = plan([length for _, length in waiting], budget)
        served += [waiting[index][0] for index in chosen]
        waiting = [entry for place, entry in enumerate(waiting) if place not in chosen]
    assert sorted(served) == list(range(len(rows)))


def test_plan_leaves_out_rows_that_would_be_padding() -> None:
    """A short row does not ride in a long row's batch, where it would cost as much as it."""
    assert plan([200, 10, 190], 2048) == (0, 2)


async def test_one_cancelled_caller_leaves_the_others_answered() -> None:
    """Of four callers one leaves while waiting: three are answered, and its row never runs."""
    model = HeldModel()
    async with serving(model) as batcher:
        first = await busy(batcher, model)
        callers = [asyncio.create_task(batcher.submit([(n, n)])) for n in range(4)]
        await asyncio.sleep(0)
        callers[2].cancel()
        model.may_run.set()
        answers = await asyncio.gather(first, *callers, return_exceptions=True)
    assert answers[:3] == [[1], [0], [2]]
    assert isinstance(answers[3], asyncio.CancelledError)
    assert answers[4] == [6]
    assert (2, 2) not in [row for batch in model.batches for row in batch]


async def test_a_caller_who_leaves_during_the_batch_does_not_break_it() -> None:
    """Cancelling a caller whose row is being computed leaves the rest of that batch intact."""
    model = HeldModel()
    async with serving(model) as batcher:
        first = await busy(batcher, model)
        model.started.clear()
        pair = [asyncio.create_task(batcher.submit([(n, n)])) for n in (3, 4)]
        await asyncio.sleep(0)
        model.may_run.set()
        await first
        pair[0].cancel()
        assert await pair[1] == [8]


async def test_what_waits_is_the_next_batch() -> None:
    """Requests that gather behind a running batch run together, without any delay knob."""
    model = HeldModel()
    async with serving(model) as batcher:
        first = await busy(batcher, model)
        callers = [asyncio.create_task(batcher.submit([(n, n)])) for n in range(5)]
        await asyncio.sleep(0)
        model.may_run.set()
        await asyncio.gather(first, *callers)
    assert [len(batch) for batch in model.batches] == [1, 5]


async def test_a_full_queue_refuses_and_recovers() -> None:
    """Beyond its capacity the queue refuses with a Retry-After, and takes work again later."""
    model = HeldModel()
    async with serving(model, BatchSettings(capacity=10)) as batcher:
        first = await busy(batcher, model)
        waiting = asyncio.create_task(batcher.submit([(1,) * 8]))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await batcher.submit([(1,) * 3])
        assert refused.value.retry_after >= 1
        model.may_run.set()
        assert await first == [1]
        assert await waiting == [8]
        assert await batcher.submit([(1,) * 3]) == [3]


async def test_rows_of_callers_who_left_make_room() -> None:
    """A cancelled caller's tokens stop counting against the capacity at once."""
    model = HeldModel()
    async with serving(model, BatchSettings(capacity=10)) as batcher:
        first = await busy(batcher, model)
        left = asyncio.create_task(batcher.submit([(1,) * 8]))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        stays = asyncio.create_task(batcher.submit([(1,) * 8]))
        model.may_run.set()
        assert (await first, await stays) == ([1], [8])
    assert batcher.waiting_tokens == 0


async def test_a_short_request_overtakes_the_tail_of_a_long_one() -> None:
    """A short prompt does not wait for all windows of a document that came before it."""
    model = HeldModel()
    async with serving(model, BatchSettings(budget=8)) as batcher:
        first = await busy(batcher, model)
        document = asyncio.create_task(batcher.submit([(1,) * 8] * 6))
        await asyncio.sleep(0)
        prompt = asyncio.create_task(batcher.submit([(2,) * 4]))
        await asyncio.sleep(0)
        model.may_run.set()
        await asyncio.gather(first, document, prompt)
    order = [batch[0] for batch in model.batches]
    assert order.index((2,) * 4) == 1


async def test_a_failing_batch_answers_everyone_and_the_next_one_runs() -> None:
    """An exception in the model reaches every caller of that batch, and only of that batch."""
    model = HeldModel()
    async with serving(model) as batcher:
        model.may_run.set()
        model.error = RuntimeError("broken")
        with pytest.raises(RuntimeError, match="broken"):
            await batcher.submit([(1,), (2,)])
        model.error = None
        assert await batcher.submit([(1,), (2,)]) == [1, 2]


async def test_a_wrong_number_of_outputs_is_an_error_not_a_hang() -> None:
    """A model that returns too few outputs fails its callers instead of leaving them waiting."""
    batcher: Batcher[Row, int] = Batcher(lambda _rows: [], BatchSettings(), size=len)
    batcher.start()
    with pytest.raises(RuntimeError, match="0 outputs for 1 rows"):
        await asyncio.wait_for(batcher.submit([(1,)]), 5)
    await batcher.close()


async def test_closing_answers_the_running_batch_and_refuses_what_waits() -> None:
    """On shutdown the batch in the model is delivered and the queue is told to come back."""
    model = HeldModel()
    async with serving(model) as batcher:
        first = await busy(batcher, model)
        waits = asyncio.create_task(batcher.submit([(5,)]))
        await asyncio.sleep(0)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        model.may_run.set()
        assert await first == [1]
        with pytest.raises(NotReady):
            await waits
        await closing
        with pytest.raises(NotReady):
            await batcher.submit([(1,)])


async def test_several_workers_share_one_queue() -> None:
    """Two workers run two batches at once, and every caller gets its own answer."""
    model = HeldModel()
    async with serving(model, BatchSettings(budget=1, workers=2)) as batcher:
        callers = [asyncio.create_task(batcher.submit([(n,)])) for n in range(6)]
        while len(model.batches) < 2:
            await asyncio.sleep(0.01)
        model.may_run.set()
        assert await asyncio.gather(*callers) == [[n] for n in range(6)]


async def test_no_rows_need_no_model() -> None:
    """A caller without rows is answered at once with nothing."""
    batcher: Batcher[Row, int] = Batcher(HeldModel(), BatchSettings(), size=len)
    assert await batcher.submit([]) == []

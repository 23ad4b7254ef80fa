"""Batching without a timer: what waits while the model is busy is the next batch.

A timer that waits for company makes a lone request slow and helps a busy server nothing.
Here a request that finds the model idle runs at once; while it runs, others gather, and
together they are the next batch. Three rules keep that fair and bounded:

* A batch costs what the model computes, `longest row x rows` padded tokens. `plan` fills a
  budget of those and refuses company that would be mostly padding.
* Rows wait in the order of self-clocked fair queueing: each caller's rows are spaced by
  their own length, so a long document does not stand in the way of a short prompt.
* The queue is bounded in tokens. What does not fit is refused at the door, with the time
  after which it is worth coming back; it never waits in a queue that only grows.

A caller who leaves (a cancelled task, a deadline) takes only their own rows along.
"""

from __future__ import annotations

import asyncio
import bisect
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from modelserver.errors import NotReady, Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A row joins a batch only while at least this share of the batch is text, not padding.
LEAST_FILL = 0.75


R = TypeVar("R")
O = TypeVar("O")  # noqa: E741 - R in, O out


def plan(lengths: Sequence[int], budget: int) -> tuple[int, ...]:
    """Which of the waiting rows, given in their order, make the next batch.

    The first always goes, even when it alone exceeds the budget: nothing starves. Others
    join when the padded batch stays within the budget and is not mostly padding.
    """
    if not lengths:
        return ()
    chosen = [0]
    longest = useful = lengths[0]
    for index in range(1, len(lengths)):
        length = lengths[index]
        padded = max(longest, length) * (len(chosen) + 1)
        if padded > budget or useful + length < LEAST_FILL * padded:
            continue
        chosen.append(index)
        longest = max(longest, length)
        useful += length
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """`budget` and `capacity` are padded and waiting tokens; `workers` are threads."""

    budget: int = 2048
    capacity: int = 65536
    workers: int = 1


@dataclass(frozen=True, slots=True)
class BatchSeen:
    """What a finished batch tells the metrics."""

    rows: int
    tokens: int
    padded: int
    seconds: float


@dataclass(slots=True)
class _Job(Generic[O]):
    """One caller: the answers so far, and how many are missing."""

    done: asyncio.Future[list[O]]
    answers: list[O | None]
    missing: int


@dataclass(order=True, slots=True)
class _Waiting(Generic[R, O]):
    """One row in the queue; `tag` is its place in virtual time, `number` breaks ties."""

    tag: int
    number: int
    size: int = field(compare=False)
    row: R = field(compare=False)
    place: int = field(compare=False)
    job: _Job[O] = field(compare=False)


class Batcher(Generic[R, O]):
    """Runs `run(rows) -> outputs` on its own threads, on whatever waits."""

    def __init__(
        self,
        run: Callable[[Sequence[R]], Sequence[O]],
        settings: BatchSettings,
        *,
        size: Callable[[R], int],
        name: str = "batcher",
        seen: Callable[[BatchSeen], None] | None = None,
    ) -> None:
        self._run = run
        self._settings = settings
        self._size = size
        self._name = name
        self._seen = seen
        self._queue: list[_Waiting[R, O]] = []
        self._waiting_tokens = 0
        self._virtual_time = 0
        self._numbers = 0
        self._rate = 0.0  # tokens a second, as last seen; makes Retry-After honest
        self._work = asyncio.Event()
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix=name)
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._begun: list[float] = []
        """When each batch began that the model is at now."""

    @property
    def running_for(self) -> float:
        """Seconds that the model has been at its oldest batch."""
        now = asyncio.get_running_loop().time()
        return now - min(self._begun, default=now)

    @property
    def waiting_tokens(self) -> int:
        """Tokens in the queue, not yet in a batch."""
        return self._waiting_tokens

    def start(self) -> None:
        """Begin to serve; needs a running loop."""
        self._tasks = [
            asyncio.get_running_loop().create_task(self._serve(), name=f"{self._name}-{n}")
            for n in range(self._settings.workers)
        ]

    async def close(self) -> None:
        """Refuse what waits, let the running batch end, and stop the threads."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for entry in self._queue:
            if not entry.job.done.done():
                entry.job.done.set_exception(NotReady("the server is stopping"))
        self._queue.clear()
        await asyncio.to_thread(self._threads.shutdown)

    async def submit(self, rows: Sequence[R]) -> list[O]:
        """The outputs of `rows`, in order; cancel the call, and those that still wait never run."""
        if self._closed:
            raise NotReady("the server is stopping")
        if not rows:
            return []
        self._admit(sum(self._size(row) for row in rows))
        job: _Job[O] = _Job(
            asyncio.get_running_loop().create_future(), [None] * len(rows), len(rows)
        )
        self._enqueue(rows, job)
        return await job.done

    def _admit(self, tokens: int) -> None:
        # An empty queue takes any request: one that is larger than the whole capacity was
        # let through by the limits on size, and refusing it for ever would be a lie.
        self._drop_left()
        if self._queue and self._waiting_tokens + tokens > self._settings.capacity:
            seconds = self._waiting_tokens / self._rate if self._rate else 1.0
            raise Overloaded(
                f"{self._name}: {self._waiting_tokens} tokens wait already, "
                f"the limit is {self._settings.capacity}",
                retry_after=max(1, math.ceil(seconds)),
            )

    def _enqueue(self, rows: Sequence[R], job: _Job[O]) -> None:
        tag = self._virtual_time
        for place, row in enumerate(rows):
            size = self._size(row)
            tag += size
            self._numbers += 1
            bisect.insort(self._queue, _Waiting(tag, self._numbers, size, row, place, job))
            self._waiting_tokens += size
        self._work.set()

    def _drop_left(self) -> None:
        """Forget the rows of callers who are gone."""
        if any(entry.job.done.done() for entry in self._queue):
            self._queue = [entry for entry in self._queue if not entry.job.done.done()]
            self._waiting_tokens = sum(entry.size for entry in self._queue)

    def _next_batch(self) -> list[_Waiting[R, O]]:
        self._drop_left()
        chosen = plan([entry.size for entry in self._queue], self._settings.budget)
        if not chosen:
            return []
        self._virtual_time = self._queue[0].tag
        batch = [self._queue[index] for index in chosen]
        for index in reversed(chosen):
            del self._queue[index]
        self._waiting_tokens -= sum(entry.size for entry in batch)
        return batch

    async def _serve(self) -> None:
        while True:
            await self._work.wait()
            batch = self._next_batch()
            if not batch:
                self._work.clear()
                continue
            await self._run_batch(batch)

    async def _run_batch(self, batch: list[_Waiting[R, O]]) -> None:
        loop = asyncio.get_running_loop()
        rows = [entry.row for entry in batch]
        began = loop.time()
        self._begun.append(began)
        running = loop.run_in_executor(self._threads, self._run, rows)
        try:
            # Shielded: a server that stops must not leave the callers of this batch hanging.
            outputs = await asyncio.shield(running)
        except asyncio.CancelledError:
            with suppress(Exception):
                self._deliver(batch, await running)
            self._fail(batch, NotReady("the server is stopping"))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
            self._fail(batch, error)
            return
        finally:
            self._begun.remove(began)
        self._deliver(batch, outputs)
        self._note([entry.size for entry in batch], loop.time() - began)

    def _deliver(self, batch: list[_Waiting[R, O]], outputs: Sequence[O]) -> None:
        if len(outputs) != len(batch):
            self._fail(batch, RuntimeError(f"{len(outputs)} outputs for {len(batch)} rows"))
            return
        for entry, output in zip(batch, outputs, strict=True):
            job = entry.job
            job.answers[entry.place] = output
            job.missing -= 1
            if not job.missing and not job.done.done():
                job.done.set_result([answer for answer in job.answers if answer is not None])

    @staticmethod
    def _fail(batch: list[_Waiting[R, O]], error: Exception) -> None:
        for entry in batch:
            if not entry.job.done.done():
                entry.job.done.set_exception(error)

    def _note(self, sizes: Sequence[int], seconds: float) -> None:
        tokens = sum(sizes)
        if seconds > 0:
            self._rate = tokens / seconds
        if self._seen:
            self._seen(BatchSeen(len(sizes), tokens, max(sizes) * len(sizes), seconds))

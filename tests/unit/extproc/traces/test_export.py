"""What waits for a collector: bounded, tried again, counted, and never raised."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from extproc.contract import Tracing
from extproc.traces import export
from extproc.traces.building import Made
from extproc.traces.collectors import Refused, Unavailable, collector
from extproc.traces.context import Context
from extproc.traces.export import Exporter
from tests.fakes.collector import FakeCollector

SPAN = Made("x", Context("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", True), 1, 2)
MAKING = partial(tuple, (SPAN,))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_GATHERING", 0.01)
    monkeypatch.setattr(export, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(export, "_LAST", 0.1)


class Scripted:
    """Takes what it is given, unless one of `answers` says otherwise."""

    def __init__(self, *answers: Exception | Callable[[], Awaitable[None]]) -> None:
        self.answers = list(answers)
        self.taken: list[bytes] = []

    async def take(self, body: bytes) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer:
            await answer()
        self.taken.append(body)

    async def close(self) -> None:
        pass


def exporter(to: Scripted) -> tuple[Exporter, Counter[str]]:
    counted: Counter[str] = Counter()
    return Exporter(to, "x", lambda result, count: counted.update({result: count})), counted


async def test_many_go_in_few_batches() -> None:
    """So many at once that the collector is not asked for each."""
    to = Scripted()
    outgoing, counted = exporter(to)
    for _ in range(130):
        outgoing.put(MAKING, 10)
    await asyncio.sleep(0.1)
    assert len(to.taken) == 3
    await outgoing.close()
    assert counted == {"exported": 130, "dropped": 0}


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([Unavailable("status 503")], "exported"),
        ([Unavailable("ConnectError")] * 3, "dropped"),
        ([Refused("status 400")], "dropped"),
    ],
)
async def test_what_is_not_taken(answers: list[Exception], result: str) -> None:
    """Tried again where that may help, and told of once."""
    to = Scripted(*answers)
    outgoing, counted = exporter(to)
    outgoing.put(MAKING, 10)
    await asyncio.sleep(0.1)
    assert counted == {result: 1}
    await outgoing.close()


@pytest.mark.parametrize(("size", "room"), [(10, export.MOST), (export.MOST_BYTES // 4, 4)])
async def test_so_many_wait_at_most(size: int, room: int) -> None:
    """By number and by weight; the rest is dropped at once, and counted."""
    to = Scripted(asyncio.Event().wait)  # type: ignore[arg-type]
    outgoing, counted = exporter(to)
    for _ in range(room + 7):
        outgoing.put(MAKING, size)
    assert counted == {"dropped": 7}
    await outgoing.close()
    assert counted["exported"] + counted["dropped"] == room + 7


async def test_the_end_waits_a_moment_and_no_longer() -> None:
    """What a collector takes in that time it has; a hung one holds up nothing."""
    to = Scripted()
    outgoing, counted = exporter(to)
    outgoing.put(MAKING, 10)
    await outgoing.close()
    assert counted == {"exported": 1, "dropped": 0}
    outgoing, counted = exporter(Scripted(asyncio.Event().wait))  # type: ignore[arg-type]
    outgoing.put(MAKING, 10)
    async with asyncio.timeout(2):
        await outgoing.close()
    assert counted == {"dropped": 1}


async def test_spans_that_cannot_be_made_end_nothing() -> None:
    """Nor those that wait beside them."""
    to = Scripted()
    outgoing, _ = exporter(to)
    outgoing.put(lambda: [1 / 0], 1)  # type: ignore[list-item]
    outgoing.put(MAKING, 1)
    await asyncio.sleep(0.05)
    [body] = to.taken
    [spans] = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans
    assert [each.name for each in spans.spans] == ["x"]
    outgoing.put(lambda: [1], 1)  # type: ignore[list-item]
    await asyncio.sleep(0.05)
    outgoing.put(MAKING, 1)
    await asyncio.sleep(0.05)
    assert len(to.taken) == 2
    await outgoing.close()


async def test_over_http() -> None:
    """A status says whether to try again; a dead collector is one that may come back."""
    with FakeCollector() as fake:
        to = collector(Tracing(f"{fake.url}/v1/traces", "x"))
        fake.statuses = [200, 503, 400]
        await to.take(b"")
        with pytest.raises(Unavailable, match="503"):
            await to.take(b"")
        with pytest.raises(Refused, match="400"):
            await to.take(b"")
        fake.stop()
        with pytest.raises(Unavailable):
            await to.take(b"")
        await to.close()


async def test_over_grpc_to_nobody() -> None:
    """The same of gRPC."""
    to = collector(Tracing("grpc://127.0.0.1:1", "x"))
    with pytest.raises(Unavailable, match="UNAVAILABLE"):
        await to.take(b"")
    await to.close()

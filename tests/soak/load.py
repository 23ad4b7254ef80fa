"""So many requests a second, whether the last ones have been answered or not, over connections that are kept."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.load import ask
from tests.soak.kinds import Request, requests
from tests.soak.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_KEPT = 5.0
"""Seconds after which an idle connection is left: a server may close it just when it is used again."""


@dataclass
class Load:
    ports: Mapping[str, int]
    ledger: Ledger = field(default_factory=Ledger)
    coming: Iterator[Request] = field(default_factory=requests)
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    most_wait: float = 30.0
    """What is not answered by then never will be."""
    _idle: dict[str, list[tuple[float, Connection]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    async def at_rate(self, rate: float, seconds: float) -> None:
        """Returns when the last has been answered."""
        begins = self.now
        async with asyncio.TaskGroup() as group:
            for number in range(round(rate * seconds)):
                await asyncio.sleep(begins + number / rate - self.now)
                group.create_task(self.one(next(self.coming)))

    async def one_by_one(self, callers: int, count: int) -> None:
        """So many callers, each with one request after the other: what no machine is too slow for."""
        coming = itertools.islice(self.coming, count)

        async def caller() -> None:
            for request in coming:
                await self.one(request)

        await asyncio.gather(*(caller() for _ in range(callers)))

    async def until(self, stop: asyncio.Event, rate: float) -> None:
        """The same, until told to stop."""
        begins = self.now
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(begins + number / rate - self.now)
                if stop.is_set():
                    return
                group.create_task(self.one(next(self.coming)))

    async def one(self, request: Request) -> None:
        self.ledger.send(request)
        began = self.now
        wrong = await self._asked(request)
        self.ledger.answer(request, began, self.now - began, wrong)

    async def _asked(self, request: Request) -> str | None:
        listener, connection = request.kind.listener, None
        try:
            async with asyncio.timeout(self.most_wait):
                connection = self._kept(listener) or await asyncio.open_connection(
                    "127.0.0.1", self.ports[listener]
                )
                status, body, stays = await ask(
                    *connection, request.body, authorization=f"Bearer {request.kind.key}"
                )
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            _close(connection)
            return f"{type(error).__name__} {error}"
        if stays:
            self._idle[listener].append((self.now, connection))
        else:
            _close(connection)
        return request.kind.wrong(request.token, status, body)

    def _kept(self, listener: str) -> Connection | None:
        """The one that was used last, if it is still fresh."""
        idle = self._idle[listener]
        while idle and self.now - idle[0][0] > _KEPT:
            _close(idle.pop(0)[1])
        while idle:
            reader, writer = idle.pop()[1]
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                _close(idle.pop()[1])


def _close(connection: Connection | None) -> None:
    if connection:
        connection[1].close()

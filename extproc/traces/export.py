"""What waits to go to a collector: so much at most, in batches, and never in a request's way."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

from extproc.telemetry import log, trace_of
from extproc.traces.collectors import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from extproc.traces.building import Made
    from extproc.traces.collectors import Collector

    Making = Callable[[], Sequence[Made]]

MOST: Final = 1024
"""Requests whose spans may wait."""
MOST_BYTES: Final = 8 << 20
"""And what these may be made of."""
_AT_ONCE: Final = 64
"""Requests in a batch: making their spans holds up what else the process does for a millisecond."""
_GATHERING: Final = 1.0
"""Seconds, as long as Envoy gathers its own."""
_PAUSES: Final = (0.5, 2.0, 5.0)
"""Seconds before the next try of a batch that a collector did not take."""
_LAST: Final = 1.0


class Exporter:
    """To one collector, under one name. `counted(result, requests)` is told what became of each."""

    def __init__(
        self, collector: Collector, service_name: str, counted: Callable[[str, int], None]
    ) -> None:
        self._collector = collector
        self._service_name = service_name
        self._counted = counted
        self._waiting: deque[tuple[Making, int]] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._failing = False
        self._work = asyncio.ensure_future(self._run())

    def put(self, making: Making, size: int) -> None:
        """Spans to be made later, of so many bytes."""
        if len(self._waiting) >= MOST or self._bytes + size > MOST_BYTES:
            self._counted("dropped", 1)
            return
        self._waiting.append((making, size))
        self._bytes += size
        self._more.set()

    async def close(self) -> None:
        """With a last try for what waits, and a short one."""
        self._work.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST):
                while self._waiting:
                    await self._deliver(self._taken(), ())
        self._counted("dropped", len(self._waiting))
        await self._collector.close()

    async def _run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            await asyncio.sleep(_GATHERING)
            while self._waiting:
                await self._deliver(self._taken(), _PAUSES)

    def _taken(self) -> list[Making]:
        found: list[Making] = []
        while self._waiting and len(found) < _AT_ONCE:
            making, size = self._waiting.popleft()
            self._bytes -= size
            found.append(making)
        return found

    async def _deliver(self, batch: list[Making], pauses: tuple[float, ...]) -> None:
        result = "dropped"
        try:
            body = self._encoded(batch)
            if body is not None and await self._sent(body, pauses):
                result = "exported"
        finally:
            self._counted(result, len(batch))

    async def _sent(self, body: bytes, pauses: tuple[float, ...]) -> bool:
        for pause in (0.0, *pauses):
            await asyncio.sleep(pause)
            try:
                await self._collector.take(body)
            except Unavailable as error:
                self._tell(error)
            except Refused as error:
                self._tell(error)
                return False
            else:
                self._failing = False
                return True
        return False

    def _encoded(self, batch: list[Making]) -> bytes | None:
        from extproc.traces import building  # noqa: PLC0415  see the package

        try:
            spans = [span for making in batch for span in self._made(making)]
            return building.export_request(self._service_name, spans)
        except Exception as error:  # noqa: BLE001 - spans that cannot be made are not worth an end
            log.error("traces.lost", trace=trace_of(error))
            return None

    def _made(self, making: Making) -> Sequence[Made]:
        """None where they cannot be made: what waits beside them is not worse for it."""
        try:
            return making()
        except Exception as error:  # noqa: BLE001
            log.error("traces.lost", trace=trace_of(error))
            return ()

    def _tell(self, error: Exception) -> None:
        """Once, until it takes something again."""
        if not self._failing:
            log.warning("traces.unsent", reason=str(error))
        self._failing = True

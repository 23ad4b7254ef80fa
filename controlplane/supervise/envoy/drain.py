"""Stop Envoy without losing a request.

A SIGTERM alone cuts every stream at once. So first the health check fails, which takes us out
of a load balancer and makes Envoy close each connection after its current answer. A balancer
learns of it some seconds later, so we go on taking what it sends for the least time. Then we stop
listening, at a moment when nothing is being answered if there soon is one: a connection that has
just been made is not cut so. What is open after that comes to its end, and only then it goes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlplane.supervise.envoy.admin import AdminError

if TYPE_CHECKING:
    from collections.abc import Callable

    from controlplane.supervise.drain_time import DrainTime
    from controlplane.supervise.envoy.admin import Admin

_ACTIVE = r"^http\..*\.downstream_rq_active$"
_OWN = "http.admin.downstream_rq_active"  # our own question
_POLL = 0.05
_QUIET = 5.0
"""Seconds to wait for such a moment: clients who never pause would have us listen to the end."""


class _Left:
    """Seconds that are left of a drain. Whoever waits may lose patience, so it is asked again and again."""

    def __init__(self, patience: Callable[[], DrainTime]) -> None:
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    def least(self) -> float:
        return self._began + self._patience().least - self._clock()

    def most(self) -> float:
        return self._began + self._patience().most - self._clock()

    def listening(self) -> float:
        return min(self.least() + _QUIET, self.most())


async def drain(
    admin: Admin, patience: Callable[[], DrainTime], progress: Callable[[str], None]
) -> int:
    """Returns the number of requests still unanswered when the time was up; 0 is the rule."""
    left = _Left(patience)
    try:
        await admin.post("/healthcheck/fail")
        await admin.post("/drain_listeners?graceful&skip_exit")
        await _wait_idle(admin, left, left.listening, progress)
        await admin.post("/drain_listeners")
        return await _wait_idle(admin, left, left.most, progress)
    except AdminError:
        # An Envoy that does not answer has nothing left that waiting could save.
        return 0


async def active_requests(admin: Admin) -> int:
    return sum(count for name, count in (await admin.stats(_ACTIVE)).items() if name != _OWN)


async def _wait_idle(
    admin: Admin, left: _Left, wait: Callable[[], float], progress: Callable[[str], None]
) -> int:
    """Until nothing is being answered, but not before the least of the time is over."""
    told = left.most()
    while ((count := await active_requests(admin)) or left.least() > 0) and wait() > 0:
        if told - (most := left.most()) >= 1.0:
            told = most
            progress(_waits_for(count, left.least(), most))
        await asyncio.sleep(_POLL)
    return count


def _waits_for(count: int, least: float, most: float) -> str:
    if least > 0:
        return f"taking calls for {least:.0f} s more; {count} open request(s)"
    return f"waiting for {count} open request(s), at most {most:.0f} s more"

"""Stop Envoy without losing a request.

A SIGTERM alone cuts every stream at once. So first the health check fails, which takes us out
of a load balancer and makes Envoy close each connection after its current answer. A balancer
learns of it some seconds later, so we go on taking what it sends for the least time; then we wait
until nothing is being answered, stop listening, and only then let it go.
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


async def drain(
    admin: Admin, patience: Callable[[], DrainTime], progress: Callable[[str], None]
) -> int:
    """Returns the number of requests still unanswered when the time was up; 0 is the rule.

    `patience` is asked again and again: whoever waits may lose patience.
    """
    clock = asyncio.get_running_loop().time
    began = clock()

    def least() -> float:
        return began + patience().least - clock()

    def most() -> float:
        return began + patience().most - clock()

    try:
        await admin.post("/healthcheck/fail")
        await admin.post("/drain_listeners?graceful&skip_exit")
        left = await _wait_idle(admin, least, most, progress)
        # Nothing new may come in between the last look and the end.
        await admin.post("/drain_listeners")
        return await _wait_idle(admin, least, most, progress) if left == 0 else left
    except AdminError:
        # An Envoy that does not answer has nothing left that waiting could save.
        return 0


async def active_requests(admin: Admin) -> int:
    return sum(count for name, count in (await admin.stats(_ACTIVE)).items() if name != _OWN)


async def _wait_idle(
    admin: Admin,
    least: Callable[[], float],
    most: Callable[[], float],
    progress: Callable[[str], None],
) -> int:
    """Until nothing is being answered, but not before the least of the time is over."""
    told = most()
    while ((count := await active_requests(admin)) or least() > 0) and (left := most()) > 0:
        if told - left >= 1.0:
            told = left
            progress(_waits_for(count, least(), left))
        await asyncio.sleep(_POLL)
    return count


def _waits_for(count: int, least: float, most: float) -> str:
    if least > 0:
        return f"taking calls for {least:.0f} s more; {count} open request(s)"
    return f"waiting for {count} open request(s), at most {most:.0f} s more"

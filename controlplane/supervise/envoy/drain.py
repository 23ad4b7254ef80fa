"""Stop Envoy without losing a request.

A SIGTERM alone cuts every stream at once. So first the health check fails, which takes us out
of a load balancer and makes Envoy close each connection after its current answer; then we wait
until nothing is being answered, stop listening, and only then let it go.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlplane.supervise.envoy.admin import AdminError

if TYPE_CHECKING:
    from collections.abc import Callable

    from controlplane.supervise.envoy.admin import Admin

_ACTIVE = r"^http\..*\.downstream_rq_active$"
_OWN = "http.admin.downstream_rq_active"  # our own question
_POLL = 0.05


async def drain(
    admin: Admin, patience: Callable[[], float], progress: Callable[[str], None]
) -> int:
    """Returns the number of requests still unanswered when the time was up; 0 is the rule.

    `patience` is asked again and again: whoever waits may lose patience.
    """
    try:
        await admin.post("/healthcheck/fail")
        await admin.post("/drain_listeners?graceful&skip_exit")
        began = asyncio.get_running_loop().time()

        def remaining() -> float:
            return began + patience() - asyncio.get_running_loop().time()

        left = await _wait_idle(admin, remaining, progress)
        # Nothing new may come in between the last look and the end.
        await admin.post("/drain_listeners")
        return await _wait_idle(admin, remaining, progress) if left == 0 else left
    except AdminError:
        # An Envoy that does not answer has nothing left that waiting could save.
        return 0


async def active_requests(admin: Admin) -> int:
    return sum(count for name, count in (await admin.stats(_ACTIVE)).items() if name != _OWN)


async def _wait_idle(
    admin: Admin, remaining: Callable[[], float], progress: Callable[[str], None]
) -> int:
    told = remaining()
    while (count := await active_requests(admin)) and (left := remaining()) > 0:
        if told - left >= 1.0:
            told = left
            progress(f"waiting for {count} open request(s), at most {left:.0f} s more")
        await asyncio.sleep(_POLL)
    return count

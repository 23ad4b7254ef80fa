"""What `archgw status` shows, gathered anew each time it is asked."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from controlplane.supervise import health, reach
from controlplane.supervise.messages import ListenerStatus, Status, UpstreamStatus

if TYPE_CHECKING:
    from controlplane.supervise.messages import LastReload
    from controlplane.supervise.parts import Parts
    from controlplane.supervise.starting import Envoy

_REACH_TIMEOUT = 1.5


async def ready(envoy: Envoy | None) -> bool:
    """As a balancer would find it: whom the gateway calls in its turn is not asked."""
    current = envoy.applier.current if envoy else None
    listeners = current.gateway.listeners if current else ()
    return all(await asyncio.gather(*(health.healthy(each) for each in listeners)))


async def listener_statuses(envoy: Envoy | None) -> tuple[ListenerStatus, ...]:
    current = envoy.applier.current if envoy else None
    listeners = current.gateway.listeners if current else ()
    answers = await asyncio.gather(*(health.healthy(each) for each in listeners))
    return tuple(
        ListenerStatus(
            each.name, each.address, each.port, ok, bool(each.certificates), bool(each.auth)
        )
        for each, ok in zip(listeners, answers, strict=True)
    )


async def gather_status(
    parts: Parts, state: str, uptime: float, envoy: Envoy | None, last_reload: LastReload | None
) -> Status:
    current = envoy.applier.current if envoy else None
    called = reach.hosts(current.gateway) if current else ()
    # What it calls is tried anew each time: Envoy knows only of hosts that somebody called.
    listeners, trials = await asyncio.gather(
        listener_statuses(envoy),
        reach.try_all(called, _REACH_TIMEOUT),
    )
    children = parts.children.statuses()
    reached = all(each.cause is None for each in trials)
    well = (
        all(each.healthy for each in listeners)
        and reached
        and all(each.state == "running" for each in children)
    )
    return Status(
        state="degraded" if state == "running" and not well else state,
        pid=os.getpid(),
        uptime_s=round(uptime, 1),
        home=str(parts.home.folder),
        config=str(parts.config.path or ""),
        service=str(parts.request.service),
        version=current.snapshot.version if current else "",
        envoy_version=envoy.version if envoy else "",
        acknowledged=parts.ads.versions(),
        listeners=listeners,
        children=children,
        upstreams=tuple(
            UpstreamStatus(each.what, each.place, each.cause, each.detail) for each in trials
        ),
        stats_port=current.gateway.stats_port if current else 0,
        stats_address=current.gateway.stats_address if current else "",
        last_reload=last_reload,
    )

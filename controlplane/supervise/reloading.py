"""The config again, while it is in use: taken, or refused with what runs left as it is."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from controlplane.exit_codes import COULD_NOT_RUN, DONE
from controlplane.report import as_line
from controlplane.supervise.applying import RefusedError
from controlplane.supervise.messages import NOTHING_CHANGED, LastReload, Verdict
from controlplane.supervise.parts import StartError, StoppedError
from controlplane.supervise.plan import Refused, make_plan
from controlplane.supervise.processes.child import STOP_GRACE
from controlplane.supervise.services import children
from controlplane.supervise.starting import refusal

if TYPE_CHECKING:
    from controlplane.supervise.parts import Parts
    from controlplane.supervise.plan import Plan
    from controlplane.supervise.processes.child import Child
    from controlplane.supervise.starting import Envoy

log = logging.getLogger("archgw")

_KEEPS_SERVING = "; the old configuration keeps serving"


class Reloads:
    def __init__(self, parts: Parts, envoy: Envoy | None) -> None:
        self._parts = parts
        self._envoy = envoy
        self._one_at_a_time = asyncio.Lock()
        self._last: tuple[float, Verdict] | None = None

    def last(self) -> LastReload | None:
        if self._last is None:
            return None
        at, verdict = self._last
        return LastReload(round(asyncio.get_running_loop().time() - at, 1), verdict)

    async def watch(self) -> None:
        while True:
            await self._parts.config.changed()
            await self.reload("the file changed")

    async def reload(self, why: str) -> Verdict:
        async with self._one_at_a_time:
            try:
                verdict = await self._try()
            except Exception as error:  # a fault of ours must not end what serves
                log.exception("reload (%s)", why)
                what = f"{type(error).__name__}: {error}"
                verdict = Verdict(COULD_NOT_RUN, f"internal error ({what}){_KEEPS_SERVING}")
            self._remember(verdict)
            level = logging.INFO if verdict.ok else logging.ERROR
            log.log(level, "reload (%s): %s", why, verdict.summary)
            for each in verdict.problems:
                log.log(level, "%s", as_line(each))
            return verdict

    def _remember(self, verdict: Verdict) -> None:
        """`archgw reload` often comes after the watch: what that one changed is still of interest."""
        again = verdict.ok and verdict.summary == NOTHING_CHANGED
        if not (again and self._last and self._last[1].ok):
            self._last = (asyncio.get_running_loop().time(), verdict)

    async def _try(self) -> Verdict:
        parts = self._parts
        sound = await parts.read_config()
        if isinstance(sound, Refused):
            return refusal(sound, _KEEPS_SERVING)
        if sound is None or self._envoy is None:
            return Verdict(DONE, "nothing to reload: no config is in use")
        parts.audience.say("applying it to Envoy")
        plan = await asyncio.to_thread(make_plan, sound, parts.home)
        return await self._apply(self._envoy, plan)

    async def _apply(self, envoy: Envoy, plan: Plan) -> Verdict:
        """New children serve before Envoy is told of them; old ones stop after it let go."""
        parts = self._parts
        specs = children(parts.needs(plan.gateway, envoy.executable))
        started: tuple[Child, ...] = ()

        async def get_ready() -> None:
            nonlocal started
            started = parts.children.start_new(specs)
            try:
                await parts.wait_healthy(started)
            except (StartError, StoppedError) as error:
                raise RefusedError(str(error), COULD_NOT_RUN) from None

        verdict = await envoy.applier.apply(plan, get_ready)
        if envoy.applier.current is plan:
            await parts.children.reconcile(specs, STOP_GRACE)
        else:
            await parts.children.drop(started, STOP_GRACE)
        return verdict

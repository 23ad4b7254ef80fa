"""A plan becomes what runs; or what ran before runs on, with the reason.

In order: the new keys are on disk, the new ports are free, Envoy's own validation takes the whole
of it, new children answer, and then Envoy takes it piece by piece, each piece acknowledged before
the next. Where Envoy says no in the middle, it is given the old configuration back.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from controlplane.diff import differences
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.supervise import health, ports
from controlplane.supervise.envoy import binary
from controlplane.supervise.envoy.admin import Admin, AdminError
from controlplane.supervise.messages import NOTHING_CHANGED, Verdict
from controlplane.supervise.plan import Plan, static_json, wanted_ports
from controlplane.supervise.secrets import SecretStore
from controlplane.xds.server import NoAnswerError
from controlplane.xds.snapshot import Snapshot, steps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from controlplane.home_paths import Home
    from controlplane.xds.server import AdsServer

log = logging.getLogger("archgw.config")

_ACK_TIMEOUT = 20.0
_WARM_TIMEOUT = 5.0
_HEALTH_TIMEOUT = 5.0
_RETIRE_MARGIN = 5.0


class RefusedError(Exception):
    """Something has to stay as it was; the message is for the user."""

    def __init__(self, message: str, code: int = FOUND) -> None:
        super().__init__(message)
        self.code = code


class Applier:
    def __init__(self, home: Home, ads: AdsServer, executable: Path) -> None:
        self._home = home
        self._ads = ads
        self._executable = executable
        self._admin = Admin(home.admin_socket)
        self._store = SecretStore(home.secrets)
        self._lock = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.current: Plan | None = None

    async def first(self, plan: Plan) -> None:
        """While Envoy starts: nothing runs yet that could be kept."""
        self._store.write(plan.secret_files)
        self._write_runtime(plan)
        refusal = await self._push(plan.snapshot)
        if refusal:
            raise RefusedError(_placed(plan, refusal))
        self.current = plan

    async def apply(self, plan: Plan, get_ready: Callable[[], Awaitable[None]]) -> Verdict:
        """From the running plan to another one.

        `get_ready` starts what Envoy will send requests to; it may raise RefusedError.
        """
        async with self._lock:
            old = self.current
            assert old is not None, "apply follows first"
            changes = tuple(each.text for each in differences(old.gateway, plan.gateway))
            if plan.snapshot == old.snapshot and plan.secret_files == old.secret_files:
                # Nothing for Envoy; what changed, if anything, concerns the children.
                self.current = plan
                summary = "applied" if changes else NOTHING_CHANGED
                return Verdict(DONE, summary, plan.warnings, changes, plan.snapshot.version)
            added = self._store.write_new(plan.secret_files)
            self._write_runtime(plan)
            try:
                await self._check(old, plan)
                await get_ready()
                await self._swap(plan)
            except (RefusedError, NoAnswerError) as error:
                self._store.remove(added)
                code = getattr(error, "code", COULD_NOT_RUN)
                summary = f"{error}; the old configuration keeps serving"
                return Verdict(code, summary, plan.warnings, (), old.snapshot.version)
            self._store.rotate(plan.secret_files)
            self.current = plan
            self._retire_later(old)
            late = await health.unhealthy(plan.gateway.listeners, _HEALTH_TIMEOUT)
            summary = "applied" if not late else f"applied, but {_not_serving(late)}"
            code = COULD_NOT_RUN if late else DONE
            return Verdict(code, summary, plan.warnings, changes, plan.snapshot.version)

    async def close(self) -> None:
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)

    async def validate(self, plan: Plan) -> str | None:
        """Envoy's own opinion, from a process that serves nobody."""
        file = self._home.run / "validate.json"
        text = await asyncio.to_thread(static_json, plan, self._home)
        try:
            file.write_text(text, "utf-8")
            return await binary.rejection(self._executable, file)
        finally:
            file.unlink(missing_ok=True)

    async def _check(self, old: Plan, plan: Plan) -> None:
        ours = {port.number for port in wanted_ports(old.gateway)}
        for port in wanted_ports(plan.gateway):
            if port.number not in ours and (reason := ports.busy(port)):
                raise RefusedError(reason, COULD_NOT_RUN)
        if reason := await self.validate(plan):
            raise RefusedError(_placed(plan, f"Envoy rejects it: {reason}"))

    async def _swap(self, plan: Plan) -> None:
        before = self._ads.snapshot
        try:
            for number, step in enumerate(steps(before, plan.snapshot)):
                if refusal := await self._push(step):
                    raise RefusedError(_placed(plan, refusal))
                if number == 0:
                    await self._wait_warm()
        except (RefusedError, NoAnswerError):
            await self._go_back(before)
            raise

    async def _push(self, snapshot: Snapshot) -> str | None:
        rejection = await self._ads.apply(snapshot, _ACK_TIMEOUT)
        if rejection is None:
            return None
        return rejection.saying(binary.readable(rejection.reason))

    async def _go_back(self, before: Snapshot) -> None:
        try:
            if refusal := await self._push(before):
                log.critical("Envoy does not take the old configuration back: %s", refusal)
        except NoAnswerError as error:
            # It gets the old snapshot as soon as it connects again.
            log.warning("while going back: %s", error)

    async def _wait_warm(self) -> None:
        """A new cluster serves once its name is resolved; routes to it come after that."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _WARM_TIMEOUT
        name = "cluster_manager.warming_clusters"
        try:
            while (await self._admin.stats(f"^{name}$")).get(name) and clock() < deadline:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(0.02)
        except AdminError as error:
            log.warning("%s", error)

    def _retire_later(self, old: Plan) -> None:
        task = asyncio.create_task(self._retire(_longest_wait(old) + _RETIRE_MARGIN))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, delay: float) -> None:
        """Takes away what nothing points at: clusters, then their keys, and old runtimes.

        Envoy lets running streams of a removed cluster finish. A request that still waits for
        its first byte may yet be sent to a fallback, so its clusters stay for that long.
        """
        await asyncio.sleep(delay)
        async with self._lock:
            others = self._retiring - {asyncio.current_task()}
            if self.current is None or others:
                return
            try:
                refusal = await self._push(self.current.snapshot)
            except NoAnswerError as error:
                refusal = str(error)
            if refusal:
                # What is left over does no harm; the next change takes it away.
                log.warning("taking away what is used no more: %s", refusal)
                return
            self._store.keep_only(self.current.secret_files)
            self._keep_only_runtime(self.current)

    def _write_runtime(self, plan: Plan) -> None:
        """Before any route names the generation: extproc reads it when the first one does."""
        if plan.runtime is None:
            return
        generation, text = plan.runtime
        file = self._home.runtime_file(generation)
        fresh = file.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(file)

    def _keep_only_runtime(self, plan: Plan) -> None:
        kept = self._home.runtime_file(plan.runtime[0]) if plan.runtime else None
        for file in self._home.runtime.glob("*.json"):
            if file != kept:
                file.unlink(missing_ok=True)


def _longest_wait(plan: Plan) -> float:
    waits = (
        route.first_byte_timeout.total_seconds() * len(groups)
        for route in plan.gateway.llm_routes
        for groups in (route.groups, *(each.groups for each in route.audiences))
    )
    return max(waits, default=0.0)


def _placed(plan: Plan, reason: str) -> str:
    place = plan.locate(reason)
    return f"{place}: {reason}" if place else reason


def _not_serving(listeners: tuple[Any, ...]) -> str:
    which = ", ".join(f"{each.name} ({each.address}:{each.port})" for each in listeners)
    return f"/readyz does not answer 200 on: {which}"

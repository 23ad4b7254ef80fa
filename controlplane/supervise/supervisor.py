"""The life of one gateway: take the lock, start, serve, drain, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.supervise import health, ports
from controlplane.supervise.applying import (
    Applier,
    RefusedError,
    Verdict,
)
from controlplane.supervise.canary import missed_by_guard
from controlplane.supervise.control_server import ControlServer
from controlplane.supervise.envoy import binary, drain
from controlplane.supervise.envoy.admin import Admin
from controlplane.supervise.home import Home, LongPathError
from controlplane.supervise.lock import HeldError
from controlplane.supervise.plan import (
    Plan,
    Refused,
    Sound,
    key_files,
    make_plan,
    read,
    wanted_ports,
)
from controlplane.supervise.processes.child import ChildFailedError
from controlplane.supervise.processes.children import Children
from controlplane.supervise.secrets import SecretStore, UnsafeError
from controlplane.supervise.services import Needs, Service, children, model_server_port
from controlplane.supervise.told import as_line
from controlplane.xds.server import AdsServer, NoAnswerError
from controlplane.xds.watch import FileWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path

    from controlplane.home_paths import Layout
    from controlplane.supervise.processes.child import Child

log = logging.getLogger("archgw")

T = TypeVar("T")
START_TIMEOUT = 60.0
DRAIN_TIMEOUT = 60.0
_CHILD_GRACE = 5.0
_GUARD_TIMEOUT = 10.0
_KEEPS_SERVING = "; the old configuration keeps serving"


class StartError(Exception):
    """The gateway could not be started; the message is for the user."""


class StoppedError(Exception):
    """Asked to stop before it was up."""

    def __str__(self) -> str:
        return "stopped before it was up"


_EXPECTED = (
    *(RefusedError, StartError, StoppedError, ChildFailedError, NoAnswerError),
    *(binary.EnvoyError, UnsafeError, OSError),
)
"""What can go wrong at the start, each with a message for the user."""


@dataclass(frozen=True, slots=True)
class Request:
    """What `archgw up` was asked for."""

    config: Path | None
    layout: Layout
    service: Service
    env: Mapping[str, str] = field(repr=False)


class Supervisor:
    def __init__(self, request: Request, progress: Callable[[str], None]) -> None:
        layout = request.layout
        self._request = request
        self._layout = layout
        self._env = dict(request.env)
        self._listening = {progress}
        self._home = Home(layout)
        self._ads = AdsServer(layout.ads_socket)
        self._admin = Admin(layout.admin_socket)
        self._control = ControlServer(layout.control_socket, self._answer)
        self._children = Children(layout.children_file)
        self._store = SecretStore(layout.secrets)
        self._stop = asyncio.Event()
        self._gone = asyncio.Event()
        self._drain_timeout = DRAIN_TIMEOUT
        self._state = "starting"
        self._began = asyncio.get_running_loop().time()
        self._executable: Path | None = None
        self._envoy_version = ""
        self._applier: Applier | None = None
        self._reloading = asyncio.Lock()
        config = request.config
        self._watched = FileWatch((config, config.parent / ".env") if config else ())
        self._read_marks = self._watched.marks()
        """The files as they were last read: `archgw reload` may be quicker than the watch."""
        self._last_reload: tuple[float, Verdict] | None = None
        self._cut = 0
        self._tasks: set[asyncio.Future[Any]] = set()

    async def run(self, ready: Callable[[Verdict], None]) -> int:
        """Until it is told to stop; `ready` is called once, with how the start went."""
        try:
            self._home.take(str(self._request.config or ""))
        except (HeldError, UnsafeError, LongPathError, OSError) as error:
            ready(Verdict(COULD_NOT_RUN, str(error)))
            return COULD_NOT_RUN
        self._catch_signals()
        try:
            verdict = await self._start()
            if verdict.ok:
                ready(verdict)
                return await self._serve()
        finally:
            await self._end()
        ready(verdict)
        return verdict.code

    # ---- starting

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._reload("SIGHUP")))

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            log.warning("told to stop a second time: not waiting for open requests any more")
            self._drain_timeout = 0.0
        self._stop.set()

    async def _start(self) -> Verdict:
        try:
            sound = await self._read()
            if isinstance(sound, Refused):
                return _refusal(sound)
            plan = await self._bring_up(sound)
        except _EXPECTED as error:
            return Verdict(getattr(error, "code", COULD_NOT_RUN), str(error))
        self._children.settle()
        self._state = "running"
        version = plan.snapshot.version if plan else ""
        log.info("up: config %s, version %s", self._request.config, version or "none")
        return Verdict(DONE, "up", plan.warnings if plan else (), (), version)

    async def _read(self) -> Sound | Refused | None:
        config = self._request.config
        if config is None:
            return None
        self._read_marks = self._watched.marks()
        self._say(f"reading {config}")
        return await asyncio.to_thread(read, config, dict(self._env))

    async def _bring_up(self, sound: Sound | None) -> Plan | None:
        await self._control.start()
        self._store.prepare()
        self._check_ports(sound)
        plan = None
        if sound:
            self._store.write(key_files(sound.gateway, self._layout))
        if sound and self._request.service is not Service.MODEL_SERVER:
            plan = await self._bring_up_envoy(sound)
        else:
            self._children.start_new(children(self._needs(sound)))
            await self._wait_for(self._children.waited_for())
        if plan:
            await self._try_guard(plan)
        return plan

    def _check_ports(self, sound: Sound | None) -> None:
        service, gateway = self._request.service, sound.gateway if sound else None
        model_server = model_server_port(service, gateway)
        wanted = [model_server] if model_server else []
        if gateway and service is not Service.MODEL_SERVER:
            wanted += wanted_ports(gateway)
        for port in wanted:
            if reason := ports.busy(port):
                raise StartError(reason)

    async def _wait_for(self, started: Iterable[Child]) -> None:
        for child in started:
            self._say(f"waiting for {child.spec.name}")
            if not await self._unless_failed(child.answers(START_TIMEOUT)):
                raise StartError(f"{child.spec.name} did not become healthy; see {child.spec.log}")

    async def _try_guard(self, plan: Plan) -> None:
        """Only where we run all of it: containers come up in any order."""
        prompts = plan.gateway.prompts
        if prompts and self._request.service is Service.ALL:
            asking = missed_by_guard(prompts, _GUARD_TIMEOUT)
            if reason := await self._unless_failed(asking):
                raise StartError(reason)

    async def _bring_up_envoy(self, sound: Sound) -> Plan:
        self._executable = binary.find()
        self._envoy_version = await asyncio.to_thread(binary.checked_version, self._executable)
        applier = self._applier = Applier(self._layout, self._ads, self._executable)
        self._layout.bootstrap_file.write_text(binary.bootstrap(self._layout), "utf-8")
        await self._ads.start()
        self._say(f"starting Envoy {self._envoy_version}")
        self._children.start_new(children(self._needs(sound)))
        # Envoy and the plan for it take about as long: they are got ready side by side.
        planning = asyncio.to_thread(make_plan, sound, self._layout)
        plan = await self._unless_failed(planning)
        await self._unless_failed(applier.first(plan))
        await self._wait_for(self._children.waited_for())
        waiting = health.unhealthy(plan.gateway.listeners, START_TIMEOUT / 4)
        if late := await self._unless_failed(waiting):
            which = ", ".join(f"{each.name} ({each.address}:{each.port})" for each in late)
            reason = await applier.validate(plan)
            why = f": {reason}" if reason else f"; see {self._layout.logs / 'envoy.log'}"
            raise StartError(f"Envoy took the configuration but does not serve {which}{why}")
        return plan

    def _needs(self, config: Sound | Plan | None) -> Needs:
        gateway = config.gateway if config else None
        executable = self._executable or self._layout.home
        return Needs(self._request.service, gateway, self._layout, executable)

    async def _unless_failed(self, work: Awaitable[T]) -> T:
        """The work's result; or why a child ended, or that we are to stop, if that is first."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait(
            {task, stopping, self._children.failed}, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()
        if task in done:
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._children.failed in done:
            self._children.failed.result()
        raise StoppedError

    # ---- serving

    async def _serve(self) -> int:
        watching = asyncio.create_task(self._watch())
        try:
            await self._unless_failed(asyncio.Event().wait())
        except StoppedError:
            return DONE
        except ChildFailedError as error:
            log.critical("%s", error)
            self._layout.failure_file.write_text(f"{error}\n", "utf-8")
            self._drain_timeout = 0.0
        finally:
            watching.cancel()
        return COULD_NOT_RUN

    async def _watch(self) -> None:
        while True:
            await self._watched.wait()
            if self._watched.marks() != self._read_marks:
                await self._reload("the file changed")

    async def _reload(self, why: str) -> Verdict:
        async with self._reloading:
            try:
                verdict = await self._try_reload()
            except Exception as error:  # a fault of ours must not end what serves
                log.exception("reload (%s)", why)
                what = f"{type(error).__name__}: {error}"
                verdict = Verdict(COULD_NOT_RUN, f"internal error ({what}){_KEEPS_SERVING}")
            self._last_reload = (asyncio.get_running_loop().time(), verdict)
            level = logging.INFO if verdict.ok else logging.ERROR
            log.log(level, "reload (%s): %s", why, verdict.summary)
            for each in verdict.problems:
                log.log(level, "%s", as_line(each))
            return verdict

    async def _try_reload(self) -> Verdict:
        sound = await self._read()
        if isinstance(sound, Refused):
            return _refusal(sound, _KEEPS_SERVING)
        if sound is None or self._applier is None:
            return Verdict(DONE, "nothing to reload: no config is in use")
        self._say("applying it to Envoy")
        plan = await asyncio.to_thread(make_plan, sound, self._layout)
        return await self._apply(self._applier, plan)

    async def _apply(self, applier: Applier, plan: Plan) -> Verdict:
        """New children serve before Envoy is told of them; old ones stop after it let go."""
        specs = children(self._needs(plan))
        started: tuple[Child, ...] = ()

        async def get_ready() -> None:
            nonlocal started
            started = self._children.start_new(specs)
            try:
                await self._wait_for(started)
            except (StartError, StoppedError) as error:
                raise RefusedError(str(error), COULD_NOT_RUN) from None

        verdict = await applier.apply(plan, get_ready)
        if applier.current is plan:
            await self._children.reconcile(specs, _CHILD_GRACE)
        else:
            await self._children.drop(started, _CHILD_GRACE)
        return verdict

    # ---- answering

    async def _answer(
        self, request: Mapping[str, Any], progress: Callable[[str], None]
    ) -> Mapping[str, Any]:
        command = request.get("command")
        if command == "status":
            return await self._status()
        self._listening.add(progress)
        try:
            if command == "reload":
                self._env.update(request.get("env", {}))
                return (await self._reload("archgw reload")).as_json()
            if command == "down":
                self._drain_timeout = float(request.get("timeout", DRAIN_TIMEOUT))
                self._stop.set()
                await self._gone.wait()
                return {"ok": True, "cut": self._cut}
        finally:
            self._listening.discard(progress)
        return {"ok": False, "summary": f"unknown command {command!r}"}

    async def _status(self) -> Mapping[str, Any]:
        now = asyncio.get_running_loop().time()
        current = self._applier.current if self._applier else None
        listeners = current.gateway.listeners if current else ()
        answers = await asyncio.gather(*(health.healthy(each) for each in listeners))
        statuses = self._children.statuses()
        running = all(answers) and all(each.state == "running" for each in statuses)
        state = "degraded" if self._state == "running" and not running else self._state
        return {
            "state": state,
            "pid": os.getpid(),
            "uptime_s": round(now - self._began, 1),
            "home": str(self._layout.home),
            "config": str(self._request.config or ""),
            "service": str(self._request.service),
            "version": current.snapshot.version if current else "",
            "envoy_version": self._envoy_version,
            "acknowledged": self._ads.versions(),
            "listeners": [
                {"name": each.name, "address": each.address, "port": each.port, "healthy": ok}
                for each, ok in zip(listeners, answers, strict=True)
            ],
            "children": [asdict(each) for each in statuses],
            "last_reload": self._told_reload(now),
        }

    def _told_reload(self, now: float) -> Mapping[str, Any] | None:
        if self._last_reload is None:
            return None
        at, verdict = self._last_reload
        return {"ago_s": round(now - at, 1), **verdict.as_json()}

    # ---- ending

    async def _end(self) -> None:
        was_up = self._state == "running"
        self._state = "draining"
        if was_up and self._applier and self._drain_timeout:
            self._say("draining")
            self._cut = await self._drain()
        self._say("stopping")
        if self._applier:
            await self._applier.close()
        await self._children.stop(_CHILD_GRACE)
        await self._ads.stop()
        self._home.clean()
        self._gone.set()
        await self._control.stop()
        self._home.release()

    async def _drain(self) -> int:
        # A second signal sets the timeout to nothing while this waits.
        left = await drain.drain(self._admin, lambda: self._drain_timeout, self._say)
        if left:
            log.warning("%d request(s) were still open when the time was up", left)
        return left

    # ---- small things

    def _say(self, text: str) -> None:
        for each in tuple(self._listening):
            with contextlib.suppress(OSError):
                each(text)

    def _spawn(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refusal(refused: Refused, and_then: str = "") -> Verdict:
    errors = sum(each["severity"] == "error" for each in refused.problems)
    plural = "" if errors == 1 else "s"
    return Verdict(FOUND, f"{errors} error{plural} in the config{and_then}", refused.problems)

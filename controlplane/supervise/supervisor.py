"""The life of one gateway: take the home, start, serve, drain, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from controlplane.exit_codes import COULD_NOT_RUN, DONE
from controlplane.supervise.control_server import ControlServer
from controlplane.supervise.drain_time import NONE, DrainTime
from controlplane.supervise.envoy import drain
from controlplane.supervise.envoy.admin import Admin
from controlplane.supervise.home import LongPathError, clean_home, take_home
from controlplane.supervise.lock import HeldError
from controlplane.supervise.logs import Logs
from controlplane.supervise.messages import Stopped, Verdict, could_not_run
from controlplane.supervise.parts import Parts, StoppedError
from controlplane.supervise.private import UnsafeError
from controlplane.supervise.processes.child import STOP_GRACE, ChildFailedError
from controlplane.supervise.reloading import Reloads
from controlplane.supervise.scrape import Scrape, Serving
from controlplane.supervise.starting import start
from controlplane.supervise.status import gather_status, listener_statuses, ready

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from controlplane.supervise.lock import Lock
    from controlplane.supervise.messages import Progress
    from controlplane.supervise.parts import Request
    from controlplane.supervise.starting import Envoy

log = logging.getLogger("archgw")


class Supervisor:
    def __init__(self, request: Request, progress: Progress) -> None:
        self._parts = Parts(request, progress)
        self._home = request.home
        self._logs = Logs(request.home, self._parts.children)
        self._control = ControlServer(request.home.control_socket, self._answer)
        self._scrape = Scrape(request.home, self._parts.children, request.env, self._serving)
        self._state = "starting"
        self._began = asyncio.get_running_loop().time()
        self._envoy: Envoy | None = None
        self._reloads: Reloads | None = None
        self._drain_time = request.drain_time
        self._cut = 0
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Future[Any]] = set()

    async def run(self, ready: Callable[[Verdict], None]) -> int:
        """Until it is to stop; `ready` is called once, with how the start went."""
        try:
            lock = take_home(self._home, str(self._parts.config.path or ""))
        except (HeldError, UnsafeError, LongPathError, OSError) as error:
            ready(could_not_run(str(error)))
            return COULD_NOT_RUN
        self._catch_signals()
        try:
            verdict = await self._start()
            if verdict.ok:
                ready(verdict)
                return await self._serve()
        finally:
            await self._end(lock)
        ready(verdict)
        return verdict.code

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_signal)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._reload("SIGHUP")))
        loop.add_signal_handler(signal.SIGUSR1, lambda: self._spawn(self._logs.reopen()))

    def _stop_signal(self) -> None:
        if self._parts.stop.is_set():
            log.warning("a second signal to stop: not waiting for open requests any more")
            self._drain_time = NONE
        self._parts.stop.set()

    async def _start(self) -> Verdict:
        try:
            await self._control.start()
            await self._scrape.start()
        except OSError as error:
            return could_not_run(str(error))
        verdict, started = await start(self._parts)
        if started:
            self._envoy = started.envoy
            self._reloads = Reloads(self._parts, started.envoy)
            self._parts.children.settle()
            self._state = "running"
            config, version = self._parts.config.path, verdict.version
            log.info("up: config %s, version %s", config, version or "none")
        return verdict

    # ---- serving

    async def _serve(self) -> int:
        assert self._reloads is not None, "it has started"
        watching = asyncio.create_task(self._reloads.watch())
        turning = asyncio.create_task(self._logs.keep_small())
        try:
            await self._parts.unless_failed(asyncio.Event().wait())
        except StoppedError:
            return DONE
        except ChildFailedError as error:
            log.critical("%s", error)
            with contextlib.suppress(OSError):
                self._home.failure_file.write_text(f"{error}\n", "utf-8")
            self._drain_time = NONE
        finally:
            watching.cancel()
            turning.cancel()
        return COULD_NOT_RUN

    async def _reload(self, why: str) -> Verdict:
        if self._reloads is None:
            return could_not_run("the gateway is still starting")
        return await self._reloads.reload(why)

    async def _answer(self, request: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        command = request.get("command")
        with self._parts.audience.joined(progress):
            if command == "status":
                return await self._status()
            if command == "ready":
                return {"ready": self._state == "running" and await ready(self._envoy)}
            if command == "listeners":
                found = await listener_statuses(self._envoy)
                return {"listeners": [asdict(each) for each in found]}
            if command == "look":
                return (await asyncio.to_thread(self._parts.config.look)).to_json()
            if command == "reload":
                self._parts.config.add_variables(request.get("env", {}))
                return (await self._reload("archgw reload")).to_json()
            if command == "down":
                self._drain_time = self._asked(request)
                self._parts.stop.set()
                await self._gone.wait()
                return Stopped(self._cut, self._drain_time.most).to_json()
        return {"ok": False, "summary": f"unknown command {command!r}"}

    def _serving(self) -> Serving:
        envoy = self._envoy
        current = envoy.applier.current if envoy else None
        if envoy is None or current is None:
            return Serving()
        runtime = current.runtime[0] if current.runtime else ""
        return Serving(current.snapshot.version, runtime, envoy.version, current.gateway.listeners)

    def _asked(self, request: Mapping[str, Any]) -> DrainTime:
        """What `archgw down` says, and what `up` said of the rest."""
        told = {name: request[name] for name in ("least", "most") if request.get(name) is not None}
        asked = replace(self._drain_time, **told)
        # One of the two alone may have been said: then it carries the other along.
        return asked if "most" in told else replace(asked, most=max(asked.least, asked.most))

    async def _status(self) -> Mapping[str, Any]:
        uptime = asyncio.get_running_loop().time() - self._began
        last = self._reloads.last() if self._reloads else None
        status = await gather_status(self._parts, self._state, uptime, self._envoy, last)
        return status.to_json()

    # ---- ending

    async def _end(self, lock: Lock) -> None:
        was_up = self._state == "running"
        self._state = "draining"
        if was_up and self._envoy and self._drain_time.most:
            self._parts.audience.say("draining")
            self._cut = await self._drain()
        self._parts.audience.say("stopping")
        if self._envoy:
            await self._envoy.applier.close()
        await self._parts.children.stop(STOP_GRACE)
        self._scrape.stop()
        await self._parts.ads.stop()
        clean_home(self._home)
        self._gone.set()
        await self._control.stop()
        lock.release()

    async def _drain(self) -> int:
        admin = Admin(self._home.admin_socket)
        # A second signal takes all patience away while this waits.
        left = await drain.drain(admin, lambda: self._drain_time, self._parts.audience.say)
        if left:
            log.warning("%d request(s) were still open when the time was up", left)
        return left

    def _spawn(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

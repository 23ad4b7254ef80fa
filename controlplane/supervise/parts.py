"""What one supervisor is made of, shared by its start, its reloads, its status and its end."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from controlplane.compile import STATS_VARIABLE, machine
from controlplane.defaults import (
    BIND,
    LOOPBACK,
    MODEL_SERVER,
    MODEL_SERVER_PORT,
    MODEL_SERVER_SECRET,
    STATS_PORT,
)
from controlplane.supervise import ports
from controlplane.supervise.config_file import ConfigFile
from controlplane.supervise.drain_time import DrainTime
from controlplane.supervise.ports import Port
from controlplane.supervise.processes.children import Children
from controlplane.supervise.secrets import SecretStore
from controlplane.supervise.services import Needs, Service
from controlplane.xds.server import AdsServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator, Mapping
    from pathlib import Path

    from controlplane import ir
    from controlplane.home_paths import Home
    from controlplane.supervise.messages import Progress
    from controlplane.supervise.plan import Refused, Sound
    from controlplane.supervise.processes.child import Child

T = TypeVar("T")

START_TIMEOUT = 60.0


class StartError(Exception):
    """Something did not come up; the message is for the user."""


class StoppedError(Exception):
    """Asked to stop while something else was waited for."""

    def __str__(self) -> str:
        return "stopped before it was up"


@dataclass(frozen=True, slots=True)
class Request:
    """What `archgw up` was asked for."""

    config: Path | None
    home: Home
    service: Service
    env: Mapping[str, str] = field(repr=False)
    drain_time: DrainTime = field(default_factory=DrainTime)
    """For its end, where who ends it says nothing else."""
    console: bool = False
    """Whether the console runs beside it."""


def _variables(request: Request) -> Mapping[str, str]:
    """A gateway and a model server that run apart meet at a port, by default at v0.1's.

    Another gateway may have the usual port of the statistics: then this one has the next.
    """
    address = request.env.get(BIND) or LOOPBACK
    stats = ports.first_free(Port("stats", address, STATS_PORT, "overrides.stats_port"))
    ours = {STATS_VARIABLE: str(stats)}
    if request.service is not Service.ALL:
        ours["MODEL_SERVER_PORT"] = str(MODEL_SERVER_PORT)
    return {**ours, **request.env}


class Audience:
    """Who hears how it goes: `archgw up`, and whoever asked for a reload or for the end."""

    def __init__(self, first: Progress) -> None:
        self._hearing = {first}

    def say(self, text: str) -> None:
        for each in tuple(self._hearing):
            with contextlib.suppress(OSError):
                each(text)

    @contextlib.contextmanager
    def joined(self, progress: Progress) -> Iterator[None]:
        self._hearing.add(progress)
        try:
            yield
        finally:
            self._hearing.discard(progress)


class Parts:
    def __init__(self, request: Request, progress: Progress) -> None:
        home = request.home
        self.request = request
        self.home = home
        variables = _variables(request)
        self.config = ConfigFile(request.config, variables)
        self.model_server = next(iter(machine(variables).model_servers), MODEL_SERVER)
        """Where a model server without a gateway is."""
        self.audience = Audience(progress)
        self.ads = AdsServer(home.ads_socket)
        self.children = Children(home.children_file)
        self.store = SecretStore(home.secrets)
        self.stop = asyncio.Event()

    async def read_config(self) -> Sound | Refused | None:
        """None where there is none: a model server alone."""
        if self.config.path:
            self.audience.say(f"reading {self.config.path}")
        return await self.config.read()

    def needs(self, gateway: ir.Gateway | None, envoy: Path | None) -> Needs:
        held = {secret.name for secret in gateway.secrets} if gateway else set()
        alone = gateway is None and "MODEL_SERVER_TOKEN" in self.request.env
        has_token = alone or MODEL_SERVER_SECRET in held
        return Needs(
            self.request.service,
            gateway,
            self.home,
            envoy,
            self.model_server,
            has_token,
            self.request.console,
        )

    async def wait_healthy(self, started: Iterable[Child]) -> None:
        for child in started:
            self.audience.say(f"waiting for {child.spec.name}")
            if not await self.unless_failed(child.answers(START_TIMEOUT)):
                raise StartError(f"{child.spec.name} did not become healthy; see {child.spec.log}")

    async def unless_failed(self, work: Awaitable[T]) -> T:
        """The work's result; or why a child ended, or that we are to stop, if that is first."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.create_task(self.stop.wait())
        done, _ = await asyncio.wait(
            {task, stopping, self.children.failed}, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()
        if task in done:
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self.children.failed in done:
            self.children.failed.result()
        raise StoppedError

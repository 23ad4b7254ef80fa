"""From a request to a gateway that serves, or to the reason why not.

In order: the config is read, the ports are free, keys are on disk, the children run, Envoy has
taken the whole configuration, all of them answer, every listener serves, and the guard guards.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from controlplane.defaults import MODEL_SERVER_SECRET
from controlplane.emit.names import EXTPROC_CLUSTER
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.problem import Severity
from controlplane.supervise import health, ports
from controlplane.supervise.applying import Applier, RefusedError
from controlplane.supervise.canary import missed_by_guard
from controlplane.supervise.envoy import binary
from controlplane.supervise.envoy.admin import Admin, AdminError
from controlplane.supervise.messages import Verdict
from controlplane.supervise.parts import START_TIMEOUT, StartError, StoppedError
from controlplane.supervise.plan import Refused, key_files, make_plan, wanted_ports
from controlplane.supervise.private import UnsafeError
from controlplane.supervise.processes.child import ChildFailedError
from controlplane.supervise.services import (
    Service,
    children,
    model_server_port,
    runs_model_server,
)
from controlplane.xds.server import NoAnswerError

if TYPE_CHECKING:
    from pathlib import Path

    from controlplane.supervise.parts import Parts
    from controlplane.supervise.plan import Plan, Sound

_GUARD_TIMEOUT = 10.0
_EXPECTED = (
    *(RefusedError, StartError, StoppedError, ChildFailedError, NoAnswerError),
    *(binary.EnvoyError, AdminError, UnsafeError, OSError),
)
"""What can go wrong at the start, each with a message for the user."""


@dataclass(frozen=True, slots=True)
class Envoy:
    """The Envoy that runs, and what changes its configuration."""

    executable: Path
    version: str
    applier: Applier


@dataclass(frozen=True, slots=True)
class Started:
    plan: Plan | None = None
    """None for a model server alone, and so is Envoy."""
    envoy: Envoy | None = None


async def start(parts: Parts) -> tuple[Verdict, Started | None]:
    """The verdict for the user, and what runs when it is good."""
    try:
        sound = await parts.read_config()
        if isinstance(sound, Refused):
            return refusal(sound), None
        started = await _start_all(parts, sound)
    except _EXPECTED as error:
        return Verdict(getattr(error, "code", COULD_NOT_RUN), str(error)), None
    plan = started.plan
    if plan is None:
        return Verdict(DONE, "up"), started
    return Verdict(DONE, "up", plan.warnings, version=plan.snapshot.version), started


def refusal(refused: Refused, and_then: str = "") -> Verdict:
    errors = sum(each.problem.severity is Severity.ERROR for each in refused.problems)
    plural = "" if errors == 1 else "s"
    return Verdict(FOUND, f"{errors} error{plural} in the config{and_then}", refused.problems)


async def _start_all(parts: Parts, sound: Sound | None) -> Started:
    parts.store.prepare()
    _check_models(parts, sound)
    _check_ports(parts, sound)
    parts.store.write(key_files(sound.gateway, parts.home) if sound else _token(parts))
    if sound is None or parts.request.service is Service.MODEL_SERVER:
        gateway = sound.gateway if sound else None
        parts.children.start_new(children(parts.needs(gateway, None)))
        await parts.wait_healthy(parts.children.waited_for())
        return Started()
    started = await _start_with_envoy(parts, sound)
    await _try_guard(parts, sound)
    return started


def _token(parts: Parts) -> dict[str, str]:
    """Of a model server alone, which has no config to say it."""
    token = parts.request.env.get("MODEL_SERVER_TOKEN")
    return {parts.home.key_file(MODEL_SERVER_SECRET).name: token} if token else {}


def _check_models(parts: Parts, sound: Sound | None) -> None:
    gateway = sound.gateway if sound else None
    if runs_model_server(parts.request.service, gateway) and not find_spec("onnxruntime"):
        raise StartError(
            "the models have nothing to run on: `pip install 'archgw[models]'`, or run the gateway"
            " alone (`--service gateway`) beside a model server elsewhere"
        )


def _check_ports(parts: Parts, sound: Sound | None) -> None:
    service, gateway = parts.request.service, sound.gateway if sound else None
    model_server = model_server_port(service, gateway, parts.model_server)
    wanted = [model_server] if model_server else []
    if gateway and service is not Service.MODEL_SERVER:
        wanted += wanted_ports(gateway)
    for port in wanted:
        if reason := ports.busy(port):
            raise StartError(reason)


async def _start_with_envoy(parts: Parts, sound: Sound) -> Started:
    home = parts.home
    executable = binary.find()
    version = await asyncio.to_thread(binary.checked_version, executable)
    applier = Applier(home, parts.ads, executable)
    home.bootstrap_file.write_text(binary.bootstrap(home), "utf-8")
    await parts.ads.start()
    parts.audience.say(f"starting Envoy {version}")
    parts.children.start_new(children(parts.needs(sound.gateway, executable)))
    # Envoy and the plan for it take about as long: they are got ready side by side.
    plan = await parts.unless_failed(asyncio.to_thread(make_plan, sound, home))
    await parts.unless_failed(applier.first(plan))
    await parts.wait_healthy(parts.children.waited_for())
    await _wait_serving(parts, applier, plan)
    if sound.gateway.prompts:
        await parts.unless_failed(_wait_all_well(Admin(home.admin_socket)))
    return Started(plan, Envoy(executable, version, applier))


async def _wait_serving(parts: Parts, applier: Applier, plan: Plan) -> None:
    waiting = health.unhealthy(plan.gateway.listeners, START_TIMEOUT / 4)
    if late := await parts.unless_failed(waiting):
        which = ", ".join(f"{each.name} ({each.address}:{each.port})" for each in late)
        reason = await applier.validate(plan)
        why = f": {reason}" if reason else f"; see {parts.home.logs / 'envoy.log'}"
        raise StartError(f"Envoy took the configuration but does not serve {which}{why}")


async def _wait_all_well(admin: Admin) -> None:
    """Until Envoy has asked each extproc process how it is, the death of one could leave none."""
    healthy, total = (
        f"cluster.{EXTPROC_CLUSTER}.membership_{what}" for what in ("healthy", "total")
    )
    clock = asyncio.get_running_loop().time
    deadline = clock() + START_TIMEOUT / 4
    while clock() < deadline:
        found = await admin.stats(f"^cluster.{EXTPROC_CLUSTER}.membership_")
        if 0 < found.get(total, 0) <= found.get(healthy, 0):
            return
        await asyncio.sleep(0.02)


async def _try_guard(parts: Parts, sound: Sound) -> None:
    """Only where we run all of it: containers come up in any order."""
    prompts = sound.gateway.prompts
    if prompts and parts.request.service is Service.ALL:
        asking = missed_by_guard(prompts, parts.home, _GUARD_TIMEOUT)
        if reason := await parts.unless_failed(asking):
            raise StartError(reason)

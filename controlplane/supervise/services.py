"""Which processes a gateway is made of. A new kind of process is one more entry of `_KINDS`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import controlplane
from controlplane.supervise import envoy
from controlplane.supervise.child import ChildSpec
from controlplane.supervise.health import http_ok

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controlplane import ir
    from controlplane.layout import Layout

DEFAULT_MODEL_SERVER = "127.0.0.1:51000"


class Service(StrEnum):
    ALL = "all"
    GATEWAY = "gateway"
    MODEL_SERVER = "model_server"


@dataclass(frozen=True, slots=True)
class Needs:
    service: Service
    gateway: ir.Gateway | None
    """None for a model server alone, which needs no config."""
    layout: Layout
    envoy: Path


def children(needs: Needs) -> tuple[ChildSpec, ...]:
    """In starting order; they are stopped in reverse."""
    return tuple(spec for kind in _KINDS for spec in kind(needs))


def python_child(name: str, arguments: Iterable[str], layout: Layout) -> ChildSpec:
    """One of our own modules, found where the control plane itself was found."""
    root = Path(controlplane.__file__).resolve().parent.parent
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-m", *arguments),
        log=layout.logs / f"{name}.log",
        environment=(("PYTHONPATH", str(root)), ("PYTHONUNBUFFERED", "1")),
        essential=False,
    )


def _model_server(needs: Needs) -> tuple[ChildSpec, ...]:
    address = embedded_model_server(needs.service, needs.gateway)
    if address is None:
        return ()
    host, _, port = address.rpartition(":")
    arguments = ("modelserver", "--host", host, "--port", port)
    spec = python_child("modelserver", arguments, needs.layout)

    async def probe() -> bool:
        return await http_ok(host, int(port), "/healthz")

    return (ChildSpec(spec.name, spec.argv, spec.log, spec.environment, False, probe),)


def embedded_model_server(service: Service, gateway: ir.Gateway | None) -> str | None:
    """The address of the model server that is ours to run; None when there is none."""
    prompts = gateway.prompts if gateway else None
    if service is Service.MODEL_SERVER:
        return prompts.model_server.address if prompts else DEFAULT_MODEL_SERVER
    if service is Service.ALL and prompts and prompts.model_server.embedded:
        return prompts.model_server.address
    return None


def _envoy(needs: Needs) -> tuple[ChildSpec, ...]:
    if needs.service is Service.MODEL_SERVER:
        return ()
    return (envoy.child(needs.envoy, needs.layout),)


_KINDS = (_model_server, _envoy)

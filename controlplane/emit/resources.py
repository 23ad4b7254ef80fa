"""Everything Envoy is told about one gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.emit import models
from controlplane.emit.clusters import emit_clusters
from controlplane.emit.listener import emit_listeners
from controlplane.emit.prompt_routes import internal_routes, prompt_routes
from controlplane.emit.routes import llm_routes
from controlplane.emit.runtime import RuntimeFile, emit_runtime
from controlplane.emit.secrets import emit_secret_files

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit.proto import Fields
    from controlplane.home_paths import Home


@dataclass(frozen=True, slots=True)
class Resources:
    listeners: tuple[Fields, ...]
    routes: tuple[Fields, ...]
    clusters: tuple[Fields, ...]
    secret_files: tuple[tuple[str, str], ...]
    """(file name under the home's `secrets`, text); none of them holds a key."""
    runtime: RuntimeFile | None
    """What extproc decides by; to be in place before the routes that name it."""


def emit(gateway: ir.Gateway, home: Home) -> Resources:
    runtime = emit_runtime(gateway, home)
    return Resources(
        listeners=emit_listeners(gateway, home),
        routes=_routes(gateway, runtime),
        clusters=(*emit_clusters(gateway, home), *_models(gateway)),
        secret_files=emit_secret_files(gateway, home),
        runtime=runtime,
    )


def _models(gateway: ir.Gateway) -> tuple[Fields, ...]:
    server = gateway.prompts.model_server if gateway.prompts else None
    return (models.emit_cluster(server),) if server and server.addresses else ()


def _routes(gateway: ir.Gateway, runtime: RuntimeFile | None) -> tuple[Fields, ...]:
    configs = [llm_routes(gateway)]
    if gateway.prompts and runtime:
        configs += [prompt_routes(gateway, gateway.prompts, runtime), internal_routes(gateway)]
    return tuple(configs)

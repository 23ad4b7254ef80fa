"""Everything Envoy is told about one gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.emit.clusters import emit_clusters
from controlplane.emit.listener import emit_listeners
from controlplane.emit.routes import emit_routes
from controlplane.emit.secrets import emit_secret_files

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit import proto
    from controlplane.layout import Layout


@dataclass(frozen=True, slots=True)
class Resources:
    listeners: tuple[proto.Listener, ...]
    routes: tuple[proto.RouteConfiguration, ...]
    clusters: tuple[proto.Cluster, ...]
    secret_files: tuple[tuple[str, str], ...]
    """(file name under the home's `secrets`, text); none of them holds a key."""


def emit(gateway: ir.Gateway, layout: Layout) -> Resources:
    return Resources(
        listeners=emit_listeners(gateway, layout),
        routes=emit_routes(gateway),
        clusters=emit_clusters(gateway, layout),
        secret_files=emit_secret_files(gateway, layout),
    )

"""A snapshot: every resource Envoy should hold at one moment, versioned by content.

A version is a hash of the resources of one type, so an unchanged type is never pushed again
and a restarted control plane gives the same versions for the same file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.emit import proto

if TYPE_CHECKING:
    from collections.abc import Mapping

CLUSTER = proto.TYPE_URL + proto.CLUSTER
LISTENER = proto.TYPE_URL + proto.LISTENER
ROUTE = proto.TYPE_URL + proto.ROUTES

PUSH_ORDER = (CLUSTER, LISTENER, ROUTE)
"""What is pointed at goes before what points at it."""

SHORT_NAMES = {CLUSTER: "CDS", LISTENER: "LDS", ROUTE: "RDS"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """The resources of one type: name and encoded message."""

    resources: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, resources: Mapping[str, bytes]) -> Bundle:
        return cls(tuple(sorted(resources.items(), key=lambda item: item[0])))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.resources)

    @property
    def by_name(self) -> dict[str, bytes]:
        return dict(self.resources)

    @property
    def version(self) -> str:
        digest = hashlib.sha256()
        for name, resource in self.resources:
            digest.update(f"{len(name)}:{name}:{len(resource)}:".encode())
            digest.update(resource)
        return digest.hexdigest()[:16]

    def over(self, other: Bundle) -> Bundle:
        """Ours, and what only the other one has."""
        return Bundle.of({**other.by_name, **self.by_name})


@dataclass(frozen=True, slots=True)
class Snapshot:
    clusters: Bundle = Bundle()
    listeners: Bundle = Bundle()
    routes: Bundle = Bundle()

    def bundle(self, type_url: str) -> Bundle:
        return {CLUSTER: self.clusters, LISTENER: self.listeners, ROUTE: self.routes}[type_url]

    @property
    def version(self) -> str:
        joined = "/".join(self.bundle(type_url).version for type_url in PUSH_ORDER)
        return hashlib.sha256(joined.encode()).hexdigest()[:16]


def steps(old: Snapshot, new: Snapshot) -> tuple[Snapshot, ...]:
    """The snapshots Envoy holds on its way from old to new; each is complete in itself.

    New clusters come beside the old ones, then the listeners with the routes only they need,
    then the routes. The last step still holds the clusters that nothing points at any more:
    a retry that has begun may yet need one, so the caller retires them later.
    """
    clusters = new.clusters.over(old.clusters)
    known_routes = old.routes.over(new.routes)
    path = (
        Snapshot(clusters, old.listeners, old.routes),
        Snapshot(clusters, new.listeners, known_routes),
        Snapshot(clusters, new.listeners, new.routes),
    )
    return tuple(step for before, step in zip((old, *path), path, strict=False) if step != before)

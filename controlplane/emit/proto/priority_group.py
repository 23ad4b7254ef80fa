"""Envoy's priority_group cluster specifier, which envoy-data-plane does not have yet.

The messages mirror envoy/extensions/router/cluster_specifiers/priority_group/v3. Attempt n
of a request goes to group n, so the groups are a failover chain across clusters; and unlike
an aggregate cluster, each attempt runs the upstream filters of the cluster it went to: its
own key, its own model.
"""

from __future__ import annotations

import betterproto2
from betterproto2 import Message, field
from envoy_data_plane.google import protobuf
from envoy_data_plane.message_pool import default_message_pool
from pydantic.dataclasses import dataclass

PACKAGE = "envoy.extensions.router.cluster_specifiers.priority_group.v3"


@dataclass(eq=False, repr=False, config={"extra": "forbid"})
class ClusterWeight(Message):
    cluster_name: str = field(1, betterproto2.TYPE_STRING)
    weight: int | None = field(
        2, betterproto2.TYPE_MESSAGE, unwrap=lambda: protobuf.UInt32Value, optional=True
    )


@dataclass(eq=False, repr=False, config={"extra": "forbid"})
class PriorityGroup(Message):
    name: str = field(1, betterproto2.TYPE_STRING)
    clusters: list[ClusterWeight] = field(2, betterproto2.TYPE_MESSAGE, repeated=True)


@dataclass(eq=False, repr=False, config={"extra": "forbid"})
class PriorityGroupClusterSpecifier(Message):
    priority_groups: list[PriorityGroup] = field(1, betterproto2.TYPE_MESSAGE, repeated=True)
    header_name: str | None = field(3, betterproto2.TYPE_STRING, optional=True)
    """A header whose number picks the cluster of a group; without one it is drawn by weight."""


for _message in (ClusterWeight, PriorityGroup, PriorityGroupClusterSpecifier):
    default_message_pool.register_message(PACKAGE, _message.__name__, _message)

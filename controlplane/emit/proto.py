"""The one door to envoy-data-plane: dictionaries in Envoy's own spelling become messages.

The emitters write the field names that Envoy's documentation shows, as plain dictionaries,
and `message` turns them into envoy-data-plane messages. That is where an unknown field, a
wrong type or a wrong enum is refused, so a slip is an error here and never silence in Envoy.
"""

from __future__ import annotations

import functools
import importlib
from datetime import timedelta
from typing import Any, TypeVar

from betterproto2 import Message
from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap
from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.listener.v3 import Listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse
from envoy_data_plane.google.protobuf import Any as AnyMessage

from controlplane.emit import priority_group as _registers  # noqa: F401  its messages join the pool

__all__ = [
    "AnyMessage",
    "Bootstrap",
    "Cluster",
    "DiscoveryRequest",
    "DiscoveryResponse",
    "Fields",
    "Listener",
    "Message",
    "RouteConfiguration",
    "duration",
    "message",
    "pack",
    "pipe",
    "socket_address",
    "typed",
]

Fields = dict[str, Any]
M = TypeVar("M", bound=Message)

# betterproto2 works out all type hints of a class anew for each field of each message, which
# is a third of the time a config takes. They never change.
_hints: Any = Message._type_hints  # noqa: SLF001
Message._type_hints = classmethod(functools.cache(_hints.__func__))  # type: ignore[assignment,method-assign,arg-type]  # noqa: SLF001

_OURS = {"envoy.extensions.router.cluster_specifiers.priority_group.v3"}


def message(kind: type[M], fields: Fields) -> M:
    return kind.from_dict(fields)


def pack(resource: Message) -> AnyMessage:
    return AnyMessage.pack(resource)


def typed(type_name: str, **fields: Any) -> Fields:
    """A `typed_config`: what Envoy calls an Any, by the message's full name."""
    package, _, _ = type_name.rpartition(".")
    if package not in _OURS:
        importlib.import_module(f"envoy_data_plane.{package}")
    return {"@type": f"type.googleapis.com/{type_name}", **fields}


def duration(value: timedelta) -> str:
    """Seconds with as many decimals as it needs; `0.005s`, `30s`."""
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def socket_address(host: str, port: int) -> Fields:
    return {"socket_address": {"address": host, "port_value": port}}


def pipe(path: object, mode: int = 0o600) -> Fields:
    return {"pipe": {"path": str(path), "mode": mode}}

"""The one door to Envoy's types: dictionaries in Envoy's own spelling become messages.

The emitters write the field names that Envoy's documentation shows, as plain dictionaries, and
these are what is printed. On its way to Envoy's socket, or when it has to be known that it is
sound, a resource goes through `message`, once. That is where an unknown field, a wrong type or
a wrong enum is refused, so a slip is an error here and never silence in Envoy.

The types are envoy-data-plane's. Loading its classes takes longer than all the rest of
`archgw compile`, so they are read into protobuf's own descriptors (`read_types`), which lie in
a file beside this one. `make protos` writes it; whoever runs a gateway needs the file alone.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.protobuf.message import Message

__all__ = [
    "BOOTSTRAP",
    "CLUSTER",
    "LISTENER",
    "ROUTES",
    "TYPE_URL",
    "Fields",
    "ParseError",
    "duration",
    "empty",
    "encoded",
    "message",
    "pipe",
    "socket_address",
    "typed",
]

Fields = dict[str, Any]

TYPE_URL = "type.googleapis.com/"

BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap"
CLUSTER = "envoy.config.cluster.v3.Cluster"
LISTENER = "envoy.config.listener.v3.Listener"
ROUTES = "envoy.config.route.v3.RouteConfiguration"


def message(type_name: str, fields: Fields) -> Message:
    """ParseError names the field that Envoy's type does not have, or not so."""
    # A copy: it takes `@type` out of each Any for a while, and puts it back at the end.
    return ParseDict(copy.deepcopy(fields), empty(type_name), descriptor_pool=_types())


def encoded(sound: Message) -> bytes:
    """The same bytes for the same content, in every process: versions are made of them."""
    _put_in_order(sound)
    return sound.SerializeToString(deterministic=True)


def empty(type_name: str) -> Message:
    return GetMessageClass(_types().FindMessageTypeByName(type_name))()


@cache
def _types() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(types_file().read_bytes()).file:
        pool.Add(file)
    return pool


def types_file() -> Path:
    """Its name says of which version of envoy-data-plane it was made."""
    (file,) = Path(__file__).parent.glob("envoy-data-plane-*.binpb")
    return file


def _put_in_order(sound: Message) -> None:
    # What ParseDict packs into an Any has its maps in another order in each process.
    for each in _parts(sound):
        if each.DESCRIPTOR.full_name == "google.protobuf.Any":
            packed = cast("AnyMessage", each)
            content = empty(packed.TypeName())
            content.ParseFromString(packed.value)
            packed.value = encoded(content)
        else:
            _put_in_order(each)


def _parts(whole: Message) -> Iterator[Message]:
    for field, value in whole.ListFields():
        kind = field.message_type
        if kind and kind.GetOptions().map_entry:
            yield from value.values() if kind.fields_by_name["value"].message_type else ()
        elif kind:
            yield from value if field.is_repeated else (value,)


def typed(type_name: str, **fields: Any) -> Fields:
    """A `typed_config`: what Envoy calls an Any, by the message's full name."""
    return {"@type": TYPE_URL + type_name, **fields}


def duration(value: timedelta) -> str:
    """Seconds with as many decimals as it needs; `0.005s`, `30s`."""
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def socket_address(host: str, port: int) -> Fields:
    return {"socket_address": {"address": host, "port_value": port}}


def pipe(path: object, mode: int = 0o600) -> Fields:
    return {"pipe": {"path": str(path), "mode": mode}}

"""Envoy's types as protobuf descriptors, read from the classes of envoy-data-plane.

A class of betterproto2 says of each field its number, type and oneof, which is what a
descriptor says. One file for each package, and in it everything that our messages can hold.
"""

from __future__ import annotations

import graphlib
import importlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from betterproto2 import TYPE_ENUM, TYPE_MESSAGE, Enum, FieldMetadata, Message, ProtoClassMetadata
from envoy_data_plane.message_pool import default_message_pool
from google.protobuf import (
    any_pb2,
    duration_pb2,
    empty_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from controlplane.emit.proto import TYPE_URL, priority_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a resource begins with, and what the emitters write into a `typed_config`.
_ROOTS = (
    "envoy.config.bootstrap.v3.Bootstrap",
    "envoy.config.core.v3.TypedExtensionConfig",
    "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
    "envoy.config.route.v3.FilterConfig",
    "envoy.config.trace.v3.OpenTelemetryConfig",
    "envoy.extensions.access_loggers.file.v3.FileAccessLog",
    "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
    "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
    "envoy.extensions.access_loggers.stats.v3.Config",
    "envoy.extensions.clusters.dns.v3.DnsCluster",
    "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
    "envoy.extensions.compression.gzip.compressor.v3.Gzip",
    "envoy.extensions.content_parsers.json.v3.JsonContentParser",
    "envoy.extensions.filters.common.matcher.action.v3.SkipFilter",
    "envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
    "envoy.extensions.filters.http.cdn_loop.v3.CdnLoopConfig",
    "envoy.extensions.filters.http.compressor.v3.Compressor",
    "envoy.extensions.filters.http.cors.v3.Cors",
    "envoy.extensions.filters.http.cors.v3.CorsPolicy",
    "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
    "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
    "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
    "envoy.extensions.filters.http.health_check.v3.HealthCheck",
    "envoy.extensions.filters.http.header_to_metadata.v3.Config",
    "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
    "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    "envoy.extensions.filters.http.lua.v3.Lua",
    "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
    "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
    "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
    "envoy.extensions.filters.http.router.v3.Router",
    "envoy.extensions.filters.http.sse_to_metadata.v3.SseToMetadata",
    "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
    "envoy.extensions.http.injected_credentials.generic.v3.Generic",
    "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
    "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
    "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
    "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    "envoy.extensions.tracers.opentelemetry.samplers.v3.ParentBasedSamplerConfig",
    "envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig",
    "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
    "envoy.extensions.transport_sockets.tls.v3.Secret",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    "envoy.service.discovery.v3.DiscoveryRequest",
    "envoy.service.discovery.v3.DiscoveryResponse",
    "envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
)

_CLASSES = "envoy_data_plane."
_GOOGLE = "google.protobuf"
_ENUM = "Value"
_SINGLE, _REPEATED = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED

_GOOGLES_OWN = (any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)

Kind = type[Message] | type[Enum]


def read_types() -> bytes:
    """A serialized FileDescriptorSet, each file after those that it needs."""
    packages: dict[str, list[Kind]] = {}
    for kind in _reachable([*map(_class, _ROOTS), priority_group.PriorityGroupClusterSpecifier]):
        packages.setdefault(_package(kind), []).append(kind)
    needs = {
        package: sorted(
            {_package(other) for kind in kinds for other in _used(kind)} - {package, _GOOGLE}
        )
        for package, kinds in packages.items()
    }
    files = FileDescriptorSet()
    for module in _GOOGLES_OWN:
        files.file.add().ParseFromString(module.DESCRIPTOR.serialized_pb)
    for package in graphlib.TopologicalSorter(needs).static_order():
        files.file.append(_file(package, packages[package], needs[package]))
    return files.SerializeToString(deterministic=True)


def _class(type_name: str) -> type[Message]:
    importlib.import_module(f"{_CLASSES}{type_name.rpartition('.')[0]}")
    return default_message_pool.url_to_type[TYPE_URL + type_name]


def _reachable(roots: Iterable[Kind]) -> list[Kind]:
    found: dict[str, Kind] = {}
    waiting = list(roots)
    while waiting:
        kind = waiting.pop()
        if _package(kind) != _GOOGLE and _full_name(kind) not in found:
            found[_full_name(kind)] = kind
            waiting += _used(kind)
    return [found[name] for name in sorted(found)]


def _used(kind: Kind) -> list[Kind]:
    if issubclass(kind, Enum):
        return []
    return [other for _, _, other in _fields(kind) if issubclass(other, Message | Enum)]


def _fields(kind: type[Message]) -> Iterator[tuple[str, FieldMetadata, type]]:
    """Of each field its name, what is known of it, and the class of its value."""
    facts: ProtoClassMetadata = kind._betterproto  # type: ignore[arg-type]  # noqa: SLF001  nothing public tells it
    for name in facts.sorted_field_names:
        known = facts.meta_by_field_name[name]
        value = known.map_meta[1] if known.map_meta else known
        key = f"{name}.value" if known.map_meta else name
        yield name, known, value.unwrap() if value.unwrap else facts.cls_by_field[key]


def _package(kind: Kind) -> str:
    if kind.__module__ == priority_group.__name__:
        return priority_group.PACKAGE
    return kind.__module__.removeprefix(_CLASSES)


def _full_name(kind: Kind) -> str:
    # Flat, as the classes are; only an outermost message is ever asked for by its name.
    if issubclass(kind, Message):
        name = default_message_pool.type_to_url[kind].removeprefix(f"{TYPE_URL}{_package(kind)}.")
        return f"{_package(kind)}.{name.replace('.', '')}"
    return f"{_package(kind)}.{kind.__name__}.{_ENUM}"


def _file(package: str, kinds: list[Kind], needs: list[str]) -> FileDescriptorProto:
    file = FileDescriptorProto(name=package, package=package, syntax="proto3")
    file.dependency.extend(module.DESCRIPTOR.name for module in _GOOGLES_OWN)
    file.dependency.extend(needs)
    for kind in kinds:
        name = _full_name(kind).removeprefix(f"{package}.").removesuffix(f".{_ENUM}")
        described = file.message_type.add(name=name)
        if issubclass(kind, Enum):
            _describe_enum(kind, described)
        else:
            _describe(kind, described)
    return file


def _describe_enum(kind: type[Enum], around: DescriptorProto) -> None:
    # In a message of its own: two enums side by side must not share the name of a value.
    renamed = kind.betterproto_value_to_renamed_proto_names()
    described = around.enum_type.add(name=_ENUM)
    for member in sorted(kind, key=lambda each: each.value != 0):
        described.value.add(name=renamed.get(member.value, member.name), number=member.value)


def _describe(kind: type[Message], described: DescriptorProto) -> None:
    oneofs: dict[str, int] = {}
    fields = list(_fields(kind))
    # A scalar that may be absent is the only member of a oneof; these stand behind the others.
    groups = [known.group for _, known, _ in fields if known.group]
    for name in dict.fromkeys([*groups, *(f"_{n}" for n, known, _ in fields if _lone(known))]):
        oneofs[name] = len(oneofs)
        described.oneof_decl.add(name=name)
    for name, known, value_class in fields:
        field = described.field.add(name=name.rstrip("_"), number=known.number)
        field.label = _REPEATED if known.repeated or known.map_meta else _SINGLE
        if known.map_meta:
            _describe_map(field, described, known.map_meta, value_class)
        else:
            _set_type(field, known, value_class)
        if known.group:
            field.oneof_index = oneofs[known.group]
        elif _lone(known):
            field.oneof_index = oneofs[f"_{name}"]
            field.proto3_optional = True


def _lone(known: FieldMetadata) -> bool:
    return bool(known.optional) and not known.group and known.proto_type != TYPE_MESSAGE


def _describe_map(
    field: FieldDescriptorProto,
    described: DescriptorProto,
    known: tuple[FieldMetadata, FieldMetadata],
    value_class: type,
) -> None:
    entry = described.nested_type.add(name=_entry_name(field.name))
    entry.options.map_entry = True
    for name, each in zip(("key", "value"), known, strict=True):
        part = entry.field.add(name=name, number=each.number, label=_SINGLE)
        _set_type(part, each, value_class)
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = entry.name


def _entry_name(field_name: str) -> str:
    return "".join(word.capitalize() for word in field_name.split("_")) + "Entry"


def _set_type(field: FieldDescriptorProto, known: FieldMetadata, value_class: type) -> None:
    field.type = FieldDescriptorProto.Type.Value(f"TYPE_{known.proto_type.upper()}")
    if known.proto_type in (TYPE_MESSAGE, TYPE_ENUM):
        field.type_name = f".{_full_name(value_class)}"


def file_name() -> str:
    return f"envoy-data-plane-{metadata.version('envoy-data-plane')}.binpb"


if __name__ == "__main__":
    Path(__file__).with_name(file_name()).write_bytes(read_types())

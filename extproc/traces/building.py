"""OpenTelemetry's messages, made of plain values. This module is dear to import: see the package."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from extproc.traces.context import Context

Value = str | bool | int | float | list[str]
INTERNAL: Final = Span.SPAN_KIND_INTERNAL
SERVER: Final = Span.SPAN_KIND_SERVER
CLIENT: Final = Span.SPAN_KIND_CLIENT

_SCOPE: Final = "archgw"
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    at: int
    attributes: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Made:
    """A span before it is a message. Times are nanoseconds since 1970."""

    name: str
    context: Context
    begin: int
    end: int
    kind: Span.SpanKind.ValueType = INTERNAL
    attributes: Mapping[str, Value | None] = field(default_factory=dict)
    """Those without a value are left out."""
    events: Sequence[Event] = ()
    failed: bool = False

    def add_to(self, spans: RepeatedCompositeFieldContainer[Span]) -> None:
        """In place: a message that is made apart is copied, which takes as long again."""
        span = spans.add()
        span.trace_id = bytes.fromhex(self.context.trace)
        span.span_id = bytes.fromhex(self.context.span)
        span.parent_span_id = bytes.fromhex(self.context.parent)
        span.flags = _SAMPLED
        span.name = self.name
        span.kind = self.kind
        span.start_time_unix_nano = self.begin
        span.end_time_unix_nano = max(self.begin, self.end)
        _add_attributes(span.attributes, self.attributes)
        for each in self.events:
            event = span.events.add()
            event.name = each.name
            event.time_unix_nano = each.at
            _add_attributes(event.attributes, each.attributes)
        if self.failed:
            span.status.code = Status.STATUS_CODE_ERROR


def export_request(service_name: str, spans: Iterable[Made]) -> bytes:
    request = ExportTraceServiceRequest()
    sent = request.resource_spans.add()
    _add_attributes(sent.resource.attributes, {"service.name": service_name})
    scope = sent.scope_spans.add()
    scope.scope.name = _SCOPE
    for each in spans:
        each.add_to(scope.spans)
    return request.SerializeToString()


def _add_attributes(
    attributes: RepeatedCompositeFieldContainer[KeyValue], values: Mapping[str, Value | None]
) -> None:
    for key, value in values.items():
        if value is not None:
            attribute = attributes.add()
            attribute.key = key
            _set(attribute.value, value)


def _set(holder: AnyValue, value: Value) -> None:
    match value:
        case str():
            holder.string_value = value
        case bool():
            holder.bool_value = value
        case int():
            holder.int_value = value
        case float():
            holder.double_value = value
        case _:
            holder.array_value.SetInParent()
            for each in value:
                holder.array_value.values.add().string_value = each

"""Settings of the gateway itself: overrides, decisions, tracing, model server, function calling."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import unquote

from controlplane.model import FunctionCalling, ModelServer, Overrides, Secret, Tracing
from controlplane.reading.values import check_key
from extproc.contract import Content, Decisions, Messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading
    from extproc.contract import ErrorDetail, StreamFormat


def overrides(top: Record) -> Overrides:
    record = top.record("overrides")
    return Overrides(
        path=record.path,
        intent_threshold=record.number("prompt_target_intent_matching_threshold"),
        guard_threshold=record.number("guard_threshold"),
        error_format=cast('Literal["json", "text"] | None', record.text("error_format")),
        error_detail=cast("ErrorDetail | None", record.text("error_detail")),
        stream_format=cast("StreamFormat | None", record.text("stream_format")),
        access_log_format=cast('Literal["text", "json"] | None', record.text("access_log_format")),
        debug_headers=record.flag("debug_headers"),
        max_calls=record.whole("max_calls"),
        ca_file=record.text("ca_file"),
        connect_timeout=record.duration("upstream_connect_timeout"),
        stats_port=record.whole("stats_port"),
        max_body=record.whole("max_body"),
        unknown_model=cast('Literal["refuse", "default"] | None', record.text("unknown_model")),
        messages=_messages(record.record("messages")),
    )


def _messages(record: Record) -> Messages:
    written = {each.name: record.text(each.name) for each in fields(Messages)}
    return Messages(**{name: text for name, text in written.items() if text is not None})


def decisions(top: Record) -> Decisions:
    record = top.record("decisions")
    plain = Decisions()
    sample, content = record.number("sample"), record.text("content")
    return Decisions(
        file=record.text("file"),
        sample=plain.sample if sample is None else sample,
        content=plain.content if content is None else cast("Content", content),
    )


def tracing(top: Record, reading: Reading) -> Tracing | None:
    if "tracing" not in top:
        return None
    record = top.record("tracing")
    rate, percent = record.number("sampling_rate"), record.number("random_sampling")
    if rate is not None and percent is not None:
        message = "`random_sampling` says again what `sampling_rate` says"
        path = record.path_of("random_sampling")
        reading.error("AG004", path, message, "keep `sampling_rate` alone")
    if rate is None and percent is not None:
        rate = percent / 100
    variables = reading.document.variables
    named = _collector(record, reading)
    if rate == 0 and named is None:
        return None
    collector = named or _collector_of_environment(variables)
    return Tracing(
        record.path,
        rate,
        otlp=collector,
        otlp_place=record.path_of("otlp") if "otlp" in record else record.path,
        headers=record.listed("headers") or _headers_of_environment(record, collector, reading),
        service_name=record.text("service_name"),
        content=variables.get(_CAPTURE, "").lower() in _CAPTURES,
    )


_FORMER: Final = "OTEL_TRACING_HTTP_ENDPOINT"
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"
_CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_CAPTURES: Final = ("true", "span_only", "span_and_event")


def _collector(record: Record, reading: Reading) -> str | None:
    otlp, grpc = record.text("otlp"), record.text("opentracing_grpc_endpoint")
    if otlp is not None and grpc is not None:
        message = "`opentracing_grpc_endpoint` says again what `otlp` says"
        path = record.path_of("opentracing_grpc_endpoint")
        reading.error("AG004", path, message, "keep `otlp` alone")
    return otlp if grpc is None else _over_grpc(grpc)


def _collector_of_environment(variables: Mapping[str, str]) -> str | None:
    """v0.1's variable goes before OpenTelemetry's own, which is often set for other programs."""
    if http := variables.get(_FORMER):
        return http
    return _opentelemetrys(variables)


def _opentelemetrys(variables: Mapping[str, str]) -> str | None:
    found = variables.get(_ENDPOINT)
    grpc = variables.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc"
    return _over_grpc(found) if found and grpc else found or None


def _headers_of_environment(
    record: Record, collector: str | None, reading: Reading
) -> tuple[tuple[str, Secret], ...]:
    """`name=value,name=value`, with values as in URLs. They may be keys, so no other collector than
    the one that the environment names is sent them, if it names one.
    """
    variables = reading.document.variables
    if variables.get(_ENDPOINT) and collector != _opentelemetrys(variables):
        return ()
    found: list[tuple[str, Secret]] = []
    for each in filter(str.strip, variables.get(_HEADERS, "").split(",")):
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not value:
            message = f"{_HEADERS} is not of the form name=value,name=value"
            reading.error("AG117", record.path, message, "a value is written as in a URL")
            return ()
        check_key(unquote(value), record.path, reading, blanks=True)
        found.append((name, Secret(unquote(value), reference=_HEADERS)))
    return tuple(found)


def _over_grpc(address: str) -> str:
    scheme, there, rest = address.rpartition("://")
    return f"grpcs{there}{rest}" if scheme == "https" else f"grpc://{rest}"


def model_server(top: Record, reading: Reading) -> ModelServer | None:
    if "model_server" not in top:
        return None
    record = top.record("model_server")
    addresses, embedded = record.texts("address"), record.flag("embedded")
    if not addresses and embedded is False:
        message = "`model_server` is not embedded, but has no address"
        reading.error("AG103", record.path, message, "add `address: host:port`")
    if len(addresses) > 1 and embedded:
        message = "`model_server` is embedded, but has several addresses"
        hint = "name one, or remove `embedded` where the servers are started elsewhere"
        reading.error("AG103", record.path_of("address"), message, hint)
    return ModelServer(
        record.path, addresses, embedded, record.text("guard_model"), record.secret("token")
    )


def function_calling(top: Record) -> FunctionCalling | None:
    if "function_calling" not in top:
        return None
    record = top.record("function_calling")
    backend = record.text("backend") or ("openai" if "base_url" in record else "embedded")
    return FunctionCalling(
        path=record.path,
        backend=cast('Literal["embedded", "openai"]', backend),
        base_url=record.text("base_url"),
        model=record.text("model"),
        access_key=record.secret("access_key"),
    )

"""The span of an LLM call, made of what Envoy's access log tells of it when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from extproc.contract import CALL_FIELDS, CALL_SEPARATOR
from extproc.traces import context
from extproc.traces.building import CLIENT, Event, Made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extproc.traces.building import Value

FIRST_TOKEN: Final = "time_to_first_token"  # noqa: S105  as v0.1 called the event
_SECONDS_TO_IT: Final = "gen_ai.server.time_to_first_token"
_MICROSECOND: Final = 1000
_MILLISECOND: Final = 1_000_000
_NOTHING: Final = ("", "-")


def read(body: bytes) -> list[Mapping[str, str]]:
    """What Envoy tells of each call; `at` is when its request came, in nanoseconds since 1970.

    A line with more or fewer fields is none: a separator is in a name of the config.
    """
    request = ExportLogsServiceRequest.FromString(body)
    lines = (
        (entry.body.string_value.split(CALL_SEPARATOR), entry.time_unix_nano)
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for entry in scope.log_records
    )
    return [_told(fields, at) for fields, at in lines if len(fields) == len(CALL_FIELDS)]


def _told(fields: list[str], at: int) -> dict[str, str]:
    told = zip(CALL_FIELDS, fields, strict=True)
    return {"at": str(at), **{key: value for key, value in told if value not in _NOTHING}}


def span(call: Mapping[str, str]) -> Made | None:
    """None of what was no call of an LLM: the gateway answered by itself."""
    above = context.read(call.get("traceparent", ""))
    if above is None or not above.sampled or "provider" not in call:
        return None
    model = call.get("model") or call.get("named") or call.get("route", "")
    operation = call.get("operation", "call")
    received = int(call["at"])
    begin = received + _MICROSECOND * (_number(call, "sent") or 0)
    end = received + _ended(call)
    status = _number(call, "status") or 0
    bad = None if 200 <= status < 400 else str(status or call.get("flags", "no answer"))
    attributes: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": call.get("kind"),
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": _number(call, "input_tokens"),
        "gen_ai.usage.cache_read.input_tokens": _number(call, "cached_tokens"),
        "gen_ai.usage.output_tokens": _number(call, "output_tokens"),
        "http.response.status_code": status or None,
        "server.address": call.get("host"),
        "error.type": bad,
        "archgw.provider": call["provider"],
        "archgw.route": call.get("route"),
        "archgw.client": call.get("client"),
        "archgw.attempts": _number(call, "attempts"),
    }
    return Made(
        f"{operation} {model}".rstrip(), above.child(), begin, end, CLIENT, attributes,
        _first_token(call, received, begin) if bad is None else (), failed=bad is not None,
    )  # fmt: skip


def _ended(call: Mapping[str, str]) -> int:
    """Of an answer that broke off Envoy knows no end, but how long all of it took."""
    ended = _number(call, "ended")
    return (
        _MILLISECOND * (_number(call, "duration") or 0) if ended is None else _MICROSECOND * ended
    )


def _first_token(call: Mapping[str, str], received: int, begin: int) -> tuple[Event, ...]:
    first = _number(call, "first_byte")
    if first is None:
        return ()
    at = received + _MICROSECOND * first
    return (Event(FIRST_TOKEN, at, {_SECONDS_TO_IT: (at - begin) / 1e9}),)


def _number(call: Mapping[str, str], key: str) -> int | None:
    """Envoy writes large counts with a point or an exponent."""
    text = call.get(key, "")
    if text.isdecimal():
        return int(text)
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return None

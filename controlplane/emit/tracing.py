"""Traces: Envoy's own spans, and what it tells our process of each LLM call, to make a span of.

Envoy decides which requests are traced, and says so in `traceparent` to everyone it calls: extproc
and the APIs only go along. Its usual way would decide by the request's id, which a client on this
machine chooses, so here the tracer's own sampler does: as the caller's trace is, else by chance.

Envoy's spans hold text alone, and tokens are numbers. So the span of an LLM call is made when it
is over, of an access log in OpenTelemetry's form that goes to a process of ours; whether that
process lives is nothing to any request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane import ir

_TRACERS = "envoy.extensions.tracers.opentelemetry.samplers.v3"
_MILLION = 1_000_000
_PATH = "%PATH(NQ):256%"
_TEMPLATE = f"%DYNAMIC_METADATA({names.INTERNAL_METADATA}:path)%"
_CLIENT = f"%DYNAMIC_METADATA({names.CLIENT_METADATA}:name)%"


def of_listener(name: str, gateway: ir.Gateway) -> Fields:
    """What a connection manager is told; nothing where nothing is traced."""
    if gateway.tracing is None:
        return {}
    tags = {"url.path": _PATH, "archgw.client": _CLIENT}
    return _manager(f"{name} listener", gateway.tracing, gateway.tracing.sampling, tags)


def probes_untraced(gateway: ir.Gateway) -> list[Fields]:
    """Mutations of headers by which a probe comes with a trace that is not kept.

    By the sampler's own rules: neither what a route says of tracing nor that a request is a health
    check counts where it decides. What a prober traces itself it finds as ever.
    """
    if gateway.tracing is None:
        return []
    asked = "request.url_path"
    probe = f"{asked} == '{names.HEALTH_PATH}' || {asked} == '{names.READY_PATH}'"
    header = {"key": "traceparent", "value": f"%CEL({probe} ? '{_NOT_KEPT}' : '')%"}
    return [{"append": {"header": header, "append_action": "ADD_IF_ABSENT"}}]


_NOT_KEPT = f"00-{1:032x}-{1:016x}-00"


def of_internal_listener(gateway: ir.Gateway) -> Fields:
    """Of calls of APIs: a path holds what the user said, so it is told as the config writes it."""
    if gateway.tracing is None:
        return {}
    return _manager("internal listener", gateway.tracing, 0.0, {"url.template": _TEMPLATE})


def _manager(name: str, tracing: ir.Tracing, sampling: float, tags: Mapping[str, str]) -> Fields:
    return {
        "tracing": {
            "random_sampling": {"value": 100.0},
            "spawn_upstream_span": True,
            "operation": name,
            "upstream_operation": "%UPSTREAM_CLUSTER%",
            # Of the URL that Envoy would tell the query is no one's business.
            "max_path_tag_length": 0,
            "custom_tags": [{"tag": tag, "value": value} for tag, value in tags.items()],
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": typed(
                    "envoy.config.trace.v3.OpenTelemetryConfig",
                    service_name=tracing.spans.service_name,
                    sampler=_sampler(sampling),
                    **_collector(tracing),
                ),
            },
        },
        "request_id_extension": {
            "typed_config": typed(
                "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                pack_trace_reason=False,
                use_request_id_for_trace_sampling=False,
            )
        },
    }


def _sampler(share: float) -> Fields:
    by_chance = typed(
        f"{_TRACERS}.TraceIdRatioBasedSamplerConfig",
        sampling_percentage={"numerator": round(share * _MILLION), "denominator": "MILLION"},
    )
    return {
        "name": "by the caller, else by chance",
        "typed_config": typed(
            f"{_TRACERS}.ParentBasedSamplerConfig",
            wrapped_sampler={"name": "by chance", "typed_config": by_chance},
        ),
    }


def _collector(tracing: ir.Tracing) -> Fields:
    if tracing.spans.collector.startswith("http"):
        return {
            "http_service": {"http_uri": _uri(tracing.spans.collector, names.COLLECTOR_CLUSTER)}
        }
    cluster = {
        "cluster_name": names.COLLECTOR_CLUSTER,
        "authority": tracing.collector.addresses[0].name,
    }
    return {"grpc_service": {"envoy_grpc": cluster, "timeout": _PATIENCE}}


_PATIENCE = "2s"


def _uri(uri: str, cluster: str) -> Fields:
    return {"uri": uri, "cluster": cluster, "timeout": _PATIENCE}


def llm_calls(gateway: ir.Gateway) -> list[Fields]:
    """The access log that our process reads."""
    if gateway.tracing is None:
        return []
    told = contract.CALL_SEPARATOR.join(_LLM_CALL[field] for field in contract.CALL_FIELDS)
    settings = typed(
        "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
        http_service={"http_uri": _uri(f"http://spans{contract.CALLS_PATH}", names.SPANS_CLUSTER)},
        disable_builtin_labels=True,
        body={"string_value": told},
        buffer_size_bytes=_CALLS_AT_ONCE,
    )
    sampled = {"header": {"name": "traceparent", "string_match": {"suffix": "-01"}}}
    return [
        {
            "name": "envoy.access_loggers.open_telemetry",
            "filter": {"header_filter": sampled},
            "typed_config": settings,
        }
    ]


def _llm(key: str) -> str:
    return f"%DYNAMIC_METADATA({names.LLM_METADATA}:{key})%"


def _cluster(key: str) -> str:
    return f"%CLUSTER_METADATA({names.CLUSTER_METADATA}:{key})%"


def _since_request(point: str) -> str:
    return f"%COMMON_DURATION(DS_RX_BEG:{point}:us)%"


_CALLS_AT_ONCE = 64 << 10
"""Bytes: some 200 calls, or those of a second."""

_LLM_CALL: Mapping[str, str] = {
    # Written by Envoy for the attempt that was made last: its span is the one above.
    "traceparent": "%REQ(TRACEPARENT)%",
    "operation": _llm("operation"),
    "provider": _cluster("provider"),
    "kind": _cluster("kind"),
    "model": _cluster("model"),
    "named": _llm("named"),
    "route": _llm("route"),
    "client": _CLIENT,
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "host": "%UPSTREAM_HOST%",
    "input_tokens": _llm("prompt_tokens"),
    "cached_tokens": _llm("cached_tokens"),
    "output_tokens": _llm("completion_tokens"),
    "sent": _since_request("US_TX_BEG"),
    "first_byte": _since_request("US_RX_BODY_BEG"),
    "ended": _since_request("US_RX_END"),
    "duration": "%DURATION%",
}

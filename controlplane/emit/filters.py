"""The HTTP filters, in the order a request meets them. A response meets them in reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import cors, doors, lua, names, ratelimit, runtime, shared_limits
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home

_FILTERS = "envoy.extensions.filters.http"


def llm_filters(listener: ir.Listener, gateway: ir.Gateway, home: Home) -> list[Fields]:
    return [
        *cors.filters(),
        _readiness(),
        *doors.filters(listener, home),
        _loop_guard(),
        _compressor(),
        _choose_provider(),
        *_token_limits(gateway),
        _usage_from_json(),
        _usage_from_sse(),
        _router(),
    ]


def prompt_filters(listener: ir.Listener, gateway: ir.Gateway, home: Home) -> list[Fields]:
    """The LLM listener's, behind the service that decides what to do with a prompt."""
    return [
        *cors.filters(),
        _readiness(names.EXTPROC_CLUSTER),
        *doors.filters(listener, home),
        _loop_guard(),
        _compressor(),
        _prompts(),
        _choose_provider(),
        *_token_limits(gateway),
        _usage_from_json(),
        _usage_from_sse(),
        _answer(gateway),
        _router(),
    ]


def internal_filters() -> list[Fields]:
    return [_path_for_the_log(), _router()]


def plain_filters() -> list[Fields]:
    return [_router()]


def _filter(name: str, fields: Fields) -> Fields:
    return {"name": f"envoy.filters.http.{name}", "typed_config": fields}


def _readiness(*needed: str) -> Fields:
    # 503 as soon as a drain begins and while no host of a needed cluster is well, whereas
    # /healthz says that the process lives.
    return _filter(
        "health_check",
        typed(
            f"{_FILTERS}.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[{"name": ":path", "string_match": {"exact": names.READY_PATH}}],
            **(
                {"cluster_min_healthy_percentages": {n: {"value": 1} for n in needed}}
                if needed
                else {}
            ),
        ),
    )


MAX_HOPS = 8
"""Gateways that a request may pass through before it is taken to go round in circles."""


def _loop_guard() -> Fields:
    # Counts in CDN-Loop (RFC 8586), the one header of this kind that every hop has to keep.
    return _filter(
        "cdn_loop",
        typed(
            f"{_FILTERS}.cdn_loop.v3.CdnLoopConfig",
            cdn_id="archgw",
            max_allowed_occurrences=MAX_HOPS - 1,
        ),
    )


def _compressor() -> Fields:
    return _filter(
        "compressor",
        typed(
            f"{_FILTERS}.compressor.v3.Compressor",
            response_direction_config={
                "common_config": {
                    "min_content_length": 1024,
                    "content_type": ["application/json", "text/event-stream"],
                },
            },
            compressor_library={
                "name": "gzip",
                "typed_config": typed(
                    "envoy.extensions.compression.gzip.compressor.v3.Gzip",
                    compression_level="BEST_SPEED",
                ),
            },
        ),
    )


_CREDENTIALS = ("authorization", "x-api-key", "cookie")


def _prompts() -> Fields:
    """extproc: sees the request's headers and whole body, nothing of the answer.

    It ends its side of the call with its last reply, so no running answer hangs on it. Without
    a reply there is no answer: a prompt that nobody has judged must not pass.
    """
    settings = typed(
        f"{_FILTERS}.ext_proc.v3.ExternalProcessor",
        stat_prefix="prompts",
        grpc_service={"envoy_grpc": {"cluster_name": names.EXTPROC_CLUSTER}, "timeout": "0s"},
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        message_timeout=f"{runtime.DEADLINE_SECONDS + 1}s",
        max_message_timeout="0s",
        allow_mode_override=False,
        route_cache_action="CLEAR",
        mutation_rules={
            "allow_all_routing": False,
            "allow_envoy": False,
            "disallow_system": True,
            "disallow_is_error": True,
        },
        forward_rules={
            "disallowed_headers": {
                "patterns": [{"exact": name} for name in _CREDENTIALS],
            }
        },
        processing_mode={
            "request_header_mode": "SEND",
            "request_body_mode": "BUFFERED",
            "request_trailer_mode": "SKIP",
            "response_header_mode": "SKIP",
            "response_body_mode": "NONE",
            "response_trailer_mode": "SKIP",
        },
        metadata_options={
            "receiving_namespaces": {
                "untyped": [contract.PROMPT_METADATA, contract.DECISION_METADATA]
            }
        },
    )
    return {"name": names.PROMPTS_FILTER, "typed_config": settings}


def _answer(gateway: ir.Gateway) -> Fields:
    return lua.lua_filter(names.ANSWER_FILTER, lua.answer_source(gateway))


def _choose_provider() -> Fields:
    # The code is per route config, so that a new provider is a new route config and not a
    # new listener. A route config without code must not let a request through unchosen.
    return lua.lua_filter(names.CHOOSE_FILTER, lua.refuse_source())


def _token_limits(gateway: ir.Gateway) -> list[Fields]:
    if gateway.shared_limits:
        settings = shared_limits.filter_settings(gateway.shared_limits)
        return [{"name": names.SHARED_LIMITS_FILTER, "typed_config": settings}]
    return [
        {"name": name, "typed_config": ratelimit.idle_filter()}
        for name in ratelimit.filter_names(gateway)
    ]


def _usage_from_json() -> Fields:
    # Envoy's own json_to_metadata holds the whole answer back, and refuses a large one.
    return lua.lua_filter(names.USAGE_FILTER, lua.usage_source())


_COUNTS = {
    "total_tokens": "total_tokens",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
}
# Of chat completions and most others, of /v1/responses, and of the beginning of /v1/messages, which
# says at its end what came of it.
_USAGES = (("usage",), ("response", "usage"), ("message", "usage"))


# Of the prompt, what the provider had in its cache. /v1/messages counts it beside the prompt; there
# `usage.lua` adds it up.
_CACHED = {
    ("usage", "prompt_tokens_details", "cached_tokens"): "cached_tokens",
    ("usage", "prompt_cache_hit_tokens"): "cached_tokens",
    ("response", "usage", "input_tokens_details", "cached_tokens"): "cached_tokens",
    ("message", "usage", "cache_read_input_tokens"): "cache_read_tokens",
    ("message", "usage", "cache_creation_input_tokens"): "cache_written_tokens",
}


def _usage_rules() -> list[Fields]:
    counts = {(*usage, name): key for usage in _USAGES for name, key in _COUNTS.items()}
    return [
        {
            "selectors": [{"key": step} for step in path],
            "on_present": {"metadata_namespace": names.LLM_METADATA, "key": key, "type": "NUMBER"},
        }
        for path, key in (counts | _CACHED).items()
    ]


def _usage_from_sse() -> Fields:
    return _filter(
        "sse_to_metadata",
        typed(
            f"{_FILTERS}.sse_to_metadata.v3.SseToMetadata",
            response_rules={
                # The last event of /v1/responses holds all of the answer.
                "max_event_size": 1 << 20,
                "content_parser": {
                    "name": "envoy.content_parsers.json",
                    "typed_config": typed(
                        "envoy.extensions.content_parsers.json.v3.JsonContentParser",
                        rules=[{"rule": rule} for rule in _usage_rules()],
                    ),
                },
            },
        ),
    )


def _path_for_the_log() -> Fields:
    # In a header it would be gone by the time that the log is written.
    rule = {
        "header": contract.TEMPLATE_HEADER,
        "on_header_present": {"metadata_namespace": names.INTERNAL_METADATA, "key": "path"},
        "remove": True,
    }
    return _filter(
        "header_to_metadata",
        typed(f"{_FILTERS}.header_to_metadata.v3.Config", request_rules=[rule]),
    )


def _router() -> Fields:
    return _filter("router", typed(f"{_FILTERS}.router.v3.Router", suppress_envoy_headers=True))

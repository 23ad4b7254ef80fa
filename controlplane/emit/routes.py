"""Virtual hosts and routes. A path that is not listed here is a 404, never a pass-through.

LLM routes match the provider header, which only our own filters set: with the choosing
filter absent or broken, a request finds no provider rather than the wrong one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from controlplane.emit import lua, names, proto, ratelimit
from controlplane.emit.proto import Fields, duration, typed

if TYPE_CHECKING:
    from controlplane import ir

_CHAT = "/v1/chat/completions"
_PRIORITY_GROUP = (
    "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier"
)


def emit_routes(gateway: ir.Gateway) -> tuple[proto.RouteConfiguration, ...]:
    return (proto.message(proto.RouteConfiguration, _llm_routes(gateway)),)


def _llm_routes(gateway: ir.Gateway) -> Fields:
    host: Fields = {
        "name": "llm",
        "domains": ["*"],
        "typed_per_filter_config": {
            "envoy.filters.http.lua": typed(
                "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
                source_code={"inline_string": lua.choose_source(gateway)},
            ),
            "envoy.filters.http.local_ratelimit": ratelimit.token_limits(gateway),
        },
        "routes": [
            _direct("healthz", "/healthz", "GET", 200, "ok"),
            _encoded_body(),
            *(
                _provider_route(route, path, gateway)
                for route in gateway.llm_routes
                for path in names.LLM_PATHS
            ),
            *(_unchosen(path) for path in names.LLM_PATHS),
            _not_found(),
        ],
    }
    return {"name": "llm", "validate_clusters": False, "virtual_hosts": [host]}


def _provider_route(route: ir.LlmRoute, path: str, gateway: ir.Gateway) -> Fields:
    return {
        "name": f"{route.name} {path}",
        "match": {
            "path": path,
            "headers": [
                _header(":method", "GET" if path == "/v1/models" else "POST"),
                _header(names.PROVIDER_HEADER, route.name),
            ],
        },
        "route": {
            "inline_cluster_specifier_plugin": _specifier(_groups(route, path)),
            "auto_host_rewrite": True,
            "timeout": "0s",
            "idle_timeout": duration(_idle(route)),
            "max_stream_duration": {"max_stream_duration": "0s"},
            "retry_policy": _retries(route, path),
        },
    }


def _groups(route: ir.LlmRoute, path: str) -> tuple[tuple[ir.WeightedProvider, ...], ...]:
    """Attempt n goes to group n.

    Vectors of two models are not comparable, and a list of models is the provider's own: only
    chat and completions fail over to another provider.
    """
    pool, *fallbacks = route.groups
    if path in ("/v1/embeddings", "/v1/models"):
        fallbacks = []
    return ((pool,) * (1 + route.retries)) + tuple(fallbacks)


def _specifier(groups: tuple[tuple[ir.WeightedProvider, ...], ...]) -> Fields:
    return {
        "extension": {
            "name": "envoy.router.cluster_specifier_plugin.priority_group",
            "typed_config": typed(
                _PRIORITY_GROUP,
                priority_groups=[
                    {
                        "name": f"attempt-{number}",
                        "clusters": [
                            {
                                "cluster_name": names.provider_cluster(member.provider),
                                "weight": member.weight,
                            }
                            for member in group
                        ],
                    }
                    for number, group in enumerate(groups)
                ],
                header_name=names.TURN_HEADER,
            ),
        }
    }


def _retries(route: ir.LlmRoute, path: str) -> Fields:
    """A request is sent again only when nobody can have been billed for it, or when the user
    named fallbacks, which is to say that an answer from elsewhere is worth it.
    """
    groups = _groups(route, path)
    fails_over = len(groups) > 1 + route.retries
    policy: Fields = {
        "retry_on": "connect-failure,refused-stream,reset-before-request",
        "num_retries": max(len(groups) - 1, 1),
        "per_try_timeout": duration(route.first_byte_timeout),
        "per_try_idle_timeout": duration(_idle(route)),
        "refresh_cluster_on_retry": True,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "host_selection_retry_max_attempts": 3,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": typed(
                    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                ),
            }
        ],
    }
    if fails_over:
        policy["retry_on"] = "5xx,reset,connect-failure,refused-stream,retriable-status-codes"
        policy["retriable_status_codes"] = [429]
    return policy


def _idle(route: ir.LlmRoute) -> timedelta:
    # Envoy counts silence before the first byte too, so the idle limit cannot be the shorter.
    return max(route.idle_timeout, route.first_byte_timeout)


def _header(name: str, value: str) -> Fields:
    return {"name": name, "string_match": {"exact": value}}


_NO_LIMITS = {
    "envoy.filters.http.lua": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
        "disabled": True,
    }
}


def _direct(name: str, path: str, method: str, status: int, body: str) -> Fields:
    return {
        "name": name,
        "match": {"path": path, "headers": [_header(":method", method)]},
        "direct_response": {"status": status, "body": {"inline_string": body}},
        "typed_per_filter_config": _NO_LIMITS,
    }


def _encoded_body() -> Fields:
    return {
        "name": "encoded-body",
        "match": {
            "prefix": "/",
            "headers": [
                {"name": "content-encoding", "present_match": True},
                {
                    "name": "content-encoding",
                    "string_match": {"exact": "identity", "ignore_case": True},
                    "invert_match": True,
                },
            ],
        },
        "direct_response": {
            "status": 415,
            "body": {"inline_string": "send the body without content-encoding"},
        },
        "typed_per_filter_config": _NO_LIMITS,
    }


def _unchosen(path: str) -> Fields:
    """Where a request is before its provider is chosen; it must run the filters."""
    return {
        "name": f"unchosen {path}",
        "match": {
            "path": path,
            "headers": [_header(":method", "GET" if path == "/v1/models" else "POST")],
        },
        "direct_response": {"status": 400, "body": {"inline_string": "no provider was chosen"}},
    }


def _not_found() -> Fields:
    return {
        "name": "not-found",
        "match": {"prefix": "/"},
        "direct_response": {
            "status": 404,
            "body": {
                "inline_string": "no such path; this listener serves " + ", ".join(names.LLM_PATHS)
            },
        },
        "typed_per_filter_config": _NO_LIMITS,
    }

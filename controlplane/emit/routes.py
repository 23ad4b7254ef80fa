"""Virtual hosts and routes. A path that is not listed here is a 404, never a pass-through.

LLM routes match the provider header, which only our own filters set: with the choosing
filter absent or broken, a request finds no provider rather than the wrong one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from controlplane.emit import lua, names, ratelimit
from controlplane.emit.proto import Fields, duration, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane import ir

    Groups = tuple[tuple[ir.WeightedProvider, ...], ...]

_PRIORITY_GROUP = (
    "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier"
)


def llm_routes(gateway: ir.Gateway) -> Fields:
    routes = [
        *(provider_route(r, path) for r in gateway.llm_routes for path in names.LLM_PATHS),
        *(unchosen(path, 400, "no provider was chosen", "no_provider") for path in names.LLM_PATHS),
    ]
    return route_config("llm", routes, choosing(gateway))


def route_config(name: str, routes: list[Fields], per_filter: Fields) -> Fields:
    """Routes of one listener, between what every listener answers itself."""
    host = {
        "name": name,
        "domains": ["*"],
        "typed_per_filter_config": per_filter,
        "routes": [_health(), _tunnel(), _encoded_body(), *routes, _not_found()],
    }
    return {"name": name, "validate_clusters": False, "virtual_hosts": [host]}


def choosing(gateway: ir.Gateway) -> Fields:
    """Per-route config of the filters that choose a provider and count its tokens."""
    return {
        names.CHOOSE_FILTER: typed(
            "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
            source_code={"inline_string": lua.choose_source(gateway)},
        ),
        **ratelimit.per_route(gateway),
    }


def provider_route(
    route: ir.LlmRoute, path: str, headers: Sequence[Fields] = (), last_resort: str | None = None
) -> Fields:
    """`headers`: what a request must carry besides; `last_resort`: a cluster after all others."""
    groups = _groups(route, path)
    return {
        "name": f"{route.name} {path}",
        "match": {
            "path": path,
            "headers": [
                header(":method", _method(path)),
                header(names.PROVIDER_HEADER, route.name),
                *headers,
            ],
        },
        "route": {
            "inline_cluster_specifier_plugin": _specifier(groups, last_resort),
            "auto_host_rewrite": True,
            "timeout": "0s",
            "idle_timeout": duration(_patience(route, groups, last_resort)),
            "max_stream_duration": {"max_stream_duration": "0s"},
            "retry_policy": _retries(route, groups, last_resort),
        },
    }


def _groups(route: ir.LlmRoute, path: str) -> Groups:
    """Attempt n goes to group n.

    Vectors of two models are not comparable, and a list of models is the provider's own: only
    chat and completions fail over to another provider.
    """
    pool, *fallbacks = route.groups
    if path in (names.EMBEDDINGS_PATH, names.MODELS_PATH):
        fallbacks = []
    return ((pool,) * (1 + route.retries)) + tuple(fallbacks)


def _specifier(groups: Groups, last_resort: str | None) -> Fields:
    attempts = [
        [(names.provider_cluster(member.provider), member.weight) for member in group]
        for group in groups
    ]
    if last_resort:
        attempts.append([(last_resort, 1)])
    return {
        "extension": {
            "name": "envoy.router.cluster_specifier_plugin.priority_group",
            "typed_config": typed(
                _PRIORITY_GROUP,
                priority_groups=[
                    {
                        "name": f"attempt-{number}",
                        "clusters": [
                            {"cluster_name": cluster, "weight": weight}
                            for cluster, weight in attempt
                        ],
                    }
                    for number, attempt in enumerate(attempts)
                ],
            ),
        }
    }


def _attempts(groups: Groups, last_resort: str | None) -> int:
    return len(groups) + (1 if last_resort else 0)


def _retries(route: ir.LlmRoute, groups: Groups, last_resort: str | None) -> Fields:
    """A request is sent again only when nobody can have been billed for it, or when the user
    named fallbacks, which is to say that an answer from elsewhere is worth it.
    """
    attempts = _attempts(groups, last_resort)
    fails_over = attempts > 1 + route.retries
    policy: Fields = {
        "retry_on": "connect-failure,refused-stream,reset-before-request",
        "num_retries": max(attempts - 1, 1),
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


def _patience(route: ir.LlmRoute, groups: Groups, last_resort: str | None) -> timedelta:
    """How long a client may hear nothing: until every attempt has had its own time, and then some.

    What ends an attempt is the limits of each; this one is for a request that gets no attempt.
    """
    return route.first_byte_timeout * _attempts(groups, last_resort) + _idle(route)


def header(name: str, value: str) -> Fields:
    return {"name": name, "string_match": {"exact": value}}


_UNFILTERED = {
    names.CHOOSE_FILTER: typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", disabled=True),
    names.PROMPTS_FILTER: typed(
        "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", disabled=True
    ),
}


def _answer(name: str, match: Fields, status: int, body: str, code: str | None = None) -> Fields:
    """An answer of our own, without a provider. `code`: it is an error, and this is its code."""
    route: Fields = {
        "name": name,
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": body}},
        "typed_per_filter_config": _UNFILTERED,
    }
    if code:
        headers = {
            contract.ERROR_CODE_HEADER: code,
            contract.ERROR_TYPE_HEADER: (
                "server_error" if status >= 500 else "invalid_request_error"
            ),
        }
        route["response_headers_to_add"] = [
            {"header": {"key": key, "value": value}} for key, value in headers.items()
        ]
    return route


def _health() -> Fields:
    match = {"path": "/healthz", "headers": [header(":method", "GET")]}
    return _answer("healthz", match, 200, "ok")


def _tunnel() -> Fields:
    # What no route takes is a 503, and no other route takes a CONNECT. Envoy answers 403 by itself.
    return _answer("tunnel", {"connect_matcher": {}}, 403, "no tunnels here", "forbidden")


def _encoded_body() -> Fields:
    # Nobody scans or rewrites what is compressed, so it must not pass.
    encoded: list[Fields] = [
        {"name": "content-encoding", "present_match": True},
        {**header("content-encoding", "identity"), "invert_match": True},
    ]
    match = {"prefix": "/", "headers": encoded}
    body = "send the body without content-encoding"
    return _answer("encoded-body", match, 415, body, "unsupported_media_type")


def unchosen(path: str, status: int, body: str, code: str) -> Fields:
    """Where a request is before its provider is chosen; it must run the filters.

    `status` and the rest: what it hears when no filter chose one.
    """
    match = {"path": path, "headers": [header(":method", _method(path))]}
    route = _answer(f"unchosen {path}", match, status, body, code)
    del route["typed_per_filter_config"]
    return route


def _not_found() -> Fields:
    body = "no such path or method; this listener serves " + ", ".join(
        f"{_method(path)} {path}" for path in names.LLM_PATHS
    )
    return _answer("not-found", {"prefix": "/"}, 404, body, "not_found")


def _method(path: str) -> str:
    return "GET" if path == names.MODELS_PATH else "POST"

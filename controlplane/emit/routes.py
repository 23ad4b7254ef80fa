"""Virtual hosts and routes. A path that is not listed here is a 404, never a pass-through.

LLM routes match the provider header, which only our own filters set: with the choosing
filter absent or broken, a request finds no provider rather than the wrong one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from controlplane.emit import doors, lua, names, ratelimit, shared_limits
from controlplane.emit.answers import NOWHERE, answer, called_by, error, header
from controlplane.emit.cors import page_routes
from controlplane.emit.model_list import model_routes
from controlplane.emit.proto import Fields, duration, typed
from controlplane.surfaces import MESSAGES_PATH, METHODS, MODELS_PATH, SURFACES

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from controlplane import ir
    from controlplane.surfaces import Surface

_PRIORITY_GROUP = (
    "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier"
)


def llm_routes(gateway: ir.Gateway) -> Fields:
    own_api = {provider.name for provider in gateway.providers if provider.speaks_messages}
    routes = [
        route
        for each in gateway.llm_routes
        for variant, headers in variants(each)
        for route in _routes_to(variant, own_api, headers)
    ] + [
        unchosen(surfaces, method)
        for method in METHODS
        if (surfaces := [each for each in SURFACES if method in each.methods])
    ]
    return route_config("llm", routes, SURFACES, gateway)


def variants(route: ir.LlmRoute) -> Iterator[tuple[ir.LlmRoute, list[Fields]]]:
    """What each audience has of a route, and what it is known by; then all others."""
    for audience in route.audiences:
        for caller in called_by(audience.clients):
            yield replace(route, groups=audience.groups), [caller]
    if route.groups:
        yield route, []


def _routes_to(
    route: ir.LlmRoute, own_api: Container[str], headers: Sequence[Fields]
) -> list[Fields]:
    """One for the calls that fail over, one for those that only some can take over, one for the
    others.
    """
    pool, *fallbacks = route.groups
    takers = [[each for each in group if each.provider in own_api] for group in fallbacks]
    messages = [each for each in SURFACES if each.fails_over and each.path == MESSAGES_PATH]
    conversations = [each for each in SURFACES if each.fails_over and each not in messages]
    others = [each for each in SURFACES if not each.fails_over]
    return [
        provider_route(route, conversations, headers),
        provider_route(
            replace(route, groups=(pool, *(tuple(g) for g in takers if g))), messages, headers
        ),
        provider_route(replace(route, groups=(pool,)), others, headers),
    ]


def route_config(
    name: ir.ListenerName,
    routes: Sequence[Fields],
    surfaces: Sequence[Surface],
    gateway: ir.Gateway,
    per_filter: Fields | None = None,
) -> Fields:
    """Routes of one listener, between what every listener answers itself."""
    listener = next((each for each in gateway.listeners if each.name == name), None)
    cors, auth = (listener.cors, listener.auth) if listener else (None, None)
    own = [*page_routes(cors, gateway.llm_routes), _health(), _tunnel(), _encoded_body()]
    host = {
        "name": name,
        "domains": ["*"],
        **_largest_body(listener),
        "typed_per_filter_config": {
            **(per_filter or {}),
            **doors.per_route(auth),
            **_choosing(gateway, cors),
        },
        "routes": [*own, *routes, *model_routes(gateway), _not_found(surfaces)],
    }
    return {
        "name": name,
        "validate_clusters": False,
        "max_direct_response_body_size_bytes": 1 << 20,
        "virtual_hosts": [host],
    }


def _largest_body(listener: ir.Listener | None) -> Fields:
    """What filters may hold of a request, and what may be sent again: more than the listener's
    own limit, by which Envoy stops reading for those who do not keep up.

    Envoy refuses a body that reaches it: leave room above the largest one allowed.
    """
    if listener is None:
        return {}
    return {"request_body_buffer_limit": listener.max_body_bytes + (64 << 10)}


def _choosing(gateway: ir.Gateway, cors: ir.Cors | None) -> Fields:
    """Per-route config of the filters that choose a provider and count its tokens."""
    return {
        names.CHOOSE_FILTER: typed(
            "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
            source_code={"inline_string": lua.choose_source(gateway, cors)},
        ),
        **(shared_limits if gateway.shared_limits else ratelimit).per_route(gateway),
    }


def provider_route(
    route: ir.LlmRoute,
    surfaces: Sequence[Surface],
    headers: Sequence[Fields] = (),
    last_resort: str | None = None,
) -> Fields:
    """`headers`: what a request must carry besides; `last_resort`: a cluster after all others."""
    groups = _groups(route)
    return {
        "name": f"{route.name} {surfaces[0].path}",
        "match": {
            **_paths(surfaces),
            "headers": [header(names.PROVIDER_HEADER, route.name), *headers],
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


def _paths(surfaces: Sequence[Surface]) -> Fields:
    if len(surfaces) == 1 and not surfaces[0].path.endswith("/"):
        return {"path": surfaces[0].path}
    one_of = (each.path + (_ID if each.path.endswith("/") else "") for each in surfaces)
    return {"safe_regex": {"regex": "|".join(one_of)}}


_ID = "[A-Za-z0-9_.:-]+(/[a-z_]+)?"
"""Of a file or an answer, and a word for what of it is wanted."""


def _groups(route: ir.LlmRoute) -> ir.Groups:
    """Attempt n goes to group n."""
    pool, *fallbacks = route.groups
    return ((pool,) * (1 + route.retries)) + tuple(fallbacks)


def _specifier(groups: ir.Groups, last_resort: str | None) -> Fields:
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


def _attempts(groups: ir.Groups, last_resort: str | None) -> int:
    return len(groups) + (1 if last_resort else 0)


def _retries(route: ir.LlmRoute, groups: ir.Groups, last_resort: str | None) -> Fields:
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


def _patience(route: ir.LlmRoute, groups: ir.Groups, last_resort: str | None) -> timedelta:
    """How long a client may hear nothing: until every attempt has had its own time, and then some.

    What ends an attempt is the limits of each; this one is for a request that gets no attempt.
    """
    return route.first_byte_timeout * _attempts(groups, last_resort) + _idle(route)


def _health() -> Fields:
    match = {"path": names.HEALTH_PATH, "headers": [header(":method", "GET")]}
    route = answer("healthz", match, 200, "ok")
    route["typed_per_filter_config"] = {**route["typed_per_filter_config"], **doors.LEFT_OPEN}
    return route


def _tunnel() -> Fields:
    # What no route takes is a 503, and no other route takes a CONNECT. Envoy answers 403 by itself.
    return error("tunnel", {"connect_matcher": {}}, 403, "no tunnels here", "forbidden")


def _encoded_body() -> Fields:
    # Nobody scans or rewrites what is compressed, so it must not pass.
    encoded: list[Fields] = [
        {"name": "content-encoding", "present_match": True},
        {**header("content-encoding", "identity"), "invert_match": True},
    ]
    match = {"prefix": "/", "headers": encoded}
    body = "send the body without content-encoding"
    return error("encoded-body", match, 415, body, "unsupported_media_type")


def unchosen(surfaces: Sequence[Surface], method: str) -> Fields:
    """Where a request is before its provider is chosen; it must run the filters.

    It leads nowhere instead of having an answer of its own, as Envoy heeds how large a body may be of
    a route that leads on alone. What no filter takes away is a 503.
    """
    match = {**_paths(surfaces), "headers": [header(":method", method)]}
    return {"name": f"unchosen {method}", "match": match, "route": NOWHERE}


def _not_found(surfaces: Sequence[Surface]) -> Fields:
    body = f"no such path or method; this listener serves {_served(surfaces)}, GET {MODELS_PATH}"
    return error("not-found", {"prefix": "/"}, 404, body, "not_found")


def _served(surfaces: Sequence[Surface]) -> str:
    """As people say it: an id stands below a path that ends with a slash."""
    paths = [each.path + ("{id}" if each.path.endswith("/") else "") for each in surfaces]
    calls = zip((each.methods for each in surfaces), paths, strict=True)
    return ", ".join(f"{method} {path}" for methods, path in calls for method in methods)

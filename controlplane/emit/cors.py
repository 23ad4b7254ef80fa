"""Which web pages may call: Envoy's own filter, before any other.

Browsers ask first, and are answered before credentials and limits are looked at, which such a
question has none of; and every answer, an error too, says to the browser that the page may read it.
What a page may do is in the routes, so that another origin is no new listener.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import doors, lua, names
from controlplane.emit.answers import NOWHERE, header
from controlplane.emit.proto import Fields, typed
from controlplane.surfaces import METHODS
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir

_FILTER = "envoy.filters.http.cors"
_MAY_BE_SENT = (
    "accept", "authorization", "content-type", "x-api-key", "x-request-id", "traceparent", "tracestate",
    "anthropic-beta", "anthropic-dangerous-direct-browser-access", "anthropic-version", "openai-beta",
    "openai-organization", "openai-project", contract.CLIENT_DEBUG_HEADER, contract.CLIENT_STREAM_HEADER,
    names.CLIENT_HINT_HEADER, "x-stainless-arch", "x-stainless-async", "x-stainless-custom-poll-interval",
    "x-stainless-helper-method", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version",
    "x-stainless-poll-helper", "x-stainless-retry-count", "x-stainless-runtime",
    "x-stainless-runtime-version", "x-stainless-timeout",
)  # fmt: skip
"""What the official libraries send out of a browser. `*` would not do for `authorization`."""
_MAY_BE_READ = (
    "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id",
    "x-should-retry",
)  # fmt: skip


def filters() -> list[Fields]:
    """Without a policy and the route below they let pass what comes."""
    cors = {"name": _FILTER, "typed_config": typed("envoy.extensions.filters.http.cors.v3.Cors")}
    return [cors, lua.lua_filter(names.PAGE_FILTER, "")]


def page_routes(cors: ir.Cors | None, routes: tuple[ir.LlmRoute, ...]) -> list[Fields]:
    """Where requests of web pages begin.

    The cors filter heeds no route with an answer of our own, as most are before a provider is
    chosen. So it gets one that leads nowhere, and the script behind it has the request find its way.
    Whether a filter is off is settled by then, so what needs no credential has a route of its own.
    """
    if cors is None:
        return []
    headers: list[Fields] = [
        {"name": "origin", "present_match": True},
        {"name": names.PAGE_HEADER, "present_match": False},
    ]
    onward = typed(
        "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
        source_code={"inline_string": lua.page_source()},
    )
    filters = {_FILTER: _policy(cors, routes), names.PAGE_FILTER: onward}
    health = {"path": names.HEALTH_PATH, "headers": [*headers, header(":method", "GET")]}
    anything = {"prefix": "/", "headers": headers}
    return [
        _nowhere("page asks for health", health, {**filters, **doors.LEFT_OPEN}),
        _nowhere("page", anything, filters),
    ]


def _nowhere(name: str, match: Fields, filters: Fields) -> Fields:
    return {
        "name": name,
        "match": match,
        "route": NOWHERE,
        "typed_per_filter_config": filters,
    }


def _policy(cors: ir.Cors, routes: tuple[ir.LlmRoute, ...]) -> Fields:
    counted = {limit.header for route in routes for limit in route.limits if limit.header}
    return typed(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[_origin(each) for each in cors.origins],
        allow_methods=", ".join((*METHODS, "OPTIONS")),
        allow_headers=", ".join(dict.fromkeys((*_MAY_BE_SENT, *sorted(counted)))),
        expose_headers=", ".join(_MAY_BE_READ),
        max_age="600",
        allow_credentials=cors.credentials,
    )


def _origin(written: str) -> Fields:
    if "*" in written:
        return {"safe_regex": {"regex": contract.origin_pattern(written)}}
    return {"exact": written}

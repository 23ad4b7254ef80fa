"""Token limits that gateways share: Envoy asks a rate limit service before a call, and tells it after.

Which limits concern a call, and whose sums of them, `envoy/shared.lua` finds out and leaves in the
request's metadata, each with the limit itself. So the filters are the same for any limits, and whoever
counts needs to be told of none beforehand.

Before the call its estimated tokens are taken. When it has ended these are given back, and what it cost
is charged, in one request. Header values travel as digests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controlplane import ir

_FILTER = "envoy.extensions.filters.http.ratelimit.v3"
PATIENCE: Final = "0.04s"
"""A little more than our process gives Redis, so that it is heard; the client hears in 50 ms."""
_UNITS: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def filter_settings(shared: ir.SharedLimits) -> Fields:
    refusal = {
        contract.ERROR_CODE_HEADER: "rate_limited",
        contract.ERROR_TYPE_HEADER: "rate_limit_error",
        contract.ERROR_MESSAGE_HEADER: names.SHARED_LIMIT_REFUSAL,
        names.SHARED_LIMIT_HEADER: "used up",
    }
    return typed(
        f"{_FILTER}.RateLimit",
        domain=shared.domain,
        timeout=PATIENCE,
        failure_mode_deny=shared.refuses_unknown,
        status_on_error={"code": "ServiceUnavailable"},
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        disable_x_envoy_ratelimited_header=True,
        response_headers_to_add=[
            {"header": {"key": key, "value": value}} for key, value in refusal.items()
        ],
        rate_limit_service={
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": names.LIMITS_CLUSTER}},
        },
    )


def per_route(gateway: ir.Gateway) -> Fields:
    places = range(1, most_at_once(gateway) + 1)
    asked = [
        *(_asked(f"shared_{place}", "est_tokens") for place in places),
        *(_asked(f"settled_{place}", "reserved", gives_back=True) for place in places),
        *(_asked(f"settled_{place}", "cost", afterwards=True) for place in places),
    ]
    return {names.SHARED_LIMITS_FILTER: typed(f"{_FILTER}.RateLimitPerRoute", rate_limits=asked)}


def _asked(
    limit: str, tokens: str, *, gives_back: bool = False, afterwards: bool = False
) -> Fields:
    """Nothing, where the metadata does not have the limit."""
    hits: Fields = {"format": f"%DYNAMIC_METADATA({names.LLM_METADATA}:{tokens})%"}
    if gives_back:
        hits["is_negative_hits"] = True
    asked: Fields = {
        "actions": [_entry(limit, "name", "limit"), _entry(limit, "who", "who")],
        "limit": {"dynamic_metadata": {"metadata_key": _metadata(limit)}},
        "hits_addend": hits,
    }
    if gives_back or afterwards:
        asked["apply_on_stream_done"] = True
    return asked


def _entry(limit: str, field: str, called: str) -> Fields:
    return {
        "metadata": {
            "metadata_key": _metadata(limit, field),
            "descriptor_key": called,
            "source": "DYNAMIC",
        }
    }


def _metadata(*path: str) -> Fields:
    return {"key": names.LLM_METADATA, "path": [{"key": step} for step in path]}


def most_at_once(gateway: ir.Gateway) -> int:
    """How many limits may concern one call."""
    return max((_most_of(route) for route in gateway.llm_routes), default=0)


def _most_of(route: ir.LlmRoute) -> int:
    budgets = (route.budgets.each, *(each for _, each in route.budgets.named))
    return len(route.limits) + max(len(each) for each in budgets)


def limit_name(route: str, limit: ir.TokenLimit) -> str:
    """A limit with other numbers is another one, and begins anew."""
    unit = _UNITS[int(limit.period.total_seconds())]
    return f"{route}.{limit.tokens}-{unit}.{limit.header or 'all'}"


def service_config(gateway: ir.Gateway) -> dict[str, Any] | None:
    """The configuration of envoyproxy/ratelimit for the same limits; None where none are shared."""
    if gateway.shared_limits is None:
        return None
    limits = dict(_named_limits(gateway))
    return {
        "domain": gateway.shared_limits.domain,
        "descriptors": [
            {
                "key": "limit",
                "value": name,
                "descriptors": [
                    {"key": "who", "rate_limit": {"unit": unit, "requests_per_unit": tokens}}
                ],
            }
            for name, (tokens, unit) in sorted(limits.items())
        ],
    }


def _named_limits(gateway: ir.Gateway) -> Iterator[tuple[str, tuple[int, str]]]:
    for route in gateway.llm_routes:
        for limit in route.limits:
            unit = _UNITS[int(limit.period.total_seconds())]
            yield limit_name(route.name, limit), (limit.tokens, unit)
        for budgets in (route.budgets.each, *(each for _, each in route.budgets.named)):
            for budget in budgets:
                yield budget.name, (budget.tokens, _UNITS[int(budget.period.total_seconds())])

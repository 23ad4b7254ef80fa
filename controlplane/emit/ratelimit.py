"""Token limits: one local bucket per limit, or per distinct value of its header.

What a request costs is its estimated prompt tokens, which the choosing filter puts into the
request's metadata together with the route it chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, duration, typed

if TYPE_CHECKING:
    from controlplane import ir

_MAX_BUCKETS = 10_000
"""Distinct header values that are told apart; the least recently used one is forgotten."""


def token_limits(gateway: ir.Gateway) -> Fields:
    limits = [(route.name, limit) for route in gateway.llm_routes for limit in route.limits]
    headers = sorted({limit.header or "" for _, limit in limits})
    return typed(
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="llm_tokens",
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        # Asked only for requests that no descriptor matches: it must never be the one to refuse.
        token_bucket={
            "max_tokens": 2**32 - 1,
            "tokens_per_fill": 2**32 - 1,
            "fill_interval": "1s",
        },
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=_MAX_BUCKETS,
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        rate_limits=[_rate_limit(header) for header in headers],
        descriptors=[_descriptor(route, limit) for route, limit in limits],
    )


_ALWAYS: Fields = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def _rate_limit(header: str) -> Fields:
    actions: list[Fields] = [
        {
            "metadata": {
                "metadata_key": {"key": names.METADATA, "path": [{"key": "route"}]},
                "descriptor_key": "route",
                "source": "DYNAMIC",
            }
        }
    ]
    if header:
        actions.append({"request_headers": {"header_name": header, "descriptor_key": header}})
    return {
        "actions": actions,
        "hits_addend": {"format": f"%DYNAMIC_METADATA({names.METADATA}:est_tokens)%"},
    }


def _descriptor(route: str, limit: ir.TokenLimit) -> Fields:
    entries: list[Fields] = [{"key": "route", "value": route}]
    if limit.header:
        entry: Fields = {"key": limit.header}
        if limit.value is not None:
            entry["value"] = limit.value
        entries.append(entry)
    return {
        "entries": entries,
        "token_bucket": {
            "max_tokens": limit.tokens,
            "tokens_per_fill": limit.tokens,
            "fill_interval": duration(limit.period),
        },
    }

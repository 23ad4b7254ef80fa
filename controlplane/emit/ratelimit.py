"""Token limits: a bucket for each limit, or for each distinct value of its header.

What a request costs is its estimated prompt tokens, which the choosing filter puts into the
request's metadata together with the route it chose.

Envoy does not tell which bucket of a filter was empty, and v0.1's message names it; so there
is one filter per *slot*, a slot being a header that limits are keyed on. The filters stand in
the listener with nothing to do, and the route config gives each its limits: a changed limit is
a new route config, never a new listener.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, duration, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane import ir

_LIMIT = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_STAT_PREFIX = "llm_tokens"

_MAX_BUCKETS = 10_000
"""Distinct header values told apart. Forgetting one refills its bucket, hence so many."""

_SPARE_SLOTS = 2
"""Always in the listener, so that the first limit of a config needs no new listener."""


@dataclass(frozen=True, slots=True)
class Slot:
    number: int
    header: str | None
    limits: tuple[tuple[str, ir.TokenLimit], ...]
    """(route name, limit)"""

    @property
    def period_key(self) -> str:
        """Metadata: the seconds after which the request's bucket of this slot is full again."""
        return f"period_{self.number}"


def slots(routes: Sequence[ir.LlmRoute]) -> tuple[Slot, ...]:
    """Limits by header; a second limit on the same route and value needs a second slot."""
    grouped: dict[tuple[str, int], list[tuple[str, ir.TokenLimit]]] = {}
    for route in routes:
        seen: dict[tuple[str, str | None], int] = {}
        for limit in route.limits:
            bucket = (limit.header or "", limit.value)
            nth = seen[bucket] = seen.get(bucket, -1) + 1
            grouped.setdefault((limit.header or "", nth), []).append((route.name, limit))
    return tuple(
        Slot(number, header or None, tuple(grouped[header, nth]))
        for number, (header, nth) in enumerate(sorted(grouped))
    )


def filter_names(gateway: ir.Gateway) -> tuple[str, ...]:
    count = max(_SPARE_SLOTS, len(slots(gateway.llm_routes)))
    return tuple(_filter_name(number) for number in range(count))


def idle_filter() -> Fields:
    return typed(_LIMIT, stat_prefix=_STAT_PREFIX)


def per_route(gateway: ir.Gateway) -> Fields:
    return {_filter_name(slot.number): _filter(slot) for slot in slots(gateway.llm_routes)}


def _filter_name(number: int) -> str:
    return f"envoy.filters.http.local_ratelimit.{number}"


def _filter(slot: Slot) -> Fields:
    return typed(
        _LIMIT,
        stat_prefix=_STAT_PREFIX,
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        # For requests that no limit concerns: it must never be the one to refuse.
        token_bucket={
            "max_tokens": 2**32 - 1,
            "tokens_per_fill": 2**32 - 1,
            "fill_interval": "1s",
        },
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=_MAX_BUCKETS,
        enable_x_ratelimit_headers="OFF",
        response_headers_to_add=_refusal(slot),
        rate_limits=[_rate_limit(slot)],
        descriptors=[_descriptor(route, limit) for route, limit in slot.limits],
    )


_ALWAYS: Fields = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def _metadata(key: str) -> str:
    return f"%DYNAMIC_METADATA({names.LLM_METADATA}:{key})%"


def _refusal(slot: Slot) -> list[Fields]:
    selector = (
        f'selector=Header {{ key: "{slot.header}", value: "%REQ({slot.header})%" }}, '
        if slot.header
        else ""
    )
    headers = {
        contract.ERROR_CODE_HEADER: "rate_limited",
        contract.ERROR_TYPE_HEADER: "rate_limit_error",
        contract.ERROR_MESSAGE_HEADER: f"exceeded limit provider={_metadata('model')}, {selector}"
        f"tokens_used={_metadata('est_tokens')}",
        names.LIMIT_PERIOD_HEADER: _metadata(slot.period_key),
    }
    return [{"header": {"key": key, "value": value}} for key, value in headers.items()]


def _rate_limit(slot: Slot) -> Fields:
    who: Fields = (
        {"request_headers": {"header_name": slot.header, "descriptor_key": "value"}}
        if slot.header
        else {"generic_key": {"descriptor_key": "value", "descriptor_value": "all"}}
    )
    return {
        # Asked of this limit alone, so that requests no limit concerns show no such headers.
        "x_ratelimit_option": "DRAFT_VERSION_03",
        "hits_addend": {"format": _metadata("est_tokens")},
        "actions": [
            {
                "metadata": {
                    "metadata_key": {"key": names.LLM_METADATA, "path": [{"key": "limited"}]},
                    "descriptor_key": "route",
                    "source": "DYNAMIC",
                }
            },
            who,
        ],
    }


def _descriptor(route: str, limit: ir.TokenLimit) -> Fields:
    who: Fields = {"key": "value"}
    if limit.header is None:
        who["value"] = "all"
    elif limit.value is not None:
        who["value"] = limit.value
    return {
        "entries": [{"key": "route", "value": route}, who],
        "token_bucket": {
            "max_tokens": limit.tokens,
            "tokens_per_fill": limit.tokens,
            "fill_interval": duration(limit.period),
        },
    }

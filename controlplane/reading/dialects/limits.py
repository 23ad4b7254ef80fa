"""Token limits: a provider's own `rate_limits`, and `ratelimits` by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from controlplane.model import Selector, TokenLimit

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record


def provider_limits(provider: Record) -> tuple[TokenLimit, ...]:
    return _limits(provider.records("rate_limits"))


def model_limits(top: Record) -> tuple[TokenLimit, ...]:
    return _limits(top.records("ratelimits"))


def _limits(records: tuple[Record, ...]) -> tuple[TokenLimit, ...]:
    limits = (_limit(record) for record in records)
    return tuple(limit for limit in limits if limit is not None)


def _limit(record: Record) -> TokenLimit | None:
    limit = record.record("limit")
    tokens, unit = limit.whole("tokens"), limit.text("unit")
    if tokens is None or unit is None:  # reported as missing by the table already
        return None
    return TokenLimit(
        path=record.path,
        tokens=tokens,
        unit=cast('Literal["second", "minute", "hour"]', unit),
        selector=_selector(record.record("selector")),
        model=record.text("model"),
    )


def _selector(record: Record) -> Selector | None:
    """`{http_header: {name, value}}`, or `{key, value}` as `ratelimits` has it."""
    named = record.record("http_header")
    header = named.text("name") or record.text("key")
    if header is None:
        return None
    return Selector(record.path, header, named.text("value") or record.text("value"))

"""Token limits: a provider's own `rate_limits`, and `ratelimits` by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from controlplane.model import ClientSelector, Counting, Selector, TokenLimit
from controlplane.reading.dialects.secrets import one_secret
from controlplane.reading.values import label

if TYPE_CHECKING:
    from controlplane.model import Unit
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading


_ANY = "*"
"""archgw 0.4's word for a limit per distinct value."""


def provider_limits(provider: Record, reading: Reading) -> tuple[TokenLimit, ...]:
    return _limits(provider.records("rate_limits"), reading)


def model_limits(top: Record, reading: Reading) -> tuple[TokenLimit, ...]:
    limits = _limits(top.records("ratelimits"), reading)
    for limit in limits:
        if limit.model is None and not isinstance(limit.selector, ClientSelector):
            message = f"{label(limit.path)} has no `model`"
            hint = "add `model:`, the model that is limited; only a limit by client is for all"
            reading.error("AG103", limit.path, message, hint)
    return limits


def counting(top: Record, reading: Reading) -> Counting | None:
    record = top.record("rate_limits")
    mode = record.text("mode")
    if mode is None:  # reported as missing by the table already
        return None
    return Counting(
        path=record.path,
        shared=mode == "global",
        redis=record.text("redis"),
        password=one_secret(
            record, reading, "password", called="password", lines="lines", hint="Redis has one"
        ),
        service=record.text("service"),
        domain=record.text("domain"),
        on_failure=cast('Literal["deny", "allow"] | None', record.text("on_failure")),
        ca_file=record.record("tls").text("ca_file"),
    )


def _limits(records: tuple[Record, ...], reading: Reading) -> tuple[TokenLimit, ...]:
    limits = (_limit(record, reading) for record in records)
    return tuple(limit for limit in limits if limit is not None)


def _limit(record: Record, reading: Reading) -> TokenLimit | None:
    limit = record.record("limit")
    tokens, unit = limit.whole("tokens"), limit.text("unit")
    if tokens is None or unit is None:  # reported as missing by the table already
        return None
    return TokenLimit(
        path=record.path,
        tokens=tokens,
        unit=cast("Unit", unit),
        selector=_selector(record.record("selector"), reading),
        model=record.text("model"),
    )


def _selector(record: Record, reading: Reading) -> Selector | ClientSelector | None:
    """`{http_header: {name, value}}`, `{key, value}` as `ratelimits` has it, or `{client}`."""
    named = record.record("http_header")
    header = named.text("name") or record.text("key")
    client = record.text("client")
    if client is not None and header is not None:
        message = f"{label(record.path)} counts by a client and by a header"
        reading.error("AG004", record.path_of("client"), message, "keep one of the two")
    if client is not None:
        return ClientSelector(record.path, client or None)
    if header is None:
        return None
    value = named.text("value") or record.text("value")
    return Selector(record.path, header, "" if value == _ANY else value)

"""Token limits: v0.1's, of a provider or a model, and the budgets of clients.

A budget is counted for whoever it says: all that is written at one place, a provider, a model or
all providers together, is one scope. A client that a scope names has its own budgets there and none
of those for each client.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.model import ClientSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from controlplane import model

_PERIODS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}

_ALL = "*"
"""The scope of all providers together."""


def lower_limits(
    config: model.Config, labels: set[str], models: set[str | None]
) -> tuple[ir.TokenLimit, ...]:
    """Of a pool: those of its providers, and those of their models."""
    written = (limit for _, limit in _written(config, labels, models))
    others = (each for each in written if not isinstance(each.selector, ClientSelector))
    return tuple(dict.fromkeys(_limit(limit) for limit in others))


def lower_budgets(config: model.Config, labels: set[str], models: set[str | None]) -> ir.Budgets:
    each: list[ir.Budget] = []
    own: dict[str, dict[str, list[ir.Budget]]] = {}
    general: dict[str, list[ir.Budget]] = {}
    for scope, limit in _written(config, labels, models):
        if not isinstance(limit.selector, ClientSelector):
            continue
        budget = _budget(scope, limit)
        if limit.selector.client is None:
            general.setdefault(scope, []).append(budget)
            each.append(budget)
        else:
            scopes = own.setdefault(limit.selector.client, {})
            scopes.setdefault(scope, []).append(budget)
    named = (
        (client, _once(budget for found in (general | scopes).values() for budget in found))
        for client, scopes in own.items()
    )
    return ir.Budgets(each=_once(each), named=tuple(named))


def _once(budgets: Iterable[ir.Budget]) -> tuple[ir.Budget, ...]:
    return tuple(dict.fromkeys(budgets))


def _written(
    config: model.Config, labels: set[str], models: set[str | None]
) -> Iterator[tuple[str, model.TokenLimit]]:
    """The limits of a pool, each with its scope."""
    for provider in config.providers:
        if provider.name in labels:
            yield from ((provider.name, limit) for limit in provider.rate_limits)
    for limit in config.rate_limits:
        if limit.model is None:
            yield _ALL, limit
        elif limit.model in models | labels:
            yield limit.model, limit


def _limit(written: model.TokenLimit) -> ir.TokenLimit:
    selector = written.selector
    assert not isinstance(selector, ClientSelector), "those are budgets"
    return ir.TokenLimit(
        header=selector.header.lower() if selector else None,
        value=(selector.value or None) if selector else None,
        tokens=written.tokens,
        period=_PERIODS[written.unit],
    )


def _budget(scope: str, written: model.TokenLimit) -> ir.Budget:
    return ir.Budget(
        name=f"{scope}.{written.tokens}-{written.unit}",
        what="all providers" if scope == _ALL else scope,
        tokens=written.tokens,
        period=_PERIODS[written.unit],
    )

"""Numbers of other gateways' configs, in our units and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.importing.written import Price, million

if TYPE_CHECKING:
    from controlplane.importing.fields import Fields

_MOST_RETRIES = 10
_MOST_SECONDS = 30 * 24 * 3600
_MOST_MONEY = 1_000_000
_PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
}


def seconds_of(fields: Fields, *keys: str, parts: int = 1) -> float | None:
    """A time, written in so many parts of a second."""
    node = fields.take(*keys)
    value = fields.number_of(node) if node else None
    if node is None or value is None:
        return None
    if not 0 < value / parts <= _MOST_SECONDS:
        fields.notes.left_out(node.path, "a time limit is above 0 and up to 30 days")
        return None
    return value / parts


def retries_of(fields: Fields, *keys: str) -> int | None:
    node = fields.take(*keys)
    value = fields.number_of(node) if node else None
    if node is None or value is None:
        return None
    if value > _MOST_RETRIES:
        fields.notes.assumed(node.path, f"{_MOST_RETRIES} retries are the most there can be")
    return min(int(value), _MOST_RETRIES)


def price_of(*places: Fields) -> Price | None:
    """Of a million tokens, from those of one, in the first place that has each."""
    found: dict[str, float] = {}
    for name, key in _PRICES.items():
        for fields in places:
            node = fields.take(key)
            value = fields.number_of(node) if node else None
            if node is None or value is None:
                continue
            if million(value) > _MOST_MONEY:
                fields.notes.left_out(node.path, "it is too dear to be the price of a token")
            else:
                found.setdefault(name, million(value))
    if not found.keys() & {"input", "output"}:
        return None
    return Price(found.get("input", 0), found.get("output", 0), found.get("cached"))

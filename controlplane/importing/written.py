"""The Arch config that an import writes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane.model import Path

_MOST_SHARES = 1_000_000


@dataclass(slots=True)
class Price:
    """Of a million tokens."""

    input: float
    output: float
    cached: float | None = None


@dataclass(slots=True)
class Provider:
    path: Path
    """Where it stands in the file it comes from."""
    name: str
    kind: str
    model: str | None = None
    key: str | None = None
    """The variable."""
    base_url: str | None = None
    api_version: str | None = None
    weight: int | None = None
    fallbacks: list[str] = field(default_factory=list)
    first_byte: float | None = None
    """In seconds."""
    retries: int | None = None
    tokens_a_minute: int | None = None
    price: Price | None = None
    default: bool = False

    def to_data(self) -> dict[str, Any]:
        limit = {"tokens": self.tokens_a_minute, "unit": "minute"}
        price = self.price
        known: dict[str, Any] = {
            "name": self.name,
            "provider": self.kind,
            "model": self.model,
            "base_url": self.base_url,
            "api_version": self.api_version,
            "access_key": f"${self.key}" if self.key else None,
            "default": self.default or None,
            "weight": self.weight,
            "fallbacks": self.fallbacks or None,
            "timeout": duration(self.first_byte) if self.first_byte else None,
            "retries": self.retries,
            "rate_limits": [{"limit": limit}] if self.tokens_a_minute else None,
            "price": price and _without_none(
                {"input": price.input, "output": price.output, "cached": price.cached}
            ),
        }  # fmt: skip
        return _without_none(known)


@dataclass(slots=True)
class Written:
    providers: list[Provider] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    """Name → variable of the key."""
    overrides: dict[str, Any] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        keys = [{"name": name, "key": f"${key}"} for name, key in self.clients.items()]
        return {
            "version": "v0.1",
            **({"listeners": {"egress_traffic": {"auth": {"api_keys": keys}}}} if keys else {}),
            "llm_providers": [_Lines(each.to_data()) for each in self.providers],
            **({"model_aliases": _targets(self.aliases)} if self.aliases else {}),
            **({"overrides": self.overrides} if self.overrides else {}),
        }

    def to_yaml(self) -> str:
        return "\n".join(_block(key, value) for key, value in self.to_data().items())


def duration(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def million(price: float) -> float:
    """The price of a million, from that of one, as it is written: 0.0000025 is 2.5."""
    found = float(Decimal(repr(price)) * 1_000_000)
    return int(found) if found.is_integer() else found


def whole_shares(weights: Sequence[Fraction]) -> list[int]:
    """The same shares in whole numbers: 0.7 and 0.3 are 7 and 3."""
    parts = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * parts) for weight in weights]
    common = math.gcd(*whole)
    whole = [each // common for each in whole]
    most = max(whole)
    if most > _MOST_SHARES:
        whole = [max(1, each * _MOST_SHARES // most) for each in whole]
    return whole


class _Lines(dict[str, Any]):
    """A mapping that is written a key a line, however short it is."""


def _block(key: str, value: Any) -> str:
    """What holds nothing but words is written on one line."""
    import yaml  # noqa: PLC0415  notes alone need none

    class Dumper(yaml.SafeDumper):
        pass

    def lines(dumper: yaml.SafeDumper, data: _Lines) -> yaml.Node:
        return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=False)

    Dumper.add_representer(_Lines, lines)
    found: str = yaml.dump(
        _Lines({key: value}),
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )
    return found


def _targets(aliases: dict[str, str]) -> dict[str, Any]:
    return {name: {"target": target} for name, target in aliases.items()}


def _without_none(known: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in known.items() if value is not None}

"""How the calls of a `model_name` are shared out, and what LiteLLM would refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from controlplane.importing.written import Provider, whole_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controlplane.importing.fields import Fields
    from controlplane.importing.notes import Notes
    from controlplane.model import Path

_KEYS = ("weight", "rpm", "tpm")
"""The first of them that a deployment of the pool has tells the shares, as with LiteLLM."""
_MOST_TOKENS = 4_000_000_000


@dataclass(slots=True)
class Share:
    values: dict[str, float] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, *places: Fields) -> Share:
        share = cls()
        for fields in places:
            for key in _KEYS:
                node = fields.take(key)
                value = fields.number_of(node) if node else None
                if node is not None and value is not None and key not in share.values:
                    share.values[key], share.paths[key] = value, node.path
        return share


def share_out(
    pool: Sequence[Provider], shares: Sequence[Share], notes: Notes, *, limits_kept: bool
) -> None:
    """Gives each its weight, 0 where it has no calls, and the pool its limit."""
    used = _weigh(pool, shares, notes)
    kept = [(each, share) for each, share in zip(pool, shares, strict=True) if each.weight != 0]
    limited = limits_kept and _limit(
        [each for each, _ in kept], [share for _, share in kept], notes
    )
    if len(kept) == 1:
        kept[0][0].weight = None
    tell_differences([each for each, _ in kept], notes)
    for share in shares:
        if "rpm" in share.paths and (used != "rpm" or limits_kept):
            message = "requests are not counted here: tokens are, by `rate_limits`"
            notes.left_out(share.paths["rpm"], message)
        if "tpm" in share.paths and used != "tpm" and not limited:
            tokens = max(1, min(int(share.values["tpm"]), _MOST_TOKENS))
            limit = f"rate_limits: [{{limit: {{tokens: {tokens}, unit: minute}}}}]"
            message = f"LiteLLM refuses nothing for it; the gateway would with `{limit}`"
            notes.left_out(share.paths["tpm"], message)
        if "weight" in share.paths and len(pool) == 1:
            notes.left_out(share.paths["weight"], "it is alone, so it has all calls")


def tell_differences(pool: Sequence[Provider], notes: Notes) -> None:
    """Of a pool, whose calls may go to any of it, some things are one for all."""
    if len({(each.first_byte, each.retries) for each in pool}) > 1:
        message = f"the time limit and retries of `{pool[0].name}` are those of its first provider"
        notes.assumed(pool[0].path, message, on_key=False)


def _weigh(pool: Sequence[Provider], shares: Sequence[Share], notes: Notes) -> str | None:
    used = next((key for key in _KEYS if any(share.values.get(key) for share in shares)), None)
    if used is None or len(pool) == 1:
        return None
    # One that says nothing where another does has a share of nothing with LiteLLM, too.
    given = [Fraction(repr(share.values.get(used, 0.0))) for share in shares]
    for provider, weight in zip(pool, whole_shares(given), strict=True):
        provider.weight = weight
        if not weight:
            notes.left_out(provider.path, f"it has no `{used}`, and so no calls", on_key=False)
    if used != "weight":
        message = f"the shares of `{pool[0].name}` come from `{used}`, as with LiteLLM"
        notes.assumed(pool[0].path, message, on_key=False)
    return used


def _limit(pool: Sequence[Provider], shares: Sequence[Share], notes: Notes) -> bool:
    """A limit is one for the whole pool here."""
    limits = [share.values.get("tpm") for share in shares]
    if not all(limits):
        return False
    tokens = int(min(sum(limit or 0 for limit in limits), _MOST_TOKENS))
    pool[0].tokens_a_minute = max(1, tokens)
    message = f"`{pool[0].name}` has {tokens} tokens a minute, as estimated from prompts alone"
    notes.assumed(pool[0].path, message, on_key=False)
    return True

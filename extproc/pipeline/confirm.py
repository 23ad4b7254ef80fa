"""Ask back before a call: as its target's `confirm` says, or when the models are unsure of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.pipeline.reply import ask

if TYPE_CHECKING:
    from extproc.events import Answer
    from extproc.exchange import Exchange, Planned


async def ask_back(exchange: Exchange) -> Answer | None:
    if exchange.confirmed or not any(_is_to_confirm(exchange, each) for each in exchange.plan):
        return None
    calls = [(each.target, each.arguments) for each in exchange.plan]
    return ask(exchange, exchange.runtime.questions.propose(calls))


def _is_to_confirm(exchange: Exchange, planned: Planned) -> bool:
    target = planned.target
    if target.default or target.call is None or target.confirm == "never":
        return False
    limit = exchange.decision.confirm_below if exchange.decision else 1.0
    return target.confirm == "always" or planned.confidence < limit

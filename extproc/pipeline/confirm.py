"""Ask back before a call: as its target's `confirm` says, or when models or words leave a doubt.

The models are in doubt below the `confirm_below` that the model server tells; words are, where
`doubts` or `wishes` find it in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.exchange import Question
from extproc.pipeline import doubts
from extproc.pipeline.client_answer import ask_user

if TYPE_CHECKING:
    from extproc.events import Answer
    from extproc.exchange import Exchange, Planned


async def ask_back(exchange: Exchange) -> Answer | None:
    """One question for the whole plan, where one of its calls is to be confirmed."""
    if exchange.confirmed or not any(_may_be_asked(each) for each in exchange.plan):
        return None
    doubtful = doubts.doubtful(exchange)
    if not any(_is_to_confirm(exchange, each, doubtful=doubtful) for each in exchange.plan):
        return None
    exchange.asked = Question("confirm")
    calls = [(each.target, each.arguments) for each in exchange.plan]
    return ask_user(exchange, exchange.runtime.questions.propose(calls))


def _may_be_asked(planned: Planned) -> bool:
    target = planned.target
    return not target.default and target.endpoint is not None and target.confirm != "never"


def _is_to_confirm(exchange: Exchange, planned: Planned, *, doubtful: bool) -> bool:
    if not _may_be_asked(planned):
        return False
    if doubtful or planned.doubtful or planned.target.confirm == "always":
        return True
    return planned.confidence < (exchange.decision.confirm_below if exchange.decision else 1.0)

"""A plain reply to a question of ours: a yes makes the proposed calls, a no drops what is pending.

No model is asked what it means (the guard judges it as it does any message): a yes carries out
exactly what the question says, read back from its text and checked as any value is. Whatever says
more than yes or no is a message like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extproc.chat import answers
from extproc.exchange import Planned
from extproc.pipeline import parameters, replies, transcript
from extproc.pipeline.client_answer import say
from extproc.questions import Asked, Proposed

if TYPE_CHECKING:
    from extproc.events import Answer
    from extproc.exchange import Exchange


async def read(exchange: Exchange) -> None:
    """Leaves the plan that a plain yes confirmed, or that the question is dropped."""
    sentence = transcript.answered(exchange)
    if sentence is None:
        return
    reply = exchange.request.messages[-1].text
    if isinstance(sentence, Proposed):
        if _is_yes(exchange, reply):
            exchange.plan = _plan(sentence)
            exchange.confirmed = bool(exchange.plan)
        else:
            exchange.dropped = _is_no(exchange, reply) or replies.is_declined(reply)
    elif isinstance(sentence, Asked):
        exchange.dropped = _is_declined(exchange, sentence, reply)


async def drop(exchange: Exchange) -> Answer | None:
    """Says that nothing is done, where `read` or `another_wish` found the question dropped."""
    if not exchange.dropped:
        return None
    return say(exchange, exchange.runtime.questions.dropped, answers.FUNCTION_MODEL)


def _is_declined(exchange: Exchange, sentence: Asked, reply: str) -> bool:
    """Whether a question for values gets none: unless "no" or "never" is one of its choices."""
    asked = [parameter for alike in sentence.parameters for parameter in alike]
    choices = {str(choice).strip().casefold() for each in asked for choice in each.enum}
    if reply.strip(" .!").casefold() in choices:
        return False
    return replies.is_declined(reply) or (_is_no(exchange, reply) and not sentence.wants_yes_or_no)


def _is_yes(exchange: Exchange, reply: str) -> bool:
    return replies.is_yes(reply) or replies.is_word(
        exchange.runtime.config.messages.yes_word, reply
    )


def _is_no(exchange: Exchange, reply: str) -> bool:
    return replies.is_no(reply) or replies.is_word(exchange.runtime.config.messages.no_word, reply)


def _plan(sentence: Proposed) -> list[Planned]:
    """The calls that were proposed; none if the config takes one of their values no more."""
    plan = []
    for target, proposed in sentence.calls:
        filled = parameters.fill(target.parameters, proposed)
        kept = {name: filled.arguments.get(name) for name in proposed}
        if filled.missing or kept != dict(proposed):
            return []
        plan.append(Planned(target, filled.arguments, defaults=frozenset(filled.defaults)))
    return plan

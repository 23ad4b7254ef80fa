"""A reply that does not answer our question: a wish of its own, or a refusal in many words.

Whoever is asked for a day may ask for something else instead. Read as an answer, the reply would
complete the wish that was given up; so the models read it by itself as well. It stands by itself
if it wants something else and answers nothing that was asked, or turns away from what was asked
in so many words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from extproc.pipeline import cues, replies, transcript
from extproc.questions import Asked, Proposed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extproc.contract import Parameter
    from extproc.exchange import Exchange
    from extproc.questions import Sentence
    from modelserver.schema import DecideResponse

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_TURNS_AWAY: Final = re.compile(
    r"""(?<!\w)(?:
    instead|actually|rather|first|before\ that|forget|never\ ?mind|no|not\ yet|sorry|i\ meant|hold\ on|wait
    |leave|scrap|drop|changed\ my\ mind|stattdessen|lieber|zuerst|erst|vergiss|vergessen\ sie|nein|moment|warte
    |plutôt|d'abord|oubliez?|non|attends|attendez|en\ fait|mejor|primero|olvid\w+|espera|en\ realidad
    |invece|prima|lascia|aspetta|piuttosto|antes|primeiro|esque\w+|não|na\ verdade
    |liever|eerst|vergeet|nee|wacht|eigenlijk
    )(?!\w)|\?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


async def weigh(exchange: Exchange) -> None:
    sentence = transcript.answered(exchange)
    decision, afresh = exchange.decision, exchange.afresh
    if decision is None or afresh is None or not isinstance(sentence, Asked | Proposed):
        return
    reply = exchange.request.messages[-1].text
    if _is_another(decision, afresh, reply, answers=_answers(exchange, sentence, decision)):
        exchange.decision = replace(afresh, guard=decision.guard)
    elif afresh.intent.name is None and not _says_anything(exchange, decision):
        turned_down = cues.may_not_be_meant(reply) or replies.mentions_declining(reply)
        exchange.dropped = turned_down and not _asks_yes_or_no(sentence)


def _is_another(
    decision: DecideResponse, afresh: DecideResponse, reply: str, *, answers: bool
) -> bool:
    """Whether the reply by itself wants something, and less than its reading as an answer."""
    given_up = {call.name for call in decision.calls} - {call.name for call in afresh.calls}
    if afresh.intent.name is None or (decision.calls and not given_up):
        return False
    complete = all(not call.missing and not call.unusable for call in afresh.calls)
    return not answers or (complete and _TURNS_AWAY.search(reply) is not None)


def _asks_yes_or_no(sentence: Sentence) -> bool:
    """A denial may be the value that was asked for."""
    return isinstance(sentence, Asked) and any(
        each.type == "boolean" for alike in sentence.parameters for each in alike
    )


def _answers(exchange: Exchange, sentence: Sentence, decision: DecideResponse) -> bool:
    """Whether the reply says a value that was asked for, or changes what was proposed."""
    return any(
        not isinstance(sentence, Asked) or sentence.asks_for(parameter)
        for parameter in _said(exchange, decision)
    )


def _says_anything(exchange: Exchange, decision: DecideResponse) -> bool:
    return any(True for _ in _said(exchange, decision))


def _said(exchange: Exchange, decision: DecideResponse) -> Iterator[Parameter]:
    """The parameters of which the reply says a value."""
    last = len(exchange.request.messages) - 1
    for call in decision.calls:
        target = exchange.runtime.targets.get(call.name)
        for parameter in target.parameters if target else ():
            found = call.evidence.get(parameter.name)
            if found is not None and found.message == last:
                yield parameter

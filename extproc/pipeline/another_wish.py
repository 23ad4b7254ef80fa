"""A reply that does not answer our question: a wish of its own, or a no in many words.

Whoever is asked for a day may ask for something else instead. Read as an answer, the reply would
complete the wish that was given up; so the models read it by itself as well, and two readings are
weighed: `decision`, as the answer, and `afresh`, as if nothing had been said before.

- `afresh` takes the place of `decision` if it wants something else, and the reply either answers
  nothing that was asked, or turns away from it: "instead", "first", or by a question of its own.
- Where the reply wants nothing by itself and says no value, one that declines in more words than
  `pending` knows drops what was asked: "that's too long, I'll do it myself". `pending.drop`, the
  stage after, says so.
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

# English, German, French, Spanish, Italian, Portuguese, Dutch; and a question mark at the end: who
# asks something answers nothing.
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
    """Leaves the reading that holds in `decision`, or that the question is dropped."""
    sentence = transcript.answered(exchange)
    decision, afresh = exchange.decision, exchange.afresh
    if decision is None or afresh is None or not isinstance(sentence, Asked | Proposed):
        return
    reply = exchange.request.messages[-1].text
    said = list(_said(exchange))
    # It answers if it says a value that was asked for, or changes what was proposed.
    answers = any(not isinstance(sentence, Asked) or sentence.asks_for(each) for each in said)
    if _is_another(decision, afresh, reply, answers=answers):
        exchange.decision = replace(afresh, guard=decision.guard)
    elif afresh.intent.name is None and not said:
        # Who tells or imagines ("I did that yesterday") wants no more of it than who denies.
        turned_down = (
            cues.may_not_be_meant(reply)
            or cues.announces(reply)
            or replies.mentions_declining(reply)
        )
        exchange.dropped = turned_down and not _may_want_a_no(sentence)


def _is_another(
    decision: DecideResponse, afresh: DecideResponse, reply: str, *, answers: bool
) -> bool:
    """Whether the reply is rather a wish of its own; `answers` is true where it may be an answer."""
    if afresh.intent.name is None:
        return False
    given_up = {call.name for call in decision.calls} - {call.name for call in afresh.calls}
    if decision.calls and not given_up:
        return False  # By itself it wants all that it does as an answer: there is no difference.
    complete = all(not call.missing and not call.unusable for call in afresh.calls)
    return not answers or (complete and _TURNS_AWAY.search(reply) is not None)


def _may_want_a_no(sentence: Sentence) -> bool:
    return isinstance(sentence, Asked) and sentence.may_want_a_no


def _said(exchange: Exchange) -> Iterator[Parameter]:
    """The parameters of which the reply says a value."""
    for call, name, _ in exchange.newest_evidence():
        target = exchange.runtime.targets.get(call.name)
        yield from (each for each in target.parameters if each.name == name) if target else ()

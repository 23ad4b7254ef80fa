"""A reply that does not answer our question: a wish of its own, or a no in many words.

Whoever is asked for a day may ask for something else instead. Read as an answer, the reply would
complete the wish that was given up; so the models read it by itself as well, and two readings are
weighed: `decision`, as the answer, and `afresh`, as if nothing had been said before.

- `afresh` takes the place of `decision` if it wants something else, and the reply either answers
  nothing that was asked, or turns away from it: "instead", "first", or by a question of its own.
- A new wish says something of its own: a value, or a word of what its target is about. "Drop it" is
  no wish to drop a parcel.
- Where the reply wants nothing by itself and answers nothing, what was asked is dropped: "that's too
  long, I'll do it myself", "she found another one". `pending.drop`, the stage after, says so. Who
  asks something, takes a moment, or says a value that is not clear yet, is asked again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from extproc.pipeline import cues, replies, transcript
from extproc.questions import Asked, Proposed
from modelserver.schema import humanized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extproc.contract import Parameter
    from extproc.exchange import Exchange
    from extproc.questions import Sentence
    from modelserver.schema import Call, DecideResponse

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
# Who says so may still answer: a moment's pause, or a value that is not clear yet.
_OPEN: Final = re.compile(
    r"""^(?:\W*(?:well|so|hm+|uh+|um+|ah|oh|ok(?:ay)?|then|euh|also|nun)(?!\w))+\W*$
    |(?<!\w)(?:
    moment|momento|momentito|momentje|one\ sec|a\ sec|second|minute|hang\ on|hold\ on|give\ me|let\ me\ (?:see|check|look|find|get|think)
    |lass\ mich|laisse[-\ ]moi|attends|attendez|déjame|fammi|deixa[-\ ]me|laat\ me
    |(?:i|we)(?:['\u2019]ll|\ will|\ would|['\u2019]d)\ (?:take|need|go\ (?:for|with)|want|prefer|choose|pick|use|pay)
    |(?:i|we)\ (?:need|want|prefer)
    |whatever|whichever|usual|some|any|all|more|less|most|least|few|many|much|best|same|normal|depends
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
# Longer forms of a word begin like it: "booked", "booking".
_BEGINNING: Final = 4
# Words that may leave it, and those that tools are described with.
_LEAVING: Final = frozenset(
    [
        "canc",
        "stop",
        "drop",
        "leav",
        "forg",
        "skip",
        "abor",
        "keep",
        "with",
        "from",
        "this",
        "that",
        "know",
        "show",
        "tell",
        "what",
        "find",
        "make",
        "have",
        "abou",
        "when",
        "wher",
    ]
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
    afresh = _without_what_is_left(exchange, afresh, sentence)
    own = [call for call in afresh.calls if _speaks_of(exchange, call, reply)]
    if own and (
        _is_another(decision, afresh, reply, answers=answers) or _says_it_all(decision, afresh)
    ):
        exchange.decision = replace(afresh, guard=decision.guard)
    elif not answers and (not own or _only_names_it(exchange, own, sentence, reply)):
        exchange.dropped = (
            (not said or cues.announces(reply))
            and not _may_be_the_value(sentence, reply)
            and not any(_is_complete(call, sentence) for call in decision.calls)
            and (_is_turned_down(reply) or not _leaves_it_open(decision, reply))
        )


def _only_names_it(
    exchange: Exchange, own: Sequence[Call], sentence: Asked | Proposed, reply: str
) -> bool:
    """Whether a reply turns down what was asked about by its name: "no need to block it"."""
    asked = _asked_about(exchange, sentence)
    return _is_turned_down(reply) and all(
        call.name in asked and not call.arguments and not call.unusable for call in own
    )


def _without_what_is_left(
    exchange: Exchange, afresh: DecideResponse, sentence: Asked | Proposed
) -> DecideResponse:
    """The reading afresh, without a wish that is left but for words of its own.

    Of "leave it. 800 is too much" nothing is done with what was said of it before.
    """
    last = exchange.request.last_user
    left = _asked_about(exchange, sentence)
    kept = [
        call for call in afresh.calls
        if call.name not in left or all(each.message == last for each in call.evidence.values())
    ]  # fmt: skip
    if len(kept) == len(afresh.calls):
        return afresh
    name = kept[0].name if kept else None
    return replace(afresh, calls=kept, intent=replace(afresh.intent, name=name))


def _asked_about(exchange: Exchange, sentence: Sentence) -> set[str]:
    """The targets that a question of ours may be about."""
    if isinstance(sentence, Proposed):
        return {target.name for target, _ in sentence.calls}
    return {
        target.name
        for target in exchange.runtime.targets.values()
        if isinstance(sentence, Asked) and any(map(sentence.asks_for, target.parameters))
    }


def _says_it_all(decision: DecideResponse, afresh: DecideResponse) -> bool:
    """Whether the reply says by itself all that it does as an answer, and as surely."""

    def said(each: DecideResponse) -> list[tuple[str, Mapping[str, Any]]]:
        return [(call.name, call.arguments) for call in each.calls]

    def sure(each: DecideResponse) -> float:
        return min(
            (said.confidence for call in each.calls for said in call.evidence.values()), default=0
        )

    same = said(decision) == said(afresh) and not any(call.missing for call in afresh.calls)
    return same and sure(afresh) > sure(decision)


def _is_complete(call: Call, sentence: Sentence) -> bool:
    """Whether a call lacks nothing that our question was about: then it is another wish."""
    return isinstance(sentence, Asked) and not call.missing and not call.unusable


def _speaks_of(exchange: Exchange, call: Call, reply: str) -> bool:
    """Whether a reply says something of a call: a value, or a word of what its target is about."""
    if call.arguments or call.unusable:
        return True
    target = exchange.runtime.targets.get(call.name)
    about = f"{humanized(call.name)} {target.description}" if target else ""
    return bool(_stems(about) & _stems(reply))


def _stems(text: str) -> set[str]:
    """How the words of a text begin, but those that may tell one to leave it."""
    return {word[:_BEGINNING] for word in _WORD.findall(text.casefold())} - _LEAVING


def _is_turned_down(reply: str) -> bool:
    """Who tells or imagines ("I did that yesterday") wants no more of it than who denies."""
    return (
        cues.may_not_be_meant(reply) or cues.announces(reply) or replies.mentions_declining(reply)
    )


def _leaves_it_open(decision: DecideResponse, reply: str) -> bool:
    """Whether a reply may go on to an answer: a question, a moment's pause, a value that is vague."""
    return (
        "?" in reply
        or len(reply) > cues.LONGEST
        or _OPEN.search(reply) is not None
        or any(call.unusable for call in decision.calls)
    )


def _may_be_the_value(sentence: Sentence, reply: str) -> bool:
    """Whether a reply may hold a value that nobody has read: digits, a yes, or a no that was asked for."""
    if any(letter.isdecimal() for letter in reply):
        return True
    if _is_turned_down(reply):
        return isinstance(sentence, Asked) and sentence.may_want_a_no
    # A yes to a question for values gives up nothing: "just do it".
    return bool(replies.begins(reply)) or replies.is_yes(reply)


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


def _said(exchange: Exchange) -> Iterator[Parameter]:
    """The parameters of which the reply says a value."""
    for call, name, _ in exchange.newest_evidence():
        target = exchange.runtime.targets.get(call.name)
        yield from (each for each in target.parameters if each.name == name) if target else ()

"""What of the models' calls is a wish of the last message: its values, how sure, and is it new.

A wish is what the user wants done; one that the last message does not utter was uttered before,
and an assistant may have answered it since. Where its words stand is its standing.

Two rules are kept here whatever a model says. A value never comes from the gateway's own words:
its evidence may not lie in them, and a value without evidence that stands nowhere but in them is
dropped. And a call that changes something is made once for one wish: when its words were answered
already, it is not made; nor is one that nothing speaks for but the word of a remote function
caller. It is doubtful with no word of its own in the last message, with a value that nobody is
seen to say, or with values of a wish that was answered. A doubtful call is asked back, unless its
target's `confirm` is `never`: then it is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from extproc.exchange import Planned
from extproc.pipeline import replies, sameness, transcript
from extproc.pipeline.words import STEM, items, says
from extproc.questions import Asked, Proposed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extproc.contract import Parameter, Target
    from extproc.exchange import Exchange
    from extproc.questions import Sentence
    from modelserver.schema import Call, Evidence

_FEW_WORDS = 3
_AGAIN = re.compile(
    r"(?<!\w)(?:again|once more|another|anew|nochmals?|erneut|encore|de nouveau|otra vez|de nuevo|di nuovo"
    r"|ancora|de novo|outra vez|opnieuw|nog eens|weer)(?!\w)", re.IGNORECASE,
)  # fmt: skip
_CONFIRM = re.compile(r"confirm", re.IGNORECASE)


class Standing(Enum):
    """Where the words stand that a call rests on."""

    NEW = "in the last message"
    HINTED = "in earlier ones, and the last message may mean it without a value of its own"
    OLD = "in earlier messages alone"


def planned(exchange: Exchange, call: Call, target: Target, *, further: bool) -> Planned | None:
    """The call as it may be made, or None where it is no wish of the last message."""
    arguments = dict(_grounded(exchange, call, target))
    said = {**arguments, **replied(exchange, target.parameters)}
    doubtful = False
    if target.changes:
        mentions = list(_mentions(exchange, call, target, arguments))
        standing = _standing(exchange, target, mentions, bare=not arguments)
        if standing is Standing.OLD and (further or _settled(exchange, mentions)):
            return None
        if not _is_spoken_of(exchange, call, mentions):
            return None
        made_up = _is_unsaid(target, arguments, call, mentions)
        doubtful = (
            standing is not Standing.NEW or made_up or _takes_up(exchange, call, target, mentions)
            or _says_nothing_new(exchange, call)
            or _leaves_unanswered(exchange, call, target)
        )  # fmt: skip
    return Planned(
        target, said,
        confidence=_confidence(exchange, call, target, arguments),
        doubtful=doubtful,
        unusable=frozenset(call.unusable),
        clause=call.clause,
    )  # fmt: skip


def replied(exchange: Exchange, parameters: tuple[Parameter, ...]) -> dict[str, bool]:
    """The yes or no that a reply to a question begins with: no model is needed to read it."""
    messages = exchange.request.messages
    if [each.role for each in messages[-2:]] != ["assistant", "user"]:
        return {}
    asked, reply = messages[-2:]
    agreed = replies.begins(reply.text)
    if agreed is None:
        return {}
    sentence = transcript.answered(exchange)
    return {
        each.name: agreed for each in parameters
        if each.type == "boolean" and _is_asked(each, sentence, asked.text)
    }  # fmt: skip


def _is_asked(parameter: Parameter, sentence: Sentence | None, asked: str) -> bool:
    """Whether a yes or no is for this: by a question of ours, or by one to confirm."""
    if isinstance(sentence, Asked):
        return len(sentence.parameters) == 1 and sentence.asks_for(parameter)
    confirms = _CONFIRM.search(f"{parameter.name} {parameter.description}")
    return sentence is None and bool(confirms and _CONFIRM.search(asked))


def _grounded(exchange: Exchange, call: Call, target: Target) -> Iterator[tuple[str, Any]]:
    """The arguments that come from anybody but the gateway itself."""
    declared = {parameter.name: parameter for parameter in target.parameters}
    for name, value in call.arguments.items():
        evidence = call.evidence.get(name)
        if evidence is not None:
            if _is_theirs(exchange, evidence):
                yield name, value
        elif name in declared and not _is_only_ours(exchange, declared[name], value):
            yield name, value


def _is_theirs(exchange: Exchange, evidence: Evidence) -> bool:
    known = 0 <= evidence.message < len(exchange.request.messages)
    return known and not transcript.is_ours(exchange, evidence.message)


def _is_only_ours(exchange: Exchange, parameter: Parameter, value: Any) -> bool:
    """Whether words that no model points at stand in the gateway's own words and nowhere else.

    A choice is a judgement and needs no words.
    """
    if parameter.enum or isinstance(value, bool):
        return False
    ours: list[str] = []
    theirs: list[str] = []
    for place, message in enumerate(exchange.request.messages):
        ourselves = transcript.is_ours(exchange, place)
        (ours if ourselves else theirs).append(message.text.casefold())
    parts = [str(part).strip().casefold() for part in items(value)]
    return any(
        any(part in text for text in ours) and not any(part in text for text in theirs)
        for part in parts
    )


def _says(text: str, value: Any) -> bool:
    """Whether a message says a value, in so many words."""
    said = str(value).strip()
    return bool(said) and not isinstance(value, bool | dict | list | None) and says(text, said)


def _confidence(
    exchange: Exchange, call: Call, target: Target, arguments: Mapping[str, Any]
) -> float:
    """How sure the models are of the whole call: as sure as of its least sure part."""
    if call.confidence is not None:
        return call.confidence
    last = exchange.request.last_user
    answer = _answered_alone(exchange)
    parts = [
        call.evidence[each.name].confidence
        for each in target.parameters
        if each.name in arguments and each.name in call.evidence
        and not (answer and answer.asks_for(each) and call.evidence[each.name].message == last)
    ]  # fmt: skip
    return min(_score(exchange, call), *parts, 1.0)


def _answered_alone(exchange: Exchange) -> Asked | None:
    """Our question for one thing, where the reply is hardly more than that: "then 40"."""
    sentence = transcript.answered(exchange)
    if not isinstance(sentence, Asked) or len(sentence.parameters) != 1:
        return None
    reply = exchange.request.messages[-1].text
    return sentence if "?" not in reply and len(reply.split()) <= _FEW_WORDS else None


def _score(exchange: Exchange, call: Call) -> float:
    """What our own model gives the call's target."""
    intent = exchange.decision.intent if exchange.decision else None
    if intent is None or not intent.ranking:
        return intent.score if intent else 0.0
    return next((each.score for each in intent.ranking if each.name == call.name), 0.0)


def _is_spoken_of(exchange: Exchange, call: Call, mentions: Sequence[_Mention]) -> bool:
    """Whether anything but the caller's word speaks for a call.

    A remote function caller shows no evidence, and may invent a call. So a value of it stands in
    the last message, or our own model sees the target in it, or it answers a question of ours.
    """
    if call.evidence or call.confidence is not None or exchange.decision is None:
        return True
    last = exchange.request.last_user
    if transcript.answered(exchange) is not None or any(each.place == last for each in mentions):
        return True
    return _score(exchange, call) >= exchange.decision.intent.threshold


def _is_unsaid(
    target: Target, arguments: Mapping[str, Any], call: Call, mentions: Sequence[_Mention]
) -> bool:
    """Whether there is a value that no words are shown for and no message says.

    A choice is a judgement and needs no words.
    """
    said = call.evidence.keys() | {each.name for each in mentions}
    return any(
        each.name in arguments and each.name not in said
        and not each.enum and each.type != "boolean"
        for each in target.parameters
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Mention:
    """A message where the user says a value; `literal`, where the words are the value's own."""

    name: str
    place: int
    literal: bool


def _standing(
    exchange: Exchange, target: Target, mentions: Sequence[_Mention], *, bare: bool
) -> Standing:
    """How new the wish is; `bare` is true of a call without any arguments.

    The order matters: what makes a wish new is looked for first, and thanks are no hint.
    """
    messages = exchange.request.messages
    last = exchange.request.last_user
    # Nothing is left to answer: a client sends the transcript after our answer again.
    if last is None or _answered_since(exchange, last):
        return Standing.OLD
    # A yes to its question, or one of its values in the value's own words.
    newest = [each for each in mentions if each.place == last]
    if replied(exchange, target.parameters) or any(each.literal for each in newest):
        return Standing.NEW
    # A choice in other words, or no value at all: in the first message of a user nothing else can
    # be meant.
    hinted = bare or bool(newest)
    if hinted and not any(each.role == "user" for each in messages[:last]):
        return Standing.NEW
    # "The first one", to our question.
    if _is_answer(exchange, target, newest):
        return Standing.NEW
    # What is only thanked for was done.
    if replies.is_thanks(messages[last].text):
        return Standing.OLD
    return Standing.HINTED if hinted or _gives_leave(exchange, last) else Standing.OLD


def _gives_leave(exchange: Exchange, last: int) -> bool:
    """Whether the message says yes to a question of an assistant's, such as the LLM's."""
    messages = exchange.request.messages
    asked = last > 0 and messages[last - 1].role == "assistant" and "?" in messages[last - 1].text
    return asked and bool(replies.begins(messages[last].text))


def _is_answer(exchange: Exchange, target: Target, mentions: Sequence[_Mention]) -> bool:
    """Whether the words answer a question of ours, be it as "the first one"."""
    sentence = transcript.answered(exchange)
    declared = {parameter.name: parameter for parameter in target.parameters}
    return isinstance(sentence, Asked) and any(
        sentence.asks_for(declared[each.name]) for each in mentions
    )


def _settled(exchange: Exchange, mentions: Sequence[_Mention]) -> bool:
    """Whether the wish was answered already, and not by a question of ours about it."""
    return _answered_since(
        exchange, max((each.place for each in mentions if each.literal), default=-1)
    )


def _takes_up(exchange: Exchange, call: Call, target: Target, mentions: Sequence[_Mention]) -> bool:
    """Whether a new wish takes up values of one that was answered: "and now 75".

    Who is asked to confirm, and does, means the very wish that was answered; who says "the same"
    means all of it.
    """
    last = exchange.request.last_user
    taken_up = [
        each.place for each in mentions
        if each.place != last and _answered_since(exchange, each.place)
    ]  # fmt: skip
    if not taken_up or replied(exchange, target.parameters):
        return False
    return not _is_the_same(exchange, call, target, taken_up)


def _is_the_same(exchange: Exchange, call: Call, target: Target, taken_up: Sequence[int]) -> bool:
    """Whether the last message wants in so many words what was done last, for something else."""
    last = exchange.request.last_user
    said = [(each.start, each.end) for each in call.evidence.values() if each.message == last]
    return (
        last is not None
        and bool(said)
        and all(_answers_since(exchange, place) == 1 for place in taken_up)
        and sameness.wanted(exchange.request.messages[last].text, said, target)
    )


def _says_nothing_new(exchange: Exchange, call: Call) -> bool:
    """Whether all that the last message says of a call was said before, and answered.

    "Only VR204", after that was cancelled; "on the 14th", after 2027-02-14. "Again" wants it done twice.
    """
    last = exchange.request.last_user
    messages = exchange.request.messages
    said = {
        name: each.text
        for name, each in call.evidence.items()
        if each.message == last and each.text
    }
    if last is None or not said or _AGAIN.search(messages[last].text):
        return False
    before = [
        each.text for place, each in enumerate(messages[:last])
        if each.role == "user" and _answered_since(exchange, place)
    ]  # fmt: skip
    return all(
        any(says(text, words) or _says(text, call.arguments.get(name)) for text in before)
        for name, words in said.items()
    )


def _leaves_unanswered(exchange: Exchange, call: Call, target: Target) -> bool:
    """Whether what our question was about is taken from what was said before it: why did we ask, then?"""
    sentence = transcript.answered(exchange)
    last = exchange.request.last_user
    return isinstance(sentence, Asked) and any(
        sentence.asks_for(each)
        for each in target.parameters
        if each.name in call.evidence and call.evidence[each.name].message != last
    )


def _answered_since(exchange: Exchange, place: int) -> bool:
    return _answers_since(exchange, place) > 0


def _answers_since(exchange: Exchange, place: int) -> int:
    """How many messages behind this place answer, and are no questions of ours."""
    messages = exchange.request.messages
    return sum(
        messages[later].role == "assistant"
        and not isinstance(exchange.sentences.get(later), Asked | Proposed)
        for later in range(place + 1, len(messages))
    )


def _mentions(
    exchange: Exchange, call: Call, target: Target, arguments: Mapping[str, Any]
) -> Iterator[_Mention]:
    """Where the user says the values of a call."""
    messages = exchange.request.messages
    declared = {parameter.name: parameter for parameter in target.parameters}
    for name, value in arguments.items():
        evidence = call.evidence.get(name)
        if evidence is None:
            said = (n for n in reversed(range(len(messages))) if messages[n].role == "user")
            place = next((n for n in said if _says(messages[n].text, value)), None)
            if place is not None:
                yield _Mention(name, place, literal=True)
        elif name in declared and evidence.text and messages[evidence.message].role == "user":
            yield _Mention(
                name, evidence.message, _is_literal(declared[name], value, evidence.text)
            )


def _is_literal(parameter: Parameter, value: Any, text: str) -> bool:
    """Whether the words of a value are its own, as those of a choice need not be."""
    if parameter.type == "boolean":
        return False
    if not parameter.enum:
        return True
    said = text.casefold()
    return any(word[:STEM] in said for word in re.findall(r"\w{3,}", str(value).casefold()))

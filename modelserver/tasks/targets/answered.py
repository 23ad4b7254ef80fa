"""A last message that answers the gateway's question: what was asked about holds on.

"That'd be 2025-266" says a number and nothing else. Where the model reads it as no wish at all, or
has lost what was said before the question, the wish is read as it stood when it was asked about, and
the reply gives it what was lacking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.targets import looks, negated, remaining, told_apart, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import particles, spoken
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Call, Message, Occasion, Request

# As a question of the gateway's for values is shown to the models.
_ASKED: Final = re.compile(r"Which (?P<names>.+)\?")
# A reply of more words beside its value may be none.
_MOST_BESIDE: Final = 6
_MOST_WORDS: Final = 12
# Days and times may be said in words, after others that say nothing: "ok then on the 3rd of May".
_IN_WORDS: Final = frozenset({"date", "time"})
_DIGIT: Final = re.compile(r"\d")
_OPENS: Final = re.compile(
    rf"\W*(?:(?:ok(?:ay)?|so|well|{every(particles.AND)}|{every(particles.FURTHER)}"
    rf"|{every(particles.ARTICLE)}|{every(particles.PREPOSITION)})\W+)+",
    re.IGNORECASE,
)
# So many side questions may stand between the question and its answer.
_MOST_BETWEEN: Final = 3


def question(messages: Sequence[Message], between: int = 0) -> int | None:
    """The number of the gateway's question for values that the last message replies to.

    "How warm is it?" may be asked and answered `between`, so many times at most.
    """
    newest = types.newest(messages)
    if newest < 2 or newest != len(messages) - 1:
        return None
    for place in range(newest - 1, max(newest - 2 - 2 * between, 0), -2):
        if messages[place].role != "assistant" or messages[place - 1].role != "user":
            return None
        if messages[place].ours:
            return place if _ASKED.fullmatch(messages[place].content) else None
    return None


def put_off(request: Request) -> tuple[Request, Request] | None:
    """The request as it stood before our question, and as it stood after the first reply to that.

    Where the first reply was none, and the last message may be: "is it warm?", and then "lane 4".
    """
    place = question(request.messages, _MOST_BETWEEN)
    newest = types.newest(request.messages)
    if place is None or place == newest - 1 or not _may_answer(_told(request.messages[-1].content)):
        return None
    return (
        replace(request, messages=request.messages[:place]),
        replace(request, messages=request.messages[: place + 2]),
    )


def _told(text: str) -> str:
    """What a message tells, without the questions that it begins with."""
    told = text.rpartition("?")[2]
    return told if told.strip(" .!") else text


def earlier(request: Request, calls: Sequence[Call]) -> Request | None:
    """The request as it stood before that question, where the reply may have been read badly.

    That is, as no wish, or as one that lacks what was not asked for, be it "part-time" alone.
    """
    place = question(request.messages)
    if place is None or len(calls) > 1:
        return None
    if calls:
        (tool,) = (each for each in request.tools if each.name == calls[0].name)
        if {each.name for each in tool.parameters} - {*calls[0].arguments} <= {
            each.name for each in asked(tool, request.messages)
        }:
            return None
    elif not _may_answer(_told(request.messages[-1].content)):
        return None
    return replace(request, messages=request.messages[:place])


def _may_answer(text: str) -> bool:
    return len(text.split()) <= _MOST_WORDS and "?" not in text and not negated.denies(text)


def asked(tool: Tool, messages: Sequence[Message]) -> Iterator[Parameter]:
    """The parameters of a tool that the question was for."""
    place = question(messages, _MOST_BETWEEN)
    found = _ASKED.fullmatch(messages[place].content) if place is not None else None
    names = found["names"].split(", ") if found else []
    return (each for each in tool.parameters if humanized(each.name) in names)


def with_reply(
    call: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion
) -> Call | None:
    """The call with the values of the reply; None where that says none of those asked for."""
    newest = types.newest(messages)
    for parameter in asked(tool, messages):
        said = call.evidence.get(parameter.name)
        if options(parameter) or (said is not None and said.message == newest):
            continue
        reply = messages[newest], newest, occasion
        reading = (
            remaining.in_reply(parameter, *reply)
            or told_apart.in_reply(tool, parameter, *reply)
            or _whole(parameter, *reply)
        )
        taken = [each for name, each in call.evidence.items() if name != parameter.name]
        if reading and not any(map(reading.evidence.overlaps, taken)):
            call = replace(
                call,
                arguments={**call.arguments, parameter.name: reading.value},
                evidence={**call.evidence, parameter.name: reading.evidence},
                missing=tuple(name for name in call.missing if name != parameter.name),
                unusable=tuple(name for name in call.unusable if name != parameter.name),
            )
    answers = any(
        each.name in call.evidence and call.evidence[each.name].message == newest
        for each in asked(tool, messages)
    )
    return call if answers else None


def _whole(
    parameter: Parameter, message: Message, number: int, occasion: Occasion
) -> Reading | None:
    """A short reply as a day or a time in words, as a guess: "le 14 mars 2027"."""
    text = message.content[: looks.LONGEST]
    start = opens.end() if (opens := _OPENS.match(text)) else 0
    if parameter.format not in _IN_WORDS or len(text[start:].split()) > _MOST_BESIDE:
        return None
    value = spoken.read(parameter, *message.said(start, len(text)), occasion)
    if value is None or not _DIGIT.search(text):
        return None
    return Reading(value, Evidence(number, start, len(text), text[start:], wording.UNSAID))


def found_before(call: Call, tool: Tool, messages: Sequence[Message]) -> bool:
    """Whether a value that was asked for is read in what was said before the question.

    It was not found there then, so it is a guess now.
    """
    newest = types.newest(messages)
    if question(messages) is None:
        return False
    said = (call.evidence.get(each.name) for each in asked(tool, messages))
    return any(each is not None and each.message != newest for each in said)


def is_plain(text: str) -> bool:
    """Whether a reply is hardly more than its value, and denies nothing."""
    few = len(text.split()) <= _MOST_BESIDE
    return few and "?" not in text and not negated.denies(text) and not wording.is_follow_up(text)

"""A last message that goes on with the wish before it: "and the joint one?", "only direct ones".

By itself such a message says one value and no wish. So the wish before it is read as well, from
the conversation as it stood then: what is wanted now is that, with the new value, and what the new
message leaves unsaid of it holds on.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.targets import corrections, negated, wording
from modelserver.tasks.values import dates, particles, spoken
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.types import Call, Message, Occasion, Request

# Words of a follow-up that say no wish of their own.
_FILLING: Final = frozenset(
    re.findall(
        r"[^\W\d_]+",
        f"{every(particles.AND)} {every(particles.FURTHER)} {every(particles.ARTICLE)}"
        f" {every(particles.PREPOSITION)} {every(particles.TO)} from out ok okay so what how about is it"
        " that this one ones only just please instead again same other too well as now or if",
    )
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_DAY: Final = re.compile(r"(?:the )?(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)", re.IGNORECASE)
# So many words may be left beside the value: "and by going to night?".
_MOST_LEFT: Final = 1
_MOST_TURNS: Final = 6
# So many of the user's messages are looked through for the wish; between stand thanks and questions.
_MOST_BETWEEN: Final = 4
# Who says so of a code or a day wants the wish for that as well, whatever else they tell.
_MOST_TOLD: Final = 5
_LONGEST: Final = 2000
_DIGIT: Final = re.compile(r"\d")


def earlier(request: Request) -> list[Request]:
    """The requests as they stood at the user's messages before, where the last one goes on with a wish.

    The newest first: behind a wish there may be thanks, and a question about it.
    """
    messages = request.messages
    newest = types.newest(messages)
    text = messages[newest].content
    corrects = corrections.is_one(text)
    if newest == 0 or not (corrects or _goes_on(text)):
        return []
    if messages[newest - 1].ours and not corrects:
        return []
    before = [n for n in range(newest) if messages[n].role == "user" and not messages[n].ours]
    return [replace(request, messages=messages[: n + 1]) for n in reversed(before[-_MOST_BETWEEN:])]


def _goes_on(text: str) -> bool:
    return (
        wording.is_follow_up(text) or wording.is_way_back(text) or wording.is_restriction(text)
        or wording.is_same(text)
    )  # fmt: skip


def is_it(call: Call, before: Call, messages: Sequence[Message], tool: Tool) -> bool:
    """Whether a call that nothing else speaks for is the wish before with a new value.

    The message says that value, and hardly a word beside it.
    """
    newest = types.newest(messages)
    text = messages[newest].content
    said = {name: each for name, each in call.evidence.items() if each.message == newest}
    new = [name for name in said if call.arguments[name] != before.arguments.get(name)]
    if not new or call.missing or call.unusable or negated.denies(text):
        return False
    told = wording.is_same(text) and all(_DIGIT.search(said[name].text) for name in new)
    most = _MOST_TOLD if told and "?" not in text else _MOST_LEFT
    return _beside(call, messages, tool) <= most


def is_plain(call: Call, messages: Sequence[Message], tool: Tool) -> bool:
    """Whether the last message says hardly a word beside its values."""
    return _beside(call, messages, tool) <= _MOST_LEFT


def _beside(call: Call, messages: Sequence[Message], tool: Tool) -> int:
    """How many words the last message says that are neither its values nor small ones."""
    newest = types.newest(messages)
    said = {name: each for name, each in call.evidence.items() if each.message == newest}
    known = _FILLING | {
        word for each in tool.parameters if each.name in said for word in negated.kinds(each)
    }
    spans = [(each.start, each.end) for each in said.values()]
    return sum(1 for _ in _words_outside(messages[newest].content, spans, known))


def _words_outside(
    text: str, spans: Sequence[tuple[int, int]], known: frozenset[str]
) -> Iterator[str]:
    for match in _WORD.finditer(text):
        taken = any(start < match.end() and match.start() < end for start, end in spans)
        if not taken and match.group().casefold() not in known:
            yield match.group()


def with_unsaid(
    call: Call, before: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion, *,
    anew: bool = False,
) -> Call:  # fmt: skip
    """The call with what the wish before says of it and the last message leaves unsaid.

    Where nothing else speaks for the call (`anew`) the wish before was read better than it is now.
    """
    newest = types.newest(messages)

    same = wording.is_same(messages[newest].content)

    def keeps(name: str) -> bool:
        said = call.evidence.get(name)
        return not (anew or same) or (said is not None and said.message == newest)

    call = _in_its_month(call, before, tool, messages, occasion)
    names = [p.name for p in tool.parameters]
    held = {
        name: value for name, value in before.arguments.items()
        if name not in call.unusable and not (name in call.arguments and keeps(name))
    }  # fmt: skip
    arguments = {**call.arguments, **held}
    evidence = {
        **call.evidence,
        **{name: before.evidence[name] for name in held if name in before.evidence},
    }
    return replace(
        call,
        arguments={name: arguments[name] for name in names if name in arguments},
        evidence=evidence,
        missing=tuple(name for name in call.missing if name not in arguments),
    )


def _in_its_month(
    call: Call, before: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion
) -> Call:
    """The call with "the 15th" as a day of the month that was spoken of, or the next one back."""
    back = wording.is_way_back(messages[types.newest(messages)].content)

    def start(name: str) -> dt.date | None:
        was = _day(before.arguments.get(name))
        return was if was is None or back else was.replace(day=1)

    return _counted_from(start, call, tool, messages, occasion)


def in_the_month_spoken_of(
    call: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion
) -> Call:
    """The call with "the 8th" as a day of the month in which a day was spoken of before.

    "It is on April 5 now." "Make it the 8th." A month that is over is not meant; nor is, on the way
    back, a day before that of the way there.
    """
    newest, today = types.newest(messages), occasion.today
    back = wording.is_way_back(messages[newest].content)

    def start(_name: str) -> dt.date | None:
        said = spoken_of(messages[:newest], occasion)
        if today is None or said is None or said[1] < today:
            return None
        return said[1] if back else max(said[1].replace(day=1), today)

    return _counted_from(start, call, tool, messages, occasion)


def _counted_from(
    start: Callable[[str], dt.date | None], call: Call, tool: Tool, messages: Sequence[Message],
    occasion: Occasion,
) -> Call:  # fmt: skip
    """The call, where the last message says "the 15th" alone with the next such day from a start on."""
    newest = types.newest(messages)
    for parameter in tool.parameters:
        said = call.evidence.get(parameter.name)
        if said is None or said.message != newest or not _DAY.fullmatch(said.text):
            continue
        first = start(parameter.name)
        if first is None:
            continue
        anchored = replace(occasion, today=first)
        value = spoken.read(parameter, *messages[newest].said(said.start, said.end), anchored)
        if value is not None:
            call = replace(call, arguments={**call.arguments, parameter.name: value})
    return call


def spoken_of(messages: Sequence[Message], occasion: Occasion) -> tuple[int, dt.date] | None:
    """The day that was spoken of last, and in which message."""
    for number in range(len(messages) - 1, max(len(messages) - 1 - _MOST_TURNS, -1), -1):
        text = messages[number].content
        if len(text) <= _LONGEST and (found := dates.spoken_of(text, occasion)):
            return number, found
    return None


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None

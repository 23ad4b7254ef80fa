"""A value of a wish that a later message puts right: "make it 950", "it has to be 2027-04-29".

By itself such a message is hardly a wish, and the model takes its number for whatever needs one.
But it is plain what it does: it says one new value, and the words beside that say it is for another.
So the value takes the place of the one it fits, as a guess that is asked back: a day that of a day,
a number that of an amount. The number of an order or a card is never put right so, unless its kind
of thing is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks import types
from modelserver.tasks.targets import looks, negated, wording
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Call, Message, Occasion

_LONGEST: Final = 160
# In English, German, French, Spanish, Italian, Portuguese and Dutch; right before the new value.
_BEFORE: Final = re.compile(
    r"(?<!\w)(?:(?:make|bring|put|turn|set|change) (?:it|that|this|them)(?: (?:back|up|down))?"
    r"|(?:it|that|this) (?:has|ought) to be|(?:it|that) (?:should|must) be|should have been"
    r"|i mean(?:t)?|correction|better|rather|actually|back to"
    r"|mach(?:e|en sie)?(?: (?:es|das|daraus|lieber|doch))*|ich meinte?|(?:doch )?lieber|(?:es|das) (?:muss|soll)"
    r"|mett(?:ez|ons)(?:[- ]en)?|mets(?:-en)?|plut[oô]t|je voulais dire|il faut|ce (?:doit|devrait) [eê]tre"
    r"|que sean?|mejor|quise decir|quer[ií]a decir|tiene que ser|ponlo(?: en)?"
    r"|facciamo|meglio|piuttosto|anzi|volevo dire|deve essere"
    r"|melhor|quis dizer|queria dizer|tem de ser|tem que ser|faça"
    r"|maak (?:er|het|dat)|liever|ik bedoel(?:de)?|(?:het|dat) moet)"
    r"[\s,:]+(?:(?:be|to|at|for|on|auf|um|am|den|le|el|il|op|the|just|only|nur|a|an)[\s,:]+){0,2}$",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    r"[\s,]*(?:instead|rather|i meant|stattdessen|daraus|draus|plut[oô]t|en su lugar|mejor|invece|van maken)(?!\w)",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(
    r"(?<!\w)(?:numbers?|ids?|identifiers?|codes?) of(?: the| an?)? (?!copies)", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_NEXT: Final = re.compile(r"[ -]?(?P<word>[^\W\d_]+|%|°)")
_FAR: Final = 60
# What may follow a number that is no unit of another thing.
_FILLING: Final = frozenset(
    re.findall(
        r"\w+",
        "please then instead rather in on at for and sorry not no thanks bitte dann statt im"
        " stattdessen daraus draus svp merci plutôt por per grazie obrigado graag",
    )
)
Fit = tuple["Parameter", tuple[int, int], Any]


def is_one(text: str) -> bool:
    """Whether a message may put a value right, at a glance."""
    return next(_places(text), None) is not None


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where a text says a number, a code or a day with words beside it that put something right."""
    if len(text) > _LONGEST or "?" in text:
        return
    for match in re.finditer(r"(?<![\w.,:/-])[\w.,:/-]*\d[\w.,:/-]*", text):
        start, end = match.start(), match.start() + len(match.group().rstrip(".,:/-"))
        ahead = text[max(0, start - _FAR) : start]
        if _BEFORE.search(ahead) or _BEHIND.match(text, end):
            yield start, end


def put_right(
    wish: Call, tool: Tool, messages: Sequence[Message], number: int, occasion: Occasion
) -> Call | None:
    """The wish with the value that a later message says for another; None where it says none."""
    message = messages[number]
    found = [
        each
        for place in _places(message.content)
        for each in _fits(wish, tool, message, place, occasion)
    ]
    if len({span for _, span, _ in found}) != 1:
        return None
    best = found if len(found) == 1 else _named(found, message.content)
    if len(best) != 1:
        return None
    parameter, (start, end), value = best[0]
    said = Evidence(number, start, end, message.content[start:end], wording.UNSAID)
    return replace(
        wish,
        arguments={**wish.arguments, parameter.name: value},
        evidence={**wish.evidence, parameter.name: said},
    )


def _fits(
    wish: Call, tool: Tool, message: Message, place: tuple[int, int], occasion: Occasion
) -> Iterator[Fit]:
    """The parameters of a wish that a value there may be put right for."""
    text = message.content
    for parameter in tool.parameters:
        old = wish.arguments.get(parameter.name)
        if old is None or options(parameter) or parameter.type in {"array", "object", "boolean"}:
            continue
        if negated.is_refused(parameter, text, place[0]):
            continue
        looking = place in set(looks.spots(parameter, text))
        if not looking and not _may_count(parameter, text, place):
            continue
        value = spoken.read(parameter, *message.said(*place), occasion)
        if value is not None and value != old:
            yield parameter, place, value


def _may_count(parameter: Parameter, text: str, place: tuple[int, int]) -> bool:
    """Whether a number there may be an amount of this parameter's, which is no thing's own number."""
    if parameter.type not in {"integer", "number"} or not looks.NUMBER.fullmatch(text, *place):
        return False
    kinds = set(negated.kinds(parameter))
    if parameter.in_path or _NUMBERED.search(parameter.description):
        before = _WORD.findall(text[: place[0]].casefold())
        return bool(before) and before[-1] in kinds
    behind = _NEXT.match(text, place[1])
    return behind is None or behind["word"].casefold() in kinds | _FILLING


def _named(found: Sequence[Fit], text: str) -> list[Fit]:
    """Those of several that a word of the message names as it names no other."""
    said = set(_WORD.findall(text.casefold()))
    own = [set(humanized(parameter.name).split()) for parameter, _, _ in found]
    shared = set.intersection(*own)
    return [each for each, words in zip(found, own, strict=True) if (words - shared) & said]


def carried(call: Call, tool: Tool, messages: Sequence[Message], occasion: Occasion) -> Call:
    """The call with what was put right while we asked for something else.

    "500 copies" - "Which paper?" - "make that 50" - "Which paper?" - "recycled": 50 it is.
    """
    newest = types.newest(messages)
    for number in range(2, newest):
        message = messages[number]
        if message.role != "user" or message.ours or not messages[number - 1].ours:
            continue
        right = put_right(call, tool, messages, number, occasion)
        if right is None:
            continue
        (name,) = (
            each for each in right.evidence if right.evidence[each] is not call.evidence.get(each)
        )
        said = call.evidence.get(name)
        if said is not None and said.message < number:
            call = right
    return call

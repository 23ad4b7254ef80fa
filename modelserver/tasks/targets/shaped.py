"""Values that are known by their shape: "W3434" where `pattern: W[0-9]{4}` or "such as W1001" is declared.

The model finds most of them. Where it reads none in the words of this wish, and just one there has
the shape of a parameter, and of no other, that is its value, as several side by side are a list's;
and a list goes on with what has the shape of its items: "web-01 web-02 & web-05".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from modelserver.checked import matches
from modelserver.tasks import types
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import spoken, texts

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

# How sure it is that a word of the shape is the value.
_SURE: Final = 0.8
_LONGEST: Final = 2000
_MOST_CODES: Final = 40
_CODE: Final = re.compile(r"(?<![\w@/.-])[^\W_](?:[\w/-]|\.(?=\w))*(?![\w@/-])")
_EXAMPLE: Final = re.compile(r"(?P<letters>[A-Za-z]{1,6})(?P<joint>[-_/]?)(?P<digits>\d{1,10})")
_TOLD: Final = re.compile(
    r"\b(?P<letters>[A-Z]{1,4})(?P<joint>-?) ?(?:and|plus|followed by|with) "
    r"(?P<count>two|three|four|five|six|seven|eight|[2-8]) digits\b"
)
_COUNTS: Final = {
    word: str(number)
    for number, word in enumerate(["two", "three", "four", "five", "six", "seven", "eight"], 2)
}
_JOINT: Final = re.compile(
    r"\s*(?:[,;&+/]|(?:and|plus|or|und|et|y|e|en)(?!\w))?\s*(?:(?:and|plus|also|then)\s+)?(?:also\s+)?",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")


def known(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    occasion: Occasion,
) -> dict[str, list[Reading]]:  # fmt: skip
    """The readings, with the values that the words of this wish have in a parameter's shape."""
    kept = {name: list(many) for name, many in readings.items()}
    wish = [*types.turns_of_wish(messages)]
    shaped = [each for each in tool.parameters if _is_shaped(each)]
    for parameter in shaped:
        own = kept.setdefault(parameter.name, [])
        if any(each.evidence.message in wish for each in own):
            if parameter.type == "array":
                kept[parameter.name] = _gone_on(parameter, own, messages, occasion)
            continue
        codes = next(filter(None, (_codes(parameter, messages, turn) for turn in wish)), [])
        others = [each for each in shaped if each is not parameter]
        if _are_one(parameter, codes, messages) and not any(
            _fits(other, code.text) for other in others for code in codes
        ):
            own[:0] = _read(parameter, codes, messages, occasion)
    return kept


def _are_one(parameter: Parameter, codes: Sequence[Evidence], messages: Sequence[Message]) -> bool:
    """Whether the codes of a message are one value, or the items of one list."""
    if not codes:
        return False
    if parameter.type == "array":
        text = messages[codes[0].message].content
        return len(_run(codes, codes[0], codes[0], text)) == len(codes)
    return len({each.text for each in codes}) == 1


def _gone_on(
    parameter: Parameter, own: Sequence[Reading], messages: Sequence[Message], occasion: Occasion
) -> list[Reading]:
    """A list with what stands beside its items in their shape; what is in several, item by item."""
    found = list(own)
    for reading in own:
        said = reading.evidence
        codes = _codes(parameter, messages, said.message)
        inside = [each for each in codes if each.overlaps(said)]
        if not inside:
            continue
        text = messages[said.message].content
        run = _run(codes, inside[0], inside[-1], text)
        fresh = [each for each in run if not any(each.overlaps(other.evidence) for other in own)]
        if len(inside) > 1 and not isinstance(reading.value, list):
            found.remove(reading)
            fresh += inside
        found += _read(parameter, fresh, messages, occasion)
    return found


def _run(
    codes: Sequence[Evidence], first: Evidence, last: Evidence, text: str
) -> Sequence[Evidence]:
    """The codes from the first to the last, and those joined to them on either side."""
    begin, end = codes.index(first), codes.index(last)
    while begin and _JOINT.fullmatch(text, codes[begin - 1].end, codes[begin].start):
        begin -= 1
    while end + 1 < len(codes) and _JOINT.fullmatch(text, codes[end].end, codes[end + 1].start):
        end += 1
    return codes[begin : end + 1]


def _read(
    parameter: Parameter, codes: Sequence[Evidence], messages: Sequence[Message], occasion: Occasion
) -> list[Reading]:
    found = []
    for code in codes:
        said = messages[code.message].said(code.start, code.end)
        value = spoken.read(parameter, *said, occasion)
        if value is not None:
            found.append(Reading(value, code))
    return found


def _codes(parameter: Parameter, messages: Sequence[Message], number: int) -> list[Evidence]:
    """What a message has in the shape of a parameter."""
    text = messages[number].content
    if len(text) > _LONGEST:
        return []
    found = [each for each in _CODE.finditer(text) if _DIGIT.search(each.group())][:_MOST_CODES]
    return [
        Evidence(number, *each.span(), each.group(), _SURE)
        for each in found
        if _fits(parameter, each.group())
    ]


def _is_shaped(parameter: Parameter) -> bool:
    kind = parameter.items if parameter.type == "array" else parameter.type
    return (
        kind in {None, "string"}
        and not options(parameter)
        and not parameter.format
        and bool(parameter.pattern or _shapes(parameter.description))
    )


def _fits(parameter: Parameter, code: str) -> bool:
    if parameter.pattern and parameter.type != "array":
        return any(matches(parameter.pattern, each) for each in (code, *texts.respelt(code)))
    return any(re.fullmatch(shape, code, re.IGNORECASE) for shape in _shapes(parameter.description))


@cache
def _shapes(description: str) -> tuple[str, ...]:
    """Letters and digits as an example has them, or as the description counts them."""
    examples = filter(None, map(_EXAMPLE.fullmatch, texts.examples(description)))
    found = [
        f"{each['letters']}{each['joint']}\\d{{{max(1, len(each['digits']) - 1)},{len(each['digits']) + 1}}}"
        for each in examples
    ]
    found += [
        f"{each['letters']}{each['joint']}\\d{{{_COUNTS.get(each['count'], each['count'])}}}"
        for each in _TOLD.finditer(description)
    ]
    return tuple(found)

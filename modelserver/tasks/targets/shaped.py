"""Values that are known by their shape: "W3434" where `pattern: W[0-9]{4}` or "such as W1001" is declared.

The model finds most of them. Where it reads none in the words of this wish, and just one there has
the shape of a parameter, and of no other, that is its value, as several side by side are a list's;
and a list goes on with what has the shape of its items: "web-01 web-02 & web-05".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.targets import looks
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

# How sure it is that a word of the shape is the value.
_SURE: Final = 0.8
# Narrower than what `lists` takes for a joint: its Dutch "of" would make a list of "W1001 of W2002".
_JOINT: Final = re.compile(
    r"\s*(?:[,;&+/]|(?:and|plus|or|und|et|y|e|en)(?!\w))?\s*(?:(?:and|plus|also|then)\s+)?(?:also\s+)?",
    re.IGNORECASE,
)


def known(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    occasion: Occasion,
) -> dict[str, list[Reading]]:  # fmt: skip
    """The readings, with the values that the words of this wish have in a parameter's shape."""
    kept = {name: list(many) for name, many in readings.items()}
    wish = [*types.turns_of_wish(messages)]
    shaped = [each for each in tool.parameters if looks.is_shaped(each)]
    for parameter in shaped:
        own = kept.setdefault(parameter.name, [])
        if any(each.evidence.message in wish for each in own):
            if parameter.type == "array":
                kept[parameter.name] = _gone_on(parameter, own, messages, occasion)
            continue
        codes = next(filter(None, (_codes(parameter, messages, turn) for turn in wish)), [])
        others = [each for each in shaped if each is not parameter]
        wanted = (
            each for other in others for turn in wish for each in _codes(other, messages, turn)
        )
        if _are_one(parameter, codes, messages) and not any(
            each.overlaps(code) for each in wanted for code in codes
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
    return [
        Evidence(number, *spot, text[slice(*spot)], _SURE) for spot in looks.spots(parameter, text)
    ]

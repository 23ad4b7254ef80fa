"""A number whose unit says whose it is: "contract 15002 to 88 euros", "lift 4 by 30 cm".

Where one parameter alone asks for this unit or currency, and the last message says one such number
alone, the number is its value and no other parameter's. The model must have seen it there as well,
be it in a longer stretch: a unit tells whose a number is, not whether it is wanted. "100 x
150 mm" are the sides in the order of declaration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import looks, negated, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import codes, particles, spoken, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

# How sure it is that a number with this unit is the value.
_SURE: Final = 0.6
_LONGEST: Final = 2000
_NUMBER: Final = re.compile(
    r"(?<![\w.,:/-])(?P<sign>[$€£¥])?\s?(?P<number>\d+(?:[.,]\d+)*)(?![\w/]*\d)"
)
_AFTER: Final = re.compile(r"\s?(?P<word>[€$£¥]|[^\W\d_]+)")
_WORD: Final = re.compile(r"[^\W\d_]+")
_SIDES: Final = frozenset({"length", "width", "height", "depth"})
_STEM: Final = 4
# What parts of a message end with, each of which may name a number.
_PART_ENDS: Final = re.compile(
    rf"[,;/](?=\s)|[.!?](?=\s)|\n|(?<!\w)(?:{particles.every(particles.AND)}|but)(?!\w)",
    re.IGNORECASE,
)
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th)(?!\w)|\.? [A-Z]")
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)?")
_CROSSED: Final = re.compile(
    r"(?<![\w.,:/-])\d+(?:[.,]\d+)?(?:\s?(?:mm|cm|m))?(?:\s?(?:x|×|by)\s?\d+(?:[.,]\d+)?){1,2}(?:\s?(?P<unit>[^\W\d_]+))?(?!\w)",  # noqa: RUF001
    re.IGNORECASE,
)


def owned(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The readings, with the number of a unit where one parameter alone asks for that."""
    kept = {name: list(many) for name, many in readings.items()}
    text = messages[newest].content
    kept |= _sides(tool, kept, messages, newest, occasion)
    kept |= _by_turns(tool, kept, messages, newest, occasion)
    said = _measures(text)
    for measure, parameter in _asking(tool).items():
        spots = said.get(measure, [])
        if len(spots) != 1 or negated.is_refused(parameter, text, spots[0][0]):
            continue
        start, end = spots[0]
        number = Evidence(newest, start, end, text[start:end], _SURE)
        own = [each for each in kept.get(parameter.name, []) if each.evidence.overlaps(number)]
        value: Any = (
            spoken.read(parameter, *messages[newest].said(start, end), occasion) if own else None
        )
        if value is None:
            continue
        for other in tool.parameters:
            if not options(other) and other.name in kept:
                kept[other.name] = [
                    each for each in kept[other.name] if not each.evidence.overlaps(number)
                ]
        kept[parameter.name].insert(
            0, wording.sure_of(Reading(value, number), own[0].evidence.confidence)
        )
    return kept


def _sides(
    tool: Tool, readings: wording.Readings, messages: Sequence[Message], newest: int,
    occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The sides of "100 x 150 mm", where a tool asks for as many lengths, and nobody else's words."""
    text = messages[newest].content
    sides = [
        p for p in tool.parameters
        if p.type in {"integer", "number"} and not options(p)
        and {*humanized(p.name).split()} & _SIDES
    ]  # fmt: skip
    found = [*_CROSSED.finditer(text)] if len(sides) > 1 and len(text) <= _LONGEST else []
    if len(found) != 1:
        return {}
    spots = [m.span() for m in _DIGITS.finditer(text, *found[0].span())]
    said = [Evidence(newest, *spot, text[slice(*spot)], wording.SAID) for spot in spots]
    # Each is read with the unit behind the last.
    values = [
        spoken.read(p, f"{each.text} {found[0]['unit'] or ''}", 0, len(each.text), occasion)
        for p, each in zip(sides, said, strict=False)
    ]
    if len(spots) != len(sides) or None in values:
        return {}
    others = {
        name: [each for each in many if not any(map(each.evidence.overlaps, said))]
        for name, many in readings.items()
    }
    return others | {
        p.name: [Reading(value, each)] for p, value, each in zip(sides, values, said, strict=True)
    }


def _by_turns(
    tool: Tool, readings: wording.Readings, messages: Sequence[Message], newest: int,
    occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """Numbers that stand with a name each: "2.3 bar front and 3 bar rear", "front 2.3, rear 3".

    Of those only that the model read, be it for the other one of them.
    """
    text = messages[newest].content
    spots = _with_a_name(tool, text) if len(text) <= _LONGEST else {}
    said = {
        name: Evidence(newest, *spot, text[slice(*spot)], wording.SAID)
        for name, spot in spots.items()
    }
    every = [p for p in tool.parameters if p.name in said]
    read = [each.evidence for p in every for each in readings.get(p.name, [])[:1]]
    values = {p.name: _read(p, said[p.name], messages[newest], occasion) for p in every}
    if not read or None in values.values() or not all(
        any(each.overlaps(own) for own in said.values()) for each in read
    ):  # fmt: skip
        return {}
    others = {
        name: [each for each in many if not any(map(each.evidence.overlaps, said.values()))]
        for name, many in readings.items()
    }
    return others | {name: [Reading(values[name], said[name])] for name in said}


def _read(parameter: Parameter, said: Evidence, message: Message, occasion: Occasion) -> Any:
    if negated.is_refused(parameter, message.content, said.start):
        return None
    return spoken.read(parameter, *message.said(said.start, said.end), occasion)


def _with_a_name(tool: Tool, text: str) -> dict[str, tuple[int, int]]:
    """The only number of each part of a text that names one of several like numbers, by the parameter."""
    names = _own_words(tool)
    found: dict[str, tuple[int, int]] = {}
    ends = [(m.start(), m.end()) for m in _PART_ENDS.finditer(text)] if len(names) > 1 else []
    starts = [0, *(end for _, end in ends)]
    for start, end in zip(starts, [*(begin for begin, _ in ends), len(text)], strict=True):
        part = text[start:end]
        named = [name for name, words in names.items() if words.search(part)]
        numbers = [
            match.span()
            for match in looks.NUMBER.finditer(part)
            if not _ORDINAL.match(part, match.end())
        ]
        if named and (len(named) > 1 or len(numbers) != 1 or named[0] in found):
            return {}
        if named:
            found[named[0]] = (start + numbers[0][0], start + numbers[0][1])
    return found if len(found) > 1 else {}


def _own_words(tool: Tool) -> dict[str, re.Pattern[str]]:
    """The words that only one of the tool's numbers is called by, by its name."""
    numbers = [
        p for p in tool.parameters if p.type in {"integer", "number"} and not options(p)
    ]  # fmt: skip
    called = {p.name: [*humanized(p.name).split()] for p in tool.parameters}
    found = {}
    for parameter in numbers:
        others = {word for name, own in called.items() if name != parameter.name for word in own}
        words = [
            re.escape(word[: max(_STEM, len(word) - 3)])
            for word in called[parameter.name]
            if len(word) >= _STEM and word not in others and not units.said(word)
        ]
        if words:
            found[parameter.name] = re.compile(
                rf"(?<![\w-])(?:{'|'.join(words)})\w{{0,4}}(?![\w-])", re.IGNORECASE
            )
    return found


def _asking(tool: Tool) -> dict[str, Parameter]:
    """The parameters that alone ask for a measure, by that."""
    found: dict[str, list[Parameter]] = {}
    for parameter in tool.parameters:
        if parameter.type in {"integer", "number"} and not options(parameter):
            about = f"{humanized(parameter.name)}: {parameter.description}"
            if measure := _wanted(about):
                found.setdefault(measure, []).append(parameter)
    return {measure: many[0] for measure, many in found.items() if len(many) == 1}


def _wanted(about: str) -> str | None:
    """The dimension of the one unit, or the one currency, that a parameter asks for."""
    if unit := units.wanted(about):
        return unit[0]
    named = {_currency(word) for word in _WORD.findall(about)} - {None}
    return named.pop() if len(named) == 1 else None


def _measures(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where the numbers of a message stand that have a unit or a currency, by that."""
    found: dict[str, list[tuple[int, int]]] = {}
    if len(text) > _LONGEST:
        return found
    for match in _NUMBER.finditer(text):
        after = _AFTER.match(text, match.end())
        unit = units.said(text[match.end() :][:24])
        money = _currency(match["sign"] or (after["word"] if after else ""))
        if measure := money or (unit[0] if unit else None):
            found.setdefault(measure, []).append(match.span("number"))
    return found


def _currency(word: str) -> str | None:
    """The code of a currency that is said by its sign, its code or its name."""
    return codes.coded("currencies", word) if word else None

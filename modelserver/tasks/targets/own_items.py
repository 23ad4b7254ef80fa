"""The items of a list alone, where the model took in words beside them.

"20 hl pale ale with citra" names a style and one kind of hops: what is another parameter's value by
its own name is no item, nor are the unit of a number and the name of the list itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.schema import is_short_for
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import lists, particles, spoken, units
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Evidence, Message, Occasion

_COUNTED: Final = re.compile(r"\d\s?$")
_WORD: Final = re.compile(r"[\s,;:]*(?P<word>[^\W\d_]+)\b")
_LEADING: Final = re.compile(
    rf"(?:[\s,;:]|(?:{every(particles.AND)}|{every(particles.PREPOSITION)})(?=\s))*", re.IGNORECASE
)
_BACK: Final = 4


def alone(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    occasion: Occasion,
) -> dict[str, list[Reading]]:  # fmt: skip
    """The readings, those of lists without the words of others."""
    kept = {name: list(many) for name, many in readings.items()}
    for parameter in tool.parameters:
        if parameter.type == "array" and kept.get(parameter.name):
            others = list(_of_others(tool, parameter, kept))
            cut = (
                _cut(tool, parameter, each, others, messages=messages, occasion=occasion)
                for each in kept[parameter.name]
            )
            kept[parameter.name] = [each for each in cut if each]
    return kept


def _of_others(
    tool: Tool, parameter: Parameter, readings: Mapping[str, Sequence[Reading]]
) -> Sequence[Evidence]:
    """The words of numbers, and of choices that are said by their names."""
    return [
        reading.evidence
        for other in tool.parameters
        if other.name != parameter.name and other.type != "array"
        for reading in readings.get(other.name, [])[:1]
        if other.type in {"integer", "number"} or (options(other) and _is_by_name(reading))
    ]


def _is_by_name(reading: Reading) -> bool:
    return str(reading.value).replace("_", " ").casefold() == reading.evidence.text.casefold()


def _cut(
    tool: Tool, parameter: Parameter, reading: Reading, others: Sequence[Evidence], *,
    messages: Sequence[Message], occasion: Occasion,
) -> Reading | None:  # fmt: skip
    """The reading of what is left of its words; none where nothing is."""
    said = reading.evidence
    text = messages[said.message].content
    start, end = said.start, said.end
    while True:
        begun = _beginning(tool, parameter, text, start, end)
        for other in others:
            if other.message == said.message and other.start <= begun < other.end:
                begun = _past_joiners(text, other.end, end)
        if begun == start:
            break
        start = begun
    for other in others:
        if other.message == said.message and other.start < end <= other.end:
            end = len(text[: other.start].rstrip(" ,;:"))
    if (start, end) == (said.start, said.end):
        return reading
    if start >= end:
        return None
    start, end = lists.reach(text, start, end, lists.known_items(parameter.description))
    value: Any = spoken.read(parameter, *messages[said.message].said(start, end), occasion)
    evidence = replace(said, start=start, end=end, text=text[start:end])
    return None if value is None else Reading(value, evidence)


def _beginning(tool: Tool, parameter: Parameter, text: str, start: int, end: int) -> int:
    """Where the first item may begin, behind a unit or the name of the list."""
    word = _WORD.match(text, start, end)
    if word is None:
        return start
    said = word["word"].casefold()
    counted = _COUNTED.search(text[max(0, start - _BACK) : start])
    named = said in humanized(parameter.name).split() and word.end() < end
    if not named and not (counted and _is_unit(tool, said)):
        return start
    return _past_joiners(text, word.end(), end)


def _past_joiners(text: str, start: int, end: int) -> int:
    """Where words begin behind signs, "and" and "with"."""
    leading = _LEADING.match(text, start, end)
    return leading.end() if leading else start


def _is_unit(tool: Tool, said: str) -> bool:
    names = (
        word
        for each in tool.parameters
        if each.type in {"integer", "number"}
        for word in humanized(each.name).split()
    )
    return units.said(said) is not None or any(
        said == name or is_short_for(said, name) for name in names
    )

"""What several readings of one list are together: one list, each item once.

Items that one "and" or comma joins stand or fall together: the list is as sure as its surest item,
and what stands between two of them in the same row is an item, too. What an answer repeats of the
user's own words ("for ibuprofen and cetirizine: …") is no further item.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import negated
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import lists, particles, spoken
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.types import Message, Occasion

_JOINT: Final = (
    rf"(?:\s*[,;/&+|]\s*(?:(?:{every(particles.AND)})\s+)?|\s+(?:{every(particles.AND)})\s+)"
    rf"(?:(?:{every(particles.ARTICLE)}|my|our)\s+)?"
)
_ITEM: Final = r"[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*){0,2}"
_FURTHER: Final = re.compile(rf"(?:{every(particles.FURTHER)})\b", re.IGNORECASE)
_MOST_BETWEEN: Final = 60


def together(
    parameter: Parameter,
    readings: Sequence[Reading],
    messages: Sequence[Message],
    occasion: Occasion,
) -> list[Reading]:
    """The readings of a list, those of one row as one, and no item of two messages twice."""
    if parameter.type != "array" or len(readings) < 2:
        return list(readings)
    ordered = _apart(readings)
    rows: list[Reading] = []
    for place, reading in enumerate(ordered):
        text = messages[reading.evidence.message].content
        row = None
        if rows and (_goes_on(parameter, ordered[place:], text) or _ends(reading, text)):
            row = _row(parameter, rows[-1], reading, messages[reading.evidence.message], occasion)
        rows[len(rows) - (row is not None) :] = [row or reading]
    return _said_once(rows, messages)


def _apart(readings: Sequence[Reading]) -> list[Reading]:
    """The readings in the order in which they are said, of two of the same words the longer one."""
    found: list[Reading] = []
    for reading in sorted(readings, key=_place):
        if not found or not found[-1].evidence.overlaps(reading.evidence):
            found.append(reading)
    return found


def _ends(reading: Reading, text: str) -> bool:
    return lists.ends(text, reading.evidence.end)


def _goes_on(parameter: Parameter, rest: Sequence[Reading], text: str) -> bool:
    """Whether the first of these items is joined to the next one, and no other word to it."""
    if len(rest) < 2 or rest[0].evidence.message != rest[1].evidence.message:
        return False
    return are_joined(parameter, text[rest[0].evidence.end : rest[1].evidence.start])


def _place(reading: Reading) -> tuple[int, int, int]:
    """In the order in which they are said; of two that begin together the longer one first."""
    return reading.evidence.message, reading.evidence.start, -reading.evidence.end


def _row(
    parameter: Parameter, first: Reading, second: Reading, message: Message, occasion: Occasion
) -> Reading | None:
    """Two readings as one, where they stand in one row."""
    if first.evidence.message != second.evidence.message:
        return None
    text = message.content
    start, end = first.evidence.start, second.evidence.end
    between = text[first.evidence.end : second.evidence.start]
    if len(between) > _MOST_BETWEEN:
        return None
    sure = max(first.evidence.confidence, second.evidence.confidence)
    evidence = Evidence(first.evidence.message, start, end, text[start:end], sure)
    if are_joined(parameter, between):
        return Reading([*_items(first.value), *_items(second.value)], evidence)
    gap = re.fullmatch(rf"\s*,\s*(?:the )?(?P<item>{_ITEM}){_JOINT}", between, re.IGNORECASE)
    if gap and not _FURTHER.match(gap["item"]):
        at = first.evidence.end + gap.start("item"), first.evidence.end + gap.end("item")
        item: Any = spoken.read(parameter, *message.said(*at), occasion)
        if item is not None:
            items = [*_items(first.value), *_items(item), *_items(second.value)]
            return Reading(items, evidence)
    return None


def are_joined(parameter: Parameter, between: str) -> bool:
    """Whether what stands between two items joins them to one row: "and", "as well as room"."""
    kinds = "|".join(map(re.escape, negated.kinds(parameter)))
    joint = rf"{_JOINT}(?:(?:{kinds}) )?" if kinds else _JOINT
    return re.fullmatch(joint, between, re.IGNORECASE) is not None


def _said_once(rows: Sequence[Reading], messages: Sequence[Message]) -> list[Reading]:
    """The rows, of which what the user said counts first, without items of other messages."""
    kept: list[Reading] = []
    for row in sorted(rows, key=lambda each: messages[each.evidence.message].role != "user"):
        others = {
            _folded(item)
            for each in kept
            if each.evidence.message != row.evidence.message
            for item in _items(each.value)
        }
        new = [item for item in _items(row.value) if _folded(item) not in others]
        if new:
            kept.append(replace(row, value=new) if len(new) < len(_items(row.value)) else row)
    return kept


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _folded(item: Any) -> Any:
    return item.casefold() if isinstance(item, str) else item

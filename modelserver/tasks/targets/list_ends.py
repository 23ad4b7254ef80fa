"""Where a list ends, and where it begins: items that stand outside its row are none of it.

"Hold P1, and where is P2?" holds P1 alone; in "KU-310 and KU-311 for job 7702" the number is the
job's; "a coat by noon. Or there will be tears" has no tears. "A coat, a hat and a bag" has the coat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import lists, particles, spoken
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Evidence, Message, Occasion

_UNSURE: Final = 0.5
_SURE: Final = 0.6
_BACK: Final = 80
_MOST_ITEMS: Final = 10
_ASKS: Final = re.compile(
    rf"[.,;!?]\s*(?:(?:{every(particles.AND)}|{every(particles.BUT)})\s+)?"
    r"(?:where|what|how|wo|où|dónde|dove|onde|waar)\b(?!\s+about)[^.!?;]*$",
    re.IGNORECASE,
)
_FOR: Final = re.compile(
    r"(?:^|[\s,])(?:for|to|into|in|on|at|until|till|by|from|für|nach|bis|auf|im|am|zu[mr]?|pour|dans|para|hasta|per"
    r"|voor|naar|op|tot)\s+(?P<words>(?:[^\W\d_]+\.?\s+){0,3})(?:#\s?)?$",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[.!?]\s+(?P<rest>.*)$", re.DOTALL)
_ONLY_JOINED: Final = re.compile(
    rf"(?:(?:{every(particles.AND)}|{every(particles.ARTICLE)}|my|our)\s+)*", re.IGNORECASE
)
_FURTHER: Final = re.compile(
    rf"\b(?:{every(particles.FURTHER)}|too|as well|another)\b", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d+")
_SMALL: Final = {"the", "a", "an", "of", "its", "this", "for"}
_CODE: Final = re.compile(r"(?=[\w.-]*\d)[^\W\d_][\w.-]*")
_ONE: Final = r"(?:an?|the|my|our|his|her|their)"
_NO_ITEM: Final = rf"(?!(?:{every(particles.PREPOSITION)}|and|or|is|are|that|which)\b)"
_ITEM_BEFORE: Final = re.compile(
    rf"(?<![\w'-]){_ONE} (?P<item>{_NO_ITEM}[a-z][\w-]*(?: {_NO_ITEM}[a-z][\w-]*){{0,2}})\s?, ?(?:and )?(?P<one>{_ONE} )?$",
    re.IGNORECASE,
)
_OF_ANOTHER: Final = re.compile(
    r"\b(?P<word>for|to|from|with|at|of|by|on|in|into|near|under)\s+$", re.IGNORECASE
)
_BEGINS: Final = re.compile(rf"{_ONE}\s", re.IGNORECASE)


def known(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    occasion: Occasion,
) -> dict[str, list[Reading]]:  # fmt: skip
    """The readings, those of lists without what stands outside the row, which another may take."""
    kept = {name: list(many) for name, many in readings.items()}
    for parameter in tool.parameters:
        many = kept.get(parameter.name)
        if parameter.type != "array" or options(parameter) or not many:
            continue
        numeric = parameter.items in {"integer", "number"}
        row: list[Reading] = []
        for reading in sorted(many, key=_place):
            before = [e for e in row if e.evidence.message == reading.evidence.message]
            gap = _gap(before, reading, messages)
            if _ASKS.search(gap):
                continue
            if not numeric and _is_for_another(before, reading, gap):
                _give(tool, kept, reading.evidence, gap, (messages, occasion))
            elif not numeric and _is_an_aside(reading, gap):
                row = list(map(wording.unsure, row))
            else:
                row.append(reading)
        if len(row) < len(many):
            kept[parameter.name] = row
        if not numeric:
            kept[parameter.name] = _begun(tool, parameter, kept, (messages, occasion))
    return kept


def _place(reading: Reading) -> tuple[int, int]:
    return reading.evidence.message, reading.evidence.start


def _gap(before: Sequence[Reading], reading: Reading, messages: Sequence[Message]) -> str:
    """What is said between the items before and this one; nothing where it is the first."""
    end = max((each.evidence.end for each in before), default=reading.evidence.start)
    return messages[reading.evidence.message].content[end : reading.evidence.start]


def _is_for_another(before: Sequence[Reading], reading: Reading, gap: str) -> bool:
    """Whether a number behind a preposition follows codes that are all alike."""
    items = [item for each in before for item in _items(each.value)]
    return (
        bool(_NUMBER.fullmatch(str(reading.value)) and _FOR.search(gap) and items)
        and all(isinstance(item, str) and _CODE.fullmatch(item) for item in items)
        and len({lists.shape(item) for item in items}) == 1
    )


def _is_an_aside(reading: Reading, gap: str) -> bool:
    """Whether an unsure word stands somewhere in a sentence behind the list's, which adds nothing."""
    sentence = _SENTENCE.search(gap)
    if sentence is None or reading.evidence.confidence >= _UNSURE:
        return False
    if isinstance(reading.value, str) and _CODE.fullmatch(reading.value):
        return False
    return not _ONLY_JOINED.fullmatch(sentence["rest"]) and not _FURTHER.search(sentence["rest"])


def _give(
    tool: Tool, kept: dict[str, list[Reading]], said: Evidence, gap: str,
    told: tuple[Sequence[Message], Occasion],
) -> None:  # fmt: skip
    """The number goes to the one number that lacks a value; surely where the words before it name that."""
    messages, occasion = told
    empty = [e for e in tool.parameters if e.type in {"integer", "number"} and not kept.get(e.name)]
    if len(empty) != 1 or empty[0].enum:
        return
    (parameter,) = empty
    value = spoken.read(parameter, *messages[said.message].said(said.start, said.end), occasion)
    found = _FOR.search(gap)
    if value is None or found is None:
        return
    about = f"{humanized(parameter.name)} {parameter.description}".casefold()
    named = set(found["words"].casefold().split()) & set(re.findall(r"[^\W\d_]{3,}", about))
    sure = _SURE if named - _SMALL else wording.UNSAID
    kept[parameter.name] = [Reading(value, replace(said, confidence=sure))]


def _begun(
    tool: Tool, parameter: Parameter, kept: Mapping[str, Sequence[Reading]],
    told: tuple[Sequence[Message], Occasion],
) -> list[Reading]:  # fmt: skip
    """A list with the things in the same row before the first that was read."""
    messages, occasion = told
    many = list(kept[parameter.name])
    if sum(len(_items(each.value)) for each in many) < 2:
        return many
    others = [e.evidence for name, own in kept.items() if name != parameter.name for e in own]
    for _ in range(_MOST_ITEMS):
        first = min(many, key=_place)
        said = first.evidence
        message = messages[said.message]
        begun = max(0, said.start - _BACK)
        before = message.content[begun : said.start]
        found = _ITEM_BEFORE.search(before)
        if found is None or not (found["one"] or _BEGINS.match(said.text)):
            break
        start, end = begun + found.start("item"), begun + found.end("item")
        item: Any = spoken.read(parameter, *message.said(start, end), occasion)
        spot = replace(said, start=start, end=end, text=message.content[start:end])
        if message.role != "user" or item is None or any(map(spot.overlaps, others)):
            break
        if _is_another(tool, message.content[: begun + found.start()]):
            break
        many.insert(0, Reading(item, spot))
    return many


def _is_another(tool: Tool, before: str) -> bool:
    """Whether a preposition stands there, but that of the tool: "take in a coat"."""
    found = _OF_ANOTHER.search(before[-_BACK:])
    return found is not None and found["word"].casefold() not in humanized(tool.name).split()


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

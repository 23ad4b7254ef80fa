"""A message of values alone, without a word of what to do: "FV5 -> BT3, 15 hl".

It means the one tool that takes them all and needs no other; which that is, is a guess to be asked
back. Told by the look of the values: codes of a shape, days, times, numbers with their unit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets import clauses, looks
from modelserver.tasks.values import particles
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelserver.schema import Tool

_LONGEST: Final = 120
_LEAST: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]+")
_VALUE: Final = re.compile(r"(?<!\S)\S*\d\S*")
_LITTLE: Final = frozenset(
    re.findall(
        r"[^\W\d_]+",
        f"{every(particles.AND)} {every(particles.FROM)} {every(particles.TO)} {every(particles.PREPOSITION)}"
        f" {every(particles.ARTICLE)} n w thx pls plz ty",
    )
)


def meant(text: str, tools: Sequence[Tool]) -> Tool | None:
    """The tool that a message of values alone can only mean."""
    if len(text) > _LONGEST:
        return None
    values = [match.span() for match in _VALUE.finditer(text)]
    if len(values) < _LEAST:
        return None
    fitting = [tool for tool in tools if _takes(tool, text, values)]
    return fitting[0] if len(fitting) == 1 else None


def _takes(tool: Tool, text: str, values: Sequence[tuple[int, int]]) -> bool:
    """Whether each value is one of a parameter's, each that is required has one, and no word is left."""
    found = {p.name: list(looks.spots(p, text)) for p in tool.parameters}
    spots = {spot for many in found.values() for spot in many}
    takers = [name for name, many in found.items() if many]
    numbers = [p.name for p in tool.parameters if p.type in {"integer", "number"}]
    counted = [end for name in numbers for _, end in found[name]]
    units = {word for end in counted if (word := _unit(text, end))}
    words = {match.group().casefold() for match in _WORD.finditer(_without(text, spots))}
    return (
        all(found[p.name] for p in tool.parameters if p.required)
        and len(takers) == len(spots) == len(values)
        and all(any(a <= start and end <= b for a, b in values) for start, end in spots)
        and words <= _LITTLE | clauses.COURTESY | units
    )


def _unit(text: str, end: int) -> str | None:
    found = re.match(r"[ -]?([^\W\d_]+)", text[end:])
    return found[1].casefold() if found else None


def _without(text: str, spots: set[tuple[int, int]]) -> str:
    for start, end in spots:
        text = text[:start] + " " * (end - start) + text[end:]
    return text

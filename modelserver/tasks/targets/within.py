"""A number that the bounds of one parameter alone take: of "oven 3 to 190" 190 is no oven and no minutes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets import looks
from modelserver.tasks.targets.layout import options

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool

_MOST: Final = 12


def only(tool: Tool, text: str) -> dict[tuple[int, int], Parameter]:
    """Where the text has numbers that only one parameter takes, and which; none with another's unit."""
    numeric = [
        each for each in tool.parameters
        if each.type in {"integer", "number"} and not options(each)
    ]  # fmt: skip
    united = {spot for each in numeric for spot in looks.spots(each, text)}
    found = {}
    for span, number in _numbers(text):
        takers = [each for each in numeric if _takes(each, number)]
        if len(takers) == 1 and len(numeric) > 1 and span not in united:
            found[span] = takers[0]
    return found


def _numbers(text: str) -> Iterator[tuple[tuple[int, int], float]]:
    """The plain numbers of a text, none where there are many."""
    found = [*looks.NUMBER.finditer(text)] if len(text) <= looks.LONGEST else []
    for match in found if len(found) <= _MOST else ():
        if match.group().isdecimal():
            yield match.span(), float(match.group())


def _takes(parameter: Parameter, number: float) -> bool:
    least, most = parameter.minimum, parameter.maximum
    return (least is None or least <= number) and (most is None or number <= most)

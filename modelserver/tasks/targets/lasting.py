"""When something begins and when it ends, by the word before a time or a day.

"It should be done by 23:30, so let it begin at 21:45": whatever the model read, what stands behind
"done by" is no start. Only where a tool has one parameter for each of the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from modelserver.tasks.targets import wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

Bound = Literal["start", "end"]
_NAMES: Final[dict[Bound, frozenset[str]]] = {
    "start": frozenset({"start", "starts", "begin", "begins", "from", "since", "opening"}),
    "end": frozenset({"end", "ends", "stop", "stops", "finish", "until", "till", "to", "closing"}),
}
_BEFORE: Final[dict[Bound, re.Pattern[str]]] = {
    "start": re.compile(
        r"(?<!\w)(?:starts?|starting|started|begins?|beginning|begun|opens?|opening|comes? in|from|as of|as from)"
        r"(?: (?:it|them))?(?: (?:at|on|from|with))?\s*$", re.IGNORECASE,
    ),
    "end": re.compile(
        r"(?<!\w)(?:(?:ends?|ending|ended|stops?|stopping|finish(?:es|ing|ed)?|done|ready|over|through"
        r"|complete|turned off|switched off|closes?|closing|leaves?|gone|out(?: of(?: \w+){1,3})?)(?: (?:it|them))?(?: (?:at|on|by|before))?|until|till|no later than)\s*$",
        re.IGNORECASE,
    ),
}  # fmt: skip
_MOMENT: Final = re.compile(
    r"(?<![\w.:/-])\d(?:[\d:.-]*\d)?(?:\s?[ap]\.?m\.?)?(?![\w])", re.IGNORECASE
)
_BACK: Final = 40
_LONGEST: Final = 1000
_SURE: Final = 0.6


def bounded(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The readings, with the start and the end that the last message says by their words."""
    kept = {name: list(many) for name, many in readings.items()}
    text = messages[newest].content
    pair = _pair(tool)
    if pair is None or len(text) > _LONGEST:
        return kept
    places = {bound: _spots(text, bound) for bound in pair}
    # Where both are said by their words, nothing else around them says more.
    least = wording.NAMED_SURE if all(len(each) == 1 for each in places.values()) else _SURE
    for bound, parameter in pair.items():
        spots = places[bound]
        value: Any = (
            spoken.read(parameter, *messages[newest].said(*spots[0]), occasion)
            if len(spots) == 1
            else None
        )
        if value is None:
            continue
        start, end = spots[0]
        said = Evidence(newest, start, end, text[start:end], least)
        for other in pair.values():
            kept[other.name] = [
                each for each in kept.get(other.name, []) if not each.evidence.overlaps(said)
            ]
        same = [each for each in readings.get(parameter.name, ()) if each.evidence.overlaps(said)]
        sure = max((each.evidence.confidence for each in same), default=0.0)
        kept[parameter.name].insert(0, wording.sure_of(Reading(value, said), sure))
    return kept


def _pair(tool: Tool) -> dict[Bound, Parameter] | None:
    """The one parameter that says when it starts, and the one that says when it ends."""
    found: dict[Bound, list[Parameter]] = {"start": [], "end": []}
    for parameter in tool.parameters:
        if (parameter.format or "") in {"time", "date", "date-time"} and not options(parameter):
            words = {*humanized(parameter.name).split()}
            for bound, names in _NAMES.items():
                if words & names:
                    found[bound].append(parameter)
    if any(len(many) != 1 for many in found.values()):
        return None
    pair = {bound: many[0] for bound, many in found.items()}
    return pair if pair["start"].format == pair["end"].format else None


def _spots(text: str, bound: Bound) -> list[tuple[int, int]]:
    """Where moments stand behind words for the start, or the end."""
    return [
        match.span()
        for match in _MOMENT.finditer(text)
        if _BEFORE[bound].search(text, max(0, match.start() - _BACK), match.start())
    ]

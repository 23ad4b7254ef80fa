"""A follow-up that says one value anew: "what about 305?", "and if it weighs 12 kg?".

Where the last message goes on with an earlier wish and says a single number, code or day that no
parameter has taken, it takes the place of the one value of an earlier turn that it fits: by its
unit, by the words beside it, else by its look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from modelserver.tasks.targets import negated, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import lists, spoken, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

_FIT: Final[dict[str, float]] = {"well": 0.6, "by look": wording.UNSAID}
_VALUE: Final = re.compile(r"(?<![\w.,/:-])[\w.,/:#-]*\d[\w.,/:-]*")
_NUMBER: Final = re.compile(r"[#-]?\d+(?:[.,]\d+)*")
_WORD: Final = re.compile(r"[^\W\d_]+")
_FILLING: Final = frozenset(
    {
        "please",
        "instead",
        "then",
        "again",
        "now",
        "thanks",
        "though",
        "bitte",
        "dann",
        "por",
        "s'il",
    }
)


def renewed(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The readings, with the one new value in the place of the one it fits."""
    kept = {name: list(many) for name, many in readings.items()}
    text = messages[newest].content
    if not wording.is_follow_up(text):
        return kept
    spot = _only_value(text, kept, newest)
    carried = [
        p for p in tool.parameters
        if not options(p) and p.type not in {"array", "object"}
        and kept.get(p.name) and kept[p.name][0].evidence.message < newest
    ]  # fmt: skip
    if spot is None or not carried:
        return kept
    fits: dict[str, list[tuple[str, Reading]]] = {"well": [], "by look": []}
    for parameter in carried:
        value = spoken.read(parameter, *messages[newest].said(*spot), occasion)
        fit = _fit(parameter, value, kept[parameter.name][0].value, text, spot)
        if fit and not negated.is_refused(parameter, text, spot[0]):
            said = Evidence(newest, *spot, text[spot[0] : spot[1]], _FIT[fit])
            fits[fit].append((parameter.name, Reading(value, said)))
    best = fits["well"] or fits["by look"]
    if len(best) == 1:
        name, reading = best[0]
        kept[name] = [reading]
    return kept


def _only_value(
    text: str, readings: Mapping[str, Sequence[Reading]], newest: int
) -> tuple[int, int] | None:
    """Where the message says its only value, if no parameter has it."""
    found = [
        (match.start(), match.start() + len(match.group().rstrip(".,:/-")))
        for match in _VALUE.finditer(text)
    ]
    if len(found) != 1:
        return None
    start, end = found[0]
    taken = any(
        reading.evidence.message == newest
        and reading.evidence.start < end
        and start < reading.evidence.end
        for many in readings.values()
        for reading in many[:1]
    )
    return None if taken else found[0]


def _fit(
    parameter: Parameter, value: object, old: object, text: str, spot: tuple[int, int]
) -> Literal["well", "by look"] | None:
    """How well the value in a place is one for this parameter."""
    if value is None:
        return None
    kinds = set(_WORD.findall(f"{humanized(parameter.name)} {parameter.description}".casefold()))
    before = _WORD.findall(text[: spot[0]].casefold())
    after = _WORD.match(text[spot[1] :].casefold().lstrip(" -"))
    named = bool(before and before[-1] in kinds and len(before[-1]) > 3)
    if parameter.type in {"integer", "number"}:
        if not _NUMBER.fullmatch(text, *spot):
            return None
        unit = units.said(text[spot[1] :])
        wanted = units.wanted(f"{humanized(parameter.name)}: {parameter.description}")
        if unit and wanted:
            return "well" if unit[0] == wanted[0] else None
        if after and after.group() not in kinds | _FILLING:
            return None
        return "well" if named or (after and after.group() in kinds) else "by look"
    alike = parameter.format or lists.shape(str(value)) == lists.shape(str(old))
    return "by look" if alike and not named else "well" if alike else None

"""Choices that the words say themselves, where the model's scores are read.

A choice that the last message says by its own name is taken, also where the model saw none or the
one of an earlier turn; one that it says not to take is not. What names a parameter and is none of
its choices is told, to be asked about. Of two like parameters each gets its own (`paired`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets import mentions, paired, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message

# The model's own choice stands against what is named and no choice if it is as sure as this.
_SURE: Final = 0.8
# How far the words of a unit may reach behind a number.
_AHEAD: Final = 60
_NUMBER: Final = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)?(?!\d)")
_UNIT: Final = re.compile(r"[\s-]*[^\W\d_]+")
# Words that say a choice by chance more often than not.
_COMMON_WORDS: Final = """
no none yes all any both other on off in out up down open closed close new old now later first
last next high low left right start end stop normal standard default free full may can will work
home date time day week month year today tomorrow more less most least single double either same
only never always
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Chosen:
    """Readings of the choices by parameter, and what names one but is none of its choices."""

    readings: wording.Readings
    unusable: Mapping[str, Evidence] = field(default_factory=dict)


def settled(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], scores: paired.Scores,
    messages: Sequence[Message], newest: int, *, several: bool,
) -> Chosen:  # fmt: skip
    """The readings, with the choices that the words say."""
    kept: wording.Readings = {name: list(many) for name, many in readings.items()}
    unusable: dict[str, Evidence] = {}
    enums = [p for p in tool.parameters if p.enum and options(p)]
    single = [p for p in enums if p.type != "array"]
    pairs = _pairs(single)
    for alike in pairs:
        kept |= paired.settled(alike, kept, scores, messages, newest, several=several)
    of_pairs = {p.name for pair in pairs for p in pair}
    for parameter in enums:
        if parameter.name in of_pairs:
            continue
        rivals = [p for p in enums if p.name != parameter.name and {*p.enum} & {*parameter.enum}]
        taken = _words_of_others(tool, parameter, kept, newest)
        own = _settled(parameter, kept.get(parameter.name, []), messages, newest, taken,
                       alone=not rivals)  # fmt: skip
        if isinstance(own, Evidence):
            kept[parameter.name], unusable[parameter.name] = [], own
        else:
            kept[parameter.name] = own
    return Chosen(kept, unusable)


def _pairs(parameters: Sequence[Parameter]) -> list[tuple[Parameter, Parameter]]:
    """Two parameters with the same choices, of which one is a source and one a target."""
    alike: dict[frozenset[str], list[Parameter]] = {}
    for parameter in parameters:
        alike.setdefault(frozenset(map(str, parameter.enum)), []).append(parameter)
    return [pair for many in alike.values() for pair in wording.pairs(many)]


def _words_of_others(
    tool: Tool, parameter: Parameter, readings: wording.Readings, newest: int
) -> list[Evidence]:
    """The words of the last message that are values of parameters without choices."""
    return [
        reading.evidence
        for other in tool.parameters
        if other.name != parameter.name and not options(other)
        for reading in readings.get(other.name, [])[:1]
        if reading.evidence.message == newest
    ]


def _settled(
    parameter: Parameter, given: list[Reading], messages: Sequence[Message], newest: int,
    taken: Sequence[Evidence], *, alone: bool,
) -> list[Reading] | Evidence:  # fmt: skip
    """The readings of one parameter; the words alone where they name it and are no choice."""
    text = messages[newest].content
    places = mentions.named(parameter, text, newest)
    said = {str(each.value): each for each in places if not each.refused}
    refused = {str(each.value) for each in places} - {*said}
    given = [
        mentions.placed(parameter, reading, messages, newest)
        for reading in given
        if str(reading.value) not in refused
    ]
    if parameter.type == "array":
        return given or _slips(parameter, text, newest, taken)
    if said:
        if given and str(given[0].value) in said:
            return given
        free = [each for each in said.values() if mentions.is_free(each.evidence, taken)]
        if len(said) == len(free) == 1 and alone and _may_be_taken(parameter, free[0], given, text):
            return [Reading(free[0].value, free[0].evidence)]
        return given
    slips = _slips(parameter, text, newest, taken)
    if slips:
        same = given and given[0].value == slips[0].value
        return given if same else slips
    sure = bool(given) and given[0].evidence.confidence >= _SURE
    if not sure and not refused and (other := _another(parameter, text, newest)):
        return other
    return given


def _may_be_taken(
    parameter: Parameter, said: mentions.Mention, given: Sequence[Reading], text: str
) -> bool:
    """Whether the words are the choice: the model saw none, or the one of an earlier turn."""
    carried = bool(given) and given[0].evidence.message != said.evidence.message
    if given and not carried:
        return False
    name = str(said.value).casefold()
    if re.search(r"[^\W\d_]", name):
        return name not in _COMMON
    return carried and _has_its_unit(parameter, text, said.evidence.end)


def _has_its_unit(parameter: Parameter, text: str, end: int) -> bool:
    """Whether the unit that the parameter asks for stands behind a number."""
    wanted = units.wanted(f"{humanized(parameter.name)}: {parameter.description}")
    return wanted is not None and units.said(text[end : end + _AHEAD]) == wanted


def _slips(
    parameter: Parameter, text: str, number: int, taken: Sequence[Evidence]
) -> list[Reading]:
    """The one choice that a word of the message may be a misspelling of.

    A longer form of its name (`vouchers`) is no misspelling: there the model knows why.
    """
    found = {str(each.value): each for each in mentions.misspelt(parameter, text, number)}
    free = [each for each in found.values() if mentions.is_free(each.evidence, taken)]
    return [Reading(each.value, each.evidence) for each in free] if len(free) == 1 else []


# What stands beside the name of an enum and is no choice of it.
_UNKNOWN: Final = (
    r"\b{name}\s*[:=]\s*(?P<said>[^\W\d_]{{3,}})",
    r"\b{name} (?:by|as) (?:an? |the )?(?P<said>[^\W\d_]{{3,}})",
    r"(?:^|[,;(])\s*(?:the )?{name} (?P<said>[^\W\d_]{{3,}})(?=\s*(?:[.,;!?)]|$))",
    r"\b(?:with|on|by|in|an?) (?:an? )?(?P<said>[^\W\d_]{{3,}}) {name}\b",
    r"\b(?P<said>[^\W\d_]{{3,}}) as (?:the|a|my|its) {name}\b",
)
# Words there that say nothing of which choice it is.
_VAGUE_WORDS: Final = """
the this that these those same usual old new other another different normal right wrong best
better cheapest cheap good any some each every which what whatever certain specific given
current next last first please thanks thank now today tomorrow soon again too also instead well
for from with and but not you your his her our their its own full whole main extra only just
later one none use set change has was are will can may does did it
"""
_VAGUE: Final = frozenset(_VAGUE_WORDS.split())


def _another(parameter: Parameter, text: str, number: int) -> Evidence | None:
    """What the last message names the parameter with, where it is none of its choices."""
    if len(text) > mentions.LONGEST:
        return None
    if all(isinstance(each, int | float) for each in parameter.enum):
        return _another_number(parameter, text, number)
    words = humanized(parameter.name).split()
    name = r"[\s_-]+".join(map(re.escape, words))
    begun = {word[:4] for each in parameter.enum for word in _letters(str(each))}
    about = {*_letters(f"{parameter.name} {parameter.description}")}
    for form in _UNKNOWN:
        for match in re.finditer(form.format(name=name), text, re.IGNORECASE):
            said = match["said"].casefold()
            if said in _VAGUE or said in about or said[:4] in begun:
                continue
            return Evidence(number, *match.span("said"), match["said"], mentions.LIKELY)
    return None


def _another_number(parameter: Parameter, text: str, number: int) -> Evidence | None:
    """A number with the parameter's unit that is none of its choices."""
    for match in _NUMBER.finditer(text):
        unit = _UNIT.match(text, match.end())
        if unit and _has_its_unit(parameter, text, match.end()):
            words = text[match.start() : unit.end()]
            return Evidence(number, match.start(), unit.end(), words, mentions.LIKELY)
    return None


def _letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())

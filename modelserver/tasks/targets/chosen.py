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
from modelserver.tasks.values import repeats, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message

# The model's own choice stands against what is named and no choice if it is as sure as this.
_SURE: Final = 0.9
# Below it a choice is less likely than not; a second one of this share is nearly as likely.
_EVEN: Final = 0.5
_STEM: Final = 4
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
        if not isinstance(own, Evidence) and _is_a_guess(
            own, scores.get(parameter.name, ()), newest
        ):
            own = own[0].evidence
        if isinstance(own, Evidence):
            kept[parameter.name], unusable[parameter.name] = [], own
        else:
            kept[parameter.name] = own
    return Chosen(_without_others_words(tool, kept, newest), unusable)


def _without_others_words(tool: Tool, kept: wording.Readings, newest: int) -> wording.Readings:
    """The readings, without a yes or no for words that are another choice's and do not name it.

    "Send it by courier" says how, and nothing of a `generic`.
    """
    chosen = [
        kept[p.name][0].evidence for p in tool.parameters
        if p.enum and p.type != "boolean"
        and kept.get(p.name) and kept[p.name][0].evidence.message == newest
    ]  # fmt: skip
    return kept | {
        p.name: [
            each for each in kept.get(p.name, [])
            if _names_it(p, each.evidence.text) or not any(map(each.evidence.overlaps, chosen))
        ]
        for p in tool.parameters if p.type == "boolean"
    }  # fmt: skip


def _names_it(parameter: Parameter, text: str) -> bool:
    about = f"{humanized(parameter.name)} {parameter.description}"
    stems = {word[:_STEM] for word in _letters(about) if len(word) >= _STEM}
    return any(word[:_STEM] in stems for word in _letters(text))


def _pairs(parameters: Sequence[Parameter]) -> list[tuple[Parameter, Parameter]]:
    """Two parameters with the same choices, of which one is a source and one a target."""
    alike: dict[frozenset[str], list[Parameter]] = {}
    for parameter in parameters:
        alike.setdefault(frozenset(map(str, parameter.enum)), []).append(parameter)
    return [pair for many in alike.values() for pair in wording.pairs(many)]


def _words_of_others(
    tool: Tool, parameter: Parameter, readings: wording.Readings, newest: int
) -> list[Evidence]:
    """The words of the last message that are values of parameters without choices.

    A number's words are no choice's, unless that is a number, too.
    """
    numeric = all(isinstance(each, int | float) for each in parameter.enum)
    return [
        reading.evidence
        for other in tool.parameters
        if other.name != parameter.name
        and not options(other)
        and (numeric or other.type not in {"integer", "number"})
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
    if often := _often(parameter, text, newest):
        return often
    slips = _slips(parameter, text, newest, taken)
    if slips:
        same = given and given[0].value == slips[0].value
        return given if same else slips
    sure = bool(given) and given[0].evidence.confidence >= _SURE
    if not sure and not refused and (other := _another(parameter, text, newest)):
        return other
    if given and not sure and _is_no_name(parameter, given[0], messages, newest):
        return given[0].evidence
    return given


def _is_no_name(
    parameter: Parameter, given: Reading, messages: Sequence[Message], newest: int
) -> bool:
    """Whether a required choice is one that no word says, of which the model is not sure: diesel for jet.

    Who was asked which it is, or speaks another language, may say it in words of their own.
    """
    said = given.evidence
    return (
        parameter.required
        and said.message == newest
        and bool(said.text.strip())
        and not mentions.is_a_form(given)
        and messages[newest].origin is None
        and not (newest and messages[newest - 1].ours)
    )


def _is_a_guess(given: Sequence[Reading], scores: Sequence[Reading], newest: int) -> bool:
    """Whether the last message says what may be one choice as well as another, and is none by name.

    "A karate class", where boxing and zumba are taught: the words are no value, and to be asked for.
    """
    if not given or given[0].evidence.message != newest or not given[0].evidence.text.strip():
        return False
    sure = given[0].evidence.confidence
    rivals = (each for each in scores if each.value != given[0].value)
    second = max((each.evidence.confidence for each in rivals), default=0.0)
    return sure < _EVEN and second >= sure * _EVEN and not mentions.is_a_form(given[0])


def _often(parameter: Parameter, text: str, number: int) -> list[Reading] | Evidence | None:
    """The choice that says how often; the words alone where that is none of the choices."""
    periods = {period: each for each in parameter.enum if (period := repeats.period(str(each)))}
    said = repeats.said(text) if len(periods) > 1 and len(text) <= mentions.LONGEST else None
    if said is None:
        return None
    period, start, end = said
    evidence = Evidence(number, start, end, text[start:end], mentions.LIKELY)
    return [Reading(periods[period], evidence)] if period in periods else evidence


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

"""What the words around a value say of whose it is, where the model's scores are read.

Some things are plain whoever says them. `port: 8080` names its parameter, a word that is nearly a
choice means it, and "instead" leaves out what was said before. And of two like parameters of which
one is where something comes from and the other where it goes, the words before the values (from,
nach, →) say which is which: the two are exchanged if they stand the wrong way round, and no more
than a guess when the words say nothing. Looked at is what the model is shown of a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options, stretches
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import choices, languages, spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

Side = Literal["source", "target"]
Readings = dict[str, list[Reading]]

# What a parameter is called that something comes from, or goes to.
_SIDES: Final[dict[Side, frozenset[str]]] = {
    "source": frozenset(
        {
            "from", "source", "src", "origin", "departure", "debit", "sender", "payer", "old",
            "start", "base", "current", "von", "quelle", "desde", "origen", "origine", "partenza",
            "origem", "van",
        }
    ),
    "target": frozenset(
        {
            "to", "target", "destination", "dest", "arrival", "credit", "recipient", "receiver",
            "payee", "new", "end", "into", "nach", "ziel", "hasta", "destino", "destinazione",
            "arrivo", "naar",
        }
    ),
}  # fmt: skip
# Names of what changes: words before their values often say the reverse.
_CHANGES: Final = frozenset({"old", "new", "start", "end", "current"})
_STAY: Final = frozenset({"arrival", "departure"})
# The words that stand before a value, by language. `de` is no "from" in Dutch, nor `a` in English.
_BEFORE: Final[dict[str, dict[Side, str]]] = {
    "en": {"source": "from(?! now)|out of", "target": "to|into|onto|towards"},
    "de": {"source": "von|vom|ab|aus", "target": "nach|auf|zu|zum|zur|ins|an"},
    "fr": {"source": "de|du|d'|depuis", "target": "à|au|aux|vers|jusqu'à|pour"},
    "es": {"source": "de|del|desde", "target": "a|al|hasta|hacia|para"},
    "it": {"source": "da|dal|dalla|dall'", "target": "a|ad|al|alla|all'|verso|fino a|per"},
    "pt": {"source": "de|do|da|desde", "target": "para|ao|à|até|pra"},
    "nl": {"source": "van|vanaf|vanuit|uit", "target": "naar|tot"},
}
_ARROW: Final = re.compile(r"(?:->|→|=>|⇒|➔)\s*$")
# What may stand between such a word and the value: an article, and what kind of thing it is.
_BETWEEN: Final = r"(?:\s*(?!(?:and|und|et|e|y|en)\b)[^\W\d_]+[.:#]?){0,2}\s*[\"'“„#:]?\s*$"
_LONG_WORD: Final = re.compile(r"[^\W\d_]{6,}")
_NEARLY: Final = 0.6
# Which is which of two like values, where no word says so: the model's guess, to be asked back.
_UNSAID: Final = 0.3
# The value goes to where the next one, or the next sentence, begins; it ends in no space, so that
# a run of spaces is looked at once.
_NAMED: Final = (
    r"(?<![\w-]){name}\s*[=:]\s*(?P<value>\S(?:.*?\S)??)[.!?)]?"
    r"(?=\s*(?:[;\n&]|,\s|[.!?]\s|$|\s[\w-]+\s*[=:]))"
)
# `port 8080` names its parameter as well, and so does the colon after a host.
_NUMBERED: Final = r"(?<![\w-]){name}\s+(?P<value>[^\s,;]*\d[^\s,;]*?)(?=[.!?)]?(?:[\s,;]|$))"
_PORT: Final = r"(?:(?<!\d):(?=\d\d)|:(?=\d{{3}}))(?P<value>\d{{2,5}})(?![\d:.])"
_LITTLE: Final = frozenset({"from", "to", "at", "in", "on", "by", "for", "a", "de", "von", "no"})
_INSTEAD: Final = re.compile(
    r"\b(?:instead|rather|stattdessen|lieber|plutôt|à la place|en su lugar|en vez|mejor|invece"
    r"|piuttosto|em vez|antes|in plaats|liever)\b", re.IGNORECASE,
)  # fmt: skip


def by_name(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """The readings, with what `name = value` says where the last message says it."""
    told = _told(tool, messages[newest].content, newest, occasion)
    kept: Readings = {}
    for parameter in tool.parameters:
        own = told.get(parameter.name)
        # The model may know better where a value begins and ends: `city=Pune, India`, `door 14`.
        given = readings.get(parameter.name, ())
        if own and (same := [each for each in given if _overlap(each, own)]):
            own = Reading(same[0].value, replace(same[0].evidence, confidence=1.0))
        others = [reading for name, reading in told.items() if name != parameter.name]
        kept[parameter.name] = [own] if own else [
            reading
            for reading in readings.get(parameter.name, ())
            if options(parameter) or not any(_overlap(reading, other) for other in others)
        ]  # fmt: skip
    return kept


def misspelt(parameter: Parameter, text: str, number: int) -> Reading | None:
    """The one choice that a word of a message may be a misspelling of.

    For a choice that the model found not said. A longer form of its name (`vouchers`) is no
    misspelling: there the model knows why.
    """
    found: dict[str, Reading] = {}
    right = [(choices.plain(str(choice)), choice) for choice in parameter.enum]
    for match in _matches(_LONG_WORD, text):
        said = choices.plain(match.group())
        for plain, choice in right:
            if choices.is_misspelt(plain, said):
                evidence = Evidence(number, match.start(), match.end(), match.group(), _NEARLY)
                found[str(choice)] = Reading(choice, evidence)
    return next(iter(found.values())) if len(found) == 1 else None


def _told(tool: Tool, text: str, number: int, occasion: Occasion) -> dict[str, Reading]:
    """What `name = value` says, by parameter."""
    found: dict[str, Reading] = {}
    for parameter in tool.parameters:
        if parameter.type in {"array", "object"} or options(parameter):
            continue
        matches = _places(parameter, text)
        if len(matches) != 1:
            continue
        start, end = matches[0].span("value")
        value: Any = spoken.read(parameter, text, start, end, occasion)
        if value is not None:
            evidence = Evidence(number, start, end, text[start:end], 1.0)
            found[parameter.name] = Reading(value, evidence)
    return found


def _places(parameter: Parameter, text: str) -> list[re.Match[str]]:
    """Where the text says a value by the parameter's name."""
    words = humanized(parameter.name).split()
    name = r"[\s_-]*".join(map(re.escape, words))
    forms = [_NAMED]
    if len(words) == 1 and not _LITTLE & {*words}:
        forms.append(_NUMBERED)
    if words[-1:] == ["port"]:
        forms.append(_PORT)
    for form in forms:
        if found := _matches(re.compile(form.format(name=name), re.IGNORECASE), text):
            return found
    return []


def _matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for place in stretches(text) for match in pattern.finditer(text, *place)]


def instead(
    readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message], newest: int
) -> Readings:
    """The readings, without what was said before where the last message says what to take instead."""
    if not _matches(_INSTEAD, messages[newest].content):
        return {name: list(many) for name, many in readings.items()}
    kept: Readings = {}
    for name, many in readings.items():
        new = [reading for reading in many if reading.evidence.message == newest]
        kept[name] = new or list(many)
    return kept


def directed(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """The readings, each pair of from and to the way round that the words before them say."""
    turned = {name: list(many) for name, many in readings.items()}
    for source, target in pairs(tool.parameters):
        first, second = turned.get(source.name), turned.get(target.name)
        if not first or not second:
            continue
        both = (first[0].evidence, second[0].evidence)
        if _are_days_of_a_stay(source, target, *both):
            continue
        # What was said a turn ago may be meant the other way round now.
        if any(each.message != newest for each in both):
            continue
        text = messages[newest].content
        if _side(both[0], text) is _side(both[1], text):
            for name in (source.name, target.name):
                turned[name] = [_unsure(turned[name][0]), *turned[name][1:]]
        if not _is_crossed(*both, text, plain=_are_plain(source, target)):
            continue
        for_source = _again(source, second[0], messages, occasion)
        for_target = _again(target, first[0], messages, occasion)
        if for_source and for_target:
            turned[source.name] = [for_source, *first[1:]]
            turned[target.name] = [for_target, *second[1:]]
    return turned


def pairs(parameters: Sequence[Parameter]) -> list[tuple[Parameter, Parameter]]:
    """Like parameters, one of a source and one of a target: `from_city` and `to_city`."""
    sides: dict[Side, dict[tuple[str, frozenset[str]], list[Parameter]]] = {
        "source": {}, "target": {},
    }  # fmt: skip
    for parameter in parameters:
        words = frozenset(humanized(parameter.name).split())
        for side, names in _SIDES.items():
            if words & names and parameter.type != "array" and not options(parameter):
                key = (parameter.type, words - names)
                sides[side].setdefault(key, []).append(parameter)
    alike = [
        (sides["source"][key][0], sides["target"][key][0])
        for key in sides["source"]
        if len(sides["source"][key]) == len(sides["target"].get(key, ())) == 1
    ]
    lone = [p for side in sides.values() for many in side.values() for p in many]
    if not alike and len(lone) == 2 and lone[0].type == lone[1].type and sides["source"]:
        return [(lone[0], lone[1])] if sides["target"] else []
    return alike


def _are_plain(source: Parameter, target: Parameter) -> bool:
    """Whether the two are where something comes from and goes to, whatever is said of them.

    "It was at 800, make it 300" has a "to" before the old one.
    """
    words = {*humanized(source.name).split(), *humanized(target.name).split()}
    return not words & _CHANGES


def _are_days_of_a_stay(
    source: Parameter, target: Parameter, first: Evidence, second: Evidence
) -> bool:
    """A journey goes from its departure to its arrival, but a stay from arrival on."""
    stays = {*humanized(source.name).split(), *humanized(target.name).split()} >= _STAY
    days = all((each.format or "").startswith("date") for each in (source, target))
    return stays and (days or bool(re.search(r"\d", first.text) and re.search(r"\d", second.text)))


def _is_crossed(source: Evidence, target: Evidence, text: str, *, plain: bool) -> bool:
    """Whether what was read for the source is said to be the target, and the reverse.

    Of plain ones it is enough that one of the two is said.
    """
    said = _side(source, text), _side(target, text)
    return said == ("target", "source") or (plain and said in {("target", None), (None, "source")})


def _side(evidence: Evidence, text: str) -> Side | None:
    """The side that the words before a value speak for."""
    before = text[max(0, evidence.start - 40) : evidence.start]
    if _ARROW.search(before):
        return "target"
    language = languages.guessed(text) or "en"
    found = [
        (match.start(), side)
        for side in _BEFORE[language]
        if (match := _last_before(language, side).search(before))
    ]
    return max(found)[1] if found else None


@cache
def _last_before(language: str, side: Side) -> re.Pattern[str]:
    words = _BEFORE[language][side]
    return re.compile(
        rf"(?<!\w)(?:{words})(?:(?<=')|\s)(?!.*(?<!\w)(?:{words})\s){_BETWEEN}", re.IGNORECASE
    )


def _again(
    parameter: Parameter, reading: Reading, messages: Sequence[Message], occasion: Occasion
) -> Reading | None:
    """The same words, read for another parameter."""
    said = reading.evidence
    text = messages[said.message].content
    value = spoken.read(parameter, text, said.start, said.end, occasion)
    return None if value is None else Reading(value, said)


def _unsure(reading: Reading) -> Reading:
    sure = min(reading.evidence.confidence, _UNSAID)
    return replace(reading, evidence=replace(reading.evidence, confidence=sure))


def _overlap(one: Reading, other: Reading) -> bool:
    a, b = one.evidence, other.evidence
    return a.message == b.message and a.start < b.end and b.start < a.end

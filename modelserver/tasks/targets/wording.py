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
from typing import TYPE_CHECKING, Any, Final

from modelserver.schema import called_too
from modelserver.tasks.targets import absent, roles
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options, stretches
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import languages, particles, spoken, units
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

Side = roles.Side
Readings = dict[str, list[Reading]]
OTHER: Final[dict[Side, Side]] = {"source": "target", "target": "source"}

# What a parameter is called that something comes from, or goes to.
_SIDES: Final[dict[Side, frozenset[str]]] = {
    "source": frozenset(
        {
            "from", "source", "src", "origin", "departure", "debit", "sender", "payer", "old",
            "start", "base", "current", "sell", "sold", "giver", "von", "quelle", "desde", "origen", "origine", "partenza",
            "origem", "van",
        }
    ),
    "target": frozenset(
        {
            "to", "target", "destination", "dest", "arrival", "credit", "recipient", "receiver",
            "payee", "new", "end", "into", "buy", "bought", "nach", "ziel", "hasta", "destino", "destinazione",
            "arrivo", "naar",
        }
    ),
}  # fmt: skip
# Names of what changes: words before their values often say the reverse.
_CHANGES: Final = frozenset({"old", "new", "start", "end", "current"})
_STAY: Final = frozenset({"arrival", "departure"})
# The words that stand before a value. `de` is no "from" in Dutch, nor `a` a "to" in English.
_BEFORE: Final[dict[Side, particles.ByLanguage]] = {
    "source": particles.FROM,
    "target": particles.TO,
}
_ARROW: Final = re.compile(r"(?:->|→|=>|⇒|➔)\s*$")
# Who has a thing now is whom it comes from, also where it "belongs to" them.
SO_FAR: Final = re.compile(rf"\b(?:{every(particles.SO_FAR)})\b[^.,;:!?]*$", re.IGNORECASE)
# What may stand between such a word and the value: an article, and what kind of thing it is.
_BETWEEN: Final = (
    r"(?:\s*(?!(?:and|und|et|e|y|en)\b)(?:[^\W\d_]{1,3}\.|[^\W\d_]+[:#]?)){0,2}\s*[\"'“„#:]?\s*$"
)
# Which is which of two like values, where no word says so: the model's guess, to be asked back.
UNSAID: Final = 0.3
NAMED_SURE: Final = 1.0
# Which is which of two like values, where words say so of both.
SAID: Final = 0.8
# The value goes to where the next one, or the next sentence, begins; it ends in no space, so that
# a run of spaces is looked at once.
_NAMED: Final = (
    r"(?<![\w-]){name}\s*[=:]\s*(?P<value>\S(?:.*?\S)??)[.!?)]?"
    r"(?=\s*(?:[;\n&]|,\s|[.!?]\s|$|\s[\w-]+\s*[=:]))"
)
# `port 8080` names its parameter as well, and so does the colon after a host.
_NUMBERED: Final = r"(?<![\w-]){name}\s+(?P<value>[^\s,;]*\d[^\s,;]*?)(?=[.!?)]?(?:[\s,;]|$))"
# "2 adults and 1 child", where a whole number counts what its parameter names.
_COUNTED: Final = r"(?<![\w.,:/-])(?P<value>\d{{1,4}})\s{name}\w{{0,4}}(?![\w-])"
# "A reading of 9120 on meter M1", but not "the price of 3 tickets".
_OF: Final = (
    r"(?<![\w-]){name}\s+of\s+(?P<value>[^\s,;]*\d[^\s,;]*?)"
    r"(?=[.!?)]?(?:[,;]|$|\s+(?:on|for|at|in|and|from|by|with|to)\b))"
)
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_DIGIT: Final = re.compile(r"\d")
# "Destination Oslo, origin Hamburg": two values at least that stand behind their names.
_TITLED: Final = (
    r"(?:^|(?<=[,;.:?!\n]\s))(?i:(?:the )?{name})\s+(?P<value>[^\W\d_a-zß-ÿ][\w'-]*"
    r"(?:\s[^\W\d_a-zß-ÿ][\w'-]*){{0,3}})(?=\s*(?:[,;.!?]|$))"
)
_COUNTABLE: Final = 4
_COUNT_BEFORE: Final = re.compile(r"(?:^|[\s(])\d+ $")
_COUNT_LENGTH: Final = 12
_PORT: Final = r"(?:(?<!\d):(?=\d\d)|:(?=\d{{3}}))(?P<value>\d{{2,5}})(?![\d:.])"
# A length without its name: "60 cm long, 40 wide".
_MEASURES: Final = {
    "length": "long|in length|lang|de long|de largo|lungo|lunga|de comprimento",
    "width": "wide|broad|in width|breit|de large|de ancho|de largura|breed",
    "height": "high|tall|in height|hoch|de haut|de alto|de altura|hoog",
    "depth": "deep|in depth|tief|de profondeur|de profundidad|diep",
    "thickness": "thick|dick|dik",
}  # fmt: skip
_MEASURED: Final = (
    r"(?<![\w.,-])(?P<value>\d+(?:[.,]\d+)?(?:\s?[^\W\d_]{{1,12}})?)\s(?:{name})(?![\w-])"
)
# Words of bounds: "a maximum of 600" is the highest.
_BOUNDS: Final = (
    frozenset({"lowest", "minimum", "min", "smallest", "least", "lower"}),
    frozenset({"highest", "maximum", "max", "largest", "most", "upper"}),
)
_BOUNDED: Final = (
    r"(?:at least|(?:no|not|never) (?:less|fewer|lower) than)\s+(?P<value>\d[\d.,]*\d|\d)",
    r"(?:at most|(?:no|not|never) (?:more|higher) than)\s+(?P<value>\d[\d.,]*\d|\d)",
)
_LITTLE: Final = frozenset({"from", "to", "at", "in", "on", "by", "for", "a", "de", "von", "no"})
_INSTEAD: Final = re.compile(rf"\b(?:{every(particles.INSTEAD)})\b", re.IGNORECASE)
# "Sorry, I meant C3 and D4": what was said before was a mistake.
_MEANT: Final = re.compile(
    r"\b(?:i meant|i mean|make that|correction|scratch that|ich meinte|ich meine|je voulais dire|quise decir"
    r"|quería decir|volevo dire|quis dizer|queria dizer|ik bedoelde|ik bedoel)\b",
    re.IGNORECASE,
)
_ONLY: Final = re.compile(
    r"\b(?:only|just|nur|seulement|uniquement|s[oó]lo|solamente|soltanto|solamente|apenas|só|alleen)\s+"
    r"(?:[^\W\d_]+\s+){0,3}$", re.IGNORECASE,
)  # fmt: skip
_FOLLOWS_UP: Final = re.compile(
    r"\s*(?:(?:and|or|now|then|ok(?:ay)?|so|but|und|et|y|e|en)\b[\s,]*)*(?:what|how) about\b"
    r"|\s*(?:(?:now|then|ok(?:ay)?|so|yes|thanks|great)\b[\s,]*)*"
    r"(?:and|und|et|y|e|en|or|same|now the same|the same|was ist mit|et pour)\b",
    re.IGNORECASE,
)
_SAME: Final = re.compile(rf"(?<!\w)(?:{every(particles.SAME)})(?!\w)", re.IGNORECASE)
_RESTRICTS: Final = re.compile(
    r"\s*(?:(?:and|now|then|ok(?:ay)?|please|but)\b[\s,]*)*(?:only|just)\b(?! (?:a|one) (?:moment|second|minute))"
    r"|\s*(?:[^\W\d_]+ ){1,4}only\W*(?:please\W*)?$",
    re.IGNORECASE,
)
_BACK_ENDS: Final = (
    r"(?=\s*(?:$|[?.!,]|(?:on|at|in|for|next|tomorrow|please|am|um|bitte|le|el|il|op)\b))"
)
_BACK: Final = re.compile(
    rf"\s*(?:(?:and|now|then|ok(?:ay)?|so|please|und|dann|jetzt|et|puis|y|luego|e|poi|depois|en|dan)"
    rf"\b[\s,]*)*(?:(?:what|how) about\s+|for\s+|was ist mit\s+|für\s+|pour\s+)?"
    rf"(?:(?:the\s+)?way back|back(?: again)?{_BACK_ENDS}|(?:the\s+)?return (?:trip|journey|way|crossing|flight|leg)"
    rf"|the return|(?:the\s+)?other way (?:a?round)|(?:the\s+)?reverse|vice versa|zurück{_BACK_ENDS}"
    rf"|(?:den|die) rück(?:weg|fahrt|reise|flug)|le retour|la vuelta|il ritorno|a volta|terug{_BACK_ENDS}"
    rf"|de terugweg)\b", re.IGNORECASE,
)  # fmt: skip
# "Please move S12 back", "move her back again".
_PUT_BACK: Final = re.compile(
    r"(?<!\w)(?:move|put|bring|send|take|switch|transfer|change|swap|turn) (?:[^.,;:!?]{1,40}? back again"
    r"|[^.,;:!?]{0,40}?\d\w* back)\s*(?:[.!]|(?:please|pls)\b|$)", re.IGNORECASE,
)  # fmt: skip
_SHORT: Final = 120


def is_follow_up(text: str) -> bool:
    """Whether a message goes on with the last wish: "and into Greek?", "what about Friday?"."""
    return len(text) <= _SHORT and bool(_FOLLOWS_UP.match(text))


def is_same(text: str) -> bool:
    """Whether a message wants for another thing what was wanted for one: "oven 6 the same"."""
    return len(text) <= _SHORT and bool(_SAME.search(text))


def is_restriction(text: str) -> bool:
    """Whether a message asks for less of the last wish: "only the direct ones"."""
    return len(text) <= _SHORT and bool(_RESTRICTS.match(text))


def is_way_back(text: str) -> bool:
    """Whether a message asks for the last wish the other way round: "and back on the 3rd?"."""
    return len(text) <= _SHORT and bool(_BACK.match(text) or _PUT_BACK.search(text))


def by_name(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """The readings, with what `name = value` says where the last message says it."""
    told = _told(tool, messages[newest], newest, occasion)
    kept: Readings = {}
    for parameter in tool.parameters:
        own = told.get(parameter.name)
        # The model may know better where a value begins and ends: `city=Pune, India`, `door 14`.
        given = readings.get(parameter.name, ())
        same = [each for each in given if own and _is_told(own.evidence, each.evidence, parameter)]
        if same:
            own = Reading(same[0].value, replace(same[0].evidence, confidence=NAMED_SURE))
        others = [reading for name, reading in told.items() if name != parameter.name]
        kept[parameter.name] = [own] if own else [
            reading
            for reading in readings.get(parameter.name, ())
            if options(parameter) or not any(
                reading.evidence.overlaps(other.evidence) for other in others
            )
        ]  # fmt: skip
    return kept


def _told(tool: Tool, message: Message, number: int, occasion: Occasion) -> dict[str, Reading]:
    """What `name = value` says, by parameter."""
    found: dict[str, Reading] = {}
    titled = _titled(tool, message.content)
    for parameter in tool.parameters:
        if parameter.type in {"array", "object"} or options(parameter):
            continue
        matches = _places(tool, parameter, message.content) or titled.get(parameter.name, [])
        if len(matches) != 1:
            continue
        start, end = matches[0].span("value")
        value: Any = spoken.read(parameter, *message.said(start, end), occasion)
        if value is not None:
            evidence = Evidence(number, start, end, message.content[start:end], NAMED_SURE)
            found[parameter.name] = Reading(value, evidence)
    return found


def _is_told(told: Evidence, read: Evidence, parameter: Parameter) -> bool:
    """Whether what was read is what is told by name, be it shorter, longer, or with the name.

    Of "2 tickets for concert 702" the whole is no concert.
    """
    ahead = read.text[: max(0, told.start - read.start)]
    return (
        told.overlaps(read)
        and {*_LETTERS.findall(ahead.casefold())} <= {*humanized(parameter.name).split()}
        and not _DIGIT.search(ahead)
    )


def _places(tool: Tool, parameter: Parameter, text: str) -> list[re.Match[str]]:
    """Where the text says a value by the parameter's name."""
    words = humanized(parameter.name).split()
    name = _spelt(words)
    forms = [_NAMED.format(name=name)]
    if len(words) == 1 and not _LITTLE & {*words}:
        forms += (_NUMBERED.format(name=name), _OF.format(name=name))
        if _counts(tool, parameter) and len(words[0]) >= _COUNTABLE:
            stems = (words[0][: max(4, len(words[0]) - 3)], *called_too(words[0]))
            forms.append(_COUNTED.format(name=f"(?:{'|'.join(map(re.escape, stems))})"))
    for bound, words_of_it in zip(_BOUNDS, _BOUNDED, strict=True):
        if len(words) == 1 and _is_alone_in(tool, parameter, bound):
            name = "|".join(sorted(bound))
            forms += (
                _OF.format(name=f"(?:{name})"),
                _NUMBERED.format(name=f"(?:{name})"),
                words_of_it,
            )
    if words[-1:] == ["port"]:
        forms.append(_PORT.format())
    if len(words) > 1 and units.said(words[-1]) and _is_alone(tool, words[:-1]):
        forms.append(_NAMED.format(name=_spelt(words[:-1])))
    if words[0] in _MEASURES and _is_alone(tool, words[:1]):
        forms.append(_MEASURED.format(name=_MEASURES[words[0]]))
    for form in forms:
        found = _matches(re.compile(form, re.IGNORECASE), text)
        if found := [each for each in found if not _is_count(text, each.start())]:
            return found
    return []


def _is_count(text: str, place: int) -> bool:
    """Whether the name there is what a number before it counts: "20 copies"."""
    return _COUNT_BEFORE.search(text[max(0, place - _COUNT_LENGTH) : place]) is not None


def _titled(tool: Tool, text: str) -> dict[str, list[re.Match[str]]]:
    """Where names stand before what they name, by parameter: none where only one does."""
    found = {
        parameter.name: matches
        for parameter in tool.parameters
        if parameter.type == "string" and not options(parameter)
        and (matches := _matches(_title(parameter.name), text))
    }  # fmt: skip
    return found if len(found) > 1 else {}


@cache
def _title(name: str) -> re.Pattern[str]:
    return re.compile(_TITLED.format(name=_spelt(humanized(name).split())))


def _counts(tool: Tool, parameter: Parameter) -> bool:
    """Whether a whole number may be one of several: else the model has no choice to make."""
    many = [each for each in tool.parameters if each.type == "integer"]
    return parameter in many and len(many) > 1


def _matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for place in stretches(text) for match in pattern.finditer(text, *place)]


def _spelt(words: Sequence[str]) -> str:
    return r"[\s_-]*".join(map(re.escape, words))


def _is_alone(tool: Tool, words: Sequence[str]) -> bool:
    """Whether one parameter alone has a name that begins so."""
    names = (humanized(each.name).split() for each in tool.parameters)
    return sum(name[: len(words)] == [*words] for name in names) == 1


def _is_alone_in(tool: Tool, parameter: Parameter, bound: frozenset[str]) -> bool:
    """Whether a number of this tool is a lowest or highest one, and no other is."""
    named = [
        each for each in tool.parameters
        if each.type in {"integer", "number"} and bound & {*humanized(each.name).split()}
    ]  # fmt: skip
    return named == [parameter]


def instead(
    readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message], newest: int
) -> Readings:
    """The readings, without what was said before where the last message says what to take instead.

    "Only for web-5" says so of what stands behind it.
    """
    text = messages[newest].content
    anew = bool(_matches(_INSTEAD, text) or _matches(_MEANT, messages[newest].said(0, 0)[0]))
    kept: Readings = {}
    for name, many in readings.items():
        new = [reading for reading in many if reading.evidence.message == newest]
        alone = anew or any(
            _ONLY.search(text[max(0, each.evidence.start - 40) : each.evidence.start])
            for each in new
        )
        kept[name] = new if new and alone else list(many)
    return kept


def in_own_words(
    readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message]
) -> Readings:
    """The readings, without what an answer says of a value that the user said as well.

    "Tokyo, country Japan" in an answer is the user's Tokyo.
    """
    kept: Readings = {}
    for name, many in readings.items():
        own = [
            each.evidence.text.casefold() for each in many
            if messages[each.evidence.message].role == "user" and each.evidence.text
        ]  # fmt: skip
        kept[name] = [
            each for each in many
            if messages[each.evidence.message].role == "user"
            or not any(said in each.evidence.text.casefold() for said in own)
        ]  # fmt: skip
    return kept


def directed(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """The readings, each pair of from and to the way round that the words before them say."""
    turned = {name: list(many) for name, many in readings.items()}
    for source, target in pairs([p for p in tool.parameters if not options(p)]):
        sides: tuple[tuple[Side, Parameter], ...] = (("source", source), ("target", target))
        for side, parameter in sides:
            turned[parameter.name] = _newest_first(
                side, turned.get(parameter.name, []), messages, newest
            )
        turned |= _from_others(
            tool, sides, turned, messages=messages, newest=newest, occasion=occasion
        )
        first, second = turned[source.name], turned[target.name]
        if not first or not second:
            turned |= _on_its_side(sides, turned, messages, newest, occasion)
            turned |= _absent((source, target), turned, messages, newest, occasion)
            continue
        both = (first[0].evidence, second[0].evidence)
        if all(map(_is_named, both)):
            continue
        if _are_days_of_a_stay(source, target, *both):
            turned |= _in_order(tool, (source, target), turned)
            continue
        if both[0].message != both[1].message:
            turned |= _carried((source, target), turned, messages, newest, occasion)
            continue
        message = messages[both[0].message]
        back = both[0].message != newest and is_way_back(messages[newest].content)
        plain = are_plain(source, target)
        role = None if back else role_of_first(*both, message, plain=plain)
        if role:
            ways = (first[0], second[0]) if role.side == "source" else (second[0], first[0])
            if read := _both_again((source, target), ways, messages, occasion):
                for name, each in read.items():
                    turned[name] = [sure_of(each, SAID) if role.sure else unsure(each)]
                continue
        if back or side_of(both[0], message) is side_of(both[1], message):
            for name in (source.name, target.name):
                turned[name] = [unsure(turned[name][0]), *turned[name][1:]]
        elif None not in {side_of(each, message) for each in both}:
            for name in (source.name, target.name):
                turned[name] = [sure_of(turned[name][0], SAID), *turned[name][1:]]
        if _is_crossed(*both, message, plain=plain) is not back:
            ways = (turned[target.name][0], turned[source.name][0])
            for name, each in _both_again((source, target), ways, messages, occasion).items():
                turned[name] = [each, *turned[name][1:]]
    return turned


def _on_its_side(
    sides: tuple[tuple[Side, Parameter], ...], readings: Readings, messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """The one value of the two that is said, where the word before it is for the other one.

    "Dilute it to 5" says what it gets, be it a guess of the model's which of the two that is.
    """
    for (side, parameter), (_, other) in (sides, sides[::-1]):
        own = readings[parameter.name][:1]
        if not own or own[0].evidence.message != newest or readings[other.name]:
            continue
        if side_of(own[0].evidence, messages[newest]) == OTHER[side]:
            meant = _again(other, own[0], messages, occasion)
            if meant is not None:
                return {parameter.name: [], other.name: [meant]}
    return {}


def _absent(
    pair: tuple[Parameter, Parameter], readings: Readings, messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """Whom a message says to be away, as the one who is replaced, be it by a guess.

    "Lena can't come on Monday, so give her shift to Marco": who "her" is was said before.
    """
    source, target = pair
    spot = absent.spot(messages[newest].content)
    if source.type != "string" or source.pattern or source.format or spot is None:
        return {}
    start, end = spot
    said = Evidence(newest, start, end, messages[newest].content[start:end], UNSAID)
    if readings[source.name] or any(said.overlaps(each.evidence) for each in readings[target.name]):
        return {}
    value: Any = spoken.read(source, *messages[newest].said(start, end), occasion)
    return {} if value is None else {source.name: [Reading(value, said)]}


def _from_others(
    tool: Tool, sides: tuple[tuple[Side, Parameter], ...], readings: Readings, *,
    messages: Sequence[Message], newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """What a third parameter has and "from" or "to" gives to one of the two, in exchange.

    Of "register Kira from Ben to Sue" the animal is not Sue, whom the words before her name.
    """
    message = messages[newest]
    for side, parameter in sides:
        own = readings[parameter.name][:1]
        if not own or own[0].evidence.message != newest or side_of(own[0].evidence, message):
            continue
        thirds = [
            each for each in tool.parameters
            if each not in [own_one for _, own_one in sides] and not options(each)
            and (each.type, each.format, each.pattern)
            == (parameter.type, parameter.format, parameter.pattern)
            and not {*humanized(each.name).split()} & _SIDES[side]
            and readings.get(each.name)
            and readings[each.name][0].evidence.message == newest
            and side_of(readings[each.name][0].evidence, message) == side
        ]  # fmt: skip
        if len(thirds) == 1:
            third = readings[thirds[0].name][0]
            mine = _again(parameter, third, messages, occasion)
            its = _again(thirds[0], own[0], messages, occasion)
            if mine and its:
                return {
                    parameter.name: [sure_of(mine, SAID)],
                    thirds[0].name: [sure_of(its, own[0].evidence.confidence)],
                }
    return {}


def _in_order(tool: Tool, pair: tuple[Parameter, Parameter], readings: Readings) -> Readings:
    """The two days of a stay: the parameter that is declared first has the earlier one."""
    first, last = (p for p in tool.parameters if p in pair)
    days = [readings[first.name][0], readings[last.name][0]]
    if not all((each.format or "").startswith("date") for each in pair):
        return {}
    days.sort(key=lambda each: str(each.value))
    return {first.name: [sure_of(days[0], SAID)], last.name: [sure_of(days[1], SAID)]}


def _newest_first(
    side: Side, readings: Sequence[Reading], messages: Sequence[Message], newest: int
) -> list[Reading]:
    """The readings, first what the last message says for this side: "no, from Oban to Tiree"."""
    said = [
        each for each in readings
        if each.evidence.message == newest
        and side_of(each.evidence, messages[newest]) == side
    ]  # fmt: skip
    return [*said, *(each for each in readings if each not in said)]


def _carried(
    pair: tuple[Parameter, Parameter], readings: Readings, messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> Readings:  # fmt: skip
    """What the side of an earlier turn was there: no source becomes a target by itself.

    "Copy it from db-1 to db-2", "now the same from db-7": the target is db-2 again.
    """
    sides: tuple[Side, Side] = ("source", "target")
    for side, parameter in zip(sides, pair, strict=True):
        own = readings[parameter.name][0]
        message = messages[own.evidence.message]
        if own.evidence.message == newest or side_of(own.evidence, message) != OTHER[side]:
            continue
        there = [
            reading
            for each in (parameter, *pair)
            for reading in readings[each.name]
            if reading.evidence.message == own.evidence.message
            and side_of(reading.evidence, message) == side
        ]
        meant = _again(parameter, there[0], messages, occasion) if there else None
        return {parameter.name: [unsure(meant or own)]}
    return {}


def pairs(parameters: Sequence[Parameter]) -> list[tuple[Parameter, Parameter]]:
    """Like parameters, one of a source and one of a target: `from_city` and `to_city`."""
    sides: dict[Side, dict[tuple[str, frozenset[str]], list[Parameter]]] = {
        "source": {}, "target": {},
    }  # fmt: skip
    for parameter in parameters:
        words = frozenset(humanized(parameter.name).split())
        for side, names in _SIDES.items():
            if words & names and parameter.type != "array":
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


def are_plain(source: Parameter, target: Parameter) -> bool:
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


def _is_named(said: Evidence) -> bool:
    """Whether `name = value` says it: then nothing around it says more."""
    return said.confidence == NAMED_SURE


def _is_crossed(source: Evidence, target: Evidence, message: Message, *, plain: bool) -> bool:
    """Whether what was read for the source is said to be the target, and the reverse.

    Of plain ones it is enough that one of the two is said.
    """
    said = side_of(source, message), side_of(target, message)
    return said == ("target", "source") or (plain and said in {("target", None), (None, "source")})


def role_of_first(
    first: Evidence, second: Evidence, message: Message, *, plain: bool
) -> roles.Role | None:
    """The side of the first of two values by what is said they do, where no "from" or "to" differs."""
    text = message.content
    role = roles.of_first(first, second, text, changes=not plain)
    if role is None:
        return None
    one, other = (
        _side_by_particle(text, text[max(0, each.start - 40) : each.start])
        for each in (first, second)
    )
    if not role.sure and (one or other):
        return None  # A "from" or a "to" says more.
    return None if one == OTHER[role.side] or other == role.side else role


def side_of(evidence: Evidence, message: Message) -> Side | None:
    """The side that the words before a value speak for, be it in the language they were said in."""
    side = _side_in(message.content, evidence.start, evidence.end)
    if side is None and message.origin is not None:
        return _side_in(*message.said(evidence.start, evidence.end))
    return side


def _side_in(text: str, start: int, end: int) -> Side | None:
    before = text[max(0, start - 40) : start]
    if SO_FAR.search(before) or absent.follows(text[start:end], text, end):
        return "source"
    return _side_by_particle(text, before)


def _side_by_particle(text: str, before: str) -> Side | None:
    """The side that a "from", a "to" or an arrow says."""
    if _ARROW.search(before):
        return "target"
    language = languages.guessed(text) or "en"
    found = [
        (match.start(), side)
        for side in _BEFORE
        if (match := _last_before(language, side).search(before))
    ]
    return max(found)[1] if found else None


@cache
def _last_before(language: str, side: Side) -> re.Pattern[str]:
    words = _BEFORE[side][language]
    return re.compile(
        rf"(?<!\w)(?:{words})(?:(?<=')|\s|\s?[:=]\s?)(?!.*(?<!\w)(?:{words})\s){_BETWEEN}",
        re.IGNORECASE,
    )


def _again(
    parameter: Parameter, reading: Reading, messages: Sequence[Message], occasion: Occasion
) -> Reading | None:
    """The same words, read for another parameter."""
    said = reading.evidence
    value = spoken.read(parameter, *messages[said.message].said(said.start, said.end), occasion)
    return None if value is None else Reading(value, said)


def _both_again(
    pair: tuple[Parameter, Parameter], ways: tuple[Reading, Reading],
    messages: Sequence[Message], occasion: Occasion,
) -> dict[str, Reading]:  # fmt: skip
    """The words of two values, each read for its parameter; empty where one of them cannot be."""
    read = {
        parameter.name: found
        for parameter, way in zip(pair, ways, strict=True)
        if (found := _again(parameter, way, messages, occasion))
    }
    return read if len(read) == len(pair) else {}


def sure_of(reading: Reading, least: float) -> Reading:
    """The reading, at least as sure as this."""
    sure = max(reading.evidence.confidence, least)
    return replace(reading, evidence=replace(reading.evidence, confidence=sure))


def unsure(reading: Reading) -> Reading:
    sure = min(reading.evidence.confidence, UNSAID)
    return replace(reading, evidence=replace(reading.evidence, confidence=sure))

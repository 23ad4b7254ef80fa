"""Choices that the words say themselves, where the model's scores are read.

The model says which choice of an enum is meant; the words say which are there to be meant. A
choice that the last message says by its own name is taken, also where the model saw none or the
one of an earlier turn; one that it says not to take is not. Of two like parameters (two languages,
two depots) each gets one of the two choices that are said, by the words before them; where those
say nothing, the likelier way round is a guess to be asked back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import negated, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import choices, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message

Scores = Mapping[str, Sequence[Reading]]
"""Every choice of each parameter, as sure as the model is of it."""

# How sure a choice is that is said by its name, one of two likely ones, and a misspelt one.
_SAID: Final = 0.8
_LIKELY: Final = 0.6
_SLIP: Final = 0.3
_LONG: Final = 6
# The model's own choice stands against what is named and no choice if it is as sure as this.
_SURE: Final = 0.8
# Longer messages are no plain wishes; what they say is the model's to find.
_LONGEST: Final = 2000
# No more turns are in the models' sight.
_MOST_TURNS: Final = 24
# How far back the words before a value reach.
_BACK: Final = 60
_NUMBER: Final = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)?(?!\d)")
_UNIT: Final = re.compile(r"[\s-]*[^\W\d_]+")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
# Words that say a choice by chance more often than not.
_COMMON_WORDS: Final = """
no none yes all any both other on off in out up down open closed close new old now later first
last next high low left right start end stop normal standard default free full may can will work
home date time day week month year today tomorrow more less most least single double either same
only never always
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())
_COMPARED: Final = re.compile(
    r"\b(?:instead of|rather than|in place of|compared (?:to|with)|(?:statt|anstatt|gegenüber"
    r"|im vergleich zu)|au lieu de|en vez de|en lugar de|invece di|em vez de|in plaats van)\s+"
    r"(?:(?:the|my|der|die|das|le|la|el|il|de|het)\s+)?$", re.IGNORECASE,
)  # fmt: skip
_JOINED: Final = re.compile(r"\s*(?:->|→|=>|⇒|➔|to|into|nach|naar|à|a|ad|para)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Readings of the choices by parameter, and what names one but is none of its choices."""

    readings: wording.Readings
    unusable: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Said:
    """One place where a choice is said; `refused` where it is said not to be taken."""

    value: Any
    evidence: Evidence
    refused: bool = False


@dataclass(slots=True)
class _Pair:
    """What two like parameters hold while the turns are gone through."""

    source: Parameter
    target: Parameter
    held: dict[wording.Side, Reading] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[tuple[wording.Side, Parameter], ...]:
        return ("source", self.source), ("target", self.target)

    def side(self, said: _Said, text: str) -> wording.Side | None:
        """The side that the words around a choice say for it."""
        return self.plain_side(said, text) or wording.side_of(said.evidence, text)

    def plain_side(self, said: _Said, text: str) -> wording.Side | None:
        """The side where words say it that can mean nothing else: its name, "so far"."""
        before = text[max(0, said.evidence.start - _BACK) : said.evidence.start]
        after = text[said.evidence.end : said.evidence.end + _BACK]
        for side, parameter in self.sides:
            name = r"[\s_-]+".join(map(re.escape, humanized(parameter.name).split()))
            if re.search(
                rf"\b{name}\s*(?:[=:]|is|ist|est)?\s*$", before, re.IGNORECASE
            ) or re.match(rf"\s+as (?:the |my )?{name}\b", after, re.IGNORECASE):
                return side
        return "source" if _COMPARED.search(before) or wording.SO_FAR.search(before) else None

    def score(self, side: wording.Side, said: _Said, scores: Scores) -> float:
        """How sure the model is of a choice on a side."""
        name = (self.source if side == "source" else self.target).name
        return next(
            (r.evidence.confidence for r in scores.get(name, ()) if r.value == said.value), 0.0
        )

    def put(self, side: wording.Side, said: _Said, sure: float) -> None:
        """Take a choice for a side; the other one cannot have it as well."""
        evidence = replace(said.evidence, confidence=min(said.evidence.confidence, sure))
        self.held[side] = Reading(said.value, evidence)
        other = wording.OTHER[side]
        if other in self.held and self.held[other].value == said.value:
            del self.held[other]


def settled(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], scores: Scores,
    messages: Sequence[Message], newest: int, *, several: bool,
) -> Chosen:  # fmt: skip
    """The readings, with the choices that the words say."""
    kept: wording.Readings = {name: list(many) for name, many in readings.items()}
    unusable: dict[str, Evidence] = {}
    enums = [p for p in tool.parameters if p.enum and options(p)]
    single = [p for p in enums if p.type != "array"]
    pairs = _pairs(single)
    for source, target in pairs:
        pair = _Pair(source, target)
        kept |= _settled_pair(pair, kept, scores, messages, newest, several=several)
    paired = {p.name for pair in pairs for p in pair}
    for parameter in enums:
        if parameter.name in paired:
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
    places = _places(parameter, text, newest)
    said = {str(each.value): each for each in places if not each.refused}
    refused = {str(each.value) for each in places} - {*said}
    given = [
        _placed(parameter, reading, messages, newest)
        for reading in given
        if str(reading.value) not in refused
    ]
    if parameter.type == "array":
        return given or _slips(parameter, text, newest, taken)
    if said:
        if given and str(given[0].value) in said:
            return given
        free = [each for each in said.values() if _is_free(each.evidence, taken)]
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


def _may_be_taken(parameter: Parameter, said: _Said, given: Sequence[Reading], text: str) -> bool:
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
    return wanted is not None and units.said(text[end : end + _BACK]) == wanted


def _placed(
    parameter: Parameter, reading: Reading, messages: Sequence[Message], newest: int
) -> Reading:
    """The reading of a choice with the newest place where it is said by its name.

    A choice that is said in its own words, or in a form of them, is sure.
    """
    for number in range(newest, max(newest - _MOST_TURNS, -1), -1):
        message = messages[number]
        said = [
            each
            for each in _places(parameter, message.content, number)
            if each.value == reading.value and not each.refused
        ]
        if said and message.role == "user" and not message.ours:
            sure = max(reading.evidence.confidence, _SAID)
            return Reading(reading.value, replace(said[-1].evidence, confidence=sure))
        if number == reading.evidence.message and _is_a_form(reading):
            return wording.sure_of(reading, _SAID)
    return reading


def _is_a_form(reading: Reading) -> bool:
    """Whether the words begin like the choice: `herbal` for herbs."""
    said = reading.evidence.text.casefold()
    return any(word[:4] in said for word in re.findall(r"\w{3,}", str(reading.value).casefold()))


def _places(parameter: Parameter, text: str, number: int) -> list[_Said]:
    """Where a text says choices of a parameter, in its order."""
    if len(text) > _LONGEST:
        return []
    found = []
    for match in _names(tuple(map(str, parameter.enum))).finditer(text):
        value = _choice(parameter, match.group())
        evidence = Evidence(number, match.start(), match.end(), match.group(), _SAID)
        found.append(_Said(value, evidence, negated.is_refused(parameter, text, match.start())))
    return found


@lru_cache(maxsize=1024)
def _names(enum: tuple[str, ...]) -> re.Pattern[str]:
    """The choices as whole words, the longer ones first."""
    names = sorted(enum, key=len, reverse=True)
    forms = [r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", name))) for name in names]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(forms)})(?![\w-]|\.\d)", re.IGNORECASE)


def _choice(parameter: Parameter, said: str) -> Any:
    return choices.meant(parameter.enum, said)


def _slips(
    parameter: Parameter, text: str, number: int, taken: Sequence[Evidence]
) -> list[Reading]:
    """The one choice that a word of the message may be a misspelling of.

    A longer form of its name (`vouchers`) is no misspelling: there the model knows why.
    """
    found = {str(each.value): each for each in _misspelt(parameter, text, number)}
    free = [each for each in found.values() if _is_free(each.evidence, taken)]
    return [Reading(each.value, each.evidence) for each in free] if len(free) == 1 else []


def _misspelt(parameter: Parameter, text: str, number: int) -> list[_Said]:
    if len(text) > _LONGEST:
        return []
    found = []
    right = [(choices.plain(str(choice)), choice) for choice in parameter.enum]
    for match in _WORD.finditer(text):
        said = choices.plain(match.group())
        near = [choice for plain, choice in right if choices.is_misspelt(plain, said)]
        if len(near) == 1:
            sure = _LIKELY if len(match.group()) >= _LONG else _SLIP
            evidence = Evidence(number, match.start(), match.end(), match.group(), sure)
            refused = negated.is_refused(parameter, text, match.start())
            found.append(_Said(near[0], evidence, refused))
    return found


def _is_free(evidence: Evidence, taken: Iterable[Evidence]) -> bool:
    return not any(map(evidence.overlaps, taken))


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
    if len(text) > _LONGEST:
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
            return Evidence(number, *match.span("said"), match["said"], _LIKELY)
    return None


def _another_number(parameter: Parameter, text: str, number: int) -> Evidence | None:
    """A number with the parameter's unit that is none of its choices."""
    for match in _NUMBER.finditer(text):
        unit = _UNIT.match(text, match.end())
        if unit and _has_its_unit(parameter, text, match.end()):
            words = text[match.start() : unit.end()]
            return Evidence(number, match.start(), unit.end(), words, _LIKELY)
    return None


def _letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _settled_pair(
    pair: _Pair, given: wording.Readings, scores: Scores,
    messages: Sequence[Message], newest: int, *, several: bool,
) -> wording.Readings:  # fmt: skip
    """Each of two like parameters with its own choice, as far as any is said."""
    both = {
        p.name: [_placed(p, each, messages, newest) for each in given.get(p.name, [])]
        for _, p in pair.sides
    }
    now = _said_of_pair(pair.source, messages, newest)
    values = {str(each.value) for each in now}
    if len(values) > 2 or (several and len(now) > 2):
        return both
    for number in _turns(messages, newest, both, bool(now)):
        said = now if number == newest else _said_of_pair(pair.source, messages, number)
        _hear(pair, said, messages[number].content, scores)
    if not now and len(pair.held) == 2 and wording.is_way_back(messages[newest].content):
        went, came = pair.held["source"], pair.held["target"]
        pair.held = {"source": wording.unsure(came), "target": wording.unsure(went)}
    if not pair.held:
        return _apart(pair.source, pair.target, both)
    found = {}
    for side, parameter in pair.sides:
        own = pair.held.get(side)
        taken = {str(each.value) for each in pair.held.values()}
        rest = [each for each in both[parameter.name] if str(each.value) not in taken]
        found[parameter.name] = [own] if own else rest[:1]
    return found


def _said_of_pair(parameter: Parameter, messages: Sequence[Message], number: int) -> list[_Said]:
    """The choices that a message says, also misspelt; refused ones only where they compare."""
    message = messages[number]
    if message.role != "user" or message.ours:
        return []
    text = message.content
    plain = _places(parameter, text, number)
    words = [each.evidence for each in plain]
    slips = [e for e in _misspelt(parameter, text, number) if _is_free(e.evidence, words)]
    found = sorted([*plain, *slips], key=lambda each: each.evidence.start)
    return [each for each in found if not each.refused or _is_compared(each, text)]


def _turns(
    messages: Sequence[Message], newest: int, given: wording.Readings, said: bool
) -> list[int]:
    """The user's turns that say one wish, oldest first: answers go on with it, "and to Rome?" too."""
    turns = [newest]
    carried = wording.is_follow_up(messages[newest].content) or (
        not said and any(many for many in given.values())
    )
    for number in range(newest - 1, max(newest - _MOST_TURNS, -1), -1):
        message = messages[number]
        if message.role == "user" and not message.ours:
            turns.insert(0, number)
            carried = carried and wording.is_follow_up(message.content)
        elif message.role == "assistant" and not carried and not _is_question(message):
            break
    return turns


def _is_question(message: Message) -> bool:
    """Whether the gateway asked for something there: what comes next answers it."""
    return message.ours and "?" in message.content


def _hear(pair: _Pair, said: Sequence[_Said], text: str, scores: Scores) -> None:
    """What one more turn says of the two."""
    firsts = {str(each.value): each for each in reversed(said)}
    both = sorted(firsts.values(), key=lambda each: each.evidence.start)
    if len(both) == 2:
        _hear_two(pair, both[0], both[1], text, scores)
    elif len(both) == 1:
        _hear_one(pair, both[0], text, scores)


def _hear_two(pair: _Pair, first: _Said, second: _Said, text: str, scores: Scores) -> None:
    side, sure = _side_of_first(pair, first, second, text)
    if side is None:
        straight = pair.score("source", first, scores) + pair.score("target", second, scores)
        crossed = pair.score("target", first, scores) + pair.score("source", second, scores)
        side = "source" if straight >= crossed else "target"
    pair.held.clear()
    pair.put(side, first, sure)
    pair.put(wording.OTHER[side], second, sure)


def _side_of_first(
    pair: _Pair, first: _Said, second: _Said, text: str
) -> tuple[wording.Side | None, float]:
    """The side that the words say for the first of two, and how sure that is."""
    one, other = pair.side(first, text), pair.side(second, text)
    if one != "target" and _JOINED.fullmatch(text, first.evidence.end, second.evidence.start):
        return "source", _SAID
    if one and other and one != other:
        return one, _SAID
    plain = pair.plain_side(first, text) or pair.plain_side(second, text)
    if (one is None) != (other is None) and (plain or wording.are_plain(pair.source, pair.target)):
        return one or wording.OTHER[other or "source"], _LIKELY
    return None, wording.UNSAID


def _hear_one(pair: _Pair, said: _Said, text: str, scores: Scores) -> None:
    side = pair.side(said, text)
    if side is None and len(pair.held) == 1:
        (held,) = pair.held
        if pair.held[held].value != said.value:
            pair.put(wording.OTHER[held], said, _LIKELY)
        return
    if side:
        pair.put(side, said, _SAID)
        return
    more = pair.score("source", said, scores) > pair.score("target", said, scores)
    pair.put("source" if more else "target", said, wording.UNSAID)


def _is_compared(said: _Said, text: str) -> bool:
    before = text[max(0, said.evidence.start - _BACK) : said.evidence.start]
    return bool(_COMPARED.search(before))


def _apart(source: Parameter, target: Parameter, both: wording.Readings) -> wording.Readings:
    """What the model read for the two, but never one choice for both."""
    one, other = both[source.name], both[target.name]
    if not one or not other or one[0].value != other[0].value:
        return both
    ways = [(a, b) for a in one for b in other if a.value != b.value]
    if ways:
        a, b = max(ways, key=lambda way: sum(each.evidence.confidence for each in way))
        return {source.name: [wording.unsure(a)], target.name: [wording.unsure(b)]}
    surer = one[0].evidence.confidence > other[0].evidence.confidence
    return {source.name: one[:1] if surer else [], target.name: [] if surer else other[:1]}

"""The old one and the new one, the giver and the receiver, where the model lacks one of the two.

"Let Una Berg sing instead of Otto Kern" names both, and says which is which. What the words say of
a name is taken for a side that has none; a name that nobody has taken and of which nothing is said
is no more than a guess. Names are words with a capital letter, of the same look as the other one:
"3 Castle Rise" for an address. Who "is still at the mill" says where somebody comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import negated, roles, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import everyday, languages, names, particles, spoken, verbs

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

_LONGEST: Final = 400
# A reading of the model's that is less sure gives way to what the words say.
_EVEN: Final = 0.5
_SURE: Final = 0.6
_BACK: Final = 40
_CAPITAL: Final = r"[^\W\d_a-zß-ÿ][^\W\d_]*+(?:['\u2019-][^\W\d_]{2,})*+"
_NAME: Final = re.compile(
    rf"(?<![\w-])(?:\d{{1,4}}[a-z]? )?{_CAPITAL}(?: {_CAPITAL}){{0,2}}(?![\w-])"
)
_FIRST: Final = re.compile(r"(?:^|[.!?:\n]\s*)$")
_NUMBERED: Final = re.compile(r"\d")
_NO_NAMES_WRITTEN: Final = """
i the a an my our his her their its it he she they we you this that these those who what which
where when why how if and but or so then now please thanks thank ok okay yes no not hi hello
dear could would can will shall should may might must do does did is are was were has have had
for from to in on at of by with until till since because as let instead sorry
mr mrs ms dr room today tomorrow tonight monsieur madame herr frau señor señora
"""
_NO_NAMES: Final = frozenset(_NO_NAMES_WRITTEN.split())
# "It is still at the old mill", in what a pronoun and such words say.
_STILL: Final = re.compile(
    rf"(?<!\w)(?:(?:it|he|she|they)(?:['\u2019]s| is|['\u2019]re| are) (?:still|currently|right now)"
    rf"|(?:il|elle) est (?:encore|toujours|actuellement)|(?:er|sie|es) (?:steht|ist|liegt) (?:noch|derzeit|momentan)"
    rf"|(?:todavía|aún|ahora) está|è ancora|ainda está|(?:hij|ze|zij|het) (?:staat|is|ligt) (?:nog|momenteel))"
    rf" (?:in|on|at|with|to(?= the\b)|chez|dans|sur|au|aux|à|i[nm]|auf|am|an|bei|en|con|a|al|nel(?:l[ao])?|da|no|na|em|op|bij)"
    rf" (?:(?:{particles.every(particles.ARTICLE)})\s)?(?P<value>[^\W\d_][\w'\u2019-]*(?: [\w'\u2019-]+){{0,2}}?)"
    rf"(?=\s*(?:[.,;!?]|$|{particles.every(particles.AND)}\b))",
    re.IGNORECASE,
)


def filled(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The readings, with the sides of two like free texts that the model missed."""
    kept = {name: list(many) for name, many in readings.items()}
    message = messages[newest]
    if len(message.content) > _LONGEST:
        return kept
    free = [p for p in tool.parameters if _is_free(p)]
    for source, target in wording.pairs(free):
        sides: dict[wording.Side, Parameter] = {"source": source, "target": target}
        found = _told(sides, kept, message, newest) or _stands(sides, kept, message, newest)
        for side, parameter in sides.items():
            said = found.get(side)
            if said is None:
                continue
            value: Any = spoken.read(parameter, *message.said(said.start, said.end), occasion)
            refused = negated.is_refused(parameter, message.content, said.start)
            if value is None or (refused and side == "target"):
                continue  # "Instead of Otto" says who gives way.
            kept = {
                name: [each for each in many if not each.evidence.overlaps(said)]
                for name, many in kept.items()
            }
            kept[parameter.name] = [Reading(value, said)]
        if any(said.confidence >= _SURE for said in found.values()):
            kept |= _last_one(tool, kept, message, newest, occasion)
    return kept


def in_reply(
    tool: Tool, parameter: Parameter, message: Message, number: int, occasion: Occasion
) -> Reading | None:
    """The only name of a reply, where it is said to be of the side that was asked for: "Una steps in"."""
    for pair in wording.pairs([p for p in tool.parameters if _is_free(p)]):
        found = _named(message.content, number) if parameter in pair else []
        changes = not wording.are_plain(*pair)
        side: wording.Side = "source" if parameter == pair[0] else "target"
        if len(found) != 1 or roles.of_one(found[0], message.content, changes=changes) != side:
            continue
        value: Any = spoken.read(parameter, *message.said(found[0].start, found[0].end), occasion)
        return None if value is None else Reading(value, found[0])
    return None


def _last_one(
    tool: Tool, readings: wording.Readings, message: Message, newest: int, occasion: Occasion
) -> wording.Readings:
    """The only name left over, as a guess for the only text that lacks beside the two sides."""
    lacking = [p for p in tool.parameters if p.required and not readings.get(p.name)]
    taken = [each.evidence for many in readings.values() for each in many[:1]]
    left = [each for each in _named(message.content, newest) if not any(map(each.overlaps, taken))]
    if len(lacking) != 1 or len(left) != 1 or not _is_free(lacking[0]):
        return {}
    said = replace(left[0], confidence=wording.UNSAID)
    value: Any = spoken.read(lacking[0], *message.said(said.start, said.end), occasion)
    return {} if value is None else {lacking[0].name: [Reading(value, said)]}


def _is_free(parameter: Parameter) -> bool:
    return (
        parameter.type in {None, "string"}
        and parameter.required
        and not (options(parameter) or parameter.pattern or parameter.format)
    )


def _told(
    sides: Mapping[wording.Side, Parameter], readings: wording.Readings, message: Message, newest: int
) -> dict[wording.Side, Evidence]:  # fmt: skip
    """The names that are said to be of a side that has none; the only one left over as a guess."""
    text = message.content
    changes = not wording.are_plain(sides["source"], sides["target"])
    given = {side: readings.get(p.name, [])[:1] for side, p in sides.items()}
    lacking = [
        side for side, many in given.items()
        if _lacks(many, given[wording.OTHER[side]])
        or (many[0].evidence.message == newest and many[0].evidence.confidence < _EVEN
            and _side(many[0].evidence, message, changes=changes) == wording.OTHER[side])
    ]  # fmt: skip
    if not lacking:
        return {}
    own = [each.evidence for side, many in given.items() if side not in lacking for each in many]
    taken = [
        each.evidence for many in readings.values() for each in many[:1]
        if each.evidence in own or (
            each.evidence.confidence >= _EVEN
            and roles.of_one(each.evidence, text, changes=changes) not in lacking
        )
    ]  # fmt: skip
    left = [
        each for each in _named(text, newest)
        if not any(map(each.overlaps, taken)) and all(_is_like(each.text, o.text) for o in own)
    ]  # fmt: skip
    said = {
        side: [each for each in left if _side(each, message, changes=changes) == side]
        for side in lacking
    }
    found = {
        side: many[0] if _is_plain(many[0], text, changes=changes) else replace(many[0], confidence=wording.UNSAID)
        for side, many in said.items() if len(many) == 1
    }  # fmt: skip
    alone = not found and len(lacking) == len(left) == 1 and bool(own) and own[0].message == newest
    if alone and languages.guessed(text) != "de" and not _side(left[0], message, changes=changes):
        return {lacking[0]: replace(left[0], confidence=wording.UNSAID)}
    return found if len(found) == len(lacking) else {}


def _lacks(own: Sequence[Reading], other: Sequence[Reading]) -> bool:
    """Whether a side has no value, or an unsure one that looks otherwise than that of the other side."""
    if not own:
        return True
    return (
        own[0].evidence.confidence < _EVEN
        and bool(other)
        and other[0].evidence.confidence >= _EVEN
        and not _is_like(own[0].evidence.text, other[0].evidence.text)
    )


def _side(said: Evidence, message: Message, *, changes: bool) -> wording.Side | None:
    """The side that the words around a name say, where they do not contradict each other."""
    told = roles.of_one(said, message.content, changes=changes)
    by_particle = wording.side_of(said, message)
    if told and by_particle and told != by_particle:
        return None
    return told or by_particle


def _is_plain(said: Evidence, text: str, *, changes: bool) -> bool:
    """Whether more than a "from" or a "to" says the side of a name."""
    before = text[max(0, said.start - _BACK) : said.start]
    return bool(roles.of_one(said, text, changes=changes) or wording.SO_FAR.search(before))


def _named(text: str, number: int) -> list[Evidence]:
    """The names of a text: words with a capital that no sentence gives them."""
    found = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        first, _, rest = match.group().partition(" ")
        heads = bool(_FIRST.search(text[:start]))
        if rest and _is_word(first, heads=heads):
            start += len(first) + 1
        elif _is_word(match.group(), heads=heads) or (heads and not rest and roles.of_one(
            Evidence(number, start, end, match.group(), 0), text, changes=True
        ) is None):  # fmt: skip
            continue
        if not _is_calendar(text[start:end]):
            found.append(Evidence(number, start, end, text[start:end], _SURE))
    return found


def _is_word(said: str, *, heads: bool) -> bool:
    """Whether a word with a capital is none's name, as at the head of a sentence."""
    word = said.casefold().partition("'")[0].partition("\u2019")[0]
    return word in _NO_NAMES or (heads and (word in verbs.OF_WISHES or word in everyday.WORDS))


def _is_calendar(said: str) -> bool:
    word = names.folded(said)
    return any(word in names.by_name(kind) for kind in ("months", "weekdays", "languages"))


def _is_like(said: str, other: str) -> bool:
    """Whether two are names of one look: with a number both, or none."""
    return (
        bool(_NAME.fullmatch(said))
        and bool(_NAME.fullmatch(other))
        and bool(_NUMBERED.search(said)) == bool(_NUMBERED.search(other))
    )


def _stands(
    sides: Mapping[wording.Side, Parameter], readings: wording.Readings, message: Message, newest: int
) -> dict[wording.Side, Evidence]:  # fmt: skip
    """Where something is said to stand still, as the source that lacks, to be asked back."""
    found = list(_STILL.finditer(message.content))
    if len(found) != 1 or readings.get(sides["source"].name):
        return {}
    start, end = found[0].span("value")
    said = Evidence(newest, start, end, message.content[start:end], wording.UNSAID)
    if any(said.overlaps(each.evidence) for many in readings.values() for each in many[:1]):
        return {}
    return {"source": said}

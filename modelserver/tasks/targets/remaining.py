"""A required value that the model missed, where only one thing that is said can be it.

Of "rack 10 hl from FV2 to BT2" two codes fit two tanks: who has read the one has said which is the
other. Only what cannot be mistaken is taken so: codes of a declared pattern, days, times, addresses,
and numbers with the unit that the parameter asks for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from modelserver.tasks.targets import listed, looks, negated, within, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Evidence
from modelserver.tasks.values import lists, spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message, Occasion

_SURE: Final = 0.6
_LONGEST: Final = 600
# A parameter of this wants a code: "the numbers of the articles".
_NUMBERED: Final = re.compile(
    r"(?<!\w)(?:numbers?|codes?|ids?|identifiers?|registrations?|plates?|serials?)(?!\w)",
    re.IGNORECASE,
)
# A number of so many digits counts nothing: it is that of a thing.
_LONG: Final = 3


def filled(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The readings, with what the last message says of required parameters that have none."""
    kept = {name: list(many) for name, many in readings.items()}
    text = messages[newest].content
    lacking = [
        p for p in tool.parameters
        if p.required and not options(p) and p.type != "array" and not kept.get(p.name)
    ]  # fmt: skip
    if len(text) > _LONGEST:
        return kept
    kept |= _counted_up(tool, kept, text, newest) | _sure(tool, kept, text, newest)
    kept |= _only_code(tool, kept, text, newest)
    kept |= _within(tool, kept, messages[newest], newest, occasion)
    lacking = [each for each in lacking if not kept.get(each.name)]
    if not lacking:
        return kept
    kept |= _twins(tool, kept, messages, newest, occasion)
    taken = [each.evidence for many in kept.values() for each in many[:1]]
    found = {p.name: _free(p, messages[newest], newest, taken, occasion) for p in lacking}
    for parameter in lacking:
        mine = found[parameter.name]
        wanted_by = sum(
            any(own.evidence.overlaps(mine[0].evidence) for own in many) for many in found.values()
        ) if mine else 0  # fmt: skip
        if len(mine) == wanted_by == 1:
            kept[parameter.name] = mine
    return kept


def _twins(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """The second of two codes alike, where the first is a source's, or its target's, and that lacks."""
    message = messages[newest]
    found: wording.Readings = {}
    for pair in wording.pairs([p for p in tool.parameters if not options(p) and not p.pattern]):
        for one, other in (pair, pair[::-1]):
            own = readings.get(one.name, [])[:1]
            if not own or own[0].evidence.message != newest or readings.get(other.name):
                continue
            alike = [
                span for span in looks.codes_like(own[0].evidence.text, message.content)
                if span[0] >= own[0].evidence.end or span[1] <= own[0].evidence.start
            ]  # fmt: skip
            if len(alike) != 1 or negated.is_refused(other, message.content, alike[0][0]):
                continue
            value = spoken.read(other, *message.said(*alike[0]), occasion)
            if value is not None:
                said = Evidence(newest, *alike[0], message.content[slice(*alike[0])], _SURE)
                found[other.name] = [Reading(value, said)]
    return found


def _sure(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], text: str, newest: int
) -> wording.Readings:
    """What can be no other parameter's: the only code of its shape, day, number with its unit or long one."""
    numeric = [p for p in tool.parameters if p.type in {"integer", "number"} and not options(p)]
    numbers = [match.span() for match in looks.NUMBER.finditer(text)]
    looking = {p.name: list(looks.spots(p, text)) for p in tool.parameters if p.type != "array"}
    found: wording.Readings = {}
    for parameter in (p for p in tool.parameters if p.name in looking):
        own = readings.get(parameter.name, [])
        spots = looking[parameter.name]
        if not spots and numeric == [parameter] and len(numbers) == 1:
            spots = [spot for spot in numbers if spot[1] - spot[0] >= _LONG]
        if not own or len(spots) != 1 or own[0].evidence.message != newest:
            continue
        if any(spots[0] in others for name, others in looking.items() if name != parameter.name):
            continue
        if own[0].evidence.start <= spots[0][0] and spots[0][1] <= own[0].evidence.end:
            found[parameter.name] = [wording.sure_of(own[0], _SURE), *own[1:]]
    return found


def _only_code(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], text: str, newest: int
) -> wording.Readings:
    """The one code that looks like no other parameter's, sure for the only number or code that has no look."""
    free = [
        p for p in tool.parameters
        if (p.items if p.type == "array" else p.type) in {None, "string"}
        and not p.format and not options(p) and not looks.is_shaped(p)
    ]  # fmt: skip
    if len(free) != 1 or not _NUMBERED.search(f"{humanized(free[0].name)} {free[0].description}"):
        return {}
    own = readings.get(free[0].name, [])[:1]
    looking = [spot for p in tool.parameters for spot in looks.spots(p, text)]
    codes = [
        span
        for span in looks.codes(text)
        if not any(a < span[1] and span[0] < b for a, b in looking)
    ]
    if len(own) != 1 or own[0].evidence.message != newest:
        return {}
    said = own[0].evidence
    if codes != [(said.start, said.end)]:
        return {}
    return {free[0].name: [wording.sure_of(own[0], _SURE), *readings[free[0].name][1:]]}


def _within(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], message: Message, newest: int,
    occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """Numbers that the bounds of one parameter alone take: sure where it was read so, else a guess."""
    found: wording.Readings = {}
    spots = within.only(tool, message.content)
    for parameter in {each.name: each for each in spots.values()}.values():
        own = readings.get(parameter.name, [])
        mine = [spot for spot, each in spots.items() if each.name == parameter.name]
        if len(mine) != 1:
            continue
        start, end = mine[0]
        said = Evidence(newest, start, end, message.content[start:end], wording.UNSAID)
        if own and own[0].evidence.overlaps(said):
            found[parameter.name] = [wording.sure_of(own[0], _SURE), *own[1:]]
        elif not own and parameter.required and not _is_taken(said, readings):
            value: Any = spoken.read(parameter, *message.said(start, end), occasion)
            if value is not None and not negated.is_refused(parameter, message.content, start):
                found[parameter.name] = [Reading(value, said)]
    return found


def _is_taken(said: Evidence, readings: Mapping[str, Sequence[Reading]]) -> bool:
    return any(said.overlaps(each.evidence) for many in readings.values() for each in many[:1])


def _counted_up(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], text: str, newest: int
) -> wording.Readings:
    """Lists that lack: the items that their description counts up, where one row names them."""
    found: wording.Readings = {}
    for parameter in tool.parameters:
        if parameter.type != "array" or not parameter.required or readings.get(parameter.name):
            continue
        spots = list(lists.known_spots(text, lists.known_items(parameter.description)))
        if spots and all(
            listed.are_joined(parameter, text[one[1] : other[0]])
            for one, other in itertools.pairwise(spots)
        ):
            start, end = spots[0][0], spots[-1][1]
            said = Evidence(newest, start, end, text[start:end], _SURE)
            found[parameter.name] = [Reading([text[slice(*spot)] for spot in spots], said)]
    return found


def joined(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    newest: int, occasion: Occasion,
) -> wording.Readings:  # fmt: skip
    """All codes of a row of which the model read one: "who is at D5 and D6?"; none of a lone one.

    Only of the one parameter that such a code can be for.
    """
    message = messages[newest]
    patterned = [p for p in tool.parameters if p.pattern]
    own = readings.get(patterned[0].name, []) if len(patterned) == 1 else []
    if not own or own[0].evidence.message != newest or not patterned[0].required:
        return {}
    start, end = lists.reach(message.content, own[0].evidence.start, own[0].evidence.end)
    row = [
        Reading(value, Evidence(newest, *spot, message.content[slice(*spot)], own[0].evidence.confidence))
        for spot in looks.spots(patterned[0], message.content)
        if start <= spot[0] and spot[1] <= end
        and not negated.is_refused(patterned[0], message.content, spot[0])
        and (value := spoken.read(patterned[0], *message.said(*spot), occasion)) is not None
    ]  # fmt: skip
    return {patterned[0].name: row} if len(row) > 1 else {}


def in_reply(
    parameter: Parameter, message: Message, number: int, occasion: Occasion
) -> Reading | None:
    """The one value for a parameter that a reply to a question for it says."""
    found = _free(parameter, message, number, (), occasion)
    return found[0] if len(found) == 1 else None


def _free(
    parameter: Parameter, message: Message, number: int, taken: Sequence[Evidence],
    occasion: Occasion,
) -> list[Reading]:  # fmt: skip
    """What a message says that can be a parameter's value and is nobody's yet."""
    found = []
    for start, end in looks.spots(parameter, message.content):
        said = Evidence(number, start, end, message.content[start:end], _SURE)
        if any(map(said.overlaps, taken)):
            continue
        value: Any = spoken.read(parameter, *message.said(start, end), occasion)
        if value is not None and not negated.is_refused(parameter, message.content, start):
            found.append(Reading(value, said))
    return found

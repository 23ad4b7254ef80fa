"""Parameters: what the conversation says for each parameter of the chosen targets.

`encode` lays the tools out with all their parameters; `decode` reads spans and choices,
turns them into typed values (`values.spoken`) and deals them out to calls: one call of a tool as
a rule, several when the message asks for the same thing more than once.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from modelserver.schema import CONFIRM_BELOW
from modelserver.tasks import types
from modelserver.tasks.targets import (
    bounds,
    chosen,
    followed,
    lasting,
    list_ends,
    listed,
    measured,
    negated,
    own_items,
    remaining,
    shaped,
    switches,
    told_apart,
    whole_names,
    wording,
)
from modelserver.tasks.targets.claims import Reading, shared_out
from modelserver.tasks.targets.layout import Layout, Layouts, options
from modelserver.tasks.targets.reading import SEVERAL, Reader, sigmoid
from modelserver.tasks.types import UNTOLD, Call, Evidence, Message, Occasion, Output
from modelserver.tasks.values import lists, spoken, words

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool


# How sure a value is that the description of its parameter counts up.
_KNOWN: Final = 0.6


@dataclass(frozen=True, slots=True)
class Settings:
    """Margins over "absent" and the certainty several calls need, calibrated.

    Required parameters have margins of their own: somebody who wants the tool has more
    often said them.
    """

    span_margin: float = 0.0
    required_span_margin: float = 0.0
    option_margin: float = 0.0
    required_option_margin: float = 0.0
    # Words that read as a number are half a proof already.
    number_shift: float = 0.0
    length_penalty: float = 0.0
    several: float = 0.5
    # A second value of a parameter counts from this certainty on, and so does one of no use.
    second: float = 0.5
    # A call that is less sure than this is asked back where it would change something.
    confirm_below: float = CONFIRM_BELOW


@dataclass(slots=True)
class _Found:
    """What was read for one tool: by parameter, and whether several calls are meant."""

    several: float = 0.0
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    scores: dict[str, list[Reading]] = field(default_factory=dict)
    """Every choice of the parameters that have some, as sure as the model is of it."""
    unusable: dict[str, Evidence] = field(default_factory=dict)
    """The surest words for a parameter, where they are no value for it."""


class Functions:
    """The parameters task."""

    def __init__(self, layouts: Layouts, settings: Settings | None = None) -> None:
        self._layouts = layouts
        self.settings = settings or Settings()

    def with_settings(self, settings: Settings) -> Functions:
        """The same task with other settings."""
        return Functions(self._layouts, settings)

    def encode(self, messages: Sequence[Message], tools: Sequence[Tool]) -> tuple[Layout, ...]:
        """The rows that ask for the parameters of these tools."""
        return self._layouts.full(messages, tools)

    def decode(
        self, messages: Sequence[Message], tools: Sequence[Tool], layouts: Sequence[Layout],
        outputs: Sequence[Output], wanted: Iterable[int], *,
        occasion: Occasion = UNTOLD,
    ) -> tuple[Call, ...]:  # fmt: skip
        """The calls of the wanted tools, in the order in which they are asked for."""
        called, newest = frozenset(wanted), types.newest(messages)
        found = [_Found() for _ in tools]
        for layout, output in zip(layouts, outputs, strict=True):
            reader = Reader(layout, output, messages)
            for marker, mark in enumerate(layout.marks):
                if mark.tool not in called:
                    continue
                if mark.kind == "tool":
                    several = sigmoid(reader.score(marker, SEVERAL))
                    found[mark.tool].several = max(found[mark.tool].several, several)
                elif mark.kind == "parameter":
                    tool = tools[mark.tool]
                    parameter = tool.parameters[mark.parameter]
                    if options(parameter):
                        every = _every_choice(reader, layout, marker, parameter)
                        least = sigmoid(self._margin(parameter, "option"))
                        found[mark.tool].scores[parameter.name] = every
                        plain = switches.said(parameter, messages[newest].content, newest)
                        found[mark.tool].readings[parameter.name] = [plain] if plain else [
                            each for each in every if each.evidence.confidence > least
                        ]  # fmt: skip
                        continue
                    readings, unusable = self._read(
                        reader, marker, (tool, parameter), messages, occasion=occasion
                    )
                    found[mark.tool].readings[parameter.name] = readings
                    if unusable:
                        found[mark.tool].unusable[parameter.name] = unusable
        calls: list[Call] = []
        for number in sorted(called):
            calls += self._calls(tools[number], found[number], messages, occasion)
        calls.sort(key=_place)
        return tuple(calls)

    def _read(
        self, reader: Reader, marker: int, of: tuple[Tool, Parameter],
        messages: Sequence[Message], *, occasion: Occasion,
    ) -> tuple[list[Reading], Evidence | None]:  # fmt: skip
        tool, parameter = of
        readings: list[Reading] = []
        unusable = None
        margin, penalty = self._margin(parameter, "span"), self.settings.length_penalty
        for span in reader.spans(marker, margin=margin, length_penalty=penalty):
            text = messages[span.message].content
            evidence = _whole(span, text, parameter)
            if parameter.type == "array" and _holds(readings, evidence):
                continue
            own = bounds.trimmed(tool, parameter, text, evidence)
            if own is None:
                continue
            evidence = _counted_up(parameter, text, own)
            if several := _numbers_apart(parameter, text, evidence):
                for each in several:
                    value = spoken.read(
                        parameter, *messages[span.message].said(each.start, each.end), occasion
                    )
                    readings += [] if value is None else [Reading(value, each)]
                continue
            said = messages[span.message].said(evidence.start, evidence.end)
            value = spoken.read(parameter, *said, occasion)
            if value is not None:
                readings.append(Reading(value, evidence))
            elif not readings and span.confidence >= self.settings.second:
                unusable = unusable or evidence
        return readings, unusable

    def _margin(self, parameter: Parameter, kind: Literal["span", "option"]) -> float:
        settings = self.settings
        if kind == "span":
            margin = settings.required_span_margin if parameter.required else settings.span_margin
            return margin + (settings.number_shift if _is_numeric(parameter) else 0.0)
        return settings.required_option_margin if parameter.required else settings.option_margin

    def _calls(
        self, tool: Tool, found: _Found, messages: Sequence[Message], occasion: Occasion
    ) -> list[Call]:
        newest = types.newest(messages)
        choices = chosen.settled(
            tool, found.readings, found.scores, messages, newest, several=self._is_several(found)
        )
        alone = own_items.alone(tool, choices.readings, messages, occasion)
        shapely = shaped.known(tool, alone, messages, occasion)
        wanted = negated.without(tool, shapely, messages)
        timed = lasting.bounded(tool, wanted, messages, newest, occasion)
        sized = measured.owned(tool, timed, messages, newest, occasion)
        told = wording.by_name(tool, sized, messages, newest, occasion)
        mine = wording.in_own_words(wording.instead(told, messages, newest), messages)
        whole = whole_names.known(tool, shared_out(tool, mine, newest), messages, occasion)
        owned = list_ends.known(tool, whole, messages, occasion)
        kept = self._kept(tool, found, owned, messages=messages, newest=newest, occasion=occasion)
        scalars = [p.name for p in tool.parameters if p.type != "array"]
        count = max((len(kept[name]) for name in scalars), default=1)
        dealt = _deal(tool, kept, max(1, count))
        calls = [_call(tool, readings, messages) for readings in dealt]
        used = [evidence for call in calls for evidence in call.evidence.values()]
        unusable = _unusable({**found.unusable, **choices.unusable}, used)
        return [
            replace(call, unusable=tuple(n for n in unusable if n not in call.arguments))
            for call in calls
        ]

    def _is_several(self, found: _Found) -> bool:
        return found.several > self.settings.several

    def _kept(
        self, tool: Tool, found: _Found, owned: wording.Readings, *, messages: Sequence[Message],
        newest: int, occasion: Occasion,
    ) -> wording.Readings:  # fmt: skip
        """The readings that become values: one of each parameter, or several for several calls."""
        sure = self.settings.second
        scalars = [p.name for p in tool.parameters if p.type != "array"]
        kept = {
            p.name: listed.together(p, _distinct(owned.get(p.name, [])), messages, occasion)
            for p in tool.parameters
        }
        text = messages[newest].content
        row = remaining.joined(tool, owned, messages, newest, occasion)
        if row:
            return {
                name: row.get(name, many[:1] if name in scalars else many)
                for name, many in kept.items()
            }
        if self._is_several(found) or _repeated(tool, owned, newest, text, sure):
            kept |= {name: _together(kept[name], sure) for name in scalars}
            if any(len(kept[name]) > 1 for name in scalars):
                return kept
        owned = remaining.filled(tool, owned, messages, newest, occasion)
        kept = {
            p.name: [_plain(p, each) for each in kept[p.name] or owned.get(p.name, [])]
            for p in tool.parameters
        }
        owned = wording.directed(tool, owned, messages, newest, occasion)
        owned = told_apart.filled(tool, owned, messages, newest, occasion)
        owned = followed.renewed(tool, owned, messages, newest, occasion)
        return kept | {name: owned.get(name, [])[:1] for name in scalars}


def _unusable(found: Mapping[str, Evidence], used: Sequence[Evidence]) -> list[str]:
    """Parameters whose words are no value for them, nor are another parameter's value."""
    return [name for name, said in found.items() if not any(map(said.overlaps, used))]


def _every_choice(
    reader: Reader, layout: Layout, marker: int, parameter: Parameter
) -> list[Reading]:
    """All choices of a parameter, the surest first."""
    mark = layout.marks[marker]
    named = options(parameter)
    own = [
        k for k, m in enumerate(layout.marks)
        if m.kind == "option" and (m.tool, m.parameter) == (mark.tool, mark.parameter)
    ]  # fmt: skip
    return [
        Reading(spoken.choice(parameter, named[each.option]), each.evidence)
        for each in reader.choices(marker, own, margin=-math.inf)
    ]


def _is_numeric(parameter: Parameter) -> bool:
    return bool({parameter.type, parameter.items} & {"integer", "number"})


def _whole(evidence: Evidence, text: str, parameter: Parameter) -> Evidence:
    """The evidence with whole words, and of a list with the items beside it."""
    numeric = _is_numeric(parameter)
    start, end = words.whole(text, evidence.start, evidence.end, numeric=numeric)
    if parameter.type == "array" and not numeric:
        start, end = lists.reach(text, start, end, lists.known_items(parameter.description))
    return Evidence(evidence.message, start, end, text[start:end], evidence.confidence)


def _counted_up(parameter: Parameter, text: str, evidence: Evidence) -> Evidence:
    """The evidence, whole and sure where it is an item that the description counts up."""
    if parameter.type not in {"string", "array"}:
        return evidence
    known = lists.known_items(parameter.description)
    spot = lists.known_at(text, evidence.start, evidence.end, known) if known else None
    if spot is None:
        return evidence
    sure = max(evidence.confidence, _KNOWN)
    return Evidence(evidence.message, *spot, text[slice(*spot)], sure)


def _numbers_apart(parameter: Parameter, text: str, evidence: Evidence) -> list[Evidence]:
    """Each of the numbers of "401 and 402", which are no one number; none of a lone one."""
    if parameter.type not in {"integer", "number"}:
        return []
    spots = [(evidence.start + a, evidence.start + b) for a, b in lists.numbers(evidence.text)]
    if len(spots) < 2 or not all(
        _JOINED.search(text[one[1] : other[0]]) for one, other in itertools.pairwise(spots)
    ):
        return []
    return [replace(evidence, start=a, end=b, text=text[a:b]) for a, b in spots]


def _plain(parameter: Parameter, reading: Reading) -> Reading:
    """The reading, sure where it is a row of things that nobody takes for anything else."""
    known = lists.known_items(parameter.description)
    if isinstance(reading.value, list) and lists.is_plain_row(reading.value, known):
        return wording.sure_of(reading, _KNOWN)
    return reading


def _holds(readings: Sequence[Reading], evidence: Evidence) -> bool:
    """Whether surer readings have these words already: an item of a list that was read."""
    return any(
        (said := reading.evidence).message == evidence.message
        and said.start <= evidence.start
        and evidence.end <= said.end
        for reading in readings
    )


_JOINED = re.compile(r"\b(?:and|also|then|plus)\b|&", re.IGNORECASE)
_CORRECTED = re.compile(r"\b(?:no|not|instead|rather|sorry|actually|mean|meant)\b", re.IGNORECASE)


def _repeated(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], newest: int, text: str, sure: float
) -> bool:
    """Whether the last message asks twice for a required parameter that takes one value.

    "Rome and Milan" does, "Rome, no, Milan" and "from Rome to Milan" do not.
    """
    for parameter in tool.parameters:
        if not parameter.required or parameter.type == "array" or options(parameter):
            continue
        said = sorted(
            (
                reading.evidence
                for reading in _distinct(readings.get(parameter.name, ()))
                if reading.evidence.message == newest and reading.evidence.confidence >= sure
            ),
            key=lambda evidence: evidence.start,
        )
        between = text[said[0].end : said[-1].start] if len(said) > 1 else ""
        if _JOINED.search(between) and not _CORRECTED.search(between):
            return True
    return False


def _distinct(readings: Sequence[Reading]) -> list[Reading]:
    """Readings with different values; the surest mention of each."""
    seen: list[Reading] = []
    for reading in readings:
        if all(reading.value != other.value for other in seen):
            seen.append(reading)
    return seen


def _together(readings: Sequence[Reading], sure: float) -> list[Reading]:
    """The surest reading, and others of the same message that are sure enough beside it."""
    return [
        reading
        for place, reading in enumerate(readings)
        if place == 0
        or (
            reading.evidence.confidence >= sure
            and reading.evidence.message == readings[0].evidence.message
            and not reading.evidence.overlaps(readings[0].evidence)
        )
    ]


def _deal(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], count: int
) -> list[dict[str, list[Reading]]]:
    """Readings dealt out to `count` calls by where they are said.

    The parameters said `count` times name the calls, in order. What is said once holds
    for all of them. Anything between goes to the call named before it, or after it when
    the first value comes before the first name ("2 days in Paris, 4 in Rome").
    """
    dealt: list[dict[str, list[Reading]]] = [{} for _ in range(count)]
    if count == 1:
        return [{name: list(many) for name, many in readings.items()}]
    ordered = {name: sorted(many, key=_order) for name, many in readings.items()}
    leading = next(
        p for p in tool.parameters if p.type != "array" and len(ordered[p.name]) == count
    )
    anchors = [_order(reading) for reading in ordered[leading.name]]
    for parameter in tool.parameters:
        many = ordered[parameter.name]
        if len(many) == count and parameter.type != "array":
            for call, reading in zip(dealt, many, strict=True):
                call[parameter.name] = [reading]
        elif len(many) == 1:
            for call in dealt:
                call[parameter.name] = list(many)
        else:
            for reading in many:
                own = _anchor(anchors, _order(reading), follows=_order(many[0]) > anchors[0])
                dealt[own].setdefault(parameter.name, []).append(reading)
    return dealt


def _call(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message]
) -> Call:
    arguments: dict[str, Any] = {}
    evidence: dict[str, Evidence] = {}
    for parameter in tool.parameters:
        many = sorted(readings.get(parameter.name, ()), key=_order)
        if not many:
            continue
        if parameter.type == "array":
            arguments[parameter.name] = spoken.items(parameter, [r.value for r in many])
        else:
            arguments[parameter.name] = many[0].value
        evidence[parameter.name] = _joined([r.evidence for r in many], messages)
    missing = tuple(p.name for p in tool.parameters if p.required and p.name not in arguments)
    return Call(tool.name, arguments, missing, evidence)


def _joined(parts: Sequence[Evidence], messages: Sequence[Message]) -> Evidence:
    """The evidence of a list: from its first item to its last one in the same message."""
    first = parts[0]
    same = [part for part in parts if part.message == first.message]
    last = same[-1]
    if last is first:
        return first
    sure = min(part.confidence for part in parts)
    text = messages[first.message].content[first.start : last.end]
    return Evidence(first.message, first.start, last.end, text, sure)


def _order(reading: Reading) -> tuple[int, int]:
    return reading.evidence.message, reading.evidence.start


def _anchor(anchors: Sequence[tuple[int, int]], place: tuple[int, int], *, follows: bool) -> int:
    """The number of the call that a value at this place belongs to."""
    if follows:
        return max(sum(anchor <= place for anchor in anchors) - 1, 0)
    return min(sum(anchor < place for anchor in anchors), len(anchors) - 1)


def _place(call: Call) -> tuple[int, int]:
    """Where the newest of a call's evidence begins: later requests stand later."""
    spots = [(e.message, e.start) for e in call.evidence.values()]
    newest = max((m for m, _ in spots), default=1 << 30)
    return min((spot for spot in spots if spot[0] == newest), default=(1 << 30, 0))

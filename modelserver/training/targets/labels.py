"""What the model should answer on a row, and rows with their answers as tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from modelserver.tasks.targets.layout import Layout, options

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Message
    from modelserver.training.targets.data import Gold

# Other mentions of a value this long say the same thing; "2" said elsewhere may not.
SAME_VALUE_LENGTH = 4
IGNORED = -1

Span = tuple[int, int, int]


@dataclass(slots=True)
class Labels:
    """Answers for one layout; marker numbers index `layout.row.markers`."""

    layout: Layout
    tools: dict[int, int] = field(default_factory=dict)  # marker → wanted (1) or not (0)
    several: dict[int, int] = field(default_factory=dict)  # marker → more than one call
    fields: dict[int, list[tuple[list[int], list[int]]]] = field(default_factory=dict)
    blind: dict[int, set[int]] = field(default_factory=dict)  # marker → tokens not judged
    options: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    hints: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    sound: dict[int, int] = field(default_factory=dict)  # marker → right (1) or not (0)


def label(
    layout: Layout, messages: Sequence[Message], tools: Sequence[Tool], ids: Sequence[str],
    calls: Sequence[Gold],
) -> Labels:  # fmt: skip
    """Answers for a layout of `tools` (whose corpus ids are `ids`), wanted as `calls`."""
    labels = Labels(layout)
    where = _Mentions(layout, messages)
    for marker, mark in enumerate(layout.marks):
        wanted = [call for call in calls if call.tool == ids[mark.tool]]
        if mark.kind == "tool":
            labels.tools[marker] = int(bool(wanted))
            if wanted:
                labels.several[marker] = int(len(wanted) > 1)
        elif mark.kind == "parameter":
            parameter = tools[mark.tool].parameters[mark.parameter]
            _label_parameter(labels, marker, parameter, wanted, where)
    return labels


def _label_parameter(
    labels: Labels, marker: int, parameter: Parameter, calls: Sequence[Gold], where: _Mentions
) -> None:
    name = parameter.name
    if any(name in call.ignored for call in calls):
        return
    choices = options(parameter)
    if choices:
        _label_options(labels, marker, parameter, calls, where)
        return
    groups: list[tuple[list[int], list[int]]] = []
    blind: set[int] = set()
    seen: set[Span] = set()
    for call in calls:
        for span in call.spans.get(name, ()):
            if span in seen:
                continue
            seen.add(span)
            said, unsure = where.tokens(span, call.accept.get(name, ()))
            blind |= unsure
            if not said[0]:
                return  # The value lies in a part of the conversation that was cut off.
            groups.append(said)
    labels.fields[marker] = groups
    labels.blind[marker] = blind


def _label_options(
    labels: Labels, marker: int, parameter: Parameter, calls: Sequence[Gold], where: _Mentions
) -> None:
    mark = labels.layout.marks[marker]
    choices = [text.lower() for text in options(parameter)]
    own = [
        k for k, m in enumerate(labels.layout.marks)
        if m.kind == "option" and (m.tool, m.parameter) == (mark.tool, mark.parameter)
    ]  # fmt: skip
    gold: list[int] = []
    for call in calls:
        if parameter.name not in call.arguments:
            continue
        value = call.arguments[parameter.name]
        values = value if isinstance(value, list) else [value]
        for number, item in enumerate(values):
            text = str(item).lower()
            if text not in choices:
                return  # Not a value of the enum: nothing sure can be learnt.
            chosen = own[choices.index(text)]
            gold.append(chosen)
            spans = call.spans.get(parameter.name, ())
            span = spans[number] if number < len(spans) else (spans[0] if spans else None)
            if span:
                said, _ = where.tokens(span, ())
                if said[0]:
                    labels.hints[chosen] = said
    labels.options[marker] = (sorted(set(gold)), own)


class _Mentions:
    """Finds the tokens of a span, and of other mentions of the same words."""

    def __init__(self, layout: Layout, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._by_message: dict[int, list[tuple[int, int, int]]] = {}
        for token in layout.tokens:
            self._by_message.setdefault(token.message, []).append(
                (token.position, token.start, token.end)
            )

    def tokens(
        self, span: Span, accept: Sequence[Any]
    ) -> tuple[tuple[list[int], list[int]], set[int]]:
        """First and last tokens of all mentions, and tokens about which nothing is sure."""
        message, start, end = span
        text = self._messages[message].content[start:end]
        first = self._covering(message, start, end)
        starts, ends = ([first[0]], [first[-1]]) if first else ([], [])
        unsure: set[int] = set()
        for words in {text.lower(), *(str(a).lower() for a in accept)}:
            same = len(words) >= SAME_VALUE_LENGTH and not any(c.isdigit() for c in words)
            for place in self._other_mentions(words, span):
                if same:
                    starts.append(place[0])
                    ends.append(place[-1])
                else:
                    unsure |= {place[0], place[-1]}
        return (starts, ends), unsure - set(starts) - set(ends)

    def _other_mentions(self, words: str, span: Span) -> list[list[int]]:
        if not words.strip():
            return []
        pattern = re.compile(r"(?<!\w)" + re.escape(words) + r"(?!\w)", re.IGNORECASE)
        found = []
        for number in self._by_message:
            for match in pattern.finditer(self._messages[number].content):
                if (number, match.start(), match.end()) != span:
                    place = self._covering(number, match.start(), match.end())
                    if place:
                        found.append(place)
        return found

    def _covering(self, message: int, start: int, end: int) -> list[int]:
        tokens = self._by_message.get(message, ())
        return [p for p, a, b in tokens if a < end and b > start]


@dataclass(slots=True)
class Batch:
    """Rows with their answers; group tensors index into rows and markers."""

    ids: Tensor
    attention: Tensor
    types: Tensor
    markers: Tensor
    spoken: Tensor  # [rows, tokens] conversation tokens that may hold a value
    tool_y: Tensor  # [rows, markers] 1, 0, or -1 for not judged
    several_y: Tensor
    sound_y: Tensor
    field_at: Tensor  # [fields, 2] row and marker of every judged parameter
    field_negative: Tensor  # [fields, 2, tokens] no start, no end: must stay below "absent"
    group_at: Tensor  # [groups] index into fields
    group_start: Tensor  # [groups, tokens]
    group_end: Tensor
    hint_at: Tensor  # [hints, 2] row and marker of options whose evidence is known
    hint_start: Tensor
    hint_end: Tensor
    choice_at: Tensor  # [choices, 2] row and marker of every judged choice
    choice_own: Tensor  # [choices, markers] its options
    choice_gold: Tensor  # [choices, markers] the right ones among them

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


def collate(items: Sequence[Labels]) -> Batch:
    """Pad rows to one length and turn their answers into tensors."""
    count = len(items)
    length = max(len(item.layout.row) for item in items)
    width = max(1, *(len(item.layout.row.markers) for item in items))
    ids, attention, types = (np.zeros((count, length), np.int64) for _ in range(3))
    markers = np.zeros((count, width), np.int64)
    spoken = np.zeros((count, length), bool)
    tool_y = np.full((count, width), IGNORED, np.int64)
    several_y = tool_y.copy()
    sound_y = tool_y.copy()
    for r, item in enumerate(items):
        row = item.layout.row
        ids[r, : len(row)] = row.input_ids
        attention[r, : len(row)] = 1
        types[r, : len(row)] = row.token_type_ids
        markers[r, : len(row.markers)] = row.markers
        spoken[r, [token.position for token in item.layout.tokens]] = True
        for marker, value in item.tools.items():
            tool_y[r, marker] = value
        for marker, value in item.several.items():
            several_y[r, marker] = value
        for marker, value in item.sound.items():
            sound_y[r, marker] = value
    fields = _fields(items, length, spoken)
    return Batch(
        *map(torch.from_numpy, (ids, attention, types, markers, spoken, tool_y, several_y, sound_y)),
        *fields, *_hints(items, length), *_choices(items, width),
    )  # fmt: skip


def _fields(items: Sequence[Labels], length: int, spoken: np.ndarray) -> list[Tensor]:
    at: list[tuple[int, int]] = []
    group_at: list[int] = []
    negative, starts, ends = [], [], []
    for r, item in enumerate(items):
        for marker, groups in item.fields.items():
            bad = np.stack([spoken[r], spoken[r]])
            unsure = list(item.blind.get(marker, ()))
            bad[:, unsure] = False
            for first, last in groups:
                bad[0, first] = False
                bad[1, last] = False
                group_at.append(len(at))
                starts.append(_row(length, first))
                ends.append(_row(length, last))
            at.append((r, marker))
            negative.append(bad)
    return [
        torch.tensor(at, dtype=torch.long).reshape(-1, 2),
        torch.from_numpy(np.array(negative, bool).reshape(-1, 2, length)),
        torch.tensor(group_at, dtype=torch.long),
        torch.from_numpy(np.array(starts, bool).reshape(-1, length)),
        torch.from_numpy(np.array(ends, bool).reshape(-1, length)),
    ]


def _hints(items: Sequence[Labels], length: int) -> list[Tensor]:
    at: list[tuple[int, int]] = []
    starts, ends = [], []
    for r, item in enumerate(items):
        for marker, (first, last) in item.hints.items():
            at.append((r, marker))
            starts.append(_row(length, first))
            ends.append(_row(length, last))
    return [
        torch.tensor(at, dtype=torch.long).reshape(-1, 2),
        torch.from_numpy(np.array(starts, bool).reshape(-1, length)),
        torch.from_numpy(np.array(ends, bool).reshape(-1, length)),
    ]


def _choices(items: Sequence[Labels], width: int) -> list[Tensor]:
    at, own, gold = [], [], []
    for r, item in enumerate(items):
        for marker, (right, all_of_them) in item.options.items():
            at.append((r, marker))
            own.append(_row(width, all_of_them))
            gold.append(_row(width, right))
    return [
        torch.tensor(at, dtype=torch.long).reshape(-1, 2),
        torch.from_numpy(np.array(own, bool).reshape(-1, width)),
        torch.from_numpy(np.array(gold, bool).reshape(-1, width)),
    ]


def _row(length: int, places: Sequence[int]) -> np.ndarray:
    row = np.zeros(length, bool)
    row[list(places)] = True
    return row

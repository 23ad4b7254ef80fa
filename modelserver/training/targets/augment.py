"""Small changes to a case that leave its answer as it is.

A case comes back many times in training; each time its schema is worded, ordered and cut
a little differently, its text may carry slips of the keyboard, and other talk may come
before it. What changes the text moves the evidence spans along.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from string import ascii_lowercase
from typing import TYPE_CHECKING

from modelserver.tasks.types import Message

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.training.targets.data import Gold

Span = tuple[int, int, int]

TYPO_RATE = 0.02
SYSTEM_TEXTS = (
    "You are a helpful assistant.",
    "You are a friendly and concise assistant. Use the tools when they fit.",
    "Answer briefly. Never make up arguments.",
    "You help the customers of an online service.",
    "Today is Tuesday, 4 March 2025. The user lives in Leeds.",
)
DONE_TEXTS = (
    "Done.", "Here you go.", "All set! Anything else?", "I have taken care of that.",
    "Sure, that is done.", "Okay.", "There you are. What else can I do for you?",
)  # fmt: skip


def reworded_tool(tool: Tool, rng: random.Random, *, keep: frozenset[str] = frozenset()) -> Tool:
    """The tool with its parameters in another order, some texts or parameters gone.

    Parameters in `keep` are not dropped.
    """
    parameters = list(tool.parameters)
    if rng.random() < 0.5:
        rng.shuffle(parameters)
    if rng.random() < 0.2:
        parameters = [p for p in parameters if p.required or p.name in keep or rng.random() < 0.6]
    bare = rng.random() < 0.06
    changed = []
    for parameter in parameters:
        description = "" if bare or rng.random() < 0.06 else parameter.description
        enum = parameter.enum
        if enum and rng.random() < 0.5:
            enum = tuple(rng.sample(enum, len(enum)))
        changed.append(dataclasses.replace(parameter, description=description, enum=enum))
    description = "" if rng.random() < 0.05 else tool.description
    return dataclasses.replace(tool, description=description, parameters=tuple(changed))


def with_typos(
    messages: Sequence[Message], calls: Sequence[Gold], rng: random.Random
) -> tuple[tuple[Message, ...], tuple[Gold, ...]]:
    """Slips in words that are not evidence, with the spans moved."""
    spans = {span for call in calls for many in call.spans.values() for span in many}
    changed = list(messages)
    moved: dict[int, list[tuple[int, int]]] = {}
    for number, message in enumerate(messages):
        if message.role != "user":
            continue
        taken = [(s, e) for m, s, e in spans if m == number]
        text, edits = _slip(message.content, taken, rng)
        changed[number] = Message(message.role, text)
        moved[number] = edits
    return tuple(changed), tuple(_moved(call, moved) for call in calls)


def with_other_values(
    messages: Sequence[Message], calls: Sequence[Gold], values: Mapping[str, Sequence[str]],
    rng: random.Random,
) -> tuple[tuple[Message, ...], tuple[Gold, ...]]:  # fmt: skip
    """Values replaced by others that were said for parameters of the same name.

    A value is replaced wherever it is mentioned. A case whose spans would be torn by that
    stays as it is.
    """
    swaps: dict[str, str] = {}
    for call in calls:
        for name, many in call.spans.items():
            if len(many) == 1 and isinstance(call.arguments.get(name), str) and name in values:
                number, start, end = many[0]
                swaps.setdefault(messages[number].content[start:end], rng.choice(values[name]))
    swaps = {old: new for old, new in swaps.items() if len(old) > 2 and rng.random() < 0.7}
    edits: dict[int, list[tuple[int, int, str]]] = {}
    for old, new in swaps.items():
        pattern = re.compile(r"(?<!\w)" + re.escape(old) + r"(?!\w)", re.IGNORECASE)
        for number, message in enumerate(messages):
            edits.setdefault(number, []).extend(
                (found.start(), found.end(), new) for found in pattern.finditer(message.content)
            )
    spans = {span for call in calls for many in call.spans.values() for span in many}
    if not swaps or _torn(edits, spans):
        return tuple(messages), tuple(calls)
    changed = [
        Message(message.role, _edited(message.content, edits.get(number, ())))
        for number, message in enumerate(messages)
    ]
    return tuple(changed), tuple(_replaced(call, edits, swaps) for call in calls)


def with_history(
    messages: Sequence[Message], calls: Sequence[Gold], before: Sequence[Message]
) -> tuple[tuple[Message, ...], tuple[Gold, ...]]:
    """The case with other messages before it, and the spans' message numbers moved."""
    shift = len(before)
    moved = tuple(
        dataclasses.replace(
            call,
            spans={
                name: tuple((m + shift, s, e) for m, s, e in many)
                for name, many in call.spans.items()
            },
        )
        for call in calls
    )
    return (*before, *messages), moved


def _torn(edits: Mapping[int, Sequence[tuple[int, int, str]]], spans: AbstractSet[Span]) -> bool:
    for number, many in edits.items():
        ordered = sorted(many)
        if any(a[1] > b[0] for a, b in itertools.pairwise(ordered)):
            return True
        for message, start, end in spans:
            if message == number and any(
                s < end and e > start and (s, e) != (start, end) for s, e, _ in many
            ):
                return True
    return False


def _edited(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _replaced(
    call: Gold, edits: Mapping[int, Sequence[tuple[int, int, str]]], swaps: Mapping[str, str]
) -> Gold:
    def place(number: int, at: int) -> int:
        return at + sum(len(n) - (e - s) for s, e, n in edits.get(number, ()) if e <= at)

    spans = {
        name: tuple((m, place(m, s), place(m, e)) for m, s, e in many)
        for name, many in call.spans.items()
    }
    arguments = {
        name: swaps.get(value, value) if isinstance(value, str) else value
        for name, value in call.arguments.items()
    }
    return dataclasses.replace(call, spans=spans, arguments=arguments, accept={})


def _slip(
    text: str, taken: Sequence[tuple[int, int]], rng: random.Random
) -> tuple[str, list[tuple[int, int]]]:
    """The text with slips, and (place, shift) of each change of length, in order."""
    out: list[str] = []
    edits: list[tuple[int, int]] = []
    for place, character in enumerate(text):
        free = character.isalpha() and not any(s - 1 <= place <= e for s, e in taken)
        kind = rng.randrange(3) if free and rng.random() < TYPO_RATE else None
        if kind == 0:
            edits.append((place, -1))
        elif kind == 1:
            edits.append((place, 1))
            out += (character, character)
        else:
            out.append(character if kind is None else rng.choice(ascii_lowercase))
    return "".join(out), edits


def _moved(call: Gold, edits: dict[int, list[tuple[int, int]]]) -> Gold:
    def shift(number: int, place: int) -> int:
        return place + sum(change for at, change in edits.get(number, ()) if at < place)

    spans = {
        name: tuple((m, shift(m, s), shift(m, e)) for m, s, e in many)
        for name, many in call.spans.items()
    }
    return dataclasses.replace(call, spans=spans)

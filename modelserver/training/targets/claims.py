"""Finished calls to be judged: the right ones, and the same ones spoiled.

A call is shown as its tool with the words of each value. It is right when it is exactly what
the last message asks for now: not with two values exchanged, one of them another's, a value
that nobody said, one left out, another tool, and not when nothing is wanted at all.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelserver.tasks.targets.layout import options
from modelserver.training.targets.labels import Labels

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.targets.layout import Layouts
    from modelserver.tasks.types import Message
    from modelserver.training.targets.data import Case, Gold


@dataclass(frozen=True, slots=True)
class Claim:
    """A call with the words of its values; `wrong` names those that are not right.

    None stands for a call that is wrong as a whole: which values are is not asked.
    """

    tool: Tool
    arguments: Mapping[str, str]
    wrong: AbstractSet[str] | None = frozenset()


def judged(
    layouts: Layouts, messages: Sequence[Message], tool: Tool, arguments: Mapping[str, str],
    wrong: AbstractSet[str] | None,
) -> Labels:  # fmt: skip
    """The row of a claim with its labels; "" among `wrong` is something left out."""
    layout = layouts.claim(messages, tool, arguments)
    labels = Labels(layout)
    for marker, mark in enumerate(layout.marks):
        if mark.kind == "call":
            labels.sound[marker] = int(wrong is not None and not wrong)
        elif wrong is not None:
            labels.sound[marker] = int(tool.parameters[mark.parameter].name not in wrong)
    return labels


def make(case: Case, tools: Mapping[str, Tool], rng: random.Random, *, sound: bool) -> Claim | None:
    """A claim about a case; None where the case does not lend itself to one."""
    calls = [call for call in case.calls if not call.ignored]
    if not calls:
        if sound:
            return None
        return Claim(tools[rng.choice(case.tools)], {}, None) if case.tools else None
    call = rng.choice(calls)
    tool = tools[call.tool]
    arguments = said(call, tool, case.messages)
    if sound:
        return None if call.missing else Claim(tool, arguments)
    right = _Right(case, call, tool, arguments, tools)
    ways = list(_WAYS)
    rng.shuffle(ways)
    for way in ways:
        claim = way(right, rng)
        if claim is not None:
            return claim
    return None


def said(call: Gold, tool: Tool, messages: Sequence[Message]) -> dict[str, str]:
    """The words of each value of a call, a choice by its own name."""
    arguments: dict[str, str] = {}
    chosen = {parameter.name for parameter in tool.parameters if options(parameter)}
    for name, value in call.arguments.items():
        spans = call.spans.get(name, ())
        if name in chosen or not spans:
            arguments[name] = str(value).lower() if isinstance(value, bool) else str(value)
        elif isinstance(value, list):
            arguments[name] = ", ".join(_words(messages, span) for span in spans)
        else:
            arguments[name] = _words(messages, spans[0])
    return arguments


def _words(messages: Sequence[Message], span: tuple[int, int, int]) -> str:
    message, start, end = span
    return messages[message].content[start:end]


@dataclass(frozen=True, slots=True)
class _Right:
    """A right call, to be spoiled: its case, tool and the words of its values."""

    case: Case
    call: Gold
    tool: Tool
    arguments: Mapping[str, str]
    tools: Mapping[str, Tool]


Way = Callable[[_Right, random.Random], "Claim | None"]


def _exchanged(right: _Right, rng: random.Random) -> Claim | None:
    """Two values of like parameters in each other's place."""
    kinds = {p.name: p.type for p in right.tool.parameters if not options(p)}
    values = right.arguments
    like = [
        (a, b) for a, b in itertools.combinations(values, 2)
        if a in kinds and kinds[a] == kinds.get(b) and values[a] != values[b]
    ]  # fmt: skip
    if not like:
        return None
    a, b = rng.choice(like)
    return Claim(right.tool, {**values, a: values[b], b: values[a]}, {a, b})


def _another(right: _Right, rng: random.Random) -> Claim | None:
    """A value put where another belongs, or a parameter filled that nobody spoke of."""
    names = [p.name for p in right.tool.parameters if not options(p)]
    if not names:
        return None
    name = rng.choice(names)
    words = [word.strip(".,!?") for m in right.case.messages if m.role == "user"
             for word in m.content.split()]  # fmt: skip
    spoken = [w for w in words if any(c.isdigit() for c in w)] or words
    others = [*(v for k, v in right.arguments.items() if k != name), rng.choice(spoken or [""])]
    value = rng.choice(others)
    if not value or value.lower() == right.arguments.get(name, "").lower():
        return None
    return Claim(right.tool, {**right.arguments, name: value}, {name})


def _other_choice(right: _Right, rng: random.Random) -> Claim | None:
    """Another option of a choice, or true for false."""
    chosen = [p for p in right.tool.parameters if options(p) and p.name not in right.call.missing]
    if not chosen:
        return None
    parameter = rng.choice(chosen)
    if parameter.name not in right.call.arguments and parameter.type != "boolean":
        return None
    meant = str(right.call.arguments.get(parameter.name, "")).lower()
    others = [text for text in options(parameter) if text.lower() != meant]
    if not meant:
        others = ["true"]
    if not others:
        return None
    return Claim(
        right.tool, {**right.arguments, parameter.name: rng.choice(others)}, {parameter.name}
    )


def _left_out(right: _Right, rng: random.Random) -> Claim | None:
    """A value that was said is not there."""
    spoken = [name for name in right.arguments if right.call.spans.get(name)]
    if not spoken:
        return None
    gone = rng.choice(spoken)
    return Claim(right.tool, {k: v for k, v in right.arguments.items() if k != gone}, {""})


def _other_tool(right: _Right, rng: random.Random) -> Claim | None:
    """Another tool with the values that it has a parameter for."""
    others = [t for t in right.case.tools if t not in {c.tool for c in right.case.calls}]
    if not others:
        return None
    other = right.tools[rng.choice(others)]
    own = {p.name: p for p in other.parameters}
    values = {name: value for name, value in right.arguments.items() if name in own}
    free = [p.name for p in other.parameters if p.required and p.name not in values]
    spoken = [value for name, value in right.arguments.items() if name not in values]
    values |= dict(zip(free, spoken, strict=False))
    return Claim(other, values, None)


_WAYS: tuple[Way, ...] = (_exchanged, _exchanged, _another, _other_choice, _left_out, _other_tool)

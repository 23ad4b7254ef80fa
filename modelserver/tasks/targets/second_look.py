"""A second look at finished calls: is each exactly what the last message asks for, now?

The call is shown beside the conversation with the words of its values, and once more with two
values of like parameters exchanged ("from 4711 to 8822" read the wrong way round). The likeliest
of these is the call, and how likely it is is its confidence: what is asked about, done already,
or not wanted gets little. It costs a short row for each, and only where something is called.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelserver.tasks.targets.layout import Layout, Layouts, options
from modelserver.tasks.targets.reading import SOUND, sigmoid

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.types import Call, Message, Output

# Readings of one call that are looked at: itself and the likeliest exchanges.
MOST_READINGS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Calibrated: how much better an exchange must be, what moves the scores, what is no wish."""

    exchange: float = 1.0
    shift: float = 0.0
    dropped_below: float = 0.0


@dataclass(frozen=True, slots=True)
class Looks:
    """The rows to run for some calls, and which reading of which call each stands for."""

    layouts: tuple[Layout, ...]
    readings: tuple[tuple[Call, ...], ...]


class SecondLook:
    """The task, with one tokenizer's layouts."""

    def __init__(self, layouts: Layouts, settings: Settings | None = None) -> None:
        self._layouts = layouts
        self.settings = settings or Settings()

    def encode(
        self, messages: Sequence[Message], calls: Sequence[Call], tools: Mapping[str, Tool]
    ) -> Looks:
        """Rows for each call that lacks nothing."""
        readings = tuple(
            (call, *_exchanged(call, tools[call.name])) if not call.missing else ()
            for call in calls
        )
        layouts = tuple(
            self._layouts.claim(messages, tools[each.name], words(each, tools[each.name]))
            for many in readings
            for each in many
        )
        return Looks(layouts, readings)

    def decode(
        self, calls: Sequence[Call], looks: Looks, outputs: Sequence[Output]
    ) -> tuple[Call, ...]:
        """The calls as they are meant, each with its confidence; what is no wish is left out."""
        found: list[Call] = []
        rest = list(outputs)
        for call, many in zip(calls, looks.readings, strict=True):
            scores = [float(output["scores"][0, SOUND]) for output in rest[: len(many)]]
            del rest[: len(many)]
            meant = self._likeliest(many, scores) if many else call
            if meant is not None:
                found.append(meant)
        return tuple(found)

    def _likeliest(self, readings: Sequence[Call], scores: Sequence[float]) -> Call | None:
        settings = self.settings
        own, *exchanged = scores
        worth = [own, *(score - settings.exchange for score in exchanged)]
        best = max(range(len(worth)), key=worth.__getitem__)
        sure = sigmoid(scores[best] + settings.shift)
        if sure < settings.dropped_below:
            return None
        return dataclasses.replace(readings[best], confidence=sure)


def words(call: Call, tool: Tool) -> dict[str, str]:
    """What was said for each value; a choice by its own name, items of a list one by one."""
    chosen = {parameter.name for parameter in tool.parameters if options(parameter)}
    return {
        name: _shown(value) if name in chosen else _said(call, name, value)
        for name, value in call.arguments.items()
    }


def _said(call: Call, name: str, value: Any) -> str:
    evidence = call.evidence.get(name)
    if isinstance(value, list) or evidence is None or not evidence.text.strip():
        return _shown(value)
    return evidence.text


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _exchanged(call: Call, tool: Tool) -> list[Call]:
    """The call with the values of two like parameters in each other's place."""
    kinds = {p.name: (p.type, p.format) for p in tool.parameters if not options(p)}
    pairs = [
        (a, b)
        for a, b in itertools.combinations(call.arguments, 2)
        if a in kinds and kinds[a] == kinds.get(b) and kinds[a][0] != "array"
        and a in call.evidence and b in call.evidence
        and call.arguments[a] != call.arguments[b]
    ]  # fmt: skip
    return [
        dataclasses.replace(
            call,
            arguments={**call.arguments, a: call.arguments[b], b: call.arguments[a]},
            evidence={**call.evidence, a: call.evidence[b], b: call.evidence[a]},
        )
        for a, b in pairs[: MOST_READINGS - 1]
    ]

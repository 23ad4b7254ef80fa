"""Intent: which of the described targets, if any, the last user message wants.

A row holds targets and the conversation; a target's score is how far it beats "none of
them". When the targets of a request do not all fit a short row, the conversation's
embedding first picks the nearest ones. Targets' embeddings depend on their text alone and
are kept, so that fifty targets cost one short pass more than five.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from modelserver.tasks.targets.reading import TOOL, sigmoid
from modelserver.tasks.types import IntentAnswer, Message, Output, Ranked, Row

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.targets.layout import Layout, Layouts

# A shortlist ends where its tools fill a row's schema, within these bounds.
SHORTLIST_TOKENS = 150
LEAST, MOST = 2, 6

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """Calibrated: thresholds of the best and of further targets, and the share of nearness.

    `shift` moves all scores, so that 0.5 stays the middle between wanted and not wanted
    whatever a training made of its scores; `shift_few` does so where there is no nearness.
    """

    threshold: float = 0.5
    further: float = 0.5
    nearness: float = 0.0
    pivot: float = 0.0
    shift: float = 0.0
    shift_few: float = 0.0


class Intent:
    """The intent task."""

    def __init__(self, layouts: Layouts, settings: Settings | None = None) -> None:
        self._layouts = layouts
        self.settings = settings or Settings()

    def all_fit(self, tools: Sequence[Tool]) -> bool:
        """Whether a request needs no shortlist."""
        few = len(tools) <= MOST and sum(map(self._layouts.size, tools)) <= SHORTLIST_TOKENS
        return len(tools) == 1 or few

    def embed_tool(self, tool: Tool) -> Row:
        """The row whose embedding stands for a tool."""
        return self._layouts.tool_alone(tool)

    def embed_conversation(self, messages: Sequence[Message]) -> Row:
        """The row whose embedding stands for the conversation."""
        return self._layouts.conversation_alone(messages)

    def shortlist(self, tools: Sequence[Tool], nearness: Sequence[float]) -> tuple[int, ...]:
        """Numbers of the nearest tools, in their own order."""
        order = sorted(range(len(tools)), key=lambda number: -nearness[number])
        chosen: list[int] = []
        used = 0
        for number in order[:MOST]:
            used += self._layouts.size(tools[number])
            if used > SHORTLIST_TOKENS and len(chosen) >= LEAST:
                break
            chosen.append(number)
        return tuple(sorted(chosen))

    def scores(
        self, layouts: Sequence[Layout], outputs: Sequence[Output],
        nearness: Mapping[int, float] | None = None,
    ) -> dict[int, float]:  # fmt: skip
        """How sure it is that each tool is wanted; a tool in several rows has their mean."""
        found: dict[int, list[float]] = {}
        for layout, output in zip(layouts, outputs, strict=True):
            none = float(np.ravel(output["none"])[0])
            for marker, mark in enumerate(layout.marks):
                if mark.kind == "tool":
                    found.setdefault(mark.tool, []).append(output["scores"][marker, TOOL] - none)
        raw = {number: float(np.mean(many)) for number, many in found.items()}
        return {
            number: sigmoid(score)
            for number, score in blended(self.settings, raw, nearness).items()
        }

    def answer(
        self, tools: Sequence[Tool], scores: Mapping[int, float], threshold: float | None = None
    ) -> IntentAnswer:
        """The best target, when it is good enough."""
        limit = self.settings.threshold if threshold is None else threshold
        ranking = sorted(
            (Ranked(tools[number].name, score) for number, score in scores.items()),
            key=lambda ranked: -ranked.score,
        )
        best = ranking[0] if ranking else Ranked("", 0.0)
        name = best.name if ranking and best.score >= limit else None
        return IntentAnswer(name, best.score, tuple(ranking), limit)

    def wanted(self, scores: Mapping[int, float], threshold: float | None = None) -> list[int]:
        """Numbers of all tools the message wants, the surest first."""
        limit = self.settings.threshold if threshold is None else threshold
        order = sorted(scores, key=lambda number: -scores[number])
        if not order or scores[order[0]] < limit:
            return []
        further = max(limit, self.settings.further)
        return [order[0], *(number for number in order[1:] if scores[number] >= further)]


def blended(
    settings: Settings, scores: Mapping[int, float], nearness: Mapping[int, float] | None = None
) -> dict[int, float]:
    """Scores with the calibrated share of nearness, where there is one."""
    if not nearness:
        return {number: score + settings.shift_few for number, score in scores.items()}
    return {
        number: score
        + settings.shift
        + settings.nearness * (nearness.get(number, settings.pivot) - settings.pivot)
        for number, score in scores.items()
    }

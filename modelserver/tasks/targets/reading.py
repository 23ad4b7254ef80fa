"""From a row's scores to what was read: spans and choices, each with its confidence.

Everything that is "there" must beat the marker's own "absent" score, which the model
learnt together with the rest, by a margin: one for all parameters, however often they are said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from modelserver.tasks.types import Evidence, Message, Output

if TYPE_CHECKING:
    from modelserver.tasks.targets.layout import Layout, Token

TOOL, SEVERAL, OPTION, ABSENT_OPTION, ABSENT_START, ABSENT_END, SOUND = range(7)
LONGEST_VALUE = 48
MOST_SPANS = 32

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """An option that was chosen, and where the conversation supports it."""

    option: int
    evidence: Evidence


def sigmoid(value: float) -> float:
    """A score as a probability."""
    return float(1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0))))


class Reader:
    """Reads spans and choices off one row."""

    def __init__(self, layout: Layout, output: Output, messages: Sequence[Message]) -> None:
        self._layout = layout
        self._messages = messages
        self._scores = output["scores"]
        self._tokens = layout.tokens
        positions = [token.position for token in layout.tokens]
        self._starts = output["starts"][:, positions]
        self._ends = output["ends"][:, positions]
        owners = np.array([token.message for token in layout.tokens])
        place = np.arange(len(positions))
        reach = place[None, :] - place[:, None]
        self._reach = reach
        # What the gateway said itself is read, but never the source of a value.
        theirs = np.array([not messages[token.message].ours for token in layout.tokens], dtype=bool)
        # An end may follow its start in the same message, not too far behind.
        self._legal = (
            (reach >= 0) & (reach < LONGEST_VALUE) & (owners[None] == owners[:, None]) & theirs
        )

    def score(self, marker: int, column: int) -> float:
        """One of a marker's own scores."""
        return float(self._scores[marker, column])

    def spans(
        self, marker: int, *, margin: float = 0.0, length_penalty: float = 0.0
    ) -> list[Evidence]:
        """Values said for a parameter, the surest first.

        Start and end are scored apart, so that of "Cork to Malmo" the start of one city and
        the end of the other may both be high: each further token costs `length_penalty`.
        """
        if not self._legal.any():
            return []
        start = self._starts[marker] - self._scores[marker, ABSENT_START]
        end = self._ends[marker] - self._scores[marker, ABSENT_END]
        scores = start[:, None] + end[None, :] - length_penalty * self._reach
        pairs = np.where(self._legal, scores, -np.inf)
        found: list[Evidence] = []
        while len(found) < MOST_SPANS:
            first, last = divmod(int(pairs.argmax()), len(self._tokens))
            score = float(pairs[first, last])
            if score <= 2 * margin:
                break
            found.append(self._evidence(first, last, sigmoid(score / 2)))
            pairs[: last + 1, first:] = -np.inf
        return found

    def choices(self, marker: int, own: Sequence[int], *, margin: float = 0.0) -> list[Choice]:
        """Options chosen for a parameter, the surest first; `own` are their markers."""
        absent = self._scores[marker, ABSENT_OPTION]
        scores = {m: float(self._scores[m, OPTION] - absent) for m in own}
        chosen = sorted((m for m in own if scores[m] > margin), key=lambda m: -scores[m])
        return [
            Choice(self._layout.marks[m].option, self._support(m, sigmoid(scores[m])))
            for m in chosen
        ]

    def _support(self, marker: int, confidence: float) -> Evidence:
        """Where an option is said; the last message when the row holds no words of others."""
        if not self._legal.any():
            last = len(self._messages) - 1
            return Evidence(last, 0, 0, "", confidence)
        pairs = self._starts[marker][:, None] + self._ends[marker][None, :]
        pairs = np.where(self._legal, pairs, -np.inf)
        first, last = divmod(int(pairs.argmax()), len(self._tokens))
        return self._evidence(first, last, confidence)

    def _evidence(self, first: int, last: int, confidence: float) -> Evidence:
        head: Token = self._tokens[first]
        tail: Token = self._tokens[last]
        text = self._messages[head.message].content[head.start : tail.end]
        return Evidence(head.message, head.start, tail.end, text, confidence)

"""The values that travel between the server, the tasks and the models.

Nothing here knows of HTTP or of ONNX. The names follow the answers of
`POST /v1/decide`, so that the server turns them into JSON field by field.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from modelserver.schema import Tool


@dataclass(frozen=True, slots=True)
class Origin:
    """The words that were said, where a message is shown to the model in others.

    `pieces` are the places that differ, in order: start and end in what is shown, start and end in
    what was said. All else is the same in both. `shift` is how much later the shown text begins.
    """

    text: str
    pieces: tuple[tuple[int, int, int, int], ...]
    shift: int = 0

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where what is shown from `start` to `end` was said."""
        first = self._piece(start)
        last = self._piece(end - 1) if end > start else first
        return self._place(start, first, 2), self._place(end, last, 3)

    def shown(self, start: int, end: int) -> tuple[int, int]:
        """Where what was said from `start` to `end` is shown."""
        back = Origin("", tuple((c, d, a, b) for a, b, c, d in self.pieces))
        first, last = back.span(start, end)
        return first + self.shift, last + self.shift

    def _piece(self, place: int) -> int:
        """The number of the last piece that begins here or before; -1 before them all."""
        return bisect.bisect_right(self.pieces, place - self.shift, key=lambda piece: piece[0]) - 1

    def _place(self, place: int, number: int, side: int) -> int:
        if number < 0:
            return place - self.shift
        piece = self.pieces[number]
        beyond = place - self.shift - piece[1]
        inside = beyond < 0 if side == 2 else beyond <= 0
        return piece[side] if inside else piece[3] + beyond


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation; `role` is system, user, assistant or tool.

    `ours` is true of what the gateway said itself; no value is ever read from that. `origin` is
    there where `content` is not what was said but that in English.
    """

    role: str
    content: str
    ours: bool = False
    origin: Origin | None = None

    def said(self, start: int, end: int) -> tuple[str, int, int]:
        """The text that was said, and where in it stands what is shown from `start` to `end`."""
        if self.origin is None:
            return self.content, start, end
        return self.origin.text, *self.origin.span(start, end)

    def shown(self, start: int, end: int) -> tuple[int, int]:
        """Where `content` has what was said from `start` to `end`."""
        return (start, end) if self.origin is None else self.origin.shown(start, end)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a value means beside its words: the day on which they are said, and their language.

    Without a day "tomorrow" is none; without a language the words themselves tell theirs.
    """

    today: dt.date | None = None
    language: str | None = None


UNTOLD: Final = Occasion()


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks: which of the tools, and with which arguments.

    `threshold` replaces the calibrated one of the model; `max_calls` bounds the calls.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    threshold: float | None = None
    max_calls: int = 8
    occasion: Occasion = UNTOLD


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens `start` to `end` of a row that a model may read by themselves first.

    `keep`: they come from a config and may be remembered; never what somebody said.
    """

    start: int
    end: int
    keep: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence for a model, not yet padded.

    `markers` are the positions the heads read; a row without any is legal. The
    backend pads the three lists with 0 (the padding token, and position 0), adds the
    attention mask, and cuts each output back to this row's own lengths.
    """

    input_ids: tuple[int, ...]
    token_type_ids: tuple[int, ...]
    markers: tuple[int, ...] = ()
    parts: tuple[Part, ...] = ()

    def __len__(self) -> int:
        return len(self.input_ids)


# One row's outputs by name, without the batch axis and without padding.
Output = Mapping[str, NDArray[np.float32]]
# Runs rows through a model and gives one Output for each, in order.
Runner = Callable[[Sequence[Row]], Awaitable[Sequence[Output]]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A target and how sure the model is that it is wanted, 0 to 1."""

    name: str
    score: float


def newest(messages: Sequence[Message]) -> int:
    """The number of the last user message."""
    return max((n for n, each in enumerate(messages) if each.role == "user"), default=0)


def turns_of_wish(messages: Sequence[Message]) -> Iterator[int]:
    """The last user message, and those before it that the gateway answered with a question."""
    turn = newest(messages)
    yield turn
    while turn > 1 and messages[turn - 1].ours and messages[turn - 2].role == "user":
        turn -= 2
        yield turn


@dataclass(frozen=True, slots=True)
class IntentAnswer:
    """The target the last user message wants; `name` is None for none of them.

    `ranking` runs from the best to the worst; targets a shortlist left out are absent.
    """

    name: str | None
    score: float
    ranking: tuple[Ranked, ...]
    threshold: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value is said: characters `start` to `end` of message number `message`.

    `english` is what they say, where the message is in another language.
    """

    message: int
    start: int
    end: int
    text: str
    confidence: float
    english: str = ""

    def overlaps(self, other: Evidence) -> bool:
        """Whether the two share any words."""
        return self.message == other.message and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: typed arguments, what is missing, where each value is said.

    `unusable` names the parameters for which something was said that they cannot take.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    unusable: tuple[str, ...] = ()
    confidence: float | None = None
    """How likely it is what the last message asks for, exactly so; None: nobody looked again."""
    clause: tuple[int, int] | None = None
    """The characters of the last user message that say it by themselves, and no other call."""
    refused: tuple[tuple[int, int], ...] = ()
    """Stretches of the last user message that say which other value is not meant."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Intent and calls for one request; no calls when no target is wanted."""

    intent: IntentAnswer
    calls: tuple[Call, ...] = ()

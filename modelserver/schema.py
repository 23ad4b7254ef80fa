"""What travels between a client of the model server and the server, as dataclasses.

Shared with extproc, so: the standard library only, and nothing of the models. A request's
`to_json` is the body to send; a response's `from_json` is a strict reader of what came
back, which raises `ValueError` on anything that is not an answer. A guard score that is
no number must never pass for a harmless one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
ParameterType = Literal["string", "integer", "number", "boolean", "array", "object"]

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")

BENIGN = "benign"
ATTACK = "attack"


CONFIRM_BELOW = 0.5
"""What is less sure than this is asked back, where a model says nothing of its own."""


_LONGEST_SHORT = 4
_CALLED_TOO = {
    "adults": ("grown-up", "grownup", "grown up"), "children": ("kid",), "people": ("person", "pax"),
    "persons": ("people", "pax"), "guests": ("people", "person", "pax"), "passengers": ("people", "person", "pax"),
}  # fmt: skip
# Names of a yes that is a no to something: `sugar_free`, `without_ice`, `skip_breakfast`, `paperless`.
_LACKING = re.compile(
    r"(?:no|non|without|skip|exclude|omit|avoid|hide|disable) (?P<all>(?!(?:when|if|on|for|in) )[a-z]{3,}(?: [a-z]+)?)"
    r"|(?P<first>(?!is|are|be|for|set|get)[a-z]{3,}) free|(?P<last>[a-z]{4,})less"
)


def humanized(name: str) -> str:
    """`bookFlight`, `book_flight` and `flights.book-flight` as words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", spaced).strip().lower()


def is_short_for(said: str, word: str) -> bool:
    """Whether a word is a short form of another: `min` and `mins` of minutes, `hl` of hectolitres."""
    return (
        1 < len(said) <= _LONGEST_SHORT < len(word)
        and said[0] == word[0]
        and re.match(".*".join(map(re.escape, said)), word) is not None
    )


def called_too(word: str) -> tuple[str, ...]:
    """How people are counted as well: `adults` as grown-ups, `children` as kids."""
    return _CALLED_TOO.get(word, ())


def lacked(name: str) -> str | None:
    """What is to be left out where a yes or no of this name is yes: the gluten of `gluten_free`.

    Of `skip_when_raining` nothing is.
    """
    found = _LACKING.fullmatch(humanized(name))
    return found and (found["all"] or found["first"] or found["last"])


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: its role, and its text.

    `guard` false exempts the gateway's own prompts. `ours` is true of what the gateway said
    itself: it is read, but no value may ever come from it.
    """

    role: str
    content: str
    guard: bool = True
    ours: bool = False

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"role": self.role, "content": self.content}
        if not self.guard:
            body["guard"] = False
        return body | {"ours": True} if self.ours else body


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool: to the user's config, to extproc and to the models alike."""

    name: str
    type: ParameterType = "string"
    description: str = ""
    required: bool = False
    enum: tuple[Json, ...] = ()
    items: ParameterType | None = None
    """Of an array; None: texts to the models, anything to whoever checks."""
    default: Json = None
    has_default: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    format: str | None = None
    in_path: bool = False
    """Whether the API's path holds it; models are not told."""
    ask: str | None = None
    """The words for it in a question to the user; models are not told."""

    def to_json(self) -> dict[str, Any]:
        """What a tool's `properties` say under its name."""
        given = {
            "format": self.format,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "pattern": self.pattern,
            "enum": list(self.enum) or None,
            "items": {"type": self.items} if self.items else None,
            "default": self.default if self.has_default else None,
        }
        body = {"type": self.type, "description": self.description}
        return body | {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Tool:
    """A described target the last user message may want."""

    name: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """In OpenAI's form."""
        parameters = {
            "type": "object",
            "properties": {each.name: each.to_json() for each in self.parameters},
            "required": [each.name for each in self.parameters if each.required],
        }
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": parameters,
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class DecideRequest:
    """`POST /v1/decide`; `POST /v1/intent` takes the same and judges no text.

    `tools` are in OpenAI's form, with JSON Schema's or Python's names for types. `texts` are
    judged by the guard beside the messages: whatever else of a request a model may read.
    `today` (2026-05-31) is the day that "tomorrow" is counted from; `language` (de, en-GB) is
    the user's, where it is known.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]]
    guard: bool = True
    threshold: float | None = None
    guard_threshold: float | None = None
    max_calls: int | None = None
    timeout_ms: int | None = None
    texts: Sequence[str] = ()
    today: str | None = None
    language: str | None = None

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": [message.to_json() for message in self.messages],
            "tools": list(self.tools),
            "guard": self.guard,
        }
        if self.texts:
            body["texts"] = list(self.texts)
        options = (
            "threshold", "guard_threshold", "max_calls", "timeout_ms", "today", "language",
        )  # fmt: skip
        return body | _given(self, options)


@dataclass(frozen=True, slots=True)
class GuardRequest:
    """`POST /v1/guard`: texts that are scored each on its own."""

    texts: Sequence[str]
    threshold: float | None = None
    timeout_ms: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {"texts": list(self.texts)} | _given(self, ("threshold", "timeout_ms"))


def _given(request: object, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class GuardResult:
    """`verdict` is `attack` or `benign`; `view` names the reading with the highest score.

    `toxicity` is `null` when the model has no such output; `message` is the index of the
    worst message in a decision, `null` elsewhere and for one of `texts`.
    """

    verdict: str
    score: float
    view: str
    toxicity: float | None = None
    message: int | None = None

    @property
    def attack(self) -> bool:
        """Anything that is not said to be benign counts as an attack."""
        return self.verdict != BENIGN

    @classmethod
    def from_json(cls, value: Any) -> GuardResult:
        body = _object(value, "guard")
        index = body.get("message")
        return cls(
            verdict=_text(body, "verdict"),
            score=_share(body, "score"),
            view=_text(body, "view"),
            toxicity=None if body.get("toxicity") is None else _share(body, "toxicity"),
            message=index if isinstance(index, int) else None,
        )


@dataclass(frozen=True, slots=True)
class GuardResponse:
    results: Sequence[GuardResult]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> GuardResponse:
        body = _object(value, "answer")
        return cls(
            results=tuple(GuardResult.from_json(item) for item in _items(body, "results")),
            timings_ms=body.get("timings_ms") or {},
            models=body.get("models") or {},
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    name: str
    score: float

    @classmethod
    def from_json(cls, value: Any) -> Ranked:
        body = _object(value, "ranking")
        return cls(_text(body, "name"), _number(body, "score"))


@dataclass(frozen=True, slots=True)
class Intent:
    """`name` is `null` when no target fits; `ranking` runs from best to worst."""

    name: str | None
    score: float
    ranking: Sequence[Ranked]
    threshold: float

    @classmethod
    def from_json(cls, value: Any) -> Intent:
        body = _object(value, "intent")
        return cls(
            name=None if body.get("name") is None else _text(body, "name"),
            score=_number(body, "score"),
            ranking=tuple(Ranked.from_json(item) for item in _items(body, "ranking")),
            threshold=_number(body, "threshold"),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters `start` to `end` of message number `message` say the value.

    `english` is what they say, where the message is in another language and was read so.
    """

    message: int
    start: int
    end: int
    text: str
    confidence: float
    english: str = ""

    @classmethod
    def from_json(cls, value: Any) -> Evidence:
        body = _object(value, "evidence")
        message, start, end = (int(_number(body, name)) for name in ("message", "start", "end"))
        english = _text(body, "english") if "english" in body else ""
        return cls(message, start, end, _text(body, "text"), _number(body, "confidence"), english)


@dataclass(frozen=True, slots=True)
class Call:
    """`unusable` names what was said for a parameter that cannot take it.

    `confidence` is how sure it is that the call is what the last message asks for, exactly so
    and now; `null` when nobody judged the call as a whole. `clause` are the characters of the last
    user message that say it by themselves, and no other call; `null` when it was read off the
    whole of it. `refused` are stretches of that message that say which other value is not meant.
    """

    name: str
    arguments: Mapping[str, Any]
    missing: Sequence[str]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    unusable: Sequence[str] = ()
    confidence: float | None = None
    clause: tuple[int, int] | None = None
    refused: Sequence[tuple[int, int]] = ()

    @classmethod
    def from_json(cls, value: Any) -> Call:
        body = _object(value, "call")
        evidence = _object(body.get("evidence") or {}, "evidence")
        return cls(
            name=_text(body, "name"),
            arguments=_object(body.get("arguments"), "arguments"),
            missing=tuple(str(name) for name in _items(body, "missing")),
            evidence={name: Evidence.from_json(item) for name, item in evidence.items()},
            unusable=tuple(
                str(name) for name in _items({"unusable": body.get("unusable") or []}, "unusable")
            ),
            confidence=None if body.get("confidence") is None else _number(body, "confidence"),
            clause=None if body.get("clause") is None else _stretch(body["clause"], "clause"),
            refused=tuple(
                _stretch(each, "refused")
                for each in _items({"refused": body.get("refused") or []}, "refused")
            ),
        )


@dataclass(frozen=True, slots=True)
class DecideResponse:
    """`confirm_below` is the confidence from which on a call needs no asking back."""

    guard: GuardResult | None
    intent: Intent
    calls: Sequence[Call]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    confirm_below: float = CONFIRM_BELOW

    @classmethod
    def from_json(cls, value: Any) -> DecideResponse:
        body = _object(value, "answer")
        guard = body.get("guard")
        return cls(
            guard=None if guard is None else GuardResult.from_json(guard),
            intent=Intent.from_json(body.get("intent")),
            calls=tuple(Call.from_json(item) for item in _items(body, "calls")),
            timings_ms=body.get("timings_ms") or {},
            models=body.get("models") or {},
            confirm_below=_number({"confirm_below": CONFIRM_BELOW} | dict(body), "confirm_below"),
        )


@dataclass(frozen=True, slots=True)
class IntentResponse:
    intent: Intent
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> IntentResponse:
        body = _object(value, "answer")
        return cls(
            intent=Intent.from_json(body.get("intent")),
            timings_ms=body.get("timings_ms") or {},
            models=body.get("models") or {},
        )


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name}: expected an object, got {type(value).__name__}")  # noqa: TRY004
    return value


def _items(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name}: expected a list, got {type(value).__name__}")  # noqa: TRY004
    return value


def _stretch(value: Any, name: str) -> tuple[int, int]:
    bounds = [int(_number({name: bound}, name)) for bound in _items({name: value}, name)]
    if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1]:
        raise ValueError(f"{name}: expected where it begins and ends")
    return bounds[0], bounds[1]


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected text, got {type(value).__name__}")  # noqa: TRY004
    return value


def _share(body: Mapping[str, Any], name: str) -> float:
    value = _number(body, name)
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1")
    return value


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: expected a finite number")
    return value

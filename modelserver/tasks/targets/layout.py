"""How targets and a conversation are laid out as one row, and what each marker means.

    [CLS] [T] name: description [P] name: description (type) [O] option … [SEP]
    [user] … [assistant] … [last user] … [SEP]

The first part has token type 0, the conversation 1. Every [T], [P] and [O] is a marker
that the heads read; of a finished call that is to be judged [CALL] and [P] are. The conversation
keeps its newest tokens: older turns go first, and of an over-long message the beginning and the
end stay, since what is asked for is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from modelserver import tokenization
from modelserver.tasks.tools import humanized
from modelserver.tasks.types import Message, Part, Row

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tokenization import Tokenizer

MAX_TOOL = 24
MAX_TOOL_ALONE = 32
MAX_PARAMETER = 26
MAX_OPTION = 8
MAX_OPTIONS = 20
MAX_SCHEMA = 300
MAX_CONVERSATION = 192
MAX_EMBEDDED = 64
MAX_VALUE = 20
MAX_MESSAGE_CHARACTERS = 4096

_ROLES = {
    "user": tokenization.USER,
    "assistant": tokenization.ASSISTANT,
    "tool": tokenization.TOOL_OUTPUT,
    "system": tokenization.SYSTEM,
    "developer": tokenization.SYSTEM,
}
_TYPE_WORDS = {"integer": "integer", "number": "number", "array": "list", "object": "object"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a marker stands for: a tool or a finished call of it, a parameter, an option of that."""

    kind: Literal["tool", "parameter", "option", "call"]
    tool: int
    parameter: int = -1
    option: int = -1


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the conversation: its place in the row and the characters it covers."""

    position: int
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A row with the meaning of its markers and of its conversation tokens."""

    row: Row
    marks: tuple[Mark, ...]
    tokens: tuple[Token, ...]


def stretches(text: str) -> tuple[tuple[int, int], ...]:
    """What of a message the model is shown: all of it, or of a very long one both ends."""
    if len(text) <= MAX_MESSAGE_CHARACTERS:
        return ((0, len(text)),)
    half = MAX_MESSAGE_CHARACTERS // 2
    return (0, half), (len(text) - half, len(text))


def options(parameter: Parameter) -> tuple[str, ...]:
    """The choices a parameter offers the model; none when its values are spans."""
    if parameter.enum and len(parameter.enum) <= MAX_OPTIONS:
        return tuple(str(value) for value in parameter.enum)
    return ("true", "false") if parameter.type == "boolean" else ()


class Layouts:
    """Makes layouts with one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, conversation: int = MAX_CONVERSATION) -> None:
        self._tokenizer = tokenizer
        self._room = conversation
        token = tokenizer.token
        self._tool = token(tokenization.TOOL)
        self._parameter = token(tokenization.PARAMETER)
        self._option = token(tokenization.OPTION)
        self._roles = {role: token(name) for role, name in _ROLES.items()}
        self._last_user = token(tokenization.LAST_USER)
        self._call = token(tokenization.CALL)

    def size(self, tool: Tool) -> int:
        """How many tokens a tool takes in a row."""
        parts = (self._parameter_part(p, 0, k) for k, p in enumerate(tool.parameters))
        return 1 + len(self._tool_text(tool, names=False)) + sum(len(part.ids) for part in parts)

    def full(self, messages: Sequence[Message], tools: Sequence[Tool]) -> tuple[Layout, ...]:
        """Tools with their parameters, in as few rows as the schema's length allows."""
        conversation = self._conversation(messages, self._room)
        rows: list[list[_Piece]] = [[]]
        for number, tool in enumerate(tools):
            head = _Piece(
                (self._tool, *self._tool_text(tool, names=False)),
                (Mark("tool", number),), (0,),
            )  # fmt: skip
            pending = [head]
            for index, parameter in enumerate(tool.parameters):
                part = self._parameter_part(parameter, number, index)
                used = sum(len(p.ids) for p in (*rows[-1], *pending))
                if used + len(part.ids) > MAX_SCHEMA and (rows[-1] or len(pending) > 1):
                    rows[-1].extend(pending if len(pending) > 1 else ())
                    rows.append([])
                    pending = [head]
                pending.append(part)
            rows[-1].extend(pending)
        return tuple(self._layout(parts, conversation) for parts in rows)

    def claim(
        self, messages: Sequence[Message], tool: Tool, arguments: Mapping[str, str]
    ) -> Layout:
        """A finished call beside the conversation, to be judged: [CALL] tool [P] name [O] value."""
        head = (self._call, *self._tool_text(tool, names=False))
        parts = [_Piece(head, (Mark("call", 0),), (0,))]
        for index, parameter in enumerate(tool.parameters):
            if parameter.name not in arguments:
                continue
            text = humanized(parameter.name)
            if parameter.description:
                text += ": " + parameter.description
            value = self._tokenizer.fresh(arguments[parameter.name]).ids[:MAX_VALUE]
            ids = (self._parameter, *self._tokenizer.pieces(text).ids[:MAX_PARAMETER])
            mark = Mark("parameter", 0, index)
            parts.append(_Piece((*ids, self._option, *value), (mark,), (0,)))
        used = 0
        for place, part in enumerate(parts):
            used += len(part.ids)
            if used > MAX_SCHEMA:
                parts = parts[:place]
                break
        return self._layout(parts, self._conversation(messages, self._room))

    def tool_alone(self, tool: Tool) -> Row:
        """A tool without a conversation, for its embedding."""
        text = self._tool_text(tool, names=True)
        ids = (self._tokenizer.cls, self._tool, *text, self._tokenizer.sep)
        return Row(ids, (0,) * len(ids))

    def conversation_alone(self, messages: Sequence[Message]) -> Row:
        """The newest of the conversation without tools, for its embedding."""
        tokens = self._conversation(messages, MAX_EMBEDDED)
        ids = (self._tokenizer.cls, *(token[0] for token in tokens), self._tokenizer.sep)
        return Row(ids, (1,) * len(ids))

    def _tool_text(self, tool: Tool, *, names: bool) -> tuple[int, ...]:
        text = humanized(tool.name) + ": " + tool.description
        if names and tool.parameters:
            text += " (" + ", ".join(humanized(p.name) for p in tool.parameters) + ")"
        return self._tokenizer.pieces(text).ids[: MAX_TOOL_ALONE if names else MAX_TOOL]

    def _parameter_part(self, parameter: Parameter, tool: int, index: int) -> _Piece:
        text = humanized(parameter.name)
        if parameter.description:
            text += ": " + parameter.description
        ids = [self._parameter, *self._tokenizer.pieces(text).ids[:MAX_PARAMETER]]
        word = _TYPE_WORDS.get(parameter.type)
        if word:
            ids += self._tokenizer.pieces(f"({word})").ids
        marks, places = [Mark("parameter", tool, index)], [0]
        for number, option in enumerate(options(parameter)):
            marks.append(Mark("option", tool, index, number))
            places.append(len(ids))
            words = option.replace("_", " ")
            ids += (self._option, *self._tokenizer.pieces(words).ids[:MAX_OPTION])
        return _Piece(tuple(ids), tuple(marks), tuple(places))

    def _conversation(
        self, messages: Sequence[Message], room: int
    ) -> list[tuple[int, int, int, int]]:
        """Tokens as (id, message, start, end), oldest first; a role's token has end 0."""
        last = max((i for i, m in enumerate(messages) if m.role == "user"), default=-1)
        blocks: list[list[tuple[int, int, int, int]]] = []
        for number in range(len(messages) - 1, -1, -1):
            role = messages[number].role
            mark = self._last_user if number == last else self._roles.get(role, self._roles["tool"])
            block = self._message(messages[number].content, number, room - 1)
            blocks.append([(mark, number, 0, 0), *block])
            room -= len(block) + 1
            if room < 8:
                break
        return [token for block in reversed(blocks) for token in block]

    def _message(self, text: str, number: int, room: int) -> list[tuple[int, int, int, int]]:
        tokens = []
        for base, stop in stretches(text):
            pieces = self._tokenizer.fresh(text[base:stop])
            tokens += [
                (i, number, base + start, base + end)
                for i, (start, end) in zip(pieces.ids, pieces.offsets, strict=True)
            ]
        if len(tokens) <= room:
            return tokens
        head = room // 3
        return tokens[:head] + tokens[len(tokens) - (room - head) :]

    def _layout(
        self, parts: Sequence[_Piece], conversation: Sequence[tuple[int, int, int, int]]
    ) -> Layout:
        ids = [self._tokenizer.cls]
        marks: list[Mark] = []
        places: list[int] = []
        own: list[Part] = []
        for part in parts:
            places += (len(ids) + place for place in part.places)
            marks += part.marks
            ids += part.ids
            if part.marks[0].kind in ("tool", "call"):
                own.append(Part(len(ids) - len(part.ids), len(ids), part.marks[0].kind == "tool"))
            else:
                own[-1] = replace(own[-1], end=len(ids))
        ids.append(self._tokenizer.sep)
        base = len(ids)
        ids += (token[0] for token in conversation)
        ids.append(self._tokenizer.sep)
        types = (0,) * base + (1,) * (len(ids) - base)
        tokens = tuple(
            Token(base + k, message, start, end)
            for k, (_, message, start, end) in enumerate(conversation)
            if end > start
        )
        row = Row(tuple(ids), types, tuple(places), tuple(own))
        return Layout(row, tuple(marks), tokens)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the schema: its ids, its markers, and where in the ids they stand."""

    ids: tuple[int, ...]
    marks: tuple[Mark, ...]
    places: tuple[int, ...]

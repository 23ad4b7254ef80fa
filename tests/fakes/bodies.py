"""Request bodies from a string of choices: nearly valid, and spelled in every odd way.

A stream of bytes decides each step, so Hypothesis can shrink a failing body by shrinking the
bytes, and a seeded generator can make thousands of them fast.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

_KEYS = (
    "model", "messages", "metadata", "stream", "stream_options", "temperature", "prompt", "input",
    "Model", "METADATA", "Messages", "tools", "user", "mode", "models", "", "é", "model ", "a\0b",
)  # fmt: skip
_MESSAGE_KEYS = ("content", "role", "model", "name", "text", "MODEL", "tool_calls", "x")
_PART_KEYS = ("text", "type", "image_url", "arguments", "function", "model", "metadata")
_MODELS = ("main", "gpt-4o", "text-embedding-3-small", "embed", "other", "", "é😀")
_NUMBERS = (
    "0", "1", "-0", "-12", "0.5", "1e9", "1E+5", "-1.50e-3", "123456789012345678901234567890",
    "1e999", "7",
)  # fmt: skip
_LITERALS = ("true", "false", "null")
_SPACES = ("", "", "", " ", "\n", "\t", "\r\n  ")
_CHARACTERS = 'ab Z09{}[]:,"\\/\n\t\0\x1f\x7féя中\u2028\uffff😀\U0010ffff'
_BREAKERS = (
    b",", b"}", b"]", b"{", b"[", b'"', b":", b"\\", b"0", b"1", b"-", b".", b"e", b"x", b" ",
    b"\x00", b"\x0b", b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8",
    b"\xef\xbb\xbf", b"\\ud800", b"\\udc00\\ud800", b"\\u00", b"\\x41", b"NaN", b"/**/", b"//",
    b"tru", b"null", b"\xc2\xa0", b"01", b"+1", b".5", b"1.", b"{}", b"[]",
)  # fmt: skip


class Choices:
    """Bytes read as decisions; once they are used up, the first option it is, always."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        if self._at >= len(self._data):
            return 0
        self._at += 1
        return self._data[self._at - 1] % limit

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]


def body(choices: Choices) -> bytes:
    """One body; every third or so is broken in one place."""
    made = (_space(choices) + _top(choices) + _space(choices)).encode()
    return _broken(choices, made) if choices.below(3) == 2 else made


def _broken(choices: Choices, made: bytes) -> bytes:
    at = (choices.below(256) * 256 + choices.below(256)) % (len(made) + 1)
    match choices.below(5):
        case 0:
            return made[:at] + choices.pick(_BREAKERS) + made[at:]
        case 1:
            return made[:at] + made[at + 1 :]
        case 2:
            return made[:at]
        case 3:
            return made[:at] + choices.pick(_BREAKERS) + made[at + 1 :]
        case _:
            return made[:at] + made[at // 2 : at] + made[at:]


def _space(choices: Choices) -> str:
    return choices.pick(_SPACES)


def _spelled(choices: Choices, text: str) -> str:
    """A JSON string that says `text`: often as one would write it, else escaped at random."""
    if choices.below(2) == 0:
        return json.dumps(text, ensure_ascii=choices.below(2) == 1)
    return '"' + "".join(_character(choices, character) for character in text) + '"'


def _character(choices: Choices, character: str) -> str:
    plain = json.dumps(character, ensure_ascii=False)[1:-1]
    way = choices.below(4)
    if way == 1 and character == "/":
        return "\\/"
    if way < 2:
        return plain
    units = character.encode("utf-16-be")
    pairs = (units[index : index + 2].hex() for index in range(0, len(units), 2))
    return "".join("\\u" + (pair if way == 2 else pair.upper()) for pair in pairs)


def _string(choices: Choices) -> str:
    length = choices.pick((0, 1, 2, 5))
    return _spelled(choices, "".join(choices.pick(_CHARACTERS) for _ in range(length)))


def _value(choices: Choices, depth: int = 0) -> str:
    kind = choices.below(8)
    if kind == 6 and depth < 6:
        return _object(choices, _PART_KEYS, lambda _name: _value(choices, depth + 1))
    if kind == 7 and depth < 6:
        return _array(choices, lambda: _value(choices, depth + 1))
    if kind in (3, 4):
        return choices.pick(_NUMBERS)
    return choices.pick(_LITERALS) if kind == 5 else _string(choices)


def _array(choices: Choices, item: Callable[[], str]) -> str:
    items = [_space(choices) + item() + _space(choices) for _ in range(choices.pick((0, 1, 2, 4)))]
    return "[" + (",".join(items) or _space(choices)) + "]"


def _object(choices: Choices, keys: Sequence[str], value: Callable[[str], str]) -> str:
    members = []
    for _ in range(choices.pick((0, 1, 2, 3, 5, 8))):
        name = choices.pick(keys)
        spelled = _spelled(choices, name) + _space(choices) + ":"
        members.append(_space(choices) + spelled + _space(choices) + value(name) + _space(choices))
    return "{" + (",".join(members) or _space(choices)) + "}"


def _top(choices: Choices) -> str:
    if choices.below(32) == 31:
        return _value(choices)
    return _object(choices, _KEYS, lambda name: _top_value(choices, name))


def _top_value(choices: Choices, name: str) -> str:
    if choices.below(8) == 7:
        return _value(choices)
    match name.lower():
        case "model":
            return _spelled(choices, choices.pick(_MODELS))
        case "messages":
            return _array(choices, lambda: _message(choices))
        case "stream":
            return choices.pick(("true", "false", "null", '"true"', "1"))
        case "stream_options":
            return choices.pick(("null", '{"include_usage":false}', "{}"))
        case _:
            return _value(choices)


def _message(choices: Choices) -> str:
    if choices.below(8) == 7:
        return _value(choices)
    return _object(choices, _MESSAGE_KEYS, lambda _name: _value(choices, 2))

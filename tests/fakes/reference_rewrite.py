"""What `envoy/rewrite.lua` and `envoy/choose.lua` must do, said a second time in Python.

Written against the contract, not after the Lua: Python's own JSON reader decides what is JSON
and where each value ends, and objects are put together again from the pieces that stay, where
the Lua cuts spans out of the whole.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
MAX_DEPTH = 64

_SPACE = re.compile(r"[ \t\n\r]*")
_TEXTS = {"content", "text", "arguments", "name", "refusal"}
_INPUTS = {"prompt", "input", "suffix", "instructions", "system"}


class RefusedBody(ValueError):
    """The body is not what the gateway may pass on."""


@dataclass(frozen=True, slots=True)
class Target:
    """The provider of an attempt, and how the route to it was chosen."""

    model: str | None
    name: str
    route: str | None = None
    route_model: str | None = None


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    spelled: str
    before: str
    value: str
    after: str
    """With the key and colon, `before` and `after` are all there is up to the commas."""

    def text(self, value: str | None = None) -> str:
        return self.before + self.spelled + (self.value if value is None else value) + self.after


class _Object(list[tuple[str, Any]]):
    """Pairs as they stand, duplicates included."""


def rewrite(body: bytes, target: Target, path: str) -> bytes:
    """The body that the provider gets."""
    text = _checked_text(body)
    start = _skip(text, 0)
    members, end = _members(text, start)
    inside = _rewritten_members(members, target, path)
    if not members:
        inside.append(text[start + 1 : end - 1])
        return (text[:start] + "{" + "".join(inside) + "}" + text[end:]).encode()
    return (text[:start] + "{" + ",".join(inside) + "}" + text[end:]).encode()


def estimated_tokens(body: bytes) -> int:
    """Tokens of the prompt: 5, 10, 16, 40 twentieths for characters of 1, 2, 3, 4 bytes."""
    pairs = _loads(_checked_text(body))
    weight = sum(
        _weight(value, text=name in _INPUTS, top=True)
        if name in _INPUTS
        else _messages_weight(value)
        for name, value in pairs
        if name in _INPUTS or (name.lower() == "messages" and not isinstance(value, _Object))
    )
    return max(1, math.ceil(weight / 20))


def _messages_weight(value: Any) -> int:
    if not isinstance(value, list):
        return 0
    return sum(_weight(item, text=False) for item in value if isinstance(item, _Object))


def _weight(value: Any, *, text: bool, top: bool = False) -> int:
    if isinstance(value, _Object):
        return sum(_weight(item, text=name in _TEXTS, top=True) for name, item in value)
    if isinstance(value, list):
        return sum(_weight(item, text=text) for item in value)
    if not text:
        return 0
    if isinstance(value, str):
        sizes = [len(character.encode()) for character in value]
        return sum({1: 5, 2: 10, 3: 16, 4: 40}[size] for size in sizes)
    # A prompt may be a list of token numbers.
    is_number = isinstance(value, _Number)
    return 20 if is_number and not top else 0


class _Number:
    def __init__(self, spelled: str) -> None:
        self.spelled = spelled


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedBody(name)


def _loads(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=_Object,
        parse_constant=_refuse_constant,
        parse_int=_Number,
        parse_float=_Number,
    )


def _checked_text(body: bytes) -> str:
    try:
        text = body.decode("utf-8", "strict")
        value = _loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RefusedBody(str(error)) from error
    if not isinstance(value, _Object):
        raise RefusedBody("not an object")
    _check_nodes(value)
    _check_keys(value)
    for name, item in value:
        if name.lower() == "messages" and isinstance(item, list) and not isinstance(item, _Object):
            for element in item:
                if isinstance(element, _Object):
                    _check_keys(element)
    return text


def _check_nodes(value: _Object) -> None:
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        node, depth = pending.pop()
        if isinstance(node, list) and depth > MAX_DEPTH:
            raise RefusedBody("too deep")
        if isinstance(node, _Object):
            pending += [(part, depth + 1) for pair in node for part in pair]
        elif isinstance(node, list):
            pending += [(item, depth + 1) for item in node]
        elif isinstance(node, str) and any("\ud800" <= character <= "\udfff" for character in node):
            raise RefusedBody("lone surrogate")


def _check_keys(value: _Object) -> None:
    if any("\0" in name for name, _ in value):
        raise RefusedBody("NUL in a key")


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    assert match
    return match.end()


def _value_end(text: str, index: int) -> int:
    return json.JSONDecoder(parse_int=_Number).raw_decode(text, index)[1]


def _members(text: str, start: int) -> tuple[list[_Member], int]:
    """The members of the object at `start`, and where it ends."""
    members: list[_Member] = []
    index = start + 1
    if text[_skip(text, index)] == "}":
        return members, _skip(text, index) + 1
    while True:
        key = _skip(text, index)
        name, key_end = json.JSONDecoder().raw_decode(text, key)
        value = _skip(text, _skip(text, key_end) + 1)
        value_end = _value_end(text, value)
        end = _skip(text, value_end)
        members.append(
            _Member(
                name, text[key:value], text[index:key], text[value:value_end], text[value_end:end]
            )
        )
        if text[end] == "}":
            return members, end + 1
        index = end + 1


def _rewritten_members(members: list[_Member], target: Target, path: str) -> list[str]:
    model = _model_to_write(members, target, path)
    asks = _asks_for_usage(members, path)
    only = [member for member in members if member.name.lower() == "model"]
    untouched = model is None and len(only) == 1 and only[0].name == "model"
    texts: list[str] = []
    written = untouched
    for member in members:
        folded = member.name.lower()
        if folded == "metadata" or (asks and member.name == "stream_options"):
            continue
        if folded == "model" and not untouched:
            if model is not None and not written:
                texts.append(f'{member.before}"model":{model}{member.after}')
                written = True
            continue
        value = _without_models(member.value) if folded == "messages" else None
        texts.append(member.text(value))
    if model is not None and not written:
        texts.insert(0, f'"model":{model}')
    if asks:
        texts.append('"stream_options":{"include_usage":true}')
    return texts


def _last(members: list[_Member], name: str) -> str | None:
    return next((member.value for member in reversed(members) if member.name == name), None)


def _model_to_write(members: list[_Member], target: Target, path: str) -> str | None:
    """The raw value for `model`; None: the client's own stands as it is, or there is none."""
    last = _last(members, "model")
    named = json.loads(last) if last is not None and last.startswith('"') else None
    if target.model is not None:
        chooses = named is None or named in (target.name, target.route, target.route_model)
        if path == CHAT or chooses:
            return json.dumps(target.model, ensure_ascii=False)
    alike = [member for member in members if member.name.lower() == "model"]
    if last is not None and (len(alike) > 1 or alike[0].spelled.rstrip(" \t\r\n:") != '"model"'):
        return last
    return None


def _asks_for_usage(members: list[_Member], path: str) -> bool:
    if path not in (CHAT, COMPLETIONS) or _last(members, "stream") != "true":
        return False
    return _last(members, "stream_options") in (None, "null")


def _without_models(value: str) -> str:
    """An array of messages, each without its own `model`."""
    if not value.startswith("["):
        return value
    pieces: list[str] = ["["]
    index = 1
    while True:
        start = _skip(value, index)
        pieces.append(value[index:start])
        if value[start] in ",]":
            pieces.append(value[start])
            if value[start] == "]":
                return "".join(pieces)
            index = start + 1
            continue
        end = _value_end(value, start)
        element = value[start:end]
        pieces.append(_without_model(element) if element.startswith("{") else element)
        index = end


def _without_model(element: str) -> str:
    members, _ = _members(element, 0)
    kept = [member.text() for member in members if member.name.lower() != "model"]
    return element if len(kept) == len(members) else "{" + ",".join(kept) + "}"

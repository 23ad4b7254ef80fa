"""JSON that every reader understands the same way, or none.

What is forwarded is what was judged: the object read here, written anew. So a body must not
mean one thing to us and another to the reader behind us. Refused are: anything but UTF-8, a
byte order mark, NaN and Infinity, numbers out of a double's range, duplicate keys, keys that
differ only in case, NUL and lone surrogates, and more depth or values than a prompt has.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

from extproc.errors import InvalidJson

MAX_DEPTH = 64
MAX_VALUES = 50_000
_MAX_DIGITS = 400
_SHOWN = 40
# A string, or what is left of the text after a quote that nothing closes: the search never
# begins anew inside of one, and so is linear whatever the text.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def loads(body: bytes) -> dict[str, Any]:
    """The body's object, its keys in order."""
    if not body.strip():
        raise InvalidJson("the body is empty; send a JSON object")
    text = _text(body)
    _require_few(text)
    value = _parse(text)
    if not isinstance(value, dict):
        raise InvalidJson(f"the body must be a JSON object, not {kind(value)}")
    _check_size(value)
    # A NUL or half a surrogate pair can only have come from an escape.
    if b"\\u" in body:
        _check_strings(value)
    return value


def read(text: str) -> Any:
    """Any JSON value that every reader understands the same way."""
    _require_few(text)
    value = _parse(text)
    _check_size([value])
    _check_strings([value])
    return value


def dumps(value: Any) -> bytes:
    """The same object as bytes; the standard library takes the integers past 64 bits."""
    try:
        return orjson.dumps(value)
    except TypeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()


def text_of(body: bytes) -> str:
    """The body of a text/plain request."""
    text = _text(body)
    if "\0" in text:
        raise InvalidJson("the body holds a NUL character")
    return text


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"the body is not UTF-8: byte {error.start} is wrong") from None
    if text.startswith("\ufeff"):
        raise InvalidJson("the body begins with a byte order mark; send UTF-8 without one")
    return text


def _require_few(text: str) -> None:
    """Reject far too many values before they are built: a megabyte of them takes seconds."""
    if _marks(text) > 2 * MAX_VALUES and _marks(_STRING.sub("", text)) > 2 * MAX_VALUES:
        raise InvalidJson(f"the body holds more than {MAX_VALUES} values")


def _marks(text: str) -> int:
    """At least as many as there are values, at most twice as many."""
    return text.count(",") + text.count("[") + text.count("{")


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # Its own words quote nothing but what was expected and a position.
        raise InvalidJson(
            f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise InvalidJson(f"the body is nested deeper than {MAX_DEPTH} levels") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidJson(f"duplicate key {_first_duplicate([key for key, _ in pairs])}")
    # Some readers take a long s for another way to write "S".
    if len({key.casefold() for key in found}) != len(found):
        name = _first_duplicate([key.casefold() for key in found])
        raise InvalidJson(f"two keys differ only in case: {name}")
    return found


def _first_duplicate(keys: list[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return shown(key)
        seen.add(key)
    return ""


def shown(key: str) -> str:
    """A client's key in a message: short, printable, quoted."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in key[:_SHOWN])
    return f'"{plain}"'


def _constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise InvalidJson(f"a number of {len(digits)} digits is too long")
    _float(digits)
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= _MAX_DIGITS else math.inf
    if not math.isfinite(value):
        raise InvalidJson("a number is too long or out of range")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)


def _check_size(top: dict[str, Any] | list[Any]) -> None:
    """Depth and number of values, without recursion."""
    level: list[Any] = [top]
    values = 0
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for node in level:
            items = node.values() if isinstance(node, dict) else node
            values += len(node)
            inner += [item for item in items if isinstance(item, dict | list)]
        if values > MAX_VALUES:
            raise InvalidJson(f"the body holds more than {MAX_VALUES} values")
        if not inner:
            return
        level = inner
    raise InvalidJson(f"the body is nested deeper than {MAX_DEPTH} levels")


def _check_strings(top: dict[str, Any] | list[Any]) -> None:
    pending: list[Any] = [top]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            _check_string(node)
        elif isinstance(node, dict):
            for key, item in node.items():
                _check_string(key)
                pending.append(item)
        elif isinstance(node, list):
            pending += node


def _check_string(text: str) -> None:
    if "\0" in text:
        raise InvalidJson(f"a text holds a NUL character: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidJson(f"a text holds half a surrogate pair: {shown(text)}") from None


def kind(value: Any) -> str:
    """What JSON calls this value."""
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)

"""The path and query of an API call, from the config's template and the arguments.

A value from a conversation can never leave its segment: it is percent-encoded whole, the few
values that mean something to a path even so are refused, and the result is taken apart again
and compared with the template.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import orjson

from extproc.errors import InvalidArguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extproc.contract import Parameter

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_LONGEST: Final = 256
# Many a server decodes a path before it takes it apart, some twice: an encoded slash is a slash
# to them, and so is a value that looks encoded already.
_UNSAFE: Final = re.compile(r"[/\\]|%[0-9a-f]{2}", re.IGNORECASE)


def path(template: str, arguments: Mapping[str, Any], target_name: str) -> str:
    """The template with its `{parameter}`s filled in."""
    names = {match[1] for match in _PLACE.finditer(template)}
    encoded = {name: _segment(name, arguments.get(name), target_name) for name in names}
    filled = _PLACE.sub(lambda match: encoded[match[1]], template)
    dots = {".", ".."} & set(filled.partition("?")[0].split("/"))
    if dots or _shape(filled) != _shape(_PLACE.sub("x", template)):
        raise _wrong("a value does not stay within its place in the path", target_name)
    return filled


def names_in(template: str) -> frozenset[str]:
    return frozenset(match[1] for match in _PLACE.finditer(template))


def with_query(
    filled: str,
    parameters: tuple[Parameter, ...],
    arguments: Mapping[str, Any],
    used: frozenset[str],
) -> str:
    """The arguments that are not in the path, as a query: arrays as repeated names."""
    pairs: list[str] = []
    for parameter in parameters:
        name = parameter.name
        if name in used or name not in arguments:
            continue
        value = arguments[name]
        items = value if isinstance(value, list | tuple) else (value,)
        pairs += [f"{quote(name, safe='')}={quote(_text(item), safe='')}" for item in items]
    if not pairs:
        return filled
    return filled + ("&" if "?" in filled else "?") + "&".join(pairs)


def _segment(name: str, value: Any, target_name: str) -> str:
    if value is None:
        raise _wrong(f"Missing value for parameter `{name}`", target_name)
    if isinstance(value, list | dict | tuple):
        raise _wrong(f"parameter `{name}` must be a single value", target_name)
    text = _text(value)
    if not text.strip() or text.strip() in (".", "..") or len(text.encode()) > _LONGEST:
        raise _wrong(f"parameter `{name}` cannot stand in a path", target_name)
    if not text.isprintable() or _UNSAFE.search(text):
        raise _wrong(f"parameter `{name}` cannot stand in a path", target_name)
    return quote(text, safe="")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)


def _shape(filled: str) -> tuple[str, str, int, int, int]:
    parts = urlsplit("http://internal" + filled)
    return parts.scheme, parts.netloc, filled.count("/"), filled.count("?"), filled.count("#")


def _wrong(reason: str, target_name: str) -> InvalidArguments:
    # v0.1's words, and its clients look for them.
    return InvalidArguments(f"error replacing params in path: {reason}", target_name=target_name)

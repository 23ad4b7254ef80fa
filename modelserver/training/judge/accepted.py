"""Which values count as right: the rules of the Berkeley leaderboard's own checker.

For each parameter the set lists the values it accepts; "" among them says that it may be left
out. A text is compared without capitals, spaces and some marks, a number in its own type (a
whole number will do for a fraction), a list in order, an object key by key. A value that is of
another type than the description says is right where the set itself has that type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

LEFT_OUT = ""
TYPES: Mapping[str, type] = {
    "string": str, "any": str, "integer": int, "float": float, "boolean": bool,
    "array": list, "tuple": list, "dict": dict,
}  # fmt: skip

_MARKS = re.compile(r"[ ,./\-_*^]")


def accepts(parameter: Mapping[str, Any], value: Any, accepted: Sequence[Any]) -> bool:
    """Whether a parameter's value is one of those accepted."""
    described = TYPES[parameter["type"]]
    if parameter["type"] == "float" and type(value) is int:
        value = float(value)
    written: type = next((type(each) for each in accepted if each != LEFT_OUT), described)
    if type(value) not in (described, written):
        return False
    of_items = _items(parameter)
    if of_items and isinstance(value, list) and not _of_type(value, accepted, of_items):
        return False
    if type(value) is not described or written is not described:
        return value in accepted
    if described is dict:
        return any(_same_object(value, each) for each in accepted if each != LEFT_OUT)
    if of_items is dict and isinstance(value, list):
        return any(_same_objects(value, each) for each in accepted if each != LEFT_OUT)
    if described is list:
        return _folded(value) in [_folded(each or []) for each in accepted]
    return _folded(value) in [_folded(each) for each in accepted]


def may_be_left_out(name: str, required: Sequence[str], accepted: Sequence[Any]) -> bool:
    """Whether a call without this parameter is right."""
    return name not in required and LEFT_OUT in accepted


def standard(text: str) -> str:
    """A text as texts are compared."""
    return _MARKS.sub("", text).lower().replace("'", '"')


def _items(parameter: Mapping[str, Any]) -> type | None:
    items = parameter.get("items") or {}
    return TYPES.get(items.get("type", "")) if TYPES[parameter["type"]] is list else None


def _of_type(value: Sequence[Any], accepted: Sequence[Any], described: type) -> bool:
    """Whether all items are of the type described, or of that of one of the lists accepted."""
    for each in accepted:
        first = type(each[0]) if isinstance(each, list) and each else described
        if not isinstance(each, list) or all(type(item) in (described, first) for item in value):
            return True
    return False


def _folded(value: Any) -> Any:
    if isinstance(value, list):
        return [standard(item) if isinstance(item, str) else item for item in value]
    return standard(value) if isinstance(value, str) else value


def _same_objects(value: Sequence[Any], accepted: Any) -> bool:
    return len(value) == len(accepted) and all(map(_same_object, value, accepted))


def _same_object(value: Any, accepted: Mapping[str, Sequence[Any]]) -> bool:
    if not isinstance(value, dict) or not value.keys() <= accepted.keys():
        return False
    return all(
        _folded(value[key]) in map(_folded, choices) if key in value else LEFT_OUT in choices
        for key, choices in accepted.items()
    )

"""Values that come from outside, made to fit the parameter they are for, or refused.

A language model writes `"5"` for an integer and `"yes"` for a boolean; that is mended. What
remains unfit (another type, outside the enum or the bounds, against the pattern) is nothing:
then the parameter is missing, and the user can be asked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modelserver.tasks.values.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelserver.schema import Parameter, ParameterType

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def fitting(parameter: Parameter, value: Any) -> Any:
    """The value as the parameter declares it; None when it does not fit."""
    if parameter.type == "array":
        return _list(parameter, value)
    fitted = _TYPED[parameter.type](value)
    return fitted if fitted is not None and _allowed(parameter, fitted) else None


def _list(parameter: Parameter, value: Any) -> list[Any] | None:
    if value is None:
        return None
    read = _TYPED[parameter.items or "string"]
    items = [read(item) for item in (value if isinstance(value, list) else [value])]
    fit = bool(items) and all(item is not None and _allowed(parameter, item) for item in items)
    return items if fit else None


def _allowed(parameter: Parameter, value: Any) -> bool:
    if parameter.enum and value not in parameter.enum:
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    if isinstance(value, str) and parameter.pattern:
        return matches(parameter.pattern, value)
    return True


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def _object(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


_TYPED: Mapping[ParameterType, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _whole,
    "number": _number,
    "boolean": _boolean,
    "object": _object,
    "array": lambda value: value if isinstance(value, list) else None,
}

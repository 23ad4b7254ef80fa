"""Values of a language model, made to fit the parameter they are for, or refused.

It writes `"5"` for an integer, "tomorrow" for a day, and one item for a list of one; that is
mended. What remains unfit is nothing: then the parameter is missing, and the user can be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from modelserver.checked import WRONG, checked
from modelserver.tasks.types import UNTOLD
from modelserver.tasks.values import spoken

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.types import Occasion

_READ: Final = frozenset({"integer", "number", "boolean"})
_READ_FORMATS: Final = frozenset({"date", "time", "date-time"})


def fitting(parameter: Parameter, value: Any, occasion: Occasion = UNTOLD) -> Any:
    """The value as the parameter declares it; None when it does not fit."""
    if parameter.type == "array":
        if value is None or value == []:
            return None
        value = [
            _read(parameter, item, occasion)
            for item in (value if isinstance(value, list) else [value])
        ]
    else:
        value = _read(parameter, value, occasion)
    found = checked(parameter, value)
    if isinstance(found, str):
        found = found.strip()
    return None if found is WRONG else found


def _read(parameter: Parameter, value: Any, occasion: Occasion) -> Any:
    """Words as the value they say, where the parameter takes no words."""
    kind = parameter.items if parameter.type == "array" else parameter.type
    if isinstance(value, str) and (kind in _READ or parameter.format in _READ_FORMATS):
        return spoken.one(parameter, value, occasion)
    return value

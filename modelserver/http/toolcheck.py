"""Tools as callers send them: checked by path, and brought into one plain spelling.

The reading itself is `tasks.tools.parse_tool`, which training uses too. What stands here is
the server's part: every mistake named by its path, and the spellings that SDKs produce for
the same thing (`Optional[int]`, `list[str]`, `int | None`, `anyOf` with null) made plain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelserver.checked import is_pattern
from modelserver.tasks.tools import parse_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelserver.schema import Tool

    Wrong = Callable[[str, str], None]

# Longer than any description that helps; they are read again with every candidate value.
MOST_DESCRIPTION = 2048
MOST_TYPE = 256

_OPTIONAL = re.compile(r"^(?:typing\.)?optional\[(.+)\]$|^(.+?)\s*\|\s*none$", re.IGNORECASE)
_GENERIC = re.compile(r"^(\w+)\[\s*(\w+).*\]$")


def read_tools(raw: Sequence[Any], wrong: Wrong, most_parameters: int) -> tuple[Tool, ...]:
    """All tools of a request; `wrong(path, message)` hears of every problem."""
    tools: list[Tool] = []
    for index, item in enumerate(raw):
        path = f"tools.{index}"
        plain = _plain_tool(item, path, wrong, most_parameters)
        if plain is None:
            continue
        tool = parse_tool(plain)
        if any(tool.name == other.name for other in tools):
            wrong(f"{path}.function.name", f"{tool.name!r} is the name of an earlier tool")
        tools.append(tool)
    return tuple(tools)


def _plain_tool(item: Any, path: str, wrong: Wrong, most: int) -> Mapping[str, Any] | None:
    if not isinstance(item, dict):
        wrong(path, "must be an object")
        return None
    function = item.get("function", item)
    inner = f"{path}.function" if "function" in item else path
    if not isinstance(function, dict):
        wrong(inner, "must be an object")
        return None
    name = function.get("name")
    if not isinstance(name, str) or not name.strip():
        wrong(f"{inner}.name", "must be text, and not empty")
        return None
    _require_description(function.get("description"), f"{inner}.description", wrong)
    schema = _plain_schema(function.get("parameters"), f"{inner}.parameters", wrong, most)
    return {**function, "parameters": schema}


def _plain_schema(schema: Any, path: str, wrong: Wrong, most: int) -> Mapping[str, Any]:
    if schema is None:
        return {}
    if not isinstance(schema, dict):
        wrong(path, "must be an object")
        return {}
    properties = schema.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        wrong(f"{path}.properties", "must be an object")
        return {}
    if len(properties) > most:
        wrong(f"{path}.properties", f"{len(properties)} parameters, the limit is {most}")
        return {}
    return {
        "properties": {
            name: _plain_parameter(value, f"{path}.properties.{name}", wrong)
            for name, value in properties.items()
        },
        "required": _required(schema.get("required"), properties, path, wrong),
    }


def _required(value: Any, properties: Mapping[str, Any], path: str, wrong: Wrong) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        wrong(f"{path}.required", "must be a list of names")
        return []
    for index, name in enumerate(value):
        if not isinstance(name, str) or name not in properties:
            wrong(f"{path}.required.{index}", "names no parameter under properties")
    return [name for name in value if isinstance(name, str)]


def _plain_parameter(value: Any, path: str, wrong: Wrong) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        wrong(path, "must be an object")
        return {}
    value = _without_null(value)
    kind, of_items = _plain_type(value.get("type"), f"{path}.type", wrong)
    items = value.get("items")
    if of_items and not isinstance(items, dict):
        items = {"type": of_items}
    plain = {**value, "type": kind, "items": items}
    if value.get("default") is None:
        plain.pop("default", None)
    if not isinstance(value.get("enum"), list | None):
        wrong(f"{path}.enum", "must be a list")
        plain.pop("enum")
    elif plain.get("enum"):
        plain["enum"] = [choice for choice in plain["enum"] if choice is not None]
    _require_description(value.get("description"), f"{path}.description", wrong)
    for name in ("minimum", "maximum"):
        _require_number(value.get(name), f"{path}.{name}", wrong)
    _require_pattern(value.get("pattern"), f"{path}.pattern", wrong)
    return plain


def _without_null(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """`anyOf: [{…}, {"type": "null"}]`, as SDKs write optional fields, is the first of them."""
    for name in ("anyOf", "oneOf"):
        choices = value.get(name)
        if isinstance(choices, list):
            real = [c for c in choices if isinstance(c, dict) and c.get("type") != "null"]
            if real:
                return {**value, **real[0]}
    return value


def _plain_type(value: Any, path: str, wrong: Wrong) -> tuple[str, str | None]:
    """The type, and the type of the items if it says so (`list[int]`)."""
    if isinstance(value, list):
        value = next((name for name in value if name != "null"), None)
    if value is None:
        return "string", None
    if not isinstance(value, str) or len(value) > MOST_TYPE:
        wrong(path, "must be the name of a type, such as string, integer, str or int")
        return "string", None
    name = value.strip()
    if optional := _OPTIONAL.match(name):
        name = optional[1] or optional[2]
    generic = _GENERIC.match(name)
    return (generic[1], generic[2]) if generic else (name, None)


def _require_text(value: Any, path: str, wrong: Wrong) -> None:
    if value is not None and not isinstance(value, str):
        wrong(path, "must be text")


def _require_description(value: Any, path: str, wrong: Wrong) -> None:
    _require_text(value, path, wrong)
    if isinstance(value, str) and len(value) > MOST_DESCRIPTION:
        wrong(path, f"{len(value)} characters, the limit is {MOST_DESCRIPTION}")


def _require_number(value: Any, path: str, wrong: Wrong) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        wrong(path, "must be a number")


def _require_pattern(value: Any, path: str, wrong: Wrong) -> None:
    _require_text(value, path, wrong)
    if isinstance(value, str) and not is_pattern(value):
        wrong(path, "is no regular expression")

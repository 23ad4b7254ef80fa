"""Tool descriptions as clients send them, to `Tool` and `Parameter`.

Both JSON Schema names for types (`integer`) and Python ones (`int`) are understood, in
the OpenAI form `{"type": "function", "function": {…}}` or bare. A type nobody knows is
read as text rather than refused: the description still says what is wanted.
"""

# ruff: noqa: TRY004 - what clients send is a value that is wrong, of whatever type
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelserver.checked import is_pattern
from modelserver.schema import Parameter, ParameterType, Tool, humanized

__all__ = ["humanized", "parse_tool"]

_TYPES: dict[str, ParameterType] = {
    "str": "string", "string": "string", "text": "string", "char": "string",
    "date": "string", "datetime": "string", "any": "string",
    "int": "integer", "integer": "integer", "long": "integer", "short": "integer",
    "float": "number", "number": "number", "double": "number", "decimal": "number",
    "bool": "boolean", "boolean": "boolean",
    "list": "array", "array": "array", "tuple": "array", "set": "array",
    "dict": "object", "object": "object", "hashmap": "object", "map": "object",
}  # fmt: skip


def parse_tool(value: Mapping[str, Any]) -> Tool:
    """Read one tool; a `ValueError` says what is wrong with it and where."""
    function = value.get("function", value)
    if not isinstance(function, Mapping):
        raise ValueError("function: must be an object")
    name = function.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name: must be a text that is not empty")
    return Tool(name, _text(function.get("description")), _parameters(function.get("parameters")))


def _parameters(schema: Any) -> tuple[Parameter, ...]:
    if schema is None:
        return ()
    if not isinstance(schema, Mapping):
        raise ValueError("parameters: must be an object")
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        raise ValueError("parameters.properties: must be an object")
    required = schema.get("required") or ()
    if not isinstance(required, list | tuple):
        raise ValueError("parameters.required: must be a list of names")
    return tuple(
        _parameter(str(name), value, name in required) for name, value in properties.items()
    )


def _parameter(name: str, value: Any, required: bool) -> Parameter:
    if not isinstance(value, Mapping):
        raise ValueError(f"parameters.properties.{name}: must be an object")
    items = value.get("items")
    items = items if isinstance(items, Mapping) else {}
    kind = _type(value.get("type"))
    enum = value.get("enum") or items.get("enum") or ()
    if not isinstance(enum, list | tuple):
        raise ValueError(f"parameters.properties.{name}.enum: must be a list")
    limits = items if kind == "array" else value
    return Parameter(
        name=name,
        type=kind,
        description=_text(value.get("description")),
        required=required or value.get("required") is True,
        enum=tuple(enum),
        items=_type(items.get("type")),
        default=value.get("default"),
        has_default="default" in value,
        minimum=_number(limits.get("minimum")),
        maximum=_number(limits.get("maximum")),
        pattern=_pattern(limits.get("pattern")),
        format=_text(limits.get("format")) or None,
    )


def _type(value: Any) -> ParameterType:
    if isinstance(value, list):
        value = next((name for name in value if name != "null"), None)
    word = re.split(r"[\[<(\s|]", str(value).lower(), maxsplit=1)[0]
    return _TYPES.get(word, "string")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _pattern(value: Any) -> str | None:
    """What is no pattern says nothing; a server refuses it before it comes here."""
    return value if isinstance(value, str) and is_pattern(value) else None

"""Parameters of a prompt target, their defaults and choices read by the declared type.

YAML says nothing of intent: `default: "5"` (v0.1's schema allowed only strings) is the number
five for an `int`, and `enum: [yes, no]` are two words for a `str`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Json, Parameter
from controlplane.reading.values import Flag, Number, Reading, label
from controlplane.reading.yaml_tree import Node

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Shape

_TEXTS = frozenset({"str", "string"})
_LISTS = frozenset({"list", "array", "set", "tuple"})
_SCALARS: dict[str, Shape] = {
    "int": Number(-1e15, whole=True),
    "integer": Number(-1e15, whole=True),
    "float": Number(-1e15),
    "number": Number(-1e15),
    "bool": Flag(),
    "boolean": Flag(),
}


def read_parameters(target: Record, reading: Reading) -> tuple[Parameter, ...]:
    return tuple(_parameter(record, reading) for record in target.records("parameters"))


def _parameter(record: Record, reading: Reading) -> Parameter:
    kind = record.text("type")
    if kind is None and "type" not in record.places:
        _report_no_type(record, reading)
    kind = kind or "str"
    default = record.values.get("default")
    enum = (_value(node, kind, reading) for node in record.listed("enum"))
    return Parameter(
        path=record.path,
        name=record.text("name") or "",
        type=kind,
        description=record.text("description") or "",
        required=record.flag("required") or False,
        default=_value(default, kind, reading) if isinstance(default, Node) else None,
        has_default=isinstance(default, Node),
        enum=tuple(value for value in enum if value is not None),
        format=record.text("format"),
        in_path=record.flag("in_path") or False,
        items=record.record("items").text("type"),
        minimum=record.number("minimum"),
        maximum=record.number("maximum"),
        pattern=record.text("pattern"),
    )


def _value(node: Node, kind: str, reading: Reading) -> Json:
    """The value as the parameter's type reads it; None where it does not fit."""
    if kind in _TEXTS and node.kind == "scalar":
        return node.text
    if kind in _LISTS and node.kind == "list":
        return node.value
    if kind in ("dict", "object") and node.kind == "map":
        return node.value
    if kind in _SCALARS:
        trial = Reading(reading.document)
        value: Json = _SCALARS[kind].read(node, trial)
        if value is not None:
            for problem in trial.problems:
                reading.add(problem)
            return value
    message = f"{label(node.path)} does not fit `type: {kind}`"
    reading.error("AG111", node.path, message, f"write a value of type {kind}, or change the type")
    return None


def _report_no_type(record: Record, reading: Reading) -> None:
    message = f"{label(record.path)} has no `type`; taken for `str`"
    reading.warn("AG112", record.path, message, "add `type: str`, `int`, `float`, `bool`, …")

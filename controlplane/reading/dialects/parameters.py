"""Parameters of a prompt target, their defaults and choices read by the declared type.

YAML says nothing of intent: `default: "5"` (v0.1's schema allowed only strings) is the number
five for an `int`, and `enum: [yes, no]` are two words for a `str`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Parameter
from controlplane.reading.keys import TYPES
from controlplane.reading.values import Flag, Number, Reading, label
from controlplane.reading.yaml_tree import Node

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Shape
    from extproc.contract import Json

_SCALARS: dict[str, Shape] = {
    "integer": Number(-1e15, whole=True),
    "number": Number(-1e15),
    "boolean": Flag(),
}


_WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def read_parameters(target: Record, reading: Reading) -> tuple[Parameter, ...]:
    return tuple(_parameter(record, reading) for record in target.records("parameters"))


def _parameter(record: Record, reading: Reading) -> Parameter:
    written = record.text("type")
    if written is None and "type" not in record.places:
        _report_no_type(record, reading)
    written = written or "str"
    default = record.values.get("default")
    enum = [_value(node, written, reading) for node in record.listed("enum")]
    items = record.record("items").text("type")
    return Parameter(
        path=record.path,
        name=record.text("name") or "",
        type=TYPES[written],
        written_type=written,
        description=record.text("description") or "",
        required=record.flag("required") or False,
        default=_value(default, written, reading) if isinstance(default, Node) else None,
        has_default=isinstance(default, Node),
        # Of choices that do not all fit nothing else need be said.
        enum=() if None in enum else tuple(enum),
        format=record.text("format"),
        in_path=record.flag("in_path") or False,
        # To the models, too, a type that nobody knows is text.
        items=TYPES.get(items, "string") if items else None,
        minimum=record.number("minimum"),
        maximum=record.number("maximum"),
        pattern=record.text("pattern"),
        ask=record.text("ask"),
    )


def _value(node: Node, written: str, reading: Reading) -> Json:
    """The value as the parameter's type reads it; None where it does not fit."""
    kind = TYPES[written]
    if kind == "string" and node.kind == "scalar":
        return node.text
    if kind == "array" and node.kind == "list":
        return node.value
    if kind == "object" and node.kind == "map":
        return node.value
    if kind in _SCALARS:
        trial = Reading(reading.document)
        value: Json = _SCALARS[kind].read(node, trial)
        if value is not None:
            for problem in trial.problems:
                reading.add(problem)
            return value
    shown = f"`{node.text}`" if node.kind == "scalar" else f"a {node.kind}"
    message = f"{label(node.path)} is {shown}, which does not fit `type: {written}`"
    hint = f"write {_WANTED.get(kind, f'a value of type {written}')}"
    if kind in _SCALARS and node.kind == "scalar":
        hint += "; with words among its values, the type is `str`"
    reading.error("AG111", node.path, message, hint)
    return None


def _report_no_type(record: Record, reading: Reading) -> None:
    message = f"{label(record.path)} has no `type`; taken for `str`"
    reading.warn("AG112", record.path, message, "add `type: str`, `int`, `float`, `bool`, …")

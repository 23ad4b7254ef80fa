"""Mappings with known keys: the shape of most of a config, and the record read from one.

A table knows the keys of today and the spellings of yesterday. An old spelling is read under
its present-day name and reported with the edit that upgrades it; an unknown key is an error,
because a misspelt limit that is quietly ignored is worse than a gateway that does not start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from controlplane.model import Secret
from controlplane.problem import Edit, Problem, Severity, has_errors
from controlplane.reading.values import Elsewhere, Listing, Reading, folded, label

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from controlplane.model import Path
    from controlplane.reading.values import JsonSchema, Shape
    from controlplane.reading.yaml_tree import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    """What was read from a table: typed values under their present-day keys."""

    path: Path
    values: Mapping[str, Any]
    places: Mapping[str, Path]
    """Where the value of each key stands, under the key as the file spells it."""

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def path_of(self, key: str) -> Path:
        """Where the value of a key stands; where it would, if there is none."""
        return self.places.get(key, (*self.path, key))

    def text(self, key: str) -> str | None:
        return self._typed(key, str)

    def flag(self, key: str) -> bool | None:
        return self._typed(key, bool)

    def whole(self, key: str) -> int | None:
        return self._typed(key, int)

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        return float(value) if isinstance(value, int | float) else None

    def duration(self, key: str) -> timedelta | None:
        return self._typed(key, timedelta)

    def secret(self, key: str) -> Secret | None:
        return self._typed(key, Secret)

    def record(self, key: str) -> Record:
        """The table under `key`; an empty one where there is none."""
        return self._typed(key, Record) or Record(self.path_of(key), {}, {})

    def records(self, key: str) -> tuple[Record, ...]:
        return tuple(each for each in self.listed(key) if isinstance(each, Record))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(each for each in self.listed(key) if isinstance(each, str))

    def listed(self, key: str) -> tuple[Any, ...]:
        return self._typed(key, tuple) or ()

    def _typed(self, key: str, kind: type[T]) -> T | None:
        value = self.values.get(key)
        return value if isinstance(value, kind) else None


@dataclass(frozen=True, slots=True)
class Key:
    shape: Shape
    doc: str = ""
    required: bool = False
    now: str | None = None
    """An old spelling: read as this key, which `--fix` writes in its place."""
    bare: bool = False
    """The key alone, with nothing under it, already means something."""

    @property
    def is_current(self) -> bool:
        """Worth suggesting: neither an old spelling nor a key that does nothing here."""
        return self.now is None and not isinstance(self.shape, Elsewhere)


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with known keys. A lone value may stand for the key `lone`."""

    keys: Mapping[str, Key]
    lone: str | None = None

    def read(self, node: Node, reading: Reading) -> Record | None:
        if node.kind == "list" and len(node.items) == 1 and node.items[0].kind == "map":
            reading.warn(
                "AG109", node.path, f"{label(node.path)} is a list of one; a mapping is meant"
            )
            node = node.items[0]
        if self.lone and node.kind != "map" and not node.is_null:
            value = self.keys[self.lone].shape.read(node, reading)
            return Record(node.path, {self.lone: value}, {self.lone: node.path})
        if node.kind != "map":
            reading.wrong_type(node, "a mapping")
            return None
        values: dict[str, Any] = {}
        places: dict[str, Path] = {}
        unknown: list[str] = []
        for name, entry in node.entries.items():
            key = self._key(name, node, reading)
            if key is None:
                unknown.append(name)
                continue
            if entry.is_null and self._means_nothing(key):
                continue
            if key in places:
                message = f"`{name}` says again what `{places[key][-1]}` says"
                reading.error("AG004", entry.path, message, f"keep `{key}` alone")
                continue
            places[key] = entry.path
            values[key] = self._value(key, entry, reading)
        for name in unknown:
            meant = self._report_unknown(name, node, reading)
            if meant and meant not in places:
                places[meant] = node.entries[name].path
                values[meant] = self._if_it_fits(meant, node.entries[name], reading)
        self._report_absent(node, places, reading)
        return Record(node.path, values, places)

    def _means_nothing(self, key: str) -> bool:
        return not self.keys[key].required and not self.keys[key].bare

    def _value(self, key: str, entry: Node, reading: Reading) -> Any:
        if entry.is_null and self.keys[key].bare:
            return Record(entry.path, {}, {})
        if entry.is_null:
            reading.error("AG103", entry.path, f"{label(entry.path)} is empty")
            return None
        return self.keys[key].shape.read(entry, reading)

    def _key(self, name: str, node: Node, reading: Reading) -> str | None:
        entry = node.entries[name]
        known = name if name in self.keys else self._similar(name)
        if known is None:
            return None
        key = self.keys[known].now or known
        if key != name and entry.key is not None:
            edit = Edit(entry.key.start, entry.key.end, key)
            problem = Problem(
                "AG109",
                Severity.WARNING,
                entry.path,
                f"`{name}` is called `{key}` here",
                f"write `{key}`",
                on_key=True,
                edits=(edit,),
            )
            reading.add(problem)
        return key

    def _similar(self, name: str) -> str | None:
        return next((key for key in self.keys if folded(key) == folded(name)), None)

    def _report_unknown(self, name: str, node: Node, reading: Reading) -> str | None:
        """The key that was probably meant."""
        path = node.entries[name].path
        known = [key for key, entry in self.keys.items() if entry.is_current]
        message = f"unknown key `{name}` in {label(path[:-1])}"
        meant, hint = reading.suggestion(name, known)
        reading.add(Problem("AG101", Severity.ERROR, path, message, hint, on_key=True))
        return meant

    def _if_it_fits(self, key: str, entry: Node, reading: Reading) -> Any:
        """What stands under a guessed key, so that nothing else is reported for want of it.

        Where it does not fit, the guess is wrong, and what does not fit is nobody's mistake.
        """
        trial = Reading(reading.document, guessing=True)
        value = self._value(key, entry, trial)
        return None if has_errors(trial.problems) else value

    def _report_absent(self, node: Node, given: Container[str], reading: Reading) -> None:
        for name, key in self.keys.items():
            if key.required and name not in given:
                message = f"{label(node.path)} has no `{name}`"
                reading.error("AG103", node.path, message, f"add `{name}:`, {key.doc}")

    def schema(self) -> JsonSchema:
        properties = {
            name: _property(key) for name, key in self.keys.items() if not _is_refused(key)
        }
        table: JsonSchema = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        # A required key may be spelt the old way, so its absence is left to `archgw lint`.
        older = {key.now for key in self.keys.values() if key.now}
        required = [name for name, key in self.keys.items() if key.required and name not in older]
        if required:
            table["required"] = required
        if self.lone:
            return {"anyOf": [table, self.keys[self.lone].shape.schema()]}
        return table


@dataclass(frozen=True, slots=True)
class TableOrList:
    """A mapping; or, as later versions of archgw write it, a list of them."""

    table: Table
    item: Table

    def read(self, node: Node, reading: Reading) -> Record | tuple[Any, ...] | None:
        if node.kind == "list":
            return Listing(self.item).read(node, reading)
        return self.table.read(node, reading)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self.table.schema(), Listing(self.item).schema()]}


def _is_refused(key: Key) -> bool:
    return isinstance(key.shape, Elsewhere) and not key.shape.harmless


def _property(key: Key) -> JsonSchema:
    schema = key.shape.schema()
    if not key.required and schema:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if isinstance(key.shape, Elsewhere):
        return {**schema, "deprecated": True, "description": key.shape.says}
    if key.now:
        return {**schema, "deprecated": True, "description": f"Called `{key.now}` here."}
    return {**schema, "description": key.doc[:1].upper() + key.doc[1:]} if key.doc else schema

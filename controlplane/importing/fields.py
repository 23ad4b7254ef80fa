"""The keys of a mapping, and which of them are still to be told of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from controlplane.importing.notes import Notes
    from controlplane.model import Path
    from controlplane.reading.yaml_tree import Node

UNKNOWN = "this import does not know the key"
_MOST = 1e15


class Fields:
    """A mapping of a foreign config. Each key is taken once, and what nobody took is told."""

    def __init__(
        self, node: Node | None, notes: Notes, called: Callable[[str], str] = lambda key: key
    ) -> None:
        """`called`: the one name of a key that may be spelt in several ways."""
        self.path: Path = node.path if node else ()
        self.notes = notes
        self._called = called
        self._left: dict[str, Node] = {}
        for key, entry in node.entries.items() if node else ():
            self._left.setdefault(called(key), entry)

    @classmethod
    def of(cls, entries: Mapping[str, Node], path: Path, notes: Notes) -> Fields:
        """What was gathered from several places, and who tells of the rest knows."""
        fields = cls(None, notes)
        fields.path, fields._left = path, dict(entries)
        return fields

    def __contains__(self, key: str) -> bool:
        return key in self._left and not self._left[key].is_null

    def __len__(self) -> int:
        return len(self._left)

    def take(self, *keys: str) -> Node | None:
        """The first of them that is there; None also stands for a value of nothing."""
        found = [self._left.pop(key) for key in keys if key in self]
        for other in found[1:]:
            self.notes.left_out(other.path, "the same is said by another key, which counts")
        return found[0] if found else None

    def peek(self, key: str) -> Node | None:
        return self._left[key] if key in self else None

    def text(self, *keys: str) -> str | None:
        node = self.take(*keys)
        return None if node is None else self.text_of(node)

    def text_of(self, node: Node) -> str | None:
        if node.kind != "scalar" or not node.text.strip():
            self.notes.left_out(node.path, "it is no text")
            return None
        return node.text.strip()

    def number(self, *keys: str) -> float | None:
        node = self.take(*keys)
        return None if node is None else self.number_of(node)

    def number_of(self, node: Node) -> float | None:
        try:
            value = float(node.text) if node.kind == "scalar" and len(node.text) < 64 else None
        except ValueError:
            value = None
        if value is None or not math.isfinite(value) or not 0 <= value <= _MOST:
            self.notes.left_out(node.path, "it is no number that could be used here")
            return None
        return value

    def flag(self, *keys: str) -> bool:
        node = self.take(*keys)
        return node is not None and node.kind == "scalar" and node.text.lower() == "true"

    def fields(self, key: str) -> Fields:
        node = self.take(key)
        if node is not None and node.kind != "map":
            self.notes.left_out(node.path, "it is no mapping")
            node = None
        return Fields(node, self.notes, self._called)

    def items(self, key: str) -> tuple[Node, ...]:
        node = self.take(key)
        if node is not None and node.kind != "list":
            self.notes.left_out(node.path, "it is no list")
            return ()
        return node.items if node else ()

    def mappings(self, key: str) -> Iterator[Fields]:
        """The mappings of a list."""
        for item in self.items(key):
            if item.kind == "map":
                yield Fields(item, self.notes, self._called)
            else:
                self.notes.left_out(item.path, "it is no mapping", on_key=False)

    def rest(self) -> Iterator[tuple[str, Node]]:
        """What nobody has taken, which whoever asks has to tell."""
        while self._left:
            key = next(iter(self._left))
            yield key, self._left.pop(key)

    def tell_rest(self, reasons: Mapping[str, str]) -> None:
        for key, node in self.rest():
            self.notes.left_out(node.path, reasons.get(key, UNKNOWN))

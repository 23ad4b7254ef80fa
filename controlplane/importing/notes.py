"""What whoever imports a config has to know, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from controlplane.reading.values import label

if TYPE_CHECKING:
    from controlplane.model import Path
    from controlplane.problem import Position
    from controlplane.reading.document import Document


class Kind(StrEnum):
    LEFT_OUT = "left out"
    """It has no equivalent."""
    ASSUMED = "assumed"
    """It is kept, in a way that the file did not say."""
    TO_DO = "to do"
    """It is kept, and needs something that is in no file."""


@dataclass(frozen=True, slots=True)
class Note:
    """Its text never holds a value that may be a key."""

    kind: Kind
    path: Path
    text: str
    on_key: bool = False

    def line(self, file: str, document: Document) -> str:
        place = self.position(document)
        return f"{file}:{place.line}:{place.column}: {self.kind}: {label(self.path)}: {self.text}"

    def position(self, document: Document) -> Position:
        return document.position(self.path, on_key=self.on_key)


class Notes:
    def __init__(self) -> None:
        self._notes: list[Note] = []

    def left_out(self, path: Path, text: str, *, on_key: bool = True) -> None:
        self._add(Note(Kind.LEFT_OUT, path, text, on_key))

    def assumed(self, path: Path, text: str, *, on_key: bool = True) -> None:
        self._add(Note(Kind.ASSUMED, path, text, on_key))

    def to_do(self, path: Path, text: str, *, on_key: bool = True) -> None:
        self._add(Note(Kind.TO_DO, path, text, on_key))

    def in_order(self, document: Document) -> tuple[Note, ...]:
        return tuple(sorted(self._notes, key=lambda note: note.position(document)))

    def _add(self, note: Note) -> None:
        if note not in self._notes:
            self._notes.append(note)

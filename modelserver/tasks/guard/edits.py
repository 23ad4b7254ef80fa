"""What a decoder answers with, and what all decoders share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from modelserver.tasks.guard.lexicon import Lexicon

WORD = re.compile(r"[^\W\d_]+")


class Edit(NamedTuple):
    start: int
    end: int
    text: str


Decoder = Callable[[str, Lexicon], list[Edit]]


def apart(edits: list[Edit]) -> list[Edit]:
    """The edits in order, those that overlap an earlier or longer one left out."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept

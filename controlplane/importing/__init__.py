"""Configs of other gateways, written anew as Arch configs: `archgw import`.

Another gateway's file is read into the tree that our own configs are read into, so every note
can name a line. A translation (`litellm`, `portkey`) takes keys from it through `Fields`, which
knows what was taken: what is left at the end is told, so nothing is lost in silence, however new
the key. What it builds is a `Written`, which prints itself. Keys never come that far: a literal
one is remembered under the name of a variable, and notes show no value that may be one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.importing import litellm, portkey
from controlplane.importing.notes import Note, Notes
from controlplane.reading.document import Document
from controlplane.reading.yaml_tree import NoTreeError, fatal, tree

if TYPE_CHECKING:
    from pathlib import Path

    from controlplane.problem import Problem

GATEWAYS = {"litellm": litellm.translated, "portkey": portkey.translated}
_WHAT = {"litellm": "a LiteLLM config is a mapping with a `model_list`",
         "portkey": "a Portkey config is an object with `provider`, or `strategy` and `targets`"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    document: Document | None
    """None when no sense can be made of the text."""
    text: str | None
    """The Arch config; None when nothing of the file could be kept."""
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is wrong with the text itself."""


def imported(gateway: str, text: str, file: Path) -> Imported:
    try:
        root, problems = tree(text)
    except NoTreeError as error:
        return Imported(None, None, problems=(error.problem,))
    if root is None or root.kind != "map":
        return Imported(None, None, problems=(fatal("AG007", _WHAT[gateway]),))
    document = Document(text, root, {}, file.parent)
    if problems:
        return Imported(document, None, problems=tuple(problems))
    notes = Notes()
    written = GATEWAYS[gateway](root, notes)
    head = f"# Written by `archgw import {gateway} {file.name}`.\n"
    found = head + written.to_yaml() if written.providers else None
    return Imported(document, found, notes.in_order(document))

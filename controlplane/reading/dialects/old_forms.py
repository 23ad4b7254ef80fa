"""Edits that bring old forms up to date, comments and all.

Each function gives the edits, or none where the text is laid out in a way that cannot be
rewritten line by line; the problem then stands with its hint alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from controlplane.problem import Edit

if TYPE_CHECKING:
    from controlplane.model import Path
    from controlplane.reading.document import Document
    from controlplane.reading.mappings import Record
    from controlplane.reading.yaml_tree import Node


_COMMENT = re.compile(r"(?<=\s)#[^\r\n]*")


def inserted(path: Path, line: str, document: Document) -> tuple[Edit, ...]:
    """A new line behind the first of a block mapping; before it, if it is the only one."""
    node = document.node(path)
    if node is None or node.kind != "map" or node.flow:
        return ()
    keys = [entry.key for entry in node.entries.values() if entry.key]
    if not keys:
        return ()
    start = sorted(key.start for key in keys)[:2][-1]
    indent = " " * (document.position_at(start).column - 1)
    return (Edit(start, start, f"{line}\n{indent}"),)


def endpoint_around(
    record: Record, keys: tuple[str, ...], lines: tuple[str, ...], document: Document
) -> tuple[Edit, ...]:
    """`endpoint:` around neighbouring keys that stood where it should be."""
    holder = document.node(record.path)
    names = [str(record.places[key][-1]) for key in keys if key in record.places]
    if holder is None or holder.flow or not _neighbours(names, list(holder.entries)):
        return ()
    edits: list[Edit] = []
    for start in sorted(holder.entries[name].key_start for name in names):
        column = document.position_at(start).column - 1
        deeper = " " * (column + 2)
        if edits:
            edits.append(Edit(start - column, start, deeper))
        else:
            head = "\n".join(["endpoint:", *(deeper + line for line in lines), deeper])
            edits.append(Edit(start, start, head))
    return tuple(edits)


def _neighbours(names: list[str], order: list[str]) -> bool:
    places = sorted(order.index(name) for name in names)
    return bool(places) and places[-1] - places[0] == len(places) - 1


def guard_entry(kind: str, old: Record, document: Document) -> tuple[Edit, ...]:
    """The only item of the list `input-guard` becomes an entry of `input_guards`."""
    item = document.node(old.path)
    listing = document.node(old.path[:-1])
    message = document.node(old.path_of("on-exception-message"))
    if not (item and listing and listing.key and message and message.key):
        return ()
    if item.flow or listing.flow or len(listing.items) != 1:
        return ()
    # The list begins at its dash, which may stand in the column of its key; a mapping may not.
    start, end = listing.span.start, message.span.start
    dash = document.position_at(start).column
    column = max(dash, document.position_at(listing.key.start).column + 2) - 1
    comments = "".join(f"  {each}" for each in _COMMENT.findall(document.text, start, end))
    inner = "\n" + " " * (column + 2)
    entry = " " * (column + 1 - dash) + f"{kind}:{comments}"
    return (
        Edit(listing.key.start, listing.key.end, "input_guards"),
        Edit(start, end, f"{entry}{inner}on_exception:{inner}  message: "),
    )


def named_pool(path: Path, document: Document) -> tuple[Edit, ...]:
    """The nameless list of hosts gets a name under `endpoints`."""
    node = document.node(path)
    if node is None or node.key is None or node.flow or "endpoints" in document.root.entries:
        return ()
    text = document.text
    first = text.find("\n", node.key.start) + 1
    starts = [first, *_line_starts(text, first, node.span.end)]
    deeper = tuple(Edit(start, start, "  ") for start in starts if start < node.span.end)
    return (Edit(node.key.start, node.key.start, "endpoints:\n  "), *deeper)


def _line_starts(text: str, start: int, end: int) -> list[int]:
    return [at + 1 for at in range(start, end) if text[at] == "\n" and at + 1 < end]


def single_system_prompt(path: Path, document: Document) -> tuple[Edit, ...]:
    """A list of one named prompt becomes the prompt itself."""
    node = document.node(path)
    if node is None or node.key is None or node.flow or len(node.items) != 1:
        return ()
    content = node.items[0].child("content")
    whole = document.text[node.key.start : node.span.end]
    if content is None or "#" in whole or "\n" in _spelling(content, document):
        return ()
    return (Edit(node.key.start, node.span.end, f"system_prompt: {_spelling(content, document)}"),)


def _spelling(node: Node, document: Document) -> str:
    return document.text[node.span.start : node.span.end]

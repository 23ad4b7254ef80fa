"""Keys become variables: what is written names them, and their values stay where they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controlplane.importing.notes import Notes
    from controlplane.reading.yaml_tree import Node

_LITELLM = re.compile(r"os\.environ/\s*(.+)")
_SHELL = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_OTHER_LETTERS = re.compile(r"[^A-Za-z0-9_]+")
_STAND_INS = frozenset(
    [
        "none",
        "null",
        "empty",
        "dummy",
        "fake",
        "fake-key",
        "fake_key",
        "anything",
        "any",
        "no-key",
        "not-needed",
        "not_needed",
        "placeholder",
        "unused",
        "sk-no-key-required",
        "token-abc123",
        "ollama",
        "lm-studio",
        "vllm",
    ]
)
"""What is written for a key where a server asks for none."""


def referred(text: str) -> str | None:
    """The variable that a whole value names, in a spelling that ours can have, too."""
    match = _LITELLM.fullmatch(text.strip()) or _SHELL.fullmatch(text.strip())
    return variable(match[1]) if match else None


def variable(name: str) -> str:
    letters = _OTHER_LETTERS.sub("_", name.strip()).strip("_") or "KEY"
    return f"_{letters}" if letters[0].isdigit() else letters


class Variables:
    """The names that are given out, each for one value."""

    def __init__(self, taken: Iterable[str], notes: Notes) -> None:
        self._taken = set(taken)
        self._names: dict[str, str] = {}
        self._notes = notes

    def reserve(self, name: str) -> None:
        """No literal key is called so."""
        self._taken.add(name)

    def key(self, node: Node, wanted: str, *, needless: bool = False) -> str | None:
        """The variable of a key that stands here; `needless`: where it goes none may be asked for."""
        text = node.text.strip()
        if not text:
            self._notes.left_out(node.path, "it is no key")
            return None
        if needless and text.lower() in _STAND_INS:
            self._notes.left_out(node.path, "it stands in for a key where none is asked for")
            return None
        return self._named(node, wanted, "the key")

    def kept_elsewhere(self, node: Node, wanted: str) -> str:
        """Of a key that is in no file: what stands here is what the other gateway calls it."""
        name = self._name(node.text.strip(), wanted)
        self._notes.to_do(node.path, f"the key itself is kept at Portkey: put it into {name}")
        return name

    def address(self, node: Node, wanted: str) -> str:
        """Likewise of what should be an address, and is none."""
        return self._named(node, wanted, "the address, as https://host/v1,")

    def _named(self, node: Node, wanted: str, what: str) -> str:
        text = node.text.strip()
        if name := referred(text):
            if name not in text:
                message = f"written as ${name}, since no variable here is spelt like that"
                self._notes.to_do(node.path, f"{message}: set {name}")
            return name
        name = self._name(text, wanted)
        message = f"written as ${name}, for a config is no place for it: put {what} into {name}"
        self._notes.to_do(node.path, f"{message} of the environment or of .env")
        return name

    def _name(self, text: str, wanted: str) -> str:
        """One name for each value, and another for any other."""
        if text not in self._names:
            name, number = wanted, 1
            while name in self._taken:
                number += 1
                name = f"{wanted}_{number}"
            self._taken.add(name)
            self._names[text] = name
        return self._names[text]


def all_referred(root: Node) -> set[str]:
    """Every variable that a file names, so that no key is given the name of another."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += [*node.items, *node.entries.values()]
        if node.kind == "scalar" and (name := referred(node.text)):
            found.add(name)
    return found

"""`fallbacks` of a LiteLLM config: from one `model_name` to others, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controlplane.importing.fields import Fields
    from controlplane.importing.notes import Notes
    from controlplane.importing.written import Provider
    from controlplane.reading.yaml_tree import Node

_ANY = "*"


class Fallbacks:
    def __init__(
        self, router: Fields, library: Fields, known: Mapping[str, str], notes: Notes
    ) -> None:
        """`known`: other names → the name of a provider."""
        self._router, self._library, self._known, self._notes = router, library, known, notes

    def give(self, providers: Sequence[Provider]) -> None:
        names = {each.name for each in providers}
        table: dict[str, list[str]] = {}
        for key, node in self._entries():
            name = key if key == _ANY else self._meant(key)
            if name in names | {_ANY}:
                table[name] = self._targets(node, names)
            else:
                self._notes.left_out(node.path, "no model that is kept is called so")
        others = self._node("default_fallbacks")
        common = table.get(_ANY, self._targets(others, names) if others else [])
        most = self._most()
        for each in providers:
            wanted = [name for name in table.get(each.name, common) if name != each.name]
            each.fallbacks = wanted[:most]

    def _entries(self) -> list[tuple[str, Node]]:
        node = self._node("fallbacks")
        items = node.items or (node,) if node else ()
        found: list[tuple[str, Node]] = []
        for item in items:
            if item.kind != "map":
                self._notes.left_out(item.path, "it is no mapping of a model to others")
            found += item.entries.items()
        return found

    def _targets(self, node: Node, names: set[str]) -> list[str]:
        found: list[str] = []
        for item in node.items or (node,):
            # A fallback may say more than a name: other messages, other parameters.
            named = item.entries.get("model", item) if item.kind == "map" else item
            for key, other in item.entries.items():
                if key != "model":
                    message = "a fallback is sent what was asked, and nothing else"
                    self._notes.left_out(other.path, message)
            name = self._meant(named.text)
            if name in names:
                found.append(name)
            else:
                message = "no model that is kept is called so"
                self._notes.left_out(named.path, message, on_key=False)
        return list(dict.fromkeys(found))

    def _meant(self, name: str) -> str:
        return self._known.get(name, name)

    def _node(self, key: str) -> Node | None:
        ours, theirs = self._router.take(key), self._library.take(key)
        if ours is not None and theirs is not None:
            self._notes.left_out(theirs.path, "`router_settings` says it, too, and counts")
        return theirs if ours is None else ours

    def _most(self) -> int | None:
        most = self._router.number("max_fallbacks")
        return None if most is None else int(most)

"""A Portkey config: its tree of strategies becomes pools, and what they fall back to.

Such a config is for every call, whatever its model; so the first pool is the default here, also for
models that nothing is called.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from controlplane.importing.fields import Fields
from controlplane.importing.portkey_targets import Said, Targets
from controlplane.importing.shares import tell_differences
from controlplane.importing.variables import Variables, all_referred
from controlplane.importing.written import Written, whole_shares
from controlplane.lower.addresses import unique

if TYPE_CHECKING:
    from controlplane.importing.notes import Notes
    from controlplane.importing.written import Provider
    from controlplane.reading.yaml_tree import Node

Pool = list[tuple["Provider", Fraction]]
"""Providers and their shares, which are no whole numbers yet."""

_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REASONS = {
    "cache": "no answers are kept to be given again",
    "forward_headers": "headers that say what is asked for are forwarded, no others",
    **dict.fromkeys(
        ("input_guardrails", "output_guardrails", "before_request_hooks", "after_request_hooks",
         "default_input_guardrails", "default_output_guardrails", "guardrails"),
        "`prompt_guards` refuses attacks",
    ),
    "on_status_codes": "calls fall back on 5xx, 429, reset, no connection and silence",
    "strict_open_ai_compliance": "answers go as they come",
    "weight": "only one of several that calls are shared among has a weight",
    "name": "it has a name of its own here",
    "id": "nothing here asks for it",
    "version": "nothing here asks for it",
    "mode": "nothing here asks for it",
    "metadata": "nothing here asks for it",
}  # fmt: skip

_AROUND = dict.fromkeys(
    ("success", "id", "name", "slug", "status", "is_default", "workspace_id", "organisation_id",
     "owner_id", "updated_by", "created_at", "last_updated_at", "format", "type", "object",
     "version_id"),
    "nothing here asks for it",
)  # fmt: skip


def translated(root: Node, notes: Notes) -> Written:
    return _Translation(root, notes).written()


def snake(key: str) -> str:
    """Portkey takes `onStatusCodes` for `on_status_codes`."""
    return _INNER_CAPITAL.sub("_", key).lower()


class _Translation:
    def __init__(self, root: Node, notes: Notes) -> None:
        self._notes = notes
        self._config = _unwrapped(root, notes)
        self._targets = Targets(Variables(all_referred(root), notes), notes)
        self._apart: dict[str, list[Pool]] = {}
        """By the name of a target: what only some calls go to."""
        self._models: dict[str, str] = {}
        """A model that calls ask for → the name of such a target."""

    def written(self) -> Written:
        written = Written()
        pools = self._pools(Fields(self._config, self._notes, snake), Said())
        first = self._write(written, _name(pools[0]), pools, default=True) if pools else None
        for name, apart in self._apart.items():
            called = self._write(written, name, apart) if apart else None
            for model, meant in self._models.items():
                if meant == name and called and model != called:
                    written.aliases[model] = called
        if first:
            written.overrides["unknown_model"] = "default"
            self._tell(first)
        return written

    def _write(
        self, written: Written, name: str, pools: list[Pool], *, default: bool = False
    ) -> str:
        """The pools under names of their own; the first has the others to fall back to."""
        taken = {each.name for each in written.providers} | {"default"}
        names: list[str] = []
        for pool in pools:
            wanted = _name(pool) if names else name
            names.append(unique(wanted, taken | set(names)))
            shares = whole_shares([share for _, share in pool])
            for (provider, _), share in zip(pool, shares, strict=True):
                provider.name = names[-1]
                provider.weight = share if len(set(shares)) > 1 else None
                written.providers.append(provider)
            tell_differences([provider for provider, _ in pool], self._notes)
        for provider, _ in pools[0]:
            provider.fallbacks, provider.default = names[1:], default
        return names[0]

    def _pools(self, fields: Fields, above: Said) -> list[Pool]:
        """The first pool, and those that are tried after it in their order."""
        strategy, said = fields.fields("strategy"), above.and_below(fields)
        mode = strategy.text("mode") or "single"
        targets = tuple(fields.mappings("targets"))
        if not targets:
            provider = self._targets.provider(fields.path, said)
            if provider is None:
                return []  # what else it says goes with it
            pools = [[(provider, Fraction(1))]]
        elif mode == "loadbalance":
            pools = self._shared(targets, said)
        elif mode == "fallback":
            pools = self._in_turn(targets, said)
        elif mode == "conditional":
            pools = self._by_condition(strategy, targets, said)
        else:
            pools = self._first(strategy, mode, targets, said)
        strategy.tell_rest(_REASONS)
        fields.tell_rest(_REASONS)
        return pools

    def _first(
        self, strategy: Fields, mode: str, targets: tuple[Fields, ...], above: Said
    ) -> list[Pool]:
        if mode != "single":
            self._notes.left_out((*strategy.path, "mode"), f"`{mode}` is not known here")
        for other in targets[1:]:
            self._notes.left_out(other.path, "only the first target is used", on_key=False)
        return self._pools(targets[0], above)

    def _in_turn(self, targets: tuple[Fields, ...], above: Said) -> list[Pool]:
        return [pool for target in targets for pool in self._pools(target, above)]

    def _by_condition(
        self, strategy: Fields, targets: tuple[Fields, ...], above: Said
    ) -> list[Pool]:
        """Of conditions only the model that is asked for is one here."""
        default = strategy.text("default")
        for condition in strategy.mappings("conditions"):
            then, query = condition.text("then"), condition.fields("query")
            for model in _models(query):
                self._models[model] = then or ""
            for _, node in (*query.rest(), *condition.rest()):
                message = "only the model asked for tells calls apart: `x-arch-llm-provider-hint`"
                self._notes.left_out(node.path, f"{message} names the target")
        found: list[Pool] = []
        for number, target in enumerate(targets):
            name = target.text("name") or f"target-{number + 1}"
            pools = self._pools(target, above)
            if name == default:
                found = pools
            else:
                self._apart[name] = pools
        if found:
            return found
        message = "no target that is kept has this name, so the first one is the default"
        self._notes.assumed((*strategy.path, "default"), message)
        return next((self._apart.pop(name) for name in [*self._apart] if self._apart[name]), [])

    def _shared(self, targets: tuple[Fields, ...], above: Said) -> list[Pool]:
        first: Pool = []
        later: list[Pool] = []
        for target in targets:
            share = _share(target)
            if not share:
                self._notes.left_out(target.path, "its weight is 0: it has no calls", on_key=False)
                continue
            pools = self._pools(target, above)
            if not pools:
                continue
            parts = sum((each for _, each in pools[0]), Fraction(0))
            first += [(provider, each / parts * share) for provider, each in pools[0]]
            later += pools[1:]
            if pools[1:]:
                message = "what it falls back to is for all that calls are shared among"
                self._notes.assumed(target.path, message, on_key=False)
        return [first, *later] if first else later

    def _tell(self, first: str) -> None:
        path = self._config.path
        message = f"calls go to `{first}` whatever their model, but for one that a provider has"
        self._notes.assumed(path, message, on_key=False)
        listens = "the gateway listens on 127.0.0.1:12000 and asks nobody for a key"
        change = "`listeners.egress_traffic` has `address` and `auth`"
        self._notes.assumed(path, f"{listens}: {change}", on_key=False)


def _unwrapped(root: Node, notes: Notes) -> Node:
    """A config itself, or as Portkey's API answers it."""
    data = root.entries.get("data", root)
    config = data.entries.get("config")
    if config is None or config.kind != "map":
        return root
    for node in (root, data) if data is not root else (root,):
        around = Fields(node, notes)
        around.take("data" if node is not data else "config")
        around.tell_rest(_AROUND)
    return config


def _name(pool: Pool) -> str:
    names = {provider.name for provider, _ in pool}
    return names.pop() if len(names) == 1 else "pool"


def _share(target: Fields) -> Fraction:
    weight = target.number("weight")
    return Fraction(1) if weight is None else Fraction(repr(weight))


def _models(query: Fields) -> list[str]:
    """Those that a condition is for, if it asks for nothing else."""
    node = query.peek("params.model")
    if node is None or len(query) != 1:
        return []
    if node.kind == "scalar":
        found: tuple[Node, ...] = (node,)
    elif len(node.entries) == 1 and {"$eq", "$in"} & node.entries.keys():
        value = next(iter(node.entries.values()))
        found = value.items or (value,)
    else:
        return []
    query.take("params.model")
    return [each.text for each in found if each.kind == "scalar" and each.text]

"""A LiteLLM proxy's `config.yaml`: deployments of one `model_name` become a pool of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.importing import reasons
from controlplane.importing.deployments import Common, Deployments
from controlplane.importing.fallbacks import Fallbacks
from controlplane.importing.fields import Fields
from controlplane.importing.settings import retries_of, seconds_of
from controlplane.importing.shares import share_out
from controlplane.importing.variables import Variables, all_referred
from controlplane.importing.written import Provider, Written

if TYPE_CHECKING:
    from collections.abc import Callable

    from controlplane.importing.notes import Notes
    from controlplane.reading.yaml_tree import Node

_LIMITS_KEPT = "enforce_model_rate_limits"
_BY_USAGE = ("usage-based-routing", "usage-based-routing-v2")
_SIZES = (0.0625, 64.0)
"""MiB that a body may be allowed."""


def translated(root: Node, notes: Notes) -> Written:
    return _Translation(root, notes).written()


class _Translation:
    def __init__(self, root: Node, notes: Notes) -> None:
        self._notes = notes
        self._top = Fields(root, notes)
        self._router = self._top.fields("router_settings")
        self._library = self._top.fields("litellm_settings")
        self._general = self._top.fields("general_settings")
        environment = self._top.peek("environment_variables")
        taken = all_referred(root) | set(environment.entries if environment else ())
        self._variables = Variables(taken, notes)
        self._written = Written()

    def written(self) -> Written:
        self._environment()
        common = self._common()
        deployments = Deployments(self._top, common, self._variables, self._notes)
        self._written.providers = deployments.providers()
        self._pools(common, deployments)
        self._aliases(deployments)
        known = {**deployments.renamed, **self._written.aliases}
        Fallbacks(self._router, self._library, known, self._notes).give(self._written.providers)
        self._default(deployments.renamed.get("default"))
        self._clients()
        self._size()
        self._tell(self._written.providers)
        return self._written

    def _environment(self) -> None:
        for name, node in self._top.fields("environment_variables").rest():
            message = f"put {name} into the environment or .env: a config sets no variables"
            self._notes.to_do(node.path, message)

    def _common(self) -> Common:
        """What holds for each deployment that does not say otherwise; the router's word first."""
        strategy = self._router.text("routing_strategy") or "simple-shuffle"
        checks = self._router.items("optional_pre_call_checks")
        kept = strategy in _BY_USAGE
        for check in checks:
            if check.text == _LIMITS_KEPT:
                kept = True
            else:
                self._notes.left_out(check.path, "no such check is made", on_key=False)
        if strategy != "simple-shuffle":
            message = f"`{strategy}`: calls are shared out by weight, whatever hosts have to do"
            self._notes.left_out((*self._router.path, "routing_strategy"), message)
        streams = self._router.peek("stream_timeout")
        timeout = self._first(seconds_of, "timeout", "request_timeout")
        of_streams = seconds_of(self._router, "stream_timeout")
        if streams is not None and timeout is not None:
            self._notes.left_out(streams.path, "streams have the time limit of other answers")
        retries = self._first(retries_of, "num_retries", "max_retries")
        return Common(
            of_streams if timeout is None else timeout,
            None if retries is None else int(retries),
            kept,
        )

    def _first(self, read: Callable[..., float | None], *keys: str) -> float | None:
        """The router's word, else the library's."""
        theirs = next((node for key in keys if (node := self._library.peek(key))), None)
        found = read(self._router, *keys)
        second = read(self._library, *keys)
        if found is not None and theirs is not None:
            self._notes.left_out(theirs.path, "`router_settings` says it, too, and counts")
        return second if found is None else found

    def _pools(self, common: Common, deployments: Deployments) -> None:
        pools: dict[str, list[Provider]] = {}
        for each in self._written.providers:
            pools.setdefault(each.name, []).append(each)
        for pool in pools.values():
            shares = [deployments.shares[each.path] for each in pool]
            share_out(pool, shares, self._notes, limits_kept=common.limits_kept)
        self._written.providers = [each for each in self._written.providers if each.weight != 0]

    def _aliases(self, deployments: Deployments) -> None:
        names = {each.name for each in self._written.providers}
        for key, node in self._router.fields("model_group_alias").rest():
            fields = Fields(node, self._notes) if node.kind == "map" else None
            target = fields.text("model") if fields else node.text
            if fields and fields.flag("hidden"):
                message = "it is listed by /v1/models"
                self._notes.left_out((*node.path, "hidden"), message)
            if fields:
                fields.tell_rest({})
            target = deployments.renamed.get(target or "", target or "")
            if target not in names:
                self._notes.left_out(node.path, "no model that is kept is called so")
            elif key in names:
                self._notes.left_out(node.path, "a provider has that name")
            else:
                self._written.aliases[key] = target

    def _default(self, called_default: str | None) -> None:
        providers = self._written.providers
        names = list(dict.fromkeys(each.name for each in providers))
        wanted = self._general.text("completion_model")
        wanted = self._written.aliases.get(wanted or "", wanted or "")
        if wanted and wanted not in names:
            path = (*self._general.path, "completion_model")
            self._notes.left_out(path, "no model that is kept is called so")
        chosen = next((each for each in (wanted, called_default) if each in names), None)
        if chosen is None and len(names) > 1:
            chosen = names[0]
            first = next(each for each in providers if each.name == chosen)
            message = f"calls that name no model go to `{chosen}`, by `default: true`"
            self._notes.assumed(first.path, message, on_key=False)
        for each in providers:
            each.default = each.name == chosen and len(names) > 1

    def _clients(self) -> None:
        node = self._general.take("master_key")
        key = self._variables.key(node, "LITELLM_MASTER_KEY") if node else None
        if node and key:
            self._written.clients["master"] = key
            message = "the master key is that of a client here, and manages nothing"
            self._notes.assumed(node.path, message)

    def _size(self) -> None:
        size = self._general.number("max_request_size_mb")
        if size is None:
            return
        least, most = _SIZES
        if not least <= size <= most:
            path = (*self._general.path, "max_request_size_mb")
            self._notes.assumed(path, f"bodies have 64 KiB to 64 MiB here, so not {size:g} MB")
        self._written.overrides["max_body"] = f"{min(most, max(least, size)):g}MiB"

    def _tell(self, providers: list[Provider]) -> None:
        self._router.tell_rest(reasons.ROUTER)
        self._library.tell_rest(reasons.LIBRARY)
        self._general.tell_rest(reasons.GENERAL)
        self._top.tell_rest(reasons.TOP)
        if not providers:
            return
        listens = "the gateway listens on 127.0.0.1:12000, LiteLLM on 0.0.0.0:4000"
        change = "`listeners.egress_traffic` has `address`, `port` and `tls`"
        self._notes.assumed(("model_list",), f"{listens}: {change}")
        if any(each.first_byte is None for each in providers):
            message = "without a timeout an answer has 120 s to begin, with LiteLLM 600 s or more"
            self._notes.assumed(("model_list",), message)
        if any(each.price is None for each in providers):
            message = "no price is known that the file does not say: `archgw usage` counts tokens"
            self._notes.assumed(("model_list",), message)

"""Generations of the config: each request is decided by the one that Envoy routed it with.

Envoy names the generation in the call's initial metadata; the control plane has written
`<hash>.json` before any route names it. The last few that were asked for are kept parsed: two are
in use at a time in practice, more while changes are tried in a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from extproc.contract import RuntimeConfig, Target, loads
from extproc.errors import Unavailable
from extproc.questions import Questions
from extproc.telemetry import log
from modelserver.schema import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[0-9a-f]{8,64}")
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Runtime:
    """A config, and what is worked out from it once."""

    generation: str
    config: RuntimeConfig
    tools: tuple[Mapping[str, Any], ...]
    """Every target but the default one, as the model server takes them."""
    targets: Mapping[str, Target]
    config_prompts: frozenset[str] = field(repr=False)
    """System prompts of the config: not scanned when a client sends them back."""
    questions: Questions = field(repr=False)
    of_clients: Mapping[str, Runtime] = field(default_factory=dict, repr=False)
    """Client → what it is offered, where that is more than others are."""

    def for_client(self, client: str | None) -> Runtime:
        """The same without the targets that are not there for this client: no model sees them."""
        return self.of_clients.get(client or "", self)


def compiled(generation: str, settings: RuntimeConfig) -> Runtime:
    """For clients that no target names, and within it for each that some do."""
    offered: dict[tuple[str, ...], Runtime] = {}

    def offering(client: str | None) -> Runtime:
        targets = tuple(target for target in settings.targets if target.is_for(client))
        names = tuple(target.name for target in targets)
        if names not in offered:
            offered[names] = _compiled(generation, replace(settings, targets=targets))
        return offered[names]

    clients = {client for target in settings.targets for client in target.clients}
    return replace(offering(None), of_clients={client: offering(client) for client in clients})


def _compiled(generation: str, settings: RuntimeConfig) -> Runtime:
    matched = [target for target in settings.targets if not target.default]
    prompts = (settings.system_prompt, *(target.system_prompt for target in settings.targets))
    return Runtime(
        generation=generation,
        config=settings,
        tools=tuple(
            Tool(each.name, each.description, each.parameters).to_json() for each in matched
        ),
        targets={target.name: target for target in matched},
        config_prompts=frozenset(prompt for prompt in prompts if prompt),
        questions=Questions(settings),
    )


class Generations:
    """Reads `<folder>/<generation>.json` when a generation is first seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: LRUCache[str, Runtime] = LRUCache(_KEPT)

    def get(self, generation: str) -> Runtime:
        found = self._known.get(generation)
        if found is None:
            found = self._load(generation)
            self._known[generation] = found
        return found

    def known(self) -> tuple[str, ...]:
        """Those that are kept, whoever was asked for last at the end."""
        return tuple(self._known)

    def _load(self, generation: str) -> Runtime:
        # The name comes over the wire and becomes a path.
        if not _NAME.fullmatch(generation):
            raise Unavailable("no configuration was named for this request")
        path = self._folder / f"{generation}.json"
        try:
            settings = loads(path.read_text())
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("runtime.unreadable", path=str(path), reason=type(error).__name__)
            raise Unavailable("the configuration of this request cannot be read") from None
        log.info("runtime.loaded", generation=generation, targets=len(settings.targets))
        return compiled(generation, settings)

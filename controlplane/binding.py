"""Where a container listens: `ARCHGW_BIND` in the place of the loopback address.

The same config serves on a laptop and in a pod, whose probes and callers come from outside. It
is applied to what was read, before the rules look at it: to them a listener that others reach
is one, whoever said so. An address that the config chose for itself is left alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controlplane.defaults import BIND
from controlplane.hosts import is_loopback
from controlplane.model import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane.model import Config


def bind(config: Config, variables: Mapping[str, str]) -> Config:
    address = variables.get(BIND)
    if not address:
        return config
    guards = config.jailbreak_guard or config.toxicity_guard
    takes_prompts = config.ingress or config.prompt_targets or guards
    ingress = _bound(config.ingress, "ingress_traffic", address) if takes_prompts else None
    egress = _bound(config.egress, "egress_traffic", address)
    return replace(config, ingress=ingress, egress=egress if config.providers else config.egress)


def _bound(listener: Listener | None, name: str, address: str) -> Listener:
    found = listener or Listener(("listeners", name))
    if found.address and not is_loopback(found.address):
        return found
    return replace(found, address=address, bound=True)

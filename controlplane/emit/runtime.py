"""Gateway → the runtime that extproc reads: a file, and the name by which routes ask for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home

DEADLINE_SECONDS = 30.0
"""For a whole decision: the models, and the application's API or error target."""


@dataclass(frozen=True, slots=True)
class RuntimeFile:
    generation: str
    text: str


def emit_runtime(gateway: ir.Gateway, home: Home) -> RuntimeFile | None:
    """None for a gateway without prompts."""
    if gateway.prompts is None:
        return None
    config = contract.RuntimeConfig.of(
        replace(gateway.prompts, decisions=_at_home(gateway.prompts.decisions, home)),
        model_server=home.model_server(gateway.prompts.model_server.address),
        internal_socket=str(home.internal_socket),
        deadline=DEADLINE_SECONDS,
    )
    text = contract.dumps(config)
    return RuntimeFile(contract.generation(text), text)


def _at_home(decisions: contract.Decisions, home: Home) -> contract.Decisions:
    """A relative path is beside the access logs."""
    return replace(decisions, file=decisions.file and str(home.logs / decisions.file))

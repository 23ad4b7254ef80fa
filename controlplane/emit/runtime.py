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
    through_envoy = f"{contract.THROUGH_ENVOY}{home.models_socket}"
    config = contract.RuntimeConfig.of(
        _at_home(gateway.prompts, home),
        model_server=(
            through_envoy if gateway.prompts.model_server.addresses else home.model_server(None)
        ),
        internal_socket=str(home.internal_socket),
        deadline=DEADLINE_SECONDS,
    )
    text = contract.dumps(config)
    return RuntimeFile(contract.generation(text), text)


def _at_home(prompts: ir.Prompts, home: Home) -> ir.Prompts:
    """With the files that are meant: of the decisions, beside the access logs, and of secrets."""
    decisions = prompts.decisions
    file = decisions.file and str(home.logs / decisions.file)
    targets = (
        replace(target, endpoint=_with_files(target.endpoint, home)) for target in prompts.targets
    )
    return replace(
        prompts,
        decisions=replace(decisions, file=file),
        targets=tuple(targets),
        tracing=prompts.tracing and tracing_at_home(prompts.tracing, home),
    )


def tracing_at_home(tracing: contract.Tracing, home: Home) -> contract.Tracing:
    return replace(tracing, headers=_files(tracing.headers, home))


def _with_files(endpoint: contract.ApiEndpoint | None, home: Home) -> contract.ApiEndpoint | None:
    """Headers name the files of their values, which extproc reads for each call."""
    if endpoint is None:
        return None
    return replace(endpoint, headers=_files(endpoint.headers, home))


def _files(headers: tuple[tuple[str, str], ...], home: Home) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(home.key_file(secret))) for name, secret in headers)

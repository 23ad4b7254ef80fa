"""Gateway → RuntimeConfig: the one look across the seam to extproc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extproc import config as runtime

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Layout

DEADLINE_SECONDS = 30.0
"""For a whole decision: the models, and the application's API or error target."""


@dataclass(frozen=True, slots=True)
class Runtime:
    generation: str
    text: str


def emit_runtime(gateway: ir.Gateway, layout: Layout) -> Runtime | None:
    """None for a gateway without prompts."""
    if gateway.prompts is None:
        return None
    text = runtime.dumps(_config(gateway.prompts, layout))
    return Runtime(runtime.generation(text), text)


def _config(prompts: ir.Prompts, layout: Layout) -> runtime.RuntimeConfig:
    return runtime.RuntimeConfig(
        system_prompt=prompts.system_prompt,
        guards=tuple(
            runtime.Guard(
                kind=guard.kind,
                message=guard.message,
                forward_to_error_target=guard.forward_to_error_target,
                threshold=guard.threshold,
            )
            for guard in prompts.guards
        ),
        targets=tuple(_target(target) for target in prompts.targets),
        error_target=_call(prompts.error_target) if prompts.error_target else None,
        intent_threshold=prompts.intent_threshold,
        max_calls=prompts.max_calls,
        debug_headers=prompts.debug_headers,
        model_server=prompts.model_server.address,
        internal_socket=str(layout.internal_socket),
        deadline=DEADLINE_SECONDS,
    )


def _target(target: ir.PromptTarget) -> runtime.Target:
    return runtime.Target(
        name=target.name,
        description=target.description,
        default=target.default,
        call=_call(target.call) if target.call else None,
        parameters=tuple(_parameter(parameter) for parameter in target.parameters),
        dispatch_to_llm=target.dispatch_to_llm,
        system_prompt=target.system_prompt,
    )


def _parameter(parameter: ir.Parameter) -> runtime.Parameter:
    return runtime.Parameter(
        name=parameter.name,
        type=parameter.type,
        description=parameter.description,
        required=parameter.required,
        default=parameter.default,
        has_default=parameter.has_default,
        enum=parameter.enum,
        format=parameter.format,
        in_path=parameter.in_path,
        items=parameter.items,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        pattern=parameter.pattern,
    )


def _call(call: ir.ApiCall) -> runtime.ApiCall:
    return runtime.ApiCall(upstream=call.upstream, path=call.path, method=call.method)

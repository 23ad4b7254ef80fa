"""Guards and targets: what the prompt path needs to know, every default applied."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Literal

from controlplane import defaults, ir
from controlplane.lower.addresses import place
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controlplane import model
    from controlplane.defaults import Machine

MAX_CALLS = 4
GUARD_MESSAGE = "This request was refused by the prompt guard."


def lower_prompts(
    config: model.Config,
    machine: Machine,
    names: Mapping[str, str],
    models: contract.Models | None,
) -> tuple[ir.Prompts | None, tuple[ir.SecretValue, ...]]:
    """`names`: what the endpoints are called in the gateway."""
    guards = _guards(config)
    if config.mode == "llm" or not (config.prompt_targets or guards or config.ingress):
        return None, ()
    overrides = config.overrides
    server, secrets = _model_server(config, machine)
    prompts = ir.Prompts(
        system_prompt=config.system_prompt,
        guards=guards,
        targets=tuple(_target(target, names) for target in config.prompt_targets),
        error_target=(
            _endpoint(config.error_target.endpoint, "POST", names) if config.error_target else None
        ),
        intent_threshold=overrides.intent_threshold,
        model_server=server,
        max_calls=overrides.max_calls or MAX_CALLS,
        debug_headers=bool(overrides.debug_headers),
        messages=overrides.messages,
        guards_api_answers=config.guards_api_answers,
        allow_images=config.guards_allow_images,
        decisions=config.decisions,
        stream_format=overrides.stream_format or "openai",
        error_detail=overrides.error_detail or "client",
        models=models,
        origins=config.ingress.cors.origins if config.ingress and config.ingress.cors else (),
        max_body=overrides.max_body or contract.MAX_BODY,
    )
    return prompts, (*secrets, *_header_secrets(config))


def _header_secrets(config: model.Config) -> tuple[ir.SecretValue, ...]:
    return tuple(
        ir.SecretValue(name, value.value)
        for target in config.prompt_targets
        for name, (_, value) in _headers(target).items()
    )


def _headers(target: model.PromptTarget) -> dict[str, tuple[str, model.Secret]]:
    """Name of a secret → the header of the target's calls that holds it."""
    if target.endpoint is None:
        return {}
    # Another target or API is another secret: its key never lies in the file of this one.
    where = f"{target.name}\n{target.endpoint.name}"
    return {
        f"key-header-{hashlib.sha256(f'{where}{header}'.encode()).hexdigest()[:12]}": (
            header.lower(),
            value,
        )
        for header, value in target.endpoint.http_headers
    }


def _guards(config: model.Config) -> tuple[contract.Guard, ...]:
    written: tuple[tuple[Literal["jailbreak", "toxicity"], model.Guard | None], ...] = (
        ("jailbreak", config.jailbreak_guard),
        ("toxicity", config.toxicity_guard),
    )
    return tuple(
        contract.Guard(
            kind=kind,
            message=guard.message or GUARD_MESSAGE,
            forward_to_error_target=guard.forward_to_error_target,
            threshold=_threshold(config, kind, guard),
        )
        for kind, guard in written
        if guard
    )


def _threshold(
    config: model.Config, kind: Literal["jailbreak", "toxicity"], guard: model.Guard
) -> float | None:
    said = config.overrides.guard_threshold if guard.threshold is None else guard.threshold
    return defaults.TOXICITY_THRESHOLD if said is None and kind == "toxicity" else said


def _target(target: model.PromptTarget, names: Mapping[str, str]) -> contract.Target:
    method = "POST" if target.default else "GET"
    endpoint = _endpoint(target.endpoint, method, names) if target.endpoint else None
    if endpoint:
        headers = tuple((header, secret) for secret, (header, _) in _headers(target).items())
        endpoint = replace(endpoint, headers=headers)
    dispatch = target.auto_llm_dispatch_on_response
    return contract.Target(
        name=target.name,
        description=target.description,
        default=target.default,
        endpoint=endpoint,
        parameters=tuple(_parameter(parameter) for parameter in target.parameters),
        # The default target's API is the application itself, and answers, as in v0.1.
        dispatch_to_llm=not target.default if dispatch is None else dispatch,
        system_prompt=target.system_prompt,
        confirm=_confirm(target, endpoint),
        clients=target.clients or (),
    )


def _confirm(target: model.PromptTarget, endpoint: contract.ApiEndpoint | None) -> contract.Confirm:
    """Asked before a call is who might not want what it changes."""
    if target.default or endpoint is None:
        return "never"
    return target.confirm or ("never" if endpoint.method in contract.READS else "unsure")


def _endpoint(
    written: model.EndpointRef, method: str, names: Mapping[str, str]
) -> contract.ApiEndpoint:
    return contract.ApiEndpoint(
        upstream=names[written.name],
        path=written.http_path,
        method=(written.http_method or method).upper(),
    )


def _parameter(written: model.Parameter) -> contract.Parameter:
    """The same, without its place in the file."""
    return contract.Parameter(
        **{each.name: getattr(written, each.name) for each in fields(contract.Parameter)}
    )


def _embedded(written: model.ModelServer | None) -> bool:
    if written is None:
        return True
    return not written.addresses if written.embedded is None else written.embedded


def _model_server(
    config: model.Config, machine: Machine
) -> tuple[ir.ModelServer, tuple[ir.SecretValue, ...]]:
    written = config.model_server
    calling = config.function_calling
    secrets: tuple[ir.SecretValue, ...] = ()
    backend = None
    if calling and calling.backend == "openai":
        if calling.access_key:
            secrets = (ir.SecretValue("key-function-calling", calling.access_key.value),)
        backend = ir.FunctionCalling(
            base_url=calling.base_url or "",
            model=calling.model or "",
            secret=secrets[0].name if secrets else None,
        )
    named = (written.addresses if written else ()) or machine.model_servers
    addresses = place(named, "http", default_port=defaults.MODEL_SERVER_PORT).addresses
    token = written.token.value if written and written.token else machine.model_server_token
    if addresses and token:
        secrets = (*secrets, ir.SecretValue(defaults.MODEL_SERVER_SECRET, token))
    server = ir.ModelServer(
        addresses=addresses,
        embedded=_embedded(written),
        guard_model=written.guard_model if written else None,
        function_calling=backend,
    )
    return server, secrets

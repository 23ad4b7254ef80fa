"""Model → Gateway: defaults applied, references resolved, names given.

Every default a user can rely on is applied in this package, but for the gateway's own sentences
(`extproc.contract`). It takes configs that the rules let through, and finds nothing wrong with
them any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controlplane import defaults, ir
from controlplane.lower.addresses import Addressing, endpoint_names
from controlplane.lower.auth import lower_auth
from controlplane.lower.llm import Llm, lower_llm
from controlplane.lower.prompts import lower_prompts
from controlplane.lower.shared_limits import lower_shared_limits
from controlplane.lower.tracing import lower_tracing
from controlplane.providers import MODEL_BEGINNINGS
from extproc import contract

if TYPE_CHECKING:
    from controlplane import model
    from controlplane.defaults import Machine


def lower(config: model.Config, machine: Machine) -> ir.Gateway:
    names = endpoint_names(config)
    ca_file = config.overrides.ca_file or machine.ca_file
    addressing = Addressing(config, ca_file, names)
    tracing, tracing_secrets = lower_tracing(config.tracing, ca_file)
    llm = lower_llm(config, addressing)
    prompts, prompt_secrets = lower_prompts(config, machine, names, _models(llm.choice))
    if prompts:
        prompts = replace(prompts, providers=_providers(llm))
    if prompts and tracing:
        prompts = replace(prompts, tracing=tracing.spans)
    shared_limits, limit_secrets = lower_shared_limits(config, addressing)
    overrides = config.overrides
    return ir.Gateway(
        listeners=_listeners(config, prompts, addressing),
        providers=llm.providers,
        llm_routes=llm.routes,
        choice=llm.choice,
        upstreams=_upstreams(config, prompts, addressing),
        prompts=prompts,
        secrets=llm.secrets + prompt_secrets + tracing_secrets + limit_secrets,
        error_format=overrides.error_format or "json",
        access_log_format=overrides.access_log_format or "text",
        stats_port=machine.stats_port if overrides.stats_port is None else overrides.stats_port,
        stats_address=machine.stats_address,
        tracing=tracing,
        shared_limits=shared_limits,
    )


def _models(choice: ir.ProviderChoice) -> contract.Models | None:
    """What prompts may name as `model`: it chooses as on the LLM listener."""
    if not choice.refuses_others or choice.others or not choice.names:
        return None
    listed = dict(choice.listed)
    return contract.Models(
        listed=tuple(listed),
        unlisted=tuple(model for model, _ in choice.models if model not in listed),
        beginnings=(
            *(f"{kind}/" for kind, _ in choice.kinds),
            *(each for maker, _ in choice.makers for each in MODEL_BEGINNINGS[maker]),
        ),
    )


def _providers(llm: Llm) -> contract.Providers | None:
    """Which one an LLM call of a prompt is for: it chooses as on the LLM listener."""
    reserved = {
        route.name: tuple(client for each in route.audiences for client in each.clients)
        for route in llm.routes
        if not route.groups
    }
    if not reserved:
        return None
    choice = llm.choice
    return contract.Providers(
        names=choice.names,
        clients=tuple((route.name, reserved.get(route.name, ())) for route in llm.routes),
        models=choice.models,
        kinds=choice.kinds,
        beginnings=tuple(
            (beginning, name)
            for maker, name in choice.makers
            for beginning in MODEL_BEGINNINGS[maker]
        ),
        others=choice.others,
        default=choice.default,
    )


def _upstreams(
    config: model.Config, prompts: ir.Prompts | None, addressing: Addressing
) -> tuple[ir.Upstream, ...]:
    """What prompts call. An endpoint of a provider alone is in that provider's own upstream."""
    if prompts is None:
        return ()
    named = [*(target.endpoint for target in prompts.targets), prompts.error_target]
    called = {each.upstream for each in named if each}
    upstreams = (addressing.endpoint(endpoint) for endpoint in config.endpoints)
    return tuple(upstream for upstream in upstreams if upstream.name in called)


def _listeners(
    config: model.Config, prompts: ir.Prompts | None, addressing: Addressing
) -> tuple[ir.Listener, ...]:
    listeners = []
    if config.providers:
        max_body = config.overrides.max_body or defaults.LLM_MAX_BODY
        address, port = defaults.LLM_ADDRESS, defaults.LLM_PORT
        listener = _listener("llm", config.egress, address, port, max_body)
        listeners.append(_with_auth(listener, config.egress, addressing))
    if prompts:
        address, port = defaults.PROMPT_ADDRESS, defaults.PROMPT_PORT
        listener = _listener("prompt", config.ingress, address, port, prompts.max_body)
        listeners.append(_with_auth(listener, config.ingress, addressing))
    return tuple(listeners)


def _listener(
    name: ir.ListenerName, written: model.Listener | None, address: str, port: int, max_body: int
) -> ir.Listener:
    if written is None:
        return ir.Listener(name, address, port, (), max_body)
    certificates = tuple(
        ir.Certificate(f"cert-{name}-{number}", certificate.chain_file, certificate.key_file)
        for number, certificate in enumerate(written.certificates)
    )
    return ir.Listener(
        name,
        written.address or address,
        port if written.port is None else written.port,
        certificates,
        max_body,
        ir.Cors(written.cors.origins, written.cors.credentials) if written.cors else None,
    )


def _with_auth(
    listener: ir.Listener, written: model.Listener | None, addressing: Addressing
) -> ir.Listener:
    if written is None or written.auth is None:
        return listener
    return replace(listener, auth=lower_auth(written.auth, listener.name, addressing))

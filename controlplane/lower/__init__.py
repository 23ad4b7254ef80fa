"""Model → Gateway: defaults applied, references resolved, names given.

Every default a user can rely on is in this package. Problems are only those that nobody can
see earlier, when a default turns out not to exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import ir
from controlplane.lower.addresses import Addressing
from controlplane.lower.llm import lower_llm
from controlplane.lower.prompts import lower_prompts

if TYPE_CHECKING:
    from controlplane import model
    from controlplane.problem import Problem

LLM_PORT = 12000
PROMPT_PORT = 10000
STATS_PORT = 19901
MAX_BODY_BYTES = 1 << 20


def lower(config: model.Config, ca_file: str) -> tuple[ir.Gateway, list[Problem]]:
    """`ca_file`: the bundle that upstream certificates are checked against by default."""
    addressing = Addressing(config, config.overrides.ca_file or ca_file)
    llm, problems = lower_llm(config, addressing)
    prompts, prompt_secrets = lower_prompts(config)
    overrides = config.overrides
    gateway = ir.Gateway(
        listeners=_listeners(config, prompts),
        providers=llm.providers,
        llm_routes=llm.routes,
        choice=llm.choice,
        upstreams=tuple(addressing.endpoint(endpoint) for endpoint in config.endpoints),
        prompts=prompts,
        secrets=llm.secrets + prompt_secrets,
        error_format=overrides.error_format or "json",
        access_log_format=overrides.access_log_format or "text",
        sampling=(config.tracing.sampling_rate or 0.0) if config.tracing else 0.0,
        stats_port=STATS_PORT if overrides.stats_port is None else overrides.stats_port,
        max_body_bytes=MAX_BODY_BYTES,
    )
    return gateway, problems


def _listeners(config: model.Config, prompts: ir.Prompts | None) -> tuple[ir.Listener, ...]:
    listeners = []
    if config.providers:
        listeners.append(_listener("llm", config.egress, "127.0.0.1", LLM_PORT))
    if prompts:
        listeners.append(_listener("prompt", config.ingress, "0.0.0.0", PROMPT_PORT))
    return tuple(listeners)


def _listener(
    name: ir.ListenerName, written: model.Listener | None, address: str, port: int
) -> ir.Listener:
    if written is None:
        return ir.Listener(name, address, port, ())
    certificates = tuple(
        ir.Certificate(f"cert-{name}-{number}", certificate.chain_file, certificate.key_file)
        for number, certificate in enumerate(written.certificates)
    )
    return ir.Listener(
        name,
        written.address or address,
        port if written.port is None else written.port,
        certificates,
    )

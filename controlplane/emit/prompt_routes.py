"""Routes of the prompt path: prompts on their way to an LLM, and calls to the user's APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.answers import header
from controlplane.emit.proto import Fields, typed
from controlplane.emit.routes import provider_route, route_config, unchosen, variants
from controlplane.surfaces import CHAT
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.emit.runtime import RuntimeFile

API_TIMEOUT = "10s"


def prompt_routes(gateway: ir.Gateway, prompts: ir.Prompts, runtime: RuntimeFile) -> Fields:
    """Only what extproc has let through (it sets the header) finds an LLM."""
    guarded = [header(contract.GUARDED_HEADER, "1")]
    last_resort = names.ERROR_TARGET_CLUSTER if prompts.error_target else None
    routes = [
        *(
            provider_route(variant, CHAT, [*guarded, *headers], last_resort)
            for route in gateway.llm_routes
            for variant, headers in variants(route)
        ),
        # extproc ended its call without a word: nobody has judged the prompt.
        unchosen(CHAT, "POST"),
    ]
    # The generation makes extproc decide by the very config that these routes belong to.
    generation = {"key": contract.GENERATION_KEY, "value": runtime.generation}
    per_filter = {
        names.PROMPTS_FILTER: typed(
            "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
            overrides={"grpc_initial_metadata": [generation]},
        ),
    }
    return route_config("prompt", routes, CHAT, gateway, per_filter)


def internal_routes(gateway: ir.Gateway) -> Fields:
    """By the name of the API; the hosts, their health and their limits are Envoy's."""
    host = {
        "name": "internal",
        "domains": ["*"],
        "request_headers_to_remove": [contract.UPSTREAM_HEADER],
        # Why a call failed is ours alone to say.
        "response_headers_to_remove": [contract.CAUSE_HEADER],
        "routes": [_api_route(upstream) for upstream in gateway.upstreams],
    }
    return {"name": "internal", "validate_clusters": False, "virtual_hosts": [host]}


def _api_route(upstream: ir.Upstream) -> Fields:
    return {
        "name": upstream.name,
        "match": {"prefix": "/", "headers": [header(contract.UPSTREAM_HEADER, upstream.name)]},
        "route": {
            "cluster": names.api_cluster(upstream.name),
            "auto_host_rewrite": True,
            "timeout": API_TIMEOUT,
            # Only what cannot have reached the API is sent again.
            "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 1},
        },
    }

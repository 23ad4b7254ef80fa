"""Names that several emitters must spell alike: clusters, headers, metadata.

Routes, limits, logs and dashboards find a cluster by its name; a second spelling would be
a second cluster.
"""

from __future__ import annotations

PROVIDER_HEADER = "x-arch-llm-provider"
"""Set by us alone; LLM routes match nothing else."""

HINT_HEADER = "x-gateway-hint"
"""The client's `x-arch-llm-provider-hint`, copied before all `x-arch-*` is removed."""

DEBUG_HEADER = "x-gateway-debug"
"""The client's `x-arch-debug`, copied likewise; extproc heeds it if the config says so."""

TURN_HEADER = "x-gateway-turn"
"""A count that goes round: picks the member of a pool."""

METADATA = "arch.llm"
PROMPT_METADATA = "arch.prompt"
CLUSTER_METADATA = "arch.cluster"
"""Which provider a cluster is, and with which model, for the access log."""

# Route config reaches a filter by the filter's name, in the listener and upstream alike. Two Lua
# filters of one name would both run the code of the route.
CHOOSE_FILTER = "archgw.choose"
REWRITE_FILTER = "archgw.rewrite"
PROMPTS_FILTER = "archgw.prompts"
ANSWER_FILTER = "archgw.answer"

GUARDED_HEADER = "x-arch-guarded"
"""Set by extproc alone, on what it lets through to an LLM."""

UPSTREAM_HEADER = "x-arch-upstream"
"""On the internal listener: which API a call is for."""

EXTPROC_CLUSTER = "extproc"
ERROR_TARGET_CLUSTER = "error-target"

LLM_PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models")


def provider_cluster(name: str) -> str:
    return f"llm-{name}"


def api_cluster(upstream: str) -> str:
    return f"api-{upstream}"

"""Names that several emitters and scripts must spell alike: clusters, headers, metadata, paths.

Routes, limits, logs and dashboards find a cluster by its name; a second spelling would be
a second cluster. What extproc has to know as well is in `extproc.contract`.
"""

from __future__ import annotations

CLIENT_HINT_HEADER = "x-arch-llm-provider-hint"
PROVIDER_HEADER = "x-arch-llm-provider"
"""Set by us alone, and all by which an LLM route knows its requests beside method and path."""

REQUEST_ID_HEADER = "x-arch-request-id"
"""The client's request id, if it is one; early header mutation removes it again."""

PAGE_HEADER = "x-arch-page"
"""On what came from a web page, once the cors filter has seen it."""

JWT_CLIENT_HEADER = "x-arch-token-client"
"""Whom a token names that holds, from the filter that checks it to the script that names clients."""

LIMIT_PERIOD_HEADER = "x-arch-ratelimit-period"
"""From a limit that refused to the script that words retry-after, which removes it."""

SHARED_LIMIT_HEADER = "x-arch-shared-limit"
"""From the filter of shared limits to the script that words its refusal, which removes it."""
SHARED_LIMIT_REFUSAL = "a limit that gateways share is used up"
"""What a refusal says until that script has put in which limit it was."""
LIMITS_UNAVAILABLE = "limits_unavailable"
"""The code of the refusal while nobody can say what is spent."""

OTHER_MODEL = "other"
"""In metrics, the model that a client names and no config knows."""
BUDGETS_PREFIX = "budget"
"""What the names of gauges begin with in which `budgets.lua` keeps what is spent."""
STATS_PREFIX = "archgw"
"""What Envoy's names for the metrics of requests begin with."""
STATS_CLUSTER = "stats"
"""Who answers at the port of the statistics."""

HEALTH_PATH = "/healthz"
"""Says that the process lives."""
READY_PATH = "/readyz"
"""And this, whether it is to be sent anything."""

LLM_METADATA = "arch.llm"
INTERNAL_METADATA = "arch.internal"
"""Of a call to an API: the path as the config writes it, under `path`."""
CLIENT_METADATA = "arch.client"
"""Who calls, under `name`, for the access log."""
JWT_METADATA = "envoy.filters.http.jwt_authn"
"""Envoy's own; under `JWT_REFUSED` it says why a token does not hold."""
JWT_REFUSED = "refused"
COUNTED_KEY = "counted"
"""There, too: whom metrics call so, where clients may have tokens."""
ISSUED_CLIENTS = "(token)"
"""All of these."""
ISSUED_HEADER = "x-arch-counted"
"""Brings that, from the script that names clients to where it is written down."""
CLUSTER_METADATA = "arch.cluster"
"""Which provider a cluster is, with which model, at what price, for the access log."""

# Route config reaches a filter by the filter's name, in the listener and upstream alike. Two Lua
# filters of one name would both run the code of the route.
PAGE_FILTER = "archgw.page"
CHOOSE_FILTER = "archgw.choose"
REWRITE_FILTER = "archgw.rewrite"
PROMPTS_FILTER = "archgw.prompts"
ANSWER_FILTER = "archgw.answer"
NATIVE_KEY_FILTER = "archgw.native_key"
USAGE_FILTER = "archgw.usage"
TOKENS_FILTER = "archgw.client_tokens"
NAMING_FILTER = "archgw.client_naming"
SHARED_LIMITS_FILTER = "archgw.shared_limits"
KEYS_FILTER = "archgw.client_keys"

EXTPROC_CLUSTER = "extproc"
MODELS_CLUSTER = "models"
"""The cluster of model servers at ports, and the listener where extproc finds it."""
ERROR_TARGET_CLUSTER = "error-target"
COLLECTOR_CLUSTER = "collector"
"""Of traces."""
LIMITS_CLUSTER = "limits"
"""Whoever knows what is spent of limits that gateways share."""
SPANS_CLUSTER = "spans"
"""Our process that makes spans of LLM calls."""


def key_set_cluster(listener: str) -> str:
    return f"jwks-{listener}"


def provider_cluster(name: str) -> str:
    return f"llm-{name}"


def api_cluster(upstream: str) -> str:
    return f"api-{upstream}"

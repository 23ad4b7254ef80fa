"""What each metric of requests is called, by everybody who has a name for it: the one table.

Envoy counts each thing once, under our name for it. The scrape shows it under every name here:
ours, v0.1's, and those of OpenTelemetry's conventions for generative AI. Of these Envoy AI
Gateway, agentgateway and most tools know the older ones; the newer ones come instead of them with
`OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental`. In Prometheus a name's dots are
underscores, its unit is at its end, and that of a counter ends in `_total`.

What a process counts for itself is named in its own `telemetry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"
NEWER = "gen_ai_latest_experimental"

Edition = Literal["always", "older", "newer"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One name of a metric."""

    name: str
    help: str
    scale: float = 1.0
    """What Envoy's whole numbers are multiplied by."""
    labels: tuple[tuple[str, str], ...] = ()
    """Beside those that Envoy counts by."""
    edition: Edition = "always"

    @property
    def label_names(self) -> Mapping[str, str]:
        return GENAI_LABELS if self.name.startswith("gen_ai_") else {}


@dataclass(frozen=True, slots=True)
class Counted:
    """What Envoy counts."""

    stat: str
    kind: Literal["counter", "histogram"]
    shown: tuple[Shown, ...]
    buckets: tuple[float, ...] = ()
    """Upper bounds, in Envoy's unit."""
    total: str = ""
    """The counter of the same thing: a histogram of Envoy's rounds its sum by some per cent."""


GENAI_LABELS = {
    "operation": "gen_ai_operation_name",
    "kind": "gen_ai_provider_name",
    "model": "gen_ai_request_model",
}
"""What our labels are called in OpenTelemetry's metrics; the others have no name there."""

_THOUSANDTH, _MILLIONTH, _BILLIONTH = 1e-3, 1e-6, 1e-9
_INPUT, _OUTPUT = (("gen_ai_token_type", "input"),), (("gen_ai_token_type", "output"),)
_MODALITY = (("gen_ai_token_modality", "unknown"),)

# The bounds that OpenTelemetry's conventions name.
_TOKENS = tuple(float(4**power) for power in range(14))
_DURATION = tuple(10.0 * 2**power for power in range(14))
_FIRST = tuple(
    each * 1000.0
    for each in (1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000)
)
_EACH = tuple(
    each * 1000.0 for each in (1, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500)
)
_PACE = (1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)

REQUESTS = Counted("requests", "counter", (Shown("archgw_requests_total", "Requests answered"),))

INPUT_TOKENS = Counted(
    "input_tokens",
    "counter",
    (
        Shown("archgw_input_tokens_total", "Tokens of prompts, as providers count them"),
        Shown(
            "gen_ai_client_inference_usage_input_tokens_total",
            "The number of input (prompt) tokens used, including cached tokens",
            labels=_MODALITY,
            edition="newer",
        ),
    ),
)

OUTPUT_TOKENS = Counted(
    "output_tokens",
    "counter",
    (
        Shown("archgw_output_tokens_total", "Tokens of answers, as providers count them"),
        Shown(
            "gen_ai_client_inference_usage_output_tokens_total",
            "The number of output (completion) tokens used, including reasoning tokens",
            labels=_MODALITY,
            edition="newer",
        ),
    ),
)

CACHED_TOKENS = Counted(
    "cached_tokens",
    "counter",
    (
        Shown("archgw_cached_tokens_total", "Tokens of prompts that a provider had in its cache"),
        Shown(
            "gen_ai_client_inference_usage_cache_read_input_tokens_total",
            "The number of input tokens served from a provider-managed cache",
            labels=_MODALITY,
            edition="newer",
        ),
    ),
)

COST = Counted(
    "cost",
    "counter",
    (Shown("archgw_cost_total", "What answers cost, in the currency of the prices", _BILLIONTH),),
)

PROMPTS = Counted(
    "prompts",
    "counter",
    (Shown("archgw_prompts_total", "Prompts decided, by the guard's verdict and their outcome"),),
)

RATE_LIMITED = Counted(
    "ratelimited_rq", "counter", (Shown("ratelimited_rq", "Requests that a token limit refused"),)
)

FIRST_TOKEN = Counted(
    "time_to_first_token",
    "histogram",
    (
        Shown(
            "time_to_first_token",
            "Milliseconds from a request to the first token of a stream",
            _THOUSANDTH,
        ),
        Shown(
            "gen_ai_server_time_to_first_token_seconds",
            "Time to generate first token for successful responses",
            _MILLIONTH,
        ),
    ),
    _FIRST,
)

LATENCY = Counted(
    "request_latency",
    "histogram",
    (
        Shown(
            "request_latency",
            "Milliseconds from a request to the end of a model's answer",
        ),
        Shown(
            "gen_ai_server_request_duration_seconds",
            "Generative AI server request duration such as time-to-last byte or last output token",
            _THOUSANDTH,
        ),
    ),
    _DURATION,
)

EACH_TOKEN = Counted(
    "time_per_output_token",
    "histogram",
    (
        Shown(
            "time_per_output_token",
            "Milliseconds for each token of a stream after the first",
            _THOUSANDTH,
        ),
        Shown(
            "gen_ai_server_time_per_output_token_seconds",
            "Time per output token generated after the first token for successful responses",
            _MILLIONTH,
        ),
    ),
    _EACH,
)

PACE = Counted(
    "tokens_per_second",
    "histogram",
    (Shown("tokens_per_second", "Tokens of a stream a second"),),
    _PACE,
)

INPUT_LENGTH = Counted(
    "input_sequence_length",
    "histogram",
    (
        Shown("input_sequence_length", "Tokens of a prompt"),
        Shown(
            "gen_ai_client_token_usage",
            "Number of input and output tokens used",
            labels=_INPUT,
            edition="older",
        ),
        Shown(
            "gen_ai_client_inference_operation_input_tokens",
            "Input tokens of an operation",
            edition="newer",
        ),
    ),
    _TOKENS,
    INPUT_TOKENS.stat,
)

OUTPUT_LENGTH = Counted(
    "output_sequence_length",
    "histogram",
    (
        Shown("output_sequence_length", "Tokens of an answer"),
        Shown(
            "gen_ai_client_token_usage",
            "Number of input and output tokens used",
            labels=_OUTPUT,
            edition="older",
        ),
        Shown(
            "gen_ai_client_inference_operation_output_tokens",
            "Output tokens of an operation",
            edition="newer",
        ),
    ),
    _TOKENS,
    OUTPUT_TOKENS.stat,
)

COUNTED = (
    REQUESTS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    CACHED_TOKENS,
    COST,
    PROMPTS,
    RATE_LIMITED,
    FIRST_TOKEN,
    LATENCY,
    EACH_TOKEN,
    PACE,
    INPUT_LENGTH,
    OUTPUT_LENGTH,
)

# What the supervisor tells of the gateway as a whole.
CONFIG_INFO = "archgw_config_info"
UP = "archgw_up"
RESTARTS = "archgw_restarts_total"
READY = "archgw_ready"
BUILD_INFO = "archgw_build_info"

ALSO_CALLED = {"archgw_extproc_outside_active": "active_http_calls"}
"""Metrics of the processes that v0.1 has a name for, too."""

"""The six dashboards: `python -m deploy.grafana.write` writes their JSON, and the chart's copies.

Each panel shows what the scrape tells under names that the table of metrics in docs/observability.md has.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.panels import Dashboard, Panel, Query, now, quantile, rate, written

HERE = Path(__file__).parent
FOLDER = HERE / "dashboards"
ALERTS = HERE.parent / "prometheus" / "alerts.yaml"
CHART = HERE.parent / "helm" / "archgw"
"""Helm reads no file outside a chart: it has copies."""

_FAILED = 'status=~"5.."'
_ATTACK = 'verdict="attack"'
_OURS = 'envoy_http_conn_manager_prefix=~"llm|prompt"'
_OUTSIDE = 'envoy_cluster_name=~"(llm|api)-.+"'


def _one(
    title: str, about: str, unit: str, expr: str, legend: str, *, stacked: bool = False
) -> Panel:
    return Panel(title, about, unit, (Query(expr, legend),), stacked)


def _half_and_most(title: str, about: str, unit: str, histogram: str, by: str) -> Panel:
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return Panel(
        title,
        about,
        unit,
        (
            Query(quantile(0.5, histogram, by), f"{legend} half"),
            Query(quantile(0.95, histogram, by), f"{legend} 95 %"),
        ),
    )


_TRAFFIC = Dashboard(
    "traffic",
    "Traffic",
    (
        _one(
            "Requests",
            "Answers of both listeners, without probes.",
            "reqps",
            rate("archgw_requests_total", "listener"),
            "{{listener}}",
        ),
        _one(
            "Answers by status",
            "401 is a client without a key, 429 a limit, 503 a provider that cannot be reached.",
            "reqps",
            rate("archgw_requests_total", "status"),
            "{{status}}",
            stacked=True,
        ),
        _one(
            "Share of server errors",
            "Above a few per cent, see `failures.log` and `archgw status`.",
            "percentunit",
            f"{rate('archgw_requests_total', 'listener', _FAILED)}"
            f" / {rate('archgw_requests_total', 'listener')}",
            "{{listener}}",
        ),
        _one(
            "Requests by model",
            "A model that only the client names is `other`.",
            "reqps",
            rate("archgw_requests_total", "provider, model", 'provider!=""'),
            "{{provider}} {{model}}",
            stacked=True,
        ),
        _one(
            "Requests by client",
            "Clients by their names in the config; nameless where no key is asked for.",
            "reqps",
            rate("archgw_requests_total", "client"),
            "{{client}}",
            stacked=True,
        ),
        _one(
            "Refused by a token limit",
            "The client waits as long as `retry-after` says, or needs a higher limit.",
            "reqps",
            rate("ratelimited_rq", "provider, client"),
            "{{provider}} {{client}}",
        ),
        _one(
            "Errors of providers and APIs",
            "Each try counts, those that a retry or a fallback made good as well.",
            "reqps",
            rate(
                "envoy_cluster_upstream_rq_xx",
                "envoy_cluster_name",
                f'{_OUTSIDE},envoy_response_code_class="5"',
            ),
            "{{envoy_cluster_name}}",
        ),
    ),
)

_TOKENS = Dashboard(
    "usage",  # scanners take a ConfigMap with "tokens.json" for one that holds secrets
    "Tokens and cost",
    (
        _one(
            "Cost per hour",
            "By the prices of the config, in their currency.",
            "none",
            f"3600 * {rate('archgw_cost_total', 'provider, model')}",
            "{{provider}} {{model}}",
            stacked=True,
        ),
        _one(
            "Cost per hour and client",
            "`archgw usage` adds it up by day.",
            "none",
            f"3600 * {rate('archgw_cost_total', 'client')}",
            "{{client}}",
            stacked=True,
        ),
        _one(
            "Tokens of prompts",
            "As providers count them, a second.",
            "none",
            rate("archgw_input_tokens_total", "provider, model"),
            "{{provider}} {{model}}",
            stacked=True,
        ),
        _one(
            "Tokens of answers",
            "As providers count them, a second.",
            "none",
            rate("archgw_output_tokens_total", "provider, model"),
            "{{provider}} {{model}}",
            stacked=True,
        ),
        _one(
            "Tokens by client",
            "Of prompts and answers together.",
            "none",
            f"{rate('archgw_input_tokens_total', 'client')}"
            f" + {rate('archgw_output_tokens_total', 'client')}",
            "{{client}}",
            stacked=True,
        ),
        _half_and_most(
            "Length of prompts",
            "Tokens of one; half have fewer than the lower line.",
            "none",
            "input_sequence_length",
            "provider, model",
        ),
        _half_and_most(
            "Length of answers",
            "Tokens of one; half have fewer than the lower line.",
            "none",
            "output_sequence_length",
            "provider, model",
        ),
    ),
)

_LATENCY = Dashboard(
    "latency",
    "Latency",
    (
        _half_and_most(
            "Time to an answer's end",
            "From a request to the last byte of what a model answered.",
            "ms",
            "request_latency",
            "provider, model",
        ),
        _half_and_most(
            "Time to the first token",
            "Of streams. On the prompt listener the decision and the API call are in it.",
            "ms",
            "time_to_first_token",
            "provider, model",
        ),
        _half_and_most(
            "Time for each token",
            "After the first.",
            "ms",
            "time_per_output_token",
            "provider, model",
        ),
        _one(
            "Tokens a second",
            "Half of the streams are faster.",
            "none",
            quantile(0.5, "tokens_per_second", "provider, model"),
            "{{provider}} {{model}}",
        ),
        _half_and_most(
            "Time to decide about a prompt",
            "Guard, intent, parameters and API call, without the LLM.",
            "s",
            "archgw_extproc_request_seconds",
            "job",
        ),
        _one(
            "Stages",
            "95 % took less; the slowest is where to look.",
            "s",
            quantile(0.95, "archgw_extproc_stage_seconds", "stage"),
            "{{stage}}",
        ),
        _one(
            "Waiting for others",
            "The model server (`models`) and your APIs (`api`); 95 % took less.",
            "s",
            quantile(0.95, "archgw_extproc_outside_seconds", "what"),
            "{{what}}",
        ),
    ),
)

_GUARD = Dashboard(
    "guard",
    "Guard",
    (
        _one(
            "Prompts by verdict",
            "What the guard said of each prompt that was decided.",
            "reqps",
            rate("archgw_prompts_total", "guard"),
            "{{guard}}",
            stacked=True,
        ),
        _one(
            "Share of attacks",
            "Of the prompts that were judged. A jump is an attack, or a guard that errs: try `archgw explain`.",
            "percentunit",
            f"{rate('archgw_extproc_guard_verdicts_total', 'job', _ATTACK)}"
            f" / {rate('archgw_extproc_guard_verdicts_total', 'job')}",
            "{{job}}",
        ),
        _one(
            "Refusals",
            "By the guard that refused.",
            "reqps",
            rate("archgw_extproc_guard_refusals_total", "guard"),
            "{{guard}}",
        ),
        _one(
            "Failed closed",
            "Prompts refused because nothing could judge them: is the model server up, and fast enough?",
            "reqps",
            rate("archgw_extproc_fail_closed_total", "code"),
            "{{code}}",
        ),
        _one(
            "Answers of APIs withheld",
            "No LLM was given them: they read as an attack, were too long, or nothing could judge them.",
            "reqps",
            rate("archgw_extproc_api_answers_withheld_total", "reason"),
            "{{reason}}",
        ),
        _one(
            "Texts judged",
            "By the model server, caches left out.",
            "reqps",
            rate("archgw_modelserver_guard_verdicts_total", "verdict"),
            "{{verdict}}",
        ),
    ),
)

_TARGETS = Dashboard(
    "targets",
    "Targets and questions",
    (
        _one(
            "What became of prompts",
            "Answered by the gateway itself, forwarded to an LLM, or refused.",
            "reqps",
            rate("archgw_prompts_total", "outcome"),
            "{{outcome}}",
            stacked=True,
        ),
        _one(
            "Targets",
            "Calls that prompts wanted, whether or not their values were complete.",
            "reqps",
            rate("archgw_extproc_targets_total", "target"),
            "{{target}}",
            stacked=True,
        ),
        _one(
            "Where prompts went",
            "To a target, to the default target, or straight to an LLM.",
            "reqps",
            rate("archgw_extproc_intents_total", "result"),
            "{{result}}",
        ),
        _one(
            "Questions",
            "For values that were missing, or to confirm. Many: describe parameters better, or give defaults.",
            "reqps",
            rate("archgw_extproc_questions_total", "reason"),
            "{{reason}}",
        ),
        _one(
            "Calls of APIs",
            "By endpoint and what it answered.",
            "reqps",
            rate("archgw_extproc_api_calls_total", "upstream, status"),
            "{{upstream}} {{status}}",
        ),
        _one(
            "Errors",
            "What callers were told, by its code.",
            "reqps",
            rate("archgw_extproc_errors_total", "code"),
            "{{code}}",
        ),
    ),
)

_SATURATION = Dashboard(
    "saturation",
    "Saturation",
    (
        _one(
            "Processor",
            "Cores that each process keeps busy. One extproc process has at most one.",
            "none",
            rate("process_cpu_seconds_total", "process"),
            "{{process}}",
        ),
        Panel(
            "Memory",
            "Of each process; of Envoy, what it has allocated.",
            "bytes",
            (
                Query(now("process_resident_memory_bytes", "process"), "{{process}}"),
                Query(now("envoy_server_memory_allocated", "job"), "envoy"),
            ),
        ),
        _one(
            "Connections of clients",
            "Open ones, on each listener.",
            "none",
            now("envoy_http_downstream_cx_active", "envoy_http_conn_manager_prefix", _OURS),
            "{{envoy_http_conn_manager_prefix}}",
        ),
        Panel(
            "Requests under way",
            "On each listener, and of these the prompts that are being decided.",
            "none",
            (
                Query(
                    now("envoy_http_downstream_rq_active", "envoy_http_conn_manager_prefix", _OURS),
                    "{{envoy_http_conn_manager_prefix}}",
                ),
                Query(now("archgw_extproc_active", "job"), "being decided"),
            ),
        ),
        Panel(
            "Waiting for a provider or an API",
            "Requests that wait for a connection, and those that too many waiting turned away a second.",
            "none",
            (
                Query(
                    now("envoy_cluster_upstream_rq_pending_active", "envoy_cluster_name", _OUTSIDE),
                    "{{envoy_cluster_name}}",
                ),
                Query(
                    rate(
                        "envoy_cluster_upstream_rq_pending_overflow", "envoy_cluster_name", _OUTSIDE
                    ),
                    "{{envoy_cluster_name}} turned away",
                ),
            ),
        ),
        _one(
            "Models' queue",
            "Tokens that wait for a model. It grows where prompts come faster than they are read.",
            "none",
            now("archgw_modelserver_queue_tokens", "model"),
            "{{model}}",
        ),
        _half_and_most(
            "Time for a batch",
            "What a model takes for the rows that it reads at once.",
            "s",
            "archgw_modelserver_batch_seconds",
            "model",
        ),
        _one(
            "Look-ups in the models' caches",
            "A prompt that came before costs no model anything.",
            "reqps",
            rate("archgw_modelserver_cache_total", "cache, result"),
            "{{cache}} {{result}}",
            stacked=True,
        ),
        _one(
            "Processes that answer",
            "1 for each gateway where it does.",
            "none",
            now("archgw_up", "process"),
            "{{process}}",
        ),
        _one(
            "Restarts",
            "Since a gateway started; `archgw logs` says why a process ended.",
            "none",
            now("archgw_restarts_total", "process"),
            "{{process}}",
        ),
    ),
)

DASHBOARDS = (_TRAFFIC, _TOKENS, _LATENCY, _GUARD, _TARGETS, _SATURATION)


def files() -> dict[Path, str]:
    """What is to be written, and where."""
    boards = {f"{each.name}.json": written(each) for each in DASHBOARDS}
    legible = {FOLDER / name: json.dumps(each, indent=2) + "\n" for name, each in boards.items()}
    # One line each, which is all that a rendered chart has to hold of them.
    short = {CHART / "dashboards" / name: json.dumps(each) + "\n" for name, each in boards.items()}
    return {**legible, **short, CHART / ALERTS.name: ALERTS.read_text("utf-8")}


def left_over() -> set[Path]:
    """Of dashboards that are gone."""
    there = {*FOLDER.glob("*.json"), *(CHART / "dashboards").glob("*.json")}
    return there - set(files())


def main() -> None:
    for file in left_over():
        file.unlink()
    for file, text in files().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Envoy's stats access logger: what requests cost, counted by Envoy itself, once each has ended.

A counter of Envoy's is exact and outlives every process of ours. What it counts by comes from the
config and from our own scripts, never from a client's words: there would be no end of it. So a
client's `model` is "other" unless the config names it, and a client has a name only once its key
was known. Histograms are not told apart by client: each weighs some kilobytes for each worker.

The names are in `controlplane.metric_names`; the scrape shows what is counted here under them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane import metric_names as table
from controlplane.emit import names
from controlplane.emit.access_log import cluster_field, cost, decision_field, llm_field
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir


_PROVIDER = {"provider": cluster_field("provider")}
_BY_ANSWER = {
    **_PROVIDER,
    "kind": cluster_field("kind"),
    "model": llm_field("asked"),
    "operation": llm_field("operation"),
}
_BY_DECISION = {key: decision_field(key) for key in (contract.GUARD_KEY, contract.OUTCOME_KEY)}
_STATUS = {"status": "%RESPONSE_CODE%"}
_CODE = "response.code"
_ERRORS = f"{_CODE} == 429 ? '429' : {_CODE} < 500 ? '4xx' : '5xx'"
_ERROR = {"error_type": f"%CEL({_ERRORS})%"}
"""Not of answers: to work an expression out takes as long as all other labels of a metric."""

_TO_FIRST_BYTE = "%COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG:us)%"

_NANO_COST = f"%TYPED_CEL({cost()} * 1000.0)%"
"""Counters are whole numbers, and a token costs less than a millionth."""

_SCOPE: Fields = {
    # No `sharing_name`: with one, `envoy --mode validate` ends in a segmentation fault.
    "prefix": names.STATS_PREFIX,
    # Against what nobody thought of. Beyond them Envoy counts no new combinations.
    "max_counters": 20_000,
    "max_histograms": 5_000,
}


def logs(listener: ir.Listener, *, prices: bool) -> list[Fields]:
    """One logger for all that is known of the same requests: without a value Envoy complains.

    `prices`: some provider has one.
    """
    by = {"listener": listener.name}
    by_client = {"client": _client(listener.auth)}
    answered = by | _BY_ANSWER
    clients = answered | by_client
    found = [
        _log(_not_a_probe(), [_counter(table.REQUESTS, 1, clients | _STATUS)]),
        _log(_limited(), [_counter(table.RATE_LIMITED, 1, by | by_client | _PROVIDER)]),
        *(
            _log(_all(_known("asked"), which), [_histogram(table.LATENCY, "%DURATION%", by_error)])
            for which, by_error in (
                (_status("LE", 399), answered),
                (_status("GE", 400), answered | _ERROR),
            )
        ),
        _log(_known("streams"), [_histogram(table.FIRST_TOKEN, _TO_FIRST_BYTE, answered)]),
        _log(
            _known("token_us"),
            [
                _histogram(table.EACH_TOKEN, llm_field("token_us"), answered),
                _histogram(table.PACE, llm_field("tokens_per_second"), answered),
            ],
        ),
        _log(
            _known("prompt_tokens"),
            [
                _counter(table.INPUT_TOKENS, llm_field("prompt_tokens"), clients),
                _histogram(table.INPUT_LENGTH, llm_field("prompt_tokens"), answered),
            ],
        ),
        _log(
            _known("completion_tokens"),
            [
                _counter(table.OUTPUT_TOKENS, llm_field("completion_tokens"), clients),
                _histogram(table.OUTPUT_LENGTH, llm_field("completion_tokens"), answered),
            ],
        ),
        _log(
            _known("cached_tokens"),
            [_counter(table.CACHED_TOKENS, llm_field("cached_tokens"), clients)],
        ),
    ]
    if prices:
        found.append(_log(_priced(), [_counter(table.COST, _NANO_COST, clients)]))
    if listener.name == "prompt":
        decided = _known(contract.OUTCOME_KEY, contract.DECISION_METADATA)
        found.append(_log(decided, [_counter(table.PROMPTS, 1, by_client | _BY_DECISION)]))
    return found


def _client(auth: ir.Auth | None) -> str:
    """Those of tokens are told as one: an issuer may know any number of them."""
    key = names.COUNTED_KEY if auth and auth.tokens else "name"
    return f"%DYNAMIC_METADATA({names.CLIENT_METADATA}:{key})%"


def buckets() -> list[Fields]:
    return [
        {"match": {"prefix": f"{names.STATS_PREFIX}.{each.stat}"}, "buckets": list(each.buckets)}
        for each in table.COUNTED
        if each.buckets
    ]


def _log(only: Fields, counted: list[tuple[str, Fields]]) -> Fields:
    kinds: Fields = {}
    for kind, each in counted:
        kinds.setdefault(kind, []).append(each)
    return {
        "name": "envoy.access_loggers.stats",
        "filter": only,
        "typed_config": typed(
            "envoy.extensions.access_loggers.stats.v3.Config",
            stats_scope=_SCOPE,
            **kinds,
        ),
    }


def _counter(of: table.Counted, value: str | int, tags: dict[str, str]) -> tuple[str, Fields]:
    counted = {"value_fixed": value} if isinstance(value, int) else {"value_format": value}
    return "counters", {"stat": _stat(of, tags), **counted}


def _histogram(of: table.Counted, value: str, tags: dict[str, str]) -> tuple[str, Fields]:
    return "histograms", {"stat": _stat(of, tags), "value_format": value}


def _stat(of: table.Counted, tags: dict[str, str]) -> Fields:
    told = [{"name": name, "value_format": value} for name, value in tags.items()]
    return {"name": of.stat, "tags": told}


def _priced() -> Fields:
    """Only where what an answer cost can be told."""
    price = f"'price_input' in xds.cluster_metadata.filter_metadata['{names.CLUSTER_METADATA}']"
    filter_type = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    config = typed(filter_type, expression=price)
    priced = {"extension_filter": {"name": "cel", "typed_config": config}}
    return _all(_known("prompt_tokens"), priced)


def _known(key: str, metadata: str = names.LLM_METADATA) -> Fields:
    """Only what has this in its metadata."""
    matcher = {
        "filter": metadata,
        "path": [{"key": key}],
        "value": {"present_match": True},
    }
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _all(*filters: Fields) -> Fields:
    return {"and_filter": {"filters": list(filters)}}


def _status(op: str, code: int) -> Fields:
    value = {"default_value": code, "runtime_key": f"metrics.{op}.{code}"}
    return {"status_code_filter": {"comparison": {"op": op, "value": value}}}


def _limited() -> Fields:
    """By a filter of Envoy's, or by the script that counts budgets."""
    flag = {"response_flag_filter": {"flags": ["RL"]}}
    return {"or_filter": {"filters": [flag, _known("over_budget")]}}


def _not_a_probe() -> Fields:
    """Those who ask again and again whether we live are nobody's traffic."""
    path = {
        "name": ":path",
        "string_match": {"exact": names.HEALTH_PATH},
        "invert_match": True,
        "treat_missing_header_as_empty": True,
    }
    return _all({"not_health_check_filter": {}}, {"header_filter": {"header": path}})

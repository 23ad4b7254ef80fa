"""Access logs: v0.1's files in v0.1's format, or JSON with what an LLM call cost.

Beside them, in JSON whatever form they have: `failures.log`, of what could not be reached, and
`usage.log`, of calls to LLMs, which `archgw usage` adds up.

None holds a query string, a body or a credential; of a call to an API the path is as the config
writes it, not with the values that the user said. Names are those of the config: a client may ask
for a model in any words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from pathlib import Path

    from controlplane import ir
    from controlplane.home_paths import Home

_CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
_PATH = "%PATH(NQ):512%"
_UPSTREAM_TIME = "%COMMON_DURATION(US_TX_END:US_RX_BEG:ms)%"

# Quotes part the fields of the text. Of what stands between them only this may hold any: Envoy
# escapes them in a path, refuses them in a host, and ids are checked (see `listener`).
_AGENT = "request.headers['user-agent']"
_USER_AGENT = f"%CEL({_AGENT}.contains('\\x22') ? '(has quotes)' : {_AGENT}):256%"

# Two fields of v0.1's format are empty under their old names, because the headers they read are
# taken away from clients: who asked, and how long the upstream took to begin its answer.
_TEXT = (
    f'[%START_TIME%] "%REQ(:METHOD)% {_PATH} %PROTOCOL%" %RESPONSE_CODE% '
    "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
    f'{_UPSTREAM_TIME} "{_CLIENT}" "{_USER_AGENT}" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY):256%" "%UPSTREAM_HOST%"\n'
)

_TEMPLATE = f"%DYNAMIC_METADATA({names.INTERNAL_METADATA}:path)%"

_JSON: dict[str, str] = {
    "time": "%START_TIME%",
    "client": _CLIENT,
    "client_name": f"%DYNAMIC_METADATA({names.CLIENT_METADATA}:name)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "trace_id": "%TRACE_ID%",
    "method": "%REQ(:METHOD):16%",
    "path": _PATH,
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "error_code": f"%RESP({contract.ERROR_CODE_HEADER.upper()}):64%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
}


def llm_field(key: str) -> str:
    return f"%DYNAMIC_METADATA({names.LLM_METADATA}:{key})%"


def cluster_field(key: str) -> str:
    """Of the attempt that was answered: after a failover, the fallback's."""
    return f"%CLUSTER_METADATA({names.CLUSTER_METADATA}:{key})%"


def decision_field(key: str) -> str:
    """Of a prompt, as extproc has decided it."""
    return f"%DYNAMIC_METADATA({contract.DECISION_METADATA}:{key})%"


def cost() -> str:
    """In CEL, a million times what an answer cost by its provider's price.

    It fails without a price, or without counts.
    """
    price = f"xds.cluster_metadata.filter_metadata['{names.CLUSTER_METADATA}'].price_"
    used = f"metadata.filter_metadata['{names.LLM_METADATA}']"
    asked, cached = f"{used}.prompt_tokens", f"{used}.cached_tokens"
    new = f"({asked} > {cached} ? ({asked} - {cached}) * {price}input : 0.0)"
    # What takes the time is each look into metadata: most answers need the fewest.
    prompt = (
        f"('cached_tokens' in {used} ? {new} + {cached} * {price}cached : {asked} * {price}input)"
    )
    answer = f"('completion_tokens' in {used} ? {used}.completion_tokens * {price}output : 0.0)"
    return f"({prompt} + {answer})"


_TOKENS: dict[str, str] = {
    "provider": cluster_field("provider"),
    "model": cluster_field("model"),
    "prompt_tokens": llm_field("prompt_tokens"),
    "cached_tokens": llm_field("cached_tokens"),
    "completion_tokens": llm_field("completion_tokens"),
    "total_tokens": llm_field("total_tokens"),
}
_COST: dict[str, str] = {"cost": f"%TYPED_CEL({cost()} / 1000000.0)%"}
_LLM: dict[str, str] = {
    **_TOKENS,
    "route": llm_field("route"),
    "alias": llm_field("named"),
    "estimated_prompt_tokens": llm_field("est_tokens"),
    "ttft_us": "%COMMON_DURATION(US_TX_END:US_RX_BODY_BEG:us)%",
}
_PROMPT: dict[str, str] = {
    key: decision_field(key)
    for key in (contract.GUARD_KEY, contract.TARGET_KEY, contract.OUTCOME_KEY)
}
_USAGE: dict[str, str] = {
    key: _JSON[key] for key in ("time", "client_name", "request_id", "status", "flags", "attempts")
} | _TOKENS


# Envoy's words for what is wrong with a token; none of the token's.
_CREDENTIALS: dict[str, str] = {
    "token_refused": f"%DYNAMIC_METADATA({names.JWT_METADATA}:{names.JWT_REFUSED}:message)%"
}


def llm(listener: ir.Listener, gateway: ir.Gateway, home: Home) -> list[Fields]:
    fields = _JSON | _LLM | _cost(gateway) | _credentials(listener)
    file = _file("access_llm.log", gateway, home, _TEXT, fields)
    return [file, _usage(gateway, home), _failures("llm", home)]


def prompt(listener: ir.Listener, gateway: ir.Gateway, home: Home) -> list[Fields]:
    fields = _JSON | _LLM | _cost(gateway) | _PROMPT | _credentials(listener)
    file = _file("access_ingress.log", gateway, home, _TEXT, fields)
    return [file, _usage(gateway, home), _failures("prompt", home)]


def _cost(gateway: ir.Gateway) -> dict[str, str]:
    # It is worked out anew in each log, which takes longer than any other field.
    return _COST if gateway.has_prices else {}


def _credentials(listener: ir.Listener) -> dict[str, str]:
    return _CREDENTIALS if listener.auth and listener.auth.tokens else {}


def internal(gateway: ir.Gateway, home: Home) -> list[Fields]:
    text = _TEXT.replace(_PATH, _TEMPLATE)
    fields = {key: value for key, value in _JSON.items() if key != "client_name"}
    file = _file("access_internal.log", gateway, home, text, fields | {"path": _TEMPLATE})
    return [file, _failures("internal", home)]


def _usage(gateway: ir.Gateway, home: Home) -> Fields:
    """Calls for which a provider was chosen, whatever became of them."""
    chosen = {"filter": names.LLM_METADATA, "path": [{"key": "route"}], "value": _THERE}
    matcher = {"matcher": chosen, "match_if_key_not_found": False}
    log = _to(home.usage_log, {"json_format": _USAGE | _cost(gateway)})
    return {**log, "filter": {"metadata_filter": matcher}}


_THERE = {"present_match": True}

_NOT_REACHED = ["UF", "UH", "UC", "UT", "UR", "UPE"]
"""Envoy's flags for: no connection, no host, hung up, too late, reset, no HTTP."""


def _failures(listener: str, home: Home) -> Fields:
    """What could not be reached, with all that Envoy knows of it, whatever form the others have."""
    fields = {
        "time": "%START_TIME%",
        "listener": listener,
        "request_id": "%REQ(X-REQUEST-ID)%",
        "upstream": "%UPSTREAM_CLUSTER%",
        "host": "%UPSTREAM_HOST%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "duration_ms": "%DURATION%",
    }
    log = _to(home.logs / "failures.log", {"json_format": fields})
    return {**log, "filter": {"response_flag_filter": {"flags": _NOT_REACHED}}}


def _file(name: str, gateway: ir.Gateway, home: Home, text: str, fields: dict[str, str]) -> Fields:
    log_format: Fields = (
        {"json_format": fields}
        if gateway.access_log_format == "json"
        else {"text_format_source": {"inline_string": text}}
    )
    return _to(home.logs / name, log_format)


def _to(path: Path, log_format: Fields) -> Fields:
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed(
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=str(path),
            log_format=log_format,
        ),
    }

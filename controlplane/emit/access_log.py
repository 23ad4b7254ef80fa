"""Access logs: v0.1's files in v0.1's format, or JSON with what an LLM call cost.

Neither holds a query string, a body or a credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home

_CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
_UPSTREAM_TIME = "%COMMON_DURATION(US_TX_END:US_RX_BEG:ms)%"

# Two fields of v0.1's format are empty under their old names, because the headers they read are
# taken away from clients: who asked, and how long the upstream took to begin its answer.
_TEXT = (
    '[%START_TIME%] "%REQ(:METHOD)% %PATH(NQ)% %PROTOCOL%" %RESPONSE_CODE% '
    "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
    f'{_UPSTREAM_TIME} "{_CLIENT}" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n'
)

_JSON: dict[str, str] = {
    "time": "%START_TIME%",
    "client": _CLIENT,
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
}

_LLM: dict[str, str] = {
    # Of the attempt that was answered: after a failover, the fallback's.
    "provider": f"%CLUSTER_METADATA({names.CLUSTER_METADATA}:provider)%",
    "model": f"%CLUSTER_METADATA({names.CLUSTER_METADATA}:model)%",
    "route": f"%DYNAMIC_METADATA({names.LLM_METADATA}:route)%",
    "estimated_prompt_tokens": f"%DYNAMIC_METADATA({names.LLM_METADATA}:est_tokens)%",
    "prompt_tokens": f"%DYNAMIC_METADATA({names.LLM_METADATA}:prompt_tokens)%",
    "completion_tokens": f"%DYNAMIC_METADATA({names.LLM_METADATA}:completion_tokens)%",
    "total_tokens": f"%DYNAMIC_METADATA({names.LLM_METADATA}:total_tokens)%",
    "ttft_us": "%COMMON_DURATION(US_TX_END:US_RX_BODY_BEG:us)%",
}


def llm(gateway: ir.Gateway, home: Home) -> list[Fields]:
    return [_file("access_llm.log", gateway, home, _LLM)]


def prompt(gateway: ir.Gateway, home: Home) -> list[Fields]:
    return [_file("access_ingress.log", gateway, home, _LLM)]


def internal(gateway: ir.Gateway, home: Home) -> list[Fields]:
    return [_file("access_internal.log", gateway, home, {})]


def _file(name: str, gateway: ir.Gateway, home: Home, extra: dict[str, str]) -> Fields:
    log_format: Fields = (
        {"json_format": {**_JSON, **extra}}
        if gateway.access_log_format == "json"
        else {"text_format_source": {"inline_string": _TEXT}}
    )
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed(
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=str(home.logs / name),
            log_format=log_format,
        ),
    }

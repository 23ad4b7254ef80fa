"""The answers Envoy itself gives, in the error form clients of LLM APIs know.

Our own filters and routes say what they mean in two headers, code and type of the error, and in
a plain body, or a third header where a filter gives no body; the envelope is made here, once. For
answers that are Envoy's alone there is one line per status. Details of Envoy's never reach a
client: they name sockets and certificates. Of a provider that cannot be reached it is told the
name and the class of the cause; the rest is in `failures.log`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from controlplane.sizes import size_text
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from controlplane import ir


def _header(name: str) -> str:
    return f"%RESP({name.upper()})%"


def _added(header: str, value: str) -> Fields:
    return {"header": {"key": header, "value": value}}


_TYPE = _header(contract.ERROR_TYPE_HEADER)
_CODE = _header(contract.ERROR_CODE_HEADER)
_INVALID = "invalid_request_error"
_SERVER = "server_error"

_SEND_KEY = 'send "authorization: Bearer KEY" with a key of this gateway'
_SEND_JWT = 'send "authorization: Bearer TOKEN" with a token made for it'
_SHOW_CERTIFICATE = "show a certificate that it knows"

_ENVOYS_OWN: tuple[tuple[int, str, str, str], ...] = (
    (400, "bad_request", _INVALID, "bad request"),
    (403, "forbidden", "permission_error", "forbidden"),
    (404, "not_found", _INVALID, "not found"),
    (408, "request_timeout", "timeout", "request not received in time"),
    (415, "unsupported_media_type", _INVALID, "content-encoding or charset is not supported"),
    (426, "http_version", _INVALID, "HTTP/1.1 or HTTP/2 required"),
    (429, "rate_limited", "rate_limit_error", "rate limit exceeded"),
    (431, "headers_too_large", _INVALID, "request headers too large"),
    (500, "internal", _SERVER, "internal error"),
    (501, "bad_request", _INVALID, "bad request"),
    (502, "bad_gateway", _SERVER, "bad gateway"),
    (503, "unavailable", _SERVER, "service unavailable"),
    (504, "upstream_timeout", "timeout", "timed out"),
)


_DETAILS = "response.code_details"
_CAUSES: tuple[tuple[contract.Cause, str], ...] = (
    # None of its hosts has an address: were they sick, they would be tried (see `clusters`).
    (contract.Cause.DNS, f"{_DETAILS} == 'no_healthy_upstream'"),
    (contract.Cause.TLS, f"{_DETAILS}.contains('TLS_error')"),
    (contract.Cause.TIMEOUT, f"{_DETAILS}.contains('{{connection_timeout')"),
    (contract.Cause.REFUSED, f"{_DETAILS}.matches('[{{](remote|local)_connection_failure')"),
    (
        contract.Cause.RESET,
        f"{_DETAILS}.matches('[{{](connection_termination|remote_reset|protocol_error)')",
    ),
)
"""In what Envoy notes about a request. The first that fits holds."""
_PROVIDER = f"`%CLUSTER_METADATA({names.CLUSTER_METADATA}:provider)%`"


def internal_config() -> Fields:
    """For extproc, which words what clients are told: the cause alone."""
    return {
        "mappers": [
            {
                "filter": _cel(expression),
                "headers_to_add": [_added(contract.CAUSE_HEADER, cause.value)],
            }
            for cause, expression in _CAUSES
        ]
    }


def _tells(code: str) -> Fields:
    """As our own filters tell it, for the access log."""
    return _added(contract.ERROR_CODE_HEADER, code)


def config(gateway: ir.Gateway, listener: ir.Listener) -> Fields:
    form = _json if gateway.error_format == "json" else _text
    return {
        "mappers": [
            *_strangers(form, listener.auth),
            *(
                {
                    "filter": _cel(f"response.headers['{contract.ANSWER_HEADER}'] == '{answer}'"),
                    "body_format_override": {
                        "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
                        "content_type": answer.content_type,
                    },
                }
                # An answer that extproc gives in full passes as it is.
                for answer in contract.Form
            ),
            {
                "filter": _cel("response.code < 400"),  # /healthz: no error, so no envelope
                "body_format_override": _text("%LOCAL_REPLY_BODY%", "", ""),
            },
            {
                "filter": _cel("response.code_details == 'cdn_loop_detected'"),
                "status_code": 508,
                "headers_to_add": [_tells("loop_detected")],
                "body_format_override": form(
                    "the request has passed through too many gateways: check that none of them"
                    " sends its calls back to another",
                    _INVALID,
                    "loop_detected",
                ),
            },
            {
                "filter": _response_has(contract.ERROR_MESSAGE_HEADER),
                "body_format_override": form(_header(contract.ERROR_MESSAGE_HEADER), _TYPE, _CODE),
            },
            *_unknown_limits(form, gateway),
            *_undecided(form, listener),
            *(
                {
                    "filter": _cel(expression),
                    "headers_to_add": [_tells("provider_unreachable")],
                    "body_format_override": form(
                        f"the LLM provider {_PROVIDER} cannot be reached: {cause.words}",
                        _SERVER,
                        "provider_unreachable",
                    ),
                }
                for cause, expression in _CAUSES
            ),
            {
                "filter": _cel(f"{_DETAILS}.matches('^(upstream_per_try|upstream_response)_')"),
                "headers_to_add": [_tells("upstream_timeout")],
                "body_format_override": form(
                    f"the LLM provider {_PROVIDER} did not answer in time",
                    "timeout",
                    "upstream_timeout",
                ),
            },
            *(
                {
                    "filter": _status_without_code(status),
                    "headers_to_add": [_tells(code)],
                    "body_format_override": form(text, kind, code),
                }
                for status, code, kind, text in (*_ENVOYS_OWN, _too_large(listener))
            ),
        ],
        "body_format": form("%LOCAL_REPLY_BODY%", _TYPE, _CODE),
    }


def _undecided(form: Callable[..., Fields], listener: ir.Listener) -> list[Fields]:
    """Extproc died over it: what Envoy notes then names the cause as it would a provider's."""
    if listener.name != "prompt":
        return []
    (words,) = (row for row in _ENVOYS_OWN if row[0] == 503)
    _, code, kind, text = words
    return [
        {
            "filter": _cel(f"response.code == 503 && {_DETAILS}.startsWith('ext_proc_error')"),
            "headers_to_add": [_tells(code)],
            "body_format_override": form(text, kind, code),
        }
    ]


def _unknown_limits(form: Callable[..., Fields], gateway: ir.Gateway) -> list[Fields]:
    if gateway.shared_limits is None:
        return []
    words = "what is spent of the limits cannot be known at the moment: try again soon"
    return [
        {
            "filter": _cel(f"{_DETAILS} == 'rate_limiter_error'"),
            "headers_to_add": [_tells(names.LIMITS_UNAVAILABLE), _added("retry-after", "1")],
            "body_format_override": form(words, _SERVER, names.LIMITS_UNAVAILABLE),
        }
    ]


_UNKNOWN = "invalid_api_key"
"""Clients' own libraries know a 401 by it."""
_NO_TOKEN = (
    "Jwt is missing",
    "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
)
"""Envoy's words where none was sent, or a key."""


def _strangers(form: Callable[..., Fields], auth: ir.Auth | None) -> list[Fields]:
    """For callers whom nobody knows. First of all, and without an expression: they are to cost least."""
    if auth is None:
        return []
    ways = {_SEND_KEY: auth.keys, _SEND_JWT: auth.tokens, _SHOW_CERTIFICATE: auth.certificates}
    unknown = ", or ".join(way for way, taken in ways.items() if taken)
    told = form(f"no known credential: {unknown}", _INVALID, _UNKNOWN)
    if not auth.tokens:
        return [_stranger(told, "Bearer")]
    refused = f"%DYNAMIC_METADATA({names.JWT_METADATA}:{names.JWT_REFUSED}:message)%"
    why = form(f"the token does not hold: {refused}", _INVALID, _UNKNOWN)
    none_sent = {"or_match": {"value_matchers": [_says({"exact": word}) for word in _NO_TOKEN]}}
    return [
        _stranger(told, "Bearer", _token(none_sent, otherwise=True)),
        _stranger(why, 'Bearer error="invalid_token"'),
    ]


def _stranger(told: Fields, challenge: str, *also: Fields) -> Fields:
    return {
        "filter": {"and_filter": {"filters": [_status(401), _NOBODY, *also]}},
        "headers_to_add": [_tells(_UNKNOWN), _added("www-authenticate", challenge)],
        "body_format_override": told,
    }


def _token(said: Fields, *, otherwise: bool) -> Fields:
    return _metadata(names.JWT_METADATA, (names.JWT_REFUSED, "message"), said, otherwise=otherwise)


def _says(text: Fields) -> Fields:
    return {"string_match": text}


def _metadata(filled_by: str, path: tuple[str, ...], value: Fields, *, otherwise: bool) -> Fields:
    """`otherwise`: whether what is not there fits."""
    steps = [{"key": step} for step in path]
    matcher = {"filter": filled_by, "path": steps, "value": value}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": otherwise}}


# Who has a name is no stranger, whatever an API of the user's answers. No name is null.
_NOBODY = _metadata(names.CLIENT_METADATA, ("name",), {"null_match": {}}, otherwise=True)


def _too_large(listener: ir.Listener) -> tuple[int, str, str, str]:
    most = f"at most {size_text(listener.max_body_bytes)} here, which overrides.max_body sets"
    return 413, "request_too_large", _INVALID, f"request body too large: {most}"


def _json(message: str, kind: str, code: str) -> Fields:
    error = {
        "message": message,
        "type": kind,
        "code": code,
        "param": _header(contract.ERROR_PARAM_HEADER),
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return {"json_format": {"error": error}, "content_type": "application/json"}


def _text(message: str, _kind: str, _code: str) -> Fields:
    return {
        "text_format_source": {"inline_string": message},
        "content_type": "text/plain",
    }


def _response_has(header: str, *, absent: bool = False) -> Fields:
    return _cel(f"{'!' if absent else ''}('{header}' in response.headers)")


def _cel(expression: str) -> Fields:
    return {
        "extension_filter": {
            "name": "cel",
            "typed_config": typed(
                "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                expression=expression,
            ),
        }
    }


def _status_without_code(status: int) -> Fields:
    without = _response_has(contract.ERROR_CODE_HEADER, absent=True)
    return {"and_filter": {"filters": [_status(status), without]}}


def _status(status: int) -> Fields:
    value = {"default_value": status, "runtime_key": f"local_reply.{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}

"""Routes that Envoy answers itself, without a provider and without any filter of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Mapping


def header(name: str, value: str) -> Fields:
    return {"name": name, "string_match": {"exact": value}}


_UNFILTERED = {
    names.CHOOSE_FILTER: typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", disabled=True),
    names.PROMPTS_FILTER: typed(
        "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", disabled=True
    ),
}


def answer(
    name: str, match: Fields, status: int, body: str, headers: Mapping[str, str] | None = None
) -> Fields:
    """An answer of our own, without a provider."""
    route: Fields = {
        "name": name,
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": body}},
        "typed_per_filter_config": _UNFILTERED,
    }
    if headers:
        route["response_headers_to_add"] = [
            {"header": {"key": key, "value": value}} for key, value in headers.items()
        ]
    return route


def error(name: str, match: Fields, status: int, body: str, code: str) -> Fields:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    headers = {contract.ERROR_CODE_HEADER: code, contract.ERROR_TYPE_HEADER: kind}
    return answer(name, match, status, body, headers)

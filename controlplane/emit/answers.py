"""Routes that Envoy answers itself, without a provider; and by what a request is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from controlplane.emit import names
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def header(name: str, value: str) -> Fields:
    return {"name": name, "string_match": {"exact": value}}


_LONGEST_PATTERN = 500
"""Characters, of which a regular expression of Envoy's has one step each; it may have 1000."""


def called_by(clients: Sequence[str]) -> list[Fields]:
    """What requests of these clients have, by one of these matches: Envoy itself has put the name
    into the header.
    """
    patterns = [""]
    for pattern in map(re.escape, clients):
        if patterns[-1] and len(patterns[-1]) + len(pattern) >= _LONGEST_PATTERN:
            patterns.append("")
        patterns[-1] += f"|{pattern}" if patterns[-1] else pattern
    return [
        {"name": contract.CLIENT_HEADER, "string_match": {"safe_regex": {"regex": each}}}
        for each in patterns
    ]


_UNFILTERED = {
    names.CHOOSE_FILTER: typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", disabled=True),
    names.PROMPTS_FILTER: typed(
        "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", disabled=True
    ),
}


def answer(
    name: str,
    match: Fields,
    status: int,
    body: str,
    headers: Mapping[str, str] | None = None,
    *,
    filtered: Collection[str] = (),
) -> Fields:
    """An answer of our own, without a provider; of our filters none runs but those in `filtered`."""
    route: Fields = {
        "name": name,
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": body}},
        "typed_per_filter_config": {
            name: off for name, off in _UNFILTERED.items() if name not in filtered
        },
    }
    if headers:
        route["response_headers_to_add"] = [
            {"header": {"key": key, "value": value}} for key, value in headers.items()
        ]
    return route


NOWHERE: Fields = {"cluster": "nowhere", "cluster_not_found_response_code": "SERVICE_UNAVAILABLE"}
"""The `route` of one that a filter is to take a request away from."""


def error(name: str, match: Fields, status: int, body: str, code: str) -> Fields:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    headers = {contract.ERROR_CODE_HEADER: code, contract.ERROR_TYPE_HEADER: kind}
    return answer(name, match, status, body, headers)

"""Lua for Envoy: the files of `envoy/`, led by the constants of one route table or provider.

The code itself never changes with a config; only the tables before it do. The names of headers,
metadata and paths come before it, too, out of the Python that has to spell them alike.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from controlplane.emit import names, ratelimit
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from controlplane import ir


def lua_filter(name: str, source: str) -> Fields:
    """A Lua filter under a name of its own: route config finds a filter by its name."""
    code = typed(
        "envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": source}
    )
    return {"name": name, "typed_config": code}


def rewrite_source(provider: ir.Provider, *, record_failures: bool) -> str:
    """Upstream filter of one provider: the headers that go on, its model, its path."""
    constants = (
        f"local MODEL = {literal(provider.model)}\n"
        f"local ROUTE = {literal(provider.label)}\n"
        f"local PATHS = {literal(dict(provider.paths))}\n"
    )
    files = [
        "json.lua",
        "headers.lua",
        "rewrite.lua",
        *(["failures.lua"] if record_failures else []),
    ]
    return constants + script(*files)


def choose_source(gateway: ir.Gateway) -> str:
    """Listener filter: which route a request takes, what it will cost, what limits it."""
    choice = gateway.choice
    limits = _limits_by_route(gateway)
    routes = {
        route.name: {"model": route.model or route.name, "limits": limits.get(route.name, [])}
        for route in gateway.llm_routes
    }
    constants = (
        f"local NAMES = {literal(list(choice.names))}\n"
        f"local MODELS = {literal(dict(choice.models))}\n"
        f"local DEFAULT = {literal(choice.default)}\n"
        f"local ROUTES = {literal(routes)}\n"
        f"local TEXT_ERRORS = {'true' if gateway.error_format == 'text' else 'false'}\n"
    )
    return constants + script("json.lua", "choose.lua")


def refuse_source() -> str:
    return script("refuse.lua")


def answer_source() -> str:
    return script("answer.lua")


def usage_source() -> str:
    return script("json.lua", "usage.lua")


def error_target_source(endpoint: contract.ApiEndpoint) -> str:
    return f"local PATH = {literal(endpoint.path)}\n" + script("headers.lua", "error_target.lua")


def _limits_by_route(gateway: ir.Gateway) -> dict[str, list[dict[str, object]]]:
    limits: dict[str, list[dict[str, object]]] = {}
    for slot in ratelimit.slots(gateway.llm_routes):
        for route, limit in slot.limits:
            limits.setdefault(route, []).append(
                {
                    "slot": str(slot.number),
                    "header": slot.header,
                    "value": limit.value,
                    "period": str(int(limit.period.total_seconds())),
                }
            )
    return limits


def literal(value: object) -> str:
    """A Lua literal that reads back as the same value, whatever bytes a name contains."""
    if value is None:
        return "nil"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        pairs = (f"[{literal(key)}]={literal(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "{" + ",".join(literal(item) for item in value) + "}"
    raise TypeError(f"no Lua literal for {type(value).__name__}")


def _string(text: str) -> str:
    # Decimal escapes for whatever is not plain: quotes, backslashes, control characters and
    # bytes above ASCII, which Lua takes as they are only by luck of the encoding.
    parts = [
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}"
        for byte in text.encode()
    ]
    return '"' + "".join(parts) + '"'


_NAMES = {
    name: value
    for module in (contract, names)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
}


@cache
def script(*files: str) -> str:
    """The files one after the other, behind the names that they use."""
    folder = resources.files("controlplane") / "assets"
    code = "".join(folder.joinpath(name).read_text() + "\n" for name in files)
    used = sorted(_NAMES.keys() & set(re.findall(r"\w+", code)))
    return "".join(f"local {name} = {literal(_NAMES[name])}\n" for name in used) + code

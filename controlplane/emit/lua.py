"""Lua for Envoy: the files of `envoy/`, led by the constants of one route table or provider.

The code itself never changes with a config; only the tables before it do. The names of headers,
metadata and paths come before it, too, out of the Python that has to spell them alike.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from controlplane import providers, surfaces
from controlplane.emit import names, ratelimit, shared_limits
from controlplane.emit.proto import Fields, typed
from extproc import contract

if TYPE_CHECKING:
    from collections.abc import Callable

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
        f"local QUERY = {literal(provider.query)}\n"
    )
    files = [
        "json.lua",
        "bodies.lua",
        "headers.lua",
        "rewrite.lua",
        *(["failures.lua"] if record_failures else []),
    ]
    return constants + script(*files)


def choose_source(gateway: ir.Gateway, cors: ir.Cors | None) -> str:
    """Listener filter: which route a request takes, what it will cost, what limits it."""
    choice = gateway.choice
    own, shared = _counted_here(gateway), _counted_together(gateway)
    origins = [origin_pattern(each) for each in (cors.origins if cors else ())]
    routes = {
        route.name: {
            "model": route.model or route.name,
            "limits": own.get(route.name, []),
            "clients": _clients(route),
            "budgets": None if gateway.shared_limits else _budgets(route.budgets),
            "shared": shared.get(route.name),
        }
        for route in gateway.llm_routes
    }
    clients = {name: True for each in gateway.listeners if each.auth for name in each.auth.clients}
    constants = (
        f"local NAMES = {literal(list(choice.names))}\n"
        f"local MODELS = {literal(dict(choice.models))}\n"
        f"local BEGINNINGS = {literal(_beginnings(choice))}\n"
        f"local KINDS = {literal(dict(choice.kinds))}\n"
        f"local OTHERS = {literal(choice.others)}\n"
        f"local REFUSES_OTHERS = {literal(choice.refuses_others)}\n"
        f"local NO_SUCH_MODEL = {literal(contract.no_such_model([n for n, _ in choice.listed]))}\n"
        f"local DEFAULT = {literal(choice.default)}\n"
        f"local ROUTES = {literal(routes)}\n"
        f"local CLIENTS = {literal(clients)}\n"
        f"local ORIGINS = {literal(origins)}\n"
    )
    in_their_place = ("shared.lua",) if gateway.shared_limits else ()
    files = ("json.lua", "bodies.lua", "clock.lua", "budgets.lua", *in_their_place, "choose.lua")
    return constants + _text_errors(gateway) + script(*files)


def native_key_source() -> str:
    return script("native_key.lua")


def page_source() -> str:
    return script("page.lua")


def refuse_source() -> str:
    return script("refuse.lua")


def answer_source(gateway: ir.Gateway) -> str:
    return _text_errors(gateway) + script("answer.lua")


def naming_source(auth: ir.Auth) -> str:
    """Listener filter: who calls by a token or a certificate."""
    sans = auth.certificates.sans if auth.certificates else ()
    constants = (
        f"local TOKENS = {literal(auth.tokens is not None)}\n"
        f"local SANS = {literal(dict.fromkeys(sans, True))}\n"
    )
    return constants + script("name_client.lua")


def usage_source() -> str:
    return script("json.lua", "clock.lua", "usage.lua")


def error_target_source(endpoint: contract.ApiEndpoint) -> str:
    return f"local PATH = {literal(endpoint.path)}\n" + script(
        "json.lua", "headers.lua", "error_target.lua"
    )


def _text_errors(gateway: ir.Gateway) -> str:
    return f"local TEXT_ERRORS = {literal(gateway.error_format == 'text')}\n"


def origin_pattern(written: str) -> str:
    """The pattern, in Lua's own language, of the origins that are meant (`contract.is_allowed`)."""
    if written == contract.ANY_ORIGIN:
        return "^.*$"
    quoted = (re.sub(r"[^a-z0-9]", r"%\g<0>", part) for part in written.split("*"))
    return f"^{'[a-z0-9.-]+'.join(quoted)}$"


def _beginnings(choice: ir.ProviderChoice) -> list[list[str]]:
    """How a model's name begins, and the route that it then has."""
    return [
        [beginning, route]
        for maker, route in choice.makers
        for beginning in providers.MODEL_BEGINNINGS[maker]
    ]


_Limits = dict[str, list[dict[str, object]]]
"""By route."""


def _counted_here(gateway: ir.Gateway) -> _Limits:
    if gateway.shared_limits:
        return {}
    return _limits(gateway, lambda _, limit: {"period": str(int(limit.period.total_seconds()))})


def _counted_together(gateway: ir.Gateway) -> dict[str, dict[str, object]]:
    if gateway.shared_limits is None:
        return {}
    limits = _limits(
        gateway,
        lambda route, limit: {
            "name": shared_limits.limit_name(route, limit),
            "tokens": limit.tokens,
            "seconds": int(limit.period.total_seconds()),
        },
    )
    found: dict[str, dict[str, object]] = {
        route.name: {
            "limits": limits.get(route.name, []),
            "budgets": _budgets(route.budgets),
        }
        for route in gateway.llm_routes
    }
    return {name: each for name, each in found.items() if each["limits"] or each["budgets"]}


def _limits(
    gateway: ir.Gateway, more: Callable[[str, ir.TokenLimit], dict[str, object]]
) -> _Limits:
    limits: _Limits = {}
    for slot in ratelimit.slots(gateway.llm_routes):
        for route, limit in slot.limits:
            place = {"slot": str(slot.number), "header": slot.header, "value": limit.value}
            limits.setdefault(route, []).append({**place, **more(route, limit)})
    return limits


def _clients(route: ir.LlmRoute) -> dict[str, bool] | None:
    """Those that may use it, where others may not."""
    if route.groups:
        return None
    return {client: True for each in route.audiences for client in each.clients}


def _budgets(budgets: ir.Budgets) -> dict[str, object] | None:
    if not budgets.each and not budgets.named:
        return None
    named = {client: [_budget(each) for each in own] for client, own in budgets.named}
    return {"each": [_budget(each) for each in budgets.each], "named": named}


def _budget(budget: ir.Budget) -> dict[str, object]:
    seconds = int(budget.period.total_seconds())
    return {
        "name": budget.name,
        "what": budget.what,
        "tokens": budget.tokens,
        "seconds": seconds,
        "unit": _UNITS[seconds],
    }


_UNITS = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}


def literal(value: object) -> str:
    """A Lua literal that reads back as the same value, whatever bytes a name contains."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        pairs = (
            f"[{literal(key)}]={literal(item)}" for key, item in value.items() if item is not None
        )
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
    for module in (contract, names, providers, surfaces)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
} | {
    "SURFACES": {
        surface.path: {
            "json": "json" in surface.bodies,
            "form": "form" in surface.bodies,
            "model": surface.model,
            "operation": surface.operation,
        }
        for surface in surfaces.SURFACES
    },
    "NO_MODEL": dict.fromkeys(contract.NO_MODEL, True),
}


@cache
def script(*files: str) -> str:
    """The files one after the other, behind the names that they use."""
    folder = resources.files("controlplane") / "assets"
    code = "".join(folder.joinpath(name).read_text() + "\n" for name in ("runtime.lua", *files))
    used = sorted(_NAMES.keys() & set(re.findall(r"\w+", code)))
    return "".join(f"local {name} = {literal(_NAMES[name])}\n" for name in used) + code

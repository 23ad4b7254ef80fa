"""What changes between two gateways, in words a user would use.

None of them cuts a running stream: streams of a replaced or removed cluster finish (CDS), routes
are looked up once, when a request begins (RDS), keys when it is sent upstream (SDS), the
connections of a replaced listener live on until they end (LDS), and a prompt ends under the
config it began with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from controlplane import ir
from controlplane.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Change:
    area: str
    """listener, provider, limit, target, endpoint, guard, setting."""
    kind: str
    """added, removed or changed."""
    text: str


def differences(old: ir.Gateway, new: ir.Gateway) -> tuple[Change, ...]:
    return tuple(change for compare in _COMPARISONS for change in compare(old, new))


def _listeners(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for name, before, after in _pairs(old.listeners, new.listeners, lambda each: each.name):
        label = f"{name} listener"
        if before is None or after is None:
            there = before or after
            yield _came_or_went("listener", label, before, f"{there.address}:{there.port}")
            continue
        if (before.address, before.port) != (after.address, after.port):
            moved = f"{before.address}:{before.port} → {after.address}:{after.port}"
            text = f"{label}: {moved}; running streams stay on the old address until they end"
            yield Change("listener", "changed", text)
        if before.cors != after.cors:
            pages = [each.cors.origins if each.cors else () for each in (before, after)]
            text = (
                f"{label}: web pages of {' → '.join(', '.join(each) or 'none' for each in pages)}"
            )
            yield Change("listener", "changed", text)
        if before.max_body_bytes != after.max_body_bytes:
            one, other = (size_text(each.max_body_bytes) for each in (before, after))
            yield Change("listener", "changed", f"{label}: largest body {one} → {other}")
        if before.certificates != after.certificates:
            text = f"{label}: certificates {_names(before)} → {_names(after)}"
            yield Change("listener", "changed", text)
        yield from _clients(label, before.auth, after.auth)


def _clients(label: str, old: ir.Auth | None, new: ir.Auth | None) -> Iterator[Change]:
    if _who(old) != _who(new):
        yield Change("listener", "changed", f"{label}: callers {_who(old)} → {_who(new)}")
    one, other = (
        {name: {key.value for key in auth.keys if key.name == name} for name in auth.clients}
        if auth
        else {}
        for auth in (old, new)
    )
    for text in _credentials(old, new):
        yield Change("listener", "changed", f"{label}: {text}")
    for name in one:
        if name in other and one[name] != other[name]:
            yield Change("listener", "changed", f"{label}: other keys for {name}")


def _credentials(old: ir.Auth | None, new: ir.Auth | None) -> Iterator[str]:
    if not old or not new:
        return
    if old.certificates and new.certificates:
        one, other = old.certificates.ca_file, new.certificates.ca_file
        if one != other:
            yield f"CA of clients {one} → {other}"
    if not old.tokens or not new.tokens:
        return
    for what, one, other in (
        ("tokens for", *(", ".join(each.audiences) for each in (old.tokens, new.tokens))),
        ("clients by the tokens'", old.tokens.client_claim, new.tokens.client_claim),
        ("keys for tokens from", *(_origin(each.keys) for each in (old.tokens, new.tokens))),
    ):
        if one != other:
            yield f"{what} {one} → {other}"
    if old.tokens.keys != new.tokens.keys and _origin(old.tokens.keys) == _origin(new.tokens.keys):
        yield "other keys for tokens"


def _origin(keys: ir.SecretValue | ir.KeySet) -> str:
    return keys.url if isinstance(keys, ir.KeySet) else "a file"


def _who(auth: ir.Auth | None) -> str:
    if auth is None:
        return "anybody"
    whose = [f"tokens of {auth.tokens.issuer}"] if auth.tokens else []
    return ", ".join((*auth.clients, *whose))


def _names(listener: ir.Listener) -> str:
    return ", ".join(each.chain_file for each in listener.certificates) or "none"


def _providers(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for name, before, after in _pairs(old.providers, new.providers, lambda each: each.name):
        label = f"provider {name}"
        if before is None or after is None:
            there = before or after
            yield _came_or_went("provider", label, before, _hosts(there.upstream))
            continue
        for what, one, other in (
            ("model", before.model or "as the request says", after.model or "as the request says"),
            ("paths", *_other_paths(before, after)),
            ("query", before.query or "none", after.query or "none"),
            ("key header", _header(before), _header(after)),
            ("price", _price(before), _price(after)),
        ):
            if one != other:
                text = f"{label}: {what} {one} → {other}"
                yield Change("provider", "changed", text)
        yield from _upstream(label, "provider", before.upstream, after.upstream)


def _header(provider: ir.Provider) -> str:
    return provider.credential.header if provider.credential else "none"


def _price(provider: ir.Provider) -> str:
    price = provider.price
    return f"{price.input:g}/{price.output:g}/{price.cached:g}" if price else "none"


def _other_paths(before: ir.Provider, after: ir.Provider) -> tuple[str, str]:
    one, other = dict(before.paths), dict(after.paths)
    ours = [path for path in one | other if one.get(path) != other.get(path)]
    return _paths(one, ours), _paths(other, ours)


def _paths(paths: Mapping[str, str], ours: Iterable[str]) -> str:
    return ", ".join(f"{each} → {paths.get(each) or 'none'}" for each in ours)


def _hosts(upstream: ir.Upstream) -> str:
    scheme = "https" if upstream.tls else "http"
    return ", ".join(f"{scheme}://{each.host}:{each.port}" for each in upstream.addresses)


def _upstream(label: str, area: str, old: ir.Upstream, new: ir.Upstream) -> Iterator[Change]:
    if _hosts(old) != _hosts(new):
        text = f"{label}: {_hosts(old)} → {_hosts(new)}"
        yield Change(area, "changed", text)
    elif old.addresses != new.addresses:
        yield Change(area, "changed", f"{label}: weights of its hosts")
    for name in ("tls", "connect_timeout", "health_check", "circuit_breaker"):
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            text = f"{label}: {name.replace('_', ' ')} {_inner(one, other)}"
            yield Change(area, "changed", text)


def _routes(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for name, before, after in _pairs(old.llm_routes, new.llm_routes, lambda each: each.name):
        if before is None or after is None:
            continue  # shown as its provider
        if before.groups != after.groups:
            text = f"provider {name}: order of use {_groups(before)} → {_groups(after)}"
            yield Change("provider", "changed", text)
        if before.audiences != after.audiences:
            text = f"provider {name}: for {_audience(before)} → for {_audience(after)}"
            yield Change("provider", "changed", text)
        for field in ("first_byte_timeout", "idle_timeout", "retries"):
            one, other = getattr(before, field), getattr(after, field)
            if one != other:
                text = f"provider {name}: {field.replace('_', ' ')} {_show(one)} → {_show(other)}"
                yield Change("provider", "changed", text)
    yield from _choice(old, new)


def _choice(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for alias, before, after in _pairs(_aliases(old), _aliases(new), lambda each: each[0]):
        if before is None or after is None:
            there = before or after
            yield _came_or_went("provider", f"alias {alias}", before, f"for {there[1]}")
        elif before != after:
            yield Change("provider", "changed", f"alias {alias}: {before[1]} → {after[1]}")
    if old.choice.refuses_others != new.choice.refuses_others:
        one, other = (_others(each.choice) for each in (old, new))
        yield Change("provider", "changed", f"calls for unknown models: {one} → {other}")
    if old.choice.default != new.choice.default:
        text = f"default provider: {old.choice.default or 'none'} → {new.choice.default or 'none'}"
        yield Change("provider", "changed", text)


def _aliases(gateway: ir.Gateway) -> list[tuple[str, str]]:
    known = {*gateway.choice.names, *(provider.model for provider in gateway.providers)}
    listed = dict(gateway.choice.listed).keys() - known
    return [(name, route) for name, route in gateway.choice.models if name in listed]


def _others(choice: ir.ProviderChoice) -> str:
    return "refused" if choice.refuses_others else "to the default"


def _groups(route: ir.LlmRoute) -> str:
    groups = ("+".join(each.provider for each in group) for group in route.groups)
    return ", then ".join(groups)


def _audience(route: ir.LlmRoute) -> str:
    """Who may use it."""
    some = ", ".join(client for each in route.audiences for client in each.clients)
    if not route.groups:
        return f"{some} alone"
    return f"all, with fallbacks that others lack for {some}" if some else "all"


def _limits(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for name, before, after in _pairs(old.llm_routes, new.llm_routes, lambda each: each.name):
        ours = before.limits if before else ()
        theirs = after.limits if after else ()
        for key, one, other in _pairs(ours, theirs, lambda limit: (limit.header, limit.value)):
            label = f"limit for {name}{_whom(*key)}"
            if one is None or other is None:
                yield _came_or_went("limit", label, one, _amount(one or other))
            elif one != other:
                text = f"{label}: {_amount(one)} → {_amount(other)}"
                yield Change("limit", "changed", text)
        ours, theirs = (_budgets(each.budgets) if each else {} for each in (before, after))
        for client in ours | theirs:
            one, other = (found.get(client, "none") for found in (ours, theirs))
            if one != other:
                yield Change("limit", "changed", f"budget of {client} at {name}: {one} → {other}")


def _budgets(budgets: ir.Budgets) -> dict[str, str]:
    """Whose → how much of what."""
    found = {"each client": budgets.each} if budgets.each else {}
    found |= {f"the client {client}": own for client, own in budgets.named}
    return {
        whose: ", ".join(f"{_amount(each)} for {each.what}" for each in own)
        for whose, own in found.items()
    }


def _whom(header: str | None, value: str | None) -> str:
    if header is None:
        return ""
    return f" with {header}: {value}" if value else f", each value of {header}"


def _amount(limit: ir.TokenLimit | ir.Budget) -> str:
    return f"{limit.tokens} tokens per {_PERIODS.get(limit.period, str(limit.period))}"


_PERIODS = {
    timedelta(seconds=1): "second",
    timedelta(minutes=1): "minute",
    timedelta(hours=1): "hour",
    timedelta(days=1): "day",
}


def _endpoints(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for name, before, after in _pairs(old.upstreams, new.upstreams, lambda each: each.name):
        label = f"endpoint {name}"
        if before is None or after is None:
            there = before or after
            yield _came_or_went("endpoint", label, before, _hosts(there))
        else:
            yield from _upstream(label, "endpoint", before, after)


def _keys(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    for label, before, after in _pairs(old.secrets, new.secrets, _key_label):
        if before is None or after is None:
            yield _came_or_went("provider", label, before, "")
        elif before.value != after.value:
            yield Change("provider", "changed", f"{label}: a new key")


def _key_label(secret: ir.SecretValue) -> str:
    """`key-one-1a2b3c4d` is the key of provider one; the mark of its hosts tells nobody anything."""
    return re.sub(r"-[0-9a-f]{8}$", "", secret.name).replace("-", " ", 1)


def _prompts(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    one, other = old.prompts, new.prompts
    targets = _pairs(
        one.targets if one else (), other.targets if other else (), lambda each: each.name
    )
    for name, before, after in targets:
        label = f"target {name}"
        if before is None or after is None:
            yield _came_or_went("target", label, before, "")
        elif before != after:
            text = f"{label}: {_inner(before, after)}"
            yield Change("target", "changed", text)
    guards = _pairs(
        one.guards if one else (), other.guards if other else (), lambda each: each.kind
    )
    for kind, before, after in guards:
        if before is None or after is None:
            yield _came_or_went("guard", f"{kind} guard", before, "")
        elif before != after:
            text = f"{kind} guard: {_inner(before, after)}"
            yield Change("guard", "changed", text)
    if one and other:
        yield from _settings(
            one, other, shown={"targets", "guards", "models", "providers", "max_body", "origins"}
        )


def _gateway(old: ir.Gateway, new: ir.Gateway) -> Iterator[Change]:
    lists = ("listeners", "providers", "llm_routes", "choice", "upstreams", "prompts", "secrets")
    yield from _settings(old, new, shown=set(lists))


def _settings(old: Any, new: Any, *, shown: set[str]) -> Iterator[Change]:
    """Whatever is not shown by a comparison of its own."""
    for each in fields(old):
        one, other = getattr(old, each.name), getattr(new, each.name)
        if each.name not in shown and one != other:
            label = each.name.replace("_", " ")
            text = f"{label}: {_show(one)} → {_show(other)}"
            yield Change("setting", "changed", text)


_COMPARISONS: tuple[Callable[[ir.Gateway, ir.Gateway], Iterator[Change]], ...] = (
    _listeners,
    _providers,
    _routes,
    _keys,
    _limits,
    _endpoints,
    _prompts,
    _gateway,
)


def _pairs(
    old: Sequence[Any], new: Sequence[Any], key: Callable[[Any], Any]
) -> Iterable[tuple[Any, Any, Any]]:
    """(key, before, after): those that stay or went in the old order, then the new ones."""
    before = {key(each): each for each in old}
    after = {key(each): each for each in new}
    for each in (*before, *(name for name in after if name not in before)):
        yield each, before.get(each), after.get(each)


def _came_or_went(area: str, label: str, before: object, what: str) -> Change:
    kind = "added" if before is None else "removed"
    return Change(area, kind, f"{label}: {kind}{f' ({what})' if what else ''}")


def _inner(old: Any, new: Any) -> str:
    """Which fields differ, with their values; for values without fields, the values."""
    if old is None or new is None or not hasattr(old, "__dataclass_fields__"):
        return f"{_show(old)} → {_show(new)}"
    parts = []
    for each in fields(old):
        one, other = getattr(old, each.name), getattr(new, each.name)
        if one != other:
            parts.append(f"{each.name.replace('_', ' ')} {_show(one)} → {_show(other)}")
    return ", ".join(parts)


def _show(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    if isinstance(value, tuple):
        return ", ".join(str(getattr(each, "name", each)) for each in value) or "none"
    if hasattr(value, "__dataclass_fields__"):
        return ", ".join(
            f"{each.name} {_show(getattr(value, each.name))}" for each in fields(value)
        )
    return str(value)

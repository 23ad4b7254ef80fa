"""Providers become clusters-to-be, pools with fallbacks, and the table that chooses one.

Providers that share a name are one pool. Those of a pool that differ in their hosts alone
share one cluster, where Envoy takes turns; those that differ in anything else, a key or a model
say, need a cluster each, and the route draws one of them for each call.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controlplane import defaults, ir
from controlplane.lower.addresses import Addressing, Place, place, slug, unique
from controlplane.lower.limits import lower_budgets, lower_limits
from controlplane.providers import (
    DEFAULT_PREFIX,
    KNOWN,
    MODEL_BEGINNINGS,
    Known,
    api_paths,
    api_query,
    speaks_messages,
    telemetry_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controlplane import model
    from controlplane.model import Path


@dataclass(frozen=True, slots=True)
class Llm:
    providers: tuple[ir.Provider, ...]
    routes: tuple[ir.LlmRoute, ...]
    choice: ir.ProviderChoice
    secrets: tuple[ir.SecretValue, ...]


@dataclass(frozen=True, slots=True)
class _Member:
    """One provider of a pool: where its cluster is found, and its share of the calls."""

    written: model.Provider
    provider: ir.Provider
    weight: int


def lower_llm(config: model.Config, addressing: Addressing) -> Llm:
    members = _members(config, addressing)
    secrets: dict[str, ir.SecretValue] = {}
    for member in members:
        credential, key = member.provider.credential, member.written.access_key
        if credential and key:
            secrets[credential.secret] = ir.SecretValue(credential.secret, key.value)
        for header, (_, value) in zip(member.provider.headers, member.written.headers, strict=True):
            secrets[header.secret] = ir.SecretValue(header.secret, value.value)
    routes = _routes(config, members)
    return Llm(
        providers=tuple({member.provider.name: member.provider for member in members}.values()),
        routes=routes,
        choice=_choice(config, routes),
        secrets=tuple(secrets.values()),
    )


def provider_paths(config: model.Config, names: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Name of each provider in the gateway → where it is written, or the first that shares it."""
    members = _members(config, Addressing(config, "", names))  # trust is all the same to names
    return tuple((member.provider.name, member.written.path) for member in members)


def _members(config: model.Config, addressing: Addressing) -> list[_Member]:
    members: list[_Member] = []
    for written in config.providers:
        where = _place(written, addressing)
        _add(members, _member(written, where, addressing, members))
    return members


def _place(written: model.Provider, addressing: Addressing) -> Place:
    known = KNOWN.get(written.kind or "", Known(None))
    weight, called = written.weight or 1, written.http_host
    if written.base_url:
        return place((written.base_url,), None, weight, called=called)
    if written.endpoint:
        declared = addressing.declared(written.endpoint)
        if declared:
            called = called or declared.http_host
            return place(declared.addresses, declared.protocol, weight, called=called)
        return place((written.endpoint,), None, weight, called=called)
    assert known.host, "the rules AG301, AG302 and AG303 refuse a provider without a place"
    protocol = "https" if known.https else "http"
    return place((known.host,), protocol, weight, known.port, called)


def _member(
    written: model.Provider, where: Place, addressing: Addressing, others: list[_Member]
) -> _Member:
    known = KNOWN.get(written.kind or "", Known(None))
    taken = {member.provider.name for member in others}
    name = unique(slug(written.name), taken)
    declared = addressing.declared(written.endpoint) if written.endpoint else None
    connect = (written.timeouts.connect if written.timeouts else None) or (
        declared.connect_timeout if declared else None
    )
    prefix = where.path or (DEFAULT_PREFIX if written.base_url and written.kind is None else "")
    credential = None
    if written.access_key:
        secret = f"key-{name}-{_mark(where)}"
        credential = ir.Credential(secret, known.key_header, known.key_prefix)
    provider = ir.Provider(
        name=name,
        label=written.name,
        kind=telemetry_name(written.kind),
        upstream=addressing.upstream(
            name,
            where,
            declared,
            connect or addressing.config.overrides.connect_timeout,
            written.ca_file or (declared.ca_file if declared else None),
        ),
        model=written.model,
        credential=credential,
        paths=api_paths(written.kind, prefix or known.prefix, written.model),
        query=api_query(written.kind, written.api_version),
        speaks_messages=speaks_messages(written.kind),
        price=_price(written.price),
        headers=tuple(
            ir.Credential(f"key-{name}-{_mark(where)}-{_digest(header)}", header.lower(), "")
            for header, _ in written.headers
        ),
    )
    return _Member(written, provider, written.weight or 1)


def _price(written: model.Price | None) -> ir.Price | None:
    if written is None:
        return None
    cached = written.input if written.cached is None else written.cached
    return ir.Price(written.input, written.output, cached)


def _mark(where: Place) -> str:
    """Tells one set of hosts from another.

    It is part of a key's name, so that a provider that moves gets a new secret: the key of the
    old host cannot reach the new one in the moment between two updates.
    """
    return _digest(",".join(f"{address.host}:{address.port}" for address in where.addresses))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _add(members: list[_Member], new: _Member) -> None:
    """Join the cluster of a pool member that differs in its hosts alone, or add a new one."""
    for number, member in enumerate(members):
        if _shares_cluster(member, new):
            upstream = member.provider.upstream
            merged = replace(
                member.provider,
                upstream=replace(
                    upstream, addresses=upstream.addresses + new.provider.upstream.addresses
                ),
            )
            members[number] = replace(member, provider=merged, weight=member.weight + new.weight)
            members.append(members.pop(number))
            return
    members.append(new)


def _shares_cluster(member: _Member, new: _Member) -> bool:
    old_key, new_key = member.written.access_key, new.written.access_key
    return (
        member.written.name == new.written.name
        and member.written.clients == new.written.clients
        and old_key == new_key
        and member.provider.model == new.provider.model
        and member.provider.paths == new.provider.paths
        and member.provider.query == new.provider.query
        and member.provider.price == new.provider.price
        and _but_hosts(member) == _but_hosts(new)
        and _header(member) == _header(new)
    )


def _but_hosts(member: _Member) -> ir.Upstream:
    """How its hosts are called: trust, times, health checks, breakers."""
    return replace(member.provider.upstream, name="", addresses=())


def _header(member: _Member) -> str | None:
    return member.provider.credential.header if member.provider.credential else None


def _routes(config: model.Config, members: list[_Member]) -> tuple[ir.LlmRoute, ...]:
    order = {provider.name: number for number, provider in reversed([*enumerate(config.providers)])}
    pools: dict[str, list[_Member]] = {name: [] for name in order}
    for member in members:
        pools[member.written.name].append(member)
    names = sorted((name for name, pool in pools.items() if pool), key=lambda name: order[name])
    routes = [_route(config, name, pools[name], pools) for name in names]
    for shared in _shared_models(config):
        pool = [member for member in members if member.provider.model == shared]
        routes.append(_route(config, shared, pool, pools))
    return tuple(routes)


def _shared_models(config: model.Config) -> list[str]:
    """Models that several differently named providers serve: a pool of their own."""
    names: dict[str, set[str]] = {}
    for provider in config.providers:
        if provider.model:
            names.setdefault(provider.model, set()).add(provider.name)
    all_names = {provider.name for provider in config.providers}
    return [found for found, users in names.items() if len(users) > 1 and found not in all_names]


def _route(
    config: model.Config, name: str, pool: list[_Member], pools: dict[str, list[_Member]]
) -> ir.LlmRoute:
    first = pool[0].written
    timeouts = first.timeouts
    labels = {member.written.name for member in pool}
    models = {member.provider.model for member in pool}
    return ir.LlmRoute(
        name=name,
        model=first.model,
        groups=_groups(pool, pools, None),
        first_byte_timeout=(timeouts.first_byte if timeouts else None)
        or defaults.FIRST_BYTE_TIMEOUT,
        idle_timeout=(timeouts.idle if timeouts else None) or defaults.IDLE_TIMEOUT,
        retries=first.retries or 0,
        limits=lower_limits(config, labels, models),
        budgets=lower_budgets(config, labels, models),
        audiences=_audiences(pool, pools),
    )


def _audiences(pool: list[_Member], pools: dict[str, list[_Member]]) -> tuple[ir.Audience, ...]:
    """Clients for whom something is reserved, and what they have with it."""
    others = _groups(pool, pools, None)
    found: dict[ir.Groups, list[str]] = {}
    for client in _clients(pool, pools):
        groups = _groups(pool, pools, client)
        if groups != others:
            found.setdefault(groups, []).append(client)
    return tuple(ir.Audience(tuple(clients), groups) for groups, clients in found.items())


def _clients(pool: list[_Member], pools: dict[str, list[_Member]]) -> tuple[str, ...]:
    members = [*pool, *(each for name in _fallbacks(pool, pools) for each in pools[name])]
    return tuple(dict.fromkeys(name for each in members for name in each.written.clients or ()))


def _groups(pool: list[_Member], pools: dict[str, list[_Member]], client: str | None) -> ir.Groups:
    """What a client may use of a pool and its fallbacks; None: one that no list names."""
    first = [member for member in pool if _may_use(client, member)]
    if not first:
        return ()
    fallbacks = (
        [member for member in pools[name] if _may_use(client, member)]
        for name in _fallbacks(first, pools)
    )
    return tuple(_group(members) for members in (first, *fallbacks) if members)


def _fallbacks(pool: list[_Member], pools: dict[str, list[_Member]]) -> tuple[str, ...]:
    named = (fallback for member in pool for fallback in member.written.fallbacks)
    return tuple(dict.fromkeys(name for name in named if name in pools))


def _may_use(client: str | None, member: _Member) -> bool:
    return member.written.clients is None or client in member.written.clients


def _group(pool: list[_Member]) -> tuple[ir.WeightedProvider, ...]:
    return tuple(ir.WeightedProvider(member.provider.name, member.weight) for member in pool)


def _choice(config: model.Config, routes: tuple[ir.LlmRoute, ...]) -> ir.ProviderChoice:
    known = {route.name for route in routes}
    providers = [provider for provider in config.providers if provider.name in known]
    names = dict.fromkeys(provider.name for provider in providers)
    owners = {each.model: each.name for each in reversed(providers) if each.model not in names}
    models = {
        each.model: each.model if each.model in known else owners[each.model]
        for each in providers
        if each.model and each.model not in names
    }
    listed = {name: name for name in names} | {model: owners[model] for model in models}
    full_names = {f"{each.kind}/{each.model}": each.name for each in providers if each.model}
    targets = full_names | models | {name: name for name in known}
    aliases = {each.name: targets[each.target] for each in config.aliases if each.target in targets}
    chosen = [provider.name for provider in config.providers if provider.default]
    default = chosen[0] if chosen else (next(iter(names)) if len(names) == 1 else None)
    refuses = config.overrides.unknown_model != "default"
    return ir.ProviderChoice(
        names=tuple(names),
        models=tuple((full_names | aliases | models).items()),
        makers=_kinds(providers, MODEL_BEGINNINGS, default) if refuses else (),
        kinds=_kinds(providers, KNOWN, default) if refuses else (),
        others=_one_of((each for each in providers if not each.model), default)
        if refuses
        else None,
        refuses_others=refuses,
        default=default,
        listed=tuple((listed | aliases).items()),
    )


def _kinds(
    providers: list[model.Provider], kinds: Iterable[str], default: str | None
) -> tuple[tuple[str, str], ...]:
    """The provider that calls of such a kind mean, where the config has one alone or a default."""
    found = (
        (kind, _one_of((each for each in providers if each.kind == kind), default))
        for kind in kinds
    )
    return tuple((kind, name) for kind, name in found if name)


def _one_of(providers: Iterable[model.Provider], default: str | None) -> str | None:
    """The only one, or the default one if that is among them."""
    names = list(dict.fromkeys(provider.name for provider in providers))
    if default in names:
        return default
    return names[0] if len(names) == 1 else None

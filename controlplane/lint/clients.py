"""What is for some clients alone: providers, prompt targets and limits that name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.lint.rule import Finding, error
from controlplane.model import ClientSelector
from controlplane.reading.values import did_you_mean

if TYPE_CHECKING:
    from controlplane.model import Auth, Config, Listener, Path, PromptTarget, Provider


def _auths(*listeners: Listener | None) -> list[Auth]:
    """Of the listeners that ask who calls."""
    found = (listener.auth for listener in listeners if listener)
    return [auth for auth in found if auth and not auth.open_to_all]


def _reserved(
    config: Config,
) -> Iterator[tuple[Provider | PromptTarget, tuple[str, ...], list[Auth]]]:
    """What has `clients`, those that it names, and who says which there are."""
    for provider in config.providers:
        if provider.clients is not None:
            yield provider, provider.clients, _auths(config.ingress, config.egress)
    for target in config.prompt_targets:
        if target.clients is not None:
            yield target, target.clients, _auths(config.ingress)


def _selectors(config: Config) -> Iterator[ClientSelector]:
    for limits in (config.rate_limits, *(provider.rate_limits for provider in config.providers)):
        for limit in limits:
            if isinstance(limit.selector, ClientSelector):
                yield limit.selector


def _named(config: Config) -> Iterator[tuple[Path, str, list[Auth]]]:
    for owner, clients, auths in _reserved(config):
        for number, client in enumerate(clients):
            yield (*owner.path, "clients", number), client, auths
    for selector in _selectors(config):
        if selector.client is not None:
            auths = _auths(config.ingress, config.egress)
            yield (*selector.path, "client"), selector.client, auths


@error("AG921")
def unknown_client(config: Config) -> Iterator[Finding]:
    """A provider, a prompt target or a limit names a client that `auth` does not know.

    Nobody could call under that name: what is reserved would be for nobody, and the limit would
    never count. A prompt target is for clients of the prompt listener. Where tokens are taken any
    name may be a client's, and this is not looked into.

    Wrong:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: [wbe]}

    Right:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: [web]}
    """
    for path, client, auths in _named(config):
        known = list(dict.fromkeys(name for auth in auths for name in auth.clients))
        anybody = any(auth.jwt for auth in auths)
        if auths and not anybody and client not in known:
            yield Finding(path, f"no client is called `{client}`", did_you_mean(client, known))


@error("AG922")
def clients_of_an_open_listener(config: Config) -> Iterator[Finding]:
    """Something is for some clients alone, or counted by client, but nobody is asked who calls.

    Without `auth` on a listener its clients have no names. A prompt target needs it on the prompt
    listener, a provider and a limit on one that they are called from.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: [web]}

    Right:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: [web]}
    """
    hint = "add `auth: {api_keys: [{name: …, key: …}]}` to the listener"
    for owner, _, auths in _reserved(config):
        if not auths:
            message = f"`{owner.name}` is for some clients alone, but no listener asks who calls"
            yield Finding((*owner.path, "clients"), message, hint)
    for selector in _selectors(config):
        if not _auths(config.ingress, config.egress):
            message = "a limit counts by client, but no listener asks who calls"
            yield Finding((*selector.path, "client"), message, hint)


@error("AG923")
def for_nobody(config: Config) -> Iterator[Finding]:
    """A list of `clients` is empty.

    Nobody could use what it belongs to. Leave the key out, and everybody may.

    Wrong:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: []}

    Right:
        listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K2, clients: [web]}
    """
    for owner, clients, _ in _reserved(config):
        if not clients:
            message = f"`{owner.name}` is for nobody: its `clients` are empty"
            yield Finding((*owner.path, "clients"), message, "name them, or leave the key out")

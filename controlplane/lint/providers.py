"""LLM providers: known, reachable, with what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.lint.rule import Finding, error, warning
from controlplane.providers import KNOWN, Known
from controlplane.reading.values import nearest

if TYPE_CHECKING:
    from controlplane.model import Config, Provider


def _has_place(provider: Provider) -> bool:
    return provider.endpoint is not None or provider.base_url is not None


@error("AG301")
def unknown_provider(config: Config) -> Iterator[Finding]:
    """A provider is of a kind that archgw does not know, and says not where it is.

    For a known kind the host, the path and the header of the key are known. Any other that
    speaks OpenAI's API works too, with its `base_url`.

    Wrong:
        llm_providers:
          - {name: fast, provider: opnai, model: gpt-4o, access_key: $K}

    Right:
        llm_providers:
          - {name: fast, provider: openai, model: gpt-4o, access_key: $K}
    """
    for provider in config.providers:
        if provider.kind and provider.kind not in KNOWN and not _has_place(provider):
            meant = nearest(provider.kind, KNOWN)
            known = ", ".join(KNOWN)
            hint = f"did you mean `{meant}`?" if meant else f"add `base_url`, or use one of {known}"
            message = f"unknown provider `{provider.kind}`"
            yield Finding((*provider.path, "provider"), message, hint)


@error("AG302")
def provider_not_told(config: Config) -> Iterator[Finding]:
    """Nothing tells which provider this is.

    It is inferred from the model or the name where those are known; here they are not.

    Wrong:
        llm_providers:
          - {name: ours, model: assistant-7, access_key: $K}

    Right:
        llm_providers:
          - {name: ours, model: assistant-7, access_key: $K, base_url: "https://llm.corp/v1"}
    """
    for provider in config.providers:
        if provider.kind is None and not _has_place(provider):
            message = f"cannot tell which provider `{provider.name}` is"
            hint = f"add `base_url: …`, or `provider:` with one of {', '.join(KNOWN)}"
            yield Finding(provider.path, message, hint)


@error("AG303")
def provider_without_place(config: Config) -> Iterator[Finding]:
    """A provider of one's own has no address.

    `local` and `azure_openai` are somewhere else for everybody.

    Wrong:
        llm_providers:
          - {name: ours, provider: local, model: mistral-7b}

    Right:
        llm_providers:
          - {name: ours, provider: local, model: mistral-7b, endpoint: "127.0.0.1:8001"}
    """
    for provider in config.providers:
        known = KNOWN.get(provider.kind or "")
        if known and known.host is None and not _has_place(provider):
            message = f"`provider: {provider.kind}` needs an address"
            yield Finding(provider.path, message, "add `endpoint: host:port`, or `base_url: …`")


@error("AG304")
def two_places(config: Config) -> Iterator[Finding]:
    """A provider has both `endpoint` and `base_url`.

    They say the same thing, where the provider is, and only one of them can be right.

    Wrong:
        llm_providers:
          - name: ours
            provider: local
            model: mistral-7b
            endpoint: 127.0.0.1:8001
            base_url: http://127.0.0.1:8002/v1

    Right:
        llm_providers:
          - name: ours
            provider: local
            model: mistral-7b
            base_url: http://127.0.0.1:8002/v1
    """
    for provider in config.providers:
        if provider.endpoint is not None and provider.base_url is not None:
            message = f"`{provider.name}` has both `endpoint` and `base_url`"
            yield Finding((*provider.path, "base_url"), message, "keep one of the two", on_key=True)


@error("AG305")
def provider_without_key(config: Config) -> Iterator[Finding]:
    """A provider on the internet has no access key.

    Each call would be answered by 401. Providers with an `endpoint` or `base_url` of their own
    may do without.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
    """
    for provider in config.providers:
        known = KNOWN.get(provider.kind or "")
        hosted = known and known.host and known.https and not _has_place(provider)
        if hosted and provider.access_key is None:
            variable = f"${(provider.kind or '').upper()}_API_KEY"
            message = f"no access key configured for LLM provider `{provider.name}`"
            yield Finding(provider.path, message, f"add `access_key: {variable}`")


@error("AG306")
def azure_without_model(config: Config) -> Iterator[Finding]:
    """An azure_openai provider names no model.

    Azure puts the name of the deployment into the path, and `model` is that name.

    Wrong:
        llm_providers:
          - {name: az, provider: azure_openai, access_key: $K, base_url: "https://x.azure.com"}

    Right:
        llm_providers:
          - name: az
            provider: azure_openai
            model: my-deployment
            access_key: $K
            base_url: https://x.azure.com
    """
    for provider in config.providers:
        if provider.kind == "azure_openai" and not provider.model:
            message = "azure_openai needs the deployment's name"
            yield Finding(provider.path, message, "add `model: DEPLOYMENT`")


@warning("AG307")
def provider_without_model(config: Config) -> Iterator[Finding]:
    """A provider names no model, so each request's own `model` is passed on.

    A request that was routed here by another model's name then fails at the provider.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, access_key: $K}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, access_key: $K, model: gpt-4o}
    """
    for provider in config.providers:
        if not provider.model and provider.kind != "azure_openai":
            message = f"`{provider.name}` names no model; what the request says is passed on"
            yield Finding(provider.path, message, "add `model:`")


@error("AG308")
def two_default_providers(config: Config) -> Iterator[Finding]:
    """Two providers are the default.

    Only one can answer calls that name none. Providers of one name are one pool, so each of
    them may say it.

    Wrong:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, default: true}
          - {name: b, provider: mistral, model: mistral-large, access_key: $M, default: true}

    Right:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, default: true}
          - {name: b, provider: mistral, model: mistral-large, access_key: $M}
    """
    defaults = [provider for provider in config.providers if provider.default]
    for provider in defaults:
        if provider.name != defaults[0].name:
            message = f"`{defaults[0].name}` is the default provider already"
            yield Finding((*provider.path, "default"), message, "keep `default: true` in one")


@warning("AG309")
def no_default_provider(config: Config) -> Iterator[Finding]:
    """No provider is the default.

    A call that names neither a provider nor a model known here is then refused. With one
    provider alone there is nothing to choose, and it is the default.

    Wrong:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K}
          - {name: b, provider: mistral, model: mistral-large, access_key: $M}

    Right:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, default: true}
          - {name: b, provider: mistral, model: mistral-large, access_key: $M}
    """
    names = {provider.name for provider in config.providers}
    if len(names) > 1 and not any(provider.default for provider in config.providers):
        message = "no provider is the default"
        yield Finding(("llm_providers",), message, "add `default: true` to one", on_key=True)


@error("AG310")
def no_providers(config: Config) -> Iterator[Finding]:
    """There is no LLM provider and no prompt target: nothing for a gateway to do.

    Wrong:
        version: v0.1
        listener: {address: 127.0.0.1, port: 10000}

    Right:
        version: v0.1
        listener: {address: 127.0.0.1, port: 10000}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
    """
    if not config.providers and not config.prompt_targets:
        yield Finding(
            (), "there is neither an LLM provider nor a prompt target", "add `llm_providers`"
        )


@warning("AG311")
def same_provider_twice(config: Config) -> Iterator[Finding]:
    """A provider stands here twice: one name, one model, one place and one key.

    Providers that share a name are a pool, and calls are shared out among them. Two that are the
    same are one provider with twice the share.

    Wrong:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K}
          - {name: a, provider: openai, model: gpt-4o, access_key: $K}

    Right:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K}
          - {name: a, provider: openai, model: gpt-4o, access_key: $K2}
    """
    seen: set[tuple[object, ...]] = set()
    for provider in config.providers:
        key = provider.access_key
        same = (
            provider.name,
            provider.kind,
            provider.model,
            provider.endpoint,
            provider.base_url,
            (key.reference, key.value) if key else None,
        )
        if same in seen:
            message = f"the provider `{provider.name}` stands here twice"
            yield Finding(provider.path, message, "remove one, or give them names of their own")
        seen.add(same)


@error("AG312")
def reserved_name(config: Config) -> Iterator[Finding]:
    """A provider is called `default`.

    Clients write `x-arch-llm-provider-hint: default` for the default provider, whichever that
    is, so the word cannot name another.

    Wrong:
        llm_providers:
          - {name: default, provider: openai, model: gpt-4o, access_key: $K}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K, default: true}
    """
    for provider in config.providers:
        if provider.name.lower() == "default":
            message = "a provider cannot be called `default`"
            hint = "give it another name, and `default: true`"
            yield Finding((*provider.path, "name"), message, hint)


@warning("AG313")
def weight_without_pool(config: Config) -> Iterator[Finding]:
    """A provider has a weight, but no other shares its name or model.

    Weights share out the calls of a pool, and a pool is providers of one name or one model.

    Wrong:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, weight: 3}
          - {name: b, provider: openai, model: gpt-4, access_key: $K, default: true}

    Right:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, weight: 3, default: true}
          - {name: a, provider: openai, model: gpt-4o, access_key: $K2}
    """
    for provider in config.providers:
        mates = (
            other
            for other in config.providers
            if other is not provider
            and (other.name == provider.name or other.model in (provider.model, provider.name))
        )
        if provider.weight is not None and not any(mates):
            message = f"the weight of `{provider.name}` has no effect: it is alone"
            hint = "give the providers of the pool one name"
            yield Finding((*provider.path, "weight"), message, hint)


@warning("AG314")
def pool_of_models(config: Config) -> Iterator[Finding]:
    """Providers of one name serve different models.

    Providers of one name are a pool: each call goes to any of them, so the same question is
    answered now by one model and now by the other. That is what a trial of a new model may want;
    otherwise each needs a name of its own.

    Wrong:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K}
          - {name: a, provider: openai, model: gpt-4o-mini, access_key: $K}

    Right:
        llm_providers:
          - {name: a, provider: openai, model: gpt-4o, access_key: $K, default: true}
          - {name: b, provider: openai, model: gpt-4o-mini, access_key: $K}
    """
    first: dict[str, Provider] = {}
    for provider in config.providers:
        mate = first.setdefault(provider.name, provider)
        if mate.model != provider.model:
            message = (
                f"`{provider.name}` is `{mate.model or 'any model'}` and"
                f" `{provider.model or 'any model'}` by turns: providers of one name are a pool"
            )
            yield Finding(
                provider.path, message, "give each a name of its own, unless that is meant"
            )


_LEAST_PRICE = 0.0005
"""Of a million tokens; the cheapest embeddings cost twenty times as much."""


@warning("AG315")
def price_of_one_token(config: Config) -> Iterator[Finding]:
    """A price is so low that it seems to be that of one token, or of a thousand.

    Prices are those of a million tokens, as providers list them. `archgw usage` would tell next to
    nothing otherwise.

    Wrong:
        llm_providers:
          - name: a
            provider: openai
            model: gpt-4o
            access_key: $K
            price: {input: 0.0000025, output: 0.00001}

    Right:
        llm_providers:
          - name: a
            provider: openai
            model: gpt-4o
            access_key: $K
            price: {input: 2.5, output: 10, cached: 1.25}
    """
    for provider in config.providers:
        price = provider.price
        paid = max(price.input, price.output) if price else 0
        if price and 0 < paid < _LEAST_PRICE:
            message = (
                f"`{provider.name}` would cost {f'{paid:.10f}'.rstrip('0')} for a million tokens"
            )
            yield Finding(price.path, message, "write the price of a million tokens")


@warning("AG316")
def cache_dearer_than_prompt(config: Config) -> Iterator[Finding]:
    """What a provider has in its cache costs more than what it reads anew.

    The two are probably the wrong way round.

    Wrong:
        llm_providers:
          - name: a
            provider: openai
            model: gpt-4o
            access_key: $K
            price: {input: 1.25, output: 10, cached: 2.5}

    Right:
        llm_providers:
          - name: a
            provider: openai
            model: gpt-4o
            access_key: $K
            price: {input: 2.5, output: 10, cached: 1.25}
    """
    for provider in config.providers:
        price = provider.price
        if price and price.cached is not None and price.cached > price.input:
            message = f"cached tokens of `{provider.name}` cost more than others"
            yield Finding((*price.path, "cached"), message, "at most as much as `input`")


@warning("AG317")
def key_given_twice(config: Config) -> Iterator[Finding]:
    """A provider has an access key, and a header that takes its place.

    The key goes into a header of its own. One of that name under `headers` is sent instead of it, so
    that a key that is renewed in `access_key` would change nothing.

    Wrong:
        llm_providers:
          - name: ours
            model: assistant-7
            base_url: https://llm.corp/v1
            access_key: $K
            headers: {Authorization: $OTHER}

    Right:
        llm_providers:
          - name: ours
            model: assistant-7
            base_url: https://llm.corp/v1
            access_key: $K
    """
    for provider in config.providers:
        known = KNOWN.get(provider.kind or "")
        carries = (known or Known(None)).key_header
        for name, _ in provider.headers:
            if provider.access_key and name.lower() == carries:
                message = f"the header `{name}` is sent instead of `access_key`"
                yield Finding((*provider.path, "headers", name), message, "keep one of the two")

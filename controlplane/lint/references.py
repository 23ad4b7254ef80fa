"""Names that must exist elsewhere in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.hosts import split, unresolved
from controlplane.lint.rule import Finding, error, warning
from controlplane.reading.values import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controlplane.model import Config, Path, PromptTarget, Provider

_PATH = re.compile(r"[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    meant = nearest(word, known)
    return f"did you mean `{meant}`?" if meant else otherwise


def _declared(config: Config) -> list[str]:
    return [endpoint.name for endpoint in config.endpoints if not endpoint.implicit]


def _in_path(target: PromptTarget) -> list[str]:
    return _PLACEHOLDER.findall(target.endpoint.http_path) if target.endpoint else []


@error("AG201")
def unknown_endpoint(config: Config) -> Iterator[Finding]:
    """A prompt target or provider names an endpoint that nobody declared.

    The gateway would not know where to send the call. v0.1 refused such a config too.

    Wrong:
        prompt_targets:
          - name: reboot
            description: Reboot a specific network device
            endpoint: {name: app_srver, path: /reboot}
        endpoints:
          app_server: 127.0.0.1:8000

    Right:
        prompt_targets:
          - name: reboot
            description: Reboot a specific network device
            endpoint: {name: app_server, path: /reboot}
        endpoints:
          app_server: 127.0.0.1:8000
    """
    known = _declared(config)
    for target in config.prompt_targets:
        if target.endpoint and target.endpoint.name not in known:
            name = target.endpoint.name
            message = f"unknown endpoint `{name}`, please add it in the endpoints section"
            hint = _suggestion(name, known, f"add `{name}: host:port` to `endpoints`")
            yield Finding((*target.endpoint.path, "name"), message, hint)
    for provider in config.providers:
        name = provider.endpoint or ""
        host = split(name)
        is_host = host and (host.port or host.scheme or "." in host.name)
        if name and name not in known and not unresolved(name) and not is_host:
            message = f"unknown endpoint `{name}`, and no host with a port either"
            hint = _suggestion(name, known, f"add `{name}` to `endpoints`, or write `{name}:PORT`")
            yield Finding((*provider.path, "endpoint"), message, hint)


@warning("AG202")
def undeclared_error_endpoint(config: Config) -> Iterator[Finding]:
    """The error target names an endpoint that nobody declared.

    It is then taken for a host of that name, as in v0.1's own example, and errors are sent
    to port 80 of it. Declare the endpoint to say where it is.

    Wrong:
        error_target:
          endpoint: {name: error_handler, path: /errors}

    Right:
        error_target:
          endpoint: {name: error_handler, path: /errors}
        endpoints:
          error_handler: 127.0.0.1:8001
    """
    for endpoint in config.endpoints:
        if endpoint.implicit:
            name = endpoint.name
            message = f"the endpoint `{name}` is not declared; taken for a host of that name"
            hint = _suggestion(name, _declared(config), f"add `{name}: host:port` to `endpoints`")
            yield Finding(endpoint.path, message, hint)


@warning("AG203")
def unused_endpoint(config: Config) -> Iterator[Finding]:
    """An endpoint is declared, but nothing calls it.

    Usually a target was renamed or removed and its endpoint forgotten, or a name is misspelt
    in one of the two places.

    Wrong:
        endpoints:
          app_server: 127.0.0.1:8000

    Right:
        endpoints:
          app_server: 127.0.0.1:8000
        prompt_targets:
          - name: reboot
            description: Reboot a specific network device
            endpoint: {name: app_server, path: /reboot}
    """
    used = {target.endpoint.name for target in config.prompt_targets if target.endpoint}
    used |= {provider.endpoint for provider in config.providers if provider.endpoint}
    if config.error_target:
        used.add(config.error_target.endpoint.name)
    for endpoint in config.endpoints:
        if endpoint.name not in used:
            message = f"the endpoint `{endpoint.name}` is never used"
            hint = "remove it, or name it in a prompt target"
            yield Finding(endpoint.path, message, hint, on_key=True)


@error("AG204")
def unknown_path_parameter(config: Config) -> Iterator[Finding]:
    """A path holds a `{name}` that is no parameter of its target.

    The path could never be filled in, so each call would fail.

    Wrong:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: "/devices/{device}"}
            parameters:
              - {name: device_id, type: str, description: The device, required: true}
        endpoints: {app: "127.0.0.1:8000"}

    Right:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: "/devices/{device_id}"}
            parameters:
              - {name: device_id, type: str, description: The device, required: true}
        endpoints: {app: "127.0.0.1:8000"}
    """
    for target in config.prompt_targets:
        known = [parameter.name for parameter in target.parameters]
        for name in _in_path(target):
            if name not in known and target.endpoint:
                message = f"the path asks for `{{{name}}}`, which is no parameter of this target"
                hint = _suggestion(name, known, f"add a parameter `{name}` with `required: true`")
                yield Finding((*target.endpoint.path, "path"), message, hint)


@error("AG205")
def optional_path_parameter(config: Config) -> Iterator[Finding]:
    """A parameter stands in the path but is neither required nor has a default.

    When a prompt does not name it, the path has a hole. Make it required, and the user is
    asked for it; or give it a default.

    Wrong:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: "/devices/{device_id}"}
            parameters:
              - {name: device_id, type: str, description: The device}
        endpoints: {app: "127.0.0.1:8000"}

    Right:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: "/devices/{device_id}"}
            parameters:
              - {name: device_id, type: str, description: The device, required: true}
        endpoints: {app: "127.0.0.1:8000"}
    """
    for target in config.prompt_targets:
        names = set(_in_path(target))
        for parameter in target.parameters:
            filled = parameter.required or parameter.has_default
            if parameter.name in names and not filled:
                message = f"`{parameter.name}` stands in the path, but may be missing"
                yield Finding(parameter.path, message, "add `required: true`, or a `default`")


@warning("AG206")
def in_path_without_place(config: Config) -> Iterator[Finding]:
    """A parameter says `in_path`, but the path has no place for it.

    It is sent in the query or the body instead, like any other.

    Wrong:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: /devices}
            parameters:
              - {name: id, type: str, description: The device, required: true, in_path: true}
        endpoints: {app: "127.0.0.1:8000"}

    Right:
        prompt_targets:
          - name: device
            description: Show the state of one network device
            endpoint: {name: app, path: "/devices/{id}"}
            parameters:
              - {name: id, type: str, description: The device, required: true, in_path: true}
        endpoints: {app: "127.0.0.1:8000"}
    """
    for target in config.prompt_targets:
        names = set(_in_path(target))
        for parameter in target.parameters:
            if parameter.in_path and parameter.name not in names:
                message = f"`{parameter.name}` is `in_path`, but the path has no such place"
                hint = f"write `{{{parameter.name}}}` into the path, or remove `in_path`"
                yield Finding((*parameter.path, "in_path"), message, hint)


@error("AG207")
def unknown_fallback(config: Config) -> Iterator[Finding]:
    """A provider falls back to one that does not exist.

    Calls would simply fail where the fallback should have answered.

    Wrong:
        llm_providers:
          - {name: fast, provider: openai, model: gpt-4o, access_key: $K, fallbacks: [safe]}

    Right:
        llm_providers:
          - {name: fast, provider: openai, model: gpt-4o, access_key: $K, fallbacks: [safe]}
          - {name: safe, provider: mistral, model: mistral-large, access_key: $M}
    """
    known = [provider.name for provider in config.providers]
    for provider in config.providers:
        for number, name in enumerate(provider.fallbacks):
            if name not in known:
                message = f"the fallback `{name}` is no provider"
                hint = _suggestion(name, known, f"known here: {', '.join(known)}")
                yield Finding((*provider.path, "fallbacks", number), message, hint)


@error("AG208")
def fallback_to_itself(config: Config) -> Iterator[Finding]:
    """A provider falls back to itself.

    What failed a moment ago would be tried once more; `retries` says that better.

    Wrong:
        llm_providers:
          - {name: fast, provider: openai, model: gpt-4o, access_key: $K, fallbacks: [fast]}

    Right:
        llm_providers:
          - {name: fast, provider: openai, model: gpt-4o, access_key: $K, retries: 1}
    """
    for provider in config.providers:
        if provider.name in provider.fallbacks:
            path = (*provider.path, "fallbacks", provider.fallbacks.index(provider.name))
            message = f"`{provider.name}` falls back to itself"
            yield Finding(path, message, "name another, or use `retries`")


@warning("AG209")
def limit_for_unknown_model(config: Config) -> Iterator[Finding]:
    """A rate limit is for a model that no provider serves.

    It never applies, and whoever relies on it pays for tokens beyond it.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        ratelimits:
          - {model: gpt-4o, selector: {key: x-user}, limit: {tokens: 100, unit: minute}}
    """
    models = [provider.model for provider in config.providers if provider.model]
    known = [*models, *(provider.name for provider in config.providers)]
    for limit in config.rate_limits:
        if limit.model and limit.model not in known:
            message = f"no provider serves the model `{limit.model}`, so the limit never applies"
            hint = _suggestion(limit.model, models, f"models here: {', '.join(models)}")
            yield Finding((*limit.path, "model"), message, hint)


@error("AG210")
def forward_without_error_target(config: Config) -> Iterator[Finding]:
    """A guard forwards what it refuses to an error target that is not there.

    Wrong:
        prompt_guards:
          input_guards:
            jailbreak: {on_exception: {message: No., forward_to_error_target: true}}

    Right:
        prompt_guards:
          input_guards:
            jailbreak: {on_exception: {message: No., forward_to_error_target: true}}
        error_target:
          endpoint: {name: errors, path: /}
        endpoints: {errors: "127.0.0.1:8001"}
    """
    for guard in (config.jailbreak_guard, config.toxicity_guard):
        if guard and guard.forward_to_error_target and config.error_target is None:
            path = (*guard.path, "on_exception", "forward_to_error_target")
            yield Finding(path, "there is no `error_target` to forward to", "add `error_target`")


@error("AG211")
def odd_path(config: Config) -> Iterator[Finding]:
    """A path holds what no path can hold.

    Blanks and `#` cannot be sent, and a brace that stands alone is a parameter half written.

    Wrong:
        error_target:
          endpoint: {name: app, path: "/errors of {app"}
        endpoints: {app: "127.0.0.1:8000"}

    Right:
        error_target:
          endpoint: {name: app, path: /errors-of-app}
        endpoints: {app: "127.0.0.1:8000"}
    """
    for path, written in _paths(config):
        if not _PATH.fullmatch(_PLACEHOLDER.sub("", written)):
            message = "the path holds a blank, a `#`, a brace alone, or another odd character"
            yield Finding(path, message, "percent-encode it, such as %20 for a blank")


@error("AG212")
def alias_of_nothing(config: Config) -> Iterator[Finding]:
    """An alias stands for a model that no provider has.

    Its target is a provider's name, a provider's model, or both as `openai/gpt-4o`. Calls for the
    alias would be refused.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        model_aliases:
          fast: {target: gpt-4o-mini}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
        model_aliases:
          fast: {target: gpt-4o}
    """
    known = _model_names(config)
    for alias in config.aliases:
        full = [f"{each.kind}/{each.model}" for each in config.providers if each.model]
        if alias.target not in (*known, *full):
            message = f"`{alias.name}` stands for `{alias.target}`, which no provider has"
            hint = _suggestion(alias.target, known, f"known here: {', '.join(known)}")
            yield Finding((*alias.path, "target"), message, hint)


@error("AG213")
def alias_of_a_name_taken(config: Config) -> Iterator[Finding]:
    """An alias is called like a provider or a model.

    The provider or the model would be meant by it, never what the alias stands for: `gpt-4o` for
    `openai/gpt-4o` says nothing new, and is taken.

    Wrong:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
          - {name: Mistral, provider: mistral, model: mistral-large, access_key: $M}
        model_aliases:
          gpt-4o: {target: mistral-large}

    Right:
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $K}
          - {name: Mistral, provider: mistral, model: mistral-large, access_key: $M}
        model_aliases:
          clever: {target: mistral-large}
    """
    for alias in config.aliases:
        meant, named = (_called(name, config) for name in (alias.target, alias.name))
        if named and named != meant:
            message = f"`{alias.name}` is a provider or a model already"
            yield Finding(alias.path, message, "give the alias another name", on_key=True)


def _called(name: str, config: Config) -> list[Provider]:
    return [
        each
        for each in config.providers
        if name in (each.name, each.model, f"{each.kind}/{each.model}")
    ]


def _model_names(config: Config) -> list[str]:
    models = [provider.model for provider in config.providers if provider.model]
    return [*dict.fromkeys([*(provider.name for provider in config.providers), *models])]


def _paths(config: Config) -> Iterator[tuple[Path, str]]:
    references = [target.endpoint for target in config.prompt_targets if target.endpoint]
    if config.error_target:
        references.append(config.error_target.endpoint)
    for reference in references:
        yield (*reference.path, "path"), reference.http_path
    for endpoint in config.endpoints:
        if endpoint.health_check and endpoint.health_check.http_path:
            yield (*endpoint.health_check.path, "path"), endpoint.health_check.http_path

"""Prompt targets: told apart by their words, one default, somewhere to go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from itertools import combinations
from typing import TYPE_CHECKING

from controlplane.lint.rule import Finding, error, warning

if TYPE_CHECKING:
    from controlplane.model import Config

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Words that mean something, below which a description says less than a name."""
_SAME = 0.75
"""Shared words, of all words of both, from which two descriptions say the same."""
_MOST_COMPARED = 300
"""Each is compared with each."""
_FILLERS = frozenset(
    [
        *("a", "an", "the", "of", "to", "in", "on", "for", "and", "or", "with", "this", "that"),
        *("is", "are", "it", "its", "by", "from", "at", "as", "be", "any", "all", "some", "etc"),
        *("prompt", "prompts", "handles", "handle", "used", "use", "function", "target"),
    ]
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text)) - _FILLERS


@error("AG401")
def two_default_targets(config: Config) -> Iterator[Finding]:
    """Two prompt targets are the default.

    The default takes the prompts that match no other, so there can be one.

    Wrong:
        prompt_targets:
          - {name: questions, description: Answer general questions, default: true}
          - {name: summary, description: Summarise a long text, default: true}

    Right:
        prompt_targets:
          - {name: questions, description: Answer general questions, default: true}
          - {name: summary, description: Summarise a long text}
    """
    defaults = [target for target in config.prompt_targets if target.default]
    for target in defaults[1:]:
        message = f"`{defaults[0].name}` is the default target already"
        yield Finding((*target.path, "default"), message, "keep `default: true` in one")


@error("AG402")
def duplicate_target(config: Config) -> Iterator[Finding]:
    """Two prompt targets have one name.

    The name is how a matched prompt finds its target, and how errors and logs speak of it.

    Wrong:
        prompt_targets:
          - {name: weather, description: Current weather in a city}
          - {name: weather, description: Forecast of the coming days}

    Right:
        prompt_targets:
          - {name: weather_now, description: Current weather in a city}
          - {name: weather_forecast, description: Forecast of the coming days}
    """
    seen: set[str] = set()
    for target in config.prompt_targets:
        if target.name in seen:
            message = f"a second target is called `{target.name}`"
            yield Finding((*target.path, "name"), message, "give it a name of its own")
        seen.add(target.name)


@error("AG403")
def duplicate_parameter(config: Config) -> Iterator[Finding]:
    """Two parameters of a target have one name.

    Only one of them could be sent.

    Wrong:
        prompt_targets:
          - name: trip
            description: Book a trip between two cities
            parameters:
              - {name: city, type: str, description: Where from}
              - {name: city, type: str, description: Where to}

    Right:
        prompt_targets:
          - name: trip
            description: Book a trip between two cities
            parameters:
              - {name: origin, type: str, description: Where from}
              - {name: destination, type: str, description: Where to}
    """
    for target in config.prompt_targets:
        counts = Counter(parameter.name for parameter in target.parameters)
        for parameter in target.parameters[::-1]:
            if counts[parameter.name] > 1:
                counts[parameter.name] -= 1
                message = f"a second parameter is called `{parameter.name}`"
                yield Finding((*parameter.path, "name"), message, "give it a name of its own")


@warning("AG404")
def overlapping_descriptions(config: Config) -> Iterator[Finding]:
    """Two targets are described by nearly the same words.

    Prompts are matched to targets by name and description alone. What cannot be told apart by
    its words is matched at random.

    Wrong:
        prompt_targets:
          - {name: reboot, description: Restart one network device of the site}
          - {name: restart, description: Restart network device of one site}

    Right:
        prompt_targets:
          - {name: reboot, description: Restart one network device of the site}
          - {name: status, description: Show uptime and error counters of a switch}
    """
    targets = config.prompt_targets[:_MOST_COMPARED]
    words = [(target, _words(target.description)) for target in targets]
    for (first, left), (second, right) in combinations(words, 2):
        shared, either = left & right, left | right
        if len(left) >= _SHORTEST <= len(right) and len(shared) >= _SAME * len(either):
            message = f"`{second.name}` is described by the same words as `{first.name}`"
            hint = "say what only this target does"
            yield Finding((*second.path, "description"), message, hint)


@warning("AG405")
def short_description(config: Config) -> Iterator[Finding]:
    """A target's description is too short to match prompts by.

    Prompts are matched to targets by name and description alone: say in a sentence what a user
    would ask for. The default target needs none, it takes what matches no other.

    Wrong:
        prompt_targets:
          - {name: reboot, description: Reboot}

    Right:
        prompt_targets:
          - {name: reboot, description: Reboot one network device by its identifier}
    """
    for target in config.prompt_targets:
        if not target.default and len(_words(target.description)) < _SHORTEST:
            message = f"the description of `{target.name}` is too short to match prompts by"
            hint = "say in a sentence what a user would ask for"
            yield Finding((*target.path, "description"), message, hint)


@warning("AG406")
def target_without_endpoint(config: Config) -> Iterator[Finding]:
    """A target has neither an endpoint nor a system prompt of its own.

    Prompts that match it go to the LLM just as those that match no target.

    Wrong:
        prompt_targets:
          - {name: reboot, description: Reboot one network device by its identifier}

    Right:
        prompt_targets:
          - name: reboot
            description: Reboot one network device by its identifier
            endpoint: {name: app_server, path: /reboot}
        endpoints: {app_server: "127.0.0.1:8000"}
    """
    for target in config.prompt_targets:
        if target.endpoint is None and target.system_prompt is None:
            message = f"`{target.name}` has no endpoint, so matching it changes nothing"
            yield Finding(target.path, message, "add `endpoint: {name: …, path: /…}`")


@warning("AG407")
def odd_target_name(config: Config) -> Iterator[Finding]:
    """A target's name holds more than letters, digits, `_` and `-`.

    LLMs and clients see it as the name of a function, and the OpenAI API takes only these, up
    to 64 of them.

    Wrong:
        prompt_targets:
          - {name: "reboot a device!", description: Reboot one network device by its identifier}

    Right:
        prompt_targets:
          - {name: reboot_a_device, description: Reboot one network device by its identifier}
    """
    for target in config.prompt_targets:
        if target.name and not _NAME.fullmatch(target.name):
            message = f"`{target.name}` is not a name that functions can have"
            hint = "use letters, digits, `_` and `-`, at most 64"
            yield Finding((*target.path, "name"), message, hint)


@error("AG408")
def prompts_in_llm_mode(config: Config) -> Iterator[Finding]:
    """The mode is `llm`, which has no prompt listener, but there are prompt targets or guards.

    The targets are never matched, and no guard looks at any prompt.

    Wrong:
        mode: llm
        prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}

    Right:
        mode: prompt
        prompt_guards: {input_guards: {jailbreak: {on_exception: {message: No.}}}}
        llm_providers:
          - {name: OpenAI, provider: openai, model: gpt-4o, access_key: $OPENAI_API_KEY}
    """
    if config.mode == "llm" and (config.jailbreak_guard or config.toxicity_guard):
        message = "`mode: llm` has no prompt listener, so no guard looks at any prompt"
        yield Finding(("mode",), message, "remove `mode`, or the guards")
    if config.mode == "llm" and config.prompt_targets:
        message = "`mode: llm` has no prompt listener, so prompt targets are never matched"
        yield Finding(("mode",), message, "remove `mode`, or the prompt targets")


@warning("AG409")
def guard_without_message(config: Config) -> Iterator[Finding]:
    """A guard has no message.

    Users whose prompt is refused are then told a stock phrase that fits no application.

    Wrong:
        prompt_guards:
          input_guards:
            jailbreak:

    Right:
        prompt_guards:
          input_guards:
            jailbreak:
              on_exception:
                message: I can only help with network devices.
    """
    for guard in (config.jailbreak_guard, config.toxicity_guard):
        if guard and not (guard.message or "").strip():
            message = "the guard has no message for those it refuses"
            yield Finding(guard.path, message, "add `on_exception: {message: …}`", on_key=True)


@error("AG410")
def toxicity_without_a_model(config: Config) -> Iterator[Finding]:
    """A toxicity guard, but no model that knows toxicity.

    The built-in guard tells attacks from harmless text, and knows nothing of toxicity. A guard
    that cannot judge lets nothing pass, so every prompt would be refused.

    Wrong:
        prompt_guards: {input_guards: {toxicity: {on_exception: {message: Please be kind.}}}}

    Right:
        model_server: {guard_model: models/our-guard}
        prompt_guards: {input_guards: {toxicity: {on_exception: {message: Please be kind.}}}}
    """
    server = config.model_server
    elsewhere = server is not None and (server.guard_model or server.addresses)
    if config.toxicity_guard and not elsewhere:
        message = "the built-in guard knows nothing of toxicity, and no other is named"
        hint = "name a model that does in `model_server.guard_model`, or remove this guard"
        yield Finding(config.toxicity_guard.path, message, hint, on_key=True)


@error("AG709")
def placeholders_of_messages(config: Config) -> Iterator[Finding]:
    """A sentence of the gateway's lacks its placeholder, or has one that nothing is put into.

    The gateway knows its own questions again by their text: `ask` and `ask_more` need `{what}`
    once, `confirm` needs `{calls}`, `between` `{low}` and `{high}`, and so on.

    Wrong:
        overrides: {messages: {ask: "Please tell me {parameter}."}}

    Right:
        overrides: {messages: {ask: "Please tell me {what}."}}
    """
    messages = config.overrides.messages
    for each in fields(messages):
        wanted = _PLACEHOLDER.findall(str(each.default))
        found = _PLACEHOLDER.findall(getattr(messages, each.name))
        if sorted(found) != sorted(wanted):
            needs = " and ".join(wanted) or "no placeholder"
            message = f"`{each.name}` has {', '.join(found) or 'no placeholder'}, but needs {needs}"
            path = (*config.overrides.path, "messages", each.name)
            yield Finding(path, message, f"write {needs}, once" if wanted else "remove it")

"""Parameters of prompt targets: types, defaults and choices that go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from controlplane.lint.rule import Finding, error, warning
from controlplane.reading.keys import FORMATS
from controlplane.reading.values import nearest
from extproc.contract import pattern_fault

if TYPE_CHECKING:
    from controlplane.model import Config, Parameter
    from extproc.contract import Json

_NUMBERS = frozenset({"integer", "number"})


def _parameters(config: Config) -> Iterator[Parameter]:
    for target in config.prompt_targets:
        yield from target.parameters


def _shown(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@error("AG801")
def default_not_in_enum(config: Config) -> Iterator[Finding]:
    """A parameter's default is not among its own choices.

    The API would be sent a value that a user may not even ask for.

    Wrong:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: units, type: str, description: d, enum: [metric, imperial], default: si}

    Right:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: units, type: str, description: d, enum: [metric, imperial], default: metric}
    """
    for parameter in _parameters(config):
        given = parameter.has_default and parameter.default is not None
        if given and parameter.enum and parameter.default not in parameter.enum:
            choices = ", ".join(_shown(value) for value in parameter.enum)
            message = f"the default `{_shown(parameter.default)}` is not in the enum"
            yield Finding((*parameter.path, "default"), message, f"choose one of {choices}")


@warning("AG802")
def default_of_required(config: Config) -> Iterator[Finding]:
    """A parameter is required and has a default.

    The default is used wherever no value is named, so `required` says nothing. The user is asked
    only where the value that was named is of no use.

    Wrong:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, required: true, default: 1}

    Right:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, default: 1}
    """
    for parameter in _parameters(config):
        if parameter.required and parameter.has_default:
            message = f"`{parameter.name}` is required, but where none is named its default is used"
            hint = "remove `required: true`, or `default` to have the user asked"
            yield Finding((*parameter.path, "default"), message, hint)


@error("AG803")
def default_out_of_range(config: Config) -> Iterator[Finding]:
    """A parameter's default is below its minimum or above its maximum.

    Wrong:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, maximum: 7, default: 10}

    Right:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, maximum: 7, default: 7}
    """
    for parameter in _parameters(config):
        value = parameter.default
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            message = f"the default {value} is outside the range of `{parameter.name}`"
            yield Finding((*parameter.path, "default"), message, "choose one inside")


@error("AG804")
def empty_range(config: Config) -> Iterator[Finding]:
    """A parameter's minimum is above its maximum, so that no value fits.

    Wrong:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, minimum: 7, maximum: 1}

    Right:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: days, type: int, description: d, minimum: 1, maximum: 7}
    """
    for parameter in _parameters(config):
        low, high = parameter.minimum, parameter.maximum
        if low is not None and high is not None and low > high:
            message = f"no value of `{parameter.name}` is both above {low:g} and below {high:g}"
            yield Finding((*parameter.path, "minimum"), message, "exchange the two")


@error("AG805")
def bad_pattern(config: Config) -> Iterator[Finding]:
    r"""A parameter's pattern is no regular expression.

    The value must match it as a whole. It is read by the `regex` package, which knows more than
    Python's own `re`, such as `\p{Lu}` for a capital letter of any language.

    Wrong:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: str, description: d, pattern: "[a-z"}

    Right:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: str, description: d, pattern: "[a-z]+"}
    """
    for parameter in _parameters(config):
        if parameter.pattern is not None and (fault := pattern_fault(parameter.pattern)):
            message = f"`pattern` is no regular expression: {fault}"
            yield Finding((*parameter.path, "pattern"), message, "see Python's `re` and `regex`")


@warning("AG806")
def enum_says_little(config: Config) -> Iterator[Finding]:
    """A parameter's enum has one choice only, or the same one twice.

    With one choice there is nothing to ask for.

    Wrong:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: units, type: str, description: d, enum: [metric, metric]}

    Right:
        prompt_targets:
          - name: weather
            description: Current weather in a city
            parameters:
              - {name: units, type: str, description: d, enum: [metric, imperial]}
    """
    for parameter in _parameters(config):
        shown = [_shown(value) for value in parameter.enum]
        if len(shown) == 1 or len(set(shown)) < len(shown):
            message = f"the enum of `{parameter.name}` offers one choice, or one of them twice"
            yield Finding((*parameter.path, "enum"), message, "list each value a user may choose")


@warning("AG807")
def constraint_of_another_type(config: Config) -> Iterator[Finding]:
    """A parameter has a constraint that its type knows nothing of.

    `items` is for lists, `minimum` and `maximum` for numbers, `pattern` for strings.

    Wrong:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: str, description: d, minimum: 1}

    Right:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: int, description: d, minimum: 1}
    """
    for parameter in _parameters(config):
        given = (
            ("items", parameter.items, {"array"}),
            ("minimum", parameter.minimum, _NUMBERS),
            ("maximum", parameter.maximum, _NUMBERS),
            ("pattern", parameter.pattern, {"string"}),
        )
        for key, value, types in given:
            if value is not None and parameter.type not in types:
                message = f"`{key}` has no meaning for `type: {parameter.written_type}`"
                yield Finding((*parameter.path, key), message, f"remove `{key}`, or change `type`")


@warning("AG808")
def no_description(config: Config) -> Iterator[Finding]:
    """A parameter has no description.

    Its value is found in the conversation by name and description, and the user is asked for
    it in their words.

    Wrong:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: str}

    Right:
        prompt_targets:
          - name: device
            description: State of one network device
            parameters:
              - {name: id, type: str, description: Identifier of the device}
    """
    for parameter in _parameters(config):
        if not parameter.description.strip():
            message = f"`{parameter.name}` has no description"
            yield Finding(parameter.path, message, "add `description:`, a few words will do")


_ALIKE = 0.75


@warning("AG809")
def misspelt_format(config: Config) -> Iterator[Finding]:
    """A parameter's format is nearly one that is checked.

    `date`, `time`, `date-time`, `email`, `uri`, `uuid`, `ipv4` and `ipv6` are checked, and a
    spoken date becomes a date. Any other words are for the models alone, which is what becomes of
    a misspelt one.

    Wrong:
        prompt_targets:
          - name: booking
            description: Book a table for an evening
            parameters: [{name: day, type: str, description: The evening, format: dat}]

    Right:
        prompt_targets:
          - name: booking
            description: Book a table for an evening
            parameters: [{name: day, type: str, description: The evening, format: date}]
    """
    for parameter in _parameters(config):
        written = parameter.format
        if not written or written in FORMATS:
            continue
        if meant := nearest(written, FORMATS, _ALIKE):
            message = f"the format `{written}` is not known, and so not checked"
            yield Finding((*parameter.path, "format"), message, f"did you mean `{meant}`?")

"""What is wrong with an answer, by kind and without its words.

The kinds say where training data are missing (a list cut short, a text with too many words), and
nothing of the texts, which must not be learnt from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelserver.training.judge.accepted import LEFT_OUT, accepts, may_be_left_out, standard

_WORD = re.compile(r"\w+(?:\.\d+)?")
_FORMS = [
    ("date", re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}")),
    ("time", re.compile(r"^\d{1,2}:\d\d")),
    ("formula or code", re.compile(r"[=(){}<>^*@]|://")),
    ("place, region", re.compile(r"^[^\W\d]+(?:[ .][^\W\d]+)*, [^\W\d]+(?: [^\W\d]+)*$")),
    ("with digits", re.compile(r"\d")),
    ("a word", re.compile(r"^\S+$")),
    ("a few words", re.compile(r"^\S+(?:\s+\S+){1,4}$")),
    ("many words", re.compile(r"")),
]

Values = Mapping[str, Sequence[Any]]


def of_call(
    function: Mapping[str, Any], wanted: Values, found: Mapping[str, Any], text: str
) -> Iterator[str]:
    """A kind for every parameter that is not as it must be."""
    schema = function["parameters"]
    required = schema.get("required", ())
    undescribed = {name: {"type": "any"} for name in wanted}
    for name, parameter in {**undescribed, **schema["properties"]}.items():
        accepted = wanted.get(name, [LEFT_OUT])
        label = _label(parameter, accepted)
        if name not in found:
            if not may_be_left_out(name, required, accepted):
                how = "required, left out" if name in required else "optional, left out"
                yield f"{label}: {how}{_said(accepted, text)}"
        elif not accepts(parameter, found[name], accepted):
            if all(each == LEFT_OUT for each in accepted):
                yield f"{label}: a value where none is"
                continue
            how = _how(parameter, found[name], accepted, [*wanted.values()])
            yield f"{label}: {how}{_said(accepted, text)}"


def _label(parameter: Mapping[str, Any], accepted: Sequence[Any]) -> str:
    items = parameter.get("items") or {}
    if parameter.get("enum") or items.get("enum"):
        return "choice"
    kind = str(parameter["type"])
    if kind in ("array", "tuple"):
        return f"list of {items.get('type', 'any')}"
    texts = [each for each in accepted if isinstance(each, str) and each != LEFT_OUT]
    return f"text ({_form(texts[0])})" if texts else kind


def _form(text: str) -> str:
    """What a text looks like."""
    return next(name for name, pattern in _FORMS if pattern.search(text))


def _how(
    parameter: Mapping[str, Any], found: Any, accepted: Sequence[Any], all_wanted: Sequence[Any]
) -> str:
    real = [each for each in accepted if each != LEFT_OUT]
    if found == parameter.get("default"):
        return "the default instead"
    if type(found) not in {type(each) for each in real} | {float, int}:
        return "of another type"
    if isinstance(found, str):
        plain, others = standard(found), [standard(each) for each in real if isinstance(each, str)]
        if any(other and other in plain for other in others):
            return "more than the value"
        if any(plain and plain in other for other in others):
            return "a part of the value"
    if isinstance(found, list):
        return _how_listed(found, [each for each in real if isinstance(each, list)])
    if any(found in values for values in all_wanted if values is not accepted):
        return "another parameter's value"
    return "another value"


def _how_listed(found: Sequence[Any], real: Sequence[Sequence[Any]]) -> str:
    items = set(map(str, found))
    if any(items == set(map(str, each)) for each in real):
        return "in another order"
    if any(items < set(map(str, each)) for each in real):
        return "items missing"
    if any(items > set(map(str, each)) for each in real):
        return "items too many"
    return "other items"


def _said(accepted: Sequence[Any], text: str) -> str:
    """Whether a right value can be pointed at; nothing where none can, as with yes and no."""
    kinds = (str, int, float, list)
    real = [e for e in accepted if e != LEFT_OUT and type(e) in kinds]
    if not real:
        return ""
    return ", said" if any(_stands_in(each, text) for each in real) else ", not said in its words"


def _stands_in(value: Any, text: str) -> bool:
    if isinstance(value, list):
        return all(_stands_in(item, text) for item in value)
    if isinstance(value, str):
        return standard(value) in standard(text)
    numbers = {word for word in _WORD.findall(text.replace(",", "")) if word[0].isdigit()}
    return any(_number(word) == abs(value) for word in numbers if not isinstance(value, dict))


def _number(word: str) -> float | None:
    digits = re.match(r"\d+(?:\.\d+)?", word)
    return float(digits[0]) if digits else None

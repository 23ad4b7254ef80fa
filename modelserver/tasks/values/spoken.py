"""From the words of a span to a value of the declared type, or to nothing.

`read` looks at the span, and at what stands around it (a currency sign before, a unit
after). A value that does not fit the declared type, enum, limits or pattern is not
returned: better a question to the user than a call that fails.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from modelserver.checked import LONGEST, is_fit, matches
from modelserver.tasks.types import UNTOLD, Occasion
from modelserver.tasks.values import (
    choices,
    dates,
    digits,
    languages,
    lists,
    numbers,
    texts,
    times,
    units,
)

if TYPE_CHECKING:
    from modelserver.schema import Parameter, ParameterType

_LOOK_AHEAD: Final = 24
_FRACTION: Final = re.compile(
    r"decimal|fraction|between 0(?:\.0)? and 1(?:\.0)?\b|proportion|(?<!\d)0?\.\d+|\b0 ?(?:-|–|to) ?1\b|ratio"
)
_ABOVE_ONE: Final = re.compile(r"(?<![\d.])[1-9]\d*(?:\.\d+)?(?![\d.]*-)")
_PERCENT: Final = re.compile(
    r"percent|per cent|\bpct\b|%|0 ?(?:-|–|to) ?100|between 0 and 100|prozent"
)
_HALF_MORE: Final = re.compile(r"(?:\w+ )?and a half\b")
_YES: Final = {
    "true", "yes", "y", "on", "1", "enabled", "enable", "include", "with",
    "ja", "mit", "oui", "avec", "sí", "si", "sì", "con", "sim", "com", "met",
}  # fmt: skip
_NO: Final = {
    "false", "no", "n", "off", "0", "disabled", "disable", "without", "nein", "ohne", "kein",
    "keine", "non", "sans", "sin", "senza", "não", "nao", "sem", "nee", "zonder", "geen",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Span:
    """Some words of a text, on an occasion."""

    text: str
    start: int
    end: int
    occasion: Occasion

    @property
    def said(self) -> str:
        return self.text[self.start : self.end]

    @property
    def language(self) -> str | None:
        """One of the seven, if it is known."""
        return languages.chosen(self.occasion.language)

    def part(self, start: int, end: int) -> _Span:
        """Some of its words, with nothing around them."""
        return _Span(self.said, start, end, self.occasion)


def read(parameter: Parameter, text: str, start: int, end: int, occasion: Occasion = UNTOLD) -> Any:
    """The value said in `text[start:end]`, or None when it is not one for this parameter.

    For a list it is one item, or a list of the items a span that covers several holds. What is
    longer than any value is none.
    """
    if end - start > LONGEST:
        return None
    span = _Span(text, start, end, _in_its_language(text, occasion))
    if parameter.type == "array":
        return _items_of(parameter, span)
    return _one(parameter, parameter.type, span)


def one(parameter: Parameter, said: str, occasion: Occasion = UNTOLD) -> Any:
    """The value that a whole text says: for a list, one item of it."""
    if len(said) > LONGEST:
        return None
    kind = (parameter.items or "string") if parameter.type == "array" else parameter.type
    return _one(parameter, kind, _Span(said, 0, len(said), _in_its_language(said, occasion)))


def _in_its_language(text: str, occasion: Occasion) -> Occasion:
    """The words tell their language; what the user's is said to be holds where they do not."""
    guessed = languages.guessed(text)
    if guessed in {None, languages.chosen(occasion.language)}:
        return occasion
    return replace(occasion, language=guessed)


def choice(parameter: Parameter, option: str) -> Any:
    """The value behind an option the model chose."""
    for value in parameter.enum:
        if str(value) == option:
            return value
    return option == "true"


def items(parameter: Parameter, found: Sequence[Any]) -> list[Any]:
    """The items of a list, each once in the order they were said; numbers may repeat."""
    flat: list[Any] = []
    for value in found:
        flat += value if isinstance(value, list) else [value]
    if parameter.enum:
        return [value for k, value in enumerate(flat) if value not in flat[:k]]
    return flat


def _items_of(parameter: Parameter, span: _Span) -> Any:
    span = replace(span, start=span.start + lists.bullet(span.text, span.start))
    said = span.said
    if said.lstrip().startswith("[{"):
        return said
    kind = parameter.items or "string"
    if kind in {"integer", "number"}:
        spots = lists.numbers(said)
        if len(spots) > 1:
            parts = [_one(parameter, kind, span.part(*spot)) for spot in spots]
            return [part for part in parts if part is not None] or None
    elif len(parts := lists.parts(said)) > 1:
        values = [_one(parameter, kind, _Span(part, 0, len(part), span.occasion)) for part in parts]
        return [_item(parameter, value) for value in values if value is not None] or None
    value = _one(parameter, kind, span)
    return _item(parameter, value)


def _item(parameter: Parameter, value: Any) -> Any:
    """An item without the words that only tie it to the sentence."""
    if not isinstance(value, str):
        return value
    if re.search(
        r"exclud|without|avoid|allerg|omit",
        f"{parameter.name} {parameter.description}",
        re.IGNORECASE,
    ):
        value = re.sub(
            r"^(?:no|without|hold the|not|allergic to)\s+", "", value, flags=re.IGNORECASE
        )
    value = lists.known_in(value, lists.known_items(parameter.description))
    return re.sub(r"^(?:(?i:an?)\s+(?=\w)|the\s+(?=[a-zß-ÿ]))", "", value)


def _one(parameter: Parameter, kind: ParameterType, span: _Span) -> Any:
    value: Any
    if kind in {"integer", "number"}:
        value = _number(parameter, kind, span)
    elif kind == "boolean":
        value = _boolean(span.said)
    elif kind == "object":
        value = _object(span.said)
    else:
        value = _string(parameter, span.said, span.occasion)
    return value if value is not None and is_fit(parameter, value) else None


def _number(parameter: Parameter, kind: str, span: _Span) -> Any:
    said, language = span.said, span.language
    around = f"{parameter.name.replace('_', ' ')}: {parameter.description}"
    special = _named_number(around.lower(), said)
    if special is not None:
        return special if kind == "integer" else float(special)
    number = _parse_span(span)
    if number is None:
        return None
    value = number.value
    wanted = units.wanted(around)
    if kind == "integer" and (grouped := digits.grouped_by_points(said)) is not None:
        value = grouped
    elif number.percent:
        value = _percent(parameter, kind, around.lower(), value)
    elif wanted and (lasting := numbers.duration(said, language)):
        value = units.convert(*lasting, wanted)
    else:
        half = _HALF_MORE.match(number.rest)
        value += 0.5 if half and (wanted is None or half.group() == "and a half") else 0.0
        value = units.convert(value, units.said(number.rest), wanted)
    if not math.isfinite(value):
        return None
    if kind == "integer":
        return int(value) if float(value).is_integer() else None
    return float(value)


def _parse_span(span: _Span) -> numbers.Number | None:
    """The number in a span, with a sign before it and a unit or percent sign after it."""
    said, language = span.said, span.language
    before = span.text[max(0, span.start - 2) : span.start]
    if before[-1:] in {"-", "−"} and not before[:1].isalnum():  # "3-5" is no negative number
        said = "-" + said
    elif before[-1:] in {"$", "€", "£"}:
        said = before[-1] + said
    number = numbers.parse(said, language)
    if number is None:
        inner = re.search(r"[-−]?\d", said)
        number = numbers.parse(said[inner.start() :], language) if inner else None
    if number is None or number.rest:
        return number
    after = span.text[span.end : span.end + _LOOK_AHEAD]
    percent = numbers.PERCENT.match(after)
    return numbers.Number(number.value, number.percent or bool(percent), after.strip())


def _named_number(around: str, said: str) -> int | None:
    """Months and hours, where the parameter is one."""
    lowered = said.lower().strip()
    if re.search(r"\bmonths? (?:as a number|number)|\bmonth\b", around) and dates.month(lowered):
        return dates.month(lowered) if not re.search(r"\d", lowered) else None
    if re.search(r"\bhour\b", around) and re.search(r"\d ?[ap]\.?m\b", lowered):
        clock = times.time(lowered)
        return int(clock[:2]) if clock else None
    if re.search(r"\byear\b", around) and (match := re.search(r"\b((?:19|20)\d\d)\b", said)):
        return int(match.group(1))
    return None


def _percent(parameter: Parameter, kind: str, around: str, value: float) -> float:
    """5 % as 5 or as 0.05, by what the description asks for."""
    share = float(f"{value / 100:.12g}")
    if _FRACTION.search(around) or (parameter.maximum is not None and parameter.maximum <= 1):
        return share
    keeps = _PERCENT.search(around) or _ABOVE_ONE.search(around) or kind == "integer"
    return value if keeps else share


def _boolean(said: str) -> bool | None:
    words = set(re.findall(r"\w+", said.lower()))
    if words & _NO:
        return False
    return True if words & _YES else None


def _object(said: str) -> Any:
    """JSON as it was written, braces or not."""
    for candidate in (said, "{" + said + "}"):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            return value
    return None


def _string(parameter: Parameter, said: str, occasion: Occasion) -> str | None:
    if parameter.enum:
        chosen = choices.meant(parameter.enum, said.strip(" \"'.,;:!?"))
        return chosen if isinstance(chosen, str) else None
    text = texts.text(parameter, said, occasion)
    if text and parameter.pattern and not matches(parameter.pattern, text):
        return next((way for way in texts.respelt(text) if matches(parameter.pattern, way)), text)
    return text

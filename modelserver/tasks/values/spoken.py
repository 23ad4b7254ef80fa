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
from typing import TYPE_CHECKING, Any

from modelserver.tasks.values import codes, moments, numbers
from modelserver.tasks.values.patterns import matches

if TYPE_CHECKING:
    from modelserver.schema import Parameter, ParameterType

_QUOTES = "\"'“”‘’`«»"
_LOOK_AHEAD = 24
_FRACTION = re.compile(
    r"decimal|fraction|between 0(?:\.0)? and 1(?:\.0)?\b|proportion|(?<!\d)0?\.\d+|\b0 ?(?:-|–|to) ?1\b|ratio"
)
_ABOVE_ONE = re.compile(r"(?<![\d.])[1-9]\d*(?:\.\d+)?(?![\d.]*-)")
_PERCENT = re.compile(r"percent|per cent|\bpct\b|%|0 ?(?:-|–|to) ?100|between 0 and 100")
_EXAMPLES = re.compile(
    r"(?:e\.?g\.?,?|for example,?|for instance,?|such as|like|i\.e\.,?|example:|one of:?)\s*([^.;)]+)",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*(?:,\s*and\s+|,\s*or\s+|;|,|\s+and\s+|\s*&\s*|\s+or\s+|\bplus\b)\s*")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_YES = {"true", "yes", "y", "on", "1", "enabled", "enable", "include", "with"}
_NO = {"false", "no", "n", "off", "0", "disabled", "disable", "without"}


def read(parameter: Parameter, text: str, start: int, end: int) -> Any:
    """The value said in `text[start:end]`, or None when it is not one for this parameter.

    For a list it is one item, or a list of the items a span that covers several holds.
    """
    if parameter.type == "array":
        return _items_of(parameter, text, start, end)
    return _one(parameter, parameter.type, text, start, end)


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


def _items_of(parameter: Parameter, text: str, start: int, end: int) -> Any:
    said = text[start:end]
    if said.lstrip().startswith("[{"):
        return said
    kind = parameter.items or "string"
    if kind in {"integer", "number"}:
        pattern = r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?"
        spots = [(m.start(), m.end()) for m in re.finditer(pattern, said)]
        if len(spots) > 1 and not re.fullmatch(r"[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", said.strip()):
            parts = [_one(parameter, kind, said, s, e) for s, e in spots]
            return [part for part in parts if part is not None] or None
    elif _is_series(said):
        parts = [p for p in _SPLIT.split(said.strip("[](){} ")) if p.strip()]
        values = [_one(parameter, kind, part, 0, len(part)) for part in parts]
        return [value for value in values if value is not None] or None
    value = _one(parameter, kind, text, start, end)
    return _item(parameter, value) if isinstance(value, str) else value


def _item(parameter: Parameter, said: str) -> str:
    """An item without the words that only tie it to the sentence."""
    if re.search(
        r"exclud|without|avoid|allerg|omit",
        f"{parameter.name} {parameter.description}",
        re.IGNORECASE,
    ):
        said = re.sub(r"^(?:no|without|hold the|not|allergic to)\s+", "", said, flags=re.IGNORECASE)
    return re.sub(r"^(?:an?)\s+(?=\w)", "", said, flags=re.IGNORECASE)


def _is_series(said: str) -> bool:
    """Whether a span holds several items: commas say so, a lone "and" may be part of a name."""
    if said.count('"') == 2 and said.strip().startswith('"'):
        return False
    return bool(re.search(r"[,;]\s", said))


def _one(parameter: Parameter, kind: ParameterType, text: str, start: int, end: int) -> Any:
    value: Any
    if kind in {"integer", "number"}:
        value = _number(parameter, kind, text, start, end)
    elif kind == "boolean":
        value = _boolean(text[start:end])
    elif kind == "object":
        value = _object(text[start:end])
    else:
        value = _string(parameter, text[start:end])
    if value is None or not _fits(parameter, value):
        return None
    return value


def _fits(parameter: Parameter, value: Any) -> bool:
    if parameter.enum and value not in parameter.enum:
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    if isinstance(value, str) and parameter.pattern is not None:
        return matches(parameter.pattern, value)
    return True


def _number(parameter: Parameter, kind: str, text: str, start: int, end: int) -> Any:
    said = text[start:end]
    around = f"{parameter.name.replace('_', ' ')}: {parameter.description}"
    special = _named_number(around.lower(), said)
    if special is not None:
        return special if kind == "integer" else float(special)
    number = _parse_span(text, start, end)
    if number is None:
        return None
    value = number.value
    wanted = numbers.unit_wanted(around)
    if kind == "integer" and (grouped := numbers.grouped_by_points(said)) is not None:
        value = grouped
    elif number.percent:
        value = _percent(parameter, kind, around.lower(), value)
    elif wanted and (lasting := numbers.duration(said)):
        value = numbers.convert(*lasting, wanted)
    else:
        if number.rest.startswith("and a half"):
            value += 0.5
        if re.match(r"\w+ and a half\b", number.rest) and wanted is None:
            value += 0.5
        value = numbers.convert(value, numbers.unit_of(number.rest), wanted)
    if not math.isfinite(value):
        return None
    if kind == "integer":
        return int(value) if float(value).is_integer() else None
    return float(value)


def _parse_span(text: str, start: int, end: int) -> numbers.Number | None:
    """The number in a span, with a sign before it and a unit or percent sign after it."""
    said, before = text[start:end], text[max(0, start - 2) : start]
    if before[-1:] in {"-", "−"} and not before[:1].isalnum():  # "3-5" is no negative number
        said = "-" + said
    elif before[-1:] in {"$", "€", "£"}:
        said = before[-1] + said
    number = numbers.parse(said)
    if number is None:
        inner = re.search(r"[-−]?\d", said)
        number = numbers.parse(said[inner.start() :]) if inner else None
    if number is None or number.rest:
        return number
    after = text[end : end + _LOOK_AHEAD]
    percent = re.match(r"\s?(?:%|percent\b|per cent\b)", after)
    return numbers.Number(number.value, number.percent or bool(percent), after.strip())


def _named_number(around: str, said: str) -> int | None:
    """Months and hours, where the parameter is one."""
    lowered = said.lower().strip()
    if re.search(r"\bmonths? (?:as a number|number)|\bmonth\b", around) and moments.month(lowered):
        return moments.month(lowered) if not re.search(r"\d", lowered) else None
    if re.search(r"\bhour\b", around) and re.search(r"\d ?[ap]\.?m\b", lowered):
        clock = moments.clock(lowered)
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
        except ValueError:
            continue
        if isinstance(value, dict | list):
            return value
    return None


def _string(parameter: Parameter, said: str) -> str | None:
    text = _bare(said)
    if not text:
        return None
    if parameter.enum:
        return _in_enum(parameter, text)
    around = f"{parameter.name.replace('_', ' ')}: {parameter.description}"
    text = (
        _moment(parameter, around, text)
        or _code(around, text)
        or _place(around, text)
        or _like_example(parameter, text)
        or text
    )
    if parameter.pattern and not matches(parameter.pattern, text):
        for other in (
            text.upper(),
            text.lower(),
            re.sub(r"[\s_-]+", "-", text),
            text.lstrip("#@$"),
        ):
            if matches(parameter.pattern, other):
                return other
    return text


def _bare(said: str) -> str:
    """Without quotes and punctuation at the ends, unless brackets or dots belong to it."""
    text = said.strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    if text.startswith("#") and text[1:].isdigit():
        text = text[1:]
    return text.rstrip(",;:") or text


def _in_enum(parameter: Parameter, text: str) -> str | None:
    """A value of an enum too long to be offered as options."""
    plain = re.sub(r"[\s_-]+", " ", text).lower()
    for value in parameter.enum:
        if isinstance(value, str) and re.sub(r"[\s_-]+", " ", value).lower() == plain:
            return value
    return None


def _moment(parameter: Parameter, around: str, text: str) -> str | None:
    form = moments.date_form(around, parameter.format)
    if form:
        moment = moments.date(text, day_first=form.startswith("%d"))
        if moment:
            return moment.strftime(form)
    if re.search(r"yyyy-mm(?!-)", around.lower()) and (number := moments.month(text)):
        year = re.search(r"\b(?:19|20)\d\d\b", text)
        return f"{year.group()}-{number:02d}" if year else None
    if moments.wants_clock(around, parameter.format) and "yyyy" not in around.lower():
        return moments.clock(text)
    return None


def _code(around: str, text: str) -> str | None:
    """Codes of countries, languages, currencies and states, where one is asked for."""
    asked = around.lower()
    if re.search(r"ticker|stock symbol", asked):
        return codes.TICKERS.get(text.lower())
    if not re.search(
        r"\bcode\b|two[- ]letter|2[- ]letter|three[- ]letter|\biso\b|abbreviat|4217|639|3166", asked
    ):
        return None
    said = _ARTICLE.sub("", re.sub(r"[\d.,]+\s*", "", text.lower())).strip() or text.lower()
    for words, table in (
        (r"currenc|4217", codes.CURRENCIES), (r"language|locale|639", codes.LANGUAGES),
        (r"country|3166|nation", codes.COUNTRIES), (r"\bstate\b", codes.STATES),
    ):  # fmt: skip
        if re.search(words, asked):
            if said in table:
                return table[said]
            if said.upper() in table.values():
                return said.upper()
            if said in table.values():
                return said
    return None


def _place(around: str, text: str) -> str | None:
    """`Austin Texas` and `Austin` as `Austin, TX` where "city, state" is asked for."""
    asked = around.lower()
    if re.search(r"city,? (?:and |& )?state|city, st\b|[a-z ]+, (?:ca|ny|tx|ma|il|wa|fl)\b", asked):
        city, state = _split_state(text)
        known = codes.US_CITIES.get(city.lower())
        short = bool(re.search(r", [A-Z]{2}\b|abbrev|two[- ]letter", around))
        if state:
            return f"{city}, {state if short else _state_as_said(text, state)}"
        return f"{city}, {known}" if known and short else None
    if re.search(r"\bCity,? (?:and )?[Cc]ountry|city and country", around) and "," not in text:
        country = codes.CITIES.get(text.lower())
        if country is None and text.lower() in codes.US_CITIES:
            country = "USA"
        return f"{text}, {country}" if country else None
    return None


def _split_state(text: str) -> tuple[str, str | None]:
    """City and the code of its state, when the text names one."""
    match = re.fullmatch(r"(.+?)(?:,\s*|\s+)([A-Za-z. ]+)", text)
    if match:
        for cut in range(1, len(text)):
            city, rest = text[:cut], text[cut:]
            if not re.match(r"[,\s]", rest):
                continue
            said = rest.strip(", .").lower().replace(".", "")
            if said in codes.STATES and city.strip(", "):
                return city.strip(", "), codes.STATES[said]
            if said.upper() in codes.STATES.values() and ("," in rest or rest.strip().isupper()):
                return city.strip(", "), said.upper()
    return text, None


def _state_as_said(text: str, state: str) -> str:
    words = re.split(r",\s*", text)
    return words[-1] if len(words) > 1 else state


def _like_example(parameter: Parameter, text: str) -> str | None:
    """The spelling of an example in the description that is the same word."""
    for match in _EXAMPLES.finditer(parameter.description):
        for example in re.split(r",|\bor\b|\band\b|/", match.group(1)):
            plain = example.strip().strip(_QUOTES)
            same = re.sub(r"[\s_-]+", " ", plain).lower() == re.sub(r"[\s_-]+", " ", text).lower()
            if plain and same:
                return plain
            shape = re.fullmatch(r"[A-Z]{2,5}-?\d+", plain)
            if shape and re.fullmatch(r"[a-z]{2,5}-?\d+", text):
                return text.upper()
    return None

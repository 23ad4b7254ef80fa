"""Numbers as people write them: digits, words, magnitudes, percentages and units.

`parse` reads one number from the beginning of a text and says what follows it; `convert`
brings a quantity into the unit a description asks for. Only what is written is read:
no unit is assumed where none is said.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
    "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50,
}  # fmt: skip
_SCALES = {
    "hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000,
    "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
}  # fmt: skip
_SUFFIXES = {
    "k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "thousand": 1e3,
    "hundred": 1e2, "million": 1e6, "billion": 1e9, "trillion": 1e12, "grand": 1e3,
    "dozen": 12.0,
}  # fmt: skip
_WHOLE = {
    "a couple of": 2, "a couple": 2, "couple": 2, "a pair of": 2, "a pair": 2, "a dozen": 12,
    "half a dozen": 6, "dozen": 12, "once": 1, "twice": 2, "thrice": 3, "single": 1,
    "a single": 1, "both": 2, "none": 0, "nil": 0,
}  # fmt: skip
_FRACTIONS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3}

_LEAD = re.compile(
    r"^(?:about|around|roughly|approximately|nearly|exactly|only|just|at least|at most|up to"
    r"|under|over|below|above|within|the|for|of|to|is|next|last|past|every|each|no more than)\s+",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"^(?:us|au|ca|nz|hk)?\s*[$€£¥₹]\s*|^(?:usd|eur|gbp|chf|rs\.?)\s+", re.IGNORECASE
)
_DIGITS = re.compile(
    r"[-+−–]?\s?(?:\d{1,3}(?:[,' ]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.]\d+)?|\.\d+)(?:e[-+−]?\d+)?",
    re.IGNORECASE,
)
_GROUPED_BY_POINTS = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")
_PERCENT = re.compile(r"^\s*(?:%|percent\b|per cent\b|pct\b|percentage points?\b)", re.IGNORECASE)
_POWER = re.compile(
    r"^\s*(?:x|×|\*|times)\s*10\s*(?:\^|\*\*|to the)\s*\(?([-−]?\d+)\)?", re.IGNORECASE
)
_DECIMAL_COMMA = re.compile(r"[-−]?\d+,\d{1,2}(?![\d,])")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said, and the text after it."""

    value: float
    percent: bool = False
    rest: str = ""


def parse(text: str) -> Number | None:
    """The number a text begins with, after words like "about" and currency signs."""
    text = text.strip().lstrip("\"'(#~≈<>=")
    money = False
    while True:
        shorter = _MONEY.sub("", _LEAD.sub("", text))
        if shorter == text:
            break
        money = money or bool(_MONEY.match(text))
        text = shorter
    return _digits(text, money=money) or _words(text)


def _digits(text: str, *, money: bool) -> Number | None:
    comma = _DECIMAL_COMMA.match(text)
    if comma:
        return _finish(
            float(comma.group().replace("−", "-").replace(",", ".")), text[comma.end() :]
        )
    match = _DIGITS.match(text)
    if not match:
        return None
    written = re.sub(r"[,' ]", "", match.group()).replace("−", "-").replace("–", "-")
    value, rest = float(written), text[match.end() :]
    if re.match(r"^/\d+(?![\d/])", rest):
        below = re.match(r"^/(\d+)", rest)
        if below and float(below.group(1)):
            return _finish(value / float(below.group(1)), rest[below.end() :])
    more = re.match(r"^\s+(?:and\s+)?(?:(\d+)/(\d+)|a (half|quarter))\b", rest)
    if more:
        part = _FRACTIONS[more.group(3)] if more.group(3) else int(more[1]) / max(1, int(more[2]))
        value, rest = value + part, rest[more.end() :]
    power = _POWER.match(rest)
    if power:
        exponent = int(power.group(1).replace("−", "-"))
        value, rest = float(f"{value}e{exponent}"), rest[power.end() :]
    return _finish(value, rest, money=money)


def grouped_by_points(text: str) -> float | None:
    """`15.000` read as fifteen thousand, for places where only a whole number fits."""
    match = _GROUPED_BY_POINTS.search(text)
    return float(match.group().replace(".", "")) if match else None


def _finish(value: float, rest: str, *, money: bool = False) -> Number:
    """Magnitudes and percent signs that follow a number."""
    rest = re.sub(r"^(?:st|nd|rd|th)\b", "", rest)
    suffix = re.match(
        r"^(\s*)(k|mn|mio|bn|m|b|hundred|thousand|million|billion|trillion|grand|dozen)\b",
        rest,
        re.IGNORECASE,
    )
    # "$5m" are millions, "5 m" and "5m" are metres; "k" stands for thousands glued only.
    short = suffix and suffix.group(2).lower() in {"k", "m", "b"}
    if suffix and not (short and (suffix.group(1) or (suffix.group(2) in "mb" and not money))):
        value = _scaled(value, _SUFFIXES[suffix.group(2).lower()])
        rest = rest[suffix.end() :]
    percent = _PERCENT.match(rest)
    if percent:
        return Number(value, percent=True, rest=rest[percent.end() :].strip())
    points = re.match(r"^\s*(?:basis points|bps?)\b", rest, re.IGNORECASE)
    if points:
        return Number(value / 100, percent=True, rest=rest[points.end() :].strip())
    return Number(value, rest=rest.strip())


def _words(text: str) -> Number | None:
    lowered = text.lower()
    for words in sorted(_WHOLE, key=len, reverse=True):
        if re.match(re.escape(words) + r"\b", lowered):
            return Number(float(_WHOLE[words]), rest=text[len(words) :].strip())
    negative = re.match(r"(?:minus|negative)\s+", lowered)
    if negative:
        inner = parse(text[negative.end() :])
        return Number(-inner.value, inner.percent, inner.rest) if inner else None
    part = re.match(r"(?:a |one )?(half|quarter)(?: of)?(?: an?| the)?\b(?! past| to)", lowered)
    if part:
        return _finish(_FRACTIONS[part.group(1)], text[part.end() :])
    amount, used = _spelled(lowered)
    if not used:
        return _article(text)
    half = re.match(r"\s+and (?:a |one )?(half|quarter)\b", lowered[used:])
    if half:
        amount, used = amount + _FRACTIONS[half.group(1)], used + half.end()
    return _finish(amount, text[used:])


def _article(text: str) -> Number | None:
    """`a hundred` and `an hour`: one of what follows."""
    article = re.match(r"an?\s+(?=\w)", text, re.IGNORECASE)
    if not article:
        return None
    rest = text[article.end() :]
    if re.match(r"(?:hundred|thousand|million|billion)\b", rest.lower()):
        amount, used = _spelled("one " + rest.lower())
        return _finish(amount, rest[used - len("one ") :])
    return Number(1.0, rest=rest.strip())


def duration(text: str) -> tuple[float, tuple[str, float]] | None:
    """`1h35`, `2 hours and 30 minutes`, `an hour and a half`, in seconds."""
    compact = re.fullmatch(r"(\d+) ?h ?(\d{1,2})(?: ?m(?:in)?)?", text.strip().lower())
    if compact:
        return int(compact[1]) * 3600.0 + int(compact[2]) * 60.0, _MEASURES["s"]
    total, parts = 0.0, 0
    rest: str | None = text
    while rest:
        number = parse(re.sub(r"^(?:,\s*)?(?:and\s+)?", "", rest))
        unit = unit_of(number.rest) if number else None
        if number is None or unit is None or unit[0] not in {"time", "months"}:
            break
        factor = unit[1] if unit[0] == "time" else unit[1] * 1e9
        total, parts = total + number.value * factor, parts + 1
        word = re.match(r"-?\s*\w+", number.rest)
        rest = number.rest[word.end() :].strip() if word else ""
        half = re.match(r"and a half\b", rest)
        if half:
            total, parts, rest = total + factor / 2, parts + 1, rest[half.end() :].strip()
    if parts < 2:
        return None
    months = total >= 1e9
    return (total / 1e9, _MEASURES["months"]) if months else (total, _MEASURES["s"])


def _spelled(text: str) -> tuple[float, int]:
    """The number words a text begins with, and how many characters they take."""
    total, current, used, seen = 0.0, 0.0, 0, False
    last = 0.0
    point: str | None = None
    for match in re.finditer(r"[a-z]+", text):
        word, gap = match.group(), text[used : match.start()]
        if gap.strip(" -") not in {"", "and"}:
            break
        if word == "and" and seen:
            continue
        if word == "point" and seen:
            point = ""
        elif point is not None and word in _UNITS and _UNITS[word] < 10:
            point += str(_UNITS[word])
        elif word in _UNITS or word in _ORDINALS:
            number = _UNITS.get(word, _ORDINALS.get(word, 0))
            if word == "second" and not seen:
                return 2.0, match.end()
            # "one seventy-four" is 174, "nineteen ninety" is 1990.
            joined = seen and last and current % 100 != 0 and number >= 10
            current = current * 100 + number if joined else current + number
            last = number
        elif word in _SCALES and seen:
            scale = _SCALES[word]
            if scale == 100:
                current = max(current, 1) * scale
            else:
                total, current = total + max(current, 1) * scale, 0.0
            last = 0.0
        else:
            break
        seen, used = True, match.end()
        if word in _ORDINALS:
            break
    if not seen:
        return 0.0, 0
    value = total + current
    return (float(f"{int(value)}.{point}") if point else value), used


def _scaled(value: float, factor: float) -> float:
    """A product without the dust of binary fractions."""
    return float(f"{value * factor:.12g}")


# Dimension, factor to the dimension's base. Names are matched as whole words.
_MEASURES: dict[str, tuple[str, float]] = {}
for _dimension, _factor, _names in (
    ("length", 1e-3, "mm millimetre millimetres millimeter millimeters"),
    ("length", 1e-2, "cm centimetre centimetres centimeter centimeters"),
    ("length", 1.0, "m metre metres meter meters"),
    ("length", 1e3, "km kilometre kilometres kilometer kilometers kms"),
    ("length", 0.0254, "inch inches"),
    ("length", 0.3048, "ft foot feet"),
    ("length", 1609.344, "mi mile miles"),
    ("length", 1e-9, "nm nanometre nanometres nanometer nanometers"),
    ("length", 1e-6, "µm um micrometre micrometres micrometer micrometers micron microns"),
    ("mass", 1e-6, "mg milligram milligrams"),
    ("mass", 1e-3, "g gram grams"),
    ("mass", 1.0, "kg kilo kilos kilogram kilograms kgs"),
    ("mass", 1e3, "tonne tonnes"),
    ("mass", 0.45359237, "lb lbs pound pounds"),
    ("mass", 0.028349523125, "oz ounce ounces"),
    ("volume", 1e-3, "ml millilitre millilitres milliliter milliliters"),
    ("volume", 1.0, "l litre litres liter liters"),
    ("time", 1e-3, "ms millisecond milliseconds"),
    ("time", 1.0, "s sec secs second seconds"),
    ("time", 60.0, "min mins minute minutes"),
    ("time", 3600.0, "h hr hrs hour hours"),
    ("time", 86400.0, "day days"),
    ("time", 604800.0, "week weeks"),
    ("months", 1.0, "month months"),
    ("months", 12.0, "year years yr yrs"),
    ("frequency", 1.0, "hz hertz"),
    ("frequency", 1e3, "khz kilohertz"),
    ("frequency", 1e6, "mhz megahertz"),
    ("frequency", 1e9, "ghz gigahertz"),
    ("power", 1.0, "w watt watts"),
    ("power", 1e3, "kw kilowatt kilowatts"),
    ("concentration", 1.0, "mol/l molar"),
    ("concentration", 1e-3, "millimolar"),
    ("charge", 1.0, "coulomb coulombs"),
    ("charge", 1e-6, "µc microcoulomb microcoulombs"),
    ("charge", 1e-9, "nc nanocoulomb nanocoulombs"),
    ("speed", 1.0, "m/s"),
    ("speed", 1 / 3.6, "km/h kph kmh"),
    ("speed", 0.44704, "mph"),
    ("storage", 1.0, "mb megabyte megabytes"),
    ("storage", 1e3, "gb gigabyte gigabytes"),
    ("storage", 1e6, "tb terabyte terabytes"),
):
    for _name in _names.split():
        _MEASURES[_name] = (_dimension, _factor)
# Letters that are units after a number only: as words of a description they mean others.
_AFTER_NUMBERS_ONLY = {"m", "s", "h", "g", "l", "w", "min", "second"}
_CASED = {"mM": ("concentration", 1e-3), "mol/L": ("concentration", 1.0)}


def unit_of(rest: str) -> tuple[str, float] | None:
    """The unit right after a number."""
    for name, unit in _CASED.items():
        if re.match(re.escape(name) + r"(?!\w)", rest):
            return unit
    rest = rest.lstrip("- ")
    match = re.match(r"(?:full |whole )?([a-zµ]+/[a-z]+|[a-zµ]+)", rest.lower())
    if not match:
        return None
    per = re.match(
        r"(met(?:re|er)s?|kilomet(?:re|er)s?|miles?) (?:per|an) (second|hour)", rest.lower()
    )
    if per:
        word = {"m": "m/s", "k": "km/h"}.get(per[1][0], "mph") if per[1][0] != "m" else (
            "mph" if per[1].startswith("mile") else "m/s"
        )  # fmt: skip
        return _MEASURES[word]
    return _MEASURES.get(match.group(1))


def unit_wanted(description: str) -> tuple[str, float] | None:
    """The one unit a name or description asks for; None when it names none or several."""
    for name, unit in _CASED.items():
        if name in description:
            return unit
    text = description.lower().replace("_", " ")
    if re.search(
        r"[a-z]{2,}s per (?:second|hour|minute|kwh|unit|km|kilo|litre|liter|gallon)", text
    ):
        return None
    text = re.sub(r"\bper \w+", "", text)
    found = {
        _MEASURES[word]
        for word in re.findall(r"[a-zµ]+/[a-z]+|[a-zµ]+", text)
        if word in _MEASURES and word not in _AFTER_NUMBERS_ONLY
    }
    short = re.search(r"\bin (m|s|h|g|l|w|min)\b(?!/)|\b(?:duration|time|length) (min)\b", text)
    if short:
        found.add(_MEASURES[short.group(1) or short.group(2)])
    return found.pop() if len(found) == 1 else None


def convert(
    value: float, said: tuple[str, float] | None, wanted: tuple[str, float] | None
) -> float:
    """The value in the wanted unit; as it is when either is unknown or they do not match."""
    if said is None or wanted is None or said[0] != wanted[0] or said == wanted:
        return value
    return float(f"{value * said[1] / wanted[1]:.10g}")

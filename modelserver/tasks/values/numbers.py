"""Numbers as people say them: digits or words, magnitudes, percentages, durations.

`parse` reads one number from the beginning of a text and says what follows it. Only what is
written is read: no unit is assumed where none is said.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelserver.tasks.values import digits, spelled, units

_MAGNITUDES: Final = {
    1e2: "hundred",
    1e3: "k|thousand|grand|tausend|mille|mil|mila|duizend",
    1e6: "m|mn|mio|million|millions|millionen|millón|millones|milione|milioni|milhão|milhões"
    "|miljoen",
    1e9: "b|bn|billion|mrd|milliarde|milliarden|milliard|milliards|miliardo|miliardi|miljard",
    1e12: "trillion",
    12.0: "dozen",
}
_FACTORS: Final = {
    word: factor for factor, words in _MAGNITUDES.items() for word in words.split("|")
}
_SUFFIX: Final = re.compile(
    rf"^(\s*)({'|'.join(sorted(_FACTORS, key=len, reverse=True))})\b(?:\s+(?:de|di|d')\b)?",
    re.IGNORECASE,
)
_WHOLE: Final = {
    "a couple of": 2, "a couple": 2, "couple": 2, "a pair of": 2, "a pair": 2, "a dozen": 12,
    "half a dozen": 6, "dozen": 12, "once": 1, "twice": 2, "thrice": 3, "single": 1,
    "a single": 1, "both": 2, "none": 0, "nil": 0,
}  # fmt: skip
_FRACTIONS: Final = {"half": 0.5, "quarter": 0.25}

_LEAD: Final = re.compile(
    r"^(?:about|around|roughly|approximately|nearly|exactly|only|just|at least|at most|up to"
    r"|under|over|below|above|within|the|for|of|to|is|next|last|past|every|each|no more than"
    r"|etwa|ungefähr|circa|ca\.|rund|nur|genau|mindestens|höchstens|maximal|für|um|die|den|der"
    r"|environ|au moins|au plus|seulement|pour|les|de|unos|unas|al menos|como máximo|para|los|las"
    r"|circa|almeno|al massimo|solo|per|i|gli|le|cerca de|uns|umas|pelo menos|só|os|as"
    r"|ongeveer|minstens|hoogstens|slechts|voor|het)\s+",
    re.IGNORECASE,
)
_MONEY: Final = re.compile(
    r"^(?:us|au|ca|nz|hk|r)?\s*[$€£¥₹]\s*|^(?:usd|eur|gbp|chf|rs\.?)\s+", re.IGNORECASE
)
PERCENT: Final = re.compile(
    r"^\s*(?:%|percent\b|per cent\b|pct\b|percentage points?\b|prozent\b|pour ?cent\b"
    r"|por ciento\b|per ?cento\b|por cento\b|procent\b)",
    re.IGNORECASE,
)
_TIMES_TEN: Final = re.compile(
    r"^\s*(?:x|×|\*|times)\s*10\s*(?:\^|\*\*|to the)\s*\(?([-−]?\d+)\)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said, and the text after it."""

    value: float
    percent: bool = False
    rest: str = ""


def parse(text: str, language: str | None = None, *, negated: bool = False) -> Number | None:
    """The number a text begins with, after words like "about" and currency signs.

    `negated`: after a minus in words, of which there is only one.
    """
    text = text.strip().lstrip("\"'(#~≈<>=")
    money = False
    while True:
        shorter = _MONEY.sub("", _LEAD.sub("", text))
        if shorter == text:
            break
        money = money or bool(_MONEY.match(text))
        text = shorter
    if found := _digits(text, language, money=money):
        return found
    if language in {None, "en"} and (found := _words(text, negated=negated)):
        return found
    written = spelled.in_digits(text, language)
    return _digits(written, language, money=money) if written else _words(text, negated=negated)


def _digits(text: str, language: str | None, *, money: bool) -> Number | None:
    read = digits.read(text, language)
    if read is None:
        return None
    value, rest = read[0], text[read[1] :]
    below = re.match(r"^/(\d+)(?![\d/])", rest)
    if below and float(below.group(1)):
        return _finish(value / float(below.group(1)), rest[below.end() :])
    more = re.match(r"^\s+(?:and\s+)?(?:(\d+)/(\d+)|a (half|quarter))\b", rest)
    if more:
        part = _FRACTIONS[more[3]] if more[3] else float(more[1]) / max(1.0, float(more[2]))
        value, rest = value + part, rest[more.end() :]
    if power := _TIMES_TEN.match(rest):
        exponent = int(power.group(1).replace("−", "-"))
        value, rest = float(f"{value}e{exponent}"), rest[power.end() :]
    return _finish(value, rest, money=money)


def _finish(value: float, rest: str, *, money: bool = False) -> Number:
    """Magnitudes and percent signs that follow a number."""
    rest = re.sub(r"^(?:st|nd|rd|th)\b", "", rest)
    suffix = _SUFFIX.match(rest)
    # "$5m" are millions, "5 m" and "5m" are metres; "k" stands for thousands glued only.
    short = suffix and suffix.group(2).lower() in {"k", "m", "b"}
    if suffix and not (short and (suffix.group(1) or (suffix.group(2) in "mb" and not money))):
        value = _scaled(value, _FACTORS[suffix.group(2).lower()])
        rest = rest[suffix.end() :]
    if percent := PERCENT.match(rest):
        return Number(value, percent=True, rest=rest[percent.end() :].strip())
    if points := re.match(r"^\s*(?:basis points|bps?)\b", rest, re.IGNORECASE):
        return Number(value / 100, percent=True, rest=rest[points.end() :].strip())
    return Number(value, rest=rest.strip())


def _words(text: str, *, negated: bool) -> Number | None:
    lowered = text.lower()
    for words in sorted(_WHOLE, key=len, reverse=True):
        if re.match(re.escape(words) + r"\b", lowered):
            return Number(float(_WHOLE[words]), rest=text[len(words) :].strip())
    if negative := re.match(r"(?:minus|negative)\s+", lowered):
        inner = None if negated else parse(text[negative.end() :], negated=True)
        return Number(-inner.value, inner.percent, inner.rest) if inner else None
    part = re.match(r"(?:a |one )?(half|quarter)(?: of)?(?: an?| the)?\b(?! past| to)", lowered)
    if part:
        return _finish(_FRACTIONS[part.group(1)], text[part.end() :])
    amount, used = spelled.english(lowered)
    if not used:
        return _article(text)
    if half := re.match(r"\s+and (?:a |one )?(half|quarter)\b", lowered[used:]):
        amount, used = amount + _FRACTIONS[half.group(1)], used + half.end()
    return _finish(amount, text[used:])


def _article(text: str) -> Number | None:
    """`a hundred` and `an hour`: one of what follows."""
    article = re.match(r"an?\s+(?=\w)", text, re.IGNORECASE)
    if not article:
        return None
    rest = text[article.end() :]
    if re.match(r"(?:hundred|thousand|million|billion)\b", rest.lower()):
        amount, used = spelled.english("one " + rest.lower())
        return _finish(amount, rest[used - len("one ") :])
    return Number(1.0, rest=rest.strip())


def duration(text: str, language: str | None = None) -> tuple[float, units.Unit] | None:
    """`1h35`, `2 hours and 30 minutes`, `an hour and a half`, with the unit it is in."""
    compact = re.fullmatch(r"(\d+) ?h ?(\d{1,2})(?: ?m(?:in)?)?", text.strip().lower())
    if compact:
        return float(compact[1]) * 3600.0 + float(compact[2]) * 60.0, units.SECONDS
    total = {"time": 0.0, "months": 0.0}
    parts = 0
    rest: str | None = text
    while rest:
        number = parse(re.sub(r"^(?:,\s*)?(?:(?:and|und|et|y|e|en)\s+)?", "", rest), language)
        unit = units.said(number.rest) if number else None
        if number is None or unit is None or unit[0] not in total:
            break
        total[unit[0]] += number.value * unit[1]
        parts += 1
        word = re.match(r"-?\s*\w+", number.rest)
        rest = number.rest[word.end() :].strip() if word else ""
        if half := re.match(r"(?:and a half|et demie?|y media|e mezzo|e mezza|e meia)\b", rest):
            total[unit[0]] += unit[1] / 2
            parts, rest = parts + 1, rest[half.end() :].strip()
    if parts < 2:
        return None
    if total["months"]:
        return total["months"], units.MONTHS
    return total["time"], units.SECONDS


def _scaled(value: float, factor: float) -> float:
    """A product without the dust of binary fractions."""
    return float(f"{value * factor:.12g}")

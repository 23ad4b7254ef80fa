"""Numbers in digits, with the commas and points of those who write them.

By form, where the form says it: `1.250,50` and `1,250.50` are the same sum, `12,5` has a
decimal comma, `1.250.000` and `1 250 000` are groups. What could be either (`1.250`, `1,250`) is
read as in English, unless the text is in a language that writes it the other way round.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import Final

_SIGN: Final = r"[-+−–]?\s?"
_SPACE: Final = "' ’\u00a0\u202f"
_POWER: Final = r"(?:e[-+−]?\d+)?"
_EUROPEAN: Final = re.compile(
    rf"{_SIGN}(?:\d{{1,3}}(?:[.{_SPACE}]\d{{3}})+,\d+|\d{{1,3}}(?:\.\d{{3}}){{2,}})(?![\d,.]\d|\d)"
)
_EUROPEAN_ONLY: Final = re.compile(
    rf"{_SIGN}(?:\d{{1,3}}(?:\.\d{{3}})+(?:,\d+)?|\d+,\d+)(?![\d,.]\d|\d)"
)
_DECIMAL_COMMA: Final = re.compile(rf"{_SIGN}\d+,\d{{1,2}}(?![\d,])")
_ENGLISH: Final = re.compile(
    rf"{_SIGN}(?:\d{{1,3}}(?:[,{_SPACE}]\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+){_POWER}",
    re.IGNORECASE,
)
_BY_POINTS: Final = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")
_BETWEEN: Final = re.compile(rf"[{_SPACE}]")


def read(text: str, language: str | None = None) -> tuple[float, int] | None:
    """The number a text begins with, and how many characters it takes."""
    forms = [_EUROPEAN, _DECIMAL_COMMA]
    if language not in {None, "en"}:
        forms.insert(0, _EUROPEAN_ONLY)
    for form in forms:
        if match := form.match(text):
            return _value(match.group().replace(".", "").replace(",", ".")), match.end()
    if match := _ENGLISH.match(text):
        return _value(match.group().replace(",", "")), match.end()
    return None


def grouped_by_points(text: str) -> float | None:
    """`15.000` as fifteen thousand, for places where only a whole number fits."""
    match = _BY_POINTS.search(text)
    return float(match.group().replace(".", "")) if match else None


def _value(written: str) -> float:
    return float(_BETWEEN.sub("", written).replace("−", "-").replace("–", "-"))

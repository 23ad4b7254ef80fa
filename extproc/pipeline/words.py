"""A value and the words for it: how it is said, and whether a text says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


STEM: Final = 4
"""So many letters of a word are left in its other forms: "econ" of "economy" and "economical"."""


_LEAST_MISSPELT: Final = 6


def is_slip_of(word: str, said: str) -> bool:
    """Whether a word is another with one letter left out, put in or exchanged, or two swapped."""
    short, long = sorted((word, said), key=len)
    if len(short) < _LEAST_MISSPELT or len(long) - len(short) > 1 or short == long:
        return False
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long


def says(text: str, words: str) -> bool:
    """Whether these words stand in a text whole, in large letters or small."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def overlaps(places: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of these places has a character of that from `start` to `end`."""
    return any(begin < end and start < stop for begin, stop in places)


def items(value: Any) -> Iterator[Any]:
    """The items of a list, or the one value."""
    yield from value if isinstance(value, list) else [value]


def as_said(value: Any) -> str:
    """A value as it is said: in small letters, a name's underscores as spaces."""
    return str(value).strip().casefold().replace("_", " ")

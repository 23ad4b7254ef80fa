"""The items of a list in a span that holds several of them."""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import Final

_AND: Final = r"and|or|plus|und|oder|sowie|et|ou|puis|y|e|o|u|en|of"
# Neither begins within white space, so that a run of it is looked at once.
_SPLIT: Final = re.compile(
    rf"(?:[,;\n|]\s*+(?:(?:{_AND}|as well as)\s+)?|/(?=\s)|\s/|&|\+(?=\s)|\bas well as\b)\s*+",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(rf"(?<!\s)\s++(?:{_AND})\s+", re.IGNORECASE)
_ENGLISH: Final = re.compile(r"(?<!\s)\s++(?:and|or|plus|und|oder|sowie|et|ou)\s+", re.IGNORECASE)
_CODE: Final = re.compile(r"[^\s,;/]*\d[^\s,;/]*")
_NUMBER: Final = re.compile(
    r"[-−]?(?:\d{1,3}(?:[.,]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:e[-+]?\d+)?(?:\s?%)?"
)
_GROUPED: Final = re.compile(r"[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")


def parts(said: str) -> list[str]:
    """The items, by commas, semicolons, slashes, lines and words such as "and".

    A lone "and" may be part of a name (`Simon and Garfunkel`): it parts codes, and what is
    parted by other signs already.
    """
    bare = said.strip("[](){} \n")
    if bare.count('"') == 2 and bare.startswith('"') and bare.endswith('"'):
        return [bare]
    pieces = [piece.strip() for piece in _SPLIT.split(bare)]
    pieces = [piece for piece in pieces if piece]
    words = _WORDS if len(pieces) > 1 and all(map(_CODE.search, pieces)) else _ENGLISH
    found: list[str] = []
    for piece in pieces:
        split = [part.strip() for part in words.split(piece) if part.strip()]
        parted = len(pieces) > 1 or all(_CODE.fullmatch(part) for part in split)
        found += split if parted else [piece]
    return found


def numbers(said: str) -> list[tuple[int, int]]:
    """Where the numbers of a span stand; one that is grouped by commas is one."""
    if _GROUPED.fullmatch(said.strip()):
        return [(0, len(said))]
    return [match.span() for match in _NUMBER.finditer(said)]

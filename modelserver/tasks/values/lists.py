"""The items of a list in a span that holds several of them."""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import names

if TYPE_CHECKING:
    from collections.abc import Sequence

_AND: Final = r"and|or|plus|und|oder|sowie|et|ou|puis|y|e|o|u|en|of"
# Neither begins within white space, so that a run of it is looked at once.
_SPLIT: Final = re.compile(
    rf"(?:[,;\n|]\s*+(?:(?:{_AND}|as well as)\s+)?|/(?=\s)|\s/|&|\+(?=\s)|\bas well as\b)\s*+",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(rf"(?<!\s)\s++(?:{_AND})\s+", re.IGNORECASE)
_ENGLISH: Final = re.compile(r"(?<!\s)\s++(?:and|or|plus|und|oder|sowie|et|ou)\s+", re.IGNORECASE)
_CODE: Final = re.compile(r"[^\s,;/]*\d[^\s,;/]*")
_CLOSE: Final = re.compile(r",|\s/|/\s|&|\+\s|\bas well as\b", re.IGNORECASE)
_BULLET_SIGN: Final = re.compile(r"[ \t]*[-*•–—]\s+")
_NUMBERED: Final = re.compile(r"[ \t]*\(?\d{1,2}[.)]\s+(?=\S)")
_NUMBERED_LINES: Final = re.compile(r"^[ \t]*\(?\d{1,2}[.)]\s+\S", re.MULTILINE)
_BULLET: Final = re.compile(r"^[-*•–—]\s+")
_LEFT_OUT: Final = re.compile(
    r"\s+(?:(?:but|and|aber|mais|pero|ma|mas|maar) (?:not|nicht|pas|no|non|não|niet)|except(?: for)?"
    r"|außer|sauf|excepto|tranne|exceto|behalve)\s.*$", re.IGNORECASE,
)  # fmt: skip
# Letters and digits: a code, and no number, day or word.
_MIXED: Final = re.compile(r"(?=[\w.-]*\d)[^\W\d_][\w.-]*")
_PERSON: Final = re.compile(
    r"(?!(?:The|A|An|Der|Die|Das|Le|La|Les|El|Il)\s)[^\W\d_a-zß-ÿ][\w'-]+"
    r"(?:\s(?:van|von|de|der|den|di|da|del|la|le|dos))*\s[^\W\d_a-zß-ÿ][\w'-]+"
)
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
# Things are written small, and titles, which may have an "and" of their own, with a capital.
_THING: Final = re.compile(r"[a-zß-öø-ÿ'-]+(?: [a-zß-öø-ÿ'-]+){0,2}")
_WORD: Final = re.compile(r"[\w.-]*\w")
_NEXT: Final = re.compile(
    rf"(?:\s*[,;/&+]\s*(?:(?:{_AND})\s+)?|\s+(?:{_AND})\s+)(?P<item>[\w.-]*\w)", re.IGNORECASE
)
_BEFORE: Final = re.compile(
    rf"(?<![\w.-])(?P<item>[\w.-]*\w)(?:\s*[,;/&+]\s*(?:(?:{_AND})\s+)?|\s+(?:{_AND})\s+)$",
    re.IGNORECASE,
)
_LOOK: Final = 40
_MOST_ITEMS: Final = 100
_FILE: Final = re.compile(r"[\w-]+\.(?=[\w]*[a-z])[a-z0-9]{2,4}", re.IGNORECASE)
_NUMBER: Final = re.compile(
    r"[-−]?(?:\d{1,3}(?:[.,]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:e[-+]?\d+)?(?:\s?%)?"
)
_GROUPED: Final = re.compile(r"[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")


def parts(said: str) -> list[str]:
    """The items, by commas, semicolons, slashes, lines and words such as "and".

    A lone "and" may be part of a name (`Simon and Garfunkel`), and so may one between lines or
    semicolons (`War and Peace; Emma`): it parts codes, names of two words each, things in small
    letters alone, and what is parted by commas already. What a list leaves out ("but not C3") is none of it.
    """
    bare = said.strip("[](){} \n")
    if bare.count('"') == 2 and bare.startswith('"') and bare.endswith('"'):
        return [bare]
    pieces = [_LEFT_OUT.sub("", _BULLET.sub("", piece)).strip() for piece in _SPLIT.split(bare)]
    pieces = [piece for piece in pieces if piece]
    coded = len(pieces) > 1 and all(map(_CODE.search, pieces))
    parted = len(pieces) > 1 and (coded or bool(_CLOSE.search(bare)))
    found: list[str] = []
    for piece in pieces:
        words = _WORDS if coded or all(map(_CODE.fullmatch, _WORDS.split(piece))) else _ENGLISH
        split = [each for part in words.split(piece) for each in _by_slashes(part.strip()) if each]
        alone = len(pieces) == 1 and all(map(_THING.fullmatch, split))
        found += split if parted or alone or _are_items(split) else [piece]
    return found


def _by_slashes(piece: str) -> list[str]:
    """`DP1/DP2` and `Monday/Friday` as two, but not a path or a date."""
    first, *others = piece.split("/")
    return [first, *others] if all(_are_alike(first, each) for each in others) else [piece]


def _are_items(split: Sequence[str]) -> bool:
    """Whether all look like items of a list: codes, files, days, or people with two names."""
    kinds = (_CODE.fullmatch, _FILE.fullmatch, _ADDRESS.fullmatch, _is_day, _PERSON.fullmatch)
    return any(all(map(is_one, split)) for is_one in kinds)


def _is_day(word: str) -> bool:
    return names.folded(word) in names.by_name("weekdays")


def shape(word: str) -> str:
    """What a code looks like: its letters and digits by kind, `A1-9` as `a0-0`."""
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", word))


def bullet(text: str, start: int) -> int:
    """How many characters the bullet or the number takes that a line begins with at a place."""
    before = text[:start].rpartition("\n")[2]
    if before.strip():
        return 0
    sign = _BULLET_SIGN.match(text, start)
    numbered = _NUMBERED.match(text, start)
    if numbered and len(_NUMBERED_LINES.findall(text[: 1 << 12])) < 2:
        numbered = None
    found = sign or numbered
    return len(found.group()) if found else 0


def reach(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of a list, with the items beside it that look the same: codes, days, files.

    A model that sees "Monday, Wednesday" of "Monday, Wednesday and Friday" has seen the list.
    """
    for _ in range(_MOST_ITEMS):
        more = _NEXT.match(text, end)
        last = _WORD.findall(text[max(start, end - _LOOK) : end])
        if not more or not last or not _are_alike(last[-1], more["item"]):
            break
        end = more.end("item")
    for _ in range(_MOST_ITEMS):
        more = _BEFORE.search(text[max(0, start - _LOOK) : start])
        first = _WORD.search(text, start, end)
        if not more or not first or not _are_alike(first.group(), more["item"]):
            break
        start -= len(more.group())
    return start, end


def _are_alike(item: str, other: str) -> bool:
    if _MIXED.fullmatch(item) and shape(item) == shape(other):
        return True
    files = _FILE.fullmatch(item), _FILE.fullmatch(other)
    return all(files) or (_is_day(item) and _is_day(other))


def numbers(said: str) -> list[tuple[int, int]]:
    """Where the numbers of a span stand; one that is grouped by commas is one."""
    if _GROUPED.fullmatch(said.strip()):
        return [(0, len(said))]
    return [match.span() for match in _NUMBER.finditer(said)]

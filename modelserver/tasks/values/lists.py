"""The items of a list in a span that holds several of them."""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_AND: Final = r"and|or|plus|und|oder|sowie|et|ou|puis|y|e|o|u|en|of"
# Neither begins within white space, so that a run of it is looked at once.
_SPLIT: Final = re.compile(
    rf"(?:[,;\n|]\s*+(?:(?:{_AND}|as well as)\s+)?|/(?=\s)|\s/|&|\+(?=\s)|\bas well as\b)\s*+",
    re.IGNORECASE,
)
# Codes are joined by a hasty "n", too.
_WORDS: Final = re.compile(rf"(?<!\s)\s++(?:{_AND}|n)\s+", re.IGNORECASE)
_ENGLISH: Final = re.compile(r"(?<!\s)\s++(?:and|n|or|plus|und|oder|sowie|et|ou)\s+", re.IGNORECASE)
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
_JOINT: Final = rf"(?:\s*[,;&+]\s*(?:(?:{_AND})\s+)?|\s+(?:{_AND})\s+)"
_NEXT_PERSON: Final = re.compile(rf"{_JOINT}{_PERSON.pattern}(?![\w'-])")
_LAST_PERSON: Final = re.compile(rf"{_PERSON.pattern}$")
# "SoftPlus", "WhiteMax": names that somebody thought of.
_COINED: Final = re.compile(r"[^\W\d_]*[a-zß-ÿ][A-ZÀ-Þ]\w*")
_ARTICLE: Final = "(?:the|an?|my|our|die|der|das|le|la|les|el|los|las|il|o|os|as|de|het)"
# Numbers of things: longer than what is counted, and all of one length.
_NUMBERS: Final = re.compile(r"\d{4,12}")
_END: Final = re.compile(
    r"\s*(?:$|[.,;:!?)]|(?:on|off|in|at|to|into|from|for|of|by|with|until|till|because|due|please|now|today"
    r"|tomorrow|tonight|out|as|over|back|instead|too|again|bitte|für|am|um|bis|wegen|aus|an|pour|por|para|per|voor|op)\b)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
# Things are written small, and titles, which may have an "and" of their own, with a capital.
_THING: Final = re.compile(r"[a-zß-öø-ÿ'-]+(?: [a-zß-öø-ÿ'-]+){0,2}")
_WORD: Final = re.compile(r"[\w.-]*\w")
_BETWEEN: Final = rf"\s*[,;/&+]\s*(?:(?:{_AND})\s+)?|\s+(?:{_AND})\s+"
_NEXT: Final = re.compile(rf"(?:{_BETWEEN}|\s+)(?P<item>[\w.-]*\w)", re.IGNORECASE)
# "Salt + pepper": what these signs join is a list, whatever it looks like.
_NEXT_WORD: Final = re.compile(r"\s?[+&]\s?(?P<item>[^\W\d_][\w'-]*)")
_BEFORE: Final = re.compile(rf"(?<![\w.-])(?P<item>[\w.-]*\w)(?:{_BETWEEN}|\s+)$", re.IGNORECASE)
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
        split = [
            each for part in words.split(piece)
            for side in _by_slashes(part.strip()) for each in _by_spaces(side) if each
        ]  # fmt: skip
        alone = len(pieces) == 1 and all(map(_THING.fullmatch, split))
        found += split if parted or alone or _are_items(split) else [piece]
    return found


def _by_slashes(piece: str) -> list[str]:
    """`DP1/DP2` and `Monday/Friday` as two, but not a path or a date."""
    first, *others = piece.split("/")
    return [first, *others] if all(_are_alike(first, each) for each in others) else [piece]


def _by_spaces(piece: str) -> list[str]:
    """`DP1 DP2 DP3` as three codes of one look."""
    words = piece.split()
    alike = len(words) > 1 and all(
        _MIXED.fullmatch(each) and shape(each) == shape(words[0]) for each in words
    )
    return words if alike else [piece]


def _are_items(split: Sequence[str]) -> bool:
    """Whether all look like items of a list: codes, files, days, coined names, or people with two names."""
    kinds = (
        _CODE.fullmatch, _FILE.fullmatch, _ADDRESS.fullmatch, _is_day, _COINED.fullmatch, _PERSON.fullmatch,
    )  # fmt: skip
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


def reach(text: str, start: int, end: int, known: Collection[str] = ()) -> tuple[int, int]:
    """The span of a list, with the items beside it that look the same: codes, days, files, people.

    A model that sees "Monday, Wednesday" of "Monday, Wednesday and Friday" has seen the list. What
    is `known` to be an item is one beside any other: "fan + desk lamp".
    """
    for _ in range(_MOST_ITEMS):
        wider = _one_more(text, start, end, known)
        if wider == (start, end):
            break
        start, end = wider
    return start, end


def _one_more(text: str, start: int, end: int, known: Collection[str]) -> tuple[int, int]:
    """The span with the item before or after it, where there is one."""
    last = _WORD.findall(text[max(start, end - _LOOK) : end])
    more = _NEXT.match(text, end)
    if more and last and _are_alike(last[-1], more["item"]):
        return start, more.end("item")
    more = _BEFORE.search(text[max(0, start - _LOOK) : start])
    first = _WORD.search(text, start, end)
    if more and first and _are_alike(first.group(), more["item"]):
        return start - len(more.group()), end
    word = _NEXT_WORD.match(text, end)
    if word and not known and ends(text, word.end()):
        return start, word.end()
    person = _NEXT_PERSON.match(text, end)
    if (
        person
        and _LAST_PERSON.search(text, max(start, end - _LOOK), end)
        and ends(text, person.end())
    ):
        return start, person.end()
    if known:
        words = _any_of(known)
        joint = rf"(?:{_BETWEEN})(?:{_ARTICLE}\s+)?"
        if after := re.compile(rf"{joint}(?:{words})(?!\w)", re.IGNORECASE).match(text, end):
            return start, after.end()
        before = text[max(0, start - _LOOK) : start]
        if more := re.search(rf"(?<![\w-])(?:{words}){joint}$", before, re.IGNORECASE):
            return start - len(more.group()), end
    return start, end


def ends(text: str, place: int) -> bool:
    """Whether a list may end here: nothing follows that its last item does or is."""
    return bool(_END.match(text, place))


def known_at(text: str, start: int, end: int, known: Collection[str]) -> tuple[int, int] | None:
    """Where a known item stands whole that a span is, or is part of."""
    for match in _whole(known).finditer(text, max(0, start - _LOOK), end + _LOOK):
        if match.start() <= start and end <= match.end():
            return match.span()
    return None


def known_spots(text: str, known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where a text names known items whole."""
    if known:
        yield from (match.span() for match in _whole(known).finditer(text))


def _whole(known: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{_any_of(known)})(?![\w-])", re.IGNORECASE)


def _any_of(known: Collection[str]) -> str:
    """The longest first: of "desk lamp" a pattern would find "desk" alone."""
    return "|".join(map(re.escape, sorted(known, key=len, reverse=True)))


def is_plain_row(items: Sequence[object], known: Collection[str]) -> bool:
    """Whether several items can be nothing else than a list: codes or files alike, or known ones."""
    said = [each for each in items if isinstance(each, str)]
    if len(said) != len(items) or len(said) < 2:
        return False
    return all(each.casefold() in known for each in said) or all(
        _are_alike(said[0], each) for each in said[1:]
    )


def known_in(item: str, known: Collection[str]) -> str:
    """The one known item in what was read for one, with hardly a word beside it: "iron - oh"."""
    if item.casefold() in known:
        return item
    found = [
        each
        for each in known
        if re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", item, re.IGNORECASE)
    ]
    if len(found) != 1:
        return item
    rest = re.sub(re.escape(found[0]), " ", item, flags=re.IGNORECASE)
    return found[0] if len(re.findall(r"\w+", rest)) < 2 else item


def known_items(description: str) -> frozenset[str]:
    """The items that a description counts up: "the devices: lamp, tv, fan"."""
    _, colon, counted = description.partition(":")
    found = [part.strip(" .") for part in counted.split(",")] if colon else []
    return (
        frozenset(part for part in found if _THING.fullmatch(part))
        if len(found) > 1
        else frozenset()
    )


def _are_alike(item: str, other: str) -> bool:
    if _MIXED.fullmatch(item) and shape(item) == shape(other):
        return True
    if _NUMBERS.fullmatch(item) and _NUMBERS.fullmatch(other) and len(item) == len(other):
        return True
    files = _FILE.fullmatch(item), _FILE.fullmatch(other)
    return all(files) or (_is_day(item) and _is_day(other))


def numbers(said: str) -> list[tuple[int, int]]:
    """Where the numbers of a span stand; one that is grouped by commas is one."""
    if _GROUPED.fullmatch(said.strip()):
        return [(0, len(said))]
    return [match.span() for match in _NUMBER.finditer(said)]

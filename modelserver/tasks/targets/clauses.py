"""The clauses of a message that could each be a wish, by its words alone, in seven languages.

What is parted here and was one wish costs a reading in vain. So lists, numbers in words, pairs
("between 5 and 7") and what stands in quotes are left whole, and anything else is parted.
"""

# ruff: noqa: RUF001 - people type these quotes
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import languages, lists, particles, spelled
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.tasks.types import Evidence

# Nobody words plain wishes at such length, or with so much between them.
LONGEST = 1000
MOST_JOINERS = 16

# Those that are other words in other languages.
_AMBIGUOUS: Final = frozenset({"y", "e", "en", "plus", "mais", "ma", "mas"})
_BUTS: Final = every(particles.BUT)
# As people type it: "T1 to 5 n T2 to 7".
_TYPED: Final = "n"
_JOINING: Final = f"{every(particles.AND)}|{_BUTS}|{_TYPED}(?=\\s)"
# Words that a further wish may begin with part two clauses behind a comma.
_FURTHER: Final = every(particles.FURTHER)
_JOINER: Final = re.compile(
    rf"(?P<stop>(?:(?<=\S\S\S)\.|(?<=[^\W\d_]\d)\.|[!?])(?=\s))|;(?=\s)|\n|,\s?(?:{_FURTHER})(?!\w)"
    rf"|(?<!\w)(?P<word>{_JOINING})(?!\w)",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(rf"(?:[\s,;.!?]|(?:{_FURTHER}|{_JOINING})(?=\s))*", re.IGNORECASE)
_PAIR: Final = re.compile(
    r"(?<!\w)(?:between|both|zwischen|sowohl|entre|tra|fra|tussen)(?!\w)", re.IGNORECASE
)
_QUOTED: Final = re.compile(
    r"\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”|„[^“”\n]{0,300}[“”]|«[^»\n]{0,300}»"
    r"|(?<!\w)['‘][^'’\n]{0,300}['’](?!\w)"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_WITH_DIGIT: Final = re.compile(r"(?<!\S)\S*?\d\S*")
COURTESY: Final = frozenset(
    _WORD.findall(
        "hi hello hey there please thanks thank you very much many so a lot in advance ok okay"
        " hallo bitte danke vielen dank schön bonjour merci beaucoup s il te vous plaît"
        " hola por favor gracias muchas ciao per favore grazie mille olá obrigado obrigada"
        " alstublieft alsjeblieft bedankt je wel u"
    )
)
_NEGATED: Final = re.compile(
    rf"(?<!\w)(?:{every(particles.NOT)}|{every(particles.NEVER)}|{every(particles.LEFT)}"
    r"|don\W?t|kein\w*|ne|n\W\w+)(?!\w)",
    re.IGNORECASE,
)
_DENIED_FIRST: Final = re.compile(
    rf"(?:please |bitte )?(?:do(?:n\W?t| not)|{every(particles.NOT)}|{every(particles.NEVER)})\b[^,]*(?P<comma>,\s+)(?=[^\W\d_])",
    re.IGNORECASE,
)
# "Leave A1 alone, ship B2": so does what is to be left as it is.
_LEFT: Final = re.compile(
    rf"(?<!\w)(?:{every(particles.LEFT)})\s[^,;.!?\n]{{0,60}}?\s(?:alone|untouched|as (?:is|it is|they are)|out of (?:it|this)"
    r"|in ruhe|wie (?:es|er|sie) (?:ist|sind)|tranquil\w*|en paix|(?:tal )?como est[áa]n?|en paz|stare|in pace|com'è|come (?:è|sono)"
    r"|em paz|met rust|zoals (?:het|die|ze) (?:is|zijn))"
    rf"(?=\s*(?:[,;.!?\n]|$)|\s(?:{every(particles.AND)})\s)",
    re.IGNORECASE,
)
# How a part between commas begins: with a code, or with what kind of thing a number is.
_HEAD: Final = re.compile(r"\s*(?:(?P<kind>[^\W\d_]+)\s+)?(?P<value>[\w-]*\d[\w-]*)")
_COMMA: Final = re.compile(r",\s+")
# What is told of two things is no wish for either: "oven 1 was at 220, oven 2 at 180".
_TELLS: Final = re.compile(
    r"(?<!\w)(?:is|are|was|were|has|have|had|did|shows?|showed|reads?|ran|ist|sind|war|waren|hat|hatte|est|sont|était|avait|a été"
    r"|es|está|era|estaba|tiene|tenía|è|sono|ha|aveva|é|estava|tem|tinha|was|waren|heeft|had)(?!\w)",
    re.IGNORECASE,
)
_NEAR: Final = 40
_WIDEST: Final = 90


@dataclass(frozen=True, slots=True)
class Clause:
    """Words of a message, and where in it they begin."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def holds(self, evidence: Evidence) -> bool:
        """Whether evidence of the same message lies in it."""
        return self.start <= evidence.start and evidence.end <= self.end

    @property
    def is_denied(self) -> bool:
        """Whether it may say what is not to be done."""
        return bool(_NEGATED.search(self.text))

    @property
    def is_left(self) -> bool:
        """Whether it says that something is to be left as it is."""
        return leaves(self.text)


def split(text: str) -> list[Clause]:
    """The clauses that could be a wish each; politeness is none."""
    if len(text) > LONGEST or len(joiners := list(_JOINER.finditer(text))) > MOST_JOINERS:
        return []
    language = languages.guessed(text)
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found: list[Clause] = []
    start = paired = 0
    for joiner in joiners:
        if any(begin < joiner.start() < end for begin, end in quoted):
            continue
        if word := joiner["word"]:
            if not _joins(word.lower(), language) or _counts(text, *joiner.span()):
                continue
            if word.lower() in _BUTS.split("|") and not _denies(text, joiner.end()):
                continue
            if _PAIR.search(text, max(start, paired), joiner.start()):
                paired = joiner.end()
                continue
        found += _clauses(text, start, joiner.end() if joiner["stop"] else joiner.start())
        start = joiner.end()
    return found + _clauses(text, start, len(text))


def words(text: str) -> frozenset[str]:
    """The words of a text, in small letters."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def leaves(text: str) -> bool:
    """Whether a text says of something that it is to be left as it is."""
    return bool(_LEFT.search(text))


def left_around(text: str, place: int) -> int | None:
    """Where what is said to be left as it is begins, if that holds this place."""
    around = _LEFT.finditer(text, max(0, place - _WIDEST), place + _WIDEST)
    return next((match.start() for match in around if match.start() < place < match.end()), None)


def codes(text: str) -> list[int]:
    """Where the words with digits begin: numbers, codes, days."""
    return [match.start() for match in _WITH_DIGIT.finditer(text)]


def missing_opening(opening: str, said: str) -> str:
    """The opening up to the word that a clause begins with: "Book member", "member 13"."""
    first = _WORD.match(said)
    again = [m for m in _WORD.finditer(opening) if first and m[0].lower() == first[0].lower()]
    return opening[: again[-1].start()] if again else opening


def _joins(word: str, language: str | None) -> bool:
    """Whether a word joins clauses in a text of this language."""
    if word == _TYPED:
        return language in {None, "en"}
    if language is None or word not in _AMBIGUOUS:
        return True
    return word in (*particles.AND[language].split("|"), particles.BUT[language])


def _denies(text: str, start: int) -> bool:
    """Whether what begins here says soon that something is not to be done."""
    return bool(_NEGATED.search(text, start, start + _NEAR))


def _counts(text: str, start: int, end: int) -> bool:
    """Whether the joiner stands in a list ("A1, B2 and C3") or a number ("two hundred and five")."""
    before, after = text[max(0, start - 80) : start].split(), text[end : end + 80].split()
    if not before or not after:
        return False
    if len(before) > 1 and before[-2].endswith(","):
        return all(map(_WITH_DIGIT.match, (*before[-2:], after[0])))
    first = after[0].strip(".,;!?")
    return first.isalpha() and any(
        spelled.whole(" ".join((*before[-count:], text[start:end], first))) is not None
        for count in (1, 2)
    )


def _clauses(text: str, start: int, end: int) -> list[Clause]:
    """What stands between two joiners, without words that say nothing by themselves."""
    leading = _LEADING.match(text, start, end)
    first = leading.end() if leading else start
    said = text[first:end].rstrip(" \t\r\n,;")
    if words(said) <= COURTESY and not codes(said):
        return []
    # "Don't ship A1, ship B2": what is not to be done ends with the comma.
    if denied := _DENIED_FIRST.match(said):
        comma = first + denied.start("comma")
        return [Clause(first, text[first:comma]), *_clauses(text, comma, end)]
    if (kept := _LEFT.match(said)) and (comma_behind := _COMMA.match(said, kept.end())):
        stop = first + comma_behind.start()
        return [Clause(first, text[first:stop]), *_clauses(text, stop, end)]
    return _alike(first, said)


def _alike(start: int, said: str) -> list[Clause]:
    """The parts between commas, where each says as many values as the first and begins like it.

    "Oven 1 220 degrees 15 min, oven 2 180 degrees 40 min", but not "rooms 12, 14 and 15".
    """
    ends = [found.span() for found in _COMMA.finditer(said)]
    starts = [0, *(end for _, end in ends)]
    parts = [said[a:b] for a, b in zip(starts, [*(a for a, _ in ends), len(said)], strict=True)]
    counts = {len(codes(part)) for part in parts}
    if len(parts) < 2 or len(counts) > 1 or counts <= {0, 1}:
        return [Clause(start, said)]
    heads = [_HEAD.match(part) for part in parts[1:]]
    first = _HEAD.search(parts[0])
    told = _TELLS.search(said)
    if told or first is None or not all(head and _is_like(first, head) for head in heads):
        return [Clause(start, said)]
    return [Clause(start + at, part) for at, part in zip(starts, parts, strict=True)]


def _is_like(first: re.Match[str], other: re.Match[str]) -> bool:
    """Whether a part begins with the kind of thing that the first one names, or with such a code."""
    if other["kind"] is None:
        coded = not other["value"].isdecimal()
        return coded and lists.shape(first["value"]) == lists.shape(other["value"])
    return first["kind"] is not None and first["kind"].casefold() == other["kind"].casefold()

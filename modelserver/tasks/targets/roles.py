"""Which of two like values gives way and which comes in, by what a message says they do.

"Tina takes over from Bernd", "swap A4 for B2", "Oskar is out, Lene in", "I have size 40 and want 42":
beside `from` and `to`, verbs tell a source from a target. They stand right before a value, with no
more between than an article or what kind of thing it is, or right behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from modelserver.tasks.targets import absent

if TYPE_CHECKING:
    from modelserver.tasks.types import Evidence

Side = Literal["source", "target"]

_LITTLE: Final = r"(?:(?:the|an?|my|our|his|her|their|a new|an old|size|number|dr\.?|mr\.?|mrs\.?|ms\.?|[^\W\d_]{4,12}) )?[\"'#]?$"
_NOW: Final = r"(?:still |now |currently |already )?"
# "In place of" says who gives way where something changes; a way that is not taken is no source.
_INSTEAD_OF: Final = re.compile(
    rf"(?<!\w)(?:instead of|in place of|rather than) {_LITTLE}", re.IGNORECASE
)
_SOURCE_BEFORE: Final = re.compile(
    r"(?<!\w)(?:(?:tak(?:es?|ing|en)|took) over from|replac(?:es?|ed|ing)|swap(?:s|ping)?|exchang(?:es?|ing)|trad(?:es?|ing)(?: in)?"
    r"|(?:stand(?:s|ing)?|step(?:s|ping)?|fill(?:s|ing)?|sit(?:s|ting)?) in for|(?:cover(?:s|ing)?|substitut(?:es?|ing)) for"
    rf"|(?:s?he|it|they)(?:['\u2019]?s|['\u2019]re| is| are| has been| have been| was| were| stands?| sits?)"
    rf"(?: (?:sitting|standing|lying|kept|stored|parked|hanging|waiting))? {_NOW}(?:in|on|at)"
    rf"|(?:escap(?:ed|es?|ing)|leav(?:es|ing)|moved? out of|moving out of|used to be (?:in|on|at|with))"
    rf"|(?:tak(?:es?|ing)|get|pull) [^.,;:!?]{{1,24}} off) {_LITTLE}",
    re.IGNORECASE,
)
_SOURCE_AFTER: Final = re.compile(
    r"(?:['\u2019]?s| is| are| was)? (?:out|off|gone)(?! of\b)(?=\s*(?:[,;.!?:]|$|and\b|but\b|so\b|today\b|now\b))"
    r"|(?: is)? (?:step|stand)(?:s|ping|ing)? aside(?!\w)"
    r"| (?:won['\u2019]?t|will not|can['\u2019]?t|cannot|does(?:n['\u2019]?t| not)|is(?:n['\u2019]?t| not))(?: [^\W\d_]+){1,4} any ?(?:more|longer)(?!\w)"
    r"| (?:will |can )?no longer(?!\w)| (?:is|are|was) (?:far |much |a bit )?too (?!late|early|soon)[^\W\d_]+(?! to\b)"
    r"|(?:['\u2019]s| has| had)? had (?:it|him|her|them|this|that) (?:so far|until|till|up to)(?: now)?(?!\w)"
    r"| (?:until now|till now|so far|up to now|at the moment|at present)(?!\w)",
    re.IGNORECASE,
)
# "Put her in 310", "hang it on rail 12", "she'll be with Una".
_TARGET_BEFORE: Final = re.compile(
    rf"(?<!\w)(?:(?:put|hang|place|lay|stand) (?:it|him|her|them|this|that) (?:up )?(?:in|on|at|under|beside)"
    rf"|(?:s?he|it|they)(?:['\u2019]ll| will| should| shall| is to| are to) (?:now )?(?:be|stay|stand|sit|work|live) (?:with|in|on|at)) {_LITTLE}",
    re.IGNORECASE,
)
# "Let Una sing", but not "let Una go".
_LET: Final = re.compile(rf"(?<!\w)let {_LITTLE}", re.IGNORECASE)
_LET_DO: Final = re.compile(
    r" (?!(?:go|know|off|out|down|see|be|leave|rest|in)\b)[a-z]{2,}", re.IGNORECASE
)
_HELP: Final = (
    r"(?:has|have|agreed|to|will|can|should|shall|could|is|the|one|that|who|which|going|now)"
)
_TARGET_AFTER: Final = re.compile(
    rf"(?:['\u2019]ll|,)?(?: {_HELP}){{0,5}} (?:tak(?:es?|ing) over|(?:step|stand|fill)s? in|(?<!, )replaces?)(?!\w)"
    r"|,? (?:from now on|from here on|henceforth)(?!\w)| (?:is|are) to (?:get|have|receive|take|play)(?!\w)"
    r"|(?:['\u2019]?s| is| goes| comes)? in(?=\s*(?:[,;.!?]|$|for\b|instead\b))|,? instead(?=\s*(?:[,;.!?]|$))",
    re.IGNORECASE,
)
# What one has and another wants: enough where both are said.
_HAS_BEFORE: Final = re.compile(
    rf"(?<!\w)(?:(?:i|we|he|she|they|who) {_NOW}(?:have|has|had|got|own|owns|bought|received)"
    rf"|(?:i|we|they)['\u2019]ve (?:got )?) ?{_LITTLE}",
    re.IGNORECASE,
)
_WANTS_BEFORE: Final = re.compile(
    rf"(?<!\w)(?:wants?|needs?|prefers?|rather have|rather take|(?:['\u2019]?d|would) like|would prefer) {_LITTLE}",
    re.IGNORECASE,
)
_OF_THEM: Final = (
    r"(?: of (?:it|them|those|these))?(?=\s*(?:[,;.!?:]|$|and\b|but\b|so\b|to spare\b))"
)
_HAS_AFTER: Final = re.compile(
    rf" (?:has|have|['\u2019]ve got) (?:plenty|too many|too much|enough|lots|more than enough){_OF_THEM}| can spare(?!\w)",
    re.IGNORECASE,
)
_WANTS_AFTER: Final = re.compile(
    rf"(?:,)?(?: {_HELP}){{0,5}} (?:needs?|gets?|receives?|wants?|lacks?) (?:it|them|some|more|those|these|any)(?!\w)",
    re.IGNORECASE,
)
# "Staging should get a copy of production's data": so it may be, and is to be asked back.
_MAY_BE_SOURCE: Final = re.compile(
    r"['\u2019]s (?!(?:in|on|at|out|off|full|the|an?|been|ill|sick|now|not|too|going|to)(?!\w))[^\W\d_]{3,}",
    re.IGNORECASE,
)
_MAY_BE_TARGET: Final = re.compile(
    rf"(?: {_HELP}){{0,5}} (?:needs?|gets?|receives?|wants?|lacks?)(?!\w)", re.IGNORECASE
)
_BEFORE: Final = 60
_BEHIND: Final = 60
_Levels = tuple[Side | None, Side | None, Side | None]


@dataclass(frozen=True, slots=True)
class Role:
    """The side of the first of two values, and whether it is plainly said."""

    side: Side
    sure: bool


def of_first(first: Evidence, second: Evidence, text: str, *, changes: bool) -> Role | None:
    """The side of the first of two values by what is said of either; None where that says nothing."""
    one, other = _said(first, text, changes=changes), _said(second, text, changes=changes)
    for level, (mine, its) in enumerate(zip(one, other, strict=True)):
        if mine == its:
            if mine:
                return None
            continue
        side = mine or ("target" if its == "source" else "source")
        return Role(side, level == 0 or (level == 1 and mine is not None and its is not None))
    return None


def of_one(value: Evidence, text: str, *, changes: bool) -> Side | None:
    """The side that what is said of a value alone plainly says."""
    return _said(value, text, changes=changes)[0]


def _said(value: Evidence, text: str, *, changes: bool) -> _Levels:
    """The sides that the words around a value say: what it does, what one has or wants, what may be.

    `changes`: one is given up for the other, as old and new are.
    """
    before = text[max(0, value.start - _BEFORE) : value.start]
    after = text[value.end : value.end + _BEHIND]
    gives_way = (
        _SOURCE_BEFORE.search(before)
        or _SOURCE_AFTER.match(after)
        or absent.follows(value.text, text, value.end)
        or (changes and _INSTEAD_OF.search(before))
    )
    comes_in = (
        _TARGET_BEFORE.search(before)
        or _TARGET_AFTER.match(after)
        or (_LET.search(before) and _LET_DO.match(after))
    )
    return (
        _side(gives_way, comes_in),
        _side(
            _HAS_BEFORE.search(before) or _HAS_AFTER.match(after),
            _WANTS_BEFORE.search(before) or _WANTS_AFTER.match(after),
        ),
        _side(_MAY_BE_SOURCE.match(after), _MAY_BE_TARGET.match(after)),
    )


def _side(is_source: object, is_target: object) -> Side | None:
    if bool(is_source) == bool(is_target):
        return None
    return "source" if is_source else "target"

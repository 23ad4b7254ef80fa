"""Spans stretched to whole words: tokens end inside words, values do not.

The tokenizer cuts `AUTH-12` and `Europe/Berlin` into pieces, and a span may begin or end
between them. What is written without a space, be it a code, a path, an address or a number,
is one word here. Scripts that need no spaces keep the model's own bounds.
"""

from __future__ import annotations

import re

# Letters of scripts with spaces between words, and digits.
_LETTER = r"A-Za-z0-9_\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_INSIDE = re.compile(rf"[{_LETTER}]")
# Signs that join two letters to one word: AUTH-12, a.b@c.org, 10.4.0.1, 98,6, docs/plan.md.
_JOINTS = frozenset("-./:@#&+\\")
_NUMBER_JOINTS = frozenset(".,")


def whole(text: str, start: int, end: int, *, numeric: bool = False) -> tuple[int, int]:
    """The span, stretched to where its first and its last word begin and end.

    A number takes in only digits and what stands between them.
    """
    one_word = _same_number if numeric else _same_word
    while start > 0 and one_word(text, start - 1, start):
        start -= 1
    while end < len(text) and one_word(text, end - 1, end):
        end += 1
    return start, end


def _same_word(text: str, left: int, right: int) -> bool:
    """Whether two neighbouring characters belong to one word."""
    one, other = text[left], text[right]
    if _INSIDE.match(one) and _INSIDE.match(other):
        return True
    if one in _JOINTS and _INSIDE.match(other):
        return left > 0 and bool(_INSIDE.match(text[left - 1]))
    if _INSIDE.match(one) and other in _JOINTS:
        return right + 1 < len(text) and bool(_INSIDE.match(text[right + 1]))
    return False


def _same_number(text: str, left: int, right: int) -> bool:
    one, other = text[left], text[right]
    if one.isdigit() and other.isdigit():
        return True
    if one in _NUMBER_JOINTS and other.isdigit():
        return left > 0 and text[left - 1].isdigit()
    if one.isdigit() and other in _NUMBER_JOINTS:
        return right + 1 < len(text) and text[right + 1].isdigit()
    return False

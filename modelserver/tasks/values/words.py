"""Spans stretched to whole words: tokens end inside words, values do not.

The tokenizer cuts `AUTH-12` and `Europe/Berlin` into pieces, and a span may begin or end
between them. What is written without a space, be it a code, a path, an address or a number,
is one word here. Scripts that need no spaces keep the model's own bounds.
"""

from __future__ import annotations

import re

from modelserver.checked import LONGEST

# Letters of scripts with spaces between words, and digits.
_LETTER = re.compile(r"[A-Za-z0-9_\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]")
# Signs that join two letters to one word: AUTH-12, a.b@c.org, 10.4.0.1, docs/plan.md.
_JOINTS = frozenset("-./:@#&+\\")
_NUMBER_JOINTS = frozenset(".,")


def whole(text: str, start: int, end: int, *, numeric: bool = False) -> tuple[int, int]:
    """The span, stretched to where its first and its last word begin and end.

    A number takes in only digits and what stands between them. A word that is no value for its
    length is followed only so far.
    """
    first, last = max(0, start - LONGEST), min(len(text), end + LONGEST)
    while start > first and _joined(text, start - 1, numeric=numeric):
        start -= 1
    while end < last and _joined(text, end - 1, numeric=numeric):
        end += 1
    return start, end


def _joined(text: str, left: int, *, numeric: bool) -> bool:
    """Whether the character at `left` and the one after it belong to one word."""
    joints = _NUMBER_JOINTS if numeric else _JOINTS

    def inside(place: int) -> bool:
        if not 0 <= place < len(text):
            return False
        return text[place].isdigit() if numeric else bool(_LETTER.match(text[place]))

    right = left + 1
    if inside(left):
        return inside(right) or (text[right] in joints and inside(right + 1))
    return text[left] in joints and inside(right) and inside(left - 1)

"""Views: what a text says once its disguises are taken off.

A classifier reads tokens; "i g n o r e" or base64 gives it others than a person, or the
model behind the gateway, reads. So a text is shown to the classifier in several views, and
the worst counts:

* `text`: the text itself, without characters that nobody sees, compatibility forms folded
  (NFKC). Always there, always whole, always first.
* `hidden`: what is written in characters that nobody sees (Unicode tags, variation
  selectors).
* one per decoder that found something (`decoders`), and one per decoder that
  found something in there, to depth `DEPTH`. Such a view is an excerpt: the places that
  changed, with their surroundings, so that a long text with one odd word costs little.

Ordinary text has one view. The number of views and their total length are bounded; what
does not fit is left out from the end, never from the text itself. A text that is too long
once folded, or that takes the decoders too long, is refused: an attack may stand in what was
not read. An ordinary text of 128 KiB takes a seventh of `SECONDS`.
"""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from modelserver.errors import RequestTooLarge
from modelserver.tasks.guard.decoders import DECODERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelserver.tasks.guard.edits import Edit
    from modelserver.tasks.guard.lexicon import Lexicon

DEPTH = 3
MOST_DERIVED = 8
MOST_CHARACTERS = 65536
CONTEXT = 240
LONGEST = 262144  # folding can make one character eighteen
SECONDS = 2.0

# Default_Ignorable_Code_Point of Unicode, the bidirectional controls, and C0/C1 controls
# but for tab and line ends.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# More than two marks on one letter: text made to look broken.
_STACKED_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3,}"
)
# More marks than any script sets on a letter. Normalizing sorts a run of marks by insertion,
# so that 128 KiB of them would take it 17 s.
_ENDLESS_MARKS = regex.compile(r"\p{M}{9,}")
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")


@dataclass(frozen=True, slots=True)
class View:
    """`name` is the way that led here, as `text` or `base64+rotated`."""

    name: str
    text: str


def views(text: str, lexicon: Lexicon) -> Iterator[View]:
    """The text as seen, first, and what its disguises hide.

    They are looked for when they are asked for: of a text that is too long nobody asks.
    """
    found = [View("text", seen(text))]
    if len(found[0].text) > LONGEST:
        raise RequestTooLarge(f"The text is too long for the guard: over {LONGEST} characters.")
    yield found[0]
    yield from _derived(text, found, lexicon)


def _derived(text: str, found: list[View], lexicon: Lexicon) -> Iterator[View]:
    ends = time.thread_time() + SECONDS
    secret = hidden(text)
    if secret:
        found.append(View("hidden", secret[:MOST_CHARACTERS]))
        yield found[-1]
    known = {view.text for view in found}
    room = MOST_CHARACTERS - sum(len(view.text) for view in found[1:])
    # Breadth first: the list grows while it is read, and ends at its bounds.
    for view in found:
        if view.name.count("+") >= DEPTH - 1:
            continue
        for name, decode in DECODERS:
            if len(found) > MOST_DERIVED or not room:
                return
            if time.thread_time() > ends:
                raise RequestTooLarge("The text takes the guard too long to decode.")
            derived = _excerpt(view.text, decode(view.text, lexicon))[:room]
            if derived in known or not derived.strip():
                continue
            known.add(derived)
            room -= len(derived)
            found.append(View(_extended(view.name, name), derived))
            yield found[-1]


def seen(text: str) -> str:
    """The text without what nobody sees, compatibility characters folded."""
    if text.isascii() and text.isprintable():
        return text
    shown = _ENDLESS_MARKS.sub("", _STACKED_MARKS.sub("", _UNSEEN.sub("", text)))
    return unicodedata.normalize("NFKC", shown)


def hidden(text: str) -> str:
    """What is spelled in tag characters or, a byte each, in variation selectors."""
    if text.isascii():
        return ""
    parts = ["".join(chr(ord(c) - 0xE0000) for c in run) for run in _TAGS.findall(text)]
    for run in _SELECTORS.findall(text):
        codes = (ord(c) - 0xFE00 if c <= "\ufe0f" else ord(c) - 0xE0100 + 16 for c in run)
        plain = bytes(codes).decode("utf-8", errors="ignore")
        parts.append("".join(filter(str.isprintable, plain)))
    return "\n".join(filter(str.strip, parts))


def _extended(way: str, step: str) -> str:
    return step if way == "text" else f"{way}+{step}"


def _excerpt(text: str, edits: list[Edit]) -> str:
    """The edited places with `CONTEXT` characters on either side; empty without edits."""
    parts: list[str] = []
    done = 0
    for edit in edits:
        if edit.start < done:
            continue
        gap = text[done : edit.start]
        if parts and len(gap) > 2 * CONTEXT:
            gap = f"{gap[:CONTEXT]}\n{gap[-CONTEXT:]}"
        parts += [gap if parts else gap[-CONTEXT:], edit.text]
        done = edit.end
    return "".join([*parts, text[done : done + CONTEXT]]) if parts else ""

"""Whether what is told word by word in English is plainly something to be done.

Told so, a statement may read like a wish: "nginx on web-3 runs again". A wish has a form in every
language: a verb that begins a clause ("cancel the booking"), "I would like", "can you". What has
none may be a wish all the same; then it is a guess, to be asked back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from modelserver.tasks import types
from modelserver.tasks.values import verbs

if TYPE_CHECKING:
    from modelserver.tasks.types import Message

_VERB: Final = rf"(?P<verb>{'|'.join(verbs.OF_WISHES)})(?!\w)"
_OPENS: Final = r"(?:^|[.,;:!¡\n]|(?<!\w)(?:and|please|then|now|also)(?!\w))\W*"
_FORM: Final = re.compile(
    rf"{_OPENS}(?:(?:do )?{_VERB}|(?:i |we )?(?:would like|want|need)(?!\w)"
    r"|(?:can|could|would|will)(?! (?:i|we|one)(?!\w))(?!\w))",
    re.IGNORECASE,
)
# "Einen Tisch für sechs, bitte": nobody says please of what is so.
_ASKS_FOR: Final = re.compile(r"(?:^|[.?!\n])(?P<said>[^.?!\n]*\S)\W+please\W*$", re.IGNORECASE)
# "Licht 2 bitte auf 40, jetzt": so it is within a sentence, with words that are no "gladly".
_COURTEOUS: Final = re.compile(
    r"(?<!\w)(?:bitte|s['\u2019]il (?:te|vous) pla[iî]t|svp|stp|por ?fa(?:vor)?|per ?(?:favore|piacere|cortesia)|pfv?"
    r"|alsjeblieft|alstublieft|aub|pls|please)(?!\w)(?P<rest>[^.?!\n]*+[?]?)",
    re.IGNORECASE,
)
# "The guests of B4 must to B9"; what somebody has to do is not for us to do.
_MUST: Final = re.compile(
    r"(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bhe )(?<!\bshe )(?<!\bthey )(?<!\bone )(?<!\w)must(?!\w)"
    r"(?! (?:i|we|you|he|she|they|one|not|already|have)(?!\w))",
    re.IGNORECASE,
)
# "Bitte die Rechnung an Karl schicken": the last sentence, and the last word of it.
_LAST: Final = re.compile(rf"(?<!\w){_VERB}[.! ]*$", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.?!\n]")
_PLEASE: Final = re.compile(r"(?<!\w)please(?!\w)", re.IGNORECASE)
_DENIED: Final = re.compile(r"(?<!\w)(?:not|no|never)(?!\w)", re.IGNORECASE)
_LONGEST_VERB: Final = 16
# The same word in the past, or of what is so: "cancelé", "annullato".
_PAST: Final = re.compile(
    r"\w{3,}(?:ée?s?|ó|ò|ei|ou|aste|iste|aron|ieron|aram|eram|iram|ado|ido|ato|uto|ais|ait|aient"
    r"|aba|abas|ía|ava|avano|avo)",
    re.IGNORECASE,
)
_LONGEST: Final = 2000


def is_plain(messages: Sequence[Message]) -> bool:
    """Whether the last user message, or the one that it goes on with, has the form of a wish."""
    *_, opening = types.turns_of_wish(messages)
    message = messages[opening]
    return message.origin is None or _has_its_form(message)


def _has_its_form(message: Message) -> bool:
    text = message.content[:_LONGEST]
    if (asked := _ASKS_FOR.search(text)) and not _DENIED.search(asked["said"]):
        return True
    asks = text.rstrip().endswith("?")
    if not asks and not _DENIED.search(text) and (_MUST.search(text) or _is_courteous(message)):
        return True
    found = [*_FORM.finditer(text), *_at_the_end(text)]
    return any(not _is_past(message, each) for each in found if not (asks and each["verb"]))


def _is_courteous(message: Message) -> bool:
    """Whether a sentence that tells of something or other says please."""
    text, _, _ = message.said(0, 0)
    found = _COURTEOUS.search(text[:_LONGEST])
    return found is not None and not found["rest"].endswith("?")


def _at_the_end(text: str) -> Iterator[re.Match[str]]:
    """The verb that ends a sentence with "please" in it."""
    verb = _LAST.search(text, max(0, len(text) - _LONGEST_VERB))
    if verb:
        sentence = _SENTENCE_END.split(text[: verb.start()])[-1]
        if _PLEASE.search(sentence) and not _DENIED.search(sentence):
            yield verb


def _is_past(message: Message, form: re.Match[str]) -> bool:
    if form["verb"] is None:
        return False
    text, start, end = message.said(*form.span("verb"))
    return bool(_PAST.fullmatch(text, start, end))

"""Where a name begins: behind the article and the preposition that only tie it to its sentence.

"The quarry" is called quarry, "zum Rapsfeld" Rapsfeld, "de heide" heide; "The Orchard Review", "La
Paz" and "de Wit" are called just so. What is text for somebody to read, and the title of a work,
keeps all its words, and so does what tells a time.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelserver.schema import humanized
from modelserver.tasks.values import codes, names

if TYPE_CHECKING:
    from modelserver.schema import Parameter

_MOST_WORDS: Final = 5
# A small word before a small one; in English names have no small article either.
_LEADING: Final = {
    "en": r"(?:(?:the|an?)\s+(?=[^\W\d_])|(?:The|An?)\s+(?=[a-zß-ÿ]))",
    "fr": r"(?:(?:le|la|les|un|une|des|du|aux?|à la)\s+|(?:à )?l['’])(?=[a-zß-ÿ])",
    "es": r"(?:el|la|los|las|un|una|al|del)\s+(?=[a-zß-ÿ])",
    "it": r"(?:(?:il|lo|la|i|gli|le|un|uno|una|al|allo|alla|ai|dal|dalla|nel|nella)\s+"
    r"|(?:l|all|dall|nell|un)['’])(?=[a-zß-ÿ])",
    "pt": r"(?:o|a|os|as|um|uma|ao|à|do|da|no|na)\s+(?=[a-zß-ÿ])",
    "nl": r"(?:de|het|een)\s+(?=[a-zß-ÿ])",
    "de": r"(?:der|die|das|den|dem|eine?|eine[nmr]|zum|zur|vom|beim|im|am|ins|ans)\s+(?=[^\W\d_])",
}
_CONTRACTED: Final = r"(?:zum|zur|vom|beim)\s+(?=[A-ZÄÖÜ])"
_NAMES: Final = {
    language: re.compile(rf"(?:{leading}|{_LEADING['en']}|{_CONTRACTED})")
    for language, leading in _LEADING.items()
}
_UNKNOWN: Final = _NAMES["en"]
_AMOUNT: Final = re.compile(
    r"(?:couple|few|lot|bit|dozen|half|quarter|pair|hundred|thousand|second|first|last|next|same|day|week|month|year)\b"
)
_SENTENCE: Final = re.compile(r"[,.;:!?\n\"“„«]")
# What is written for a reader and what is a time; what has a title.
_WRITTEN: Final = re.compile(
    r"\b(?:message|text|notes?|body|descriptions?|comments?|content|subject|query|prompt|reason"
    r"|questions?|answer|caption|memo|summary|feedback|details?|instructions?|request|topic|issue|problem|wish|wishes"
    r"|letter|poem|quote|sentence|phrase|headline|post|tweet|review|greeting|inscription|print|engraving|label"
    r"|remarks?|symptoms?|complaint|lyrics|slogan|motto|search|translat\w+|say|says|said|words?|story|task|event"
    r"|dates?|days?|times?|when|since|until|duration|period|hours?|minutes?|weeks?|months?|years?)\b"
)
_ENTITLED: Final = re.compile(
    r"\b(?:title|titled|film|movie|book|song|play|album|show|series|game|novel|track|magazine|newspaper|band|pub)\b"
)


def without_article(parameter: Parameter, said: str, language: str | None) -> str:
    """A short name without the small words before it; anything else as it was said."""
    leading = _NAMES.get(language or "en", _UNKNOWN).match(said)
    if leading is None or parameter.format or parameter.pattern:
        return said
    rest = said[leading.end() :].strip()
    if len(rest.split()) > _MOST_WORDS or _SENTENCE.search(rest) or _AMOUNT.match(rest):
        return said
    if _is_free(parameter) or len(rest) < 2 or _is_place(said):
        return said
    return rest


def is_written(parameter: Parameter) -> bool:
    """Whether a parameter takes text for somebody to read, or a time."""
    return bool(_WRITTEN.search(_about(parameter)))


def _is_free(parameter: Parameter) -> bool:
    return is_written(parameter) or bool(_ENTITLED.search(_about(parameter)))


def _about(parameter: Parameter) -> str:
    return f"{humanized(parameter.name)}: {parameter.description}".casefold()


def _is_place(said: str) -> bool:
    """Whether it is the name of a place with its article, written small: "el salvador"."""
    name = names.folded(said)
    return name in codes.US_CITIES or name in codes.CITIES or name in names.by_name("countries")

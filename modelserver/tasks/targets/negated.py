"""Values that a message says not to take: "order 7120, not 7210", "boxing instead of zumba".

A value is refused where the words right before it say so, with no more between than a
preposition, an article and what kind of thing it is; or where it is what somebody shall not do:
"don't ship DP1188". A bound ("not before five", "no more than 3") refuses nothing, nor does a
question ("why not 305?").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import languages, particles
from modelserver.tasks.values.particles import every

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.targets.claims import Reading
    from modelserver.tasks.types import Message

_BACK: Final = 70
# Words for not that are other words, or numbers (No. 12), in other languages.
_AMBIGUOUS: Final = ("es", "it")
_NOT: Final = (
    r"(?<!why )(?<!if )(?<!warum )(?:"
    + "|".join(said for each, said in particles.NOT.items() if each not in _AMBIGUOUS)
    + rf")|{every(particles.INSTEAD_OF)}|other than|anything but"
)
# Languages whose not stands before the verb: "no canceles el FB12".
_BEFORE_VERBS: Final = ("es", "it", "pt")
_PREPOSITION: Final = every(particles.PREPOSITION)
_ARTICLE: Final = rf"{every(particles.ARTICLE)}|this|that|my"
_LITTLE: Final = frozenset({"that", "which", "with", "from", "more", "than", "before", "after"})
_SHALL_NOT: Final = (
    r"\b(?<!why )(?:don['\N{RIGHT SINGLE QUOTATION MARK}]?t|do not|never)\s+"
    r"(?!(?:forget|hesitate|wait|worry|fail|know|think|believe|you|we|they|i)\b)"
)
_VERB_BETWEEN: Final = (
    r"(?:(?!(?:and|but|or|nor|until|till|before|after|unless|if|instead|when|because|than|later"
    r"|y|pero|sino|e|ma|mas)\b)[^\W\d_]+\s+){{1,{most}}}[\"'#]?$"
)


def without(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message]
) -> dict[str, list[Reading]]:
    """The readings, without those that the words before them say not to take.

    Choices are looked at where they are said (`chosen`).
    """
    spans = {p.name: p for p in tool.parameters if not options(p)}
    return {
        name: [
            reading for reading in many
            if name not in spans or not is_refused(
                spans[name], messages[reading.evidence.message].content, reading.evidence.start
            )
        ]
        for name, many in readings.items()
    }  # fmt: skip


def is_refused(parameter: Parameter, text: str, start: int) -> bool:
    """Whether the words before a place say that the value there is not wanted."""
    if parameter.type == "boolean":
        return False
    before = text[max(0, start - _BACK) : start]
    language = languages.guessed(text)
    return bool(
        _direct(_kinds(parameter), language, choice=bool(parameter.enum)).search(before)
        or _shall_not(language).search(before)
    )


def _kinds(parameter: Parameter) -> tuple[str, ...]:
    """What kind of thing a value is: the words that name and describe its parameter."""
    about = f"{humanized(parameter.name)} {parameter.description}".casefold()
    return tuple(sorted({*re.findall(r"[^\W\d_]{4,}", about)} - _LITTLE))


@lru_cache(maxsize=1024)
def _direct(kinds: tuple[str, ...], language: str | None, *, choice: bool) -> re.Pattern[str]:
    own = f"|{particles.NOT[language]}" if language in _AMBIGUOUS else ""
    words = _NOT + own + ("|no" if choice else "")
    kind = rf"(?:(?:{'|'.join(map(re.escape, kinds))})s?\s*[#:]?\s*)?" if kinds else ""
    return re.compile(
        rf"\b(?:{words})\s+(?:(?:{_PREPOSITION})\s+)?(?:(?:{_ARTICLE})\s+)?{kind}[\"'#]?$",
        re.IGNORECASE,
    )


@lru_cache(maxsize=16)
def _shall_not(language: str | None) -> re.Pattern[str]:
    forms = [_SHALL_NOT + _VERB_BETWEEN.format(most=6)]
    if language in _BEFORE_VERBS:
        forms.append(rf"\b(?:{particles.NOT[language]})\s+{_VERB_BETWEEN.format(most=4)}")
    return re.compile("|".join(forms), re.IGNORECASE)

"""A last message that wants for another thing what was just done for one: "the same for A08".

What it leaves unsaid it names all the same, so nothing of it is a guess. It says so by a word, and
beside that and its own values nothing but small words and those of its target: "the same for A08,
but half of it" says more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline.words import STEM, overlaps
from modelserver.schema import humanized, is_short_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extproc.contract import Target

# English, German, French, Spanish, Italian, Portuguese, Dutch.
SAME: Final = re.compile(
    r"(?<!\w)(?:same|too(?=\s*(?:$|[.,;!]|(?:and|but|with|at|for|please|pls|plz|thanks|thx)\b))|also|as well|likewise|ditto|identical(?:ly)?|gleiche[nrsm]?|dasselbe|derselbe|dieselbe|selbe[nrs]?"
    r"|genauso|ebenso|auch|ebenfalls|même|pareil|idem|aussi|également|pareillement|mism[oa]s?|igual|también"
    r"|stess[oa]|uguale|anche|altrettanto|mesm[oa]s?|também|hetzelfde|zelfde|dezelfde|ook|eveneens)(?!\w)",
    re.IGNORECASE,
)
_LITTLE_WORDS: Final = """
and n but with w for to at on in of by the a an it that this one ones thing please pls plz thanks thx now then
again do make set put just only ok okay as well so
und aber mit für bei am im auf zu das der die den dem ein eine einen bitte danke jetzt nun dann noch mal mach nur nochmal
et mais avec pour à au le la les un une s'il te vous plaît stp svp merci chose encore
y e pero con para por a al el lo los las en favor gracias cosa otra vez
ma per il i gli cosa favore grazie ancora di de da o os as um uma mas com em na coisa obrigado obrigada
en maar met voor op het een graag alsjeblieft alstublieft bedankt nog weer
"""
LITTLE: Final = frozenset(_LITTLE_WORDS.split())
_WORD: Final = re.compile(r"[^\W\d_]+")
_LONGEST: Final = 120


def wanted(text: str, taken: Sequence[tuple[int, int]], target: Target) -> bool:
    """Whether a message wants the same but for the values that stand at these places."""
    if len(text) > _LONGEST or "?" in text or SAME.search(text) is None:
        return False
    about = [
        humanized(target.name), target.description,
        *(f"{humanized(each.name)} {each.description}" for each in target.parameters),
    ]  # fmt: skip
    own = {word for each in about for word in _WORD.findall(each.casefold())}
    same = [found.span() for found in SAME.finditer(text)]
    return all(
        overlaps(taken, *found.span())
        or overlaps(same, *found.span())
        or says_nothing(found[0].casefold(), own)
        for found in _WORD.finditer(text)
    )


def says_nothing(word: str, own: set[str]) -> bool:
    """Whether a word is a small one, or one of the target's: be it in another form, or short for it."""
    return word in LITTLE or any(
        word == each or is_short_for(word, each)
        or (len(word) > STEM and len(each) > STEM and word[:STEM] == each[:STEM])
        for each in own
    )  # fmt: skip

"""What leads to an order and is none: "My car has squealed since Sunday. Please book it in."

Whole sentences before the first value, and a beginning up to "so please". They deny, tell and ask as
they like, of anything but what is ordered. One that may say how the order is meant (a joke, a
supposition, a quotation, something to be left, another value) is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline.cues import may_not_be_meant, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SENTENCE: Final = re.compile(r"[^.!?\n]*(?:[.!?](?=\S)[^.!?\n]*)*(?:[.!?]+\s*|\n\s*|$)")
_SO: Final = re.compile(r",? so,? (?=\w)", re.IGNORECASE)
_MEANT: Final = r"""
jok\w*|kidding|imagin\w*|suppos\w*|hypothe\w*|pretend\w*|if|unless|examples?|instance|test\w*|quot\w*|writes?|wrote|reads?|says:|said:|ignore|disregard
forget|never ?mind|scratch|wait|hold|stop|leave|keep|skip|cancel that|don'?t (?:do|send|book|touch|act)|do not (?:do|send|book|touch|act)|not yet|what|wonder\w*|why|how|should (?:i|we)
(?:i|we) (?:do ?n['\u2019]?t|do not|never|didn['\u2019]?t|did not|no longer|won['\u2019]?t|refuse\w*|changed)|against|no|nope|nah|nothing
scherz|witz|stell dir|angenommen|wenn|falls|beispiel|zitat|vergiss|warte|halt|stopp?|lass|nein|nicht|kein\w*
blague|imagin\w*|suppos\w*|si|exemple|oubli\w*|attend\w*|non|pas|laiss\w*|broma|imagin\w*|ejemplo|olvid\w*|espera|no|deja|scherz\w*|immagin\w*|se|esempio
dimentic\w*|aspett\w*|brincadeira|exemplo|esque\w*|não|nao|grap\w*|stel dat|als|voorbeeld|vergeet|wacht|nee|niet|geen
"""
_HOW_IT_IS_MEANT: Final = re.compile(
    rf"(?<!\w)(?:{words(_MEANT)})(?!\w)|[:\"\u201c\u201e\u00ab?\d]", re.IGNORECASE
)
_THANKS: Final = re.compile(
    r"(?:[,.!]? and |, |(?<=[.!?]) |[.!] )(?:many |a thousand |so )?(?:thank(?:s| you)|thx|cheers|danke|merci|gracias|grazie|obrigad[oa]|bedankt|dank je)(?!\w)"
    r"(?: (?:so much |very much |a lot )?(?:for|für|pour|por|per|voor)(?!\w))?(?P<what>[^.!?;\n]*)",
    re.IGNORECASE,
)
_SPARED: Final = re.compile(
    r"(?<!\w)no (?=(?:idea|doubt|wonder|matter|kidding))|(?<=^)what a(?=\s)|(?:i|we) (?:do ?n['\u2019]?t|do not) (?:care|mind)(?: (?:what|how|which) it \w+)?",
    re.IGNORECASE,
)


def places(text: str, said: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where such sentences stand; `said`: where the values do."""
    first = min((start for start, _ in said), default=0)
    for sentence in _SENTENCE.finditer(text):
        start, end = sentence.span()
        if start == end:
            continue
        if end > first and (joints := [*_SO.finditer(text, start, first)]):
            end = joints[-1].start()
        if end > first:
            break
        if _is_story(text[start:end]):
            yield start, end


def thanks(text: str) -> Iterator[tuple[int, int]]:
    """Where a message gives thanks, and for what."""
    for found in _THANKS.finditer(text):
        if _is_story(found["what"]) and not may_not_be_meant(found["what"]):
            yield found.span()


def _is_story(said: str) -> bool:
    return _HOW_IT_IS_MEANT.search(_SPARED.sub(" ", said.strip())) is None

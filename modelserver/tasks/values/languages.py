"""Which of seven languages a text is in, by its smallest words."""

from __future__ import annotations

import re
from typing import Final

from cachetools import LRUCache, cached

from modelserver.tasks.values.names import SPOKEN

_SMALL: Final = {
    "en": "the a an and of to for from with i is are my me you please in on at by what how it",
    "de": "der die das und ich ist nicht ein eine einen einem einer mit für von vom bitte den dem"
    " auf zum zur wie im am mein meine meinen uns mir mich nach bis ab wann was uhr",
    "fr": "le la les l et je est pas un une des du avec pour de d à au aux mon ma mes vers"
    " s'il vous plaît quel quelle depuis jusqu'à dans vers moi nous ce",
    "es": "el la los las y es no un una con para por de del al mi mis desde hasta favor quiero"
    " qué cuál cuánto hacia en me nos lo",
    "it": "il lo la gli le e è non un una con per di del della dal dalla al alla mio mia da"
    " vorrei quanto favore nel che mi dei delle",
    "pt": "o a os as e é não um uma com para por de do da das no na ao meu minha desde até"
    " favor quero qual quanto em me",
    "nl": "de het een en ik is niet met voor van naar mijn op te aan bij alstublieft graag wat"
    " hoe om tot vanaf uur dat",
}  # fmt: skip
_OWNERS: Final[dict[str, list[str]]] = {
    word: [language for language in SPOKEN if word in _SMALL[language].split()]
    for word in {word for words in _SMALL.values() for word in words.split()}
}
_LONGEST = 2000


def chosen(tag: str | None) -> str | None:
    """The language of a tag such as `de-CH`, when it is one of the seven."""
    language = (tag or "").replace("_", "-").partition("-")[0].lower()
    return language if language in SPOKEN else None


@cached(LRUCache[int, "str | None"](256), key=hash)
def guessed(text: str) -> str | None:
    """The one language that most of the small words speak for; None when no one does.

    A word that several languages have speaks for each of them a little. Every value of a message
    asks; what is remembered is the text's hash, for no prompt is kept.
    """
    votes = dict.fromkeys(SPOKEN, 0.0)
    for word in re.findall(r"[^\W\d_]+", text[:_LONGEST].lower()):
        for language in (owners := _OWNERS.get(word, [])):
            votes[language] += 1 / len(owners)
    first, second = sorted(SPOKEN, key=lambda language: -votes[language])[:2]
    return first if votes[first] > votes[second] else None

"""The small words that say and, not, from and to, in seven languages: one table for all readers.

Each is an expression of a language's words for one thing; what is to be read in a text of any
language takes `every` of them. Words that mean something else in another language (`a`, `de`,
`no`, `en`) are for a text whose language is known (`languages.guessed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ByLanguage = Mapping[str, str]

# What joins two wishes, a wish and what is not to be done, and what a further wish begins with.
AND: Final[ByLanguage] = {
    "en": "and|as well as|plus", "de": "und|sowie", "fr": "et|ainsi que", "es": "y|así como",
    "it": "e|nonché", "pt": "e|assim como|bem como", "nl": "en|evenals",
}  # fmt: skip
BUT: Final[ByLanguage] = {
    "en": "but", "de": "aber", "fr": "mais", "es": "pero", "it": "ma", "pt": "mas", "nl": "maar",
}  # fmt: skip
FURTHER: Final[ByLanguage] = {
    "en": "then|also|afterwards", "de": "dann|danach|auch|außerdem", "fr": "puis|ensuite|aussi",
    "es": "luego|después|también|además", "it": "poi|anche|inoltre", "pt": "depois|também",
    "nl": "daarna|dan|ook",
}  # fmt: skip
# What says of a thing that it is not meant, and what says it is to be left as it is.
NOT: Final[ByLanguage] = {
    "en": "not", "de": "nicht|kein(?:e|en|em|er|es)?", "fr": "pas", "es": "no", "it": "non",
    "pt": "não|nao", "nl": "niet|geen",
}  # fmt: skip
NEVER: Final[ByLanguage] = {
    "en": "never", "de": "niemals", "fr": "jamais", "es": "nunca|jamás", "it": "mai",
    "pt": "nunca", "nl": "nooit",
}  # fmt: skip
LEFT: Final[ByLanguage] = {
    "en": "except|leave|keep", "de": r"außer|lass\w*", "fr": r"sauf|laisse\w*",
    "es": "excepto|salvo|deja", "it": r"tranne|lascia\w*", "pt": "exceto|deixe|deixa",
    "nl": "behalve|laat",
}  # fmt: skip
# What stands between the thing that is meant and the one that is not.
INSTEAD_OF: Final[ByLanguage] = {
    "en": "instead of|rather than", "de": "(?:an)?statt|anstelle von", "fr": "au lieu d[eu]",
    "es": "en vez de|en lugar de", "it": "invece di|al posto di", "pt": "em vez de",
    "nl": "in plaats van",
}  # fmt: skip
INSTEAD: Final[ByLanguage] = {
    "en": "instead|rather", "de": "stattdessen|lieber", "fr": "plutôt|à la place",
    "es": "en su lugar|en vez|mejor", "it": "invece|piuttosto", "pt": "em vez|antes",
    "nl": "in plaats|liever",
}  # fmt: skip
# Where something comes from, and where it goes.
FROM: Final[ByLanguage] = {
    "en": "from(?! now)|out of", "de": "von|vom|ab|aus", "fr": "de|du|d'|depuis",
    "es": "de|del|desde", "it": "da|dal|dalla|dall'", "pt": "de|do|da|desde",
    "nl": "van|vanaf|vanuit|uit",
}  # fmt: skip
TO: Final[ByLanguage] = {
    "en": "to|into|onto|towards", "de": "nach|auf|zu|zum|zur|ins|an",
    "fr": "à|au|aux|vers|jusqu'à|pour", "es": "a|al|hasta|hacia|para",
    "it": "a|ad|al|alla|all'|verso|fino a|per", "pt": "para|ao|à|até|pra", "nl": "naar|tot",
}  # fmt: skip
# What wants for another thing what was wanted for one.
SAME: Final[ByLanguage] = {
    "en": "same|too|also|as well|likewise|ditto",
    "de": "gleiche[nrsm]?|dasselbe|derselbe|dieselbe|genauso|ebenso|auch|ebenfalls",
    "fr": "même|pareil|idem|aussi|également", "es": "mism[oa]s?|igual|también",
    "it": "stess[oa]|uguale|anche|altrettanto", "pt": "mesm[oa]s?|igual|também",
    "nl": "hetzelfde|zelfde|dezelfde|ook|eveneens",
}  # fmt: skip
# Who has a thing now is whom it comes from.
SO_FAR: Final[ByLanguage] = {
    "en": "so far|until now|till now|up to now|currently|at the moment|at present|presently"
    "|(?:it|he|she)(?:'s|s| is) (?:now |currently )?(?:on|in|at)"
    "|(?:i|we)(?:'m| am|'re| are) (?:now )?on|(?:i|we) (?:now )?(?:have|use)|i've got",
    "de": "bisher|bislang|bis jetzt|derzeit|zurzeit|momentan|steht noch|ist noch",
    "fr": "jusqu'ici|jusqu'à présent|jusqu'à maintenant|actuellement|est encore|est toujours",
    "es": "hasta ahora|hasta el momento|actualmente|todavía está|aún está",
    "it": "finora|fino a(?:d ora| adesso)|attualmente|è ancora", "pt": "até agora|até aqui|atualmente|ainda está",
    "nl": "tot nu toe|tot nog toe|tot dusver|momenteel|staat nog",
}  # fmt: skip
ARTICLE: Final[ByLanguage] = {
    "en": "the|a|an", "de": "der|die|das|den|dem|des|ein|eine|einen|einem|einer|eines",
    "fr": "le|la|les|l|un|une|des", "es": "el|la|los|las|lo|un|una", "it": "il|lo|la|i|gli|le|uno|una",
    "pt": "o|a|os|as|um|uma", "nl": "de|het|een",
}  # fmt: skip
PREPOSITION: Final[ByLanguage] = {
    "en": "to|into|onto|in|on|at|from|for|of|with|by|via",
    "de": "nach|zu[mr]?|i[mn]s?|auf|von|vom|mit|für|bei|an",
    "fr": "à|au|aux|dans|sur|avec|pour|par|du|de|des", "es": "a|al|en|con|de|del|para|por",
    "it": "a|da|di|in|con|per|su", "pt": "a|da|do|de|em|no|na|com|para|por",
    "nl": "naar|op|met|voor|van",
}  # fmt: skip


def every(table: ByLanguage) -> str:
    """The words of all languages."""
    return "|".join(table.values())

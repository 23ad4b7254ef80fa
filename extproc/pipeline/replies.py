"""Plain replies to a question: a yes, a no, a wish to leave it; no model is needed to read them.

A reply is plain when nothing else is said: `is_yes`, `is_no`, `is_declined`, `is_thanks`, `is_word`.
"No, the other one", "no. 5" and "not sure, maybe 3" say more, and are for the models; what such a
reply `begins` with, or mentions, is a hint beside what they find. "Leave it. Who is in room 12?" leaves
what was asked about and says something else `behind` that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_YES: Final = """
yes|yeah|yep|yup|y|sure|ok|okay|correct|right|that is right|that's right|confirmed|confirm|absolutely
certainly|definitely|of course|i confirm|i do confirm|i do|i'm sure|i am sure|go ahead|go for it|do it
do that|do so|please do|yes please|exactly|sounds good|that's correct|make it so|affirmative|proceed
ja|jawohl|klar|sicher|genau|richtig|gerne|bestätigt|ich bestätige|mach das|mach es|mach|tu es|einverstanden
in ordnung|passt|natürlich|stimmt|ja bitte|ja gerne|alles klar
oui|d'accord|bien sûr|vas y|allez y|vas-y|allez-y|je confirme|confirmé|exact|exactement|c'est ça|parfait
sí|si|claro|vale|de acuerdo|adelante|correcto|confirmo|confirmado|hazlo|hágalo|por supuesto|exacto|dale
sì|certo|va bene|d'accordo|procedi|proceda|confermo|esatto|fallo|certamente|giusto|vai
sim|pode|pode ser|pode fazer|com certeza|certo|isso|vá em frente|está bem|tá bom|faça isso|faz isso
zeker|prima|akkoord|klopt|doe maar|ga door|ga je gang|graag|natuurlijk|ja graag|bevestigd|ik bevestig
"""
_NO: Final = """
no|nope|nah|n|never|don't|do not|don't do it|do not do it|please don't|rather not|i'd rather not
better not|not now|no way|negative|nein|nö|nee|bitte nicht|lieber nicht|besser nicht|nicht jetzt|jetzt nicht
auf keinen fall|non|pas maintenant|surtout pas|plutôt pas|mejor no|ahora no|todavía no|non ora
meglio di no|preferisco di no|não|nao|agora não|melhor não|liever niet|niet nu|beter niet|nee hoor
"""
_DECLINED: Final = """
cancel|cancel that|cancel it|cancel this|stop|stop it|stop that|abort|nevermind|never mind|nvm|forget it|forget that
forget about it|forget about that|forget this|leave it|leave that|leave it at that|drop it|drop that|scrap that
scratch that|skip it|skip that|not sure|i'm not sure|i am not sure|don't know|i don't know|i do not know
no idea|i have no idea|dunno|i'll do it myself|i will do it myself|i'll handle it myself|i'd rather do it myself
i changed my mind|changed my mind|i've changed my mind|let's not|let us not|no need|not needed|don't bother
not anymore|not any more|i don't want to|i don't want that|i don't want to anymore|it doesn't matter
doesn't matter|no thanks|no thank you|not interested|let it be|let me think|let me think about it
abbrechen|brich ab|brich das ab|stopp|halt|stornieren|vergiss es|vergiss das|vergessen sie es|egal|ist egal
lass es|lass das|lass mal|lassen wir das|lassen sie es|lassen sie das|nicht nötig|doch nicht|schon gut
weiß nicht|weiss nicht|ich weiß nicht|ich weiß es nicht|weiß ich nicht|keine ahnung|nicht sicher
ich bin nicht sicher|ich bin mir nicht sicher|bin mir nicht sicher|ich mache es selbst|ich mach es selbst
ich mach's selbst|das mache ich selbst|das mach ich selbst|nein danke|ich habe es mir anders überlegt
annule|annulez|annuler|annule ça|annulez ça|annulez cela|laisse tomber|laissez tomber|oublie|oublie ça
oubliez|oubliez ça|peu importe|tant pis|je ne sais pas|je sais pas|aucune idée|pas sûr|pas sûre
je ne suis pas sûr|je ne suis pas sûre|je le ferai moi-même|je le fais moi-même|je m'en occupe
je m'en charge|arrête|arrêtez|non merci|j'ai changé d'avis|pas la peine
cancela|cancelar|cancélalo|cancela eso|cancelalo|déjalo|dejalo|olvídalo|olvidalo|da igual|no importa
no sé|no lo sé|no se|ni idea|no estoy seguro|no estoy segura|lo haré yo|lo haré yo mismo|lo haré yo misma
lo hago yo|no gracias|no hace falta|he cambiado de opinión|cambié de opinión|para
annulla|annullare|annullalo|lascia perdere|lascia stare|lasci perdere|dimentica|dimenticalo|non importa
fa niente|non so|non lo so|nessuna idea|non sono sicuro|non sono sicura|lo faccio io|ci penso io
faccio da solo|faccio da sola|no grazie|non serve|ho cambiato idea|fermati
cancele|cancela isso|deixa|deixa pra lá|deixa para lá|deixe|esquece|esqueça|esquece isso|não importa
não sei|nao sei|não faço ideia|não tenho certeza|eu mesmo faço|eu mesma faço|faço eu|faço eu mesmo|faço eu mesma
não obrigado|não obrigada|não precisa|mudei de ideia|pare
annuleer|annuleren|annuleer dat|annuleer het|laat maar|laat zitten|vergeet het|vergeet het maar|geen idee
weet ik niet|ik weet het niet|niet zeker|ik weet het niet zeker|ik doe het zelf|ik doe het zelf wel
nee bedankt|nee dank je|hoeft niet|niet nodig|maakt niet uit|ik heb me bedacht
"""
_THANKS: Final = """
thanks|thank you|thank you so much|thank you very much|thanks a lot|many thanks|thx|ty|cheers|great|perfect|awesome
excellent|wonderful|brilliant|amazing|cool|nice|nice one|lovely|good|very good|great job|good job|well done
great work|good work|that's great|that is great|that's all|that is all|that will be all|that was quick|super
fantastic|you're the best|you are the best|you're a star|much appreciated|appreciate it|bye|goodbye|good to know
danke|danke schön|dankeschön|vielen dank|danke dir|toll|prima|wunderbar|klasse|perfekt|sehr gut|das war's
merci|merci beaucoup|parfait|génial|formidable|très bien|super merci
gracias|muchas gracias|perfecto|genial|estupendo|muy bien|eso es todo
grazie|grazie mille|perfetto|ottimo|benissimo|molto bene|è tutto
obrigado|obrigada|muito obrigado|muito obrigada|perfeito|ótimo|muito bem|é só isso
dank je|dank je wel|dankjewel|dank u|dank u wel|bedankt|hartelijk dank|geweldig|heel goed|dat is alles
"""
# What may stand beside any of them and says nothing itself.
_BESIDE: Final = """
please|thanks|thank you|oh|ah|hm|hmm|well|actually|sorry|then|just|ok|okay|um|uh|and
bitte|danke|ach|doch|also|dann|s'il te plaît|s'il vous plaît|svp|merci|euh
por favor|gracias|pues|per favore|grazie|beh|allora|obrigado|obrigada|bem|alsjeblieft|alstublieft|bedankt|nou
"""
# Words that say the same when more follows; "si" and "para" do not.
_FIRST_YES: Final = """
yes|yeah|yep|yup|sure|ok|okay|correct|right|confirmed|absolutely|certainly|of course|i confirm|i do confirm
i'm sure|i am sure|go ahead|do it|please do|ja|jawohl|oui|sí|sì|sim
"""
_FIRST_NO: Final = "no|nope|nah|never|cancel|stop|don't|do not|rather not|not now|nein|non|não|nee"
_LONGEST: Final = 120
# What is left may be named: "forget the rolls". In the order of languages as above.
_LEAVES: Final = r"""
    (?:forget|leave|drop|skip|scrap|never\ ?mind)(?:\ about)?\ (?:the|that|those|this|my)(?:\ [^\W\d_]+){1,3}
    |(?:vergiss|vergessen\ sie|lass|lassen\ sie)\ (?:der|die|das|den|mal)(?:\ [^\W\d_]+){1,3}
    |(?:oublie|oubliez|laisse|laissez)(?:\ tomber)?\ (?:le|la|les|ça)(?:\ [^\W\d_]+){1,3}
    |(?:olvida|olvide|deja|deje)\ (?:el|la|los|las|lo\ de)(?:\ [^\W\d_]+){1,3}
    |(?:lascia|lasci|dimentica)(?:\ (?:stare|perdere))?\ (?:il|lo|la|i|gli|le)(?:\ [^\W\d_]+){1,3}
    |(?:esquece|esqueça|deixa|deixe)\ (?:o|a|os|as)(?:\ [^\W\d_]+){1,3}
    |(?:vergeet|laat)\ (?:de|het|die|dat)(?:\ [^\W\d_]+){1,3}
"""
# What stands before such words: "ah no, forget it".
_SIGHS: Final = (
    r"(?:(?:oh|ah|ach|hm+|well|ok(?:ay)?|no|nah|actually|sorry|nein|non|nee|não)\b[\s,.!]*+){0,4}"
)


_APOSTROPHES: Final = str.maketrans("\u2019\u2018`", "'''")


def _phrases(*lists: str) -> frozenset[str]:
    return frozenset(
        _spoken(phrase) for each in lists for phrase in re.split(r"[|\n]", each) if phrase
    )


def _any_of(phrases: Iterable[str]) -> str:
    """An expression for any of the phrases, the longest first."""
    ordered = sorted(phrases, key=lambda each: (-len(each), each))
    return "|".join(map(re.escape, ordered))


def _spoken(text: str) -> str:
    """Words alone: in small letters, without punctuation, one space between."""
    small = text.casefold().translate(_APOSTROPHES)
    return " ".join(re.sub(r"[^\w'-]+|\B['-]|['-]\B", " ", small).split())


@dataclass(frozen=True, slots=True)
class _Phrases:
    """Phrases in a row, one at least of those that are meant.

    Read word by word: "yes please" is one phrase or two, and an expression tries both for each.
    """

    meant: frozenset[str]
    beside: frozenset[str]

    def are_all_of(self, words: list[str]) -> bool:
        # How far phrases reach from the beginning on, without one that is meant and with one.
        bare, full = {0}, set[int]()
        for start in range(len(words)):
            if start not in bare and start not in full:
                continue
            for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
                phrase = " ".join(words[start:end])
                if phrase in self.meant or (phrase in self.beside and start in full):
                    full.add(end)
                if phrase in self.beside and start in bare:
                    bare.add(end)
        return len(words) in full


_ONLY_YES: Final = _Phrases(_phrases(_YES), _phrases(_BESIDE))
_ONLY_NO: Final = _Phrases(_phrases(_NO), _phrases(_BESIDE))
_ONLY_DECLINED: Final = _Phrases(_phrases(_DECLINED), _phrases(_NO, _BESIDE))
_ONLY_THANKS: Final = _Phrases(_phrases(_THANKS), _phrases(_YES, _BESIDE))
_MOST_WORDS: Final = max(
    len(phrase.split()) for phrase in _phrases(_YES, _NO, _DECLINED, _THANKS, _BESIDE)
)
_BEGINS_YES: Final = re.compile(rf"(?:{_any_of(_phrases(_FIRST_YES))})\b")
_BEGINS_NO: Final = re.compile(rf"(?:{_any_of(_phrases(_FIRST_NO))})\b")
# In a longer message only those of several words say it: "para" is a "for", too.
_DECLINING: Final = re.compile(
    rf"(?<!\S)(?:{_any_of(each for each in _phrases(_DECLINED) if ' ' in each)})(?!\S)"
)


# Who does not know yet may still say it: "not sure, maybe 3".
_UNKNOWN: Final = re.compile(
    r"sure|know|dunno|idea|think|sicher|wei(?:ß|ss)|ahnung|sais|sûre?|aucune|sé|seguro|segura|non (?:lo )?so|sicur[oa]|sei|ideia"
    r"|certeza|idee|weet|zeker"
)
_LEFT: Final = [
    phrase for phrase in _phrases(_DECLINED) if " " in phrase and not _UNKNOWN.search(phrase)
]
_LEAVING: Final = re.compile(
    rf"[\s,.!]*+{_SIGHS}(?:{_LEAVES}|{_any_of(_LEFT)}"
    r"|nevermind|nvm|déjalo|dejalo|olvídalo|olvidalo|annullalo)(?:\ (?:then|please|pls|now|dann|bitte))?"
    r"\s*+(?:[,.;:!\n\u2013-]\s*+)+(?=\w)",
    re.IGNORECASE | re.VERBOSE,
)


def behind_leaving(text: str) -> int:
    """Where a message goes on that first leaves what it was asked about; 0 where none is left."""
    found = _LEAVING.match(text.replace("\u2019", "'"))
    return found.end() if found else 0


# What was spoken of before: it, they, that one.
_BACK: Final = re.compile(
    r"(?<!\w)(?:it|its|it's|they|them|their|he|she|him|her|his|this|that|those|these|there|es|ihn|ihm|ihr|ihre[nr]?|sie|dort"
    r"|deren|dessen|il|elle|lui|ça|celui-ci|celle-ci|leur|ello|ella|él|ellos|ése|ésa|eso|allí|su|lui|lei|esso|essa|quello|quella"
    r"|ele|ela|isso|aquele|aquela|lá|seu|sua|hij|zij|ze|hem|haar|die|dat|daar|deze)(?!\w)",
    re.IGNORECASE,
)


def points_back(text: str) -> bool:
    """Whether a message speaks of something as of one that was spoken of before."""
    return _BACK.search(text) is not None


def is_yes(text: str) -> bool:
    """A yes and nothing else."""
    return _is(_ONLY_YES, text)


def is_no(text: str) -> bool:
    """A no and nothing else."""
    return _is(_ONLY_NO, text)


def is_declined(text: str) -> bool:
    """A wish to leave it: "never mind", "I'll do it myself", "not sure"; and nothing else."""
    return _is(_ONLY_DECLINED, text)


def mentions_declining(text: str) -> bool:
    """Whether a message begins with a no, or wishes somewhere to leave it."""
    return begins(text) is False or _DECLINING.search(_spoken(text[:_LONGEST])) is not None


def is_word(word: str, text: str) -> bool:
    """Whether a message is this word alone, as a config has it for yes or no."""
    short = len(text) <= len(word) + _LONGEST and "?" not in text
    return short and _spoken(text) == _spoken(word) != ""


def is_thanks(text: str) -> bool:
    """Thanks or praise and nothing else."""
    return _is(_ONLY_THANKS, text)


def begins(text: str) -> bool | None:
    """Whether a message begins with a yes (true) or a no (false)."""
    spoken = _spoken(text[:_LONGEST])
    if _BEGINS_NO.match(spoken):
        return False
    return True if _BEGINS_YES.match(spoken) else None


def _is(phrases: _Phrases, text: str) -> bool:
    short = len(text) <= _LONGEST and "?" not in text
    return short and phrases.are_all_of(_spoken(text).split())

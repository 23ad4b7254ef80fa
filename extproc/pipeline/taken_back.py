"""Words by which a message takes back what it asks for, leaves a thing as it is, or only tells of it.

`cues` knows the words that deny; people have many more ways to say no. Some of them say so wherever
they stand ("leave it as it is", "I'd hate for it to be cancelled"), others where they follow what is
asked for ("to 16.50, or no"). And who tells how something is, was or went may want nothing done. In
seven languages; what is found too much asks back once more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline.cues import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Anywhere. English, German, French, Spanish, Italian, Portuguese, Dutch.
_LEFT: Final = r"""
leav(?:e|es|ing)(?=\b[^.!?]{0,60}?\b(?:as|alone|where|be|in place|in peace|untouched|unchanged|standing|running|open)\b)
let(?=(?: [\w'-]+){1,3} (?:be|rest|stand|go|lie|sleep|run|pass)\b)
keep|keeps|keeping|kept|stay|stays|staying|remain|remains|remaining|preserve|untouched|unchanged
(?:do|does|go|manage|live|get by|cope) (?:\w+ )?without(?=\W*(?:$|[.,;!?]|it|them|that|this))|hate|hates|loath|dread|refuse|refuses|object to|opposed to|reluctant|hardly|scarcely|far from|sooner (?:have|keep|see)
no (?:way|point|means|reason|use|sense|intention|chance|wish|desire|occasion|call for|good|longer)|pointless|needless|unnecessary
overkill|uncalled for|premature|forget|scratch (?:that|it)|strike that|scrap (?:that|it|the)|undo|never ?mind|nvm|drop (?:it|that|the idea|the whole)
reconsider\w*|changed? (?:my|our|his|her|their) minds?|think better of|thought better of|kidding|joking|a joke|jk
hang on|hold (?:on|off|it|your horses|that)|not so fast|back ?out|bad idea|let'?s not|nothing (?:to|doing|of the)|spare (?:me|us|him|her|them|it)|god forbid
heaven forbid|perish the thought|over my dead body|out of the question|as if|fat chance|last thing|by accident|by mistake|accidentally
worth the (?:bother|trouble|effort|hassle)|wrong (?:window|chat|number|person|thread|tab|place|box|one)|meant for|pasted
bleib\w*|behalt\w*|stehen ?lass\w*|lass\w*|lieber nicht|vergiss\w*|vergesst|quatsch|scherz|spaß|von wegen|erledigt|überflüssig|unnötig
unterlass\w*|verschon\w*|kommt nicht in frage|auf keinen fall|bloß nicht|zum glück|finger weg
laiss\w*|rest(?:e|ent|era|eront|er)|gard(?:e|ez|ons|er|era)|oubli(?:e|ez|ons|er)|inutile|tant pis|hors de question|plaisant\w*|blague|erreur
d[eé]j[ae]\w*|deje\w*|dejar\w*|qued[ae]\w*|sigue|siga|olv[ií]d\w*|ni hablar|ni se te|ni loc[oa]|broma|faltaba|innecesari[oa]
lasci\w*|rest(?:a|ano|i|ino)|riman\w*|tieni|tenga|teniamo|dimentic\w*|inutile|scherz\w*|macché|niente|ci mancherebbe|guai
deix\w*|fica\w*|fique\w*|mant[eé]\w*|mantenh\w*|esque[cç]\w*|nem pensar|brincadeira|desnecess\w*|escusa\w*|nada disso
laat|laten|blijf\w*|blijven|houd|houden|vergeet|grapje|hoeft|hoeven|overbodig|onnodig|geen sprake|uit den boze
"""
# Behind what is asked for.
_AFTER: Final = r"""
(?<!is )(?<!are )(?<!was )(?<!['\u2019]s )no(?! (?:rush|hurry|problem|problems|worries|doubt|matter|later|earlier|sooner|more than|less than|fewer|pressure|big deal)\b)|nope|nah|stop|wait
actually|second thoughts?|oops|whoops|mistake|sorry|pardon|drop|skip|scrap|abort|leave|or rather|let me|sorted|solved|resolved|settled|taken care of
nein|nee|nö|halt|stopp?|(?<!at the )moment|warte|ach|egal|doch
non|attends|attendez|finalement|plutôt|annul\w*|arrêt\w*
mejor|(?<=[,.;:!?\u2026] )esper[ae]|cancela\w*|anzi|(?<=[,.;:!?\u2026] )aspett\w*|annull\w*
não|nao|afinal|melhor|wacht|toch|stop maar
"""
# Who or what a sentence tells of, with what it is or does; not what somebody wants or needs.
_SUBJECTS: Final = r"""
(?:the|your|my|our|his|her|their|these|those)(?: [\w'-]+){1,5}? (?:is|are|was|were|has|have|had|does|did|\w{3,}s(?= \w)|\w+ed|went|came|ate|got|made|ran|felt)
(?:i|we|he|she|they|it|that|this|there|you|you guys|who|whoever|somebody|someone|nobody|everybody|everyone)(?: (?:just|only|already|all|really|still|even|both|finally))?(?:['\u2019](?:s|ve|re|m|d)| \w+ed| (?:is|are|am|was|were|has|have|had|did|got|saw|felt|let|said|says|hear|heard|see|feel|smell|think|thought|guess|suppose|hope|love|adore|admire|enjoy\w*|slept|went|came|took|sat|stood))
(?:i|we) (?!want|need|wish|prefer|require|request|demand|insist|would|will|can|could|must|should|shall|do|don|confirm|agree|accept|approve|authori|order|book|take|choose|pick|buy|ask|beg|mean|say|repeat|hereby|expect)\w+
you (?:know|should have)
\w+ #?[\w-]*\d[\w-]* (?:is|are|was|were|has|had|does|did)
(?:der|die|das|mein\w*|dein\w*|eu(?:er|re)\w*|ihr\w*|unser\w*)(?: [\w'-]+){1,5}? (?:ist|sind|war|waren|hat|hatte|haben|läuft|lief|ging|\w+te)
(?:ich|er|wir|es|jemand|niemand|man) (?:habe?n?|hat|bin|ist|sind|war\w*|hatte\w*|wurde\w*|find\w*|glaub\w*|denk\w*|lieb\w*|\w+te)
(?:hab|haben) (?:ich|wir)
(?:le|la|les|mon|ma|mes|votre|vos|notre|nos|l'\w+)(?: [\w'-]+){1,5}? (?:est|sont|était|étaient|a|ont|marche|fonctionne|\w+ait)
(?:j'ai|j'\w+ais|je suis|c'était|c'est|on a|nous avons|il a|elle a|ils ont|elles ont|il y a|quelqu'un a|quel\w* belle?)
(?:el|la|los|las|mi|mis|su|sus|tu|vuestr[oa]|nuestr[oa])(?: [\w'-]+){1,5}? (?:es|está|son|están|fue|era|eran|ha|han|funciona|cuenta|dice|tiene|va|parece)
(?:he \w+[dt]o|me (?:dicen|han|ha)|se (?:ve|ven|oye)|qué (?:bonit|bien|buen|ric)\w*|parece|ayer)
(?:il|lo|la|i|gli|le|l'\w+)(?: [\w'-]+){1,5}? (?:è|sono|era|erano|ha|hanno|funziona|dice|va|sembra)
(?:ho \w+[ts]o|mi (?:dicono|hanno|ha)|che bell\w*|sembra|ieri)
(?:o|a|os|as|(?:o )?meu|(?:a )?minha)(?: [\w'-]+){1,5}? (?:é|está|são|estão|foi|era|tem|têm|funciona|diz|anda)
(?:eu \w+ei|me (?:disseram|dizem)|que (?:bonit|lind|bo[am]|vergonha)\w*|parece|ontem)
(?:de|het|mijn|onze|ons|jullie|uw)(?: [\w'-]+){1,5}? (?:is|zijn|was|waren|heeft|hebben|werkt|doet|ging|loopt)
(?:ik|hij|zij|ze|we|wij|het|er|iemand) (?:heb|heeft|hebben|ben|is|zijn|was|waren|had|vond|denk|dacht|ging|zag|hoor\w*)
"""
_WANTS: Final = re.compile(
    r"[^,;]*?(?:['\u2019]d|\bwould)(?: (?:rather|really|just|only|also|much))* (?:like|love|want|need|prefer|have|take|get|be)\b"
    r"|[^,;]*?\b(?:want|wants|need|needs|prefer|should|must|shall|ought)\b|[^,;]*?\b(?:has|have|is|are)(?: not)? to\b",
    re.IGNORECASE,
)
# A clause that is part of the one before: "your pump sounds like a train, on high speed and all".
_GOES_ON: Final = re.compile(
    r"(?:on|in|at|with|for|by|from|to|of|like|and all|which|who|where|mit|bei|auf|im|für|avec|sur|dans|en|con|a|per|com|em|met|op|voor)\b",
    re.IGNORECASE,
)
# What has happened may have settled what is asked for; what is so is why it is asked for.
_PAST: Final = re.compile(
    r"(?:['\u2019](?:ve|d)|(?<!\w)(?:was|were|had|did|got|went|came|let|took|made|said|(?<!is )(?<!are )(?<!['\u2019]s )\w{2,}ed"
    r"|(?:has|have) (?:just |already )?(?:let|gone|got|done|taken|left|come|been|seen|found|put|set|cut|told|paid|begun|fallen|\w+ed)|war\w*|hatte\w*|hat|habe|haben|wurde\w*"
    r"|était|étaient|(?:ont|ai|a)(?= \w+[éitsu]\b)|fue|era|eran|han|ha|he(?= \w+[dt]o)|ho|hai|hanno|erano|foi|foram|estava|tinha|\w+ou|heeft|hebben|heb|waren))(?!\w)",
    re.IGNORECASE,
)
_SIGH: Final = re.compile(
    r"\W*(?:oh|ah|ach|hm+|ups|oops|euh|ay|uy|wait|moment|espera|aspetta)\b", re.IGNORECASE
)
_CLAUSE: Final = re.compile(r"(?:[^.,;:!?\n…]|[.,:](?=\d))+")
_BEGUN: Final = (
    r"\W*(?:(?:haha|lol|wow|oh|ah|hm+|well|so|and|but|because|since|man|hey|hi|yes|ok|okay|und|aber|also|ach|ja|et|mais|y|pero|e|ma|mas|en|maar"
    r"|today|now|then|actually|honestly|funny|luckily|apparently)\W+)*"
)


_ANYWHERE: Final = re.compile(rf"(?<!\w)(?:{words(_LEFT)})(?!\w)", re.IGNORECASE)
_BEHIND: Final = re.compile(rf"(?<!\w)(?:{words(_AFTER)})(?!\w)", re.IGNORECASE)
_TOLD: Final = re.compile(rf"{_BEGUN}(?:{words(_SUBJECTS)})(?!\w)", re.IGNORECASE)


def places(text: str, wished: int) -> Iterator[tuple[int, int]]:
    """Where a message may leave or take back something; `wished` is where what it asks for ends."""
    for found in _ANYWHERE.finditer(text):
        yield found.span()
    for found in _BEHIND.finditer(text, wished):
        yield found.span()


def tells(text: str, said: Sequence[tuple[int, int]]) -> bool:
    """Whether a message only tells how something is or was: from before its first value to its end.

    `said`: where the values stand.
    """
    first = min((start for start, _ in said), default=0)
    clauses = _clauses(text)
    return any(
        start <= first and all(told for _, _, told in clauses[number:])
        for number, (start, _, told) in enumerate(clauses)
        if told
    )


def settles(text: str, said: Sequence[tuple[int, int]]) -> bool:
    """Whether what is told behind the values may have settled it: "oh, somebody has let them in".

    What is so ("the drain is blocked") is rather why it is asked for.
    """
    last = max((end for _, end in said), default=0)
    clauses = _clauses(text)
    before = ["", *(clause for _, clause, _ in clauses)]
    return any(
        told and start >= last
        and (_PAST.search(clause) or _SIGH.match(clause) or _SIGH.match(earlier))
        for (start, clause, told), earlier in zip(clauses, before, strict=False)
    )  # fmt: skip


def _clauses(text: str) -> list[tuple[int, str, bool]]:
    """Where each clause begins, its words, and whether it tells how something is or was."""
    found: list[tuple[int, str, bool]] = []
    for clause in _CLAUSE.finditer(text):
        said = clause[0].strip()
        if any(map(str.isalpha, said)):
            goes_on = bool(found and found[-1][2] and _GOES_ON.match(said))
            told = goes_on or bool(_TOLD.match(said) and not _WANTS.match(said))
            found.append((clause.start(), said, told))
    return found

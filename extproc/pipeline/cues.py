"""Words by which a message may deny, ask about, tell of or imagine what a call would do.

Read off the words alone, in seven languages: what is found too much asks back once more.
"""

from __future__ import annotations

import re
from typing import Final

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_DENIED: Final = r"""
don'?t(?! (?:care|mind|hesitate)\b)|do not|doesn'?t|does not|didn'?t|did not|never|not(?! sure| only| just)|nobody|no one|nothing(?! else)|no longer|no need
can'?t|cannot|won'?t|wouldn'?t|shouldn'?t|mustn'?t|isn'?t|aren'?t|wasn'?t|hasn'?t|haven'?t|hadn'?t
i refuse|wait|(?:\w+['\u2019]?d|would) rather(?! (?:have|take|get|go for)\b)|rather (?:not|leave|keep|wait)|hold off|hold on|leave it|leave them|rather than|refrain|avoid|without me|forget about
nicht|kein|keine|keinen|keinem|keiner|nie|niemals|bloß nicht|lass|lasst|lassen sie
n'\w+|ne \w+ (?:\w+ )?(?:pas|plus|jamais|rien)|pas|jamais|aucune?|surtout
nunca|jamás|tampoco|no (?:quiero|queremos|lo|la|los|las|le|les|me|nos|se|hace|hay|debe|debes|vuelvas?)
no \w+(?:es|as|en|an|emos|amos|éis|áis)|non|mai più|nessun[oa]?|não|nao|nem|nunca|jamais
niet|geen|nooit|nergens
"""
_ASKED: Final = r"""
why|when|who|whose|has|had|did|have (?:i|you|we|they|(?:\w+ ){1,4}been)|was|were|is|are|am|does|should|shall i|shall we|what|how|which
is it|are there|do (?:i|we|you|they)|may i|might|can (?:it|this|that|they|the)|could (?:it|this|they)
warum|wieso|weshalb|wann|wer|was|wie|wurde|wurden|hat|haben|habt|ist|sind|war|waren|soll(?:te)? ich
soll(?:te)?n wir|darf|muss ich|gibt es
pourquoi|quand|qui|est-ce|est-il|est-elle|a-t-\w+|ont-\w+|avez-vous|as-tu|dois-je|devrais-je|puis-je
comment|combien|que se passe|qu'est-ce|c'est(?=[^.!?]{0,200}\?)|y a-t-il
por qué|por que|cuándo|cuando|quién|ha|han|has|hay|fue|está|están|debería|debo|puedo|qué|cómo|se ha
perché|perche|quando|chi|è|sono|hanno|hai|ho|dovrei|devo|posso|cosa|come|che
porque|por quê|quem|foi|foram|já|está|estão|devo|deveria|posso|o que|como|tem
waarom|wanneer|wie|wat|hoe|is|zijn|heeft|hebben|werd|werden|moet ik|zal ik|zou ik|mag ik|kan ik
"""
_TOLD: Final = r"""
already|yesterday|last (?:week|month|year|night|time|monday|tuesday|wednesday|thursday|friday)|ago
earlier today|this morning|(?:i|we|he|she|they|you|it)(?:'ve| have|'d| had) (?:just |already )?\w+ed
(?:he|she|they|somebody|someone|my \w+|our \w+|the \w+) (?:says?|said|told|wants?|wanted|asked|will)
what if|if i|if we|if you|if he|if she|if they|if it|suppose|supposing|imagine|hypothetically|in case
too (?:long|much|many|late|early|expensive|short|few|little)
(?:says?|said|reads?|writes?|wrote|states|stated|like this|as follows|(?:an|the|my|your|for) examples?|printed|written)[^.!?:]{0,40}:(?= )
(?:that|this|which)(?:['\u2019]d| would) be(?! (?:so |very |really |just )?(?:great|all|nice|lovely|perfect|it|good|kind|wonderful|fantastic|brilliant|super|helpful|awesome|much|ideal|fine|for)\b)
it(?:['\u2019]d| would) be (?:mad|madness|crazy|silly|stupid|foolish|unwise|wrong|insane|absurd|funny|ridiculous|a (?:shame|pity|mistake|joke|scandal|sin))
(?:das |es |dies )?w[äa]e?re(?! (?:es |sehr |wirklich |ganz |so )?(?:nett|toll|alles|super|lieb|prima|m[öo]e?glich|gut|sch[öo]e?n|klasse|perfekt|freundlich)\b)
serait(?! (?:possible|gentil|super|bien|parfait|bon|id[ée]al|g[ée]nial)\b)|ser[ií]a(?! (?:posible|genial|bueno|perfecto|tan amable|amable|ideal|todo|poss[ií]vel|[óo]timo|bom|perfeito|gentil|tudo)\b)
sarebbe(?! (?:possibile|bello|ottimo|gentile|perfetto|tutto|fantastico)\b)|ni \w+(?:lo|la|los|las|le)
(?:thanks|thank you|thx|cheers) (?:\w+ ){0,3}for|danke (?:\w+ ){0,2}(?:f[üu]e?rs?|dass)|merci (?:\w+ )?(?:pour|d['\u2019]avoir|de m['\u2019]avoir)|gracias (?:\w+ )?por
grazie (?:\w+ )?(?:per|di aver\w*)|obrigad[oa] (?:\w+ )?(?:por|pel[oa])|(?:bedankt|dank je|dank u) (?:\w+ )?voor
as we speak|(?:is|are|am|\w+['\u2019](?:s|re|m)) (?:already |just )?(?:handling|seeing to|doing|on) (?:it|that|this|them)|under ?way|gerade dabei|en train de
would happen|should(?:'ve| have) been|i wish|it'?d be nice|would be nice|one day|some day|someday|i'?m going to|we'?re going to
(?:i|we)'?ll (?!(?:bring|collect|fetch|pay|pick)\b)\w+ (?:it|that|this|them|those)|myself|ourselves|i (?:was|were) (?:going|about)|thinking (?:of|about)|wondering|curious
gestern|vorgestern|schon|bereits|letzte\w* \w+|angenommen|falls|wenn ich|wenn wir|wenn man|selbst|selber
hier (?:soir|matin)|d'hier|déjà|la semaine dernière|si je|si on|si nous|moi-même|supposons|imaginons
ayer|ya|la semana pasada|si yo|si nos|yo mism[oa]|supongamos|imagina
ieri|già|la settimana scorsa|se io|io stess[oa]|supponiamo|immagina
ontem|já|na semana passada|se eu|eu mesm[oa]|suponha|imagine
gisteren|vorige week|als ik|als we|stel dat|zelf
"""


def words(table: str) -> str:
    """The lines of a table as alternatives."""
    return "|".join(part for line in table.split("\n") for part in line.split("|") if part)


_CUES: Final = re.compile(rf"(?<!\w)(?:{words(_DENIED)}|{words(_TOLD)})(?!\w)", re.IGNORECASE)
# What comes before the word that makes a sentence a question.
_OPENING: Final = (
    r"(?:hi|hey|hello|ok|okay|so|and|but|well|sorry|please|thanks|und|aber|et|mais|y|e|en)"
)
# Behind a comma, without a question mark, such a word only goes on: "job 12, which is late", "and so did 70".
_GOES_ON: Final = (
    r"(?:which|who|whose|(?:so )?(?:did|has|had|have|was|were|is|are|does|ist|sind|war|waren|hat|haben|wurden?)"
    r"(?! (?:it|that|this|they|there|you|he|she|i|we|the|my|es|das|der|die|ich|wir|sie|ihr|er)\b)"
    r"|è|sono|hanno|ha|han|hay|está|están|foi|foram|estão|tem|zijn|heeft|hebben)(?!\w)[^?]*$"
)
# Every repetition has a bound or gives nothing back: a message may be written to take long.
_OPENED: Final = rf"(?:{_OPENING}(?:, ?| )){{0,4}}"
_QUESTION: Final = re.compile(
    rf"(?:^|[.!?;:¿]|,(?! {_OPENED}{_GOES_ON})) ?{_OPENED}(?:{words(_ASKED)})(?!\w)", re.IGNORECASE
)
# "That was 200 euros, right?"
_TAGGED: Final = re.compile(
    r"(?<!\w)(?:right|correct|true|huh|eh|(?:is|was|does|did|has|are|were)n['\u2019]?t (?:it|that|they)"
    r"|nicht wahr|oder|n['\u2019]est-ce pas|verdad|vero|certo|toch) ?\?$",
    re.IGNORECASE,
)
# "And VR205?" may be a wish or a question.
_ELLIPTIC: Final = re.compile(
    r"(?:and|or|what about|how about|und|et|y|e|en)\b[^.!?]{0,60}\?$", re.IGNORECASE
)
# A sentence with a question mark that is a wish all the same: "could you ship it?"
_SENTENCE: Final = re.compile(r"[^.!?]*+\?")
_REQUESTED: Final = re.compile(
    r"(?<!\w)(?:(?:can|could|would|will|may|might|can'?t|couldn'?t|won'?t) (?:you|u|ya|we|i|someone|somebody|anyone|one of you)"
    r"|please|pls|plz|mind|any chance|possible|(?:kannst|können|könntest|könnten|könntet|würdest|würden|magst|möchtest) (?:du|sie|ihr|wir)"
    r"|darf ich|kann ich|bitte|peux|pouvez|pourrais|pourriez|puis-je|s['\u2019]il|svp|voulez|veux|puedes?|podrías?|podrían|pueden"
    r"|me \w+s|por favor|puoi|può|potresti|potrebbe|potete|mi \w+i|per favore|pode|podes|podia|poderia|podem|consegues?"
    r"|kun|kunt|kan|zou|wil|wilt|kunnen|alsjeblieft|alstublieft)(?!\w)",
    re.IGNORECASE,
)
# What is so, in one sentence: "it is 19 degrees in the study".
_STATED: Final = re.compile(
    rf"(?:{_OPENING}(?:, ?| )){{0,4}}(?:(?:it|this|that|there)(?:['\u2019]s| is| are)|es (?:ist|sind|gibt)"
    r"|das ist|c['\u2019]est|il (?:est|y a|fait)|hay|está|è|c['\u2019]è|é|het is|er (?:is|zijn))"
    r"(?!\w)(?:[^.!?]|[.!?](?! ))*+$",
    re.IGNORECASE,
)
# What somebody will do without us: "actually I'll just phone you". Whoever will take or need
# something answers.
_ANNOUNCED: Final = re.compile(
    r"(?:\W*(?:actually|no|well|ok(?:ay)?|hm+|then|so|sorry)\b)*\W*(?:i|we)(?:['\u2019]ll| will"
    r"|(?:['\u2019]?m|['\u2019]?re| am| are) going to)\b"
    r"(?! (?:take|have|need|go for|go with|want|be|pay|say|use|choose|pick|tell|send|give|like))",
    re.IGNORECASE,
)
# Who begins so wants to be shown something: "pull up booking VNA207".
_LOOKED: Final = r"""
show|display|view|(?:pull|bring|call|look)(?: \w+)? up|look (?:at|for|into)|search|find|locate|check(?! (?:\S+ ){0,3}(?:in|out)\b)
(?:have|take|get) a look|tell me|read me|give me (?:the |an? )?(?:details|status|overview|list|info\w*|summary)|list (?:all|the|my|our|every)
zeig\w*|such\w*|finde?|schau\w*|sieh|guck\w*|nenn\w*|sag (?:mir|uns)|montre\w*|affiche\w*|cherche\w*|trouve\w*|consulte\w*|regarde\w*
mu[eé]str\w*|ens[eé]ñ\w*|busca\w*|encuentr\w*|mira|consult[ae]\w*|mostr\w*|cerca\w*|trova\w*|guarda|visualizza|fammi vedere
procur\w*|encontr\w*|veja|toon|laat (?:\w+ )?zien|zoek|vind|bekijk
"""
_LOOKS: Final = re.compile(
    rf"(?:^|[.!?;] ){_OPENING}?(?:, ?| )?(?:(?:please|pls|kindly|just|now)(?:, ?| ))?"
    r"(?:(?:can|could|would|will) (?:you|we|i) )?(?:(?:please|pls|just|quickly) )?"
    rf"(?P<verb>{words(_LOOKED)})(?!\w)",
    re.IGNORECASE,
)
# Nobody words a plain wish at such length, and what is longer costs more to read.
LONGEST: Final = 2000
_TAG: Final = 40


def may_be_no_wish(text: str) -> bool:
    """Whether a message may deny, ask about, tell of or imagine something."""
    if len(text) > LONGEST or may_not_be_meant(text):
        return True
    line = _one_line(text)
    return any(
        (_QUESTION.search(line), _TAGGED.search(line[-_TAG:]), _ELLIPTIC.match(line), _asks(line))
    )


def may_not_be_meant(text: str) -> bool:
    """Whether a message, or the beginning of a long one, may deny, tell of or imagine something."""
    return bool(_CUES.search(_one_line(text[:LONGEST])))


def _asks(line: str) -> bool:
    """Whether a sentence has a question mark, and is no polite wish."""
    return any(not _REQUESTED.search(each[0]) for each in _SENTENCE.finditer(line))


def announces(text: str) -> bool:
    """Whether a message says what the user is going to do instead."""
    return bool(_ANNOUNCED.match(_one_line(text[:LONGEST])))


def looks(text: str) -> str | None:
    """The word by which a message wants to be shown something, if it begins a sentence so."""
    found = _LOOKS.search(_one_line(text[:LONGEST]))
    return found["verb"] if found else None


def states(text: str) -> bool:
    """Whether a message only says how something is."""
    return bool(_STATED.match(_one_line(text[:LONGEST])))


def _one_line(text: str) -> str:
    return " ".join(text.replace("\n", "; ").split())

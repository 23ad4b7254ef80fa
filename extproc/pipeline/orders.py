"""Whether a message has the form of an order: it tells somebody to do something, asks for it, or only names it.

The words that deny, ask, tell or joke are never all known (`cues`, `taken_back`); the forms in which people
order something are few. Who uses none of them ("far be it from me to cancel it", "a poster reads: one tanker,
Birch Street") may want nothing done, so that whatever else he says is asked back.

- He tells: a clause begins with a verb, one of these or one of the target's own name.
- He asks for it: please, could you, I want, I need.
- He names it: values, small words and words of the target, and no more.

In seven languages. Other languages than English tell by their verb, too, in a hundred forms: there a clause
counts that begins with no word of those that begin a statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline.cues import words
from extproc.pipeline.sameness import LITTLE, SAME, says_nothing
from extproc.pipeline.words import STEM, is_slip_of, overlaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_ASKED_FOR: Final = r"""
please|pls|plz|kindly|(?<=^)(?:can|could|would) \w+ (?:do|take|get|have|be|drive|go|come|play|lead|give)|(?:can|could|would|will|may|might|can'?t|couldn'?t|won'?t) (?:you|u|ya|i|we|someone|somebody|anyone)|would you mind
(?:i|we)(?:['\u2019]?d| would) (?:also |rather |really |just |still )?(?:like|love|want|need|prefer|have|take)|(?:i|we) (?:also |really |just |still |do |now )?(?:want|need|require|wish|insist|confirm|agree|accept|approve|authori[sz]e|order|book|ask|beg|request|demand|buy|choose|pick|hereby)
(?:i|we)(?:['\u2019]ll| will) (?:also |then )?(?:have|take|need|go (?:for|with))|(?:i|we)(?:['\u2019]ve)? (?:have|need|got|want|wish|like|ask you|beg you) to|(?:i|we) must|let(?:['\u2019]s| us)|what (?:i|we) need
it (?:has|needs|ought) to be|it (?:must|should) be|(?:has|have|need|needs|is|are) to (?:be|go|get|receive|leave|move)|(?:should|must|shall) (?:be|go|get|now|come|have|receive)|(?:needs?|wants?) (?:a|an|the|to|her|his|their|its|two|three|another|some|\d)
go ahead|be so (?:kind|good)|any chance|time (?:to|for)|feel free|if you (?:can|could|would)|make (?:it|that|this|them)|looking to|ready to|here to
bitte|(?:ich|wir) (?:m[öo]e?chten?|h[äa]e?tten?|brauchen?|will|wollen|w[üu]e?rden?|nehmen?|muss|m[üu]e?ssen)|(?:kannst|k[öo]e?nn(?:test|ten|tet|en)|w[üu]e?rde(?:st|n|t)|magst|m[öo]e?chte(?:st|n)) (?:du|sie|ihr|wir)|gerne?|soll(?:en|te|ten)?|muss|mach(?:t|en sie)?
s['\u2019]il (?:te|vous)|svp|stp|merci de|(?:je|nous|on) (?:veux|voudrai[st]|voulons|voudrions|souhait\w+|aimerai[st]|aimerions|prends?|prenons|dois|devons|demand\w+)|il (?:me|nous|lui|leur) (?:faut|faudrait)|j['\u2019](?:aimerais|ai besoin)|(?:peux|pouvez|pourrais|pourriez|veux|voulez)[- ](?:tu|vous)|tu peux|vous pouvez|besoin|faut|doit|doivent
por favor|quier[eo]|queremos|quisier\w+|necesit\w+|(?:me|nos|le|les) (?:gustar[ií]a|hace falta|hacen falta|pone?s?)|(?:puedes?|pueden|podr[ií]as?|podr[ií]an)|hace falta|tengo que|hay que|debe|que sean?
per favore|per piacere|vorre[im]\w*|vogli\w+|(?:ho|abbiamo) bisogno|mi serv\w+|ci serv\w+|(?:puoi|può|potresti|potrebbe|potete)|devo|deve|dobbiamo|bisogna
faz favor|se faz favor|quero|queria|queremos|quer[ií]amos|gostar[ií]a\w*|gostava|preciso|precisamos|(?:pode|podes|podia|podias|poderia|podem)|tem de|tenho de|tem que
graag|alsjeblieft|alstublieft|aub|a\.u\.b|(?:ik|wij|we) (?:wil|willen|moet|moeten|heb .{1,40}? nodig)|(?:kun|kunt|kan|kunnen|zou|wil|wilt) (?:je|jij|u|jullie|ik|we)|moet(?:en)?|mag
"""
_VERBS: Final = """
accept activate add adjust advance allocate allow announce answer append apply approve archive arrange ask assign attach authorise authorize
award ban bill block book borrow bring buy call cancel change charge check clean clear close collect compute configure connect convert copy correct
count excuse create cut deactivate debit decrease deduct delay delete deliver deposit dial dim disable disconnect dismiss dispatch display do donate double download
draft draw drop duplicate email empty enable encrypt end enrol enroll enter erase evict exchange exclude execute expand export extend fax feed fetch file fill
find finish fit fix flag flush forward free freeze fund get give grant grab halt hand hang heat help hire hold import include increase inform insert install
invite invoice issue join jot kick kill launch lay leave lend let lift light limit link list load lock log lower mail make mark measure merge mix modify mount move
mow mute name note notify offer open order pack park pass pause pay pencil permit pick place plan plant play pledge plug polish post postpone pour preorder
prepare print process program promote pull pump purchase push put queue raise reactivate reassign reboot rebook recast recharge reconnect record redeem redirect
reduce refill refund register rehang reject release remind remove rename renew rent repair repeat replace reply report request reroute reschedule reserve reset
resize resolve scrap ditch restart restock restore resume retry return reverse ring roll rotate run save scan schedule sell send serve set sew shift ship shorten show shut
sign slow sort sound split spray start stock stop store stream submit subscribe substitute suspend swap switch take tell terminate text throttle ticket tighten
top track trade train transfer translate transport treat trigger trim try turn unblock undo unfreeze unlock unmute unsubscribe update upgrade upload use vacate
validate verify void vote wake warm wash watch water weigh whitelist wipe wire withdraw wrap write zero reroute change extend hire lend pin pop stick fly
"""
_IMPERATIVES: Final = frozenset(_VERBS.split())
# What begins a statement, and no order.
_STATING_WORDS: Final = """
i we you he she they it this that these those there here my our your his her their its who what which whose the a an some any no
nobody somebody someone everybody everyone one both all each most many much few nothing something anything everything
far not never neither nor as if when while because since although though unless imagine suppose guess look listen remember
ich du er sie es wir ihr man wer was das der die den dem des ein eine einen einem einer mein meine meinen dein deine sein seine
unser unsere euer eure jemand niemand alle beide dies diese dieser dieses kein keine keinen nicht nie als wenn weil obwohl dass hier dort da
je j tu il elle on nous vous ils elles ce c cela ça le la les l un une des du mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs
qui que quoi personne tout tous rien ne n pas jamais si quand parce comme voici voilà
yo tú tu él ella ello nosotros vosotros ellos ellas usted ustedes el los las lo un una unos unas mi mis su sus nuestro nuestra
este esta estos estas ese esa eso aquel aquella quien nadie alguien todo todos nada no nunca si cuando porque como aquí ahí
io lui lei noi voi loro il gli i uno questo questa questi queste quello quella quei mio mia miei suo sua nostro nostra chi che cosa
nessuno qualcuno tutto tutti niente non mai se perché ecco qui
eu ele ela nós eles elas o os as um uma uns umas meu minha meus minhas seu sua nosso nossa este esse isto isso aquele aquilo quem
ninguém alguém tudo todos não nunca se quando aqui
ik jij je hij zij ze wij we jullie u het de een mijn jouw zijn haar ons onze hun dit dat deze die wie wat niemand iemand iedereen alles
niet nooit als toen omdat hoewel hier daar er
"""
_STATING: Final = frozenset(_STATING_WORDS.split())
_OPENINGS_WORDS: Final = """
hi hey hello good morning evening afternoon dear ok okay so and but then well right now also just quickly great thanks thank you yes yeah
sure alright oh ah um hm actually instead rather next first finally lastly maybe perhaps fine perfect cool sorry ahem today tonight tomorrow
unfortunately sadly leider malheureusement lamentablemente purtroppo infelizmente helaas immediately asap urgent urgently again once more too still only simply
und aber dann jetzt nun noch also ja hallo guten tag morgen abend danke ach doch lieber zuerst heute sofort auch moin nur einfach
et mais alors puis donc maintenant bonjour salut bonsoir oui merci plutôt aussi encore aujourd'hui euh donc d'accord
y e pero entonces luego ahora hola buenos buenas días tardes noches sí gracias mejor también otra vez hoy vale así que
ma allora poi adesso ora ciao buongiorno buonasera sì grazie anche ancora oggi piuttosto invece dai quindi
mas então depois agora olá bom boa dia tarde noite sim obrigado obrigada também hoje antes
en maar dan nu hallo hoi goedemorgen goedendag ja bedankt ook nog eens vandaag liever dus
"""
_OPENINGS: Final = frozenset(_OPENINGS_WORDS.split())
_REQUEST: Final = re.compile(rf"(?<!\w)(?:{words(_ASKED_FOR)})(?!\w)", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"(?:[^.,;:!?\n…()\u2013\u2014-]|(?<=\w)[.,:'\u2019-](?=\w))+")
_JOINT: Final = re.compile(r"\s(?:then|so|but|dann|puis|luego|poi|dan)\s", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")
_CODE: Final = re.compile(r"\s*#?[\w-]*\d")
# Beside small words, where values are said alone.
_BESIDE_WORDS: Final = """
no not never more less fewer than later earlier higher lower least most up only just min max minimum maximum about around exactly into onto
another other others else next both each all too also plus without per between from until till till off out via
mindestens höchstens maximal minimal nur ohne noch bis pro au moins plus sans seulement al menos como máximo mínimo sin sólo solo hasta
almeno al massimo senza pelo menos sem só apenas minstens hoogstens maximaal zonder alleen tot
"""
_BESIDE: Final = frozenset(_BESIDE_WORDS.split())
# Small words of the six other languages, and of English: whose there are more says which it is.
_ELSEWHERE_WORDS: Final = """
für mit und der die das den dem auf zum zur von vom nach bei im ein eine einen um ab bis am le la les des du pour avec au aux sur et une dans
el los las del con por para al en una y e desde hasta il lo gli della dalla alla dal alle dalle per di da do dos das ao à às até uma com em
o het een van naar voor op met aan de un os na no dans nell nella sulla pelo pela
"""
_ELSEWHERE: Final = frozenset(_ELSEWHERE_WORDS.split())
_ENGLISH_WORDS: Final = "the of to for on at is and with from by my it be"
_IN_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())


def is_order(
    text: str, said: Sequence[tuple[int, int]], verbs: Iterable[str], about: Iterable[str]
) -> bool:
    """Whether a message has the form of an order.

    `said`: where its values stand; `verbs`: names and descriptions of its targets, of which the first word counts;
    `about`: all their words.
    """
    own = {name.split()[0][:STEM].casefold() for name in verbs if name.strip()}
    clauses = list(_clauses(text))
    foreign = _is_foreign(text)
    # "Spedisci P77": what else would one word and a value say?
    first = min((start for start, _ in said), default=0)
    bare = bool(said) and all(
        sum(word not in LITTLE | _OPENINGS for word in _outside(text, 0, end, said)) == 1
        for end in (first, len(text))
    )
    return (
        _REQUEST.search(text) is not None
        or any(is_slip_of("please", found[0].casefold()) for found in _WORD.finditer(text))
        or any(_tells(text[start:end], own, foreign=foreign, bare=bare) for start, end in clauses)
        or _names_alone(text, clauses, said, {*about})
    )


def _is_foreign(text: str) -> bool:
    """Whether a message is more likely in one of the six other languages than in English."""
    found = [each[0].casefold() for each in _WORD.finditer(text)]
    return sum(word in _ELSEWHERE for word in found) > sum(word in _IN_ENGLISH for word in found)


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    for clause in _CLAUSE.finditer(text):
        start = clause.start()
        for joint in _JOINT.finditer(text, *clause.span()):
            yield start, joint.start()
            start = joint.end()
        yield start, clause.end()


def _tells(clause: str, own: set[str], *, foreign: bool, bare: bool) -> bool:
    """Whether a clause begins with a verb that orders, be it behind a word of greeting."""
    for found in _WORD.finditer(clause):
        word = found[0].casefold()
        if word[:STEM] in own or word in _IMPERATIVES:
            return True
        if word not in _OPENINGS:
            told = bare or (foreign and not _CODE.match(clause, found.end()))
            return told and word not in _STATING
    return False


def _names_alone(
    text: str, clauses: Iterable[tuple[int, int]], said: Sequence[tuple[int, int]], about: set[str]
) -> bool:
    """Whether up to its first value it has but values, small words and words of what it is about."""
    for start, end in clauses:
        if not all(
            word in LITTLE or word in _BESIDE or word in _OPENINGS or SAME.fullmatch(word)
            or says_nothing(word, about)
            for word in _outside(text, start, end, said)
        ):  # fmt: skip
            return False
        if overlaps(said, start, end):
            return True
    return False


def _outside(text: str, start: int, end: int, said: Sequence[tuple[int, int]]) -> list[str]:
    """The words of a part of the text that are of no value."""
    return [
        found[0].casefold() for found in _WORD.finditer(text, start, end)
        if not overlaps(said, *found.span())
    ]  # fmt: skip

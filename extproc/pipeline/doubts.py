"""Reasons to ask back before something is changed, whatever the models say of it.

A question too many costs a word; a call too many may cost money. So a message that might deny,
ask about, tell of or only imagine what a call would do is never enough for the call, and
neither is one with words that the call does not account for. All this is read off the words:
what is wrong here asks back once more, and nothing worse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline import transcript
from extproc.pipeline.words import items, plain, says
from modelserver.schema import humanized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extproc.contract import Parameter
    from extproc.exchange import Exchange, Planned

# English, German, French, Spanish, Italian, Portuguese, Dutch.
_DENIED: Final = r"""
don'?t|do not|doesn'?t|does not|didn'?t|did not|never|not(?! sure| only| just)|nobody|no one|nothing|no longer|no need
can'?t|cannot|won'?t|wouldn'?t|shouldn'?t|mustn'?t|isn'?t|aren'?t|wasn'?t|hasn'?t|haven'?t|hadn'?t
i refuse|wait|rather|hold off|hold on|leave it|leave them|rather than|refrain|avoid|without me|forget about
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
comment|combien|que se passe|qu'est-ce|c'est|y a-t-il
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
would happen|i wish|it'?d be nice|would be nice|one day|some day|someday|i'?m going to|we'?re going to
(?:i|we)'?ll \w+ (?:it|that|this|them|those)|myself|ourselves|i (?:was|were) (?:going|about)|thinking (?:of|about)|wondering|curious
gestern|vorgestern|schon|bereits|letzte\w* \w+|angenommen|falls|wenn ich|wenn wir|wenn man|selbst|selber
hier (?:soir|matin)|d'hier|déjà|la semaine dernière|si je|si on|si nous|moi-même|supposons|imaginons
ayer|ya|la semana pasada|si yo|si nos|yo mism[oa]|supongamos|imagina
ieri|già|la settimana scorsa|se io|io stess[oa]|supponiamo|immagina
ontem|já|na semana passada|se eu|eu mesm[oa]|suponha|imagine
gisteren|vorige week|als ik|als we|stel dat|zelf
"""


def _words(table: str) -> str:
    return "|".join(part for line in table.split("\n") for part in line.split("|") if part)


_CUES: Final = re.compile(rf"(?<!\w)(?:{_words(_DENIED)}|{_words(_TOLD)})(?!\w)", re.IGNORECASE)
# What comes before the word that makes a sentence a question.
_OPENING: Final = (
    r"(?:hi|hey|hello|ok|okay|so|and|but|well|sorry|please|thanks|und|aber|et|mais|y|e|en)"
)
# Every repetition has a bound or gives nothing back: a message may be written to take long.
_QUESTION: Final = re.compile(
    rf"(?:^|[.!?;:,¿]) ?(?:{_OPENING}(?:, ?| )){{0,4}}(?:{_words(_ASKED)})(?!\w)", re.IGNORECASE
)
# Numbers, codes, days: what somebody says is meant for something.
_VALUE: Final = re.compile(r"(?<!\w)\w[\w.,:/@-]*+")
_NEGATOR: Final = re.compile(
    r"(?<!\w)(?:without|no|not|skip|sans|ohne|kein\w*|sin|senza|sem|zonder|geen|don'?t|never)"
    r"\W{1,3}(?:\w+\W{1,3}){0,2}$",
    re.IGNORECASE,
)
# Nobody words a plain wish at such length, and what is longer costs more to read.
_LONGEST: Final = 2000
_SENTENCE: Final = re.compile(r"[.!;]\s|^\w+,\s")
_STEM: Final = 5
_SHORT: Final = 4


def doubtful(exchange: Exchange) -> bool:
    """Whether a plan that changes something is to be asked back for its words alone."""
    changes = [planned for planned in exchange.plan if planned.target.changes]
    last = exchange.request.last_user
    if not changes or last is None:
        return False
    text = exchange.request.messages[last].text
    return (
        len(exchange.plan) > 1
        or is_no_plain_wish(text[_turned(exchange, text, last) :])
        or any(_unclear(planned, text) for planned in changes)
        or _leaves_values(exchange, text, last)
    )


def _turned(exchange: Exchange, text: str, last: int) -> int:
    """Where a reply to a question of ours comes to its own wish.

    "Better not. Restart haproxy instead." turns down what was asked, and no more than that.
    """
    if transcript.answered(exchange) is None or exchange.decision is None:
        return 0
    begins = [
        evidence.start
        for call in exchange.decision.calls for evidence in call.evidence.values()
        if evidence.message == last
    ]  # fmt: skip
    ends = [found.end() for found in _SENTENCE.finditer(text[: min(begins, default=0)])]
    return max(ends, default=0)


def is_no_plain_wish(text: str) -> bool:
    """Whether a message may deny, ask about, tell of or imagine something."""
    return len(text) > _LONGEST or denies(text) or bool(_QUESTION.search(_one_line(text)))


def denies(text: str) -> bool:
    """Whether a message, or the beginning of a long one, may deny, tell of or imagine something."""
    return bool(_CUES.search(_one_line(text[:_LONGEST])))


def _one_line(text: str) -> str:
    return " ".join(text.replace("\n", "; ").split())


def _unclear(planned: Planned, text: str) -> bool:
    """Whether a call and the last message disagree about one of its parameters."""
    return _has_twins(planned) or any(
        _disagrees(parameter, planned, text) for parameter in planned.target.parameters
    )


def _has_twins(planned: Planned) -> bool:
    """Two like parameters with one value: of "from A to B" both were read as B."""
    given = [
        (
            parameter.type,
            parameter.format,
            parameter.enum,
            plain(planned.arguments[parameter.name]),
        )
        for parameter in planned.target.parameters
        if parameter.name in planned.arguments
        and parameter.name not in planned.defaults
        and parameter.type in ("string", "integer")
    ]
    return len(set(given)) < len(given)


def _disagrees(parameter: Parameter, planned: Planned, text: str) -> bool:
    value = planned.arguments.get(parameter.name)
    if parameter.type == "boolean":
        said = _named(parameter, text)
        return said is not None and value is not (not _NEGATOR.search(text[:said]))
    if parameter.enum:
        chosen = {plain(item) for item in items(value)}
        others = {plain(item) for each in planned.arguments.values() for item in items(each)}
        said_too = {choice for choice in map(plain, parameter.enum) if says(text, choice)}
        if said_too - chosen - others:
            return True
    return parameter.name in planned.defaults and _named(parameter, text) is not None


def _named(parameter: Parameter, text: str) -> int | None:
    """Where the message speaks of a parameter by a word of its name."""
    for word in humanized(parameter.name).split():
        if len(word) >= _SHORT:
            found = re.search(rf"(?<!\w){re.escape(word[:_STEM])}", text, re.IGNORECASE)
            if found:
                return found.start()
    return None


def _leaves_values(exchange: Exchange, text: str, last: int) -> bool:
    """Whether the last message says a number, code or day that no call has taken."""
    calls = exchange.decision.calls if exchange.decision else ()
    taken = [
        (evidence.start, evidence.end)
        for call in calls for evidence in call.evidence.values()
        if evidence.message == last
    ]  # fmt: skip
    given = {
        plain(item)
        for planned in exchange.plan
        for value in planned.arguments.values()
        for item in items(value)
    }
    return any(
        plain(said) not in given
        and not any(start < at + len(said) and at < end for start, end in taken)
        for at, said in _values(text)
    )


def _values(text: str) -> Iterator[tuple[int, str]]:
    """The numbers, codes and days of a text, each with its place."""
    for found in _VALUE.finditer(text):
        said = found[0].rstrip(".,:/-")
        if any(letter.isdecimal() for letter in said):
            yield found.start(), said

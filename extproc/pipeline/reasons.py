"""Why somebody wishes something, told in a clause of its own: "we can't come", "it doesn't fit".

Such a clause denies, and yet denies nothing of what the rest of the message asks for. What may
speak of the wish itself is none: a clause in which somebody says, thinks, asks or decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a clause ends. A comma between figures is part of a number.
_CLAUSE: Final = re.compile(r"(?:[^.,;:!?\n]|(?<=\d)[.,:](?=\d))+")
_AND_SO: Final = re.compile(
    r"\s(?:so|therefore|hence|also|deshalb|donc|así que|quindi|então|dus)\s"
)
_OPENING: Final = r"""
    (?:(?:hi|hello|sorry|unfortunately|sadly|but|and|because|since|as|well|oh|i'm\ afraid|leider|aber|weil
    |malheureusement|mais|lamentablemente|pero|purtroppo|ma|infelizmente|mas|helaas|maar)\s)*
"""
_SOMEBODY: Final = (
    r"(?:i|we|he|she|they|it|(?:my|our|his|her|their|the|this|that)(?:\s[\w'-]+){1,2}?)"
)
_DENIES: Final = r"""
    (?:can'?t|cannot|can\ not|couldn'?t|won'?t(?:\ be\ able\ to)?|will\ not(?:\ be\ able\ to)?|(?:a|i|are|is|was|were)n'?t
    |'?m\ not|'?re\ not|'?s\ not|am\ not|are\ not|is\ not|don'?t|doesn'?t|do\ not|does\ not|didn'?t|haven'?t|hasn'?t|no\ longer)
"""
# "Ich kann nicht kommen": somebody who cannot come, be there, attend.
_ELSEWHERE: Final = r"""
    (?:ich|wir|er|sie|mein\w*\s\w+|unser\w*\s\w+)\s(?:kann|können|schaff\w*\s?e?s?)\b(?:\s\w+){0,3}?\s?nicht\b(?:\s(?:mehr\s)?(?:kommen|teilnehmen|dabei\ sein|da\ sein))?$
    |(?:je|nous|on|il|elle|mon\s\w+|ma\s\w+)\sne\s(?:peux|pouvons|peut|pourrai|pourrons|pourra)\s(?:pas|plus)\s(?:venir|être|y\ aller|participer|assister)
    |no\s(?:puedo|podemos|puede|podré|podremos|podrá)\s(?:ir|venir|asistir|estar|llegar)
    |non\s(?:posso|possiamo|può|potrò|potremo|potrà|riesco|riusciamo)\s(?:a\s|più\s)?(?:venir|esser|partecipar|arrivar)\w*
    |n[ãa]o\s(?:posso|podemos|pode|poderei|poderemos|vou\ poder|vamos\ poder|consigo|conseguimos)\s(?:ir|vir|comparecer|estar|participar)
    |(?:ik|we|wij|hij|ze|zij|mijn\s\w+)\s(?:kan|kunnen)\b(?:\s\w+){0,3}?\s?niet\b(?:\s(?:meer\s)?(?:komen|meedoen|aanwezig\ zijn|erbij\ zijn))?$
"""
_REASON: Final = re.compile(
    rf"\s*{_OPENING}{_SOMEBODY}\s?(?:\w+ly\s|really\s|just\s)?{_DENIES}(?!\w)",
    re.IGNORECASE | re.VERBOSE,
)
_REASON_ELSEWHERE: Final = re.compile(rf"(?<!\w)(?:{_ELSEWHERE})", re.IGNORECASE | re.VERBOSE)
# Behind the wish a denial may take it back ("it isn't needed"): there only who cannot come tells why.
_CANNOT_COME: Final = re.compile(
    rf"\s*{_OPENING}(?:i|we|he|she|they|my\s\w+)\s(?:can'?t|cannot|won'?t\sbe\sable\sto|can\snot)\s"
    r"(?:come|make\s(?:it|that)|attend|go|be\sthere|travel|fly)(?!\w)",
    re.IGNORECASE | re.VERBOSE,
)
_OF_THE_WISH: Final = re.compile(
    r"(?<!\w)(?:say|said|tell|told|think|ask|asked|mean|meant|decide|decided|sure|remember|agree|agreed|believe"
    r"|know|want|wanted|like|wish|care|mind|need you|approve|approved|allow|allowed|confirm|confirmed|certain"
    r"|ready|authori[sz]\w*|order|ordered|request|requested|do it|do that|you|it to|them to)(?!\w)",
    re.IGNORECASE,
)
# "We don't like it", "I don't want the big one": of a thing, not of what is to be done.
_OF_A_THING: Final = re.compile(
    r"(?<!\w)(?:like|want|need|know)\s(?:it|them|this|that|this one|the (?:colou?r|size|taste|smell))(?:\s(?:any ?more|at all|any longer|after all))?\s*$",
    re.IGNORECASE,
)


def places(text: str, wish: int) -> Iterator[tuple[int, int]]:
    """Where a message tells a reason that denies something; `wish` is where its wish begins."""
    for clause in _CLAUSE.finditer(text):
        for start, end in _parts(clause):
            said = text[start:end].replace("\u2019", "'")
            if elsewhere := _REASON_ELSEWHERE.search(said):
                yield start + elsewhere.start(), end
            elif _is_reason(said, behind=start > wish):
                yield start, end


def _is_reason(said: str, *, behind: bool) -> bool:
    if behind:
        return _CANNOT_COME.match(said) is not None
    of_the_wish = _OF_THE_WISH.search(said) and not _OF_A_THING.search(said)
    return not of_the_wish and _REASON.match(said) is not None


def _parts(clause: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The clause before "so" and that after it."""
    start = clause.start()
    for joint in _AND_SO.finditer(clause.string, *clause.span()):
        yield start, joint.start()
        start = joint.start()
    yield start, clause.end()

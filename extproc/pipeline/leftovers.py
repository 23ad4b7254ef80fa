"""What a message says, a call does not account for, and would change what it does.

A number that nobody took is meant for something; "switch it off when I leave" is no wish for now,
and "30 euros every day" no order for each month.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extproc.pipeline import replies
from extproc.pipeline.words import as_said, items, overlaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extproc.exchange import Exchange

    Spans = Sequence[tuple[int, int]]

# Numbers, codes, days: what somebody says is meant for something.
_VALUE: Final = re.compile(r"(?<!\w)\w[\w.,:/@-]*+")

# English, German, French, Spanish, Italian, Portuguese, Dutch. Something follows, be it a value: "until Monday".
_CONDITIONS: Final = re.compile(
    r"""(?<!\w)(?:
    if(?!\ (?:possible|need\ be|you\ (?:please|can|could|would|will|like|don'?t\ mind)|(?:that|it)(?:['\u2019]s|\ is)\ (?:ok|okay|fine|possible|all\ ?right|alright)))|unless|when|whenever|once|as\ soon\ as|after|before|until|till|while(?!\ (?:i|we|you)\ (?:remember|think|have\ you)|\ (?:i|we|you)['\u2019](?:m|re)\ at\ it)|except|provided|only\ if
    |wenn|falls|sobald|solange|nachdem|bevor|bis|außer|quand|lorsque|dès\ que|jusqu'\w+|après|avant|sauf
    |cuando|hasta|después|antes|salvo|excepto|quando|finché|dopo|prima|tranne|até|depois|exceto
    |wanneer|zodra|zolang|totdat|tenzij|behalve
    )(?!\w)(?=[^.!?\n]*\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_OFTEN: Final = re.compile(
    r"""(?<!\w)(?:
    every|each(?=\ \w)(?!\ (?:of|other|on|in|to|for|at|with|and|please|pls))|daily|weekly|monthly|yearly|hourly|nightly|annually|twice|regularly|again\ and\ again
    |jede[nrs]?|täglich|wöchentlich|monatlich|jährlich|stündlich|zweimal|chaque|tous\ les|toutes\ les
    |cada|todos\ los|todas\ las|diariamente|ogni|tutti\ i|tutte\ le|todo\ dia|todos\ os|todas\ as
    |elke|iedere|dagelijks|wekelijks|maandelijks
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
# What is added after the wish: "and wipe all its settings".
_ADDED: Final = re.compile(
    r"\s(?:and|then|und|dann|et|puis|y|luego|e|poi|en|dan)\s(?P<clause>(?!while\s)[^.,;:!?\n]*+)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_LEAST_WORDS: Final = 3
_NEXT_PART: Final = re.compile(r" [^\W\d_a-zß-ÿ][^\W\d_]+(?!\w)")
# A condition is taken, too, if a value stands so near behind it: "until Monday".
_NEAR: Final = 24


def change_it(exchange: Exchange, text: str) -> bool:
    """Whether the last message says something that no call has taken.

    A value, a condition, a repetition, a clause that is added, or the rest of a name.
    """
    taken = [(evidence.start, evidence.end) for _, _, evidence in exchange.newest_evidence()]
    clauses = [planned.clause for planned in exchange.plan if planned.clause]
    given = {
        as_said(item)
        for planned in exchange.plan
        for value in planned.arguments.values()
        for item in items(value)
    }
    read = list(_read(exchange, text))
    return (
        any(as_said(said) not in given and not overlaps(read, at, at + len(said))
            for at, said in _values(text))
        or any(not overlaps(taken, found.start(), found.end() + _NEAR)
               for found in _CONDITIONS.finditer(text))
        or any(not overlaps(taken, *found.span()) for found in _OFTEN.finditer(text))
        or any(_is_more(found["clause"]) and not overlaps([*taken, *clauses], *found.span())
               for found in _ADDED.finditer(text))
        or any(_goes_on(text, *span) and not overlaps(taken, span[1], span[1] + 2)
               for span in taken)
    )  # fmt: skip


def _read(exchange: Exchange, text: str) -> Iterator[tuple[int, int]]:
    """Where values were read: of "-2 db and 4 to -12" a number is the first that stands there."""
    for call, name, evidence in exchange.newest_evidence():
        end = evidence.end
        if type(call.arguments.get(name)) in (int, float):
            values = _values(text[evidence.start : end])
            end = next((evidence.start + at + len(said) for at, said in values), end)
        yield evidence.start, end


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether a name has a next part: "Luca" of "Luca Ferri"."""
    last = text[start:end].rpartition(" ")[2]
    return last[:1].isupper() and last.isalpha() and _NEXT_PART.match(text, end) is not None


def _is_more(clause: str) -> bool:
    """Whether what is added may be something to do, and no thanks."""
    return len(_WORD.findall(clause)) >= _LEAST_WORDS and not replies.is_thanks(clause)


def _values(text: str) -> Iterator[tuple[int, str]]:
    """The numbers, codes and days of a text, each with its place."""
    for found in _VALUE.finditer(text):
        said = found[0].rstrip(".,:/-")
        if any(letter.isdecimal() for letter in said):
            yield found.start(), said

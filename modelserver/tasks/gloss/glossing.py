"""The messages of a conversation in English, word by word, each word in its place.

The model was taught on an English vocabulary; of "Storniere die Buchung FB6103" it knows the code
alone. So a message in one of six other languages is read as "Cancel the booking FB6103". Names,
codes, numbers and what stands in quotes stay as they are. `Message.origin` leads from there to the
words that were said: values are read from those.
"""

# ruff: noqa: RUF001 - people type these quotes
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from cachetools import LRUCache, cached

from modelserver.tasks.gloss.dictionary import GLOSSED, Dictionary, dictionary, is_english
from modelserver.tasks.types import Message, Origin
from modelserver.tasks.values import languages, names

if TYPE_CHECKING:
    from modelserver.schema import Tool

# Nobody words wishes at such length; what is longer is the model's to read as it is.
LONGEST: Final = 2000
_MOST_WORDS: Final = 5
# So many words may stand between the two halves of a negation.
_NEAR: Final = 4
_NONE: Final[frozenset[str]] = frozenset()
_LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
_LOOKED_AT: Final = 40
# So many words beside each that is known may be none of the language.
_MOST_UNKNOWN: Final = 3
# A word that is part of a code, an address or a path is none.
_WORD: Final = re.compile(r"(?<![\w@/\\.#])[^\W\d_]+(?!\w|[@/\\]|[.:]\w|-\d|_)")
_QUOTED: Final = re.compile(
    r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|„[^“”\n]{1,300}[“”]|«[^»\n]{1,300}»|`[^`\n]{1,300}`"
    r"|(?<!\w)['‘][^'’\n]{1,300}['’](?!\w)"
)
# "31 de dezembro de 2027" is "31 december 2027".
_DATE: Final = re.compile(
    r"(?<!\d)\d{1,2} (?P<of>de|di) (?P<month>[^\W\d_]{3,12})(?: (?P<of_year>del?|di) \d{4})?"
)
_JOINED: Final = re.compile(r"[ \-'’]+")
_CLOSES: Final = re.compile(
    r"\s*(?:$|[.,;:!?)\n])|\s+(?:und|en|bitte|alsjeblieft)\b", re.IGNORECASE
)
# A capital makes a name, but where a sentence opens; in German every noun has one.
_CAPITALS_ARE_NAMES: Final = frozenset({"fr", "es", "it", "pt", "nl"})
_OPENS: Final = re.compile(r"(?:^|[.!?:;\n¿¡(])\W*$")
_OPENING: Final = 4
_TITLES: Final = frozenset({"mr", "mrs", "dr"})
_AFTER_TITLE: Final = re.compile(r"\.? ")


def glossed(messages: Sequence[Message], tools: Sequence[Tool]) -> tuple[Message, ...]:
    """The messages, those in another language in English."""
    if languages.guessed(_told(tools)) not in {None, "en"}:
        return tuple(messages)
    spoken: str | None = None
    chosen = _choices(tools)
    found = []
    for message in messages:
        language = None
        if message.role in {"user", "assistant"} and not message.ours:
            language = spoken_in(message.content, spoken, chosen)
            spoken = language or spoken
        found.append(_in_english(message, dictionary(language), chosen) if language else message)
    return tuple(found)


def _choices(tools: Sequence[Tool]) -> frozenset[str]:
    """The words of choices: whoever says one says it as it is called, in whatever language."""
    return frozenset(
        word.casefold()
        for tool in tools
        for parameter in tool.parameters
        for choice in parameter.enum
        for word in _LETTERS.findall(str(choice))
    )


def _told(tools: Sequence[Tool]) -> str:
    return " ".join(tool.description for tool in tools)


@cached(LRUCache[int, "str | None"](1024), key=lambda *asked: hash(asked))
def spoken_in(
    text: str, before: str | None = None, chosen: frozenset[str] = frozenset()
) -> str | None:
    """The language a message is in, if that is one to be glossed; `before`: that of earlier ones.

    It is the one that knows most of the words which English does not; those of choices are in none. Every turn of a conversation
    asks again; what is remembered is the text's hash, for no prompt is kept.
    """
    if not text or len(text) > LONGEST:
        return None
    said = {match.group().casefold() for match in islice(_LETTERS.finditer(text), _LOOKED_AT)}
    theirs = {word for word in said if not is_english(word)} - chosen
    if not theirs:
        return None
    guessed = languages.guessed(text)
    known = {each: sum(map(dictionary(each).knows, theirs)) for each in GLOSSED}
    best = max(known, key=lambda each: (known[each], each == guessed, each == before))
    english = sum(not dictionary(best).knows(word) for word in said - theirs)
    likely = best in {guessed, before}
    # Of a language hardly any of whose words are known this is a message full of slips, or of names.
    if known[best] * _MOST_UNKNOWN < len(theirs):
        return None
    return best if known[best] > english or (known[best] == english > 0 and likely) else None


def _in_english(message: Message, own: Dictionary, chosen: frozenset[str]) -> Message:
    text = message.content
    pieces: list[tuple[int, int, int, int]] = []
    said: list[str] = []
    length = at = 0
    for start, end, words in _replaced(text, own, chosen):
        said += (text[at:start], words)
        length += start - at
        pieces.append((length, length + len(words), start, end))
        length += len(words)
        at = end
    if not pieces:
        return message
    said.append(text[at:])
    return replace(message, content="".join(said), origin=Origin(text, tuple(pieces)))


def _replaced(text: str, own: Dictionary, chosen: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Where the text has words that English has others for, and those."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found = [m for m in _WORD.finditer(text) if not any(a < m.start() < b for a, b in quoted)]
    folded = [names.folded(match.group()) for match in found]
    dates = {
        match.start(group)
        for match in _DATE.finditer(text)
        for group in ("of", "of_year")
        if names.folded(match["month"]) in names.by_name("months")
    }
    place = 0
    while place < len(found):
        phrase = own.phrase(folded[place : place + _run(text, found, place)])
        count, said = phrase or (
            1,
            _single(text, found[place], own, found[place - 1] if place else None),
        )
        if (
            own.second.get(folded[place], _NONE).intersection(folded[max(0, place - _NEAR) : place])
            or found[place].start() in dates
        ):
            count, said = 1, ""
        if count == 1 and found[place].group().casefold() in chosen:
            said = None
        if said is not None:
            end = found[place + count - 1].end()
            yield found[place].start(), *_spaced(text, end, said)
        place += count


def _run(text: str, found: Sequence[re.Match[str]], place: int) -> int:
    """How many words from here on stand side by side."""
    last = min(len(found), place + _MOST_WORDS)
    for number in range(place + 1, last):
        if not _JOINED.fullmatch(text, found[number - 1].end(), found[number].start()):
            return number - place
    return last - place


def _single(
    text: str, word: re.Match[str], own: Dictionary, before: re.Match[str] | None
) -> str | None:
    """One word in English; a name is none, and nor is what a title stands before: "Frau Keller"."""
    said = word.group()
    if said[0].isupper() and before and _is_title(text, before, word, own):
        return None
    opens = _OPENS.search(text[max(0, word.start() - _OPENING) : word.start()])
    if said[0].isupper() and not opens and own.language in _CAPITALS_ARE_NAMES:
        return None
    return own.word(said.casefold(), closes=bool(_CLOSES.match(text, word.end())))


def _is_title(text: str, before: re.Match[str], word: re.Match[str], own: Dictionary) -> bool:
    english = own.words.get(before.group().casefold())
    return (
        english in _TITLES and _AFTER_TITLE.fullmatch(text, before.end(), word.start()) is not None
    )


def _spaced(text: str, end: int, said: str) -> tuple[int, str]:
    """The end and the words: a space for the sign behind them that joined two words."""
    after = text[end : end + 1]
    if after in {"'", "’", "-"}:
        return end + 1, f"{said} " if said else ""
    return (end + 1, "") if not said and after == " " else (end, said)

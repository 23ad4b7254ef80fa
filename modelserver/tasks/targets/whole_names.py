"""Names and codes with all their words: "Sanne de Wit" where the model reads Sanne, "KD70 WXY" for KD70.

What is written with a capital beside a name, and no other parameter's value, belongs to it. A word
that opens a sentence, a title ("Frau"), a weekday and the name of a kind of thing does not; in
German, where every noun has a capital, only a word that is in no dictionary does, and of a person;
that is a guess.
"""

# ruff: noqa: RUF001 - people type these signs
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from modelserver.tasks.gloss import dictionary
from modelserver.tasks.targets import looks, wording
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import edges, languages, lists, names, particles, spoken, texts, verbs

if TYPE_CHECKING:
    from modelserver.schema import Parameter, Tool
    from modelserver.tasks.types import Evidence, Message, Occasion

_LONGEST: Final = 2000
_MOST_WORDS: Final = 6
# "Anna", "O'Neill", "McArthur", "Smith-Jones"; what is all in capitals is a code.
_NAME: Final = r"(?:[^\W\d_a-zß-ÿ](?=[\w'’-]*[a-zß-ÿ])[^\W\d_]*(?:['’-][^\W\d_]+)*)"
_NEXT: Final = re.compile(
    rf" (?P<small>(?:(?:de|van|von|der|den|da|dos?|del|della|di|le|la|el) ){{0,2}})(?P<word>{_NAME})(?![\w'’@-]|[.:/]\w)"
)
_LAST: Final = re.compile(
    rf"(?<![\w'’@./-])(?P<word>{_NAME}) (?P<small>(?:(?:of|of the|de|de la|del|van|van der?|von|da|di) )?)$"
)
_LAST_OF_TITLE: Final = re.compile(
    rf"(?<![\w'’@./-])(?P<word>{_NAME}) (?P<small>(?:(?:of|of the|of an?|and|and the|de|de la|del) )?)$"
)
_CAPITAL: Final = re.compile(rf"(?:.*[\s])?{_NAME}$", re.DOTALL)
_CAPITAL_FIRST: Final = re.compile(r"[^\W\d_a-zß-ÿ]")
_OPENS: Final = re.compile(r"(?:^|[.!?:;\n¿¡(])[\W]*$")
_BACK: Final = 60
# What may stand in capitals between the words of a name, and never at its ends.
_BETWEEN: Final = {
    "about", "of", "and", "the", "to", "in", "on", "for", "with", "a", "an", "at", "by", "from", "or", "this", "that",
    "it", "he", "she", "we", "you", "they", "my", "our", "your", "his", "her", "their", "is", "are", "was",
}  # fmt: skip
_SAID: Final = """
i ok okay please thanks thank hi hello hey yes no not mr mrs ms miss dr prof professor sir madam doctor also then
if but so as because when where what who how
frau herr herrn doktor bitte danke monsieur madame mme mlle merci señor señora sr sra gracias signor signore
signora grazie senhor senhora obrigado obrigada meneer mevrouw dhr mevr bedankt today tomorrow tonight am pm
asap fyi btw pls now usa gmt utc cet
"""
_NONE: Final = frozenset(map(names.folded, _SAID.split()))
_TITLE: Final = re.compile(r"\b(?:title|film|movie|book|song|play|album|show|series|game|novel)\b")
_TOO_LONG: Final = 12
_NUMBERED: Final = re.compile(r" (?:no\.? ?|nr\.? ?|#)?\d", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SHOUTED: Final = 6
# From where: the name of a place follows it where a "to" follows that.
_GOES_ON: Final = re.compile(rf" (?:{particles.every(particles.TO)})(?!\w)", re.IGNORECASE)
_CODE: Final = re.compile(
    r"(?=[^\s]*[A-Z])(?=[^\s]*\d)[A-Z\d]+(?:-[A-Z\d]+)*|[A-Z]{1,3}-[A-Z]{1,2}"
)
_LETTERS: Final = re.compile(r" (?P<group>[A-Z]{2,4})(?![\w@/-]|[.:]\w)")
_DIGITS: Final = re.compile(
    rf" (?P<group>\d{{1,5}})(?=\s*$|[,;?!)]|\.(?!\d)|\s+(?:{particles.every(particles.PREPOSITION)})\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Around:
    """What may not be taken for a name's words, around one value of a tool."""

    tool: Tool
    parameter: Parameter
    language: str | None
    taken: Sequence[tuple[int, int]]
    """What other values hold of the text."""
    kinds: frozenset[str]
    """The words of the tool, its parameters and their choices."""

    def is_free(self, start: int, end: int) -> bool:
        """Whether no other value holds any of these characters."""
        return not any(a < end and start < b for a, b in self.taken)

    def may_be(self, word: str) -> bool:
        """Whether a word with a capital may be part of a name."""
        plain = names.folded(word)
        if plain in _NONE or plain in self.kinds or word.endswith(("'s", "’s", "'", "’")):
            return False
        if any(plain in names.by_name(kind) for kind in ("weekdays", "months")):
            return False
        if self.language != "de":
            return True
        return len(word) <= _TOO_LONG and dictionary.dictionary("de").word(word.casefold()) is None


def known(
    tool: Tool, readings: Mapping[str, Sequence[Reading]], messages: Sequence[Message],
    occasion: Occasion,
) -> dict[str, list[Reading]]:  # fmt: skip
    """The readings, those of names and codes with all their words."""
    kept = {name: list(many) for name, many in readings.items()}
    for parameter in tool.parameters:
        if not _is_name(parameter):
            continue
        many = kept.get(parameter.name, [])
        for place, reading in enumerate(many):
            others = [each.evidence for own in kept.values() for each in own if each is not reading]
            many[place] = _whole(tool, parameter, reading, others, (messages, occasion))
    return kept


def _is_name(parameter: Parameter) -> bool:
    return (
        parameter.type == "string" and not options(parameter) and not parameter.pattern
        and not parameter.format and not edges.is_written(parameter)
    )  # fmt: skip


def _whole(
    tool: Tool, parameter: Parameter, reading: Reading, others: Iterable[Evidence],
    told: tuple[Sequence[Message], Occasion],
) -> Reading:  # fmt: skip
    """The reading with the words of its name that stand beside it."""
    messages, occasion = told
    said, message = reading.evidence, messages[reading.evidence.message]
    text, start, end = message.said(said.start, said.end)
    if message.role != "user" or not isinstance(reading.value, str) or len(text) > _LONGEST:
        return reading
    at = text.find(reading.value, start, end)
    if at < 0:
        return reading
    taken = [
        message.said(each.start, each.end)[1:] for each in others if each.message == said.message
    ]
    around = _Around(tool, parameter, languages.guessed(text), taken, _kinds(tool))
    read = at, at + len(reading.value)
    first, last = _span(text, *read, around)
    if (first, last) == read:
        return reading
    # Behind a title ("Dr. Adler") a name begins where it was read.
    first = first if at == start else start
    value = spoken.read(parameter, text, first, last, occasion)
    if value is None:
        return reading
    begun, ended = message.shown(first, last)
    words = message.content[begun:ended]
    found = Reading(value, replace(said, start=begun, end=ended, text=words))
    return wording.unsure(found) if around.language == "de" else found


def _kinds(tool: Tool) -> frozenset[str]:
    told = [tool.name, *(each.name for each in tool.parameters)]
    told += [str(choice) for each in tool.parameters for choice in each.enum]
    return frozenset(
        names.folded(form)
        for each in told
        for word in humanized(each).split()
        for form in (word, word.removesuffix("s"))
    ) | frozenset(verbs.OF_WISHES)


def _span(text: str, start: int, end: int, around: _Around) -> tuple[int, int]:
    said = text[start:end]
    if _CODE.fullmatch(said):
        return start, _code_end(text, end, around)
    if not _CAPITAL.match(said) or _is_all_capitals(text):
        return start, end
    about = f"{humanized(around.parameter.name)}: {around.parameter.description}".casefold()
    if around.language == "de" and not texts.is_person(about):
        return start, end
    title = bool(_TITLE.search(about))
    if not _CAPITAL_FIRST.match(said):
        return start, _forwards(text, end, around)
    return _backwards(text, start, around, title=title), _forwards(text, end, around)


def _is_all_capitals(text: str) -> bool:
    """Whether most words have a capital, as in a headline: then it says nothing."""
    words = _WORD.findall(text)
    return len(words) >= _SHOUTED and sum(word[0].isupper() for word in words) * 3 > 2 * len(words)


def _forwards(text: str, end: int, around: _Around) -> int:
    """Where the name ends: with a word that is more than a small one."""
    place = end
    for _ in range(_MOST_WORDS):
        found = _NEXT.match(text, place)
        if not found or not around.may_be(found["word"]) or not around.is_free(*found.span()):
            break
        place = found.end()
        if found["small"] and around.language != "en" and _GOES_ON.match(text, place):
            break
        if _NUMBERED.match(text, place):
            break
        if names.folded(found["word"]) not in _BETWEEN:
            end = place
    return end


def _backwards(text: str, start: int, around: _Around, *, title: bool) -> int:
    """Where the name begins: with a word that is more than a small one."""
    place = start
    for _ in range(_MOST_WORDS):
        before = text[max(0, place - _BACK) : place]
        found = (_LAST_OF_TITLE if title else _LAST).search(before)
        if not found or not around.may_be(found["word"]):
            break
        at = place - len(before) + found.start()
        if _OPENS.search(text[max(0, at - 8) : at]) or not around.is_free(at, place):
            break
        place = at
        if names.folded(found["word"]) not in _BETWEEN:
            start = place
    return start


def _code_end(text: str, end: int, around: _Around) -> int:
    """Where a code ends, with the group of capitals or digits behind it."""
    said = text[:end].rpartition(" ")[2]
    others = [each for each in around.tool.parameters if each is not around.parameter]
    letters, digits = _LETTERS.match(text, end), _DIGITS.match(text, end)
    found = letters or digits
    if found is None or not around.is_free(*found.span()) or _is_shown(around.parameter, said):
        return end
    if digits and any({each.type, each.items} & {"integer", "number"} for each in others):
        return end
    if letters and (not re.search(r"\d", said) or _means_more(letters["group"], around)):
        return end
    spot = found.span("group")
    wanted = (each for other in others for each in looks.spots(other, text))
    return end if any(a < spot[1] and spot[0] < b for a, b in wanted) else found.end()


def _is_shown(parameter: Parameter, said: str) -> bool:
    """Whether an example of the description is a code like this one, whole."""
    return any(
        lists.shape(each.strip()) == lists.shape(said)
        for each in texts.examples(parameter.description)
    )


def _means_more(group: str, around: _Around) -> bool:
    """Whether capitals say something by themselves: a currency, a word of the tool, "ASAP"."""
    plain = names.folded(group)
    return (
        group in names.of("currencies", "en")
        or plain in around.kinds | _NONE | _BETWEEN
        or dictionary.is_english(plain)
    )

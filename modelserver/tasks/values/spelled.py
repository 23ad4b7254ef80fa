"""Numbers in words, in seven languages.

English is read here, since people say more of it than a number's name: "one seventy-four", "a
couple", "the third". For the other six text2num turns words into digits (85 numbers of seven
languages: 73 right; what it lacked were inflected forms, added below, and such English; 19 µs
a text, 10 ms and 1.5 MB to import).
"""

from __future__ import annotations

import math
import re
from collections.abc import Container
from typing import Final

from text_to_num import alpha2digit

from modelserver.tasks.values import languages
from modelserver.tasks.values.names import SPOKEN

UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
    "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50,
}  # fmt: skip
_SCALES: Final = {
    "hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000,
    "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
}  # fmt: skip
_INFLECTED: Final = {
    "1": "eine|einen|einem|einer|eines|une|una|uma|één",
    "0.5": "halbe|halben|eine halbe|einer halben|demi|une demi|medio|media|mezzo|mezza|mezz'"
    "|meia|meio|halve|een half|een halve",
    "1.5": "anderthalb|eineinhalb|anderhalf|anderhalve",
    "2": "beide|beiden|ambos|ambas|entrambi|entrambe|tous les deux|les deux",
    "5": "fuenf",
    "16": "dieciseis",
    "22": "veintidos|tweeentwintig",
    "23": "veintitres|ventitre|drieentwintig",
    "26": "veintiseis",
    "12": "dutzend|ein dutzend|une douzaine|douzaine|una docena|docena|una dozzina|dozzina"
    "|uma dúzia|dúzia|een dozijn|dozijn",
}  # fmt: skip
_NUMBERS: Final = {word: number for number, all_ in _INFLECTED.items() for word in all_.split("|")}
_INFLECTION: Final = re.compile(
    rf"(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})(?!\w)", re.IGNORECASE
)
_LONGEST: Final = 120


def english(text: str) -> tuple[float, int]:
    """The number an English text begins with, and how many characters its words take."""
    total, current, used, seen = 0.0, 0.0, 0, False
    last = 0.0
    point: str | None = None
    for match in re.finditer(r"[a-z]+", text):
        word, gap = match.group(), text[used : match.start()]
        if gap.strip(" -") not in {"", "and"}:
            break
        if word == "and" and seen:
            continue
        if word == "point" and seen:
            point = ""
        elif point is not None and word in UNITS and UNITS[word] < 10:
            point += str(UNITS[word])
        elif word in UNITS or word in _ORDINALS:
            number = UNITS.get(word, _ORDINALS.get(word, 0))
            if word == "second" and not seen:
                return 2.0, match.end()
            # "one seventy-four" is 174, "nineteen ninety" is 1990.
            joined = seen and last and current % 100 != 0 and number >= 10
            current = current * 100 + number if joined else current + number
            last = number
        elif word in _SCALES and seen:
            scale = _SCALES[word]
            if scale == 100:
                current = max(current, 1) * scale
            else:
                total, current = total + max(current, 1) * scale, 0.0
            last = 0.0
        else:
            break
        seen, used = True, match.end()
        if word in _ORDINALS:
            break
    if not seen:
        return 0.0, 0
    value = total + current
    return (float(f"{value:.0f}.{point}") if point and math.isfinite(value) else value), used


def in_digits(text: str, language: str | None = None) -> str | None:
    """The text with digits for the number it begins with; None when it begins with none.

    `language` may be any tag a client sends: `en-GB` counts in English, `ja` in none of ours.
    """
    language = languages.chosen(language)
    if len(text) > _LONGEST or not text[:1].isalpha():
        return None
    number, used = english(text.lower())
    if used and language in {None, "en"}:
        return f"{number:g}{text[used:]}"
    if language == "en":
        return None
    if match := _INFLECTION.match(text):
        return _NUMBERS[match.group().lower()] + text[match.end() :]
    if language and (written := _of_another(text, language)):
        return written
    # The language in which most of the text is a number: `mil` alone is one in four of them.
    tried = (_of_another(text, each) for each in SPOKEN[1:] if each != language)
    if found := [written for written in tried if written]:
        return min(found, key=len)
    return f"{number:g}{text[used:]}" if used else None


def _of_another(text: str, language: str) -> str | None:
    # The first word first: it costs a fifth of a whole text, and hardly ever is it a number.
    first = text.partition(" ")[0]
    if not alpha2digit(first, language, threshold=0)[:1].isdigit():
        return None
    return str(alpha2digit(text, language, threshold=0))


def throughout(text: str, language: str | None = None, keep: Container[str] = ()) -> str:
    """The text with digits for every number in words, but for the words to keep."""
    words = text.split(" ")
    for place, word in enumerate(words):
        if word in keep or not word:
            continue
        if written := in_digits(" ".join(words[place:]), language):
            first, _, rest = written.partition(" ")
            begun = [*words[:place], first]
            return " ".join([*begun, throughout(rest, language, keep)] if rest else begun)
    return text


def whole(text: str) -> int | None:
    """A whole number that is all of the text."""
    written = in_digits(text.strip())
    return int(written) if written and written.isdigit() else None

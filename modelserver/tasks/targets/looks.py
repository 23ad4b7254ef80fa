"""What a message says in the look of a parameter: codes of its shape, days, times, numbers with its unit.

A shape is declared (`pattern: W[0-9]{4}`) or shown ("such as W1001"). Whatever the models make of a
message, these words can be values of this parameter, and hardly anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from modelserver.checked import matches
from modelserver.schema import is_short_for
from modelserver.tasks.targets.layout import options
from modelserver.tasks.tools import humanized
from modelserver.tasks.values import choices, lists, texts, units

if TYPE_CHECKING:
    from modelserver.schema import Parameter

LONGEST: Final = 2000
_MOST_CODES: Final = 40
_CODE: Final = re.compile(r"(?<![\w@/.:-])[^\W_](?:[\w/-]|\.(?=\w))*+(?![\w@/-]|:\w)")
# Without a digit a word is a code where it is written in capitals: `D-EMIL`, `CDG`.
_CAPITALS: Final = re.compile(r"[A-Z]+(?:[-_/][A-Z]+)*")
_LEAST_CAPITALS: Final = 3
_SMALL: Final = re.compile(r"[a-z]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_DIGIT: Final = re.compile(r"\d")
_EXAMPLE: Final = re.compile(r"(?P<letters>[A-Za-z]{1,6})(?P<joint>[-_/]?)(?P<digits>\d{1,10})")
_TOLD: Final = re.compile(
    r"\b(?P<letters>[A-Z]{1,4})(?P<joint>-?) ?(?:and|plus|followed by|with) "
    r"(?P<count>two|three|four|five|six|seven|eight|[2-8]) digits\b"
)
_COUNTS: Final = {
    word: str(number)
    for number, word in enumerate(["two", "three", "four", "five", "six", "seven", "eight"], 2)
}
_DAY: Final = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")
_TIME: Final = re.compile(r"(?<![\w:.-])\d{1,2}:\d{2}(?![\w:.-])")
_EMAIL: Final = re.compile(r"(?<![^\s@<>,;])[^\s@<>,;]++@[^\s@<>,;]+\.\w+")
_FORMATS: Final = {"date": _DAY, "time": _TIME, "email": _EMAIL}
NUMBER: Final = re.compile(r"(?<![\w.,:/@-])\d+(?:[.,]\d+)*(?![\w.,:/@-]*\d)")
_UNIT: Final = re.compile(r"[ -]?(?P<word>[^\W\d_]+)")


def spots(parameter: Parameter, text: str) -> Iterator[tuple[int, int]]:
    """Where a text has what looks like a value of this parameter."""
    if len(text) > LONGEST or options(parameter):
        return
    if is_shaped(parameter):
        yield from (span for span, code in _codes(text) if _fits(parameter, code))
    elif parameter.format in _FORMATS:
        yield from (found.span() for found in _FORMATS[parameter.format].finditer(text))
    elif parameter.type in {"integer", "number"}:
        for number in NUMBER.finditer(text):
            unit = _UNIT.match(text, number.end())
            if unit and _asks_for(parameter, unit["word"].casefold()):
                yield number.span()


def codes(text: str) -> list[tuple[int, int]]:
    """Where words stand that are codes, whatever of: with letters and digits."""
    if len(text) > LONGEST:
        return []
    return [span for span, word in _codes(text) if _DIGIT.search(word) and _LETTER.search(word)]


def codes_like(code: str, text: str) -> list[tuple[int, int]]:
    """Where a text has codes of letters and digits that look like this one."""
    return [span for span in codes(text) if lists.shape(text[slice(*span)]) == lists.shape(code)]


def is_shaped(parameter: Parameter) -> bool:
    """Whether a parameter declares or shows what its codes look like."""
    kind = parameter.items if parameter.type == "array" else parameter.type
    return (
        kind in {None, "string"}
        and not options(parameter)
        and not parameter.format
        and bool(parameter.pattern or _shapes(parameter.description))
    )


def _codes(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """The words of a text that may be codes: with a digit, or in capitals where not all of it is."""
    shouts = not _SMALL.search(text)
    found = 0
    for match in _CODE.finditer(text):
        word = match.group()
        letters = len(word) >= _LEAST_CAPITALS and not shouts and _CAPITALS.fullmatch(word)
        if _DIGIT.search(word) or letters:
            found += 1
            yield match.span(), word
        if found == _MOST_CODES:
            return


def _fits(parameter: Parameter, code: str) -> bool:
    if parameter.pattern and parameter.type != "array":
        # In other spellings a word of capitals may be any word.
        ways = (code, *texts.respelt(code)) if _DIGIT.search(code) else (code,)
        return any(matches(parameter.pattern, each) for each in ways)
    return any(re.fullmatch(shape, code, re.IGNORECASE) for shape in _shapes(parameter.description))


@cache
def _shapes(description: str) -> tuple[str, ...]:
    """Letters and digits as an example has them, or as the description counts them."""
    examples = filter(None, map(_EXAMPLE.fullmatch, texts.examples(description)))
    found = [
        f"{each['letters']}{each['joint']}\\d{{{max(1, len(each['digits']) - 1)},{len(each['digits']) + 1}}}"
        for each in examples
    ]
    found += [
        f"{each['letters']}{each['joint']}\\d{{{_COUNTS.get(each['count'], each['count'])}}}"
        for each in _TOLD.finditer(description)
    ]
    return tuple(found)


def _asks_for(parameter: Parameter, unit: str) -> bool:
    """Whether a parameter asks for a number of this unit, be it misspelt."""
    about = f"{humanized(parameter.name)}: {parameter.description}"
    given, asked = units.said(unit), units.wanted(about)
    if given and asked:
        return given[0] == asked[0]
    return any(
        unit == word or is_short_for(unit, word) or choices.is_misspelt(word, choices.plain(unit))
        for word in humanized(parameter.name).split()
    )

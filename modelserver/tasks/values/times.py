"""Times of day as people say them, in seven languages, as HH:MM."""

from __future__ import annotations

import re
from typing import Final

from modelserver.tasks.values import names, spelled

_NOON: Final = r"noon|midday|mittag|mittags|midi|mediod[ií]a|mezzogiorno|meio-dia|meio dia|middag"
_MIDNIGHT: Final = (
    r"midnight|mitternacht|minuit|medianoche|mezzanotte|meia-noite|meia noite|middernacht"
)
_PM: Final = re.compile(
    r"(?:\b|\d)pm\b|afternoon|evening|tonight|at night|nachmittag|abend|\bnachts\b|apres-midi"
    r"|du soir|de la tarde|de la noche|pomeriggio|di sera|da tarde|da noite|'s middags|'s avonds"
)
_AM: Final = re.compile(
    r"(?:\b|\d)am\b|morning|\bmorgens\b|\bfruh\b|du matin|de la manana|di mattina|del mattino"
    r"|da manha|'s ochtends|'s morgens"
)
_HOUR: Final = r"(\d{1,2})"
# What each language says for fifteen and for thirty minutes, before numbers in words are read: to
# those who read them, the Spanish "cuarto" is a fourth.
_AMOUNTS: Final = (
    (re.compile(r"\bdreiviertel\b"), "quarter to"),
    (re.compile(r"\b(?:(?:un|um|le|a|ein) )??(?:viertel|kwart|quart|cuarto|quarto)\b"), "quarter"),
    (re.compile(r"\b(?:halb|demie?|media|mezz[ao]|meia)\b"), "half"),
)
_MINUTES: Final = r"(half|quarter|\d{1,2})(?: minut\w+)?"
_TO: Final = re.compile(
    rf"{_MINUTES} (past|to|after|before|nach|vor|over|voor|para a?s?) ?(half )?{_HOUR}\b"
)
_LATER: Final = frozenset({"past", "after", "nach", "over"})
_LESS: Final = re.compile(
    rf"\b{_HOUR}(?: heures?| horas?| ore)? (?:menos|meno|moins)(?: un| um| le)? {_MINUTES}\b"
)
_AND: Final = re.compile(
    rf"\b{_HOUR}(?: heures?| ore| horas?| uhr| uur| h)? (?:et|y|e|und|en) {_MINUTES}\b"
)
_HALF_TO: Final = re.compile(rf"\bhalf {_HOUR}\b")
_DIGITAL: Final = re.compile(r"\b(\d{1,2})\s?(?::|h|u|uhr|uur|heures|horas)\s?(\d{2})(?=\b|[ap]m)")
_FULL: Final = re.compile(
    rf"\b{_HOUR} ?(?:o'?clock|uhr|uur|heures?|horas?|ore|am\b|pm\b|h\b|in the|at night|tonight|this"
    r"|de la|del|du|di|da|'s|nachmittags|abends|morgens|nachts)"
)
_BEFORE: Final = (
    r"(?:at |by |around |um |gegen |a |à |vers |a las? |las? |alle |all'|as |às |om |tegen )?"
)
_ALONE: Final = re.compile(rf"{_BEFORE}{_HOUR}")
# "seven thirty", which has been read as one number.
_IN_WORDS: Final = re.compile(rf"{_BEFORE}(\d{{1,2}})(\d\d)(?: ?[ap]m)?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)?")
_CLOCK: Final = re.compile(r"hh:mm|24[- ]?h(?:our)?\b|\b\d\d:\d\d\b")


def is_wanted(description: str, declared: str | None) -> bool:
    """Whether a time of day is wanted as HH:MM."""
    text = description.lower()
    return declared == "time" or bool(
        _CLOCK.search(text) and not re.search(r"am/pm|\d ?[ap]m\b", text)
    )


def time(text: str, language: str | None = None) -> str | None:
    """A time of day as HH:MM; None when the text says none."""
    said = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    said = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", said)
    said = re.sub(r"(?<=\d)\.(?=\d\d\b)", ":", said)
    if not re.search(r"'s middags|\d", said):
        said = re.sub(rf"\b(?:{_NOON})\b", "12 h", said)
    said = re.sub(rf"\b(?:{_MIDNIGHT})\b", "0 h", said)
    for words, amount in _AMOUNTS:
        said = words.sub(amount, said)
    # Umlauts and accents are needed to read the numbers, and in the way afterwards.
    in_digits = names.folded(spelled.throughout(said, language, keep=("half", "quarter")))
    said = names.folded(said)
    moment = _moment(in_digits, said, language)
    if moment is None:
        return None
    hour, minute = moment
    if _PM.search(said) and 0 < hour < 12:
        hour += 12
    elif _AM.search(said) and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None


def _moment(said: str, in_words: str, language: str | None) -> tuple[int, int] | None:
    if match := _TO.search(said):
        hour = int(match[4])
        hour, minute = (hour - 1, 30) if match[3] else (hour, 0)
        amount = _amount(match[1])
        minute += amount if match[2] in _LATER else -amount
        return (hour + minute // 60) % 24, minute % 60
    if match := _LESS.search(said):
        return (int(match[1]) - 1) % 24, 60 - _amount(match[2])
    if match := _AND.search(said):
        return int(match[1]), _amount(match[2])
    if match := _HALF_TO.search(said):
        # To an Englishman half seven is past it, to everyone else on the way to it.
        return (int(match[1]), 30) if language == "en" else ((int(match[1]) - 1) % 24, 30)
    if match := _DIGITAL.search(said):
        return int(match[1]), int(match[2])
    if match := _FULL.search(said) or _ALONE.fullmatch(said.strip()):
        return int(match[1]), 0
    if (match := _IN_WORDS.fullmatch(said.strip())) and not re.search(r"\d", in_words):
        return int(match[1]), int(match[2])
    return None


def _amount(said: str) -> int:
    return {"half": 30, "quarter": 15}.get(said) or int(said)

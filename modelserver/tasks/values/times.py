"""Times of day as people say them, in seven languages, as HH:MM."""

from __future__ import annotations

import re
from typing import Final

from modelserver.tasks.values import names, spelled

_NOON: Final = r"noon|midday|mittag|mittags|midi|mediodia|mezzogiorno|meio-dia|meio dia|middag"
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
_TO: Final = re.compile(rf"(half|quarter|\d{{1,2}})(?: minutes)? (past|to|after|before) {_HOUR}\b")
_TO_DE: Final = re.compile(
    rf"(viertel|kwart|\d{{1,2}})(?: minuten)? (nach|vor|over|voor) {_HOUR}\b"
)
_HALF_TO: Final = re.compile(rf"\b(?:halb|half) {_HOUR}\b")
_AND: Final = re.compile(
    rf"\b{_HOUR}(?: heures?| ore| horas)? (?:et|y|e) (quart|demie?|cuarto|media|mezz[ao]|un quarto|meia|\d{{1,2}})\b"
)
_DIGITAL: Final = re.compile(r"\b(\d{1,2})\s?(?::|h|uhr )\s?(\d{2})(?=\b|[ap]m)")
_FULL: Final = re.compile(
    rf"\b{_HOUR} ?(?:o'?clock|uhr|uur|heures?|horas?|ore|am\b|pm\b|h\b|in the|at night|tonight|this"
    r"|de la|del|du|di|da|'s|nachmittags|abends|morgens|nachts)"
)
_ALONE: Final = re.compile(
    rf"(?:at |by |around |um |gegen |a |à |vers |a las? |las? |alle |all'|as |às |om |tegen )?{_HOUR}"
)
_AMOUNTS: Final = {
    "half": 30, "quarter": 15, "viertel": 15, "kwart": 15, "quart": 15, "cuarto": 15,
    "un quarto": 15, "demi": 30, "demie": 30, "media": 30, "mezza": 30, "mezzo": 30, "meia": 30,
}  # fmt: skip
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
    said = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", names.folded(text))
    said = re.sub(r"(?<=\d)\.(?=\d\d\b)", ":", said)
    if re.search(rf"\b(?:{_NOON})\b", said) and not re.search(r"'s middags|\d", said):
        return "12:00"
    if re.search(rf"\b(?:{_MIDNIGHT})\b", said):
        return "00:00"
    moment = _moment(spelled.throughout(said, language, keep=_AMOUNTS))
    if moment is None:
        return None
    hour, minute = moment
    if _PM.search(said) and hour < 12:
        hour += 12
    elif _AM.search(said) and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None


def _moment(said: str) -> tuple[int, int] | None:
    if match := _TO.search(said) or _TO_DE.search(said):
        amount = _AMOUNTS.get(match[1]) or int(match[1])
        hour = int(match[3])
        later = match[2] in {"past", "after", "nach", "over"}
        return (hour, amount) if later else ((hour - 1) % 24, 60 - amount)
    if match := _AND.search(said):
        return int(match[1]), _AMOUNTS.get(match[2]) or int(match[2])
    if match := _HALF_TO.search(said):
        return (int(match[1]) - 1) % 24, 30
    if match := _DIGITAL.search(said):
        return int(match[1]), int(match[2])
    if match := _FULL.search(said) or _ALONE.fullmatch(said.strip()):
        return int(match[1]), 0
    return None

"""Dates and times of day as people say them, into the form a description asks for.

Only complete dates are turned: what needs today's date ("tomorrow", "March 5") stays as
it was said, since a task reads no clock.
"""

from __future__ import annotations

import datetime as dt
import re

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_HOURS = {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        start=1,
    )
}
_HOUR = r"(\d{1,2}|" + "|".join(_HOURS) + ")"
_ISO = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.?,? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\.?,? (\d{{4}})\b")
_NUMERIC = re.compile(r"\b(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\b")
_FORMS = (
    (re.compile(r"yyyy[-_ ]?mm[-_ ]?dd|iso ?8601|iso (?:format )?date|date in iso|iso date"), "%Y-%m-%d"),
    (re.compile(r"yyyy/mm/dd"), "%Y/%m/%d"),
    (re.compile(r"mm-dd-yyyy"), "%m-%d-%Y"),
    (re.compile(r"mm/dd/yyyy"), "%m/%d/%Y"),
    (re.compile(r"dd-mm-yyyy"), "%d-%m-%Y"),
    (re.compile(r"dd/mm/yyyy"), "%d/%m/%Y"),
    (re.compile(r"dd\.mm\.yyyy"), "%d.%m.%Y"),
    (re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b"), "%Y-%m-%d"),
)  # fmt: skip
_CLOCK = re.compile(r"hh:mm|24[- ]?h(?:our)?\b|\b\d\d:\d\d\b")


def month(text: str) -> int | None:
    """The number of a month that is named."""
    match = re.search(rf"\b({_MONTH})\b", text.lower())
    return _MONTHS[match.group(1)] if match else None


def date_form(description: str, declared: str | None) -> str | None:
    """The form a description asks a date to have, for `strftime`."""
    text = description.lower()
    for pattern, form in _FORMS:
        if pattern.search(text):
            return form
    return "%Y-%m-%d" if declared == "date" else None


def date(text: str, *, day_first: bool = False) -> dt.date | None:
    """A complete date."""
    text = text.lower()
    try:
        if match := _ISO.search(text):
            return dt.date(*(int(part) for part in match.groups()))
        if match := _MONTH_DAY.search(text):
            return dt.date(int(match[3]), _MONTHS[match[1]], int(match[2]))
        if match := _DAY_MONTH.search(text):
            return dt.date(int(match[3]), _MONTHS[match[2]], int(match[1]))
        if match := _NUMERIC.search(text):
            first, second = int(match[1]), int(match[3])
            european = day_first or match[2] == "." or first > 12
            day, number = (first, second) if european else (second, first)
            return dt.date(int(match[4]), number, day)
    except ValueError:
        return None
    return None


def wants_clock(description: str, declared: str | None) -> bool:
    """Whether a time of day is wanted as HH:MM."""
    text = description.lower()
    return declared == "time" or bool(
        _CLOCK.search(text) and not re.search(r"am/pm|\d ?[ap]m\b", text)
    )


def clock(text: str) -> str | None:
    """A time of day as HH:MM."""
    said = re.sub(
        r"\s+", " ", text.lower().replace(".", ":").replace("a:m:", "am").replace("p:m:", "pm")
    )
    if "noon" in said and "afternoon" not in said:
        return "12:00"
    if "midnight" in said:
        return "00:00"
    moment = _spoken(said) or _digital(said)
    if moment is None:
        return None
    hour, minute = moment
    if re.search(r"\bpm\b|\dpm|afternoon|evening|tonight|at night", said) and hour < 12:
        hour += 12
    elif re.search(r"\bam\b|\dam|morning", said) and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None


def _spoken(said: str) -> tuple[int, int] | None:
    """Quarter to ten, half past six, ten past 3."""
    match = re.search(
        rf"(half|quarter|five|ten|twenty|twenty[- ]five|\d{{1,2}})(?: minutes)? (past|to|after|before) {_HOUR}\b",
        said,
    )
    if not match:
        return None
    words = {"half": 30, "quarter": 15, "five": 5, "ten": 10, "twenty": 20}
    amount = words.get(match[1]) or (int(match[1]) if match[1].isdigit() else 25)
    hour = _hour(match[3])
    return (hour, amount) if match[2] in {"past", "after"} else ((hour - 1) % 24, 60 - amount)


def _digital(said: str) -> tuple[int, int] | None:
    match = re.search(r"\b(\d{1,2})[:h](\d{2})\b", said) or re.search(
        r"\b(\d{1,2}):(\d{2})(?=[ap]m)", said
    )
    if match:
        return int(match[1]), int(match[2])
    match = re.search(
        rf"\b{_HOUR} ?(?:o'?clock|uhr|am\b|pm\b|h\b|in the|at night|tonight|this)", said
    )
    if match:
        return _hour(match[1]), 0
    match = re.fullmatch(rf"(?:at |by |around )?{_HOUR}", said.strip())
    return (_hour(match[1]), 0) if match else None


def _hour(word: str) -> int:
    return int(word) if word.isdigit() else _HOURS[word]

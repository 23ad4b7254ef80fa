"""Days and times in the form that a parameter asks for."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from modelserver.tasks.values import dates, times

if TYPE_CHECKING:
    from modelserver.schema import Parameter
    from modelserver.tasks.types import Occasion

_FORMS: Final = (
    (re.compile(r"yyyy[-_ ]?mm[-_ ]?dd|iso ?8601|iso (?:format )?date|date in iso|iso date"), "%Y-%m-%d"),
    (re.compile(r"yyyy/mm/dd"), "%Y/%m/%d"),
    (re.compile(r"mm-dd-yyyy"), "%m-%d-%Y"),
    (re.compile(r"mm/dd/yyyy"), "%m/%d/%Y"),
    (re.compile(r"dd-mm-yyyy"), "%d-%m-%Y"),
    (re.compile(r"dd/mm/yyyy"), "%d/%m/%Y"),
    (re.compile(r"dd\.mm\.yyyy"), "%d.%m.%Y"),
    (re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b"), "%Y-%m-%d"),
)  # fmt: skip
# No day or time takes more words; what comes in more is not read word by word.
_LONGEST: Final = 120
_MOST_GAPS: Final = 16
_GAP: Final = re.compile(r"[\s,]+")
_MONTH_FORM: Final = re.compile(r"yyyy-mm(?!-)")
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")


def moment(parameter: Parameter, around: str, text: str, occasion: Occasion) -> str | None:
    """The day or time a text says, as the parameter wants it; None when it wants or says none.

    `around` is the parameter's name and description.
    """
    if len(text) > _LONGEST or len(_GAP.findall(text)) > _MOST_GAPS:
        return None
    asked = around.lower()
    if parameter.format == "date-time":
        found = date_time(text, occasion)
        return found.isoformat() if found else None
    if form := date_form(asked, parameter.format):
        if day := dates.date(text, occasion, day_first=form.startswith("%d")):
            return day.strftime(form)
    elif _MONTH_FORM.search(asked) and (number := dates.month(text)):
        year = _YEAR.search(text)
        return f"{year.group()}-{number:02d}" if year else None
    if times.is_wanted(asked, parameter.format) and "yyyy" not in asked:
        return times.time(text, occasion.language)
    return None


def date_form(asked: str, declared: str | None) -> str | None:
    """The form a description asks a date to have, for `strftime`."""
    if declared == "date":
        return "%Y-%m-%d"
    return next((form for pattern, form in _FORMS if pattern.search(asked)), None)


def date_time(text: str, occasion: Occasion) -> dt.datetime | None:
    """`tomorrow at 3 pm`: a day and a time, in either order."""
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        pass
    for gap in _GAP.finditer(text):
        first, second = text[: gap.start()], text[gap.end() :]
        for day_said, time_said in ((first, second), (second, first)):
            day = dates.date(day_said, occasion)
            time = times.time(time_said, occasion.language) if day else None
            if day and time:
                return dt.datetime.combine(day, dt.time.fromisoformat(time))
    return None

"""Readers of values: whatever is said they answer, and what is written back reads the same."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelserver.checked import WRONG, checked
from modelserver.schema import Parameter, ParameterType
from modelserver.tasks.types import Occasion
from modelserver.tasks.values import dates, fitting, names, numbers, spoken, times

TODAY = dt.date(2026, 3, 4)
LANGUAGES = st.sampled_from([None, *names.SPOKEN, "en-GB", "ja"])
SAID = st.text(max_size=30) | st.lists(
    st.sampled_from(
        [
            "next",
            "the",
            "3",
            "31",
            "99",
            ".",
            ",",
            ":",
            "/",
            "-",
            "h",
            "pm",
            "März",
            "mai",
            "de",
            "le",
            "il",
            "uhr",
            "half",
            "quarter",
            "past",
            "in",
            "days",
            "weeks",
            "one",
            "hundred",
            "mille",
            "zwei",
            "point",
            "and",
            "a",
            "of",
            "€",
            "%",
            "k",
            "m",
            "1.250,50",
            "0",
            "99999999999",
            "today",
            "ago",
        ]
    ),
    max_size=7,
).map(" ".join)
KINDS: tuple[ParameterType, ...] = ("string", "integer", "number", "boolean", "array", "object")
PARAMETERS = st.builds(
    Parameter,
    st.sampled_from(["day", "amount_eur", "ids", "hour"]),
    st.sampled_from(KINDS),
    st.sampled_from(["", "in minutes", "ISO currency code", "YYYY-MM-DD", "HH:MM", "City, State"]),
    items=st.sampled_from([None, "string", "integer", "number", "boolean"]),
    format=st.sampled_from([None, "date", "time", "date-time", "email"]),
    pattern=st.sampled_from([None, "[A-Z]{2}-?[0-9]+"]),
    enum=st.sampled_from([(), ("economy", "business")]),
    minimum=st.sampled_from([None, 1.0]),
)


@given(PARAMETERS, SAID, LANGUAGES, st.integers(0, 40), st.integers(0, 40))
@example(Parameter("p", "integer"), "1e999", None, 0, 5)
@example(Parameter("p", format="date"), "31 99999999999", None, 0, 14)
def test_whatever_is_said_is_a_value_or_nothing(
    parameter: Parameter, said: str, language: str | None, start: int, end: int
) -> None:
    """No words make a reader fail, and what it finds passes the check of those who use it."""
    occasion = Occasion(TODAY, language)
    found = spoken.read(parameter, said, min(start, end), max(start, end), occasion)
    if found is None:
        return
    items = found if isinstance(found, list) or parameter.type != "array" else [found]
    if parameter.type != "array":
        assert checked(parameter, items) is not WRONG


@given(PARAMETERS, SAID | st.integers() | st.none() | st.lists(SAID, max_size=3), LANGUAGES)
def test_what_fits_fits_again(parameter: Parameter, given: object, language: str | None) -> None:
    """A value that was made to fit is left as it is."""
    found = fitting.fitting(parameter, given, Occasion(TODAY, language))
    if found is not None:
        assert checked(parameter, found) == found


@given(st.dates(dt.date(1900, 1, 1), dt.date(2999, 12, 31)), LANGUAGES)
def test_a_day_reads_back(day: dt.date, language: str | None) -> None:
    """An ISO date is itself; so is one with the month's name, in each language."""
    occasion = Occasion(TODAY, language)
    assert dates.date(day.isoformat(), occasion) == day
    for name in (
        name for name, number in names.by_name("months").items() if int(number) == day.month
    ):
        assert dates.date(f"{day.day}. {name} {day.year}", occasion) == day


@given(st.times())
def test_a_time_reads_back(moment: dt.time) -> None:
    """HH:MM is itself."""
    assert times.time(f"{moment:%H:%M}") == f"{moment:%H:%M}"


@given(st.integers(-(10**9), 10**9))
def test_a_whole_number_reads_back(number: int) -> None:
    """Plain, and grouped as the English, the Germans, the French and the Swiss do it."""
    english = f"{number:,}"
    assert numbers.parse(str(number)) == numbers.Number(number)
    for sign, language in ((",", "en"), (".", "de"), (" ", "fr"), ("'", None)):
        assert numbers.parse(english.replace(",", sign), language) == numbers.Number(number)


@given(st.decimals(-(10**6), 10**6, places=2))
def test_an_amount_reads_back(amount: object) -> None:
    """With decimal point and with decimal comma."""
    said = f"{amount:,.2f}"
    european = said.translate(str.maketrans(",.", ".,"))
    for text in (said, european):
        found = numbers.parse(text)
        assert found is not None
        assert found.value == pytest.approx(float(str(amount)))

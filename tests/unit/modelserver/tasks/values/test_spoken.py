"""What a span of words becomes for a parameter of each type and form."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from modelserver.schema import Parameter
from modelserver.tasks.types import Occasion
from modelserver.tasks.values import spoken


def read(parameter: Parameter, said: str, before: str = "", after: str = "") -> Any:
    text = before + said + after
    return spoken.read(parameter, text, len(before), len(before) + len(said))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("5", 5), ("five", 5), ("twenty-one", 21), ("a dozen", 12), ("1,250", 1250),
        ("$245,000", 245000), ("450k", 450000), ("1.5 million", 1500000), ("75th", 75),
        ("third", 3), ("two hundred and fifty", 250), ("nineteen ninety", 1990), ("minus 7", -7),
        ("15.000", 15000), ("one seventy-four", 174), ("a couple of", 2),
    ],
)  # fmt: skip
def test_whole_numbers(said: str, value: int) -> None:
    """Digits, words, magnitudes and ordinals become whole numbers."""
    assert read(Parameter("count", "integer"), said) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("3.25", 3.25), ("one and a half", 1.5), ("1e-4", 1e-4), ("-5e-6", -5e-6),
        ("3 x 10^8", 3e8), ("three point five", 3.5), ("3/4", 0.75), ("1,82", 1.82), ("half", 0.5),
    ],
)  # fmt: skip
def test_numbers(said: str, value: float) -> None:
    """Decimals, fractions and powers become numbers."""
    assert read(Parameter("value", "number"), said) == pytest.approx(value)


@pytest.mark.parametrize("said", ["hello", "", "several", "2.5"])
def test_no_whole_number(said: str) -> None:
    """What is no whole number is not made into one."""
    assert read(Parameter("count", "integer"), said) is None


def test_a_number_is_a_float() -> None:
    """The declared type decides, not the way it was written."""
    assert isinstance(read(Parameter("price", "number"), "12"), float)
    assert isinstance(read(Parameter("count", "integer"), "12"), int)


@pytest.mark.parametrize(
    ("description", "value"),
    [
        ("Annual rate as a decimal, e.g. 0.05 for 5%", 0.05), ("A fraction between 0 and 1", 0.05),
        ("Interest in percent, e.g. 4.5", 5.0), ("Percentage of the bill", 5.0), ("", 0.05),
    ],
)  # fmt: skip
def test_percentages(description: str, value: float) -> None:
    """The description says whether five per cent are 5 or 0.05."""
    parameter = Parameter("rate", "number", description)
    assert read(parameter, "5%") == pytest.approx(value)
    assert read(parameter, "5", after=" percent a year") == pytest.approx(value)


def test_percentages_as_whole_numbers() -> None:
    """A whole number cannot hold a fraction, so five per cent are 5."""
    assert read(Parameter("discount", "integer"), "5%") == 5


@pytest.mark.parametrize(
    ("description", "said", "after", "value"),
    [
        ("Height in metres", "171 cm", "", 1.71), ("Mass in kilograms", "500", " g of it", 0.5),
        ("Duration in minutes", "half an hour", "", 30), ("Length in hours", "90 minutes", "", 1.5),
        ("Frequency in Hz", "2.4 GHz", "", 2.4e9), ("Total minutes", "1h35", "", 95),
        ("Time in hours", "an hour and a half", "", 1.5), ("Distance in miles", "5", " apples", 5),
        ("Distance in km", "5 kg", "", 5),
    ],
)  # fmt: skip
def test_units(description: str, said: str, after: str, value: float) -> None:
    """A unit that was said is brought to the one the description names, if both measure alike."""
    assert read(Parameter("amount", "number", description), said, after=after) == pytest.approx(
        value
    )


def test_limits() -> None:
    """A number outside minimum and maximum is no value."""
    parameter = Parameter("n", "integer", minimum=1, maximum=10)
    assert [read(parameter, said) for said in ("0", "1", "10", "11")] == [None, 1, 10, None]


def test_pattern() -> None:
    """A text that does not match the pattern is mended in case and dashes, or refused."""
    parameter = Parameter("order", "string", pattern=r"^[A-Z]{2}-\d+$")
    assert read(parameter, "ab-12") == "AB-12"
    assert read(parameter, "AB 12") == "AB-12"
    assert read(parameter, "twelve") is None


@pytest.mark.parametrize(
    ("description", "said", "value"),
    [
        ("YYYY-MM-DD", "March 5, 2024", "2024-03-05"), ("ISO date", "5 June 2026", "2026-06-05"),
        ("Date, MM-DD-YYYY", "15 July 2021", "07-15-2021"), ("DD/MM/YYYY", "3.4.2025", "03/04/2025"),
        ("YYYY-MM-DD", "Jan 1st 2025", "2025-01-01"), ("YYYY-MM-DD", "tomorrow", "tomorrow"),
        ("Day of travel", "March 5, 2024", "March 5, 2024"), ("YYYY-MM", "January 2025", "2025-01"),
    ],
)  # fmt: skip
def test_dates(description: str, said: str, value: str) -> None:
    """Complete dates take the form that is asked for; others stay as they were said."""
    assert read(Parameter("date", "string", description), said) == value


def test_format_date() -> None:
    """JSON Schema's format asks for an ISO date as well."""
    parameter = Parameter("day", "string", format="date")
    assert read(parameter, "the 26th of July 2024") == "2024-07-26"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("7am", "07:00"), ("5:15 pm", "17:15"), ("quarter to ten", "09:45"), ("noon", "12:00"),
        ("half past 6", "06:30"), ("19 Uhr", "19:00"), ("2 in the afternoon", "14:00"),
        ("12 am", "00:00"), ("7:30", "07:30"),
    ],
)  # fmt: skip
def test_times(said: str, value: str) -> None:
    """Times of day become HH:MM where that is asked for."""
    assert read(Parameter("time", "string", "Time of day, HH:MM (24 h)"), said) == value
    assert read(Parameter("time", "string", "When to call"), said) == said


@pytest.mark.parametrize(
    ("description", "said", "value"),
    [
        ("ISO 4217 code of the currency", "euros", "EUR"), ("Three-letter currency code", "£20", "GBP"),
        ("Two-letter language code", "French", "fr"), ("Two-letter country code", "Germany", "DE"),
        ("Ticker symbol", "Apple", "AAPL"), ("The language", "French", "French"),
    ],
)  # fmt: skip
def test_codes(description: str, said: str, value: str) -> None:
    """Names become codes where a code is asked for, and nowhere else."""
    assert read(Parameter("x", "string", description), said) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Austin, Texas", "Austin, TX"), ("Austin Texas", "Austin, TX"), ("Boston", "Boston, MA"),
        ("Portland, ME", "Portland, ME"), ("Springfield", "Springfield"),
    ],
)  # fmt: skip
def test_city_and_state(said: str, value: str) -> None:
    """The state is written as its code; it is added only for cities everybody knows."""
    parameter = Parameter("location", "string", "City and state, e.g. San Francisco, CA")
    assert read(parameter, said) == value


def test_city_and_country() -> None:
    """The country of a well-known city is added where "City, Country" is asked for."""
    parameter = Parameter("place", "string", "City, Country")
    assert read(parameter, "Ghent") == "Ghent, Belgium"
    assert read(parameter, "Ghent, Belgium") == "Ghent, Belgium"
    assert read(Parameter("place", "string", "The city"), "Ghent") == "Ghent"


def test_spelling_of_examples() -> None:
    """A word that is one of the description's examples is spelt like it."""
    parameter = Parameter("method", "string", "Method (e.g., Deep_Learning, regression)")
    assert read(parameter, "deep learning") == "Deep_Learning"
    assert read(Parameter("id", "string", "Employee, e.g. EMP-0042"), "emp-0450") == "EMP-0450"


def test_quotes_and_commas_go() -> None:
    """Quotes around a text and a comma after it are not part of it; a question mark is."""
    parameter = Parameter("text", "string")
    assert read(parameter, '"good morning"') == "good morning"
    assert read(parameter, "Leeds,") == "Leeds"
    assert read(parameter, "where is it?") == "where is it?"


@pytest.mark.parametrize(
    ("items", "said", "value"),
    [
        ("string", "eggs, milk and bread", ["eggs", "milk", "bread"]), ("integer", "[3, 4, 9]", [3, 4, 9]),
        ("number", "2.5, 3 and 4", [2.5, 3.0, 4.0]), ("string", "salt and pepper", ["salt", "pepper"]),
        ("integer", "7", 7),
    ],
)  # fmt: skip
def test_lists(items: Any, said: str, value: Any) -> None:
    """A span over several items is split at commas; a lone "and" may belong to a name."""
    assert read(Parameter("things", "array", items=items), said) == value


def test_items_of_an_enum_come_once() -> None:
    """A list of choices holds each choice once; a list of numbers may repeat them."""
    choices = Parameter("x", "array", enum=("a", "b"))
    assert spoken.items(choices, ["a", "b", "a"]) == ["a", "b"]
    assert spoken.items(Parameter("x", "array"), [[1, 2], 2]) == [1, 2, 2]


def test_choices() -> None:
    """A chosen option stands for the enum's own value, of whatever type."""
    assert spoken.choice(Parameter("n", "integer", enum=(1, 2, 3)), "2") == 2
    assert spoken.choice(Parameter("b", "boolean"), "true") is True
    assert spoken.choice(Parameter("b", "boolean"), "false") is False


def test_long_enums() -> None:
    """An enum too long for options takes a span that spells one of its values."""
    parameter = Parameter("colour", enum=tuple(f"shade_{k}" for k in range(40)))
    assert read(parameter, "Shade 7") == "shade_7"
    assert read(parameter, "mauve") is None


def test_objects() -> None:
    """An object is read from JSON, with or without its braces."""
    parameter = Parameter("values", "object")
    assert read(parameter, '{"name": "Ada"}') == {"name": "Ada"}
    assert read(parameter, '"age": 36') == {"age": 36}
    assert read(parameter, "whatever") is None


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [("month", "March", 3), ("hour", "4 pm", 16), ("year", "in 1987", 1987)],
)
def test_named_numbers(name: str, said: str, value: int) -> None:
    """Months, hours and years are numbers of their own kind."""
    assert read(Parameter(name, "integer"), said) == value


ODD = [
    "", " ", "%", "-", "10^", "1e999", "½", "0/0", "١٢", "a" * 5000, "[" * 1000, '{"a":' * 200,
    f"5 {'9' * 400}/3", f"{'9' * 400}h30", "ten " * 200 + "point five", "minus minus 7",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:12])
@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "array", "object"])
def test_nothing_raises(text: str, kind: Any) -> None:
    """Odd spans give a value or nothing, never an exception."""
    described = "ISO date, city and state, currency code, in metres, e.g. A-1"
    value = spoken.read(Parameter("x", kind, described, items="number"), text, 0, len(text))
    assert value is None or isinstance(value, str | int | float | bool | list | dict)


@pytest.mark.parametrize(
    "unit",
    ["so,", "no ", "minus ", "minus about ", "one ", "é ", "x  ", "\t", "\n", "1,", "1 ", "$", ". ",
     "may 3 ", "parcel=", "n'", "[", '"', "a", "7", "mañana y "],
)  # fmt: skip
@pytest.mark.parametrize("size", [120, 1000, 100_000])
def test_reading_takes_no_time(unit: str, size: int) -> None:
    """Whatever stands in a span, and however long it is, no other prompt waits for it."""
    text = (unit * size)[:size]
    occasion = Occasion(dt.date(2026, 5, 31))
    kinds = [
        Parameter("x", "integer"), Parameter("minutes", "number"), Parameter("x", format="date"),
        Parameter("x", format="date-time"), Parameter("x", format="time"),
        Parameter("x", "array", items="string"), Parameter("x", "object"),
        Parameter("x", description="city, state such as Austin, TX"),
        Parameter("x", description="currency code"), Parameter("x", enum=("standard", "express")),
    ]  # fmt: skip
    began = time.process_time()
    for parameter in kinds:
        spoken.read(parameter, text, 0, len(text), occasion)
    assert time.process_time() - began < 2

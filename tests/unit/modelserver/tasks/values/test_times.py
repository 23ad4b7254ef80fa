"""Times of day as people say them, in seven languages."""

from __future__ import annotations

import datetime as dt

import pytest

from modelserver.tasks.types import Occasion
from modelserver.tasks.values.moments import date_time
from modelserver.tasks.values.times import time


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ("half past six", "06:30"), ("twenty-five to ten", "09:35"), ("ten past 3", "03:10"),
        ("9 o'clock", "09:00"), ("3 p.m.", "15:00"), ("14h30", "14:30"), ("14 h", "14:00"),
        ("a las 3", "03:00"), ("las 3 de la tarde", "15:00"), ("à 15h", "15:00"),
        ("quinze heures", "15:00"), ("midi", "12:00"), ("alle 15", "15:00"),
        ("8 e mezza", "08:30"), ("mezzanotte", "00:00"), ("às 15h", "15:00"),
        ("halb sieben", "06:30"), ("Viertel nach 6", "06:15"), ("18.30 Uhr", "18:30"),
        ("15 Uhr 20", "15:20"), ("um 3 Uhr nachmittags", "15:00"), ("om 3 uur", "03:00"),
        ("3 uur 's middags", "15:00"), ("soon", None), ("25:00", None), ("", None),
    ],
)  # fmt: skip
def test_times(said: str, clock: str | None) -> None:
    """A time becomes HH:MM, whoever says it."""
    assert time(said) == clock


def test_half_an_hour_less() -> None:
    """`half zeven` is half past six in Dutch."""
    assert time("half zeven", "nl") == "06:30"


@pytest.mark.parametrize(
    "said", ["tomorrow at 3 pm", "3pm tomorrow", "morgen um 15 Uhr", "2026-03-05 15:00"]
)
def test_day_and_time(said: str) -> None:
    """A day and a time are a moment, in either order."""
    occasion = Occasion(dt.date(2026, 3, 4))
    assert date_time(said, occasion) == dt.datetime.fromisoformat("2026-03-05T15:00")
    assert date_time("tomorrow", occasion) is None

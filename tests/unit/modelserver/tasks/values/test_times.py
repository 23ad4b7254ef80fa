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


@pytest.mark.parametrize(
    ("language", "said", "clock"),
    [
        ("it", "alle 19 e 30", "19:30"), ("it", "alle sette e un quarto", "07:15"),
        ("it", "le 8 meno un quarto", "07:45"), ("it", "le sette meno venti", "06:40"),
        ("it", "mezzanotte e mezza", "00:30"), ("es", "las siete y cuarto", "07:15"),
        ("es", "a las ocho menos cuarto", "07:45"), ("es", "a las siete y veinte", "07:20"),
        ("es", "las siete menos diez de la tarde", "18:50"), ("pt", "sete e um quarto", "07:15"),
        ("pt", "um quarto para as oito", "07:45"), ("pt", "meio-dia e meia", "12:30"),
        ("pt", "vinte e cinco para as oito", "07:35"), ("fr", "midi et demi", "12:30"),
        ("fr", "sept heures et quart", "07:15"), ("fr", "huit heures moins le quart", "07:45"),
        ("fr", "huit heures moins dix", "07:50"), ("fr", "18 heures 15", "18:15"),
        ("de", "dreiviertel acht", "07:45"), ("de", "fünf vor halb neun", "08:25"),
        ("de", "fünf nach halb neun", "08:35"), ("de", "zwanzig Uhr fünfzehn", "20:15"),
        ("nl", "vijf voor half negen", "08:25"), ("nl", "half acht 's avonds", "19:30"),
        ("nl", "19u30", "19:30"), ("nl", "half zeven", "06:30"), ("en", "half seven", "07:30"),
        ("en", "seven thirty", "07:30"), ("en", "nine fifteen pm", "21:15"),
        ("en", "around midnight on Friday", "00:00"),
    ],
)  # fmt: skip
def test_as_each_language_says_it(language: str, said: str, clock: str) -> None:
    """Quarters and halves before and after the hour: `half zeven` is to seven, `half seven` past it."""
    assert time(said, language) == clock


@pytest.mark.parametrize(
    "said", ["tomorrow at 3 pm", "3pm tomorrow", "morgen um 15 Uhr", "2026-03-05 15:00"]
)
def test_day_and_time(said: str) -> None:
    """A day and a time are a moment, in either order."""
    occasion = Occasion(dt.date(2026, 3, 4))
    assert date_time(said, occasion) == dt.datetime.fromisoformat("2026-03-05T15:00")
    assert date_time("tomorrow", occasion) is None

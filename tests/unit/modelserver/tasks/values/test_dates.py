"""Days as people say them, in seven languages."""

from __future__ import annotations

import datetime as dt

import pytest

from modelserver.tasks.types import UNTOLD, Occasion
from modelserver.tasks.values.dates import date, month

TODAY = dt.date(2026, 3, 4)  # A Wednesday.

SAID = {
    "en": {
        "2026-12-01": "2026-12-01", "today": "2026-03-04", "Tomorrow": "2026-03-05",
        "the day after tomorrow": "2026-03-06", "in 3 weeks": "2026-03-25",
        "in 1 day": "2026-03-05", "in two days": "2026-03-06", "3 days ago": "2026-03-01",
        "two weeks from now": "2026-03-18", "Monday": "2026-03-09", "next Friday": "2026-03-06",
        "on Wednesday": "2026-03-11", "by next Tuesday": "2026-03-10",
        "last Friday": "2026-02-27", "3rd of May": "2026-05-03",
        "the 24th of December": "2026-12-24", "Mar 4": "2026-03-04", "March 3": "2027-03-03",
        "Feb. 29, 2028": "2028-02-29", "1 sept 2025": "2025-09-01", "1 sep 2025": "2025-09-01",
        "Friday, March 6": "2026-03-06", "the third of May": "2026-05-03",
        "May twenty-first": "2026-05-21", "the 3rd": "2026-04-03", "on the 15th": "2026-03-15",
        "3/4/2026": "2026-03-04", "5/6": "2026-05-06", "4.3.26": "2026-03-04",
    },
    "de": {
        "4. März 2026": "2026-03-04", "4. Maerz": None, "5. März": "2026-03-05",
        "heute": "2026-03-04", "morgen": "2026-03-05", "übermorgen": "2026-03-06",
        "nächsten Freitag": "2026-03-06", "in 3 Tagen": "2026-03-07",
        "in zwei Wochen": "2026-03-18", "vor drei Tagen": "2026-03-01", "am Montag": "2026-03-09",
        "letzten Montag": "2026-03-02", "27.04.2027": "2027-04-27", "am 5.6.": "2026-06-05",
        "am 15.": "2026-03-15", "Freitag, den 6. März": "2026-03-06", "bis 1. Mai": "2026-05-01",
    },
    "fr": {
        "le 3 mai": "2026-05-03", "demain": "2026-03-05", "après-demain": "2026-03-06",
        "vendredi prochain": "2026-03-06", "dans 3 jours": "2026-03-07", "lundi": "2026-03-09",
        "il y a deux jours": "2026-03-02", "le 1er juin": "2026-06-01", "le 15": "2026-03-15",
        "12 août 2026": "2026-08-12", "3/4/2026": "2026-04-03",
    },
    "es": {
        "3 de mayo": "2026-05-03", "3 de mayo de 2027": "2027-05-03", "mañana": "2026-03-05",
        "pasado mañana": "2026-03-06", "el próximo viernes": "2026-03-06",
        "en 3 días": "2026-03-07", "el lunes": "2026-03-09", "hace dos días": "2026-03-02",
        "el viernes que viene": "2026-03-06",
    },
    "it": {
        "il 12 giugno": "2026-06-12", "domani": "2026-03-05", "dopodomani": "2026-03-06",
        "venerdì prossimo": "2026-03-06", "tra 3 giorni": "2026-03-07", "lunedì": "2026-03-09",
        "primo maggio": "2026-05-01", "tre giorni fa": "2026-03-01",
    },
    "pt": {
        "dia 5 de abril": "2026-04-05", "amanhã": "2026-03-05", "depois de amanhã": "2026-03-06",
        "próxima sexta-feira": "2026-03-06", "na sexta": "2026-03-06", "em 3 dias": "2026-03-07",
        "segunda": "2026-03-09", "12 de março de 2027": "2027-03-12",
    },
    "nl": {
        "12 maart": "2026-03-12", "morgen": "2026-03-05", "overmorgen": "2026-03-06",
        "volgende vrijdag": "2026-03-06", "over 3 dagen": "2026-03-07", "maandag": "2026-03-09",
        "27-04-2027": "2027-04-27", "twee dagen geleden": "2026-03-02",
    },
}  # fmt: skip
CASES = [(language, said, day) for language, all_ in SAID.items() for said, day in all_.items()]


@pytest.mark.parametrize(("language", "said", "day"), CASES)
def test_days(language: str, said: str, day: str | None) -> None:
    """A day as people say it is the day that is meant, the next one of its kind."""
    found = date(said, Occasion(TODAY, language))
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    "said", ["5", "May", "soon", "February 30", "Feb 29", "2026-13-01", "", "next week", "0"]
)
def test_no_day(said: str) -> None:
    """A number, a month or a week is no day, nor is one that the calendar lacks."""
    assert date(said, Occasion(TODAY)) is None


def test_words_tell_their_language() -> None:
    """Without a language all the words are known; only 3/4 depends on who says it."""
    told = [(said, day) for language, said, day in CASES if language != "en" and "/" not in said]
    found = [(said, date(said, Occasion(TODAY))) for said, _ in told if said != "27-04-2027"]
    assert [(said, day and day.isoformat()) for said, day in found] == [
        pair for pair in told if pair[0] != "27-04-2027"
    ]


@pytest.mark.parametrize(
    ("language", "month_number"), [("en", 3), ("en-US", 3), ("en-GB", 4), ("de-AT", 4), (None, 3)]
)
def test_which_number_is_the_month(language: str | None, month_number: int) -> None:
    """3/4 is the fourth of March in America alone."""
    assert date("3/4/2026", Occasion(TODAY, language)) == dt.date(
        2026, month_number, 7 - month_number
    )


def test_without_a_day_nothing_is_counted() -> None:
    """Who is not told the day reads complete dates only."""
    assert date("tomorrow", UNTOLD) is None
    assert date("4. März", UNTOLD) is None
    assert date("4. März 2026", UNTOLD) == TODAY


@pytest.mark.parametrize(
    ("said", "number"), [("in March", 3), ("août", 8), ("ago", 8), ("giugno 2026", 6), ("x", None)]
)
def test_months(said: str, number: int | None) -> None:
    """A month is known by its name in any of the languages."""
    assert month(said) == number

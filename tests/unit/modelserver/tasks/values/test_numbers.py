"""Numbers in words and in digits, in seven languages, with their units."""

from __future__ import annotations

import pytest

from modelserver.tasks.values import numbers, spelled, units

WORDS = {
    "de": {
        "eins": 1, "eine": 1, "zwanzig": 20, "einundzwanzig": 21, "dreihundert": 300,
        "zweitausend": 2000, "zwei Millionen": 2000000, "dreissig": 30, "anderthalb": 1.5,
        "minus drei": -3, "drei Komma fünf": 3.5, "ein Dutzend": 12,
    },
    "fr": {
        "cinquante": 50, "mille deux cents": 1200, "quatre-vingt-dix-sept": 97,
        "soixante et onze": 71, "une": 1, "une douzaine": 12,
    },
    "es": {"cincuenta": 50, "mil doscientos": 1200, "veintidós": 22, "trescientas": 300, "una": 1},
    "it": {"cinquanta": 50, "milleduecento": 1200, "ventitré": 23, "duemila": 2000},
    "pt": {"mil e duzentos": 1200, "vinte e um": 21, "duas": 2, "dezesseis": 16},
    "nl": {"vijftig": 50, "eenentwintig": 21, "twaalfhonderd": 1200, "één": 1},
}  # fmt: skip
CASES = [
    (language, said, value) for language, all_ in WORDS.items() for said, value in all_.items()
]


@pytest.mark.parametrize(("language", "said", "value"), CASES)
def test_words(language: str, said: str, value: float) -> None:
    """A number in words is the number, whether its language is known or not."""
    for known in (language, None):
        found = numbers.parse(said, known)
        assert found is not None
        assert found.value == pytest.approx(value)


def test_words_of_another_language() -> None:
    """What is a number elsewhere is none in a text that is English."""
    assert numbers.parse("due", "en") is None
    assert numbers.parse("once", "en") == numbers.Number(1.0)
    assert numbers.parse("once", "es") == numbers.Number(11.0)


@pytest.mark.parametrize(
    ("said", "language", "value"),
    [
        ("1.250,50", None, 1250.5), ("1,250.50", None, 1250.5), ("1 250,50 €", None, 1250.5),
        ("1'250.50", None, 1250.5), ("1.250.000", None, 1250000), ("12,5", None, 12.5),
        ("1.250", None, 1.25), ("1.250", "en", 1.25), ("1.250", "de", 1250), ("1,250", None, 1250),
        ("1,250", "de", 1.25), ("75,50 Euro", "en", 75.5), ("-3,5", "fr", -3.5),
        ("2,5 Millionen", "de", 2500000), ("3 mil", "pt", 3000), ("R$ 20", "pt", 20),
    ],
)  # fmt: skip
def test_commas_and_points(said: str, language: str | None, value: float) -> None:
    """The form says which is the decimal sign; where it does not, the language does."""
    found = numbers.parse(said, language)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("said", "language", "minutes"),
    [
        ("zwei Stunden", "de", 120), ("deux heures et demie", "fr", 150),
        ("zwei Stunden und dreißig Minuten", "de", 150), ("an hour and a half", "en", 90),
        ("1h35", None, 95),
    ],
)  # fmt: skip
def test_durations(said: str, language: str | None, minutes: float) -> None:
    """A duration of one part or several, in minutes."""
    wanted = units.wanted("duration in minutes")
    if lasting := numbers.duration(said, language):
        assert units.convert(*lasting, wanted) == minutes
    else:
        found = numbers.parse(said, language)
        assert found is not None
        assert units.convert(found.value, units.said(found.rest), wanted) == minutes


@pytest.mark.parametrize(
    ("said", "wanted", "value"),
    [
        ("5 chilometri", "Distance in metres", 5000), ("500 Gramm", "Gewicht in kg", 0.5),
        ("3 semanas", "number of days", 21), ("2 jaar", "months", 24), ("30 km", "kmh", 30),
    ],
)  # fmt: skip
def test_units(said: str, wanted: str, value: float) -> None:
    """Units are known by their names in each language, and left alone where they do not match."""
    found = numbers.parse(said)
    assert found is not None
    assert units.convert(found.value, units.said(found.rest), units.wanted(wanted)) == value


@pytest.mark.parametrize(
    ("language", "said", "digits"),
    [("en-GB", "ten apples", "10 apples"), ("de-AT", "drei Äpfel", "3 Äpfel"),
     ("fr_CA", "trois pommes", "3 pommes"), ("ja", "ten apples", "10 apples")],
)  # fmt: skip
def test_any_tag_that_a_client_sends(language: str, said: str, digits: str) -> None:
    """A region says nothing of numbers, and a language that is none of ours is no error."""
    assert spelled.in_digits(said, language) == digits

"""The words of six languages in English."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from modelserver.tasks.gloss.dictionary import GLOSSED, dictionary, is_english, lines

SHAPE = re.compile(r"[^\W\d_]+(?:[ '\-/][^\W\d_]+|'s?)*[*!]?|[^\W\d_]+ … [^\W\d_]+")


@pytest.mark.parametrize(
    ("language", "said", "english"),
    [
        ("de", "storniert", "cancelled"), ("de", "stornieren", "cancel"), ("de", "straße", "street"),
        ("fr", "à", "to"), ("fr", "a", "has"), ("fr", "annulation", "cancellation"),
        ("fr", "traversee", "crossing"), ("es", "él", "he"), ("es", "el", "the"),
        ("it", "dà", "give"), ("it", "da", "from"), ("pt", "reunioes", "meeting"),
        ("nl", "annuleren", "cancel"), ("de", "märz", "march"), ("fr", "lundi", "monday"),
        ("de", "zeppelin", None), ("es", "reservadamenteseis", None),
    ],
)  # fmt: skip
def test_a_word(language: str, said: str, english: str | None) -> None:
    """In any form of it; accents tell words apart, and are not needed where they need not."""
    assert dictionary(language).word(said) == english


@pytest.mark.parametrize(
    ("language", "said", "english"),
    [
        ("de", "nordfiliale", "north branch"), ("de", "sparkonto", "savings account"),
        ("de", "bibliotheksausweis", "library identity card"), ("fr", "nordagence", None),
        ("nl", "stadsfiets", "city bicycle"),
    ],
)  # fmt: skip
def test_two_words_in_one(language: str, said: str, english: str | None) -> None:
    """German and Dutch write them so; what has a word of its own has that."""
    assert dictionary(language).word(said) == english


def test_the_end_of_a_clause() -> None:
    """There a German verb leaves its other half."""
    german = dictionary("de")
    assert german.word("aus", closes=True) == "off"
    assert german.word("aus") == "from"


def test_a_phrase() -> None:
    """The longest that the words begin with."""
    french = dictionary("fr")
    assert french.phrase(["s", "il", "vous", "plait", "merci"]) == (4, "please")
    assert french.phrase(["vous"]) is None


@pytest.mark.parametrize("language", GLOSSED)
def test_every_line_is_one(language: str) -> None:
    """A form stands once, in small letters, and in a shape that is understood."""
    forms = [form for _, form in lines(language)]
    assert [form for form, count in Counter(forms).items() if count > 1] == []
    assert [form for form in forms if not SHAPE.fullmatch(form) or form != form.lower()] == []


@pytest.mark.parametrize("language", GLOSSED)
def test_english_is_english(language: str) -> None:
    """What a word is in English is written with English letters."""
    odd = [said for said, _ in lines(language) if not re.fullmatch(r"[a-z' \-]*", said)]
    assert odd == []


@pytest.mark.parametrize(
    ("said", "known"),
    [("cancelled", True), ("bookings", True), ("storniere", False), ("vuelo", False)],
)
def test_what_is_english_already(said: str, known: bool) -> None:
    """By the English side of the dictionaries."""
    assert is_english(said) is known


def test_a_long_word_takes_no_long_time() -> None:
    """Beyond a length it is no compound; before it every place in it is tried."""
    began = time.process_time()
    for length in (40, 4_000, 400_000):
        dictionary("de").word("hausboot" * (length // 8))
    assert time.process_time() - began < 0.5

"""Spans stretched to whole words and whole numbers."""

from __future__ import annotations

import pytest

from modelserver.checked import LONGEST
from modelserver.tasks.values.words import whole


@pytest.mark.parametrize(
    ("text", "cut", "wanted"),
    [
        ("set AUTH-12 to done", "-12", "AUTH-12"),
        ("cron in Europe/Berlin, please", "Europe", "Europe/Berlin"),
        ("open IMG_0042.heic.", "IMG_0042", "IMG_0042.heic"),
        ("mail ann.b@example.org now", "example", "ann.b@example.org"),
        ("ping 10.4.0.1 twice", "4.0", "10.4.0.1"),
        ("see https://a.example/x?y.", "a.example", "a.example/x"),
        ("to Oslo, Norway", "Oslo", "Oslo"),
        ("Mary's scones", "Mary", "Mary"),
        ("is it 'half past six'?", "half past six", "half past six"),
        ("Lagos - Accra", "Lagos", "Lagos"),
        ("von Köln nach Bonn", "öl", "Köln"),
        ("我要去北京吃饭", "北京", "北京"),
        ("good.Bye", "Bye", "good.Bye"),
        ("wait... Rome", "Rome", "Rome"),
    ],
)
def test_words_are_whole(text: str, cut: str, wanted: str) -> None:
    """A span in the middle of a word takes the whole word, and nothing of its neighbours."""
    begin = text.index(cut)
    start, end = whole(text, begin, begin + len(cut))
    assert text[start:end] == wanted


@pytest.mark.parametrize(
    ("text", "cut", "wanted"),
    [
        ("98,6 fahrenheit", "6", "98,6"),
        ("1,250.75 euros", "250", "1,250.75"),
        ("between 10-12", "10", "10"),
        ("128/82", "82", "82"),
        ("version 3.", "3", "3"),
        ("room B12", "12", "12"),
    ],
)
def test_numbers_are_whole(text: str, cut: str, wanted: str) -> None:
    """A number keeps its point and its groups, and takes no sign or letter with it."""
    begin = text.index(cut)
    start, end = whole(text, begin, begin + len(cut), numeric=True)
    assert text[start:end] == wanted


def test_a_word_of_any_length() -> None:
    """What is longer than any value is not followed to its end."""
    start, end = whole("a-" * 50_000, 50_000, 50_001)
    assert LONGEST < end - start <= 2 * LONGEST + 1

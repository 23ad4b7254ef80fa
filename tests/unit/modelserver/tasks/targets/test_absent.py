"""Who is said to be ill or away."""

from __future__ import annotations

import time

import pytest

from modelserver.tasks.targets import absent


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nina is ill, give her class to omar", "nina"), ("Give the class to Omar, Nina Holt can't come", "Nina Holt"),
        ("Omar should do it because Nina is on leave", "Nina"), ("nina cant make 4 pm. omar does it", "nina"),
        ("Nina ist krank, Omar macht es", "Nina"), ("Nina est malade, mettez Omar", "Nina"),
        ("Nina no puede, que vaya Omar", "Nina"), ("Nina è malata, metti Omar", "Nina"),
        ("a Nina não pode" , None), ("Nina is ziek, Omar neemt het over", "Nina"),
        ("she can't come, give it to Omar", None), ("I am ill", None), ("nina is ill and so, omar is ill", None),
        ("the door is off", None), ("Nina can take it", None), ("nina is off to Rome", None), ("", None),
    ],
)  # fmt: skip
def test_who_is_away(text: str, name: str | None) -> None:
    """By name, and one alone; who is nobody named was named before."""
    spot = absent.spot(text)
    assert (spot and text[slice(*spot)]) == name


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("Nina is ill", True),
        ("Nina is here", False),
        ("Nina can't do Monday", True),
        ("Nina can do Monday", False),
    ],
)
def test_words_behind_a_name(text: str, *, away: bool) -> None:
    assert absent.follows("Nina", text, 4) is away
    assert not absent.follows("T-4", "T-4 is off", 3)


def test_a_long_message_takes_no_time() -> None:
    began = time.process_time()
    for text in ("nina " * 100_000, ", " * 200_000, "n" * 300_000, "and nina is " * 50_000):
        absent.spot(text)
    assert time.process_time() - began < 0.3

"""The choice that is meant, if any."""

from __future__ import annotations

import pytest

from modelserver.tasks.values.choices import distance, is_misspelt, meant, plain

REGIONS = ("america", "europe", "emea")


@pytest.mark.parametrize(
    ("choices", "said", "choice"),
    [
        (REGIONS, "America", "america"), (REGIONS, "ameriza", "america"), (REGIONS, "euorpe", "europe"),
        (REGIONS, "emae", None), (REGIONS, "asia", None), (REGIONS, "", None),
        (("celsius", "fahrenheit"), "celcius", "celsius"), (("celsius", "fahrenheit"), "farenhiet", "fahrenheit"),
        (("first_class", "economy"), "First class", "first_class"), (("black", "white"), "block", "black"),
        (("five", "live"), "life", None), (("planter", "planner"), "planker", None),
        (("PX-1042", "PX-1043"), "PX-1044", None), (("México",), "mexico", "México"), ((1, 2), "2", 2),
    ],
)  # fmt: skip
def test_meant(choices: tuple[object, ...], said: str, choice: object) -> None:
    """Case, accents and underscores make no difference; a slip neither, if one choice is near."""
    assert meant(choices, said) == choice


@pytest.mark.parametrize(
    ("first", "second", "slips"),
    [
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "abcd", 1),
        ("abc", "xyz", 3),
        ("abc", "abcdef", 3),
    ],
)
def test_distance(first: str, second: str, slips: int) -> None:
    """Letters put in, left out, exchanged and swapped are one slip each; many are not counted."""
    assert distance(first, second, 2) == slips


@pytest.mark.parametrize(
    ("choice", "word", "slip"),
    [
        ("green", "geen", True), ("night", "nihgt", True), ("french", "frensh", True), ("classic", "clasic", True),
        ("Dunmore", "Dunmoor", True), ("Wednesday", "Wensday", True), ("motorcycle", "motocycle", True),
        ("night", "right", False), ("meat", "meet", False), ("green", "greet", False), ("lawn", "lawns", False),
        ("bicycle", "motocycle", False), ("standing", "standard", False), ("tuesday", "thursday", False),
        ("courier", "carrier", False), ("red", "rde", False), ("web1", "wbe1", False), ("green", "green", False),
    ],
)  # fmt: skip
def test_misspelt(choice: str, word: str, slip: bool) -> None:
    """A slip makes no other word of it: those that people use every day mean themselves."""
    assert is_misspelt(plain(choice), plain(word)) is slip

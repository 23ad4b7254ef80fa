"""Lists as people write them: several signs and words between the items."""

from __future__ import annotations

import pytest

from modelserver.tasks.values.lists import numbers, parts


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("A1, B2; C3 and D4", ["A1", "B2", "C3", "D4"]), ("A1 and B2", ["A1", "B2"]),
        ("A1\nB2\nC3", ["A1", "B2", "C3"]), ("A1/B2 / C3 & D4", ["A1/B2", "C3", "D4"]),
        ("A1 und B2", ["A1", "B2"]), ("A1, B2 et C3", ["A1", "B2", "C3"]),
        ("A1, B2 y C3", ["A1", "B2", "C3"]), ("A1, B2 e C3", ["A1", "B2", "C3"]),
        ("A1, B2 en C3", ["A1", "B2", "C3"]), ("A1 | B2", ["A1", "B2"]), ("[A1, B2]", ["A1", "B2"]),
        ("Ann, Bob, and Carl", ["Ann", "Bob", "Carl"]), ("Ann; Bob", ["Ann", "Bob"]),
        ("Simon and Garfunkel", ["Simon and Garfunkel"]), ('"a, b"', ['"a, b"']), ("milk", ["milk"]),
        ("", []),
    ],
)  # fmt: skip
def test_parts(said: str, items: list[str]) -> None:
    """Every item once, in order; a name with "and" in it stays whole."""
    assert parts(said) == items


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("3, 5 and 8", ["3", "5", "8"]), ("1.5; 2.5", ["1.5", "2.5"]), ("1,250", ["1,250"]),
        ("10 %, 20 %", ["10 %", "20 %"]), ("none", []),
    ],
)  # fmt: skip
def test_numbers(said: str, found: list[str]) -> None:
    """Each number is one; a group of thousands is no two."""
    assert [said[start:end] for start, end in numbers(said)] == found

"""Patterns are matched in bounded time, whatever they are matched against."""

from __future__ import annotations

import time

import pytest

from modelserver.tasks.values.patterns import LONGEST, is_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{5}$", "90210", True),
        (r"^\d{5}$", "9021", False),
        ("[A-Z]{3}", "LIS", True),
        ("[A-Z]{3}", "to LIS today", False),
        ("[a-z]+", "123abc456", False),
        ("a|ab", "ab", True),
        (r"\p{Lu}+", "ÄÖ", True),
        (r"^(?!0)\d+$", "042", False),
        ("x", "x" * (LONGEST + 1), False),
        ("(", "(", False),
    ],
)
def test_patterns_match_as_a_whole(pattern: str, text: str, found: bool) -> None:
    """Anchored or not, with look-aheads and alternatives too; what is no pattern or too long matches nothing."""
    assert matches(pattern, text) is found


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b$", "^(a|aa)+$", "(.*)*x"])
def test_a_pattern_that_explodes_is_given_up(pattern: str) -> None:
    """Patterns that would take minutes on such words take a moment, and do not match."""
    began = time.monotonic()
    matches(pattern, "a" * 40 + "!")
    assert time.monotonic() - began < 1


def test_what_is_no_pattern() -> None:
    """Unbalanced brackets are no pattern; anything the matcher takes is one."""
    assert is_pattern("^a+$")
    assert not is_pattern("(")

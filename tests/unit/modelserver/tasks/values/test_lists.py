"""Lists as people write them: several signs and words between the items."""

from __future__ import annotations

import pytest

from modelserver.tasks.values.lists import (
    bullet,
    known_at,
    known_in,
    known_items,
    numbers,
    parts,
    reach,
)


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("A1, B2; C3 and D4", ["A1", "B2", "C3", "D4"]), ("A1 and B2", ["A1", "B2"]),
        ("A1\nB2\nC3", ["A1", "B2", "C3"]), ("A1/B2 / C3 & D4", ["A1", "B2", "C3", "D4"]),
        ("A1 und B2", ["A1", "B2"]), ("A1, B2 et C3", ["A1", "B2", "C3"]),
        ("A1, B2 y C3", ["A1", "B2", "C3"]), ("A1, B2 e C3", ["A1", "B2", "C3"]),
        ("A1, B2 en C3", ["A1", "B2", "C3"]), ("A1, B2 n C3", ["A1", "B2", "C3"]), ("A1 | B2", ["A1", "B2"]), ("[A1, B2]", ["A1", "B2"]),
        ("Ann, Bob, and Carl", ["Ann", "Bob", "Carl"]), ("Ann; Bob", ["Ann", "Bob"]),
        ("Simon and Garfunkel", ["Simon and Garfunkel"]), ('"a, b"', ['"a, b"']), ("milk", ["milk"]),
        ("", []), ("- A1\n- B2", ["A1", "B2"]), ("* milk\n* eggs and ham", ["milk", "eggs and ham"]),
        ("DP1/DP2 plus DP3", ["DP1", "DP2", "DP3"]), ("a.pdf and b.doc", ["a.pdf", "b.doc"]),
        ("Tuesday/Saturday", ["Tuesday", "Saturday"]), ("and/or", ["and/or"]), ("A1/b.md", ["A1/b.md"]),
        ("DP1/DP2, DP3", ["DP1", "DP2", "DP3"]), ("docs/a1.md", ["docs/a1.md"]), ("3/4", ["3/4"]),
        ("HayTech and FarmLink", ["HayTech", "FarmLink"]), ("Hay and FarmLink", ["Hay and FarmLink"]),
        ("Max Reuter and Lea Sommer", ["Max Reuter", "Lea Sommer"]),
        ("Ann Lee, Max van Dyk and Lea Sommer", ["Ann Lee", "Max van Dyk", "Lea Sommer"]),
        ("Pride and Prejudice", ["Pride and Prejudice"]), ("bread and butter", ["bread", "butter"]),
        ("The Owl and The Pussycat", ["The Owl and The Pussycat"]),
        ("War and Peace; Emma", ["War and Peace", "Emma"]), ("A1; B2 and C3", ["A1", "B2", "C3"]),
        ("S-1 S-2 S-3", ["S-1", "S-2", "S-3"]), ("S-1 b2", ["S-1 b2"]), ("Section A1", ["Section A1"]),
        ("web-01 web-02 & web-05", ["web-01", "web-02", "web-05"]), ("room A1 A2", ["room A1 A2"]),
        ("salt n pepper", ["salt", "pepper"]), ("A1, B2 but not C3", ["A1", "B2"]), ("Ann, Bob except Carl", ["Ann", "Bob"]),
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


@pytest.mark.parametrize(
    ("text", "start", "rest"),
    [
        ("- LM-1", 0, "LM-1"), ("get\n  * milk", 4, "milk"), ("1. milk\n2. eggs", 0, "milk\n2. eggs"),
        ("2. Bundesliga", 0, "2. Bundesliga"), ("5 - 3", 2, "- 3"), ("-5", 0, "-5"),
    ],
)  # fmt: skip
def test_bullets(text: str, start: int, rest: str) -> None:
    """The sign that a line begins with is no part of its item; a lone number may be."""
    assert text[start + bullet(text, start) :] == rest


@pytest.mark.parametrize(
    ("text", "seen", "whole"),
    [
        ("on Monday, Wednesday and Friday at 6", "Monday, Wednesday", "Monday, Wednesday and Friday"),
        ("Tuesday/Saturday", "Saturday", "Tuesday/Saturday"), ("DP1, DP2 and 3", "DP1", "DP1, DP2"),
        ("a.pdf & b.pdf", "b.pdf", "a.pdf & b.pdf"), ("a.pdf and Bob", "a.pdf", "a.pdf"),
        ("salt + pepper please", "salt", "salt + pepper"), ("DP1 DP2 today", "DP1", "DP1 DP2"),
        ("DP1, not DP2", "DP1", "DP1"), ("DP1 and ship DP2", "DP1", "DP1"), ("A, B", "A", "A"),
    ],
)  # fmt: skip
def test_reach(text: str, seen: str, whole: str) -> None:
    """What looks the same beside an item is an item."""
    start = text.index(seen)
    first, last = reach(text, start, start + len(seen))
    assert text[first:last] == whole


def test_a_long_list_takes_no_long_time() -> None:
    """A megabyte of items is read as far as a list goes, and in no time."""
    text = "A1, " * 250_000
    first, last = reach(text, 0, 2)
    assert (first, last) == (0, 402)


@pytest.mark.parametrize(
    ("text", "seen", "whole"),
    [
        ("Ann Lee, Bo Hill and Cy Marsh.", "Ann Lee, Bo Hill", "Ann Lee, Bo Hill and Cy Marsh"),
        ("for Ann Lee and Bo Hill on Monday", "Ann Lee", "Ann Lee and Bo Hill"),
        ("101010; 202020; 303030", "303030", "101010; 202020; 303030"),
        ("4711 and 4712", "4711", "4711 and 4712"), ("hand mower + rake on", "rake", "hand mower + rake"),
        ("rake, hand mower and hose", "rake", "rake, hand mower and hose"),
        ("the rake and the hose please", "rake", "rake and the hose"), ("rake/hose", "hose", "rake/hose"),
        ("Ann Lee and Bo Hill will come", "Ann Lee", "Ann Lee"), ("4711 and 12", "4711", "4711"),
        ("rake and spade", "rake", "rake"), ("take the rake + hoses", "rake", "rake"),
        ("Ann Lee and Monday", "Ann Lee", "Ann Lee"), ("4711 but 4712", "4711", "4711"),
    ],
)  # fmt: skip
def test_reach_of_people_numbers_and_known_things(text: str, seen: str, whole: str) -> None:
    """Numbers of one length, people by two names, and what the description counts up."""
    known = known_items("Tools, without article: rake, hose, hand mower.")
    start = text.index(seen)
    first, last = reach(text, start, start + len(seen), known)
    assert text[first:last] == whole


@pytest.mark.parametrize(
    ("item", "found"),
    [("rake - oh", "rake"), ("Rake", "Rake"), ("rake of my late aunt", "rake of my late aunt"), ("raker", "raker"),
     ("spade", "spade")],
)  # fmt: skip
def test_a_known_item_with_a_word_beside_it(item: str, found: str) -> None:
    assert known_in(item, {"rake", "hose"}) == found


def test_known_items() -> None:
    assert known_items("The tools: rake, hand mower.") == {"rake", "hand mower"}
    assert known_items("One of rake, hose") == known_items("The date: 2026-05-31") == frozenset()


def test_a_part_of_a_known_item_is_the_item() -> None:
    known = known_items("The tools: rake, hand mower.")
    text = "the hand mower on"
    assert known_at(text, 4, 8, known) == (4, 14)
    assert known_at(text, 15, 17, known) is None

"""Which of two values gives way, by what is said they do."""

from __future__ import annotations

import time

import pytest

from modelserver.tasks.targets import roles
from modelserver.tasks.types import Evidence


def of_first(text: str, first: str, second: str, *, changes: bool = False) -> roles.Role | None:
    one, other = (
        Evidence(0, text.index(each), text.index(each) + len(each), each, 0.5)
        for each in (first, second)
    )
    return roles.of_first(one, other, text, changes=changes)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("let Una take over from Otto", "target"), ("Una replaces Otto on Friday", "target"),
        ("Otto is off, Una steps in", "source"), ("Una in, Otto out", "target"), ("Otto out, Una in", "source"),
        ("Una stands in for Otto", "target"), ("swap Otto for Una", "source"), ("replace Otto with Una", "source"),
        ("Otto has plenty, Una needs some", "source"), ("I have Otto and want Una", "source"),
        ("we'd rather have Una, we've got Otto", "target"), ("she is in Otto, bring her to Una", "source"),
        ("Otto is ill today so Una will take over", "source"), ("exchange size Otto for size Una", "source"),
        ("Una is the one who needs it, Otto has enough", "target"), ("Otto so far, Una now", "source"),
    ],
)  # fmt: skip
def test_what_they_do_says_which_gives_way(text: str, side: roles.Side) -> None:
    first, second = sorted(("Una", "Otto"), key=text.index)
    assert of_first(text, first, second) == roles.Role(side, sure=True)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Una should get a copy of Otto's files", "target"), ("Otto's shift goes to Una", "source"),
        ("Una is the one who needs it, ask Otto", "target"), ("I want Una, by Otto", "target"),
        ("Una needs a dry place, Otto is free", "target"),
    ],
)  # fmt: skip
def test_what_may_be_so_is_no_more_than_a_guess(text: str, side: roles.Side) -> None:
    """Who needs something may be who leaves."""
    first, second = sorted(("Una", "Otto"), key=text.index)
    assert of_first(text, first, second) == roles.Role(side, sure=False)


@pytest.mark.parametrize(
    "text",
    [
        "Una and Otto",
        "Otto, then Una",
        "to Una instead of Otto",
        "Otto is out of Una",
        "I have an appointment with Otto, Una",
        "Otto in the hall, Una",
    ],
)
def test_other_words_say_nothing(text: str) -> None:
    """Nor do those of which both values say the same."""
    first, second = sorted(("Una", "Otto"), key=text.index)
    assert of_first(text, first, second) is None


def test_instead_of_is_of_what_changes() -> None:
    assert of_first("Una instead of Otto", "Una", "Otto", changes=True) == roles.Role(
        "target", sure=True
    )


@pytest.mark.parametrize("piece", ["will ", "has ", "a new ", "swap ", "is ", "'s "])
def test_no_message_takes_long(piece: str) -> None:
    began = time.process_time()
    of_first(f"{piece * 20_000}Una{piece * 20_000}Otto{piece * 20_000}", "Una", "Otto")
    assert time.process_time() - began < 0.5

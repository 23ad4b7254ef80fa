"""Of several wishes for the same words one is meant."""

from __future__ import annotations

import pytest

from modelserver.tasks.targets.own_words import with_own_words
from modelserver.tasks.types import Call, Evidence, Message


def stays_of(text: str, best: str, **words: dict[str, str]) -> set[str]:
    """The tools whose calls stay, of calls that take these words of a message."""
    messages = (Message("user", "12"), Message("user", text))
    found = [
        Call(
            name, dict.fromkeys(said, 1),
            evidence={
                each: Evidence(1, text.index(w), text.index(w) + len(w), w, 0.9)
                if w in text else Evidence(0, 0, 2, w, 0.9)
                for each, w in said.items()
            },
        )
        for name, said in words.items()
    ]  # fmt: skip
    return {call.name for call in with_own_words(found, best, messages)}


@pytest.mark.parametrize(
    ("text", "best", "stays"),
    [
        ("have room 12 cleaned", "get_room", {"request_cleaning"}), ("clean 12", "get_room", {"request_cleaning"}),
        ("what of room 12", "get_room", {"get_room"}), ("12", "request_cleaning", {"request_cleaning"}),
    ],
)  # fmt: skip
def test_of_two_wishes_with_the_same_words_one_is_meant(
    text: str, best: str, stays: set[str]
) -> None:
    """The one whose name is said, else the likelier one."""
    both = {"get_room": {"room": "12"}, "request_cleaning": {"room": "12"}}
    assert stays_of(text, best, **both) == stays


def test_a_wish_with_no_new_word_is_none_beside_one_that_has_some() -> None:
    """Values of earlier turns are no words of it."""
    assert stays_of(
        "and 14?", "get_room", get_room={"room": "14"}, request_cleaning={"room": "12"}
    ) == {"get_room"}
    assert stays_of(
        "and 14 deep",
        "get_room",
        get_room={"room": "14"},
        request_cleaning={"room": "14", "kind": "deep"},
    ) == {"request_cleaning"}

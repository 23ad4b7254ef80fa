"""Values of a wish that a later message puts right."""

from __future__ import annotations

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import corrections, wording
from modelserver.tasks.types import UNTOLD, Call, Evidence, Message

FERRY = Tool(
    "book_ferry", "",
    (
        Parameter("sailing", "integer", "The number of the sailing.", required=True),
        Parameter("seats", "integer", "How many seats.", required=True),
        Parameter("day", description="The day.", format="date", required=True),
        Parameter("cabin", description="Which cabin.", enum=("inside", "outside"), required=True),
    ),
)  # fmt: skip
WISH = Call(
    "book_ferry", {"sailing": 871, "seats": 40, "day": "2027-06-01"}, missing=("cabin",),
    evidence={
        "sailing": Evidence(0, 0, 3, "871", 1.0), "seats": Evidence(0, 4, 6, "40", 1.0),
        "day": Evidence(0, 7, 17, "2027-06-01", 1.0),
    },
)  # fmt: skip
FIRST = Message("user", "871 40 2027-06-01")


def talk(*texts: str) -> tuple[Message, ...]:
    """Messages of a user, before each of which we asked for the cabin."""
    said = [(Message("assistant", "Which cabin?", ours=True), Message("user", t)) for t in texts]
    return (FIRST, *(each for pair in said for each in pair))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("make it 45", "seats", 45), ("oh no, make that 4, 40 is a coachful", "seats", 4),
        ("sorry, it has to be 2027-06-02", "day", "2027-06-02"), ("bring it down to 12 please", "seats", 12),
        ("I meant 2027-06-08, silly me", "day", "2027-06-08"), ("lieber 30", "seats", 30),
        ("make it sailing 872", None, None), ("actually, 45 seats", "seats", 45), ("plutôt 38", "seats", 38),
        ("mejor 38", "seats", 38), ("anzi 38", "seats", 38), ("liever 38", "seats", 38), ("35 instead", "seats", 35),
    ],
)  # fmt: skip
def test_a_new_value_takes_the_place_of_the_one_it_fits(
    text: str, name: str | None, value: object
) -> None:
    """As a guess: whoever knows the conversation would ask whether it is so."""
    right = corrections.put_right(WISH, FERRY, talk(text), 2, UNTOLD)
    if name is None:
        assert right is None or right.arguments["seats"] == WISH.arguments["seats"]
        return
    assert right is not None
    assert right.arguments == {**WISH.arguments, name: value}
    assert right.evidence[name].confidence == wording.UNSAID


@pytest.mark.parametrize(
    "text",
    [
        "40 is a lot", "can you make it 45?", "make it 7 pm", "make it 40", "make it 4 or 5", "thanks, 871 it is",
        "sorry to hear that 12 people got sick", "not 45", "that makes 45 in all", "make it snappy",
    ],
)  # fmt: skip
def test_what_puts_nothing_right(text: str) -> None:
    """A question, what is so already, another thing's number, or two values."""
    assert corrections.put_right(WISH, FERRY, talk(text), 2, UNTOLD) is None


def test_what_was_put_right_stays_so() -> None:
    """The old value is never meant again; one that is said later is."""
    messages = talk("make it 45", "inside")
    assert corrections.carried(WISH, FERRY, messages, UNTOLD).arguments["seats"] == 45
    later = Call("book_ferry", {"seats": 50}, evidence={"seats": Evidence(4, 0, 2, "50", 1.0)})
    assert corrections.carried(later, FERRY, messages, UNTOLD) == later


def test_what_we_did_not_ask_about_puts_nothing_right() -> None:
    """A wish that is settled is not changed by a later one."""
    messages = (
        FIRST,
        Message("assistant", "Done."),
        Message("user", "make it 45"),
        *talk("inside")[1:],
    )
    assert corrections.carried(WISH, FERRY, messages, UNTOLD) == WISH

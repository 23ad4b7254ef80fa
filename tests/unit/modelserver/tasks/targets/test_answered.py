"""Replies to the gateway's question, read with what was asked about."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import answered
from modelserver.tasks.types import UNTOLD, Call, Evidence, Message, Request

BERTH = "^[A-F][0-9]{1,2}$"
SHIFT = Tool(
    "shift_boat", "",
    (
        Parameter("old_berth", pattern=BERTH, required=True),
        Parameter("new_berth", pattern=BERTH, required=True),
        Parameter("hours", "integer", required=True),
    ),
)  # fmt: skip


def talk(reply: str, question: str = "Which old berth?") -> tuple[Message, ...]:
    return (
        Message("user", "shift it to E5"), Message("assistant", question, ours=True), Message("user", reply),
    )  # fmt: skip


def call(**arguments: Any) -> Call:
    evidence = {name: Evidence(0, 0, 1, str(value), 0.9) for name, value in arguments.items()}
    missing = tuple(p.name for p in SHIFT.parameters if p.name not in arguments)
    return Call("shift_boat", arguments, missing, evidence)


@pytest.mark.parametrize(
    ("reply", "calls", "again"),
    [
        ("it lies at C2 now", (), True), ("no, leave it", (), False), ("not C2", (), False), ("why?", (), False),
        ("C2", (call(old_berth="C2"),), True), ("C2", (call(new_berth="E5", hours=2),), False),
        ("C2", (call(), call()), False),
    ],
)  # fmt: skip
def test_read_again_is_what_was_read_badly(
    reply: str, calls: tuple[Call, ...], *, again: bool
) -> None:
    """As no wish, or without what was said before; who denies or asks answers nothing."""
    found = answered.earlier(Request(talk(reply), (SHIFT,)), calls)
    assert (found is not None and found.messages == talk(reply)[:1]) is again


def test_what_is_no_question_of_ours_has_no_answer() -> None:
    request = Request(talk("C2", "Shall I go ahead?"), (SHIFT,))
    assert answered.earlier(request, ()) is None


@pytest.mark.parametrize(
    ("reply", "berth"), [("it lies at c2", "C2"), ("C2 or C3", None), ("no idea", None)]
)
def test_the_reply_says_what_was_asked_for(reply: str, berth: str | None) -> None:
    """Where it says one such thing."""
    found = answered.with_reply(call(new_berth="E5", hours=2), SHIFT, talk(reply), UNTOLD)
    assert (found.arguments.get("old_berth") if found else None) == berth
    if found:
        assert found.missing == ()
        assert found.evidence["old_berth"].message == 2


@pytest.mark.parametrize(
    ("reply", "plain"),
    [("it's lying at C2 right now", True), ("C2 is where it was when I came by today", False),
     ("not at C2", False), ("C2?", False)],
)  # fmt: skip
def test_a_plain_reply_is_hardly_more_than_its_value(reply: str, *, plain: bool) -> None:
    assert answered.is_plain(reply) is plain


@pytest.mark.parametrize(
    ("message", "guess"), [(0, True), (2, False)], ids=["before the question", "in the reply"]
)
def test_what_was_asked_for_is_a_guess_where_the_reply_does_not_say_it(
    message: int, *, guess: bool
) -> None:
    """It was not found before the question; "theres ice on the blades" may mean noise as well."""
    said = Evidence(message, 0, 2, "C2", 0.9)
    read = Call("shift_boat", {"old_berth": "C2"}, (), {"old_berth": said})
    assert answered.found_before(read, SHIFT, talk("C2")) is guess
    assert not answered.found_before(read, SHIFT, talk("C2")[:1])


def late(*texts: str) -> tuple[Message, ...]:
    """A wish and our question, what was said meanwhile and answered, and the last message."""
    *between, reply = texts
    side = [(Message("user", each), Message("assistant", "An LLM.")) for each in between]
    return (*talk("")[:2], *(each for pair in side for each in pair), Message("user", reply))


@pytest.mark.parametrize(
    ("texts", "again"),
    [
        (("is it deep there?", "C2"), True), (("hang on", "is it deep?", "found it: C2"), True),
        (("C2",), False), (("is it deep?", "and is it wide?"), False), (("hm", "no, leave it"), False),
        (("a?", "b?", "c?", "d?", "C2"), False), (("hm", "Is it like that? Mine is C2."), True),
    ],
)  # fmt: skip
def test_an_answer_may_come_after_a_side_question(texts: tuple[str, ...], *, again: bool) -> None:
    found = answered.put_off(Request(late(*texts), (SHIFT,)))
    assert (found is not None) is again
    if found:
        assert [len(each.messages) for each in found] == [1, 3]


DAY = Tool("moor", "", (Parameter("day", format="date", required=True),))


@pytest.mark.parametrize(
    ("reply", "day"),
    [
        ("le 14 mars 2027", "2027-03-14"), ("ok then on the 3rd of May 2027", "2027-05-03"),
        ("am 5. Februar 2027", "2027-02-05"), ("the harbour master is away", None),
    ],
)  # fmt: skip
def test_a_day_in_words_is_a_guess(reply: str, day: str | None) -> None:
    lacking = Call("moor", {}, ("day",), {})
    found = answered.with_reply(lacking, DAY, talk(reply, "Which day?"), UNTOLD)
    assert (found.arguments["day"] if found else None) == day
    assert not found or found.evidence["day"].confidence < 0.4

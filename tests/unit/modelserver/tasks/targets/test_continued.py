"""Messages that go on with the wish before them."""

from __future__ import annotations

import datetime as dt

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import continued
from modelserver.tasks.types import Call, Evidence, Message, Occasion, Request

SEARCH = Tool(
    "find_cottages", "",
    (
        Parameter("lake", required=True), Parameter("beds", "integer", "How many beds."),
        Parameter("arrival", format="date"), Parameter("sauna_only", "boolean"),
    ),
)  # fmt: skip
BEFORE = Call(
    "find_cottages", {"lake": "Saimaa", "beds": 4, "arrival": "2027-06-11"},
    evidence={
        "lake": Evidence(0, 17, 23, "Saimaa", 0.9), "beds": Evidence(0, 29, 30, "4", 0.9),
        "arrival": Evidence(0, 40, 50, "2027-06-11", 0.9),
    },
)  # fmt: skip
FIRST = "find cottages at Saimaa with 4 beds from 2027-06-11"


def talk(text: str, *, ours: bool = False) -> tuple[Message, ...]:
    return (
        Message("user", FIRST),
        Message("assistant", "Here they are.", ours=ours),
        Message("user", text),
    )


def call(text: str, **values: object) -> Call:
    """A call that takes these values of the last message; a name says where: `lake="Inari"`."""
    words = {name: str(value) for name, value in values.items() if not isinstance(value, bool)}
    evidence = {
        name: Evidence(2, text.index(said), text.index(said) + len(said), said, 0.4)
        for name, said in words.items()
    }
    if "sauna_only" in values:
        evidence["sauna_only"] = Evidence(
            2, text.index("sauna"), text.index("sauna") + 5, "sauna", 0.6
        )
    return Call("find_cottages", values, evidence=evidence)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("and Inari?", {"lake": "Inari"}), ("what about 6 beds?", {"beds": 6}),
        ("ok and the Inari one", {"lake": "Inari"}), ("only with sauna", {"sauna_only": True}),
        ("same at Inari", {"lake": "Inari"}), ("and for 2?", {"beds": 2}),
        ("now the same with 8 beds please", {"beds": 8}), ("and by going to Inari?", {"lake": "Inari"}),
        ("sauna ones only", {"sauna_only": True}),
    ],
)  # fmt: skip
def test_a_new_value_alone_is_the_wish_before(text: str, values: dict[str, object]) -> None:
    messages = talk(text)
    assert continued.earlier(Request(messages, (SEARCH,)))
    new = continued.with_unsaid(
        call(text, **values), BEFORE, SEARCH, messages, Occasion(), anew=True
    )
    assert continued.is_it(new, BEFORE, messages, SEARCH)
    assert new.arguments == {**BEFORE.arguments, **values}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("and Saimaa was great", {"lake": "Saimaa"}), ("and not Inari", {"lake": "Inari"}),
        ("and tell my sister Inari is booked", {"lake": "Inari"}), ("and thanks a lot", {}),
        ("and my son loves Inari", {"lake": "Inari"}),
    ],
)  # fmt: skip
def test_what_says_more_or_nothing_new_is_not(text: str, values: dict[str, object]) -> None:
    messages = talk(text)
    new = continued.with_unsaid(
        call(text, **values), BEFORE, SEARCH, messages, Occasion(), anew=True
    )
    assert not continued.is_it(new, BEFORE, messages, SEARCH)


@pytest.mark.parametrize(
    "text", ["Inari", "show me Inari", "thanks", "just a moment", "I want 6 beds"]
)
def test_other_messages_go_on_with_nothing(text: str) -> None:
    assert not continued.earlier(Request(talk(text), (SEARCH,)))


def test_an_answer_to_our_question_is_no_follow_up() -> None:
    """The model reads question and answer together."""
    assert not continued.earlier(Request(talk("and Inari?", ours=True), (SEARCH,)))
    assert not continued.earlier(Request((Message("user", "and Inari?"),), (SEARCH,)))


def test_the_wish_before_is_read_as_it_stood() -> None:
    found = continued.earlier(Request(talk("and Inari?"), (SEARCH,)))
    assert [[each.content for each in request.messages] for request in found] == [[FIRST]]


def test_between_a_wish_and_what_goes_on_with_it_others_may_stand() -> None:
    """Thanks and questions; the newest message is the first to be read."""
    told = (Message("user", "thanks!"), Message("assistant", "You are welcome."))
    messages = (*talk("")[:2], *told, Message("user", "and Inari too"))
    found = continued.earlier(Request(messages, (SEARCH,)))
    assert [each.messages[-1].content for each in found] == ["thanks!", FIRST]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("and on the 15th?", "2027-06-15"), ("what about the 5th?", "2027-06-05"),
        ("and back on the 3rd?", "2027-07-03"), ("and the way back on the 20th?", "2027-06-20"),
    ],
)  # fmt: skip
def test_a_day_is_one_of_the_month_that_was_spoken_of(text: str, day: str) -> None:
    said = next(each for each in ("the 15th", "the 5th", "the 3rd", "the 20th") if each in text)
    start = text.index(said)
    new = Call(
        "find_cottages", {"lake": "Saimaa", "arrival": "2026-12-15"},
        evidence={"arrival": Evidence(2, start, start + len(said), said, 0.9)},
    )  # fmt: skip
    found = continued.with_unsaid(new, BEFORE, SEARCH, talk(text), Occasion(dt.date(2026, 11, 30)))
    assert found.arguments["arrival"] == day


def test_what_cannot_be_used_is_not_carried_over() -> None:
    """To put the old value in its place would answer another question."""
    new = Call("find_cottages", {"lake": "Inari"}, unusable=("beds",))
    found = continued.with_unsaid(
        new, BEFORE, SEARCH, talk("and at Inari with 99 beds"), Occasion()
    )
    assert "beds" not in found.arguments


@pytest.mark.parametrize(
    ("before", "said", "day"),
    [
        ("It is on 2027-04-05 now.", "the 8th", "2027-04-08"),
        ("booked for April 5", "8th", "2027-04-08"),
        ("Booked.", "the 8th", "2026-12-08"),
        ("It was on 2026-10-05.", "the 8th", "2026-12-08"),
        ("It is on 2026-11-20 now.", "the 8th", "2026-12-08"),
    ],
)
def test_a_day_is_one_of_the_month_spoken_of(before: str, said: str, day: str) -> None:
    """Unless that is over."""
    text = f"hmm, make it {said}"
    place = text.index(said)
    read = Call(
        "find_cottages", {"arrival": "2026-12-08"},
        evidence={"arrival": Evidence(2, place, place + len(said), said, 0.9)},
    )  # fmt: skip
    messages = (Message("user", "move it"), Message("assistant", before), Message("user", text))
    occasion = Occasion(today=dt.date(2026, 11, 12))
    found = continued.in_the_month_spoken_of(read, SEARCH, messages, occasion)
    assert found.arguments == {"arrival": day}


def test_the_way_back_is_after_the_way_there() -> None:
    """Also where the month of the way there was spoken of."""
    text = "and back on the 3rd"
    place = text.index("the 3rd")
    read = Call(
        "find_cottages", {"arrival": "2027-07-03"},
        evidence={"arrival": Evidence(2, place, len(text), "the 3rd", 0.9)},
    )  # fmt: skip
    occasion = Occasion(today=dt.date(2026, 11, 12))
    found = continued.in_the_month_spoken_of(read, SEARCH, talk(text), occasion)
    assert found.arguments == {"arrival": "2027-07-03"}

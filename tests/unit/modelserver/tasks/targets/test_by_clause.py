"""Reading clause by clause: what is read, behind which words, and which calls stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets.by_clause import pointed_back, standing, to_read, together
from modelserver.tasks.types import Call, Decision, Evidence, IntentAnswer, Message, Ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

MOW = Tool(
    "mow", "Mow a lot.",
    (
        Parameter("lot", required=True), Parameter("height", "integer"),
        Parameter("pattern", enum=("stripes", "rings")),
        Parameter("tools", "array", items="string"),
    ),
)  # fmt: skip
TRIM = Tool("trim", "Trim a hedge.", (Parameter("hedge", required=True),))
TOOLS = {"mow": MOW, "trim": TRIM}


def call(name: str, said: str, missing: Sequence[str] = (), **values: str) -> Call:
    """A call whose values are these words of a text."""
    evidence = {
        key: Evidence(0, said.index(value), said.index(value) + len(value), value, 0.9)
        for key, value in values.items()
    }
    return Call(name, values, tuple(missing), evidence)


def decision(*calls: Call, score: float = 0.9) -> Decision:
    """A decision for these calls, or for none of the tools."""
    name = calls[0].name if calls else None
    score = score if calls else 0.1
    return Decision(IntentAnswer(name, score, (Ranked(name or "mow", score),), 0.5), calls)


def read(said: str, *whole: Call) -> list[str]:
    """The texts that are read for a message which was read so as a whole."""
    return [text for texts in lists(said, *whole) for text in texts]


def lists(said: str, *whole: Call) -> list[list[str]]:
    """The same, list by list."""
    messages = (Message("user", said),)
    return [
        [reading.conversation(messages)[0].content for reading in readings]
        for readings in to_read(messages, TOOLS, whole)
    ]


def stand(said: str, says: dict[str, Decision], *whole: Call) -> list[Call]:
    """The calls of a message for whose clauses a model says this; no tool for any other."""
    messages = (Message("user", said),)
    readings = (to_read(messages, TOOLS, whole) or [[]])[-1]
    texts = [reading.conversation(messages)[0].content for reading in readings]
    assert says.keys() <= {*texts}
    decisions = [says.get(text, decision()) for text in texts]
    numbers = standing(readings, decisions, whole)
    found = together(decision(*whole), [(readings[n], decisions[n]) for n in numbers])
    return list(found.calls)


def values(calls: Sequence[Call]) -> list[tuple[str, dict[str, Any]]]:
    return [(each.name, dict(each.arguments)) for each in calls]


def test_a_clause_is_read_alone_and_behind_what_it_leaves_out() -> None:
    """The words before the first value of the clause before, without those it has itself."""
    assert read("Please mow lot 3 and lot 4") == ["Please mow lot 3", "lot 4", "Please mow lot 4"]
    assert read("Mow lot 3 and trim hedge 4 and 5") == [
        "Mow lot 3", "trim hedge 4", "Mow lot trim hedge 4", "5", "trim hedge 5",
    ]  # fmt: skip


def test_what_the_first_number_counts_the_further_ones_count() -> None:
    """As if it were said again, but no small word behind a number."""
    assert "bags 9 to A4" in read("4 bags to A3 and 9 to A4")
    assert not any(text.startswith("to ") for text in read("4 to A3 and 9 to A4"))


def test_a_clause_like_the_one_before_is_as_sure() -> None:
    """Where it says the same things in the same order."""
    said = "Mow A3 at 4 and A4 at 6"
    first = call("mow", "Mow A3 at 4", lot="A3", height="4")
    second = call("mow", "Mow A4 at 6", lot="A4", height="6")
    unsure = {name: replace(each, confidence=0.2) for name, each in second.evidence.items()}
    says = {
        "Mow A3 at 4": decision(first),
        "Mow A4 at 6": decision(replace(second, evidence=unsure)),
    }
    found = stand(said, says, call("mow", said, lot="A3", height="6"))
    assert [each.evidence["height"].confidence for each in found] == [0.9, 0.9]


def test_a_thing_that_is_pointed_back_to_belongs_to_both() -> None:
    """What "it" is the clause before names; each call gets its clause."""
    said = "Mow A3 at 4 and then water it with pump 7"
    water = call("water", said, lot="A3", pump="7")
    mow = call("mow", said, lot="A3", height="4")
    found = pointed_back((Message("user", said),), decision(mow, water))
    assert found is not None
    assert [said[slice(*(each.clause or (0, 0)))] for each in found.calls] == [
        "Mow A3 at 4", "water it with pump 7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("Mow A3 at 4 and water lot with pump 7", {"lot": "A3", "pump": "7"}),
        ("Mow A3 at 4 and water it with pump 7 at 9", {"lot": "A3", "pump": "7"}),
        ("Mow A3 at 4 and water it with pump 7", {"lot": "A3", "pump": "7", "height": "4"}),
        ("Mow A3 at 4 and do not water it with pump 7", {"lot": "A3", "pump": "7"}),
    ],
)
def test_nothing_is_pointed_back_to(said: str, other: dict[str, str]) -> None:
    """Without a word for it, with a value that nobody takes, with two of the clause before, denied."""
    calls = call("mow", said, lot="A3", height="4"), call("water", said, **other)
    assert pointed_back((Message("user", said),), decision(*calls)) is None


def test_what_is_left_as_it_is_hinders_no_wish() -> None:
    """It is a clause by itself, and no other has to be meant instead."""
    said = "Leave lot A3 alone, trim hedge A4"
    says = {"trim hedge A4": decision(call("trim", "trim hedge A4", hedge="A4"))}
    assert values(stand(said, says)) == [("trim", {"hedge": "A4"})]


def test_a_choice_by_name_and_a_value_that_was_read_end_the_opening() -> None:
    """They need no digit to be seen."""
    assert "Mow in rings" in read("Mow in stripes and in rings")
    said = "Mow the meadow and the orchard"
    assert "Mow the orchard" not in read(said)
    assert "Mow the orchard" in read(said, call("mow", said, lot="meadow"))


def test_what_holds_one_clause_or_too_many_is_not_read() -> None:
    """Ordinary messages cost nothing."""
    assert read("Mow lot 3, please. Thanks!") == []
    assert read("Mow 1; mow 2; mow 3; mow 4; mow 5") == []
    assert len(read("Mow 1; mow 2; mow 3; mow 4")) == 4


def test_what_seems_small_talk_is_read_first() -> None:
    """It costs one reading beside a wish, and none where no value is seen."""
    said = "Mow lot A3. What a day!"
    assert lists(said, call("mow", said, lot="A3"))[0] == ["What a day!"]
    assert lists(said, call("mow", said, lot="A3"))[1][:2] == ["Mow lot A3.", "What a day!"]
    assert lists("Mow the lot. What a day!", call("mow", said, ("lot",))) == []
    assert len(lists("Is A3 mown? And A4?")) == 1


def test_a_whole_that_uses_both_sides_is_one_wish() -> None:
    """Where it is complete; a call that lacks something may lack it for its mixed words."""
    said = "Mow lot A3 and keep it at 40"
    assert read(said, call("mow", said, lot="A3", height="40")) == []
    assert read(said, call("mow", said, ("lot",), height="40"))
    assert read(said, call("mow", said, lot="A3"))


@pytest.mark.parametrize("left", ["4", "rings"])
def test_a_whole_that_leaves_a_value_may_mix_two_wishes(left: str) -> None:
    """One that is seen without a model: a number, a choice by its name."""
    said = "Mow lot A3 at 4 in rings and lot A5 at 6 in stripes"
    used = call("mow", said, lot="A3", height="4", pattern="rings", tools="A5 at 6 in stripes")
    assert read(said, used) == []
    kept = {name: each for name, each in used.evidence.items() if each.text != left}
    assert read(said, replace(used, evidence=kept))


def test_a_value_over_the_joiner_keeps_the_clauses_together() -> None:
    """The list is one value, and so is a name with an "and" in it."""
    said = "Mow lot 3 with rake and scythe and trim hedge 4"
    whole = call("mow", said, lot="3", tools="rake and scythe")
    assert read(said, whole)[:2] == ["Mow lot 3 with rake and scythe", "trim hedge 4"]


def test_an_earlier_message_stays_as_it_is() -> None:
    """Only the last message of the user is read by its clauses."""
    talk = (
        Message("user", "Hi; I am 5"),
        Message("assistant", "So?"),
        Message("user", "Mow 1; trim 2"),
    )
    ((first, *_),) = to_read(talk, TOOLS, ())
    assert first.conversation(talk) == (*talk[:2], Message("user", "Mow 1"))


def test_each_clause_makes_its_own_call() -> None:
    """In order, with its bounds and its evidence in the message."""
    said = "Mow lot A3 and trim hedge A4"
    says = {
        "Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3")),
        "trim hedge A4": decision(call("trim", "trim hedge A4", hedge="A4"), score=0.6),
    }
    found = stand(said, says, call("mow", said, lot="A4"))
    assert values(found) == [("mow", {"lot": "A3"}), ("trim", {"hedge": "A4"})]
    assert [said[slice(*each.clause or ())] for each in found] == ["Mow lot A3", "trim hedge A4"]
    assert [e.start for each in found for e in each.evidence.values()] == [8, 26]


def test_what_leaves_its_beginning_out_is_read_behind_it() -> None:
    """Alone it may want the same, and then the fuller reading counts."""
    says = {
        "Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3")),
        "A4 in rings": decision(call("mow", "A4 in rings", lot="A4")),
        "Mow lot A4 in rings": decision(
            call("mow", "Mow lot A4 in rings", lot="A4", pattern="rings")
        ),
    }
    found = stand("Mow lot A3 and A4 in rings", says)
    assert values(found) == [
        ("mow", {"lot": "A3"}), ("mow", {"lot": "A4", "pattern": "rings"}),
    ]  # fmt: skip


def test_a_bare_code_is_meant_behind_the_opening() -> None:
    """Whatever else it may be alone."""
    says = {
        "Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3")),
        "A4": decision(call("trim", "A4", hedge="A4")),
        "Mow lot A4": decision(call("mow", "Mow lot A4", lot="A4")),
    }
    assert values(stand("Mow lot A3 and A4", says)) == [
        ("mow", {"lot": "A3"}),
        ("mow", {"lot": "A4"}),
    ]


@pytest.mark.parametrize(
    ("clause", "alone", "behind"),
    [
        ("A4", call("trim", "A4", hedge="A4"), None),
        ("A4 too", call("trim", "A4 too", hedge="A4"), call("mow", "Mow lot A4 too", lot="A4")),
        ("trim A4", None, call("mow", "Mow lot trim A4", lot="A4")),
        ("A4", None, call("mow", "Mow lot A4", ("lot",), height="A4")),
        ("A4", None, call("mow", "Mow lot A4", lot="Mow", height="A4")),
        ("A4", None, None),
        ("A3", None, call("mow", "Mow lot A3", lot="A3")),
        ("the orchard", None, call("mow", "Mow lot the orchard", lot="orchard")),
        ("leave A4", call("mow", "leave A4", lot="A4"), None),
    ],
    ids=[
        "a bare value has no wish of its own", "another wish alone than behind the opening",
        "words of its own are no left out opening", "something is missing",
        "a value of the opening", "a code that nothing takes", "the same call again",
        "half of a name", "denied and called",
    ],
)  # fmt: skip
def test_else_the_message_is_one_whole(
    clause: str, alone: Call | None, behind: Call | None
) -> None:
    """One clause that does not stand, and none of them does."""
    says = {"Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3"))}
    if alone:
        says[clause] = decision(alone)
    if behind:
        says["Mow lot " + clause] = decision(behind)
    said = f"Mow lot A3 and {clause}"
    assert stand(said, says, call("mow", said, lot="A3")) == []


def test_two_calls_of_one_clause_do_not_stand() -> None:
    """Which of its values belong together is as unsure as in the whole."""
    says = {
        "Mow A3, A4": decision(*(call("mow", "Mow A3, A4", lot=lot) for lot in ("A3", "A4"))),
        "trim A5": decision(call("trim", "trim A5", hedge="A5")),
    }
    assert stand("Mow A3, A4; trim A5", says) == []


def test_half_of_a_name_is_a_wish_where_the_whole_is_read_as_two() -> None:
    """Two rooms, no "ham and cheese"."""
    said = "Mow the meadow and the orchard"
    says = {
        "Mow the meadow": decision(call("mow", "Mow the meadow", lot="meadow")),
        "Mow the orchard": decision(call("mow", "Mow the orchard", lot="orchard")),
    }
    whole = [call("mow", said, lot=lot) for lot in ("meadow", "orchard")]
    assert values(stand(said, says, *whole)) == values(whole)
    assert stand(said, says, whole[0]) == []


def test_small_talk_hinders_no_wish() -> None:
    """As long as it says no value; one wish beside it is the whole message's."""
    says = {
        "Mow lot A3.": decision(call("mow", "Mow lot A3.", lot="A3")),
        "Trim hedge A4": decision(call("trim", "Trim hedge A4", hedge="A4")),
    }
    assert len(stand("What a day! Mow lot A3. Trim hedge A4", says)) == 2
    assert stand("What an A1 day! Mow lot A3. Trim hedge A4", says) == []
    del says["Trim hedge A4"]
    said = "What a day! Mow lot A3. It is long"
    assert stand(said, says, call("mow", said, lot="A3")) == []
    assert stand(said, says, call("mow", said, lot="A3", pattern="long")) == []


def test_what_is_not_to_be_done_leaves_the_other_wish() -> None:
    """Behind a wish; in front of one, "don't" may hold for both."""
    says = {"Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3"))}
    found = stand("Mow lot A3 but don't mow lot A4", says)
    assert values(found) == [("mow", {"lot": "A3"})]
    assert stand("Don't mow lot A4; Mow lot A3", says) == []


def test_each_target_is_as_sure_as_its_least_sure_clause() -> None:
    """And the intent is that of the first clause."""
    ((first, second),) = to_read((Message("user", "Mow A3; mow A4"),), TOOLS, ())
    one = decision(call("mow", "Mow A3", lot="A3"), score=0.9)
    other = decision(call("mow", "mow A4", lot="A4"), score=0.7)
    whole = Decision(IntentAnswer("trim", 0.8, (Ranked("trim", 0.8), Ranked("mow", 0.1)), 0.5))
    found = together(whole, [(first, one), (second, other)])
    assert found.intent == IntentAnswer("mow", 0.7, (Ranked("trim", 0.8), Ranked("mow", 0.7)), 0.5)
    assert together(whole, [(first, decision())]).calls == ()


def test_parts_between_commas_that_each_say_a_choice_are_clauses() -> None:
    """Of "A3 stripes, A4 rings" each is a wish, and of "A3, A4 rings" none is."""
    assert read("A3 stripes, A4 rings") == ["A3 stripes", "A4 rings"]
    assert (
        read("A3, A4 rings") == read("from stripes, to rings") == read("A3 rings, A4 rings") == []
    )
    says = {
        "A3 stripes": decision(call("mow", "A3 stripes", lot="A3", pattern="stripes")),
        "A4 rings": decision(call("mow", "A4 rings", lot="A4", pattern="rings")),
    }
    assert values(stand("A3 stripes, A4 rings", says)) == [
        ("mow", {"lot": "A3", "pattern": "stripes"}), ("mow", {"lot": "A4", "pattern": "rings"}),
    ]  # fmt: skip


def test_what_is_meant_instead_stands_behind_a_denial() -> None:
    """It says so; without it "don't" may hold for both."""
    says = {"mow lot A3 instead": decision(call("mow", "mow lot A3 instead", lot="A3"))}
    assert values(stand("Don't mow lot A4, mow lot A3 instead", says)) == [("mow", {"lot": "A3"})]
    just = {"just mow lot A3": decision(call("mow", "just mow lot A3", lot="A3"))}
    assert values(stand("Don't trim hedge A4, just mow lot A3", just)) == [("mow", {"lot": "A3"})]
    both = {"mow lot A3": decision(call("mow", "mow lot A3", lot="A3"))}
    assert stand("Don't mow lot A4, mow lot A3", both) == []
    wants = {
        "Don't mow lot A4": decision(call("mow", "Don't mow lot A4", lot="A4")),
        "mow lot A3 instead": says["mow lot A3 instead"],
    }
    assert stand("Don't mow lot A4, mow lot A3 instead", wants) == []


def test_items_that_stand_apart_join_no_clauses() -> None:
    """Nor are they one list."""
    said = "take axe today and trim hedge saw of A5"
    whole = Call(
        "mow", {"lot": "A1", "tools": ["axe", "saw"]},
        evidence={"tools": Evidence(0, 5, 33, said[5:33], 0.5)},
    )  # fmt: skip
    assert read(said, whole)[:2] == ["take axe today", "trim hedge saw of A5"]
    said = "take axe and saw"
    whole = Call(
        "mow", {"tools": ["axe", "saw"]}, evidence={"tools": Evidence(0, 5, 16, said[5:], 0.5)}
    )
    assert read(said, whole) == []


def test_a_clause_that_was_read_as_more_of_another_wish_does_not_stand() -> None:
    """Alone it lacks the words that say which."""
    said = "Mow lot A3 and A4 rings"
    says = {
        "Mow lot A3": decision(call("mow", "Mow lot A3", lot="A3")),
        "A4 rings": decision(call("trim", "A4 rings", hedge="A4")),
    }
    assert stand(said, says, call("mow", said, lot="A4", pattern="rings")) == []

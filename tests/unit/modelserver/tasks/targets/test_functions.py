"""From scores to calls: which values are read, and how they are dealt out to calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelserver.tasks.targets.functions import Functions, Settings
from modelserver.tasks.tools import parse_tool
from modelserver.tasks.types import Call, Message
from tests.unit.modelserver.told_outputs import layouts, told, user

WEATHER = parse_tool(
    {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "properties": {
                "city": {"type": "str", "description": "City"},
                "days": {"type": "int", "description": "Number of days", "maximum": 14},
                "unit": {"type": "str", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "days"],
        },
    }
)
SHOPPING = parse_tool(
    {
        "name": "add_items",
        "description": "Add to the shopping list",
        "parameters": {
            "properties": {
                "items": {"type": "array", "items": {"type": "string"}},
                "urgent": {"type": "boolean"},
            },
            "required": ["items"],
        },
    }
)
MAIL = parse_tool({"name": "mail", "parameters": {"properties": {"to": {"type": "string"}}}})
TOOLS = (WEATHER, SHOPPING, MAIL)


def calls(messages: tuple[Message, ...], wanted: Any = (0,), **answers: Any) -> tuple[Call, ...]:
    task = Functions(layouts(), Settings())
    rows = task.encode(messages, TOOLS)
    outputs = [told(layout, messages, TOOLS, **answers) for layout in rows]
    return task.decode(messages, TOOLS, rows, outputs, wanted)


def test_typed_values_with_evidence() -> None:
    """Each argument has its declared type and says where it was read."""
    (call,) = calls(user("Paris for five days"), said={"city": "Paris", "days": "five"})
    assert call.arguments == {"city": "Paris", "days": 5}
    assert call.missing == ()
    days = call.evidence["days"]
    assert (days.message, days.start, days.end, days.text) == (0, 10, 14, "five")
    assert 0.9 < days.confidence < 1


def test_absent_stays_absent() -> None:
    """What nobody said is no argument; what is required and absent is missing."""
    (call,) = calls(user("how is the weather?"))
    assert call.arguments == {}
    assert call.missing == ("city", "days")


def test_a_value_that_does_not_fit_is_missing() -> None:
    """A number over the maximum is not passed on, but told of: no default may take its place."""
    (call,) = calls(user("Rome, 30 days"), said={"city": "Rome", "days": "30"})
    assert call.arguments == {"city": "Rome"}
    assert call.missing == ("days",)
    assert call.unusable == ("days",)


def test_words_that_are_another_value_are_not_of_no_use() -> None:
    """Words that one parameter takes are no unfit value of another one."""
    (call,) = calls(user("Rome for 3 days"), said={"city": "Rome", "days": ["Rome", "3"]})
    assert call.arguments == {"city": "Rome", "days": 3}
    assert call.unusable == ()
    (call,) = calls(user("Rome"), said={"city": "Rome", "days": "Rome"})
    assert (call.missing, call.unusable) == (("days",), ())


@pytest.mark.parametrize("role", ["assistant", "system", "user"])
def test_no_value_lies_in_what_the_gateway_said(role: str) -> None:
    """However sure the model is of words of the gateway's own, they are no value."""
    asked = Message(role, "Which city? Such as Paris, in fahrenheit, 5 days", ours=True)
    talk = (*user("weather please"), asked, *user("hm"))
    (call,) = calls(talk, said={"city": "Paris", "days": "5", "unit": {"fahrenheit": "fahrenheit"}})
    assert call.arguments == {"unit": "fahrenheit"}
    assert all(not talk[each.message].ours for each in call.evidence.values())
    (call,) = calls((asked,), said={"city": "Paris", "unit": {"fahrenheit": "fahrenheit"}})
    assert call.evidence["unit"].text == ""


def test_evidence_is_in_the_turn_that_said_it() -> None:
    """A value carried over keeps the message it was said in."""
    talk = user("weather in Oslo", "For how many days?", "3")
    (call,) = calls(talk, said={"city": "Oslo", "days": "3"})
    assert (call.evidence["city"].message, call.evidence["days"].message) == (0, 2)


def test_choices() -> None:
    """A chosen option is the value; the words that support it are its evidence."""
    (call,) = calls(user("Bonn, 2 days, in F"), said={"city": "Bonn", "unit": {"fahrenheit": "F"}})
    assert call.arguments["unit"] == "fahrenheit"
    assert call.evidence["unit"].text == "F"


def test_booleans() -> None:
    """Booleans are choices between true and false."""
    for word, value in (("true", True), ("false", False)):
        (call,) = calls(
            user("eggs, no hurry"), (1,), said={"items": "eggs", "urgent": {word: "hurry"}}
        )
        assert call.arguments["urgent"] is value


def test_lists_keep_their_order() -> None:
    """Items come in the order they were said, under one piece of evidence."""
    talk = user("get milk, eggs and bread")
    (call,) = calls(talk, (1,), said={"items": ["bread", "milk", "eggs"]})
    assert call.arguments == {"items": ["milk", "eggs", "bread"]}
    assert call.evidence["items"].text == "milk, eggs and bread"


def test_one_call_takes_the_surest_value() -> None:
    """Two candidates for one value are no two calls unless several are meant."""
    (call,) = calls(user("Paris, no, Rome"), said={"city": ["Rome", "Paris"]})
    assert call.arguments == {"city": "Rome"}


def test_two_values_joined_by_and_are_two_calls() -> None:
    """Two sure values for one required parameter are asked for both, unless one corrects."""
    said = {"city": ["Rome", "Paris"]}
    found = calls(user("weather in Paris and then in Rome"), said=said)
    assert [call.arguments["city"] for call in found] == ["Paris", "Rome"]
    (call,) = calls(user("in Paris and, no, actually in Rome"), said=said)
    assert call.arguments == {"city": "Rome"}


def test_parallel_calls() -> None:
    """The same tool is called once for each city; what is said once holds for both."""
    talk = user("weather in Paris and in Rome for 3 days")
    found = calls(talk, several=("get_weather",), said={"city": ["Rome", "Paris"], "days": "3"})
    assert [call.arguments for call in found] == [
        {"city": "Paris", "days": 3}, {"city": "Rome", "days": 3},
    ]  # fmt: skip


def test_parallel_calls_with_their_own_values() -> None:
    """Values said for each call go to the call they stand by."""
    talk = user("Paris for 2 days, Rome for 4, Oslo in fahrenheit")
    said = {
        "city": ["Rome", "Paris", "Oslo"],
        "days": ["2", "4"],
        "unit": {"fahrenheit": "fahrenheit"},
    }
    found = calls(talk, several=("get_weather",), said=said)
    assert [call.arguments.get("city") for call in found] == ["Paris", "Rome", "Oslo"]
    assert [call.arguments.get("days") for call in found][:2] == [2, 4]


def test_several_but_one_value() -> None:
    """Several calls that nothing tells apart are one."""
    assert len(calls(user("Paris"), several=("get_weather",), said={"city": "Paris"})) == 1


def test_several_tools_in_the_order_they_are_asked_for() -> None:
    """Calls follow the message, not the list of tools."""
    talk = user("add milk to the list, then tell me the weather in Rome")
    found = calls(talk, (0, 1), said={"items": "milk", "city": "Rome"})
    assert [call.name for call in found] == ["add_items", "get_weather"]


def test_tools_that_are_not_wanted_give_no_call() -> None:
    """Only wanted tools are called, whatever was found for the others."""
    assert [c.name for c in calls(user("milk"), (1,), said={"items": "milk", "city": "milk"})] == [
        "add_items"
    ]


def test_a_tool_without_parameters_is_called() -> None:
    """A tool that takes nothing is still a call."""
    task = Functions(layouts())
    clock = (parse_tool({"name": "clock"}),)
    talk = user("what time is it?")
    rows = task.encode(talk, clock)
    (call,) = task.decode(talk, clock, rows, [told(rows[0], talk, clock)], [0])
    assert call == Call("clock")


def test_many_parameters_take_several_rows() -> None:
    """A schema too long for one row is read in several, as if it were one."""
    names = [f"value_{k}" for k in range(60)]
    wide = (
        parse_tool(
            {"name": "wide", "parameters": {"properties": {
                n: {"type": "integer", "description": f"the value number {n} of this tool"}
                for n in names}}}
        ),
    )  # fmt: skip
    task = Functions(layouts())
    talk = user("first 7, last 9")
    rows = task.encode(talk, wide)
    assert len(rows) > 1
    assert all(len(layout.row) <= 512 for layout in rows)
    marked = [layout.marks[k].parameter for layout in rows for k, m in enumerate(layout.marks)
              if m.kind == "parameter"]  # fmt: skip
    assert marked == list(range(60))
    said = {"value_0": "7", "value_59": "9"}
    outputs = [told(layout, talk, wide, said=said) for layout in rows]
    (call,) = task.decode(talk, wide, rows, outputs, [0])
    assert call.arguments == {"value_0": 7, "value_59": 9}


@pytest.mark.parametrize("text", ["", " ", "\n", "🙂", "\u200b"])
def test_a_message_without_words(text: str) -> None:
    """A message the tokenizer makes nothing of is a call without arguments."""
    (call,) = calls((Message("user", text),))
    assert call.arguments == {}


def test_the_newest_of_a_long_conversation_stays() -> None:
    """When the conversation is too long the last message is still read whole."""
    talk = (*user(*["so much to say about everything " * 20] * 9), Message("user", "Rome please"))
    (call,) = calls(talk, said={"city": "Rome"})
    assert call.arguments == {"city": "Rome"}
    assert call.evidence["city"].message == len(talk) - 1


def test_required_parameters_have_their_own_margin() -> None:
    """What is required is read with less certainty than what is optional, if calibrated so."""
    talk = user("Paris, 3 of them, F")
    said = {"city": "Paris", "unit": {"fahrenheit": "F"}}
    task = Functions(layouts(), Settings(required_span_margin=-3.0, option_margin=-3.0))
    rows = task.encode(talk, TOOLS)
    outputs = [told(layout, talk, TOOLS, said=said, margin=-2.0) for layout in rows]
    (call,) = task.decode(talk, TOOLS, rows, outputs, [0])
    assert call.arguments == {"city": "Paris", "unit": "fahrenheit"}
    strict = Functions(layouts(), Settings(required_span_margin=0.0, option_margin=0.0))
    assert strict.decode(talk, TOOLS, rows, outputs, [0])[0].arguments == {}


def test_words_belong_to_one_parameter() -> None:
    """The same words do not give two parameters their values: the surer one keeps them."""
    ride = (
        parse_tool(
            {
                "name": "ride",
                "parameters": {"properties": {"start": {"type": "str"}, "end": {"type": "str"}}},
            }
        ),
    )
    talk = user("take me to Main Square")
    task = Functions(layouts())
    (row,) = task.encode(talk, ride)
    sure = told(row, talk, ride, said={"end": "Main Square"})
    unsure = told(row, talk, ride, said={"start": "Square"}, margin=2.0)
    both = sure | {n: np.maximum(sure[n], unsure[n]) for n in ("starts", "ends")}
    (call,) = task.decode(talk, ride, [row], [both], [0])
    assert call.arguments == {"end": "Main Square"}


def test_numbers_may_need_less_certainty() -> None:
    """A margin shift for numbers reads a number that a word of the same score is not."""
    talk = user("Paris, 3 days")
    task = Functions(layouts(), Settings(number_shift=-3.0))
    rows = task.encode(talk, TOOLS)
    said = {"city": "Paris", "days": "3"}
    outputs = [told(layout, talk, TOOLS, said=said, margin=-2.0) for layout in rows]
    (call,) = task.decode(talk, TOOLS, rows, outputs, [0])
    assert call.arguments == {"days": 3}


def test_two_values_are_not_read_as_one() -> None:
    """The start of one city and the end of the next do not make a value."""
    talk = user("Cork to Malmo")
    task = Functions(layouts(), Settings(length_penalty=0.2))
    rows = task.encode(talk, TOOLS)
    outputs = [told(layout, talk, TOOLS, said={"city": ["Malmo", "Cork"]}) for layout in rows]
    (call,) = task.decode(talk, TOOLS, rows, outputs, [0])
    assert call.arguments == {"city": "Malmo"}


def test_two_sure_values_in_one_message_are_two_calls() -> None:
    """Two cities, both surely meant and joined by "and", are two calls; a correction is one."""
    task = Functions(layouts(), Settings(second=0.6))
    for talk, cities in (
        (user("weather in Tokyo and Seoul"), ["Tokyo", "Seoul"]),
        (user("weather in Tokyo, and no, I mean Seoul"), ["Seoul"]),
        (user("weather in Tokyo", "It rains.", "and Seoul?"), ["Seoul"]),
    ):
        rows = task.encode(talk, TOOLS)
        said = {"city": ["Seoul", "Tokyo"]}
        outputs = [told(layout, talk, TOOLS, said=said) for layout in rows]
        found = task.decode(talk, TOOLS, rows, outputs, [0])
        assert [call.arguments["city"] for call in found] == cities


@pytest.mark.parametrize(("words", "tickets"), [("401 and 402", [401, 402]), ("401", [401])])
def test_two_numbers_in_one_span_are_two_calls(words: str, tickets: list[int]) -> None:
    """No first of them is taken for all."""
    cancel = (
        parse_tool({"name": "cancel", "parameters": {"properties": {"ticket": {"type": "int"}}, "required": ["ticket"]}}),
    )  # fmt: skip
    talk = user(f"cancel tickets {words}")
    task = Functions(layouts())
    rows = task.encode(talk, cancel)
    outputs = [told(layout, talk, cancel, said={"ticket": words}) for layout in rows]
    found = task.decode(talk, cancel, rows, outputs, [0])
    assert [call.arguments["ticket"] for call in found] == tickets

"""Parameters: types, choices, bounds, defaults, and the question for what is missing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from extproc.pipeline.parameters import fill
from tests.fakes.model_server import Script
from tests.playbook import (
    api,
    asks_for,
    chat,
    forwards,
    parameter,
    play,
    prompt,
    says,
    settings,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extproc.contract import Parameter


def filled(
    declared: Sequence[Parameter], given: Mapping[str, Any], unusable: Sequence[str] = ()
) -> tuple[dict[str, Any], list[Parameter]]:
    """The arguments to call with, and what to ask for."""
    found = fill(declared, given, unusable)
    return found.arguments, found.missing


TAKEN: list[tuple[Parameter, Any, Any]] = [
    (parameter("p"), "x", "x"),
    (parameter("p"), 5, "5"),
    (parameter("p", "integer"), 5, 5),
    (parameter("p", "integer"), 5.0, 5),
    (parameter("p", "integer"), " +5 ", 5),
    (parameter("p", "number"), "1.5", 1.5),
    (parameter("p", "number"), 2, 2),
    (parameter("p", "boolean"), False, False),
    (parameter("p", "boolean"), "Yes", True),
    (parameter("p", "boolean"), "false", False),
    (parameter("p", "boolean", enum=(True, False)), False, False),
    (parameter("p", "array"), ["a", 1], ["a", 1]),
    (parameter("p", "array", items="integer"), ["1", 2], [1, 2]),
    (parameter("p", "array", enum=("Red", "Blue")), ["red"], ["Red"]),
    (parameter("p", "object"), {"a": 1}, {"a": 1}),
    (parameter("p", enum=("Celsius", "F")), "celsius ", "Celsius"),
    (parameter("p", "integer", enum=(1, 2)), "2", 2),
    (parameter("p", "integer", minimum=1, maximum=3), 3, 3),
    (parameter("p", pattern="^[A-Z]{3}$"), "ABC", "ABC"),
]


@pytest.mark.parametrize(("declared", "given", "taken"), TAKEN, ids=lambda v: repr(v)[-40:])
def test_takes_what_fits(declared: Parameter, given: Any, taken: Any) -> None:
    """A value comes out in the declared type and spelling."""
    found, missing = filled([declared], {"p": given})
    assert found == {"p": taken}
    assert type(found["p"]) is type(taken)
    assert not missing


WRONG: list[tuple[Parameter, Any]] = [
    (parameter("p"), True),
    (parameter("p"), ["x"]),
    (parameter("p", "integer"), True),
    (parameter("p", "integer"), 1.5),
    (parameter("p", "integer"), "five"),
    (parameter("p", "integer"), "9" * 30),
    (parameter("p", "number"), "inf"),
    (parameter("p", "number"), "nan"),
    (parameter("p", "number"), "x"),
    (parameter("p", "number"), False),
    (parameter("p", "boolean"), 1),
    (parameter("p", "boolean"), "maybe"),
    (parameter("p", "array"), "a"),
    (parameter("p", "array", items="integer"), ["a"]),
    (parameter("p", "array", enum=("a",)), ["b"]),
    (parameter("p", "object"), [1]),
    (parameter("p", enum=("a", "b")), "c"),
    (parameter("p", "integer", enum=(1, 2)), 3),
    (parameter("p", "integer", minimum=1), 0),
    (parameter("p", "number", maximum=1), 1.5),
    (parameter("p", pattern="^[A-Z]{3}$"), "abc"),
    (parameter("p", pattern="[a-z]+"), "123abc456"),
]


@pytest.mark.parametrize(("declared", "given"), WRONG, ids=lambda v: repr(v)[-40:])
def test_what_does_not_fit_is_asked_for(declared: Parameter, given: Any) -> None:
    """A wrong value is never used nor replaced in silence, be it required or not."""
    for more in ({"required": True}, {}, {"default": None, "has_default": True}):
        one = replace(declared, **more)
        assert filled([one], {"p": given}) == ({}, [one])


@pytest.mark.parametrize("given", [None, "", "  "])
def test_what_is_not_said_is_absent(given: str | None) -> None:
    """Nothing said: a required value is asked for, an optional one left out or the default."""
    required = parameter("p", required=True)
    assert filled([required], {"p": given}) == ({}, [required])
    assert filled([parameter("p")], {"p": given}) == ({}, [])
    assert filled([parameter("p", default="x")], {"p": given}) == ({"p": "x"}, [])


def test_pattern_has_bounded_time() -> None:
    """Words made to keep a pattern busy do not match, and soon."""
    declared = parameter("p", pattern="^(a+)+$", required=True)
    began = time.process_time()
    assert filled([declared], {"p": "a" * 40 + "!"}) == ({}, [declared])
    assert filled([declared], {"p": "a" * 2000}) == ({}, [declared])
    assert time.process_time() - began < 1
    assert filled([declared], {"p": "aaa"}) == ({"p": "aaa"}, [])
    broken = parameter("p", pattern="(", required=True)
    assert filled([broken], {"p": "a"}) == ({}, [broken])


def test_number_that_equals_a_boolean_is_no_boolean() -> None:
    """1 is not true, in JSON."""
    declared = parameter("p", "integer", enum=(True, 2), required=True)
    assert filled([declared], {"p": 1}) == ({}, [declared])


def test_defaults_fill_and_undeclared_goes() -> None:
    """A default is used even when it is false or null; names nobody declared are dropped."""
    declared = [
        parameter("a", "boolean", default=False, required=True),
        parameter("b", default=None, has_default=True),
        parameter("c", enum=("x",), default="x"),
    ]
    found = {"a": False, "b": None, "c": "x"}
    assert filled(declared, {"invented": 1}) == (found, [])


def test_defaults_are_known_as_such() -> None:
    """What nobody said is told apart from what somebody said, be it the same."""
    declared = [parameter("a", default="x"), parameter("b", default="y")]
    assert fill(declared, {"a": "x"}).defaults == {"b"}


def test_no_default_in_the_place_of_what_is_of_no_use() -> None:
    """The models tell of words that are no value: they are asked for, not replaced."""
    declared = parameter("days", "integer", default=3, maximum=7)
    assert filled([declared], {}, ["days"]) == ({}, [declared])
    assert filled([declared], {"days": 5}, ["days"]) == ({"days": 5}, [])


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"), [("[A-Z]{3}", "ABC", "ABCD"), (r"\p{Lu}+", "É", "é")]
)
def test_pattern_takes_the_whole_value(pattern: str, fits: str, fails: str) -> None:
    """A value that only holds what the pattern describes does not match it."""
    declared = parameter("p", pattern=pattern, required=True)
    assert filled([declared], {"p": fits}) == ({"p": fits}, [])
    assert filled([declared], {"p": fails}) == ({}, [declared])


WEATHER = target(
    "weather", parameter("city", required=True), parameter("unit", enum=("c", "f"), required=True)
)


def test_missing_is_asked_for_and_nothing_is_called() -> None:
    """No call is made before it is complete."""
    script = Script(calls={"weather": [("weather", {"city": "Lisbon"}, ["unit"])]})
    play(settings(WEATHER), script) >> prompt("weather?") << asks_for("unit", "c or f", "Sure,")


def test_model_that_forgets_to_say_what_is_missing_changes_nothing() -> None:
    """What is required is known here, not from the model's list."""
    script = Script(calls={"weather": [("weather", {"city": "Lisbon"}, [])]})
    play(settings(WEATHER), script) >> prompt("weather?") << asks_for("unit")


def test_next_turn_completes_the_call() -> None:
    """With the answer in the conversation the call is made with all arguments."""
    script = Script(calls={"celsius": [("weather", {"city": "Lisbon", "unit": "c"}, [])]})
    played = play(settings(WEATHER), script, says={"app": api({"t": 20})})
    played >> prompt("celsius, please") << forwards()
    assert b'"city":"Lisbon","unit":"c"' in (played.endpoints.sent[0].body or b"")


def test_several_calls_ask_once_for_all() -> None:
    """Every call must be complete before the first is made; a name is asked for once."""
    script = Script(calls={"both": [("weather", {"unit": "c"}, []), ("weather", {}, [])]})
    played = play(settings(WEATHER), script) >> prompt("both")
    played << asks_for("city", "unit")
    assert not played.endpoints.sent


def test_two_targets_that_lack_the_same_are_one_question() -> None:
    """What two targets lack by one name is asked for once, whatever each says about it."""
    hotel = target("hotel", parameter("city", description="Where to stay", required=True))
    taxi = target("taxi", parameter("city", description="Where to ride", required=True))
    script = Script(calls={"trip": [("hotel", {}, []), ("taxi", {}, [])]})
    asked = "Could you please tell me where to stay?"
    play(settings(hotel, taxi), script) >> prompt("trip") << says(asked)


REBOOT = target(
    "reboot", parameter("device", required=True),
    parameter("sure", "boolean", description="Whether you are sure", required=True),
)  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "sent"),
    [
        ("Yes, I confirm.", b'"sure":true'),
        ("go ahead", b'"sure":true'),
        ("No, don't!", b'"sure":false'),
        ("Which one was that?", None),
        ("Yesterday it worked", None),
    ],
)
def test_yes_and_no_answer_our_question(reply: str, sent: bytes | None) -> None:
    """Asked for one yes or no, plain words answer it, whatever the model made of them."""
    script = Script(calls={reply: [("reboot", {"device": "rt-1"}, ["sure"])]})
    asked = "Sure, could you also tell me the sure (whether you are sure; yes or no)?"
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Reboot rt-1"},
        {"role": "assistant", "content": asked},
        {"role": "user", "content": reply},
    ]
    played = play(settings(REBOOT), script, says={"app": api({"ok": 1})}) >> chat(*messages)
    if sent is None:
        played << asks_for("sure")
        assert not played.endpoints.sent
    else:
        played << forwards()
        assert sent in (played.endpoints.sent[0].body or b"")


def test_yes_to_another_question_is_no_answer() -> None:
    """A yes counts for what was asked in so many words, and for nothing else."""
    script = Script(calls={"Yes": [("reboot", {"device": "rt-1"}, ["sure"])]})
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "content": "Do you mean the one in the cellar?"},
        {"role": "user", "content": "Yes"},
    ]
    played = play(settings(REBOOT), script, says={"app": api({"ok": 1})}) >> chat(*messages)
    played << asks_for("sure")


@pytest.mark.parametrize(("reply", "sure"), [("Yes, I confirm.", True), ("No, wait", False)])
def test_confirmation_that_the_application_asks_for(reply: str, sure: bool) -> None:
    """An application asks to confirm, the user agrees or not: its parameter for that says so."""
    drop = target("drop", parameter("table", required=True), parameter("confirmation", "boolean"))
    script = Script(calls={reply: [("drop", {"table": "t1"}, [])]})
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Drop table t1"},
        {"role": "assistant", "content": "That has 46 rows. Please confirm."},
        {"role": "user", "content": reply},
    ]
    played = play(settings(drop), script, says={"app": api({"ok": 1})}) >> chat(*messages)
    played << forwards()
    assert f'"confirmation":{"true" if sure else "false"}'.encode() in (
        played.endpoints.sent[0].body or b""
    )


def test_wrong_format_is_asked_for_with_an_example() -> None:
    """A value in the wrong format counts as missing, and the question shows the right one."""
    declared = parameter("reply_to", required=True, format="email")
    assert filled([declared], {"reply_to": "my usual address"}) == ({}, [declared])
    script = Script(calls={"mail": [("mail", {"reply_to": "my usual address"}, [])]})
    played = play(settings(target("mail", declared)), script) >> prompt("mail it")
    played << asks_for("reply to (such as ann@example.com)")


def test_default_target_is_not_asked_about() -> None:
    """Parameters of the default target are nobody's to fill."""
    rest = target("rest", parameter("must", required=True), default=True)
    played = play(settings(rest), says={"app": api({"choices": []})})
    played >> prompt("hello") << forwards()

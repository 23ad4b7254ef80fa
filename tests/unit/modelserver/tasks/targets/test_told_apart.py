"""Sides of two like texts that the model missed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from modelserver.schema import Parameter, Tool
from modelserver.tasks.targets import told_apart
from modelserver.tasks.targets.claims import Reading
from modelserver.tasks.types import UNTOLD, Evidence, Message

SHIFT = Tool(
    "give_shift", "",
    (
        Parameter("station", required=True), Parameter("old_guard", required=True),
        Parameter("new_guard", required=True),
    ),
)  # fmt: skip
HORSE = Tool(
    "move_horse", "",
    (
        Parameter("horse", required=True), Parameter("from_stable", required=True),
        Parameter("to_stable", required=True),
    ),
)  # fmt: skip


def filled(tool: Tool, text: str, said: dict[str, tuple[str, float]]) -> dict[str, Any]:
    """The values, and how sure they are, of a text of which a model has read these words."""
    given = {
        name: [Reading(words, Evidence(0, (at := text.index(words)), at + len(words), words, sure))]
        for name, (words, sure) in said.items()
    }
    found = told_apart.filled(tool, given, [Message("user", text)], 0, UNTOLD)
    return {
        name: (many[0].value, many[0].evidence.confidence) for name, many in found.items() if many
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Let Una Berg guard Tower instead of Otto Kern", {}),
        ("Otto Kern won't guard Tower any longer, Una Berg takes over", {}),
        ("At Tower it'll be Una Berg from now on, until now it was Otto Kern", {}),
        ("Otto Kern no longer guards Tower, Una Berg steps in", {"new_guard": ("Otto Kern", 0.2)}),
    ],
)
def test_both_by_what_is_said_of_them(text: str, said: dict[str, tuple[str, float]]) -> None:
    """The name left over is a guess for the only other text that lacks."""
    assert filled(SHIFT, text, said) == {
        "old_guard": ("Otto Kern", 0.6), "new_guard": ("Una Berg", 0.6), "station": ("Tower", 0.3),
    }  # fmt: skip


def test_a_side_that_another_parameter_took() -> None:
    text = "New guard at Tower Gate please: it'll be with Una Berg from now on, so far Otto Kern"
    got = filled(SHIFT, text, {"station": ("Una Berg", 0.9), "old_guard": ("Otto Kern", 0.7)})
    assert got["new_guard"] == ("Una Berg", 0.6)
    assert got.get("station", ("Tower Gate", 0.3)) == ("Tower Gate", 0.3)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Ria to the Hill House, please. Old Mill is full", "from_stable", "Old Mill"),
        ("Ria goes to Hill House, it is still at the windmill.", "from_stable", "windmill"),
        ("Ria est à Hill House, elle est encore au moulin", "from_stable", "moulin"),
    ],
)
def test_what_nobody_has_is_a_guess(text: str, name: str, value: str) -> None:
    said = {"horse": ("Ria", 0.9), "to_stable": ("Hill House", 0.9)}
    assert filled(HORSE, text, said)[name] == (value, 0.3)


@pytest.mark.parametrize(
    ("tool", "text", "said"),
    [
        (SHIFT, "Give Tower to Una Berg, not Otto Kern", {"station": ("Tower", 0.9), "old_guard": ("Una Berg", 0.9)}),
        (SHIFT, "Otto Kern, Una Berg, Tower", {"station": ("Tower", 0.9)}),
        (HORSE, "Ria to Hill House on Monday", {"horse": ("Ria", 0.9), "to_stable": ("Hill House", 0.9)}),
        (HORSE, "Please move Ria to Hill House. Thanks", {"horse": ("Ria", 0.9), "to_stable": ("Hill House", 0.9)}),
        (HORSE, "Ria to 4 Hill Road, says Ann Lee", {"horse": ("Ria", 0.9), "to_stable": ("4 Hill Road", 0.9)}),
        (HORSE, "Ria to Hill House from Ann Lee or Bob Fox", {"horse": ("Ria", 0.9), "to_stable": ("Hill House", 0.9)}),
    ],
)  # fmt: skip
def test_what_words_do_not_tell_stays(
    tool: Tool, text: str, said: dict[str, tuple[str, float]]
) -> None:
    """A refused one, a day, one of another look or one of two is none."""
    got = filled(tool, text, said)
    assert {name: each for name, each in got.items() if each[1] >= 0.4} == said


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Una Berg steps in, bless her", "new_guard", "Una Berg"), ("Otto's had it until now", "old_guard", "Otto"),
        ("Otto's had it until now", "new_guard", None), ("Una Berg and Otto Kern", "new_guard", None),
        ("Una Berg steps in", "station", None),
    ],
)  # fmt: skip
def test_a_reply_names_the_side(text: str, name: str, value: str | None) -> None:
    (parameter,) = (p for p in SHIFT.parameters if p.name == name)
    found = told_apart.in_reply(SHIFT, parameter, Message("user", text), 2, UNTOLD)
    assert (found and found.value) == value


@pytest.mark.parametrize("unit", ["A a ", "it is still at ", "Ann Lee ", "' ", "A-", "1 A "])
def test_it_takes_no_time(unit: str) -> None:
    start = time.perf_counter()
    filled(HORSE, (unit * 400)[:400], {})
    assert time.perf_counter() - start < 1

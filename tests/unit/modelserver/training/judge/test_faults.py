"""What is wrong with a call, told by kind."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.training.judge.faults import of_call

SAID = "Paint the north hall and the attic in 3 coats of sea green, please, by 4 May 2031."
FUNCTION = {
    "name": "paint",
    "parameters": {
        "type": "dict",
        "properties": {
            "colour": {"type": "string"},
            "rooms": {"type": "array", "items": {"type": "string"}},
            "coats": {"type": "integer", "default": 2},
            "gloss": {"type": "boolean"},
            "day": {"type": "string"},
        },
        "required": ["colour", "rooms"],
    },
}
WANTED: dict[str, list[Any]] = {
    "colour": ["sea green"],
    "rooms": [["north hall", "attic"]],
    "coats": [3],
    "gloss": ["", False],
    "day": ["2031-05-04"],
}
RIGHT = {"colour": "Sea green", "rooms": ["north hall", "attic"], "coats": 3, "day": "2031-05-04"}


def test_nothing_is_wrong_with_the_right_call() -> None:
    """An optional parameter may be left out or have its accepted value."""
    assert not [*of_call(FUNCTION, WANTED, RIGHT, SAID)]
    assert not [*of_call(FUNCTION, WANTED, {**RIGHT, "gloss": False}, SAID)]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"colour": "green"}, "text (a few words): a part of the value, said"),
        ({"colour": "sea green, please"}, "text (a few words): more than the value, said"),
        ({"colour": "teal"}, "text (a few words): another value, said"),
        ({"colour": None}, "text (a few words): required, left out, said"),
        ({"rooms": ["attic"]}, "list of string: items missing, said"),
        ({"rooms": ["attic", "north hall"]}, "list of string: in another order, said"),
        ({"coats": 2}, "integer: the default instead, said"),
        ({"coats": "3"}, "integer: of another type, said"),
        ({"gloss": True}, "boolean: another value"),
        ({"day": "4 May"}, "text (date): another value, not said in its words"),
        ({"day": None}, "text (date): optional, left out, not said in its words"),
    ],
)
def test_each_kind(changed: dict[str, Any], kind: str) -> None:
    """One parameter is changed or, with None, left out."""
    found = {name: value for name, value in {**RIGHT, **changed}.items() if value is not None}
    assert [*of_call(FUNCTION, WANTED, found, SAID)] == [kind]


def test_a_value_nobody_wants() -> None:
    """Where the set accepts nothing, a value is invented."""
    wanted = {**WANTED, "gloss": [""]}
    assert [*of_call(FUNCTION, wanted, {**RIGHT, "gloss": True}, SAID)] == [
        "boolean: a value where none is"
    ]


def test_a_wanted_parameter_that_is_not_described() -> None:
    """A set with such a mistake has no right call, as with its own checker."""
    wanted = {**WANTED, "primer": ["grey"]}
    (kind,) = of_call(FUNCTION, wanted, RIGHT, SAID)
    assert kind.startswith("text (a word): optional, left out")

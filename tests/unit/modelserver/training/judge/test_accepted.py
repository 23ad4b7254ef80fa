"""The rules for right values, by cases made up in the set's form."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.training.judge.accepted import accepts, may_be_left_out


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ({"type": "string"}, "St. Gallen", ["st gallen"]),
        ({"type": "string"}, "June 3rd, 2031", ["june 3rd 2031", "2031-06-03"]),
        ({"type": "integer"}, 4, [4]),
        ({"type": "float"}, 4, [4.0]),
        ({"type": "float"}, 4.0, [4]),
        ({"type": "boolean"}, False, [False, ""]),
        ({"type": "any"}, 7, [7]),
        ({"type": "array", "items": {"type": "string"}}, ["Oak", "elm"], [["oak", "Elm"]]),
        ({"type": "array", "items": {"type": "integer"}}, [], [""]),
        ({"type": "tuple", "items": {"type": "float"}}, [1.5, 2.5], [[1.5, 2.5]]),
        ({"type": "dict"}, {"a": 1}, [{"a": [1, 2], "b": ["", 3]}]),
        (
            {"type": "array", "items": {"type": "dict"}},
            [{"a": "X"}, {"a": "y"}],
            [[{"a": ["x"]}, {"a": ["y"]}]],
        ),
    ],
)
def test_what_is_right(parameter: dict[str, Any], value: Any, accepted: list[Any]) -> None:
    """The same value in another spelling, or one of those accepted."""
    assert accepts(parameter, value, accepted)


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ({"type": "string"}, "Bern", ["Basel"]),
        ({"type": "string"}, 4, ["4"]),
        ({"type": "integer"}, 4.0, [4]),
        ({"type": "integer"}, 0, [""]),
        ({"type": "boolean"}, 1, [True]),
        ({"type": "array", "items": {"type": "string"}}, ["elm", "oak"], [["oak", "elm"]]),
        ({"type": "array", "items": {"type": "float"}}, [1, 2], [[1.0, 2.0]]),
        ({"type": "dict"}, {"a": 1, "c": 1}, [{"a": [1]}]),
        ({"type": "dict"}, {"a": 1}, [{"a": [1], "b": [2]}]),
        ({"type": "array", "items": {"type": "dict"}}, [{"a": "x"}], [[{"a": ["x"]}] * 2]),
    ],
)
def test_what_is_wrong(parameter: dict[str, Any], value: Any, accepted: list[Any]) -> None:
    """Another value, another type, another order, a key too many or too few."""
    assert not accepts(parameter, value, accepted)


def test_only_what_is_optional_may_be_left_out() -> None:
    """The set has to say so, and the function may not require it."""
    assert may_be_left_out("unit", ["length"], ["cm", ""])
    assert not may_be_left_out("unit", ["length"], ["cm"])
    assert not may_be_left_out("length", ["length"], ["", 4])

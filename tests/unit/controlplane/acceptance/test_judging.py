"""What was decided beside what was expected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.controlplane.acceptance.decided import decision, result

BOOKED = decision("book", city="Rome", nights=2, loud=True, defaults=("loud",))

HOLD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (BOOKED, {"target": "book"}),
    (BOOKED, {"args": {"city": "Rome"}}),
    (BOOKED, {"target": "book", "args": {"city": "Rome", "nights": 2}, "exact": True}),
    (BOOKED, {"guard": "pass", "confirm": False, "missing": []}),
    (decision(), {"target": None}),
    (decision(refused=True), {"guard": "refuse"}),
    (decision("book", asks="city"), {"missing": ["city"], "ask": "COULD you"}),
    (decision("book", asks="confirm", city="Rome"), {"confirm": True, "args": {"city": "Rome"}}),
    (decision("a", "b", x=1), {"calls": [{"a": {"x": 1}}, {"b": {}}], "exact": True}),
    (decision(), {"calls": []}),
]


@pytest.mark.parametrize(("decided", "expect"), HOLD)
def test_what_is_as_expected_passes(decided: dict[str, Any], expect: dict[str, Any]) -> None:
    """What an expectation does not name may be as it likes."""
    assert result(decided, **expect).passed


DIFFER: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (BOOKED, {"target": None}, 'target: expected none, is "book"'),
    (BOOKED, {"args": {"city": "Oslo"}}, 'args.city: expected "Oslo", is "Rome"'),
    (BOOKED, {"args": {"nights": "2"}}, 'args.nights: expected "2", is 2'),
    (BOOKED, {"args": {"loud": 1}}, "args.loud: expected 1, is true"),
    (BOOKED, {"args": {"day": 1}}, "args.day: expected 1, is not there"),
    (BOOKED, {"args": {"city": "Rome"}, "exact": True}, "args.nights: is 2, expected nothing"),
    (decision("a", "b"), {"target": "a", "exact": True}, "calls b as well"),
    (
        decision("a", asks="x"),
        {"target": "a", "exact": True},
        'missing: is ["x"], expected nothing',
    ),
    (
        decision("a", asks="confirm"),
        {"target": "a", "exact": True},
        "confirm: it is asked back, which was not expected",
    ),
    (decision(refused=True), {"guard": "pass"}, 'guard: expected "pass", is "refuse"'),
    (decision("a", asks="x"), {"missing": ["y"]}, 'missing: expected ["y"], is ["x"]'),
    (decision("a"), {"ask": "city"}, 'ask: expected "city" in ""'),
    (decision("a", "b"), {"calls": [{"a": {}}]}, 'calls: expected ["a"], are ["a", "b"]'),
    (decision("a", x=1), {"calls": [{"a": {"x": 2}}]}, "args.x: expected 2, is 1"),
]


@pytest.mark.parametrize(("decided", "expect", "difference"), DIFFER)
def test_a_difference_is_told(
    decided: dict[str, Any], expect: dict[str, Any], difference: str
) -> None:
    """One line, with what was expected and what is."""
    assert result(decided, **expect).differences == (difference,)


def test_values_of_another_target_are_not_told() -> None:
    """That the target is another one says all."""
    found = result(BOOKED, target="cancel", args={"id": 7})
    assert found.differences == ('target: expected "cancel", is "book"',)


def test_a_refused_request_passes_nothing() -> None:
    """A conversation that is no request was not decided as expected."""
    error = {"code": "invalid_request", "message": "messages: missing"}
    found = result({"record": None, "error": error}, target=None)
    assert found.differences == ("it is refused: invalid_request, messages: missing",)

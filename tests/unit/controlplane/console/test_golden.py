"""A decision becomes a test that `archgw test` reads, and that the same decision passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controlplane.acceptance.cases import read_suite
from controlplane.acceptance.judging import judged
from controlplane.console.golden import golden_test, kept_messages

SAID = [
    {"role": "user", "content": 'Weather in Berlin: "now"'},
    {"role": "assistant", "content": "For how many days?"},
    {"role": "user", "content": "3, and in ünïts: '°C'"},
]


def record(**other: Any) -> dict[str, Any]:
    argument = {"name": "city", "value": "Berlin", "default": False, "evidence": None}
    call = {
        "target": "forecast",
        "confidence": 0.9,
        "doubtful": False,
        "unusable": [],
        "arguments": [argument, {**argument, "name": "unit", "value": "c", "default": True}],
    }
    return {
        "id": "0a1b2c3d-4e5f", "messages": 3, "ms": 1.0, "outcome": "forwarded",
        "prompt": {"characters": 3, "hash": "00"}, "calls": [call], "asked": None,
        "guard": {"refused_by": None}, **other,
    }  # fmt: skip


def read_back(tmp_path: Path, of: dict[str, Any], said: list[dict[str, str]]) -> Any:
    file = tmp_path / "golden.yaml"
    file.write_text(golden_test(of, said))
    suite = read_suite(file).suite
    assert suite is not None
    (case,) = suite.cases
    return case


def written(tmp_path: Path, of: dict[str, Any], said: list[dict[str, str]]) -> Any:
    """The test, once the very decision it is made of has passed it."""
    case = read_back(tmp_path, of, said)
    assert judged(case, {"record": of}).differences == ()
    return case


def test_what_was_decided_is_expected(tmp_path: Path) -> None:
    """Values that somebody said, not those that nobody did."""
    case = written(tmp_path, record(), SAID)
    assert case.expect == {"guard": "pass", "target": "forecast", "args": {"city": "Berlin"}}
    assert [*case.messages] == SAID


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"guard": {"refused_by": "jailbreak"}}, {"guard": "refuse"}),
        ({"guard": None, "calls": []}, {"target": None}),
        (
            {"calls": [], "asked": {"for": "values", "parameters": ["days"]}},
            {"guard": "pass", "target": None, "missing": ["days"]},
        ),
    ],
)
def test_other_outcomes(tmp_path: Path, other: dict[str, Any], expected: dict[str, Any]) -> None:
    """A refusal, a chat, a question."""
    assert written(tmp_path, record(**other), SAID).expect == expected


def test_each_of_several_calls_is_expected(tmp_path: Path) -> None:
    """In their order."""
    one = record()["calls"][0]
    of = record(calls=[one, {**one, "target": "now", "arguments": []}])
    expected = [{"forecast": {"city": "Berlin"}}, {"now": {}}]
    assert written(tmp_path, of, SAID).expect == {"guard": "pass", "calls": expected}


def test_confirmation_is_expected(tmp_path: Path) -> None:
    """Being asked back before a call is what the test is about."""
    asked = {"for": "confirm", "parameters": []}
    assert written(tmp_path, record(asked=asked), SAID).expect["confirm"] is True


def test_values_that_are_not_kept_are_not_made_up(tmp_path: Path) -> None:
    """A comment says so, and how to keep them."""
    hidden = {"name": "city", "type": "string", "hash": "0", "default": False, "evidence": None}
    of = record()
    of["calls"][0]["arguments"] = [hidden]
    assert read_back(tmp_path, of, SAID).expect == {"guard": "pass", "target": "forecast"}
    assert golden_test(of, SAID).startswith("# values are not kept: `decisions: {content: values}`")


def test_a_record_knows_the_last_message_at_most() -> None:
    """Where it keeps any; the rest of the conversation is missing, and a comment says that."""
    assert kept_messages(record()) == []
    of = record(prompt={"text": "3 days"})
    said = kept_messages(of)
    assert said == [{"role": "user", "content": "3 days"}]
    assert "# the last of 3 messages" in golden_test(of, said)

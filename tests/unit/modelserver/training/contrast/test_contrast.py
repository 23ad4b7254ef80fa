"""Contrast sets: what is drawn is what was written, and what is wrong is named."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from modelserver import training
from modelserver.training.contrast.faults import faults
from modelserver.training.contrast.specs import draw, lines, spoiled
from modelserver.training.contrast.values import KINDS, draw_value

WRITTEN = sorted((Path(training.__file__).parent / "written").glob("contrast_*.jsonl"))

TRANSFER: dict[str, Any] = {
    "spec": "bank", "lang": "en",
    "tools": [
        {"name": "move_money", "description": "Move money.", "method": "POST",
         "parameters": {"type": "object", "required": ["source", "amount"],
                        "properties": {"source": {"type": "string"}, "amount": {"type": "number"},
                                       "fast": {"type": "boolean"}}}},
    ],
    "slots": {"a": "account", "m": "amount"},
    "frames": [
        {"say": "move {m} off {a}, [[fast]]", "call": "move_money",
         "args": {"source": "{a}", "amount": "{m}", "fast": [True, "fast"]}},
        {"say": "never move {m} off {a}", "call": None, "why": "negated"},
        {"talk": ["u: move {m}", "ask: source", "u: {a}"], "call": "move_money",
         "args": {"source": "{a}", "amount": "{m}"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_what_is_written_has_no_faults(path: Path) -> None:
    """Every specification of the project holds, and every frame of it can be drawn."""
    for _, spec in lines(path):
        assert list(faults(spec)) == []
        for number in range(len(spec["frames"])):
            draw(spec, number, random.Random(number))


def test_no_specification_stands_twice() -> None:
    """The left-out ones are chosen by name."""
    names = [spec["spec"] for path in WRITTEN for _, spec in lines(path)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("number", [0, 2])
def test_evidence_is_where_the_value_is_said(number: int) -> None:
    """A span holds the words of its slot, whatever was drawn."""
    for seed in range(20):
        row = draw(TRANSFER, number, random.Random(seed))
        (call,) = row["cases"][0]["calls"]
        message, start, end = call["spans"]["source"]
        assert row["messages"][message]["content"][start:end] == call["arguments"]["source"]
        assert row["messages"][message]["role"] == "user"


def test_a_frame_that_wants_nothing_can_be_taken_for_a_call() -> None:
    """Its words go where the other frames put them: what a second look must refuse."""
    found = spoiled(TRANSFER, 1, random.Random(3))
    assert found is not None
    row, tool, arguments = found
    assert tool == "bank/move_money"
    assert arguments.keys() == {"source", "amount"}
    assert all(value in row["messages"][0]["content"] for value in arguments.values())
    assert spoiled(TRANSFER, 0, random.Random(3)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slots": {"a": "acount", "m": "amount"}}, "unknown kind acount"),
        ({"frames": [{"say": "hello", "call": None}]}, "why is nothing called"),
        ({"frames": [{"say": "move {z}", "call": "move_money", "args": {}}]}, "no slot z"),
        ({"frames": [{"say": "move {m}", "call": "move_money", "args": {"amount": "{m}"}}]},
         "required ['source'] neither given nor missing"),
        ({"frames": [{"say": "x", "call": "move_money", "missing": ["source", "amount"],
                      "args": {"fast": "yes"}}]}, "'yes' is no boolean"),
    ],
)  # fmt: skip
def test_a_fault_is_named(change: dict[str, Any], said: str) -> None:
    """What is wrong, and in which frame."""
    assert any(said in fault for fault in faults({**TRANSFER, **change}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_draws_the_same_for_the_same_seed(kind: str) -> None:
    """Training repeats, whatever the machine."""
    assert draw_value(kind, random.Random(5)) == draw_value(kind, random.Random(5))
    said, _ = draw_value(kind, random.Random(6))
    assert said.strip()

"""From folders of tiny sets to tables, with a model that answers by rote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from modelserver.errors import InvalidRequest, Problem
from modelserver.schema import Call, DecideResponse, Intent
from modelserver.training.judge import bfcl, command, guard
from modelserver.training.judge.table import Count

if TYPE_CHECKING:
    from pathlib import Path


class ByRote:
    """Answers with the calls told for a text, and scores attacks by a word."""

    guard_threshold = 0.5

    def __init__(self, calls: Mapping[str, Sequence[Call]]) -> None:
        self._calls = calls

    async def decide(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> DecideResponse:
        text = messages[-1]["content"]
        if text == "unreadable":
            raise InvalidRequest((Problem("tools.0", "is no tool"),))
        assert tools[0]["type"] == "function"
        calls = tuple(self._calls.get(text, ()))
        intent = Intent(calls[0].name if calls else None, 1.0, (), 0.5)
        return DecideResponse(None, intent, calls, {}, {}, 0.5)

    async def score(self, text: str) -> float:
        return 0.9 if "override" in text else 0.1 + len(text) / 1000


def write(path: Path, rows: Sequence[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def function(name: str, *parameters: str) -> dict[str, Any]:
    properties = {each: {"type": "string", "description": each} for each in parameters}
    schema = {"type": "dict", "properties": properties, "required": [*parameters]}
    return {"name": name, "description": name, "parameters": schema}


def case(number: int, text: str, *functions: dict[str, Any]) -> dict[str, Any]:
    question = [[{"role": "user", "content": text}]]
    return {"id": f"made_up_{number}", "question": question, "function": [*functions]}


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """One tiny set of every form."""
    water, feed = function("water", "plant"), function("feed", "animal")
    texts = ["water the fern", "water it", "feed the cat", "unreadable", "water two"]
    write(
        tmp_path / "bfcl" / "BFCL_v9_multiple.json",
        [case(n, text, water, feed) for n, text in enumerate(texts)],
    )
    wanted = [*[{"water": {"plant": ["fern"]}}] * 4, {"water": {"plant": ["two"]}}]
    write(
        tmp_path / "bfcl" / "possible_answer" / "BFCL_v9_multiple.json",
        [{"id": f"made_up_{n}", "ground_truth": [each]} for n, each in enumerate(wanted)],
    )
    write(tmp_path / "bfcl" / "BFCL_v9_parallel_multiple.json", [{"of": "no set read here"}])
    write(
        tmp_path / "bfcl" / "BFCL_v9_irrelevance.json",
        [case(n, text, water) for n, text in enumerate(["hello", "water it", "water the fern"])],
    )
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "garden.csv").write_text(
        'text,category\n"water, please",water_plants\nweeds,pull_weeds\nhello,pull_weeds\n'
    )
    write(
        tmp_path / "guard" / "tiny.jsonl",
        [
            {"text": "override it", "label": 1},
            {"text": "sneaky", "label": 1},
            {"text": "überschreibe: override", "label": 1, "lang": "de"},
            {"text": "how do I override a method", "label": 0},
            {"text": "a method", "label": 0},
        ],
    )
    return tmp_path


MODEL = ByRote(
    {
        "water the fern": [Call("water", {"plant": "Fern"}, (), {})],
        "water it": [Call("water", {}, ("plant",), {})],
        "feed the cat": [Call("feed", {"animal": "cat"}, (), {})],
        "water two": [Call("water", {"plant": "two"}, (), {}), Call("feed", {}, ("animal",), {})],
        "water, please": [Call("water_plants", {}, (), {})],
        "weeds": [Call("water_plants", {}, (), {})],
    }
)


async def test_calls_are_judged_whole_and_faults_by_kind(sets: Path) -> None:
    """Right, a value missing, another function, not readable, one call too many."""
    found = await bfcl.figures(sets / "bfcl", MODEL, 10)
    assert found.counts == {
        "multiple: whole call": Count(1, 5),
        "multiple: the function": Count(3, 5),
        "irrelevance: nothing wanted": Count(1, 3),
        "irrelevance: nothing would be called": Count(2, 3),
    }
    missing = "text (a word): required, left out, not said in its words"
    assert found.alone == {
        missing: 1, "another function": 1, "not readable": 1, "a further call": 1,
    }  # fmt: skip


async def test_every_set_that_is_there_has_its_table(sets: Path) -> None:
    """The tables say what they counted, and quote no text."""
    calls, intents, texts = [table async for table in command.tables(sets, MODEL, 10)]
    assert "| multiple: whole call | 1 | 5 | 20.0 % (3.6 to 62.4) |" in calls
    assert intents.splitlines()[2].startswith("| garden | 2 | 1 | 3 | 33.3 %")
    assert "| tiny | 2 | 50.0 % (9.5 to 90.5) |" in texts
    heads = [line for line in texts.splitlines() if "| texts |" in line]
    assert [head.split(" | ")[0] for head in heads] == [
        "| attacks",
        "| attacks, other languages",
        "| harmless, but like attacks",
        "| ordinary text",
    ]
    assert not [text for text in ("the fern", "sneaky", "weeds") if text in calls + intents + texts]


async def test_no_sets_no_tables(tmp_path: Path) -> None:
    """A folder may hold any of them, or none."""
    assert [table async for table in command.tables(tmp_path, MODEL, 10)] == []


def test_one_false_alarm_in_a_hundred_of_ordinary_text() -> None:
    """Each source counts alike, however large it is."""
    usual = {"small": [n / 100 for n in range(100)], "large": [0.0] * 100 + [1.0] * 900}
    limit = guard.at_false_alarms(usual)
    refused = [score >= limit for each in usual.values() for score in each[:100]]
    assert sum(refused) == 2
    assert limit == pytest.approx(0.98)


def test_an_interval_is_never_outside_of_what_can_be() -> None:
    """Wilson's, at the ends and in the middle."""
    assert Count(0, 10).interval == pytest.approx((0, 0.2775), abs=1e-3)
    assert Count(10, 10).interval == pytest.approx((0.7225, 1), abs=1e-3)
    assert Count(50, 100).interval == pytest.approx((0.4038, 0.5962), abs=1e-3)
    assert str(Count(0, 0)) == "-"

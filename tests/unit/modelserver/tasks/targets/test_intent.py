"""From scores to an intent, and the way from a request to a decision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from modelserver.schema import Tool
from modelserver.tasks.targets import intent
from modelserver.tasks.targets.decide import Targets
from modelserver.tasks.tools import parse_tool
from modelserver.tasks.types import Output, Request, Row
from tests.unit.modelserver.told_outputs import layouts, tokenizer, told, user

FEW = tuple(Tool(name, f"Does {name}") for name in ("alpha", "beta", "gamma"))
MANY = tuple(
    Tool(f"tool_{k}", f"Does the thing number {k}, and nothing but that") for k in range(50)
)


def task(**settings: float) -> intent.Intent:
    return intent.Intent(layouts(), intent.Settings(**settings))


def test_the_best_tool_is_the_answer() -> None:
    """The ranking runs from the best to the worst, and its head is the intent."""
    answer = task(threshold=0.5).answer(FEW, {0: 0.2, 1: 0.9, 2: 0.4})
    assert answer.name == "beta"
    assert [ranked.name for ranked in answer.ranking] == ["beta", "gamma", "alpha"]


def test_none_of_them_is_an_answer() -> None:
    """Below the threshold nothing is chosen, and the score says how near it was."""
    answer = task(threshold=0.5).answer(FEW, {0: 0.2, 1: 0.45})
    assert (answer.name, answer.score, answer.threshold) == (None, 0.45, 0.5)


def test_a_caller_may_set_the_threshold() -> None:
    """The threshold of a request goes before the calibrated one."""
    assert task(threshold=0.5).answer(FEW, {0: 0.4}, threshold=0.3).name == "alpha"
    assert task(threshold=0.5).answer(FEW, {0: 0.7}, threshold=0.8).name is None


def test_further_tools_need_their_own_certainty() -> None:
    """A second tool is wanted only when it is sure enough itself."""
    sure = task(threshold=0.3, further=0.6)
    assert sure.wanted({0: 0.4, 1: 0.9, 2: 0.7}) == [1, 2]
    assert sure.wanted({0: 0.2}) == []


def test_nearness_is_added_to_the_score() -> None:
    """A tool nearer than the pivot gains, a farther one loses."""
    blended = task(nearness=10.0, pivot=0.5)
    rows = layouts().full(user("hello"), FEW)
    output = told(rows[0], user("hello"), FEW, wanted={"alpha": 0.0, "beta": 0.0, "gamma": 0.0})
    scores = blended.scores(rows, [output], {0: 0.5, 1: 0.7, 2: 0.3})
    assert np.allclose([scores[0], scores[1], scores[2]], [0.5, 0.881, 0.119], atol=0.001)


def test_the_shortlist_is_bounded_by_tokens() -> None:
    """Large tools fill the row sooner; two at least are looked at."""
    small = task().shortlist(MANY, [k / 100 for k in range(50)])
    assert small == tuple(range(44, 50))
    parameters = {f"p{k}": {"type": "string", "description": "a long text " * 5} for k in range(9)}
    large = [
        parse_tool({"name": f"t{k}", "parameters": {"properties": parameters}}) for k in range(9)
    ]
    assert task().shortlist(large, [0.1] * 8 + [0.9]) == (0, 8)


class Model:
    """Wants one tool, whose embedding is near the conversation's; counts what it is asked."""

    def __init__(self, tools: Sequence[Tool], wanted: str) -> None:
        self.tools = tools
        self.wanted = wanted
        self.rows: list[int] = []
        self._marked = layouts()
        self._words = {self._marked.tool_alone(tool).input_ids: tool.name for tool in tools}

    async def __call__(self, rows: Sequence[Row]) -> list[Output]:
        self.rows.append(len(rows))
        return [self._output(row) for row in rows]

    def _output(self, row: Row) -> Output:
        near = np.zeros(384, np.float32)
        name = self._words.get(row.input_ids)
        near[0] = 1.0 if name in (None, self.wanted) else 0.1
        scores = np.full((len(row.markers), 6), -4.0, np.float32)
        for place, marker in enumerate(row.markers):
            for tool in self.tools:
                text = self._marked.full((), [tool])[0].row.input_ids[1:-2]
                if row.input_ids[marker : marker + len(text)] == text and tool.name == self.wanted:
                    scores[place, 0] = 4.0
        places = np.full((len(row.markers), len(row)), -9.0, np.float32)
        return {
            "scores": scores, "starts": places, "ends": places,
            "none": np.float32(0), "embedding": near,
        }  # fmt: skip


def test_few_tools_take_one_pass() -> None:
    """Three small tools are scored, and their arguments read, at once."""
    model = Model(FEW, "beta")
    decision = asyncio.run(Targets(tokenizer()).decide(Request(user("do it"), FEW), model))
    assert decision.intent.name == "beta"
    assert [call.name for call in decision.calls] == ["beta"]
    assert model.rows == [1]


def test_many_tools_take_a_shortlist_that_is_kept() -> None:
    """Fifty tools are embedded once; the next request costs two short passes."""
    model = Model(MANY, "tool_33")
    targets = Targets(tokenizer())
    for _ in range(2):
        decision = asyncio.run(targets.decide(Request(user("do it"), MANY), model))
        assert decision.intent.name == "tool_33"
    assert model.rows == [51, 1, 1, 1]


def test_nothing_to_choose_from() -> None:
    """Without tools or messages there is no intent and no question to the model."""
    model = Model(FEW, "beta")
    targets = Targets(tokenizer())
    for request in (Request(user("hello"), ()), Request((), FEW)):
        decision = asyncio.run(targets.decide(request, model))
        assert (decision.intent.name, decision.calls) == (None, ())
    assert model.rows == []


def test_nobody_wanted_means_no_calls() -> None:
    """When no tool fits there are no calls."""
    decision = asyncio.run(
        Targets(tokenizer()).decide(Request(user("hello"), FEW), Model(FEW, "nobody"))
    )
    assert (decision.intent.name, decision.calls) == (None, ())

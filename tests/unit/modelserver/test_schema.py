"""The shared dataclasses: requests become bodies, answers are read strictly."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from modelserver import schema

GUARD = {"verdict": "benign", "score": 0.25, "view": "text", "toxicity": None, "message": 1}
INTENT = {
    "name": "book",
    "score": 0.9,
    "ranking": [{"name": "book", "score": 0.9}, {"name": "cancel", "score": 0.1}],
    "threshold": 0.5,
}
CALL = {
    "name": "book",
    "arguments": {"city": "Rome"},
    "missing": ["day"],
    "evidence": {"city": {"message": 0, "start": 3, "end": 7, "text": "Rome", "confidence": 0.99}},
}
ANSWER = {
    "guard": GUARD,
    "intent": INTENT,
    "calls": [CALL],
    "timings_ms": {"total": 1.5},
    "models": {"guard": "g@1"},
}


def test_an_answer_is_read_whole() -> None:
    """Every field of a decision arrives in its dataclass."""
    answer = schema.DecideResponse.from_json(ANSWER)
    assert answer.guard == schema.GuardResult("benign", 0.25, "text", None, 1)
    assert answer.intent.ranking[1] == schema.Ranked("cancel", 0.1)
    assert answer.calls[0].evidence["city"] == schema.Evidence(0, 3, 7, "Rome", 0.99)
    assert answer.calls[0].missing == ("day",)
    assert answer.timings_ms == {"total": 1.5}


def test_a_call_tells_the_clause_it_was_read_from() -> None:
    """Where it begins and ends; null where there is none."""
    for given, read in (([4, 9], (4, 9)), (None, None)):
        answer = schema.DecideResponse.from_json(ANSWER | {"calls": [CALL | {"clause": given}]})
        assert answer.calls[0].clause == read
    assert schema.DecideResponse.from_json(ANSWER).calls[0].clause is None


def test_texts_are_sent_when_there_are_some() -> None:
    """A request without more texts has no such field."""
    plain = schema.DecideRequest((schema.Message("user", "hi"),), ())
    assert "texts" not in plain.to_json()
    more = schema.DecideRequest((schema.Message("user", "hi"),), (), texts=("a", "b"))
    assert more.to_json()["texts"] == ["a", "b"]


def test_no_guard_and_no_intent_are_answers() -> None:
    """Null stands for "not asked" and for "no target"."""
    body = ANSWER | {"guard": None, "intent": INTENT | {"name": None}, "calls": []}
    answer = schema.DecideResponse.from_json(body)
    assert (answer.guard, answer.intent.name, answer.calls) == (None, None, ())


def test_anything_but_benign_counts_as_an_attack() -> None:
    """A verdict of a later version that we do not know is not harmless."""
    assert not schema.GuardResult("benign", 0.0, "text").attack
    assert schema.GuardResult("attack", 1.0, "text").attack
    assert schema.GuardResult("suspicious", 0.5, "text").attack


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("guard", "score"), None),
        (("guard", "score"), math.nan),
        (("guard", "score"), "0.1"),
        (("guard", "score"), True),
        (("guard", "score"), -1),
        (("guard", "score"), 1e9),
        (("guard", "toxicity"), 1.5),
        (("guard", "verdict"), None),
        (("guard",), []),
        (("intent",), None),
        (("intent", "score"), math.inf),
        (("intent", "ranking"), {}),
        (("intent", "ranking", 0), "book"),
        (("intent", "name"), 5),
        (("calls",), None),
        (("calls", 0, "arguments"), []),
        (("calls", 0, "missing"), "day"),
        (("calls", 0, "unusable"), 5),
        (("calls", 0, "evidence"), 5),
        (("calls", 0, "evidence", "city", "start"), None),
        (("calls", 0, "clause"), 3),
        (("calls", 0, "clause"), [3]),
        (("calls", 0, "clause"), [-1, 3]),
        (("calls", 0, "clause"), [4, 3]),
        (("calls", 0, "clause"), ["0", 3]),
    ],
)
def test_what_is_no_answer_is_refused(path: tuple[Any, ...], value: Any) -> None:
    """A missing or odd field is a ValueError: no score must not pass for a low one."""
    body: Any = copy.deepcopy(ANSWER)
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match=r"expected"):
        schema.DecideResponse.from_json(body)


@pytest.mark.parametrize("body", [None, [], "ok", 5, {}])
def test_other_json_is_refused(body: Any) -> None:
    """Bodies of another shape are refused by every reader."""
    for response in (schema.DecideResponse, schema.GuardResponse, schema.IntentResponse):
        with pytest.raises(ValueError, match=r"expected"):
            response.from_json(body)


def test_requests_hold_what_was_given_and_no_more() -> None:
    """Absent options stay absent; the exemption of the gateway's own prompt is sent."""
    messages = (schema.Message("system", "s", guard=False), schema.Message("user", "u"))
    plain = schema.DecideRequest(messages, ({"name": "t"},)).to_json()
    assert plain == {
        "messages": [
            {"role": "system", "content": "s", "guard": False},
            {"role": "user", "content": "u"},
        ],
        "tools": [{"name": "t"}],
        "guard": True,
    }
    full = schema.DecideRequest(messages, (), False, 0.5, 0.0, 3, 400).to_json()
    assert full["guard_threshold"] == 0.0
    assert (full["threshold"], full["max_calls"], full["timeout_ms"]) == (0.5, 3, 400)
    assert schema.GuardRequest(("a",)).to_json() == {"texts": ["a"]}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("lactose_free", "lactose"), ("noSmoking", "smoking"), ("skip_breakfast", "breakfast"),
        ("exclude_bank_holidays", "bank holidays"), ("cashless", "cash"), ("skip_when_raining", None),
        ("is_free", None), ("free_parking", None), ("express", None), ("no", None), ("less", None),
    ],
)  # fmt: skip
def test_a_name_may_say_what_a_yes_leaves_out(name: str, what: str | None) -> None:
    assert schema.lacked(name) == what

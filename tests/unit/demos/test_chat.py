"""What a demo's chat reads from an answer, and what its script accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demos import conversations
from demos.chat import Answer, Chat, read
from demos.run import APIS, Demo
from extproc.chat import answers

CALL = answers.ToolCall("call_1", "get_current_weather", {"city": "Oslo"}, '{"city": "Oslo"}')
REPLY = answers.ChatAnswer("It rains.", "some-llm", answers.state([CALL]))
JSON = {"content-type": "application/json"}
SSE = {"Content-Type": "text/event-stream"}


@pytest.mark.parametrize(
    "answer",
    [read(200, JSON, answers.completion(REPLY)), read(200, SSE, answers.stream(REPLY))],
    ids=["json", "stream"],
)
def test_reads_calls_and_words(answer: Answer) -> None:
    """Both forms tell the same: what was called with what, what it gave, who speaks."""
    assert answer.calls == [("get_current_weather", {"city": "Oslo"})]
    assert (answer.text, answer.model) == ("It rains.", "some-llm")
    assert [each["role"] for each in answer.tool_messages] == ["assistant", "tool"]
    assert answer.tool_messages[1]["content"] == '{"city": "Oslo"}'


@pytest.mark.parametrize("raw", [b'{"error": {"message": "no such city"}}', b"no such city"])
def test_reads_why_there_is_no_answer(raw: bytes) -> None:
    """An error in JSON or as text."""
    assert read(404, JSON, raw).text == "no such city"


def test_keeps_only_what_was_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused and failed turns leave no trace; calls stand in front of their answer."""
    refused = {"x-prompt-guard-error-code": "jailbreak"}
    replies = iter(
        [
            read(200, refused, answers.completion(answers.ChatAnswer("No.", "Arch-Guard"))),
            read(404, JSON, b""),
            read(200, JSON, answers.completion(REPLY)),
        ]
    )
    monkeypatch.setattr(Chat, "_post", lambda self, body: next(replies))
    chat = Chat("127.0.0.1", 1)
    for question in ("attack", "failure", "question"):
        chat.ask(question)
    assert [each["role"] for each in chat.history] == ["user", "assistant", "tool", "assistant"]
    assert chat.history[0]["content"] == "question"


def answer(text: str = "", *, model: str = "some-llm", **rest: Any) -> Answer:
    return Answer(**{"status": 200, "headers": {}, "text": text, "model": model, **rest})


CALLED = answer("It rains.", tool_messages=read(200, JSON, answers.completion(REPLY)).tool_messages)
ASKED = answer("Could you please tell me the days (how many; from 1 to 7)?", model="Arch-Function")
PROPOSED = answer("Shall I go ahead with “book room” (guest: Bob)?", model="Arch-Function")
REFUSED = answer("No.", model="Arch-Guard", headers={"x-prompt-guard-error-code": "jailbreak"})
TOLD = answer("No device.", model="network", headers={"x-function-error-code": "tool_error"})
FAILED = answer("no such city", status=404)
LLM = answer("A joke.")
OSLO = {"target": "get_current_weather", "args": {"city": "Oslo"}}
KINDS: dict[str, tuple[dict[str, Any], Answer]] = {
    "calls": (OSLO, CALLED),
    "asks for": ({"target": "get_current_weather", "missing": ["days"], "ask": "HOW MANY"}, ASKED),
    "proposes": ({"target": "book_room", "confirm": True, "ask": "guest: Bob"}, PROPOSED),
    "refused": ({"guard": "refuse"}, REFUSED),
    "no call": ({"target": None}, LLM),
}


@pytest.mark.parametrize("kind", KINDS)
def test_accepts_each_kind_of_answer_for_itself_alone(kind: str) -> None:
    """What is meant for one kind is a mismatch for all the others."""
    turn = conversations.Turn("hello", KINDS[kind][0])
    matching = [name for name, (_, given) in KINDS.items() if not turn.mismatches(given)]
    assert matching == [kind]


@pytest.mark.parametrize(
    "expect",
    [
        OSLO | {"args": {"city": "oslo"}},
        OSLO | {"target": "get_weather"},
        {"calls": [{"get_current_weather": {"city": "Oslo"}}] * 2},
        {"calls": []},
    ],
)
def test_wants_the_very_call(expect: dict[str, Any]) -> None:
    """Another name, another argument or another number of calls is a mismatch."""
    assert conversations.Turn("hello", expect).mismatches(CALLED)
    assert not conversations.Turn("hello", {"target": "get_current_weather"}).mismatches(CALLED)


def test_a_call_that_fails_is_not_seen() -> None:
    """An API's no is told without the call; where none was to be made it is a mismatch."""
    for answer_ in (TOLD, FAILED):
        assert not conversations.Turn("hello", OSLO).mismatches(answer_)
        assert conversations.Turn("hello", {"target": None}).mismatches(answer_)


def test_the_default_target_is_not_seen() -> None:
    """Its answer is the LLM's, or the gateway's, without a call beside it."""
    turn = conversations.Turn("hello", {"target": "questions"}, frozenset(["questions"]))
    assert not turn.mismatches(LLM)
    assert turn.mismatches(CALLED)


def test_tests_that_begin_alike_are_one_conversation(tmp_path: Path) -> None:
    """Each message is compared with the test that ends with it."""
    (tmp_path / "c.yaml").write_text("prompt_targets: [{name: a}, {name: b, default: true}]")
    path = tmp_path / "conversations.yaml"
    path.write_text(
        "config: c.yaml\ntests:\n"
        "  - {id: one, messages: [x], expect: {target: a}}\n"
        "  - {id: two, messages: [x, {assistant: y}, z, {assistant: y}, w], expect: {target: b}}\n"
        "  - {id: three, messages: [z], expect: {target: a}}\n"
    )
    two, three = conversations.load(path)
    assert [(turn.user, turn.expect.get("target")) for turn in two.turns] == [
        ("x", "a"), ("z", None), ("w", "b"),
    ]  # fmt: skip
    assert (two.about, three.about) == ("two", "three")
    assert two.turns[0].silent == {"b"}
    path.write_text("tests: [{messages: [x]}]")
    with pytest.raises(ValueError, match="expected `expect:`"):
        conversations.load(path)


@pytest.mark.parametrize("name", APIS)
def test_scripts_can_be_read(name: str) -> None:
    """Every demo has something to play."""
    assert sum(len(each.turns) for each in Demo(name).script) > 5

"""What a demo's chat reads from an answer, and what its script accepts."""

from __future__ import annotations

import json
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
KINDS = {
    "calls": ([{"get_current_weather": {"city": "Oslo"}}], CALLED),
    "asks_for": (["days"], ASKED),
    "proposes": ({"book_room": ["guest: Bob"]}, PROPOSED),
    "refused": (True, REFUSED),
    "error_target": (True, TOLD),
    "error": (404, FAILED),
    "llm": (True, LLM),
}


@pytest.mark.parametrize("kind", KINDS)
def test_accepts_each_kind_of_answer_for_itself_alone(kind: str) -> None:
    """What is meant for one kind is a mismatch for all the others."""
    wanted, _ = KINDS[kind]
    turn = conversations.Turn("hello", kind, wanted, (), stream=False)
    matching = [name for name, (_, given) in KINDS.items() if not turn.mismatches(given)]
    assert matching == [kind]


@pytest.mark.parametrize(
    "call", [{"get_current_weather": {"city": "oslo"}}, {"get_weather": {"city": "Oslo"}}]
)
def test_wants_the_very_call(call: dict[str, Any]) -> None:
    """Another name or another argument is a mismatch."""
    turn = conversations.Turn("hello", "calls", [call], (), stream=False)
    assert turn.mismatches(CALLED)


def test_wants_the_very_call_proposed() -> None:
    """Another target or value is a mismatch."""
    for wanted, wrong in (
        ({"book_room": ["guest: Eve"]}, "did not propose “guest: Eve”"),
        ({"book": []}, "did not propose book but the gateway asked: " + PROPOSED.text),
    ):
        turn = conversations.Turn("hello", "proposes", wanted, (), stream=False)
        assert turn.mismatches(PROPOSED) == [wrong]


def test_wants_what_is_to_be_said() -> None:
    """Case does not count, absence does."""
    turn = conversations.Turn("hello", "llm", True, ("A JOKE", "a poem"), stream=False)
    assert turn.mismatches(LLM) == ["the answer does not say “a poem”"]


@pytest.mark.parametrize("keys", [{}, {"llm": True, "refused": True}, {"llm": True, "sings": 1}])
def test_refuses_a_script_that_says_nothing_clear(tmp_path: Path, keys: dict[str, Any]) -> None:
    """A turn expects one thing, and no key is misspelt."""
    script = [{"about": "x", "turns": [{"user": "hello", **keys}]}]
    path = tmp_path / "conversations.yaml"
    path.write_text(json.dumps(script))
    with pytest.raises(ValueError, match="a turn needs one of"):
        conversations.load(path)


@pytest.mark.parametrize("name", APIS)
def test_scripts_can_be_read(name: str) -> None:
    """Every demo has something to play."""
    assert sum(len(each.turns) for each in Demo(name).script) > 5

"""Answers the gateway writes: v0.1's fields in v0.1's places, and what SDKs ask for beside them."""

from __future__ import annotations

import json

from openai.types.chat import ChatCompletion, ChatCompletionChunk

from extproc.chat import answers
from tests.playbook import events

CALL = answers.ToolCall("call_1", "weather", {"city": "Évora"}, '{"rain": "50%"}')
SECOND = answers.ToolCall("call_2", "news", {}, "line\n\nline")


def test_completion_is_what_sdks_parse() -> None:
    """Every field of the SDK's strict model is there."""
    body = answers.completion(answers.ChatAnswer("hello", "Arch-Guard"))
    parsed = ChatCompletion.model_validate_json(body, strict=True)
    assert parsed.choices[0].message.content == "hello"
    assert parsed.choices[0].finish_reason == "stop"
    assert "metadata" not in json.loads(body)


def test_state_is_parsed_twice() -> None:
    """`x-arch-state` is JSON in JSON in JSON, arguments an object, as v0.1's clients read it."""
    body = json.loads(answers.completion(answers.ChatAnswer("x", "m", [CALL, SECOND])))
    messages = json.loads(json.loads(body["metadata"]["x-arch-state"])["messages"])
    assert messages[0]["model"] == "Arch-Function-1.5B"
    assert messages[0]["tool_calls"][0]["function"]["arguments"] == {"city": "Évora"}
    assert messages[1] == {"role": "tool", "content": '{"rain": "50%"}', "tool_call_id": "call_1"}
    assert messages[2]["content"] == "line\n\nline"


def test_stream_has_v01_order_and_ends() -> None:
    """First the role, then the text, then the reason; each chunk is what SDKs parse."""
    raw = answers.stream(answers.ChatAnswer("hello", "Arch-Function", include_usage=True))
    chunks = [ChatCompletionChunk.model_validate(each) for each in events(raw)]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[1].choices[0].delta.content == "hello"
    assert chunks[2].choices[0].finish_reason == "stop"
    assert chunks[3].usage is not None
    assert len({each.id for each in chunks}) == 1


def test_sse_prefix_shows_calls_then_results() -> None:
    """The call chunk, then a tool chunk for each answer, each one event on one line."""
    chunks = events((answers.sse_prefix([CALL, SECOND], {}) + "data: [DONE]\n\n").encode())
    assert all(chunk["model"].startswith("Arch") for chunk in chunks)
    calls = chunks[0]["choices"][0]["delta"]["tool_calls"]
    assert [call["index"] for call in calls] == [0, 1]
    assert calls[0]["function"] == {"name": "weather", "arguments": {"city": "Évora"}}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[1:]]
    assert [delta["content"] for delta in deltas] == ['{"rain": "50%"}', "line\n\nline"]
    assert {delta["role"] for delta in deltas} == {"tool"}


def test_json_prefix_goes_behind_a_brace() -> None:
    """Put behind the opening brace, the prefix makes an object with our metadata in it."""
    prefix = answers.json_prefix([CALL], {"x-arch-intent": "weather"})
    body = json.loads("{" + prefix + '"id":"1"}')
    assert set(body["metadata"]) == {"x-arch-state", "x-arch-intent"}
    assert body["id"] == "1"


def test_nothing_to_say_is_nothing() -> None:
    """Without calls or debug metadata no prefix goes anywhere."""
    assert answers.json_prefix([], {}) == ""
    assert answers.sse_prefix([], {}) == ""


def test_metadata_alone_is_a_comment_in_a_stream() -> None:
    """A comment trips no client, whatever it indexes."""
    prefix = answers.sse_prefix([], {"x-arch-intent": ""})
    assert prefix.startswith(": {")
    assert prefix.endswith("}\n\n")
    assert prefix.count("\n") == 2


def test_metadata_of_our_own_stream_is_in_its_first_chunk() -> None:
    """Once: with the tool call if there is one, else with the role."""
    for calls in ((), (CALL,)):
        raw = answers.stream(answers.ChatAnswer("hello", "m", calls, {"x-arch-intent": "w"}))
        found = [chunk.get("metadata") for chunk in events(raw)]
        assert found[0] == {"x-arch-intent": "w"}
        assert not any(found[1:])
        assert not raw.startswith(b":")


def test_own_metadata_of_an_application_stays() -> None:
    """Our members join the application's; a metadata that is no object gives way."""
    body = {"id": "1", "metadata": {"mine": "x"}}
    assert set(json.loads(answers.with_metadata(body, [CALL], {}))["metadata"]) == {
        "mine",
        "x-arch-state",
    }
    assert json.loads(answers.with_metadata(body, [], {})) == body
    odd = json.loads(answers.with_metadata({"metadata": 3}, [], {"a": "b"}))
    assert odd["metadata"] == {"a": "b"}

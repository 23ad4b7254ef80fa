"""Answers the gateway writes: what SDKs look for, and beside it what was called."""

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
    """`x-arch-state` is JSON in JSON in JSON; its messages are ones that an SDK takes."""
    answer = answers.ChatAnswer("x", "m", answers.state([CALL, SECOND]))
    body = json.loads(answers.completion(answer))
    messages = json.loads(json.loads(body["metadata"]["x-arch-state"])["messages"])
    assert messages[0]["model"] == "Arch-Function-1.5B"
    function = messages[0]["tool_calls"][0]["function"]
    assert function == {"name": "weather", "arguments": '{"city":"Évora"}'}
    assert messages[1] == {"role": "tool", "content": '{"rain": "50%"}', "tool_call_id": "call_1"}
    assert messages[2]["content"] == "line\n\nline"
    assert answers.state([]) == {}


def test_v01s_clients_find_objects_in_the_state() -> None:
    """Arguments were an object."""
    state = answers.state([CALL], v01=True)["x-arch-state"]
    (call,) = json.loads(json.loads(state)["messages"])[0]["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": {"city": "Évora"}}


def test_stream_is_what_sdks_parse() -> None:
    """First the role, then the text, then the reason; each chunk is what SDKs parse."""
    raw = answers.stream(answers.ChatAnswer("hello", "Arch-Function", include_usage=True))
    chunks = [ChatCompletionChunk.model_validate(each) for each in events(raw)]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[1].choices[0].delta.content == "hello"
    assert chunks[2].choices[0].finish_reason == "stop"
    assert chunks[3].usage is not None
    assert len({each.id for each in chunks}) == 1


def test_members_go_behind_a_brace() -> None:
    """Put behind the opening brace, they make an object with our metadata in it."""
    members = answers.members({"x-arch-intent": "weather"})
    body = json.loads("{" + members + '"id":"1"}')
    assert body == {"metadata": {"x-arch-intent": "weather"}, "id": "1"}
    assert answers.members({}) == ""


def test_metadata_of_our_own_stream_is_in_its_first_chunk() -> None:
    """Once, with the role; and without any there is no such field."""
    raw = answers.stream(answers.ChatAnswer("hello", "m", {"x-arch-intent": "w"}))
    found = [chunk.get("metadata") for chunk in events(raw)]
    assert found == [{"x-arch-intent": "w"}, None, None]
    assert b"metadata" not in answers.stream(answers.ChatAnswer("hello", "m"))


def test_own_metadata_of_an_application_stays() -> None:
    """Our members join the application's; a metadata that is no object gives way."""
    body = {"id": "1", "metadata": {"mine": "x"}}
    told = json.loads(answers.with_metadata(body, {"x-arch-intent": "w"}))
    assert told["metadata"] == {"mine": "x", "x-arch-intent": "w"}
    assert json.loads(answers.with_metadata(body, {})) == body
    odd = json.loads(answers.with_metadata({"metadata": 3}, {"a": "b"}))
    assert odd["metadata"] == {"a": "b"}

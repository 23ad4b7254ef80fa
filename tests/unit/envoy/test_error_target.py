"""What an error target says of an LLM's failure is what an assistant says, in the client's form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.playbook import events
from tests.unit.envoy.scripts import Script

_LUA = Script('local PATH = "/error"', "error_target.lua", "said", "spoken", "wants_stream")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"choices": [{"message": {"content": "Sorry \u00e9"}}]}, "Sorry \u00e9"),
        ({"choices": [{"index": 0, "message": {"content": ""}}, 1]}, ""),
        ({"choices": [{"message": {"content": None}}]}, None),
        ({"choices": [{"message": "x"}]}, None),
        ({"choices": [{"text": "x"}]}, None),
        ({"choices": []}, None),
        ({"choices": {}}, None),
        ({"apology": "later"}, None),
        ("later", None),
    ],
)
def test_a_completion_is_known(body: Any, text: str | None) -> None:
    """By the text of its first choice."""
    found = _LUA.call("said", json.dumps(body).encode())
    said = found[0] if isinstance(found, tuple) else found
    assert (said if said is None else bytes(said).decode()) == text


@pytest.mark.parametrize("text", ['come "back" \u00e9\n\\', ""])
def test_words_are_what_sdks_parse(text: str) -> None:
    """Whole and as a stream, whatever stands in them."""
    whole, kind = _LUA.call("spoken", text.encode(), b"Arch-Function", b"r-1", False)
    assert kind == b"application/json"
    parsed = ChatCompletion.model_validate_json(whole, strict=True)
    assert (parsed.choices[0].message.content, parsed.id) == (text, "chatcmpl-r-1")
    stream, kind = _LUA.call("spoken", text.encode(), b"Arch-Function", b"r-1", True)
    assert kind == b"text/event-stream"
    first, last = (ChatCompletionChunk.model_validate(each) for each in events(bytes(stream)))
    assert (first.choices[0].delta.content, last.choices[0].finish_reason) == (text, "stop")


def test_what_is_no_text_is_not_said() -> None:
    """JSON is UTF-8, so other bytes are a failure of the error target's."""
    assert _LUA.call("spoken", b"\xff", b"m", b"r-1", False) is None


@pytest.mark.parametrize(
    ("body", "wants"), [(b'{"stream":true}', True), (b'{"stream":false}', False), (b"{}", False)]
)
def test_the_form_is_the_clients(body: bytes, wants: bool) -> None:
    """As its request says."""
    assert _LUA.call("wants_stream", body) is wants

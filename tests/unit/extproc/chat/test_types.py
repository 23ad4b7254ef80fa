"""Reading a chat-completions request: content types, messages, parts, and their mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extproc.chat import types
from extproc.errors import (
    ForeignOrigin,
    GatewayError,
    InvalidJson,
    UnsupportedContent,
    UnsupportedMedia,
)

USER = {"role": "user", "content": "hi"}


def read(body: Any, content_type: str = "application/json") -> types.ChatRequest:
    return types.read(json.dumps(body).encode(), content_type)


def refused(body: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        read(body)
    return caught.value


WRONG: list[tuple[Any, str, str | None]] = [
    ({}, "messages: missing", "messages"),
    ({"messages": None}, "must be a list", "messages"),
    ({"messages": []}, "at least one", "messages"),
    ({"messages": "hi"}, "must be a list", "messages"),
    ({"messages": {"role": "user"}}, "must be a list", "messages"),
    ({"messages": [USER] * 513}, "the limit is 512", "messages"),
    ({"messages": [USER, 3]}, "messages.1: must be an object, not a number", "messages.1"),
    ({"messages": [{"content": "hi"}]}, "messages.0.role", "messages.0"),
    ({"messages": [{"role": "robot", "content": ""}]}, "messages.0.role", "messages.0"),
    ({"messages": [{"role": ["user"], "content": ""}]}, "messages.0.role", "messages.0"),
    ({"messages": [{"role": "user"}]}, "not null", "messages.0"),
    ({"messages": [{"role": "user", "content": None}]}, "not null", "messages.0"),
    ({"messages": [{"role": "user", "content": {}}]}, "not an object", "messages.0"),
    ({"messages": [{"role": "user", "content": 1}]}, "not a number", "messages.0"),
    ({"messages": [{"role": "user", "content": []}]}, "at least one part", "messages.0"),
    ({"messages": [{"role": "user", "content": ["hi"]}]}, "content.0: must be", "messages.0"),
    ({"messages": [{"role": "user", "content": [{}]}]}, "with a type", "messages.0"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
     "content.0.text: must be text", "messages.0"),
    ({"messages": [USER], "stream": "yes"}, "stream: must be true or false", "stream"),
    ({"messages": [USER], "stream": 1}, "stream: must be true or false", "stream"),
    ({"messages": [USER], "Stream": True}, 'must be spelled "stream"', None),
    ({"Messages": [USER]}, 'must be spelled "messages"', None),
    ({"me\u017f\u017fages": [USER]}, 'must be spelled "messages"', None),
    ({"messages": [{"role": "tool", "content": "hi", "tool_call_id": {}}]},
     "tool_call_id: must be text", "messages.0"),
    ({"messages": [{"role": "user", "content": "hi", "name": ["x"]}]},
     "name: must be text", "messages.0"),
    ({"messages": [{"Role": "user", "content": ""}]}, 'must be spelled "role"', "messages.0"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "TEXT": "x"}]}]},
     'must be spelled "text"', "messages.0.content.0"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "param"), WRONG, ids=lambda v: str(v)[:40])
def test_refuses_naming_the_place(body: Any, message: str, param: str | None) -> None:
    """Each mistake is a 400 that names its field."""
    error = refused(body)
    assert error.status == 400
    assert message in error.message
    assert error.param == param


def test_reads_texts_of_every_form() -> None:
    """Text, lists of parts, refusals and silent assistants are read; the raw message is kept."""
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "assistant"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"role": "tool", "tool_call_id": "1", "content": "4"},
        {"role": "developer", "content": "d", "x-unknown": [1]},
    ]  # fmt: skip
    request = read({"messages": messages, "stream": None, "seed": 1})
    assert [m.text for m in request.messages] == ["be kind", "a\nb", "", "", "no", "4", "d"]
    assert request.messages[-1].raw == messages[-1]
    assert not request.stream
    assert request.body["seed"] == 1
    assert request.last_user == 1


def test_parts_without_text_are_known() -> None:
    """An image is let through by itself, but not past a guard; a sound not even where images are."""
    image = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}
    request = read({"messages": [USER, {"role": "user", "content": [image]}]})
    with pytest.raises(UnsupportedContent, match=r"messages\.1\.content"):
        request.require_readable(allow_images=False)
    request.require_readable(allow_images=True)
    sound = {"type": "input_audio", "input_audio": {"data": "AA=="}}
    request = read({"messages": [{"role": "user", "content": [image, sound]}]})
    with pytest.raises(UnsupportedContent, match="send text, or remove"):
        request.require_readable(allow_images=True)
    read({"messages": [USER]}).require_readable(allow_images=False)


def test_usage_in_a_stream_is_noticed() -> None:
    """`stream_options.include_usage` counts only when it is true."""
    for options, wanted in (
        ({"include_usage": True}, True),
        ({"include_usage": 1}, False),
        ([], False),
    ):
        assert read({"messages": [USER], "stream_options": options}).include_usage is wanted


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"'],
)
def test_json_in_its_spellings(content_type: str) -> None:
    """JSON is JSON, with any charset that is UTF-8."""
    assert read({"messages": [USER]}, content_type).messages[0].text == "hi"


def test_text_plain_is_one_user_message() -> None:
    """The body is what the user says."""
    request = types.read("  {héllo} \n".encode(), "text/plain; charset=utf-8")
    assert request.body == {"messages": [{"role": "user", "content": "  {héllo} \n"}]}
    with pytest.raises(GatewayError, match="empty"):
        types.read(b" \n", "text/plain")


def test_text_of_a_web_page_is_refused() -> None:
    """No browser asks before it sends text to another origin; before JSON it does."""
    with pytest.raises(ForeignOrigin, match="content-type: application/json"):
        types.read(b"hi", "text/plain", "https://evil.example")
    body = json.dumps({"messages": [USER]}).encode()
    assert types.read(body, "application/json", "https://good.example").messages


def test_other_types_and_charsets_are_refused() -> None:
    """A form, a file, UTF-16 or nothing at all is told what to send instead."""
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data", ""):
        with pytest.raises(
            UnsupportedMedia, match='send the header "content-type: application/json"'
        ):
            read({"messages": [USER]}, content_type)
    for content_type in ("application/json; charset=utf-16", "text/plain; charset=latin-1"):
        with pytest.raises(InvalidJson, match="charset"):
            read({"messages": [USER]}, content_type)

"""Answers the gateway writes itself, plain and streamed, for v0.1's clients and for SDKs alike.

v0.1 wrote `model`, `choices` and no more. Every object here also carries the id, object,
created and index that the official SDKs ask for, and every stream ends with `[DONE]`. In the
chunk that shows the calls, and in `x-arch-state`, `arguments` stay an object: that is how
v0.1's clients read them.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from extproc.chat import sse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GUARD_MODEL = "Arch-Guard"
FUNCTION_MODEL = "Arch-Function"
TOOL_MODEL = "Arch-Function-1.5B"
STATE = "x-arch-state"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that was made, and what came of it."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    content: str = field(repr=False)
    defaults: Sequence[str] = ()
    """Arguments that nobody said."""

    def to_json(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": dict(self.arguments)}
        call = {"id": self.id, "type": "function", "function": function}
        return {**call, "defaults": list(self.defaults)} if self.defaults else call


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What an assistant says."""

    text: str = field(repr=False)
    model: str
    calls: Sequence[ToolCall] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    include_usage: bool = False


def asked_state(question: str) -> dict[str, str]:
    """What a client that keeps no answers of ours may send back with the reply."""
    return {STATE: orjson.dumps({"messages": "[]", "asked": question}).decode()}


def asked_in(metadata: Any) -> str:
    """The question in a state that was sent back; nothing in whatever else was."""
    try:
        asked = orjson.loads(metadata[STATE])["asked"]
    except (KeyError, TypeError, ValueError):
        return ""
    return asked if isinstance(asked, str) else ""


def call_id() -> str:
    # v0.1's form, with digits enough to differ from the others of its conversation.
    return f"call_{random.randrange(10**9, 10**10)}"  # noqa: S311


def completion(answer: ChatAnswer) -> bytes:
    message = {"role": "assistant", "content": answer.text}
    body: dict[str, Any] = {
        **_head("chat.completion", answer.model),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _NO_TOKENS,
    }
    metadata = _metadata(answer.calls, answer.metadata)
    if metadata:
        body["metadata"] = metadata
    return orjson.dumps(body)


def stream(answer: ChatAnswer) -> bytes:
    head = _head("chat.completion.chunk", answer.model)
    chunks = [
        _chunk(head, {"role": "assistant"}),
        _chunk(head, {"content": answer.text}),
        _chunk(head, {}, "stop"),
    ]
    if answer.include_usage:
        chunks.append({**head, "choices": [], "usage": _NO_TOKENS})
    if answer.metadata and not answer.calls:
        chunks[0]["metadata"] = dict(answer.metadata)
    events = b"".join(sse.encode(orjson.dumps(chunk)) for chunk in chunks)
    prefix = sse_prefix(answer.calls, answer.metadata) if answer.calls else ""
    return prefix.encode() + events + sse.encode(sse.DONE)


def sse_prefix(calls: Sequence[ToolCall], metadata: Mapping[str, str]) -> str:
    """The events before the answer: the calls, then what each gave."""
    if not calls:
        # A chunk without choices would trip v0.1's clients; a comment trips nobody.
        return f": {orjson.dumps(dict(metadata)).decode()}\n\n" if metadata else ""
    head = _head("chat.completion.chunk", TOOL_MODEL)
    listed = [{"index": n, **call.to_json()} for n, call in enumerate(calls)]
    first = _chunk(head, {"role": "assistant", "tool_calls": listed})
    if metadata:
        first["metadata"] = dict(metadata)
    chunks = [
        first,
        *(
            _chunk(head, {"role": "tool", "content": call.content, "tool_call_id": call.id})
            for call in calls
        ),
    ]
    return "".join(sse.encode(orjson.dumps(chunk)).decode() for chunk in chunks)


def json_prefix(calls: Sequence[ToolCall], metadata: Mapping[str, str]) -> str:
    """What goes behind the opening brace of a JSON answer."""
    found = _metadata(calls, metadata)
    return f'"metadata":{orjson.dumps(found).decode()},' if found else ""


def with_metadata(
    body: dict[str, Any], calls: Sequence[ToolCall], metadata: Mapping[str, str]
) -> bytes:
    """An application's own completion, with our metadata beside its own."""
    found = _metadata(calls, metadata)
    own = body.get("metadata")
    if found:
        body = {**body, "metadata": {**(own if isinstance(own, dict) else {}), **found}}
    return orjson.dumps(body)


def _metadata(calls: Sequence[ToolCall], metadata: Mapping[str, str]) -> dict[str, str]:
    if not calls:
        return dict(metadata)
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "model": TOOL_MODEL, "tool_calls": [c.to_json() for c in calls]},
        *({"role": "tool", "content": c.content, "tool_call_id": c.id} for c in calls),
    ]
    # JSON in JSON in JSON: so it was, and clients parse it twice.
    state = orjson.dumps({"messages": orjson.dumps(messages).decode()}).decode()
    return {STATE: state, **metadata}


def _head(kind: str, model: str) -> dict[str, Any]:
    created = int(dt.datetime.now(dt.UTC).timestamp())
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": created,
            "model": model}  # fmt: skip


def _chunk(
    head: Mapping[str, Any], delta: Mapping[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


_NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

"""Answers the gateway writes itself, plain and streamed, as the official SDKs read them.

What was called, and what came of it, is the answer's `metadata`, in a stream that of the first
chunk: every other field is the one that any client looks for. v0.1's streams are in `v01`.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from extproc.chat import sse
from extproc.contract import FUNCTION_MODEL as FUNCTION_MODEL  # noqa: PLC0414  beside its kin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GUARD_MODEL = "Arch-Guard"
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

    def to_json(self, *, v01: bool = False) -> dict[str, Any]:
        """For v0.1's clients the arguments are an object, for all others JSON in a string."""
        said = dict(self.arguments)
        arguments = said if v01 else orjson.dumps(said).decode()
        function = {"name": self.name, "arguments": arguments}
        call = {"id": self.id, "type": "function", "function": function}
        return {**call, "defaults": list(self.defaults)} if self.defaults else call


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What an assistant says."""

    text: str = field(repr=False)
    model: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    include_usage: bool = False


def state(calls: Sequence[ToolCall], *, v01: bool = False) -> dict[str, str]:
    """What a client may add to its history before the answer: the calls and what each gave."""
    if not calls:
        return {}
    listed = [call.to_json(v01=v01) for call in calls]
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "model": TOOL_MODEL, "tool_calls": listed},
        *({"role": "tool", "content": c.content, "tool_call_id": c.id} for c in calls),
    ]
    # JSON in JSON in JSON: so it was, and clients parse it twice.
    return {STATE: orjson.dumps({"messages": orjson.dumps(messages).decode()}).decode()}


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
    return with_metadata(body, answer.metadata)


def stream(answer: ChatAnswer) -> bytes:
    head = _head("chat.completion.chunk", answer.model)
    chunks = [
        _chunk(head, {"role": "assistant"}),
        _chunk(head, {"content": answer.text}),
        _chunk(head, {}, "stop"),
    ]
    if answer.metadata:
        chunks[0]["metadata"] = dict(answer.metadata)
    if answer.include_usage:
        chunks.append({**head, "choices": [], "usage": _NO_TOKENS})
    return b"".join(sse.encode(orjson.dumps(chunk)) for chunk in chunks) + sse.encode(sse.DONE)


def members(metadata: Mapping[str, str]) -> str:
    """What goes behind the first opening brace of an LLM's answer, whole or streamed."""
    return f'"metadata":{orjson.dumps(dict(metadata)).decode()},' if metadata else ""


def with_metadata(body: dict[str, Any], metadata: Mapping[str, str]) -> bytes:
    """A completion with our metadata beside its own."""
    own = body.get("metadata")
    if metadata:
        body = {**body, "metadata": {**(own if isinstance(own, dict) else {}), **metadata}}
    return orjson.dumps(body)


def _head(kind: str, model: str) -> dict[str, Any]:
    created = int(dt.datetime.now(dt.UTC).timestamp())
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": created,
            "model": model}  # fmt: skip


def _chunk(
    head: Mapping[str, Any], delta: Mapping[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


_NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

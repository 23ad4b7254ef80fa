"""Streams as v0.1 wrote them, byte for byte, for the clients that count on its sequence.

The calls and their answers are chunks of their own before the LLM's; an answer of the gateway's
is a chunk with the role and one with the text. A chunk has a model and one choice and nothing
else, arguments are an object, and no `[DONE]` ends what the gateway says itself. Metadata was
unknown: only a client that asks for scores finds them in the first chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from extproc.chat import sse
from extproc.chat.answers import FUNCTION_MODEL, TOOL_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extproc.chat.answers import ToolCall


def stream(text: str, model: str, calls: Sequence[ToolCall], metadata: Mapping[str, str]) -> bytes:
    """An answer of the gateway's own. In streams v0.1 gave the size of its function model, too."""
    model = TOOL_MODEL if model == FUNCTION_MODEL else model
    said = [_chunk(model, {"role": "assistant"}), _chunk(model, {"content": text})]
    return _events([*_calls(calls), *said], metadata)


def prefix(calls: Sequence[ToolCall], metadata: Mapping[str, str]) -> str:
    """What goes before the LLM's chunks: the calls, then what each gave."""
    return _events(_calls(calls), metadata).decode()


def _calls(calls: Sequence[ToolCall]) -> Iterable[dict[str, Any]]:
    if calls:
        listed = [call.to_json(v01=True) for call in calls]
        yield _chunk(TOOL_MODEL, {"role": "assistant", "tool_calls": listed})
    for call in calls:
        yield _chunk(TOOL_MODEL, {"role": "tool", "content": call.content})


def _chunk(model: str, delta: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": model, "choices": [{"delta": delta, "finish_reason": None}]}


def _events(chunks: Iterable[dict[str, Any]], metadata: Mapping[str, str]) -> bytes:
    first, *rest = chunks
    if metadata:
        first["metadata"] = dict(metadata)
    return b"".join(sse.encode(orjson.dumps(chunk)) for chunk in (first, *rest))

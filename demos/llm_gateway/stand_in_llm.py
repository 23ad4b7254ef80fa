"""Stands in for an LLM provider where there is none: it repeats what it was asked.

It answers OpenAI's chat completions, whole or as a stream, and understands nothing. It is
here so that the demo shows real requests through a real gateway without a key or a network.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web


async def chat(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    question = asked["messages"][-1]["content"]
    answer = f"I am a stand-in for an LLM. You said: {question}"
    if asked.get("stream"):
        return await _stream(request, asked["model"], answer)
    message = {"role": "assistant", "content": answer}
    return web.json_response(
        {
            "id": "chatcmpl-stand-in",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": _usage(question, answer),
        }
    )


def _usage(question: str, answer: str) -> dict[str, int]:
    prompt, completion = len(question.split()), len(answer.split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


async def _stream(request: web.Request, model: str, answer: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for word in answer.split():
        await response.write(_event(model, {"content": word + " "}, None))
    await response.write(_event(model, {}, "stop"))
    await response.write(b"data: [DONE]\n\n")
    return response


def _event(model: str, delta: dict[str, str], finish_reason: str | None) -> bytes:
    chunk: dict[str, Any] = {
        "id": "chatcmpl-stand-in",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def application() -> web.Application:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    return app

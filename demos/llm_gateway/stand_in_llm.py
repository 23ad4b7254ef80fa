"""Stands in for an LLM provider where there is none: it says again what it was given.

It answers OpenAI's chat completions, whole or as a stream, and understands nothing. Asked with
a context, as a prompt gateway asks after it has called an API, it reads the context out; asked
without, it repeats the question. It is here so that the demos show real requests through a real
gateway without a key or a network. By hand:

    python -m aiohttp.web -H 127.0.0.1 -P 8010 demos.llm_gateway.stand_in_llm:application
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

_CONTEXT = "\ncontext: "


async def chat(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    question = _text(asked["messages"][-1]["content"])
    answer = answer_to(question)
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


def answer_to(question: str) -> str:
    _, mark, context = question.rpartition(_CONTEXT)
    if mark:
        return f"Stand-in answer: {_read_out(context)}"
    return f"I am a stand-in for an LLM. You said: {question}"


def _read_out(context: str) -> str:
    """JSON in words, and any other text as it is. Several APIs' answers come line by line."""
    try:
        return _phrase(json.loads(context))
    except ValueError:
        pass
    try:
        return "; ".join(_phrase(json.loads(line)) for line in context.splitlines())
    except ValueError:
        return context


def _phrase(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(key)} {_phrase(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " / ".join(_phrase(inner) for inner in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _text(content: str | list[dict[str, Any]] | None) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return content or ""


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
    await response.write(_event(model, {"role": "assistant", "content": ""}, None))
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


def application(_arguments: list[str] | None = None) -> web.Application:
    """What `python -m aiohttp.web` calls, too."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    return app

"""A fake LLM provider: what it was sent is kept, how it answers is told.

It stands outside the gateway, so the tests may fake it. It speaks OpenAI's API over plain HTTP
or TLS, and misbehaves on demand the way providers do.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.serving import Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Behaviour:
    """How the next answers look; the default is a provider in good health."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the first byte."""
    chunks: int = 3
    chunk_delay: float = 0.0
    pieces: tuple[bytes, ...] = ()
    """What a stream says instead of chunks, each written by itself."""
    reset: bool = False
    """Close the connection instead of answering."""
    die_after: int | None = None
    """Close the connection after so many chunks of a stream."""
    hang_after: int | None = None
    """Say nothing more after so many chunks of a stream."""
    dimensions: int = 2
    """Of each vector, one for every input."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """What an answer says it cost, in place of the usual; {} for that."""
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Tool → arguments: called by what offers the tool and has no result of one yet."""


class FakeProvider(Server):
    """An LLM provider as the gateway meets it."""

    def __init__(self, name: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.name = name
        self.behaviour = Behaviour()
        self.received: list[Received] = []
        self.unhealthy = False
        self.checks: list[dict[str, str]] = []
        """The headers of each `GET /health`."""

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def forget(self) -> None:
        self.received.clear()
        self.behaviour = Behaviour()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.path == "/health":
            self.checks.append(headers)
            return web.Response(status=500 if self.unhealthy else 200)
        self.received.append(Received(request.method, request.path_qs, headers, body))
        behaviour = self.behaviour
        await asyncio.sleep(behaviour.delay)
        if behaviour.reset:
            return _cut(request)
        if behaviour.status != 200:
            error = {"error": {"message": f"{self.name} is unwell", "type": "server_error"}}
            return web.json_response(error, status=behaviour.status, headers=behaviour.headers)
        if request.content_type != "application/json" or not body:
            return web.json_response({"object": request.method, "text": "heard", "usage": _COUNTED})
        asked = json.loads(body)
        kind = request.path.rsplit("/", 1)[-1]
        if kind == "speech":
            return web.Response(body=b"\xff\xfb", content_type="audio/mpeg")
        if kind in _OTHER_CONVERSATIONS:
            return await self._other_conversation(request, asked, kind)
        if asked.get("stream"):
            return await self._stream(request, asked, behaviour)
        if "input" in asked:
            return web.json_response(_vectors(asked, behaviour), headers=behaviour.headers)
        return web.json_response(self._completion(asked), headers=behaviour.headers)

    async def _other_conversation(
        self, request: web.Request, asked: dict[str, Any], kind: str
    ) -> web.StreamResponse:
        """Of /v1/responses and /v1/messages."""
        if not asked.get("stream"):
            counted = {name: _COUNTED[name] for name in ("input_tokens", "output_tokens")}
            usage = self.behaviour.usage or counted
            return web.json_response({"id": "1", "model": asked.get("model"), "usage": usage})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for event in _other_events(kind, self.behaviour.usage):
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            await response.write(text.encode())
            await asyncio.sleep(self.behaviour.chunk_delay)
        await response.write_eof()
        return response

    def _completion(self, asked: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": f"Hello from {self.name}"}
        calls = _calls(asked, self.behaviour)
        if calls:
            message |= {"content": None, "tool_calls": calls}
        elif result := _result(asked, self.behaviour):
            message["content"] = f"The tool says {result}"
        finish = "tool_calls" if calls else "stop"
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": asked.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": self.behaviour.usage or _CHAT_COUNTED,
        }

    async def _stream(
        self, request: web.Request, asked: dict[str, Any], behaviour: Behaviour
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if behaviour.pieces:
            return await _pieces(response, behaviour)
        deltas, finish = self._deltas(asked)
        for number, delta in enumerate(deltas):
            if behaviour.die_after == number:
                return _cut(request)
            if behaviour.hang_after == number:
                await asyncio.sleep(60)
            ended = finish if number == len(deltas) - 1 else None
            choice = {"index": 0, "delta": delta, "finish_reason": ended}
            await response.write(_event(_chunk(asked, [choice])))
            await asyncio.sleep(behaviour.chunk_delay)
        if asked.get("stream_options", {}).get("include_usage"):
            usage = behaviour.usage or _CHAT_COUNTED
            await response.write(_event({**_chunk(asked, []), "usage": usage}))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _deltas(self, asked: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """What a stream says bit by bit, and why it ends."""
        if calls := _calls(asked, self.behaviour):
            return [{"role": "assistant", "content": None}, *_call_deltas(calls)], "tool_calls"
        if result := _result(asked, self.behaviour):
            words = [f"{word} " for word in f"The tool says {result}".split()]
        else:
            words = [f"{self.name}-{number} " for number in range(self.behaviour.chunks)]
        return [{"role": "assistant", "content": word} for word in words], "stop"


async def _pieces(response: web.StreamResponse, behaviour: Behaviour) -> web.StreamResponse:
    for piece in behaviour.pieces:
        await response.write(piece)
        await asyncio.sleep(behaviour.chunk_delay)
    await response.write_eof()
    return response


# What an answer cost, as chat and completions say it, and as all the others do.
_CHAT_COUNTED = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
_COUNTED = {"input_tokens": 8, "output_tokens": 4, "total_tokens": 12}
_OTHER_CONVERSATIONS = {
    "responses": (
        {"type": "response.created", "response": {"usage": None}},
        {"type": "response.output_text.delta", "delta": "Hello"},
        {"type": "response.completed", "response": {"output": [], "usage": _COUNTED}},
    ),
    "messages": (
        {"type": "message_start", "message": {"usage": {"input_tokens": 8, "output_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ),
}
"""Events of their streams, by the end of their path."""


def _other_events(kind: str, usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With that usage, where one is given: the beginning of /v1/messages tells all but its end."""
    events = [dict(event) for event in _OTHER_CONVERSATIONS[kind]]
    if usage and kind == "messages":
        events[0]["message"] = {"usage": {**usage, "output_tokens": 1}}
        events[2]["usage"] = {"output_tokens": usage["output_tokens"]}
    elif usage:
        events[-1]["response"] = {"output": [], "usage": usage}
    return events


def _calls(asked: dict[str, Any], behaviour: Behaviour) -> list[dict[str, Any]]:
    """Of the tools that are offered, until one has a result."""
    if not behaviour.calls or _result(asked, behaviour):
        return []
    offered = {tool["function"]["name"] for tool in asked.get("tools") or ()}
    return [
        {
            "id": f"call-{name}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for name, arguments in behaviour.calls.items()
        if name in offered
    ]


def _call_deltas(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As OpenAI streams them: a call's name first, then its arguments in two pieces."""
    bits = []
    for index, call in enumerate(calls):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        bits += [
            {**call, "index": index, "function": {"name": name, "arguments": ""}},
            {"index": index, "function": {"arguments": arguments[:5]}},
            {"index": index, "function": {"arguments": arguments[5:]}},
        ]
    return [{"tool_calls": [bit]} for bit in bits]


def _result(asked: dict[str, Any], behaviour: Behaviour) -> str:
    """What the tool gave that was called last, if that is what the last message tells."""
    last = asked["messages"][-1] if behaviour.calls else {}
    content = last["content"] if last.get("role") == "tool" else ""
    if isinstance(content, list):
        return "".join(part["text"] for part in content)
    return str(content)


def _vectors(asked: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    inputs = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    numbers: Any = [(n * 0.618033988749895) % 2 - 1 for n in range(behaviour.dimensions)]
    if asked.get("encoding_format") == "base64":
        numbers = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    data = [
        {"object": "embedding", "index": index, "embedding": numbers}
        for index, _ in enumerate(inputs)
    ]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    return {"object": "list", "data": data, "model": asked.get("model"), "usage": usage}


def _chunk(asked: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": asked.get("model"),
        "choices": choices,
    }


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()

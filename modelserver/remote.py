"""Function calls by a server that speaks OpenAI's chat completions.

Two ways of asking, since such servers differ. `tools`: the tools go in the `tools` field and
the calls come back in `tool_calls`. `arch`: tools and calls are text in the prompt format
that the Arch-Function models were trained on, for servers that know no tools field.

What comes back is checked like anyone's input: a call of a tool nobody described is dropped, and
so are values of parameters nobody described or that do not fit. An answer that cannot be read is
a failure, as none is. A server that fails five times in a row is left alone for a while, so that
its time-out is not paid by every request; the local models answer meanwhile. One that is slow has
a part of the request's time at most, so that there is some left for what our models have found.
"""

from __future__ import annotations

import json
import math
import re
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from modelserver import schema
from modelserver.tasks.values.fitting import fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelserver.requests import Decide
    from modelserver.schema import Tool
    from modelserver.settings import Remote
    from modelserver.tasks.types import Occasion

MOST_ANSWER_BYTES = 1024 * 1024
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 5.0

_ARCH_SYSTEM = """You are a helpful assistant.

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
# What the gateway marks a message with; a strict server takes no field that it does not know.
_OWN = frozenset({"guard", "ours"})
_TOOL_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)


class RemoteFailed(Exception):
    """The server did not answer, or not with a chat completion; says which."""


class RemoteFunctions:
    """A client for one such server, with a breaker."""

    def __init__(self, settings: Remote, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._open_until = 0.0

    async def start(self) -> None:
        headers = {"Content-Type": "application/json"}
        if self._settings.access_key:
            headers["Authorization"] = f"Bearer {self._settings.access_key.value}"
        self._session = aiohttp.ClientSession(headers=headers)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def calls(self, request: Decide, within: float = math.inf) -> tuple[schema.Call, ...]:
        """The calls the server makes of this conversation; empty when it makes none.

        `within`: seconds that there are for it, if that is less than its own time-out.
        """
        if self._clock() < self._open_until:
            raise RemoteFailed(f"left alone after {FAILURES_TO_OPEN} failures in a row")
        try:
            message = await self._ask(request, within)
            found = _found(message, self._settings.format)
        except RemoteFailed:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                # Half open afterwards: the next failure closes the door again at once.
                self._open_until = self._clock() + OPEN_SECONDS
            raise
        self._failures = 0
        most = request.max_calls or len(found)
        return _checked(found, request)[:most]

    async def _ask(self, request: Decide, within: float) -> Mapping[str, Any]:
        if self._session is None:
            raise RuntimeError("the client was not started")
        body = chat_request(request, self._settings)
        url = f"{self._settings.base_url}/chat/completions"
        most = aiohttp.ClientTimeout(
            total=max(0.001, min(within, self._settings.timeout_ms / 1000))
        )
        try:
            async with self._session.post(
                url, json=body, allow_redirects=False, timeout=most
            ) as response:
                if response.status != 200:
                    raise RemoteFailed(f"status {response.status}")
                content = await _read(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RemoteFailed(type(error).__name__) from None
        return _message(content)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MOST_ANSWER_BYTES:
            raise RemoteFailed(f"the answer is longer than {MOST_ANSWER_BYTES} bytes")
    return bytes(content)


def chat_request(request: Decide, settings: Remote) -> Mapping[str, Any]:
    """The body of the chat completion that asks for the calls."""
    common = {"model": settings.model, "temperature": 0, "stream": False}
    if settings.format == "arch":
        return {**common, "messages": arch_messages(request.raw_messages, request.raw_tools)}
    messages = [
        {name: value for name, value in message.items() if name not in _OWN}
        for message in request.raw_messages
    ]
    tools = [
        tool if "function" in tool else {"type": "function", "function": tool}
        for tool in request.raw_tools
    ]
    return {**common, "messages": messages, "tools": tools, "tool_choice": "auto"}


def arch_messages(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, str]]:
    """The conversation as Arch-Function reads it: tools, calls and results are text."""
    lines = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    return [
        {"role": "system", "content": _ARCH_SYSTEM.format(tools=lines)},
        *(_arch_message(message) for message in messages),
    ]


def _arch_message(message: Mapping[str, Any]) -> Mapping[str, str]:
    calls, content = message.get("tool_calls"), message.get("content")
    if isinstance(calls, list) and calls:
        functions = [call.get("function", call) for call in calls if isinstance(call, dict)]
        text = "\n".join(
            f"<tool_call>\n{json.dumps(function, ensure_ascii=False)}\n</tool_call>"
            for function in functions
        )
        return {"role": "assistant", "content": text}
    if message.get("role") in ("tool", "function"):
        result = json.dumps(content, ensure_ascii=False)
        return {"role": "user", "content": f"<tool_response>\n{result}\n</tool_response>"}
    return {"role": str(message.get("role")), "content": _text(content)}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _message(content: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(content)["choices"][0]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise RemoteFailed("the answer is no chat completion") from None
    if not isinstance(message, dict):
        raise RemoteFailed("the answer holds no message")
    return message


def _found(message: Mapping[str, Any], form: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Names and arguments as the server said them; unreadable ones are a failure."""
    if form == "arch":
        texts = _TOOL_CALL.findall(_text(message.get("content")))
        return [_named(_json(text)) for text in texts]
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise RemoteFailed("tool_calls is no list")
    return [_named(call.get("function") if isinstance(call, dict) else None) for call in calls]


def _named(function: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise RemoteFailed("a call has no name")
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        arguments = _json(arguments)
    if not isinstance(arguments, dict):
        raise RemoteFailed("a call's arguments are no object")
    return function["name"], arguments


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteFailed("a call is no JSON") from None


def _checked(
    found: Sequence[tuple[str, Mapping[str, Any]]], request: Decide
) -> tuple[schema.Call, ...]:
    known = {tool.name: tool for tool in request.tools}
    return tuple(
        _call(known[name], values, request.occasion) for name, values in found if name in known
    )


def _call(tool: Tool, values: Mapping[str, Any], occasion: Occasion) -> schema.Call:
    fitted = {
        parameter.name: fitting(parameter, values.get(parameter.name), occasion)
        for parameter in tool.parameters
    }
    arguments = {name: value for name, value in fitted.items() if value is not None}
    missing = tuple(
        parameter.name
        for parameter in tool.parameters
        if parameter.required and parameter.name not in arguments
    )
    return schema.Call(tool.name, arguments, missing)

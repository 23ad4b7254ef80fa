"""Answers of the gateway's own in the form the client asked for: a stream of chunks, or JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from extproc.chat import answers, v01
from extproc.chat.stream import assemble
from extproc.contract import Form
from extproc.events import Answer
from extproc.record.taken import debug_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extproc.clients import HttpResponse
    from extproc.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Speech:
    """What an application's answer says, whichever form it came in."""

    text: str = field(repr=False)
    model: str | None = None
    completion: dict[str, Any] | None = field(default=None, repr=False)
    """The answer itself when it was a chat completion."""


def speech(response: HttpResponse) -> Speech:
    """A chat completion, a stream of one, or any text. The body is UTF-8: that was checked."""
    media = response.content_type.partition(";")[0].strip().lower()
    try:
        if media == "text/event-stream":
            assembly = assemble(response.body)
            return Speech(assembly.text, assembly.model)
        body = orjson.loads(response.body)
    except ValueError:
        return Speech(response.body.decode())
    text = completion_text(body)
    if text is None:
        return Speech(response.body.decode())
    model = body.get("model")
    return Speech(text, model if isinstance(model, str) and model else None, body)


def completion_text(body: Any) -> str | None:
    """`choices[0].message.content` of a chat completion; None for anything else."""
    try:
        content = body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return None
    return content if isinstance(content, str) else None


def told(exchange: Exchange, calls: Sequence[answers.ToolCall], asked: str = "") -> dict[str, str]:
    """The metadata of an answer: what was called, or what the gateway asks; then what was asked for."""
    of_calls = answers.state(calls, v01=exchange.v01)
    return {**(answers.asked_state(asked) if asked else of_calls), **debug_metadata(exchange)}


def ask_user(exchange: Exchange, question: str) -> Answer:
    """A question of the gateway's own; its state is for clients that keep no answers."""
    return say(exchange, question, answers.FUNCTION_MODEL, asked=question)


def say(
    exchange: Exchange,
    text: str,
    model: str,
    *,
    calls: Sequence[answers.ToolCall] = (),
    headers: Mapping[str, str] | None = None,
    asked: str = "",
) -> Answer:
    request = exchange.request
    if request.stream and exchange.v01:
        body = v01.stream(text, model, calls, debug_metadata(exchange))
        return Answer(body, Form.SSE, headers=headers or {})
    metadata = told(exchange, calls, asked)
    answer = answers.ChatAnswer(text, model, metadata, request.include_usage)
    if request.stream:
        return Answer(answers.stream(answer), Form.SSE, headers=headers or {})
    return Answer(answers.completion(answer), Form.JSON, headers=headers or {})


def repeat(
    exchange: Exchange, said: Speech, model: str, calls: Sequence[answers.ToolCall] = ()
) -> Answer:
    """An application's answer as the client's: a completion as it is, where that can be."""
    if said.completion is not None and not exchange.request.stream:
        body = answers.with_metadata(said.completion, told(exchange, calls))
        return Answer(body, Form.JSON)
    return say(exchange, said.text, said.model or model, calls=calls)

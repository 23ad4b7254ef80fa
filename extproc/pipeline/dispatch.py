r"""The last stage: on to the LLM with what the APIs said, or straight back to the client.

As v0.1 worded it: the last user message gains `\ncontext: <API body>`, the target's or the
global system prompt leads, and messages of tools go. When no API was called, a client's own
tool messages stay: it may be using tools with the LLM directly. Only the gateway's own, which
clients send back out of the state, go then too: they are no calls of the LLM's, and those of
v0.1's form, with arguments that are an object, no LLM takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from extproc.chat import answers, strict_json, v01
from extproc.contract import GUARDED_HEADER, OWN_PREFIX
from extproc.errors import ContextTooLarge
from extproc.events import Answer, Forward, Outcome
from extproc.pipeline.client_answer import repeat, say, speech, told
from extproc.record.taken import debug_metadata
from extproc.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extproc.chat.types import Message
    from extproc.exchange import Exchange

# Envoy's buffer, which the filters behind this one read the body into, has 64 KiB above the limit.
_ABOVE_THE_LIMIT: Final = 32 << 10


async def finish(exchange: Exchange) -> Outcome:
    """To the LLM, unless APIs have answered and none of their targets wants the LLM to speak."""
    return _direct(exchange) if exchange.apis_answer else _to_llm(exchange)


def _direct(exchange: Exchange) -> Answer:
    """The applications' answers are the client's."""
    made = exchange.made
    if len(made) > 1:
        text = "\n".join(speech(each.response).text for each in made)
        return say(exchange, text, answers.FUNCTION_MODEL, calls=[each.record for each in made])
    said = speech(made[0].response)
    # The default target is the application itself, and no tool of an assistant's.
    calls = [] if made[0].target.default else [made[0].record]
    return repeat(exchange, said, answers.FUNCTION_MODEL, calls)


def _to_llm(exchange: Exchange) -> Forward:
    calls = [each.record for each in exchange.made if not each.target.default]
    body = strict_json.dumps(llm_body(exchange))
    most = exchange.runtime.config.max_body + _ABOVE_THE_LIMIT
    if len(body) > most:
        raise ContextTooLarge(
            f"the conversation and the answers of the APIs are {len(body)} bytes together, the "
            f"limit is {most}",
            target_name=exchange.target.name if exchange.target else None,
        )
    headers = {
        GUARDED_HEADER: "1",
        "content-type": "application/json",
    }
    if calls and exchange.request.stream and exchange.v01:
        return Forward(body, headers, events=v01.prefix(calls, debug_metadata(exchange)))
    return Forward(body, headers, members=answers.members(told(exchange, calls)))


def llm_body(exchange: Exchange) -> dict[str, Any]:
    """The client's object, every field in its place, with other messages."""
    messages = _kept(exchange.request.messages, all_tools=bool(exchange.made))
    context = "\n".join(each.context for each in exchange.made)
    if context:
        _add_context(messages, context)
    prompt = _system_prompt(exchange)
    if prompt and not _leads(messages, prompt):
        messages.insert(0, {"role": "system", "content": prompt})
    body = {**exchange.request.body, "messages": messages}
    _drop_state(body)
    return body


def _kept(messages: Iterable[Message], *, all_tools: bool) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    gone: set[Any] = set()
    for message in messages:
        raw = message.raw
        calls = raw.get("tool_calls")
        if calls and (all_tools or str(raw.get("model", "")).startswith("Arch")):
            gone.update(_ids(calls))
            if not message.text.strip():
                continue
            raw = {key: value for key, value in raw.items() if key != "tool_calls"}
        elif message.role == "tool" and (all_tools or raw.get("tool_call_id") in gone):
            continue
        kept.append(raw)
    return kept


def _ids(calls: Any) -> list[str]:
    found = [call.get("id") for call in calls if isinstance(call, dict)]
    return [each for each in found if isinstance(each, str)]


def _add_context(messages: list[dict[str, Any]], context: str) -> None:
    places = [n for n, message in enumerate(messages) if message["role"] == "user"]
    addition = f"\ncontext: {context}"
    if not places:
        messages.append({"role": "user", "content": addition.lstrip()})
        return
    last = messages[places[-1]]
    content = last.get("content")
    if isinstance(content, list):
        content = [*content, {"type": "text", "text": addition}]
    else:
        content = (content or "") + addition
    messages[places[-1]] = {**last, "content": content}


def _system_prompt(exchange: Exchange) -> str | None:
    of_targets = [each.target.system_prompt for each in exchange.plan]
    return next((prompt for prompt in of_targets if prompt), exchange.runtime.config.system_prompt)


def _leads(messages: list[dict[str, Any]], prompt: str) -> bool:
    """A client sent the transcript back with our prompt in front already."""
    first = messages[0] if messages else {}
    return first.get("role") == "system" and first.get("content") == prompt


def _drop_state(body: dict[str, Any]) -> None:
    """`x-arch-state` is for the client's own history; it is neither trusted nor passed on."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or answers.STATE not in metadata:
        return
    if not isinstance(metadata[answers.STATE], str):
        log.warning("state.ignored", reason="not text")
    rest = {key: value for key, value in metadata.items() if not key.startswith(OWN_PREFIX)}
    if rest:
        body["metadata"] = rest
    else:
        del body["metadata"]

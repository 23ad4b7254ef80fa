"""Every text of a request that a model might read, for the guard.

An attack need not stand in a message: names, arguments of tool calls, descriptions of tools,
the schema of the wanted answer are read by an LLM too. And it may be cut in pieces that are
harmless each. So besides the messages themselves there are here: the parts of messages, every
other string of the body, keys included, and the whole conversation run together, with and
without a space at the seams.

Running it together would have every long text judged twice more. Only its ends matter for a
seam, so of a long text its ends stand there; its middle was judged with the text itself.

An image, where the config lets it pass, is not judged; whatever else stands in its part is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from extproc.chat import strict_json
from extproc.chat.types import TEXT_PARTS
from extproc.errors import InvalidJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extproc.chat.types import ChatRequest, Message

# Strings of up to this many characters say nothing alone; they are judged together.
CRUMB: Final = 24
SEAM: Final = 200
PIECE: Final = 700
OVERLAP: Final = 100

# The role is one of a few, the content is judged with the messages, and the model is replaced by
# the provider's.
_JUDGED_ELSEWHERE: Final = frozenset({"role", "model", "content"})
# An image in the URL itself. Any other URL is text, to whoever reads it.
_IMAGE: Final = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,[A-Za-z0-9+/=_-]*+")
_WORDS_OF_THE_API: Final = frozenset(
    {"type", "function", "functions", "name", "arguments", "description", "parameters",
     "properties", "required", "object", "string", "number", "integer", "boolean", "array",
     "items", "enum", "id", "defaults", "tool_calls", "tool_call_id", "tools", "tool_choice", "auto", "none",
     "strict", "additionalProperties", "default", "format", "stream_options", "include_usage",
     "response_format", "json_schema", "json_object", "schema", "text", "stream", "temperature",
     "top_p", "max_tokens", "max_completion_tokens", "stop", "user", "n", "seed", "metadata",
     "presence_penalty", "frequency_penalty", "parallel_tool_calls", "logprobs", "store",
     "input_text", "refusal", "image_url", "input_image", "url", "detail"}
)  # fmt: skip


def extra_texts(request: ChatRequest, config_prompts: frozenset[str]) -> list[str]:
    """What to judge besides each message's text. No text twice."""
    untrusted = [each for each in request.messages if not is_config_prompt(each, config_prompts)]
    long: list[str] = []
    crumbs: list[str] = []
    for text in _strings(request):
        # The words of the API itself come with every request and are no news.
        if text in _WORDS_OF_THE_API:
            continue
        (crumbs if len(text) <= CRUMB else long).append(text)
    if crumbs:
        # Each once: the name of an argument is said again where it is marked as a default.
        long.append(" ".join(dict.fromkeys(crumbs)))
    long += _parts(untrusted)
    long += _run_together([each.text for each in untrusted if each.text.strip()])
    return [text for text in dict.fromkeys(long) if text.strip()]


def answer_texts(answer: str) -> list[str]:
    """What an LLM reads in an API's answer, for the guard.

    Of JSON it is the strings without their escapes, each once, in their order and a line each; in
    pieces, since an attack hides among many other lines, of which each begins as the last one ended.
    """
    try:
        value = strict_json.read(answer)
    except InvalidJson:
        return [answer] if answer.strip() else []
    pieces: list[str] = []
    for text in dict.fromkeys(text for text in _inside(value) if text.strip()):
        if pieces and len(pieces[-1]) + len(text) < PIECE:
            pieces[-1] += f"\n{text}"
        else:
            pieces.append(f"{pieces[-1][-OVERLAP:]}\n{text}" if pieces else text)
    return pieces


def is_config_prompt(message: Message, config_prompts: frozenset[str]) -> bool:
    """The config's own system prompt, sent back: known by its text, never by its role."""
    return message.role in ("system", "developer") and message.text in config_prompts


def _parts(messages: list[Message]) -> list[str]:
    found = []
    for message in messages:
        content = message.raw.get("content")
        if isinstance(content, list) and len(content) > 1:
            texts = [part[TEXT_PARTS[part["type"]]] for part in content if _is_text(part)]
            found += [*texts, "".join(texts)]
    return found


def _run_together(texts: list[str]) -> list[str]:
    if len(texts) < 2:
        return []
    ends = [text if len(text) <= 2 * SEAM else f"{text[:SEAM]} … {text[-SEAM:]}" for text in texts]
    return [" ".join(ends), "".join(ends)]


def _strings(request: ChatRequest) -> Iterator[str]:
    body = {key: value for key, value in request.body.items() if key not in ("messages", "model")}
    yield from _inside(body)
    for message in request.messages:
        yield from _inside(
            {key: value for key, value in message.raw.items() if key not in _JUDGED_ELSEWHERE}
        )
        content = message.raw.get("content")
        if isinstance(content, list):
            yield from _inside([_beside_text(part) for part in content if _is_text(part)])
            images = _inside([part for part in content if not _is_text(part)])
            yield from (text for text in images if not _IMAGE.fullmatch(text))


def _is_text(part: dict[str, Any]) -> bool:
    return part["type"] in TEXT_PARTS


def _beside_text(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a message without its text, which is judged with the message."""
    return {key: value for key, value in part.items() if key != TEXT_PARTS.get(part["type"])}


def _inside(value: Any) -> Iterator[str]:
    """Every string in a value, keys too, in their order."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            pending += [part for pair in reversed(node.items()) for part in reversed(pair)]
        elif isinstance(node, list):
            pending += reversed(node)

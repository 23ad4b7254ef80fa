"""A chat-completions request: read strictly where the gateway reads it, kept whole elsewhere.

Unknown fields stay where they are, for the LLM. The keys that the gateway itself reads must be
spelled as the API spells them: a reader behind us may not care about case, and would see a
`Messages` that no guard has seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from extproc.chat import strict_json
from extproc.contract import JSON_WANTED
from extproc.errors import (
    ForeignOrigin,
    InvalidJson,
    InvalidRequest,
    UnsupportedContent,
    UnsupportedMedia,
)

ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MAX_MESSAGES: Final = 512
TEXT_PARTS: Final = {"text": "text", "input_text": "text", "refusal": "refusal"}
"""Parts that are text, by their type: the key that holds it."""
IMAGE_PARTS: Final = frozenset({"image_url", "input_image"})
_TOP_KEYS: Final = frozenset(
    {"messages", "model", "stream", "stream_options", "tools", "tool_choice", "functions",
     "metadata", "response_format", "n"}
)  # fmt: skip
_MESSAGE_KEYS: Final = frozenset({"role", "content", "name", "tool_calls", "tool_call_id", "model"})
_PART_KEYS: Final = frozenset({"type", *TEXT_PARTS.values()})


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str = field(repr=False)
    """The content, its text parts joined."""
    unread: tuple[str, ...]
    """The types of its parts that are no text, such as an image's."""
    raw: dict[str, Any] = field(repr=False)
    """As it came, for whoever it is passed on to."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    body: dict[str, Any] = field(repr=False)
    messages: tuple[Message, ...]
    stream: bool
    include_usage: bool

    @property
    def last_user(self) -> int | None:
        """The place of the last message from the user."""
        places = range(len(self.messages) - 1, -1, -1)
        return next((n for n in places if self.messages[n].role == "user"), None)

    def require_readable(self, *, allow_images: bool) -> None:
        """What a guard cannot read must not reach the LLM past it, unless the config says so."""
        for index, message in enumerate(self.messages):
            images = IMAGE_PARTS.issuperset(message.unread)
            if message.unread and not (images and allow_images):
                allowed = "allow images with prompt_guards.allow_images, " if images else ""
                raise UnsupportedContent(
                    f"messages.{index}.content: only text parts can be checked by the prompt "
                    f"guard; send text, {allowed}or remove prompt_guards from the config",
                    param=f"messages.{index}",
                )


def read(body: bytes, content_type: str, origin: str | None = None) -> ChatRequest:
    """The request in a body, by its content type.

    A web page of a foreign `origin` may send text without the browser's asking us first, so text from
    a page is refused. JSON the browser asks about.
    """
    media, _, rest = content_type.partition(";")
    _check_charset(rest)
    match media.strip().lower():
        case "text/plain":
            if origin is not None:
                raise ForeignOrigin(
                    "text from a web page is not accepted, unless its listener's cors allows the "
                    f"origin; {JSON_WANTED}"
                )
            text = strict_json.text_of(body)
            if not text.strip():
                raise InvalidRequest("the body is empty; send the prompt as text")
            return from_body({"messages": [{"role": "user", "content": text}]})
        case "application/json":
            return from_body(strict_json.loads(body))
        case "":
            raise UnsupportedMedia("the body has no content-type; " + JSON_WANTED)
        case other:
            raise UnsupportedMedia(
                f"content-type {strict_json.shown(other)} is not supported; {JSON_WANTED}"
            )


def _check_charset(parameters: str) -> None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in (
            "utf-8", "utf8", "us-ascii",
        ):  # fmt: skip
            raise InvalidJson(f"charset {strict_json.shown(value)} is not supported; send UTF-8")


def from_body(body: dict[str, Any]) -> ChatRequest:
    _check_spelling(body, _TOP_KEYS, "")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        found = "missing" if "messages" not in body else "must be a list of at least one message"
        raise InvalidRequest(f"messages: {found}", param="messages")
    if len(messages) > MAX_MESSAGES:
        raise InvalidRequest(
            f"messages: {len(messages)} messages, the limit is {MAX_MESSAGES}", param="messages"
        )
    stream = body.get("stream")
    if not isinstance(stream, bool | None):  # 1 equals True in Python, but not in JSON
        raise InvalidRequest("stream: must be true or false", param="stream")
    options = body.get("stream_options")
    return ChatRequest(
        body=body,
        messages=tuple(_message(item, f"messages.{n}") for n, item in enumerate(messages)),
        stream=bool(stream),
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _message(item: Any, path: str) -> Message:
    if not isinstance(item, dict):
        raise InvalidRequest(f"{path}: must be an object, not {strict_json.kind(item)}", param=path)
    _check_spelling(item, _MESSAGE_KEYS, path)
    role = item.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidRequest(f"{path}.role: must be one of {', '.join(sorted(ROLES))}", param=path)
    for name in ("name", "tool_call_id"):
        if not isinstance(item.get(name), str | None):
            raise InvalidRequest(f"{path}.{name}: must be text", param=path)
    text, unread = _content(item, role, path)
    return Message(role, text, unread, item)


def _content(item: dict[str, Any], role: str, path: str) -> tuple[str, tuple[str, ...]]:
    content = item.get("content")
    if isinstance(content, str):
        return content, ()
    if isinstance(content, list) and content:
        parts = [_part(part, f"{path}.content.{n}", path) for n, part in enumerate(content)]
        unread = [part["type"] for part in content if part["type"] not in TEXT_PARTS]
        return "\n".join(part for part in parts if part is not None), tuple(unread)
    if content is None and (role == "assistant" or item.get("tool_calls")):
        return "", ()
    raise InvalidRequest(
        f"{path}.content: must be text or a list of parts, not {strict_json.kind(content)}"
        if content != []
        else f"{path}.content: must hold at least one part",
        param=path,
    )


def _part(part: Any, path: str, message: str) -> str | None:
    """The text of a part; None for an image, a sound or what else is no text."""
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise InvalidRequest(f"{path}: must be an object with a type", param=message)
    _check_spelling(part, _PART_KEYS, path)
    holder = TEXT_PARTS.get(part["type"])
    if holder is None:
        return None
    text = part.get(holder)
    if not isinstance(text, str):
        raise InvalidRequest(f"{path}.{holder}: must be text", param=message)
    return text


def _check_spelling(item: dict[str, Any], known: frozenset[str], path: str) -> None:
    for key in item:
        if key not in known and key.casefold() in known:
            where = f"{path}: " if path else ""
            raise InvalidJson(
                f'{where}key {strict_json.shown(key)} must be spelled "{key.casefold()}"',
                param=path or None,
            )

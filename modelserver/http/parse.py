"""JSON in, typed requests out; everything wrong is reported at once, by path.

Every problem names its field (`tools.1.function.parameters.properties.days.type`), and a
body with five mistakes gives five problems; only what is too large is refused at once. Past
this point a request is as large as the limits allow, and no larger.

msgspec would decode a body with five tools and check its types in 5 µs, as long as orjson takes
without any check, but it stops at the first mistake. Nor would it save what takes the time
here: nineteen twentieths of the reading are the tools and the many ways to spell them.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from modelserver.errors import InvalidRequest, Problem, RequestTooLarge
from modelserver.http.toolcheck import read_tools
from modelserver.requests import Decide, Guard, Turn
from modelserver.schema import LANGUAGE_TAG
from modelserver.tasks.types import Occasion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelserver.requests import Limits

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MOST_PROBLEMS = 20
DEEPEST = 16


class Reader:
    """Reads fields of a JSON object and remembers what was wrong with them."""

    def __init__(self, body: Any, limits: Limits) -> None:
        self.limits = limits
        self.problems: list[Problem] = []
        self.body: Mapping[str, Any] = {}
        if isinstance(body, dict):
            self.body = body
        else:
            self.wrong("(body)", f"must be a JSON object, not {kind(body)}")
            self.finish()

    def wrong(self, path: str, message: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(path, message))

    def finish(self) -> None:
        """Raise what was found, all of it."""
        if self.problems:
            raise InvalidRequest(tuple(self.problems))

    def text(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            self.wrong(path, f"must be text, not {kind(value)}")
            return ""
        if len(value) > self.limits.text_chars:
            raise RequestTooLarge(
                f"{path}: {len(value)} characters, the limit is {self.limits.text_chars}",
                param=path,
            )
        return value

    def items(self, name: str, most: int, *, required: bool = True) -> list[Any]:
        value = self.body.get(name)
        if value is None and not required:
            return []
        if not isinstance(value, list):
            found = "missing" if value is None else f"must be a list, not {kind(value)}"
            self.wrong(name, found)
            return []
        if len(value) > most:
            raise RequestTooLarge(f"{name}: {len(value)} items, the limit is {most}", param=name)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.body.get(name, default)
        if not isinstance(value, bool):
            self.wrong(name, f"must be true or false, not {kind(value)}")
            return default
        return value

    def fraction(self, name: str) -> float | None:
        value = self.body.get(name)
        if value is None:
            return None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not 0 <= value <= 1:
            self.wrong(name, "must be a number from 0 to 1")
            return None
        return float(value)

    def count(self, name: str, most: int) -> int | None:
        value = self.body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self.wrong(name, f"must be a whole number from 1 to {most}")
            return None
        return value


def parse_decide(body: Any, limits: Limits) -> Decide:
    """The body of `/v1/decide`, `/v1/intent` and the v0.1 function calls."""
    reader = Reader(body, limits)
    raw_tools = reader.items("tools", limits.tools, required=False)
    raw_messages = reader.items("messages", limits.messages)
    request = Decide(
        turns=_turns(reader, raw_messages),
        tools=read_tools(raw_tools, reader.wrong, limits.parameters),
        guard=reader.flag("guard", default=True),
        threshold=reader.fraction("threshold"),
        guard_threshold=reader.fraction("guard_threshold"),
        max_calls=reader.count("max_calls", 64),
        timeout_ms=reader.count("timeout_ms", limits.timeout_ms),
        texts=_texts(reader, required=False),
        occasion=Occasion(_day(reader, "today"), _language(reader, "language")),
        raw_messages=tuple(item for item in raw_messages if isinstance(item, dict)),
        raw_tools=tuple(item for item in raw_tools if isinstance(item, dict)),
    )
    reader.finish()
    return request


def _day(reader: Reader, name: str) -> dt.date | None:
    value = reader.body.get(name)
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        reader.wrong(name, "must be a day such as 2026-05-31")
        return None


def _language(reader: Reader, name: str) -> str | None:
    value = reader.body.get(name)
    if value is not None and not (isinstance(value, str) and LANGUAGE_TAG.fullmatch(value)):
        reader.wrong(name, "must be the tag of a language, such as de or en-GB")
        return None
    return value


def parse_guard(body: Any, limits: Limits) -> Guard:
    """The body of `/v1/guard`."""
    reader = Reader(body, limits)
    request = Guard(
        texts=_texts(reader, required=True),
        threshold=reader.fraction("threshold"),
        timeout_ms=reader.count("timeout_ms", limits.timeout_ms),
    )
    reader.finish()
    return request


def _texts(reader: Reader, *, required: bool) -> tuple[str, ...]:
    texts = reader.items("texts", reader.limits.texts, required=required)
    return tuple(reader.text(text, f"texts.{index}") for index, text in enumerate(texts))


def _turns(reader: Reader, messages: list[Any]) -> tuple[Turn, ...]:
    if not messages and isinstance(reader.body.get("messages"), list):
        reader.wrong("messages", "must hold at least one message")
    return tuple(_turn(reader, item, f"messages.{n}") for n, item in enumerate(messages))


def _turn(reader: Reader, item: Any, path: str) -> Turn:
    if not isinstance(item, dict):
        reader.wrong(path, f"must be an object, not {kind(item)}")
        return Turn("user", "")
    role = item.get("role")
    if not isinstance(role, str) or role not in ROLES:
        reader.wrong(f"{path}.role", f"must be one of {', '.join(sorted(ROLES))}")
        role = "user"
    return Turn(
        role,
        _content(reader, item, path),
        guard=_flag(reader, item, path, "guard", otherwise=True),
        leaves=_leaves(reader, item, path),
        ours=_flag(reader, item, path, "ours", otherwise=False),
    )


def _flag(
    reader: Reader, item: Mapping[str, Any], path: str, name: str, *, otherwise: bool
) -> bool:
    value = item.get(name, otherwise)
    if not isinstance(value, bool):
        reader.wrong(f"{path}.{name}", f"must be true or false, not {kind(value)}")
    return bool(value)


def _content(reader: Reader, item: Mapping[str, Any], path: str) -> str:
    """Text, or the text parts of a list; an assistant that only calls a tool says nothing."""
    content = item.get("content")
    if content is None and (item.get("tool_calls") or item.get("role") == "assistant"):
        return ""
    if not isinstance(content, list):
        return reader.text(content, f"{path}.content")
    return "\n".join(
        _part(reader, part, f"{path}.content.{index}") for index, part in enumerate(content)
    )


def _part(reader: Reader, part: Any, path: str) -> str:
    if not isinstance(part, dict) or part.get("type") not in ("text", "input_text"):
        # An image may carry an attack that nothing here can read: refuse, do not skip.
        reader.wrong(path, 'must be a text part, {"type": "text", "text": …}')
        return ""
    return reader.text(part.get("text"), f"{path}.text")


def _leaves(reader: Reader, item: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Text outside the content that a model may read: ids, names and arguments of tool calls."""
    calls = item.get("tool_calls")
    if calls is None or calls == []:
        return ()
    leaves: list[str] = []
    if not _strings(calls, leaves, 0):
        # What is not read is not judged: refuse rather than skip.
        reader.wrong(f"{path}.tool_calls", f"is nested deeper than {DEEPEST} levels")
    for leaf in leaves:
        reader.text(leaf, f"{path}.tool_calls")
    return tuple(leaves)


def _strings(value: Any, leaves: list[str], depth: int) -> bool:
    """Gather every text in a value, but no keys; false when it is nested too deeply to tell."""
    if isinstance(value, str):
        leaves.append(value)
    elif isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return depth < DEEPEST and all(_strings(item, leaves, depth + 1) for item in items)
    return True


def kind(value: Any) -> str:
    """What JSON calls this value."""
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)

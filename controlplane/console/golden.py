"""A decision as a golden test, in the form that `archgw test` reads.

What a record does not hold cannot be expected: where the config keeps no values, none are written,
and a comment says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from controlplane.acceptance.judging import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDEST = 100
_LONGEST_ID = 40


def golden_test(record: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> str:
    """`messages` are those of the conversation, the last of them the user's."""
    case = {
        "id": _id(str(messages[-1]["content"]), str(record["id"])),
        "messages": [_turn(each) for each in messages],
        "expect": _expected(record),
    }
    text = yaml.safe_dump({"tests": [case]}, sort_keys=False, allow_unicode=True, width=_WIDEST)
    return "".join([*(f"# {each}\n" for each in _remarks(record, messages)), text])


def kept_messages(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the record holds of the conversation: its last message, or nothing."""
    prompt = record["prompt"] or {}
    return [{"role": "user", "content": prompt["text"]}] if "text" in prompt else []


def _expected(record: Mapping[str, Any]) -> dict[str, Any]:
    told = _with_known_values(record)
    decided = in_words({"record": told})
    if decided["guard"] == "refuse":
        return {"guard": "refuse"}
    expected: dict[str, Any] = {"guard": "pass"} if record["guard"] else {}
    calls = [{each["target"]: _said(each)} for each in told["calls"]]
    if len(calls) > 1:
        expected["calls"] = calls
    else:
        expected["target"] = decided["target"]
        expected |= {"args": said} if (said := calls and calls[0][decided["target"]]) else {}
    if decided["missing"]:
        expected["missing"] = decided["missing"]
    if decided["confirm"]:
        expected["confirm"] = True
    return expected


def _said(call: Mapping[str, Any]) -> dict[str, Any]:
    """The values that somebody said: a default is the config's to change."""
    return {each["name"]: each["value"] for each in call["arguments"] if not each["default"]}


def _with_known_values(record: Mapping[str, Any]) -> dict[str, Any]:
    calls = [
        {**call, "arguments": [each for each in call["arguments"] if "value" in each]}
        for call in record["calls"]
    ]
    return {**record, "calls": calls}


def _remarks(record: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if any("value" not in each for call in record["calls"] for each in call["arguments"]):
        yield "values are not kept: `decisions: {content: values}` in the config keeps them"
    if len(messages) < record["messages"]:
        yield f"the last of {record['messages']} messages: the others are not kept"


def _turn(message: Mapping[str, Any]) -> Any:
    role, content = str(message["role"]), str(message["content"])
    return content if role == "user" else {role: content}


def _id(text: str, request_id: str) -> str:
    words = re.sub(r"\W+", "-", text.casefold()).strip("-")[:_LONGEST_ID].rstrip("-")
    return f"{words or 'prompt'}-{request_id[:8]}"

"""What is wrong with a specification of a contrast set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelserver.training.contrast.specs import SLOT, Spec, is_slots, text_of, wanted
from modelserver.training.contrast.values import KINDS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TYPES: Mapping[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
         "object": dict}  # fmt: skip


def faults(spec: Spec) -> Iterator[str]:
    """What is wrong with a specification."""
    tools = {tool["name"]: tool for tool in spec.get("tools", [])}
    for tool in tools.values():
        yield from _tool_faults(tool)
    for name, kind in spec.get("slots", {}).items():
        if not isinstance(kind, list) and kind not in KINDS and not kind.startswith("re:"):
            yield f"slot {name}: unknown kind {kind}"
    for number, frame in enumerate(spec.get("frames", [])):
        for fault in _frame_faults(spec, tools, frame):
            yield f"frame {number} ({str(frame.get('say') or frame.get('talk'))[:60]}): {fault}"


def _tool_faults(tool: Mapping[str, Any]) -> Iterator[str]:
    schema = tool.get("parameters", {})
    if not tool.get("description") or "properties" not in schema:
        yield f"tool {tool.get('name')}: description and parameters.properties are needed"
    for name in schema.get("required", []):
        if name not in schema.get("properties", {}):
            yield f"tool {tool['name']}: required {name} is no property"
    if tool.get("method") not in METHODS:
        yield f"tool {tool['name']}: method"


def _frame_faults(spec: Spec, tools: Mapping[str, Any], frame: Mapping[str, Any]) -> Iterator[str]:
    text = text_of(frame)
    if not text.strip():
        yield "neither say nor talk"
    yield from (f"no slot {s}" for s in SLOT.findall(text) if s not in spec.get("slots", {}))
    if "call" not in frame and "calls" not in frame:
        yield "call, calls or call: null"
    if frame.get("call", 0) is None and not frame.get("why"):
        yield "why is nothing called?"
    if frame.get("talk") and not frame["talk"][-1].startswith("u: "):
        yield "the last turn is the user's"
    for turn in frame.get("talk", []):
        if not re.match(r"(u|a|did|ask): ", turn):
            yield f"turn {turn[:20]!r} wants u:, a:, did: or ask:"
    calls = wanted(frame)
    for name, args in calls:
        if name not in tools:
            yield f"no tool {name}"
            continue
        schema = tools[name]["parameters"]
        for key, value in args.items():
            yield from _value_faults(name, schema["properties"], key, value, text)
        given = (*args, *frame.get("missing", []))
        lacking = [k for k in schema.get("required", []) if k not in given]
        if lacking and len(calls) == 1:
            yield f"required {lacking} neither given nor missing"


def _value_faults(
    tool: str, properties: Mapping[str, Any], key: str, value: Any, text: str
) -> Iterator[str]:
    if key not in properties:
        yield f"{tool} has no {key}"
        return
    rule = properties[key]
    if isinstance(value, str) and SLOT.fullmatch(value):
        if value[1:-1] not in SLOT.findall(text):
            yield f"{value} is not said"
        return
    pair = isinstance(value, list) and len(value) == 2 and isinstance(value[1], str)
    marked = pair and f"[[{value[1]}]]" in text
    if is_slots(value) and not marked:
        if rule.get("type") != "array":
            yield f"{key} is no list"
        return
    plain = value[0] if marked else value
    if pair and not marked and rule.get("type") != "array":
        yield f"[[{value[1]}]] does not stand in the text"
    if rule.get("enum") and plain not in rule["enum"]:
        yield f"{plain!r} is not in {key}'s enum"
    flag = isinstance(plain, bool) and rule.get("type") != "boolean"
    if flag or not isinstance(plain, TYPES.get(rule.get("type", "string"), object)):
        yield f"{plain!r} is no {rule.get('type')}"

"""Contrast sets: specifications written by hand become any number of annotated conversations.

A specification is one JSON object a line:

    {"spec": "bank-1", "lang": "en",
     "tools": [{"name", "description", "method": "POST", "parameters": {JSON Schema}}],
     "slots": {"a": "account", "b": "account", "pet": ["cat", "dog"], "ref": "re:PX[0-9]{6}"},
     "frames": [
       {"say": "move {amt} from {a} to {b}", "call": "transfer", "args": {"source": "{a}", …}},
       {"say": "don't move {amt} from {a} to {b}", "call": null, "why": "negated"},
       {"say": "{amt} to {b}, [[express]] please", "call": …, "args": {"express": [true, "express"]}},
       {"say": "balance of {a} and of {b}", "calls": [["balance", {"account": "{a}"}], …]},
       {"talk": ["u: block my card", "ask: card, reason", "u: {card}, it was [[stolen]]"],
        "call": "block", "args": {"card": "{card}", "reason": ["stolen", "stolen"]}},
       {"talk": ["u: balance of {a}", "did: It is 320.", "u: thanks"], "call": null, "why": "after"},
       {"say": "send it to {b}", "call": "transfer", "args": {…}, "missing": ["source"]}]}

`say` is one message; `talk` has turns: `u:` the user, `a:` an assistant, `did:` an assistant that
reports a call, `ask:` the gateway's question for these parameters. A slot is a kind of
`contrast.values.KINDS`, a list of literals, or `re:` a pattern. A value in `args` is "{slot}" (its
words are the evidence), [value, "words"] where the words stand in [[ ]] in the text, or a plain
value that nobody said. What the last message asks for is judged.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelserver.tasks.tools import humanized
from modelserver.training.contrast.values import draw_value

SLOT = re.compile(r"\{(\w+)\}")
SAID = re.compile(r"\{(\w+)\}|\[\[(.+?)\]\]")
# The gateway shows the models its own questions as a plain list of names; other gateways, and
# transcripts of old ones, word them in many ways, with examples that must not be taken.
PLAIN_SHARE = 0.6
ASKS = (
    "Sure, could you also tell me the {}?", "Could you please tell me the {}?",
    "Could you provide the following details: {}?", "May I know the {}?",
    "Certainly! What is the {}?", "I need a bit more: the {}.", "Of course. Please tell me {}.",
)  # fmt: skip
EXAMPLES = ("2026-05-31", "12345", "ann@example.com", "L1234", "3", "Berlin")

Spec = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(slots=True)
class _Said:
    """Messages as drawn, and where slots and marked words stand in them."""

    messages: list[dict[str, str]]
    slots: dict[str, list[list[int]]]
    words: dict[str, list[list[int]]]


def draw(spec: Spec, number: int, rng: random.Random) -> Row:
    """One conversation of a frame, annotated as those written by hand are."""
    frame = spec["frames"][number]
    values = _values(spec, frame, rng)
    said = _say(spec, frame, values, rng)
    calls = [_call(spec, name, args, values, said) for name, args in wanted(frame)]
    for call in calls:
        call["missing"] = frame.get("missing", [])
    many = len(calls) > 1
    plain = "missing" if frame.get("missing") else "turns" if frame.get("talk") else "single"
    return {
        "id": f"{spec['spec']}-{number}", "source": "contrast", "lang": spec.get("lang", "en"),
        "messages": said.messages, "tools": [f"{spec['spec']}/{t['name']}" for t in spec["tools"]],
        "cases": [
            {"upto": len(said.messages), "calls": calls,
             "kind": frame.get("why") or ("several" if many else plain)}
        ],
    }  # fmt: skip


def spoiled(spec: Spec, number: int, rng: random.Random) -> tuple[Row, str, dict[str, str]] | None:
    """A frame that wants nothing, with the call somebody might take it for.

    The words of its slots go where the spec's other frames put them.
    """
    frame = spec["frames"][number]
    homes = _homes(spec)
    used = SLOT.findall(text_of(frame))
    near: list[tuple[str, dict[str, str]]] = []
    values = _values(spec, frame, rng)
    for tool, places in homes.items():
        arguments = {places[slot]: values[slot][0] for slot in used if slot in places}
        if arguments or rng.random() < 0.3:
            near.append((tool, arguments))
    if not near or wanted(frame):
        return None
    row = draw_with(spec, number, values, rng)
    name, arguments = rng.choice(near)
    return row, f"{spec['spec']}/{name}", arguments


def draw_with(spec: Spec, number: int, values: Mapping[str, Any], rng: random.Random) -> Row:
    """As `draw`, for a frame without calls and values that are drawn already."""
    said = _say(spec, spec["frames"][number], values, rng)
    return {
        "id": f"{spec['spec']}-{number}", "source": "contrast", "lang": spec.get("lang", "en"),
        "messages": said.messages, "tools": [f"{spec['spec']}/{t['name']}" for t in spec["tools"]],
        "cases": [{"upto": len(said.messages), "kind": "nothing", "calls": []}],
    }  # fmt: skip


def wanted(frame: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The calls a frame asks for, with their arguments as written."""
    if "calls" in frame:
        return [(name, args) for name, args in frame["calls"]]
    return [(frame["call"], frame.get("args", {}))] if frame.get("call") else []


def _homes(spec: Spec) -> dict[str, dict[str, str]]:
    """For each tool, the parameter that each slot fills in the frames that call it."""
    homes: dict[str, dict[str, str]] = {tool["name"]: {} for tool in spec["tools"]}
    for frame in spec["frames"]:
        for name, args in wanted(frame):
            for key, value in args.items():
                if isinstance(value, str) and (slot := SLOT.fullmatch(value)):
                    homes[name].setdefault(slot[1], key)
    return homes


def _values(spec: Spec, frame: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    used = list(dict.fromkeys(SLOT.findall(text_of(frame))))
    lang = spec.get("lang", "en")
    values: dict[str, Any] = {}
    for _ in range(20):
        values = {name: draw_value(spec["slots"][name], rng, lang) for name in used}
        if len({text for text, _ in values.values()}) == len(values):
            break
    return values


def text_of(frame: Mapping[str, Any]) -> str:
    return " ".join(frame.get("talk") or [frame.get("say", "")])


def _say(
    spec: Spec, frame: Mapping[str, Any], values: Mapping[str, Any], rng: random.Random
) -> _Said:
    said = _Said([], {}, {})
    for turn in frame.get("talk") or ["u: " + frame["say"]]:
        who, _, text = turn.partition(": ")
        if who == "ask":
            names = [name.strip() for name in text.split(",")]
            asked = question(_asking(spec, frame, names), names, rng)
            said.messages.append({"role": "assistant", "content": asked})
            continue
        number, out, at = len(said.messages), "", 0
        for part in SAID.finditer(text):
            out += text[at : part.start()]
            shown = values[part[1]][0] if part[1] else SLOT.sub(
                lambda m: str(values[m[1]][0]), part[2]
            )  # fmt: skip
            found = said.slots if part[1] else said.words
            found.setdefault(part[1] or part[2], []).append([number, len(out), len(out + shown)])
            out += shown
            at = part.end()
        role = "user" if who == "u" else "assistant"
        said.messages.append({"role": role, "content": out + text[at:]})
    return said


def _asking(spec: Spec, frame: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """The tool whose parameters a question is about."""
    tools: Mapping[str, Mapping[str, Any]] = {tool["name"]: tool for tool in spec["tools"]}
    for tool in tools.values():
        if all(name in tool["parameters"]["properties"] for name in names):
            return tool
    calls = wanted(frame)
    return tools[calls[0][0] if calls else next(iter(tools))]


def question(tool: Mapping[str, Any], names: Sequence[str], rng: random.Random) -> str:
    """The gateway's question: mostly plain names, at times in many words."""
    if rng.random() < PLAIN_SHARE:
        return plain_question(names)
    parts = []
    for name in names:
        schema = tool["parameters"]["properties"].get(name, {})
        note = rng.choice(["", "", schema.get("description", "")])
        if schema.get("enum"):
            note = rng.choice([note, " or ".join(map(str, schema["enum"]))])
        elif rng.random() < 0.3:
            note = (note + "; " if note else "") + "such as " + rng.choice(EXAMPLES)
        parts.append(rng.choice([name, name.replace("_", " ")]) + (f" ({note})" if note else ""))
    return rng.choice(ASKS).format(" and ".join(parts))


def plain_question(names: Sequence[str]) -> str:
    """A question as the models are shown it: no examples, no choices, no bounds."""
    return f"Which {', '.join(humanized(name) for name in names)}?"


def _call(
    spec: Spec, name: str, args: Mapping[str, Any], values: Mapping[str, Any], said: _Said
) -> Row:
    properties = next(t for t in spec["tools"] if t["name"] == name)["parameters"]["properties"]
    arguments: dict[str, Any] = {}
    spans: dict[str, Any] = {}
    for key, value in args.items():
        if isinstance(value, str) and SLOT.fullmatch(value):
            slot = value[1:-1]
            arguments[key] = typed(properties[key], *values[slot])
            spans[key] = said.slots[slot][-1]
        elif is_slots(value):
            items = properties[key].get("items", {})
            arguments[key] = [typed(items, *values[item[1:-1]]) for item in value]
            spans[key] = [said.slots[item[1:-1]][-1] for item in value]
        elif isinstance(value, list) and len(value) == 2 and value[1] in said.words:
            arguments[key] = value[0]
            spans[key] = said.words[value[1]][-1]
        else:
            arguments[key] = value
    return {"tool": f"{spec['spec']}/{name}", "arguments": arguments, "spans": spans}


def is_slots(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and SLOT.fullmatch(item) for item in value)
    )


def typed(schema: Mapping[str, Any], text: str, value: Any) -> Any:
    """A drawn value as its parameter's type wants it."""
    kind = schema.get("type", "string")
    known = isinstance(value, int | float)
    if kind == "integer":
        return int(value) if known else int(re.sub(r"[^\d-]", "", str(text)) or 0)
    if kind == "number":
        return value if known else float(re.sub(r"[^\d.-]", "", str(text)) or 0)
    return text if kind == "string" else value


def lines(path: Path) -> Iterator[tuple[int, Spec]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            yield number, json.loads(line)

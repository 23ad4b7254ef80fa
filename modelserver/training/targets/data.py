"""Conversations with tools, read from every source and split by what they are about.

A `Case` is one question put to the model: these messages, these tools, these calls. The
split never shares a tool between training and validation for the services and groups in
`LEFT_OUT_…`; of the written conversations every eighth tool is left out with all its cases, of
templates and entity sets every twelfth, and of contrast sets every eighth specification.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from modelserver.schema import Tool
from modelserver.tasks.tools import parse_tool
from modelserver.tasks.types import Message
from modelserver.training.contrast import specs as contrast

SLOTS = ("sgd", "own", "seal_tools", "hwu64", "xsid", "snips", "api_bank", "glaive", "toolalpaca")
LEFT_OUT_SERVICES = ("RentalCars", "Homes")
LEFT_OUT_GROUPS = (("clinc", "auto_and_commute"), ("hwu64", "qa"))
ONE_IN = 8
WRITTEN = Path(__file__).parents[1] / "written"


@dataclass(frozen=True, slots=True)
class Gold:
    """A wanted call: values, where they are said, and what to leave out of the loss."""

    tool: str
    arguments: Mapping[str, Any]
    spans: Mapping[str, tuple[tuple[int, int, int], ...]]
    accept: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """One question: which calls does the last message of this conversation want?"""

    source: str
    kind: str
    lang: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    calls: tuple[Gold, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of an intent set; `gold` is None for none of its targets."""

    group: str
    text: str
    gold: str | None
    lang: str


@dataclass
class Corpus:
    """Everything read: tools by id, cases and utterances of one side of the split."""

    tools: dict[str, Tool] = field(default_factory=dict)
    cases: dict[str, list[Case]] = field(default_factory=lambda: defaultdict(list))
    targets: dict[str, dict[str, Tool]] = field(default_factory=lambda: defaultdict(dict))
    groups: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    utterances: dict[str, list[Utterance]] = field(default_factory=lambda: defaultdict(list))
    specs: list[contrast.Spec] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON lines of a file, gzipped or not."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    for line in data.decode("utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def read(data: Path, *, heldout: bool, written: Path = WRITTEN) -> Corpus:
    """Read one side of the split."""
    corpus = read_intents(data, heldout=heldout, written=written)
    tool_files = [data / "slots_tools.jsonl.gz", data / "slots_written_tools.jsonl.gz"]
    for path in [*tool_files, *sorted(written.glob("tools_*.jsonl"))]:
        for row in rows(path):
            corpus.tools[row["id"]] = parse_tool(row)
    conversation_files = [data / f"slots_{name}.jsonl.gz" for name in SLOTS]
    written_files = [data / "slots_written.jsonl.gz", *sorted(written.glob("calls_*.jsonl"))]
    for path in [*conversation_files, *written_files]:
        for row in rows(path):
            if is_held_out(row) == heldout:
                pool = "written" if path in written_files else row["source"]
                corpus.cases[pool] += cases_of(row, corpus.tools, heldout=heldout)
    _read_contrast(corpus, data, heldout=heldout, written=written)
    return corpus


def _read_contrast(corpus: Corpus, data: Path, *, heldout: bool, written: Path) -> None:
    """Specifications of one side; those left out become one conversation for each frame."""
    paths = [
        *sorted((data / "contrast").glob("*.jsonl")),
        *sorted(written.glob("contrast_*.jsonl")),
    ]
    for spec in (row for path in paths for row in rows(path)):
        if _one_in(spec["spec"]) != heldout:
            continue
        corpus.specs.append(spec)
        for tool in spec["tools"]:
            name = f"{spec['spec']}/{tool['name']}"
            corpus.tools[name], corpus.methods[name] = parse_tool(tool), tool["method"]
        if heldout:
            for number in range(len(spec["frames"])):
                row = contrast.draw(spec, number, random.Random(f"{spec['spec']}/{number}"))
                corpus.cases["contrast"] += cases_of(row, corpus.tools, heldout=True)


def is_held_out(row: Mapping[str, Any]) -> bool:
    """Whether a conversation belongs to validation."""
    wanted = {call["tool"] for case in row["cases"] for call in case["calls"]}
    source = row["source"]
    if source == "sgd":
        return any(_left_out(name) for name in wanted)
    if source.startswith("written"):
        return any(_one_in(name) for name in wanted) if wanted else _one_in(row["id"])
    if source in ("own", "hwu64", "xsid", "snips"):
        return any(_one_in(name, 12) for name in wanted)
    return _one_in(row["id"])


@cache
def _one_in(name: str, share: int = ONE_IN) -> bool:
    return zlib.crc32(name.encode()) % share == 0


def cases_of(row: Mapping[str, Any], tools: Mapping[str, Tool], *, heldout: bool) -> Iterator[Case]:
    messages = tuple(
        Message(m["role"], m["content"] if isinstance(m["content"], str) else "")
        for m in row["messages"]
    )
    offered = tuple(t for t in row["tools"] if t in tools and (heldout or not _left_out(t)))
    before: set[str] = set()
    for case in row["cases"]:
        calls = tuple(
            _gold(call, tools, messages) for call in case["calls"] if call["tool"] in tools
        )
        # Where a dialogue turns to another service SGD lists the old one once more.
        fresh = tuple(call for call in calls if call.tool not in before)
        before = {call.tool for call in calls}
        if row["source"] == "sgd" and len(calls) > 1 and fresh:
            calls = fresh
        yield Case(
            row["source"], case["kind"], row["lang"], messages[: case["upto"]], offered, calls
        )


def _left_out(tool: str) -> bool:
    """Whether a tool belongs to a service of SGD that training must not see."""
    parts = tool.split("/")
    return parts[0] == "sgd" and parts[1].rsplit("_", 1)[0] in LEFT_OUT_SERVICES


def _gold(call: Mapping[str, Any], tools: Mapping[str, Tool], messages: Sequence[Message]) -> Gold:
    spans = {
        name: _spans(value, call["arguments"].get(name), messages)
        for name, value in call.get("spans", {}).items()
        if value
    }
    left = (
        *call.get("dontcare", ()), *call.get("ungrounded", ()), *call.get("from_other_call", ()),
    )  # fmt: skip
    choices = {p.name for p in tools[call["tool"]].parameters if p.enum or p.type == "boolean"}
    # A value nobody said can only be learnt as a choice among options.
    unsaid = {n for n in call["arguments"] if n not in spans and n not in choices}
    return Gold(
        call["tool"], call["arguments"], spans, call.get("accept", {}),
        tuple(call.get("missing", ())), frozenset(left) | unsaid,
    )  # fmt: skip


def _spans(
    value: Sequence[Any], argument: Any, messages: Sequence[Message]
) -> tuple[tuple[int, int, int], ...]:
    """The spans of a value; one span over a whole list becomes a span for each item."""
    if isinstance(value[0], list):
        return tuple((s[0], s[1], s[2]) for s in value)
    message, start, end = value
    if isinstance(argument, list):
        text, items, place = messages[message].content, [], start
        for item in argument:
            found = text.find(str(item), place, end)
            if found < 0:
                break
            place = found + len(str(item))
            items.append((message, found, place))
        else:
            return tuple(items)
    return ((message, start, end),)


def read_intents(data: Path, *, heldout: bool, written: Path = WRITTEN) -> Corpus:
    """The intent sets alone, one side of the split."""
    corpus = Corpus()
    for path in sorted(written.glob("intents_*.jsonl")):
        for row in rows(path):
            name = f"project/{row['set']}"
            if _one_in(name) == heldout:
                corpus.targets[name] = {n: Tool(n, d) for n, d in row["targets"].items()}
                corpus.groups[name] = dict.fromkeys(row["targets"], name)
                corpus.utterances[name] = [
                    Utterance(name, text, gold, "en") for text, gold in row["utterances"]
                ]
    for row in rows(data / "intent_targets.jsonl"):
        corpus.targets[row["set"]][row["name"]] = Tool(row["name"], row["description"])
        corpus.groups[row["set"]][row["name"]] = row["group"] or ""
    for row in rows(data / "intent_train.jsonl.gz"):
        group = corpus.groups[row["set"]].get(row["gold"] or "", "")
        if ((row["set"], group) in LEFT_OUT_GROUPS) == heldout:
            corpus.utterances[row["set"]].append(
                Utterance(group, row["text"], row["gold"], row["lang"])
            )
    return corpus

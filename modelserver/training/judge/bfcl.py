"""Function calls: one message, some functions, and the calls that are accepted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelserver.errors import InvalidRequest, RequestTooLarge
from modelserver.training.judge import faults
from modelserver.training.judge.table import Count, markdown

if TYPE_CHECKING:
    from modelserver.schema import DecideResponse
    from modelserver.training.judge.served import Judged

# Sets as the files call them; an older edition says `simple` for `simple_python`.
ONE_CALL = ("simple", "simple_python", "multiple", "live_simple", "live_multiple")
NO_CALL = ("irrelevance", "live_irrelevance")
NOT_THE_FUNCTION = {"not readable", "nothing wanted", "another function"}
MOST_KINDS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation, the functions on offer, and per function the values accepted."""

    messages: Sequence[Mapping[str, Any]]
    functions: Sequence[Mapping[str, Any]]
    wanted: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """All that the user says."""
        return "\n".join(m["content"] for m in self.messages if m["role"] == "user")


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by name, and how often each kind of fault was made, and made alone."""

    counts: Mapping[str, Count]
    kinds: Counter[str]
    alone: Counter[str]

    def __str__(self) -> str:
        rows = [(name, count.hits, count.of, count) for name, count in self.counts.items()]
        faulty = [
            (kind, made, self.alone[kind]) for kind, made in self.kinds.most_common(MOST_KINDS)
        ]
        return "\n\n".join(
            (
                markdown(("function calls", "right", "of", "share (95 %)"), rows),
                markdown(("kind of fault in wrong calls", "cases", "nothing else wrong"), faulty),
            )
        )


async def figures(folder: Path, model: Judged, limit: int) -> Figures:
    """The figures of all the sets in a folder that are known here."""
    counts: dict[str, Count] = {}
    kinds: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for name in ONE_CALL:
        wrong = [await wrong_with(case, model) for case in read(folder, name)[:limit]]
        if wrong:
            counts[f"{name}: whole call"] = Count.among(not each for each in wrong)
            chosen = Count.among(not NOT_THE_FUNCTION.intersection(each) for each in wrong)
            counts[f"{name}: the function"] = chosen
        for each in wrong:
            kinds.update(set(each))
            alone.update(each if len(each) == 1 else ())
    for name in NO_CALL:
        answers = [await _decision(case, model) for case in read(folder, name)[:limit]]
        if answers:
            counts[f"{name}: nothing wanted"] = Count.among(
                answer is None or answer.intent.name is None for answer in answers
            )
            counts[f"{name}: nothing would be called"] = Count.among(
                answer is None or all(call.missing for call in answer.calls) for answer in answers
            )
    return Figures(counts, kinds, alone)


def read(folder: Path, name: str) -> list[Case]:
    """The cases of a set; none where there is no such file."""
    return [
        case for path in sorted(folder.glob(f"BFCL_v[0-9]_{name}.json")) for case in _cases(path)
    ]


def messages(folder: Path) -> dict[str, list[str]]:
    """What users say in each set: ordinary text, all of it."""
    found = {name: [case.said for case in read(folder, name)] for name in (*ONE_CALL, *NO_CALL)}
    return {f"bfcl {name}": texts for name, texts in found.items() if texts}


async def wrong_with(case: Case, model: Judged) -> list[str]:
    """What is wrong with the answer, by kind; nothing when it is the call that is wanted."""
    answer = await _decision(case, model)
    if answer is None:
        return ["not readable"]
    if not answer.calls:
        return ["nothing wanted"]
    ((name, values),) = case.wanted.items()
    call = next((call for call in answer.calls if call.name == name), None)
    if call is None:
        return ["another function"]
    function = next(each for each in case.functions if each["name"] == name)
    found = [*faults.of_call(function, values, call.arguments, case.said)]
    return found + ["a further call"] * (len(answer.calls) > 1)


async def _decision(case: Case, model: Judged) -> DecideResponse | None:
    tools = [{"type": "function", "function": function} for function in case.functions]
    try:
        return await model.decide(case.messages, tools)
    except (InvalidRequest, RequestTooLarge):
        return None


def _cases(path: Path) -> Iterator[Case]:
    answers = {
        row["id"]: row["ground_truth"] for row in _rows(path.parent / "possible_answer" / path.name)
    }
    for row in _rows(path):
        (wanted,) = answers.get(row["id"], ({},))
        yield Case(row["question"][0], row["function"], wanted)


def _rows(path: Path) -> Iterator[Any]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, filter(str.strip, lines))

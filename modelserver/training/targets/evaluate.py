"""Figures of a targets model on tools, services and targets it was never trained on.

Every figure is a row of the table: what was asked, of how many, how much was right. The
same function measures a model in training and an exported graph, so that the loss by
quantisation is the difference of two tables.
"""

from __future__ import annotations

import asyncio
import math
import random
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelserver.tasks.types import Call, Decision, Message, Request
from modelserver.training.targets.data import Case, Corpus, Gold, Utterance, read, read_intents
from modelserver.training.targets.run import Pooled, Run, together

if TYPE_CHECKING:
    from modelserver.schema import Tool
    from modelserver.tasks.targets.decide import Targets

UNSEEN_TARGETS = 20
SKIPPED_KINDS = {"ask_about_result"}


@dataclass
class Table:
    """Figures by name: how many were right of how many."""

    rows: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))

    def add(self, name: str, right: float, of: float = 1.0) -> None:
        """Count one answer."""
        self.rows[name][0] += right
        self.rows[name][1] += of

    def share(self, name: str) -> float:
        """The share of right answers."""
        right, of = self.rows[name]
        return right / of if of else math.nan

    def markdown(self) -> str:
        """The table as the card shows it."""
        lines = ["| figure | right | of |", "| --- | ---: | ---: |"]
        for name, (_, of) in sorted(self.rows.items()):
            lines.append(f"| {name} | {100 * self.share(name):.1f} % | {of:.0f} |")
        return "\n".join(lines)


QUICK = {"contrast": 500, "sgd": 120, "written": 160, "api-bank": 40}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What no training row was taken from, and messages that want none of its targets."""

    corpus: Corpus
    strangers: Sequence[Utterance]


def left_out(data: Path) -> LeftOut:
    """Read it; it takes a while."""
    return LeftOut(read(data, heldout=True), strangers(data))


def quick(run: Run, held: LeftOut, targets: Targets, seed: int = 11) -> Table:
    """The figures that a learning curve shows, in half a minute."""
    bench = Bench(run, targets, held, 0, seed)
    for source, count in QUICK.items():
        bench.limit = count
        bench.source(source)
    bench.limit = 200
    bench.unseen_targets()
    return bench.table


def score(table: Table) -> float:
    """One number to choose the best weights by."""
    shares = (
        2 * table.share("acts: right"), table.share("acts: no wrong POST"),
        table.share("sgd: whole calls"), table.share("written: whole calls"),
        table.share("intent: 20 unseen targets"), table.share("intent: out of scope rejected"),
    )  # fmt: skip
    return sum(shares) / 7


def evaluate(
    run: Run, data: Path, targets: Targets, *, limit: int = 600, seed: int = 11
) -> tuple[Table, list[str]]:
    """All figures, and what was answered wrongly; `limit` bounds the cases of each source."""
    bench = Bench(run, targets, left_out(data), limit, seed)
    bench.unseen_targets()
    bench.sources()
    return bench.table, bench.mistakes


class Judge:
    """Compares calls with the wanted ones, and counts."""

    def __init__(self, corpus: Corpus, table: Table) -> None:
        self._corpus = corpus
        self._table = table
        self.mistakes: list[str] = []

    def calls(self, source: str, case: Case, calls: Sequence[Call]) -> None:
        """Count one case."""
        left = list(calls)
        whole = True
        for gold in case.calls:
            tool = self._corpus.tools[gold.tool]
            call = _closest(gold, [c for c in left if c.name == tool.name])
            if call is None:
                whole = False
                self._table.add(f"{source}: values", 0, len(gold.arguments))
                continue
            left.remove(call)
            whole &= self._call(source, gold, tool, call)
        whole &= not left
        kind = "several" if len(case.calls) > 1 else case.kind
        self._table.add(f"{source}: whole calls", whole)
        self._table.add(f"{source}: whole calls, {kind}", whole)
        if not whole:
            said = " | ".join(m.content for m in case.messages)[-300:]
            found = [(c.name, dict(c.arguments)) for c in calls]
            truth = [(self._corpus.tools[g.tool].name, dict(g.arguments)) for g in case.calls]
            self.mistakes.append(f"{source} {case.kind} {said!r}\n    GOT {found}\n    NOT {truth}")

    def _call(self, source: str, gold: Gold, tool: Tool, call: Call) -> bool:
        right = True
        for parameter in tool.parameters:
            name = parameter.name
            if name in gold.ignored:
                continue
            if name in gold.arguments:
                good = name in call.arguments and same(
                    call.arguments[name], gold.arguments[name], gold.accept.get(name, ())
                )
                self._table.add(f"{source}: values", good)
                kind = "choice" if parameter.enum or parameter.type == "boolean" else parameter.type
                self._table.add(f"{source}: values, {kind}", good)
                right &= good
            else:
                invented = name in call.arguments and call.arguments[name] != parameter.default
                self._table.add(f"{source}: absent left absent", not invented)
                right &= not invented
            if name in gold.missing:
                self._table.add(f"{source}: missing noticed", name in call.missing)
        return right


class Bench:
    """Asks the questions and keeps the table."""

    def __init__(self, run: Run, targets: Targets, held: LeftOut, limit: int, seed: int) -> None:
        self._run = run
        self._targets = targets
        self._corpus = held.corpus
        self._strangers = held.strangers
        self._rng = random.Random(seed)
        self.limit = limit
        self.table = Table()
        self.judge = Judge(self._corpus, self.table)
        self.mistakes = self.judge.mistakes

    def unseen_targets(self) -> None:
        """20 targets no training row named, and messages that want none of them."""
        names = [
            (group, name)
            for group, targets in sorted(self._corpus.targets.items())
            for name in targets
            if any(u.gold == name for u in self._corpus.utterances.get(group, ()))
        ][:UNSEEN_TARGETS]
        tools = tuple(self._corpus.targets[group][name] for group, name in names)
        known = {name for _, name in names}
        own = [u for g in self._corpus.utterances.values() for u in g if u.gold in known]
        own = self._rng.sample(own, min(len(own), self.limit))
        strangers = self._rng.sample(self._strangers, min(len(self._strangers), self.limit))
        asked = [Request((Message("user", u.text),), tools) for u in (*own, *strangers)]
        for number, decision in enumerate(self.decide(asked)):
            answer = decision.intent
            if number >= len(own):
                self.table.add("intent: out of scope rejected", answer.name is None)
                continue
            gold = own[number].gold
            ranked = [r.name for r in answer.ranking]
            self.table.add("intent: 20 unseen targets", answer.name == gold)
            self.table.add("intent: 20 unseen targets, best of ranking", ranked[0] == gold)
            self.table.add("intent: 20 unseen targets, on the shortlist", gold in ranked)
            if answer.name != gold:
                self.mistakes.append(f"unseen {own[number].text!r} {answer.name} not {gold}")

    def sources(self) -> None:
        """Every source in turn."""
        for source in sorted(self._corpus.cases):
            self.source(source)

    def source(self, source: str) -> None:
        """Intent and calls on the left-out cases of one source."""
        cases = judged_cases(self._corpus, source)
        cases = self._rng.sample(cases, min(len(cases), self.limit))
        asked = [request(self._corpus, case) for case in cases]
        for case, decision in zip(cases, self.decide(asked), strict=True):
            self._judge_intent(source, case, decision)
            if source == "contrast":
                self._judge_acts(case, decision)
            if case.calls:
                self.judge.calls(f"{source} end to end", case, decision.calls)
        self._given_tools(source, [case for case in cases if case.calls])

    def decide(self, requests: Sequence[Request]) -> list[Decision]:
        """Decisions, as the server makes them."""
        run = Pooled(self._run)
        return asyncio.run(together(self._targets.decide(request, run) for request in requests))

    def _given_tools(self, source: str, cases: Sequence[Case]) -> None:
        """The calls when the wanted tools are known, so that only values are judged."""
        run = Pooled(self._run)
        wanted = [dict.fromkeys(call.tool for call in case.calls) for case in cases]
        answers = asyncio.run(
            together(
                self._targets.calls(case.messages, [self._corpus.tools[t] for t in ids], run, 16)
                for case, ids in zip(cases, wanted, strict=True)
            )
        )
        for case, calls in zip(cases, answers, strict=True):
            self.judge.calls(source, case, calls)

    def _judge_acts(self, case: Case, decision: Decision) -> None:
        acts = Acts(self._corpus, case, decision)
        self.table.add("acts: right", acts.right)
        self.table.add(f"acts: right, {case.kind}", acts.right)
        self.table.add(f"acts: right, language {case.lang}", acts.right)
        self.table.add("acts: no wrong POST", not acts.wrong)
        if not acts.right:
            said = " | ".join(m.content for m in case.messages)[-300:]
            found = [(c.name, dict(c.arguments), c.missing, c.confidence) for c in decision.calls]
            truth = [(self._corpus.tools[g.tool].name, dict(g.arguments)) for g in case.calls]
            post = " POST" if acts.wrong else ""
            self.mistakes.append(
                f"acts{post} {case.kind} {said!r}\n    GOT {found}\n    NOT {truth}"
            )

    def _judge_intent(self, source: str, case: Case, decision: Decision) -> None:
        gold = {self._corpus.tools[call.tool].name for call in case.calls}
        best = decision.intent.name
        right = best in gold if gold else best is None
        self.table.add(f"{source}: intent", right)
        self.table.add(f"{source}: intent, {'wanted' if gold else 'none'}", right)
        if gold:
            ranked = {r.name for r in decision.intent.ranking}
            self.table.add(f"{source}: intent, on the shortlist", bool(gold & ranked))
        if len(gold) > 1:
            all_of_them = {call.name for call in decision.calls} == gold
            self.table.add(f"{source}: intent, all of several", all_of_them)
        if not right:
            last = case.messages[-1].content
            self.mistakes.append(f"{source} {case.kind} intent {last!r} {best} not {gold}")


class Acts:
    """What would be done about a case, beside what must be."""

    def __init__(self, corpus: Corpus, case: Case, decision: Decision) -> None:
        self._tools = corpus.tools
        self.done = [call for call in decision.calls if not call.missing]
        due = [gold for gold in case.calls if not gold.missing]
        self.wants = bool(due)
        met = [any(self._is_met(gold, call) for call in self.done) for gold in due]
        self.right = all(met) and len(self.done) == len(due)
        methods = {corpus.tools[t].name: corpus.methods.get(t, "POST") for t in case.tools}
        self.wrong = [
            call for call in self.done
            if methods[call.name] != "GET" and not any(self._is_met(gold, call) for gold in due)
        ]  # fmt: skip

    def _is_met(self, gold: Gold, call: Call) -> bool:
        tool = self._tools[gold.tool]
        return call.name == tool.name and meets(call, gold, tool)


def meets(call: Call, gold: Gold, tool: Tool) -> bool:
    """Whether a call has the wanted values and no others, defaults aside."""
    for parameter in tool.parameters:
        name = parameter.name
        found, default = call.arguments.get(name), parameter.default
        if name in gold.ignored:
            continue
        if name in gold.arguments:
            value = default if found is None else found
            if not same(value, gold.arguments[name], gold.accept.get(name, ())):
                return False
        elif found is not None and found != default:
            return False
    return True


def strangers(data: Path) -> list[Utterance]:
    """Messages that want none of the left-out targets: what other targets are for."""
    seen = read_intents(data, heldout=False).utterances
    return [u for group in ("clinc", "hwu64") for u in seen[group]]


def judged_cases(corpus: Corpus, source: str, *, calibrating: bool = False) -> list[Case]:
    """The cases of a source that are judged, or the other half that calibrates."""
    return [
        case for case in corpus.cases[source]
        if case.kind not in SKIPPED_KINDS
        and (zlib.crc32(case.messages[0].content.encode()) % 2 == 0) == calibrating
    ]  # fmt: skip


def request(corpus: Corpus, case: Case) -> Request:
    """A case as a caller would ask it."""
    return Request(case.messages, tuple(corpus.tools[t] for t in case.tools), max_calls=16)


def same(found: Any, gold: Any, accept: Sequence[Any] = ()) -> bool:
    """Whether a value is the right one, in spelling and form or nearly so."""
    if isinstance(gold, bool) or isinstance(found, bool):
        return found is gold
    if isinstance(gold, int | float) and isinstance(found, int | float):
        return math.isclose(found, gold, rel_tol=1e-6, abs_tol=1e-9)
    if isinstance(gold, list) and isinstance(found, list):
        return len(gold) == len(found) and all(map(same, found, gold))
    plain = str(found).strip().lower()
    return plain in {str(value).strip().lower() for value in (gold, *accept)}


def _closest(gold: Gold, calls: Sequence[Call]) -> Call | None:
    """The call of the tool that agrees most with the wanted one."""

    def agreement(call: Call) -> int:
        return sum(
            same(call.arguments[name], value)
            for name, value in gold.arguments.items()
            if name in call.arguments
        )

    return max(calls, key=agreement, default=None)

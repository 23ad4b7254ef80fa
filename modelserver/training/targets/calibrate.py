"""Choose the few numbers that turn scores into answers, on cases that are not judged.

Left-out cases fall into two halves by their first message: one calibrates, the other is
what `evaluate` reports. Sources weigh the same, however many cases they have.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from modelserver.tasks.targets import functions, intent, second_look
from modelserver.tasks.targets.decide import Targets
from modelserver.tasks.types import Message, Output, Request, Runner
from modelserver.tokenization import Tokenizer
from modelserver.training.targets import evaluate as bench
from modelserver.training.targets.data import Case, Corpus, read
from modelserver.training.targets.run import Pooled, Run, together

if TYPE_CHECKING:
    from modelserver.tasks.targets.layout import Layout

T = TypeVar("T")

SOURCES = {
    "sgd": 160,
    "written": 240,
    "api-bank": 60,
    "glaive": 60,
    "seal-tools": 80,
    "own": 60,
    "contrast": 500,
}
UTTERANCES = 160
WEIGHTS = {"utterances": 3, "sgd": 2, "contrast": 4}
# Choosing a wanted target weighs more than turning down what no target is for.
WANTED_SHARE = 0.7
# Most messages want one tool; those that want several are few among the cases.
ONE_TOOL_SHARE = 0.75
NEARNESS = (0.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0)
SHIFTS_OF_ALL = tuple(float(shift) for shift in np.linspace(-3.0, 5.0, 33))
MARGINS = (-4.0, -3.0, -2.5, -2.0, -1.5, -1.0, -0.6, -0.3, 0.0, 0.4)
FIGURES = (
    "whole calls", "whole calls", "whole calls, several", "values", "absent left absent",
    "missing noticed",
)  # fmt: skip
PENALTIES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
SHIFTS = (-2.0, -1.0, 0.0, 1.0)
SECONDS = (0.35, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 1.0)
SECOND_LOOKS = 500
# A second look that rights fewer than one in a hundred is not worth its time, or was not trained.
SECOND_LOOK_GAIN = 0.01
EXCHANGES = (0.0, 1.0, 2.0, 4.0, 100.0)
DROPS = tuple(float(limit) for limit in np.linspace(0.0, 0.9, 31))
WRONG_CHANGES = 0.002
SEVERAL = (0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 0.7)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was run: its tools' raw scores and nearness, and who was wanted."""

    source: str
    scores: dict[int, float]
    nearness: dict[int, float]
    wanted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A case whose wanted tools were run, to be decoded with different margins."""

    case: Case
    ids: tuple[str, ...]
    layouts: tuple[Layout, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """A decision after the second look: how sure, and whether it did what was wanted."""

    confidence: float
    calls: bool
    right: bool
    wants: bool
    changes: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The calibrating cases as one graph sees them."""

    targets: Targets
    corpus: Corpus
    asked: Sequence[Asked]
    shown: Sequence[Shown]


def sample(run: Run, data: Path, tokenizer: Path, seed: int = 5) -> Sample:
    """The same cases for the same seed, whatever the graph."""
    rng = random.Random(seed)
    corpus = read(data, heldout=True)
    targets = Targets(Tokenizer.load(tokenizer))
    cases = [
        case
        for source, count in SOURCES.items()
        for case in _some(bench.judged_cases(corpus, source, calibrating=True), count, rng)
    ]
    asked = asyncio.run(together(_ask(targets, Pooled(run), a, b, c) for a, b, c in
                                 _questions(corpus, cases, data, rng)))  # fmt: skip
    shown = _show(targets, run, corpus, [case for case in cases if case.calls])
    return Sample(targets, corpus, asked, shown)


def calibrate(seen: Sample) -> tuple[intent.Settings, functions.Settings]:
    """Settings for the model that saw the cases."""
    values = choose_values(seen.targets, seen.corpus, seen.shown)
    return choose_intent(seen.asked), values


def choose_second_look(
    run: Run, tokenizer: Path, data: Path, intents: intent.Settings, values: functions.Settings
) -> tuple[second_look.Settings, float] | None:
    """What the second look drops and exchanges, and from when on a call needs no asking back.

    On conversations of the left-out specifications that are not judged: as many right as may
    be, then as few asked back as leave no greater share of wrong changes than `WRONG_CHANGES`.
    None where more are not right with it than without.
    """
    corpus = read(data, heldout=True)
    cases = bench.judged_cases(corpus, "contrast", calibrating=True)
    cases = _some(cases, SECOND_LOOKS, random.Random(3))

    def decided(settings: second_look.Settings | None) -> list[_Looked]:
        targets = Targets(Tokenizer.load(tokenizer), intents, values, settings)
        return _looked(targets, run, corpus, cases)

    found = {each: decided(each) for each in map(second_look.Settings, EXCHANGES)}
    best = max(found, key=lambda settings: _kept(found[settings], 0.0))
    looked = found[best]
    below = max(DROPS, key=lambda limit: _kept(looked, limit))
    gained = _kept(looked, below) - _kept(decided(None), 0.0)
    if gained < SECOND_LOOK_GAIN * len(cases):
        print(f"no second look: of {len(cases)} it gains {gained}", flush=True)
        return None
    best = dataclasses.replace(best, dropped_below=below)
    wrong = sorted(
        (one.confidence for one in looked if one.changes and not one.right), reverse=True
    )
    allowed = int(len(looked) * WRONG_CHANGES)
    confirm = wrong[allowed] + 1e-3 if len(wrong) > allowed else below
    confirm = max(below, min(confirm, 0.999))
    print(f"second look: {_kept(looked, below)} of {len(looked)} right with {best}, "
          f"asked back below {confirm:.3f}", flush=True)  # fmt: skip
    return best, confirm


def _looked(targets: Targets, run: Run, corpus: Corpus, cases: Sequence[Case]) -> list[_Looked]:
    pooled = Pooled(run)
    asked = [bench.request(corpus, case) for case in cases]
    decisions = asyncio.run(together(targets.decide(one, pooled) for one in asked))
    looked = []
    for case, decision in zip(cases, decisions, strict=True):
        acts = bench.Acts(corpus, case, decision)
        sure = min((c.confidence or 0.0 for c in acts.done), default=1.0)
        looked.append(_Looked(sure, bool(acts.done), acts.right, acts.wants, bool(acts.wrong)))
    return looked


def _kept(looked: Sequence[_Looked], limit: float) -> int:
    """How many are right when calls below a limit are dropped."""
    return sum(
        one.right if not one.calls or one.confidence >= limit else not one.wants for one in looked
    )


def right(seen: Sample, intents: intent.Settings, values: functions.Settings) -> float:
    """The share of questions and values answered rightly, every one counting alike."""
    good = sum(_is_right(one, intents) for one in seen.asked)
    table = _judged(seen.corpus, seen.targets, seen.shown, values)
    counts = [row for name, row in table.rows.items() if name.endswith((": values", "left absent"))]
    return (good + sum(n for n, _ in counts)) / (len(seen.asked) + sum(of for _, of in counts))


def choose_intent(asked: Sequence[Asked]) -> intent.Settings:
    """The share of nearness and the shifts that answer most questions rightly."""
    few = [one for one in asked if not one.nearness]
    many = [one for one in asked if one.nearness]
    pivot = float(np.quantile([n for a in many for n in a.nearness.values()] or [0.0], 0.8))
    best = _best(
        many, [intent.Settings(0.5, 0.5, w, pivot, s) for w in NEARNESS for s in SHIFTS_OF_ALL]
    )
    best = _best(few, [dataclasses.replace(best, shift_few=s) for s in SHIFTS_OF_ALL])
    further = max(np.linspace(0.5, 0.99, 25), key=lambda f: _further_score(asked, best, float(f)))
    best = dataclasses.replace(best, further=float(further))
    print(f"intent: {_intent_score(asked, best):.4f} with {best}", flush=True)
    return best


def _best(asked: Sequence[Asked], choices: Sequence[intent.Settings]) -> intent.Settings:
    return max(choices, key=lambda settings: _intent_score(asked, settings))


def choose_values(targets: Targets, corpus: Corpus, shown: Sequence[Shown]) -> functions.Settings:
    """The margins with the most whole calls and values right."""
    settings = functions.Settings()
    spans = ("required_span_margin", "span_margin")
    for name, choices in (
        ("required_span_margin", MARGINS),
        ("length_penalty", PENALTIES),
        *((name, MARGINS) for name in (*spans, "required_option_margin", "option_margin")),
        ("number_shift", SHIFTS),
        ("second", SECONDS),
        ("several", SEVERAL),
        ("length_penalty", PENALTIES),
        *((name, MARGINS) for name in spans),
    ):

        def score(choice: float, name: str = name, base: functions.Settings = settings) -> float:
            return _value_score(corpus, targets, shown, dataclasses.replace(base, **{name: choice}))

        settings = dataclasses.replace(settings, **{name: max(choices, key=score)})
    print(
        f"values: {_value_score(corpus, targets, shown, settings):.4f} with {settings}", flush=True
    )
    return settings


def _questions(
    corpus: Corpus, cases: Sequence[Case], data: Path, rng: random.Random
) -> list[tuple[str, Request, frozenset[int]]]:
    questions = []
    for case in cases:
        wanted = {call.tool for call in case.calls}
        numbers = frozenset(k for k, tool in enumerate(case.tools) if tool in wanted)
        questions.append((case.source, bench.request(corpus, case), numbers))
        others = tuple(tool for tool in case.tools if tool not in wanted)
        if wanted and others and case.source != "sgd":
            # Without the wanted tools the same message wants none of those on offer.
            rest = dataclasses.replace(case, tools=others)
            questions.append((case.source, bench.request(corpus, rest), frozenset()))
    names = [(group, name) for group, targets in corpus.targets.items() for name in targets]
    used = {u.gold for group in corpus.utterances.values() for u in group}
    left = [(group, name) for group, name in names if name in used]
    own = _some([u for g in corpus.utterances.values() for u in g if u.gold], UTTERANCES, rng)
    strange = _some(bench.strangers(data), UTTERANCES // 2, rng)
    for utterance in (*own, *strange):
        # Other draws of targets than the judged one, always from those left out.
        offered = rng.sample(left, 12)
        gold = next((pair for pair in left if pair[1] == utterance.gold), None)
        if gold and gold not in offered:
            offered[rng.randrange(12)] = gold
        tools = tuple(corpus.targets[group][name] for group, name in offered)
        numbers = frozenset(k for k, pair in enumerate(offered) if pair == gold)
        message = (Message("user", utterance.text),)
        questions.append(("utterances", Request(message, tools), numbers))
    return questions


async def _ask(
    targets: Targets, run: Runner, source: str, request: Request, wanted: frozenset[int]
) -> Asked:
    chosen = await targets.candidates(request.messages, request.tools, run)
    layouts = targets.functions.encode(
        request.messages, [request.tools[number] for number in chosen.numbers]
    )
    outputs = await run([layout.row for layout in layouts])
    scores = targets.intent.scores(layouts, outputs)
    return Asked(
        source, {chosen.numbers[k]: _logit(score) for k, score in scores.items()},
        dict(chosen.nearness), wanted,
    )  # fmt: skip


def _show(targets: Targets, run: Run, corpus: Corpus, cases: Sequence[Case]) -> list[Shown]:
    layouts, ids = [], []
    for case in cases:
        wanted = tuple(dict.fromkeys(call.tool for call in case.calls))
        tools = [corpus.tools[name] for name in wanted]
        layouts.append(targets.functions.encode(case.messages, tools))
        ids.append(wanted)
    outputs = run([layout.row for many in layouts for layout in many])
    shown = []
    for case, wanted, many in zip(cases, ids, layouts, strict=True):
        shown.append(Shown(case, wanted, many, tuple(outputs[: len(many)])))
        outputs = outputs[len(many) :]
    return shown


def _intent_score(asked: Sequence[Asked], settings: intent.Settings) -> float:
    """Right answers, as the mean over sources of the wanted and of the unwanted ones."""
    found: dict[tuple[str, bool], list[bool]] = {}
    for one in asked:
        key = (one.source, bool(one.wanted))
        found.setdefault(key, []).append(_is_right(one, settings))
    shares: dict[bool, list[float]] = {True: [], False: []}
    for (source, wants), many in found.items():
        shares[wants] += [float(np.mean(many))] * WEIGHTS.get(source, 1)
    wanted, nobody = (float(np.mean(shares[wants] or [0.0])) for wants in (True, False))
    return WANTED_SHARE * wanted + (1 - WANTED_SHARE) * nobody


def _is_right(one: Asked, settings: intent.Settings) -> bool:
    scores = _blended(one, settings)
    best = max(scores, key=lambda number: scores[number])
    found = best if scores[best] >= _logit(settings.threshold) else None
    return found in one.wanted if one.wanted else found is None


def _further_score(asked: Sequence[Asked], settings: intent.Settings, further: float) -> float:
    """How often exactly the wanted tools are found, for one wanted and for several."""
    good: dict[bool, list[bool]] = {True: [], False: []}
    for one in asked:
        scores = _blended(one, settings)
        order = sorted(scores, key=lambda number: -scores[number])
        if one.wanted and scores[order[0]] >= _logit(settings.threshold):
            limit = _logit(max(further, settings.threshold))
            found = {order[0], *(number for number in order[1:] if scores[number] >= limit)}
            good[len(one.wanted) > 1].append(found == one.wanted)
    one_tool, several = (float(np.mean(good[many] or [False])) for many in (False, True))
    return ONE_TOOL_SHARE * one_tool + (1 - ONE_TOOL_SHARE) * several


def _blended(one: Asked, settings: intent.Settings) -> dict[int, float]:
    return intent.blended(settings, one.scores, one.nearness)


def _value_score(
    corpus: Corpus, targets: Targets, shown: Sequence[Shown], settings: functions.Settings
) -> float:
    table = _judged(corpus, targets, shown, settings)
    sources = {one.case.source for one in shown}
    shares = [
        table.share(f"{source}: {figure}")
        for source, figure in itertools.product(sources, FIGURES)
        if f"{source}: {figure}" in table.rows
    ]
    return float(np.mean(shares))


def _judged(
    corpus: Corpus, targets: Targets, shown: Sequence[Shown], settings: functions.Settings
) -> bench.Table:
    task = targets.functions.with_settings(settings)
    table = bench.Table()
    judge = bench.Judge(corpus, table)
    for one in shown:
        tools = [corpus.tools[name] for name in one.ids]
        calls = task.decode(one.case.messages, tools, one.layouts, one.outputs, range(len(tools)))
        judge.calls(one.case.source, one.case, calls)
    return table


def _some(items: Sequence[T], count: int, rng: random.Random) -> list[T]:
    return rng.sample(items, min(count, len(items)))


def _logit(score: float) -> float:
    score = min(max(score, 1e-9), 1 - 1e-9)
    return float(np.log(score / (1 - score)))

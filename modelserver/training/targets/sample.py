"""An endless, seeded stream of training rows in a fixed mixture of sources.

Each draw takes a pool by its share and a case from the pool, and shows it as serving does:
the wanted tools with a few others, as a shortlist would hand them on, each with all its
parameters; at times without the wanted one. Pairs of conversation and tool, with a second
tool that is not meant, train the embedding that makes the shortlist.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelserver.schema import Tool
from modelserver.tasks.targets.layout import Layouts, options
from modelserver.tasks.types import Message
from modelserver.training.contrast import specs as contrast
from modelserver.training.targets import augment, claims
from modelserver.training.targets.data import Case, Corpus, Gold, Utterance, cases_of
from modelserver.training.targets.labels import Labels, label

if TYPE_CHECKING:
    from modelserver.tokenization import Tokenizer

CHUNK = 2048
DRAWN = ("utterances", "contrast")
# Of the claims, those about a message that wants nothing.
NOTHING_WANTED = 0.25
LONGEST = 384
LEAST_VALUES = 5
# Long dialogues mostly teach with their newest turns, and cost half of the time.
SHORT_CONVERSATION = 104
SHORT_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Pool:
    """How often a source is drawn for rows, and for pairs of conversation and tool."""

    share: float
    pairs: float


POOLS = {
    "contrast": Pool(0.44, 0.2),
    "sgd": Pool(0.13, 0.13),
    "written": Pool(0.2, 0.18),
    "own": Pool(0.02, 0.02),
    "seal-tools": Pool(0.06, 0.05),
    "api-bank": Pool(0.02, 0.02),
    "glaive": Pool(0.02, 0.02),
    "toolalpaca": Pool(0.01, 0.01),
    "hwu64": Pool(0.015, 0.02),
    "xsid": Pool(0.01, 0.02),
    "snips": Pool(0.005, 0.0),
    "utterances": Pool(0.13, 0.4),
}
# How many rows judge a finished call, and how many of those show a right one.
CLAIMS = 0.16
SOUND = 0.45
CLAIM_POOLS = {"contrast": 0.62, "written": 0.2, "sgd": 0.1, "seal-tools": 0.04, "own": 0.04}
TOOLS_SHOWN = {1: 0.30, 2: 0.34, 3: 0.26, 4: 0.10}
UTTERANCE_TARGETS = {1: 0.07, 2: 0.13, 3: 0.2, 4: 0.25, 6: 0.35}
GOLD_LEFT_OUT = 0.10
SETS = {
    "project": 0.35, "clinc": 0.28, "hwu64": 0.14, "metatool": 0.17, "xsid": 0.03, "snips": 0.03,
}  # fmt: skip
SGD_KINDS = {
    "new_intent": 1.0, "slot_fill": 1.0, "confirm": 0.45, "correction": 1.0, "closing": 0.35,
    "alternatives": 0.5, "select_result": 0.5, "ask_about_result": 0.3, "decline_offer": 1.0,
    "accept_offered_intent": 1.0, "other": 1.0,
}  # fmt: skip


class Sampler:
    """Draws labelled rows from a corpus."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, seed: int) -> None:
        self._corpus = corpus
        self._whole = Layouts(tokenizer)
        self._short = Layouts(tokenizer, SHORT_CONVERSATION)
        self._rng = random.Random(seed)
        self._cases = {name: cases for name, cases in corpus.cases.items() if cases}
        self._services: dict[str, list[Case]] = {}
        for case in self._cases.get("sgd", ()):
            name = case.calls[-1].tool if case.calls else case.tools[0]
            self._services.setdefault("/".join(name.split("/")[1:3]), []).append(case)
        self._sets = {
            kind: sets for kind in SETS
            if (sets := [name for name in corpus.utterances if name.split("/")[0] == kind])
        }  # fmt: skip
        self._values = _values(corpus)
        self._weights = [len(spec["frames"]) for spec in corpus.specs]
        self._pool_of = {
            name: sorted({t for case in cases for t in case.tools})
            for name, cases in self._cases.items()
        }

    def batches(self, tokens: int) -> Iterator[list[Labels]]:
        """Batches of rows of like length, about `tokens` padded tokens each."""
        while True:
            drawn = sorted((self.draw() for _ in range(CHUNK)), key=lambda x: len(x.layout.row))
            batches: list[list[Labels]] = [[]]
            for item in drawn:
                if len(item.layout.row) * (len(batches[-1]) + 1) > tokens and batches[-1]:
                    batches.append([])
                batches[-1].append(item)
            self._rng.shuffle(batches)
            yield from batches

    def draw(self) -> Labels:
        """One labelled row."""
        names = [name for name in POOLS if name in self._cases or name in DRAWN]
        while True:
            if self._rng.random() < CLAIMS:
                item = self._claim()
            else:
                name = self._rng.choices(names, [POOLS[n].share for n in names])[0]
                item = self._utterance() if name == "utterances" else self._row(name)
            if item is not None and len(item.layout.row) <= LONGEST:
                return item

    def pair(self) -> tuple[tuple[Message, ...], Tool, Tool]:
        """A conversation, the tool it wants, and one that it does not want."""
        rng = self._rng
        names = [name for name in POOLS if name in self._cases or name in DRAWN]
        while True:
            name = rng.choices(names, [POOLS[n].pairs for n in names])[0]
            if name == "utterances":
                utterance, targets, groups = self._pick_utterance()
                if utterance.gold is None:
                    continue
                near = [n for n in targets if groups[n] == utterance.group and n != utterance.gold]
                other = rng.choice(near or [n for n in targets if n != utterance.gold])
                text = (Message("user", utterance.text),)
                return text, targets[utterance.gold], targets[other]
            case = self._pick(name)
            if len({call.tool for call in case.calls}) != 1:
                continue
            gold = case.calls[0].tool
            others = [t for t in case.tools if t != gold] or self._pool_of.get(name, [gold])
            other = rng.choice(others)
            if self._corpus.tools[other].name != self._corpus.tools[gold].name:
                return case.messages, self._corpus.tools[gold], self._corpus.tools[other]

    def _spec(self) -> contrast.Spec:
        return self._rng.choices(self._corpus.specs, self._weights)[0]

    def _pick(self, name: str) -> Case:
        rng = self._rng
        if name == "contrast":
            spec = self._spec()
            row = contrast.draw(spec, rng.randrange(len(spec["frames"])), rng)
            return next(cases_of(row, self._corpus.tools, heldout=False))
        if name != "sgd":
            return rng.choice(self._cases[name])
        while True:
            case = rng.choice(self._services[rng.choice(list(self._services))])
            if rng.random() < SGD_KINDS.get(case.kind, 1.0):
                return case

    def _row(self, name: str) -> Labels | None:
        rng, case = self._rng, self._pick(name)
        wanted = {call.tool for call in case.calls}
        ids = self._offer(name, case, wanted)
        messages, calls = self._conversation(name, case)
        keep = frozenset(n for call in calls for n in call.arguments)
        tools = [
            augment.reworded_tool(
                self._corpus.tools[t], rng, keep=keep if t in wanted else frozenset()
            )
            for t in ids
        ]
        shown = self._short if name == "sgd" and rng.random() < SHORT_SHARE else self._whole
        layout = rng.choice(shown.full(messages, tools))
        return label(layout, messages, tools, ids, calls)

    def _offer(self, name: str, case: Case, wanted: set[str]) -> list[str]:
        """The tools shown: wanted ones and others, or others alone."""
        rng = self._rng
        count = _drawn(TOOLS_SHOWN, rng)
        others = [t for t in case.tools if t not in wanted]
        rng.shuffle(others)
        names = {self._corpus.tools[t].name for t in case.tools}
        while len(others) < count and name in self._pool_of:
            extra = rng.choice(self._pool_of[name])
            if self._corpus.tools[extra].name in names:
                break
            others.append(extra)
        left_out = bool(others) and rng.random() < GOLD_LEFT_OUT * (2 if count == 1 else 1)
        if name == "contrast" and not left_out:
            # Few tools that are like each other: all of them, as a rule.
            count = max(count, len(case.tools) if rng.random() < 0.7 else 1)
        if not wanted or left_out:
            chosen = others[:count]
        else:
            chosen = [*sorted(wanted), *others[: max(0, count - len(wanted))]]
        rng.shuffle(chosen)
        return chosen or list(case.tools[:1])

    def _conversation(self, name: str, case: Case) -> tuple[tuple[Message, ...], tuple[Gold, ...]]:
        rng = self._rng
        messages, calls = case.messages, case.calls
        if rng.random() < 0.3:
            messages, calls = augment.with_other_values(messages, calls, self._values, rng)
        if rng.random() < 0.15:
            messages, calls = augment.with_typos(messages, calls, rng)
        if name in ("written", "own", "seal-tools", "hwu64") and rng.random() < 0.1:
            before = self._pick(rng.choice(("written", "own", "hwu64")))
            first = next(m for m in before.messages if m.role == "user")
            talk = (first, Message("assistant", rng.choice(augment.DONE_TEXTS)))
            if not set(before.tools) & set(case.tools):
                messages, calls = augment.with_history(messages, calls, talk)
        if rng.random() < 0.06:
            system = Message("system", rng.choice(augment.SYSTEM_TEXTS))
            messages, calls = augment.with_history(messages, calls, [system])
        return messages, calls

    def _claim(self) -> Labels | None:
        """A finished call to judge: right, or spoiled in one of the ways that do happen."""
        rng = self._rng
        if rng.random() < NOTHING_WANTED:
            spec = self._spec()
            nothing = [k for k, f in enumerate(spec["frames"]) if not contrast.wanted(f)]
            found = contrast.spoiled(spec, rng.choice(nothing), rng) if nothing else None
            if found is None:
                return None
            row, tool, arguments = found
            messages = next(cases_of(row, self._corpus.tools, heldout=False)).messages
            return claims.judged(self._whole, messages, self._corpus.tools[tool], arguments, None)
        names = [name for name in CLAIM_POOLS if name in self._cases or name in DRAWN]
        case = self._pick(rng.choices(names, [CLAIM_POOLS[n] for n in names])[0])
        claim = claims.make(case, self._corpus.tools, rng, sound=rng.random() < SOUND)
        if claim is None:
            return None
        return claims.judged(self._whole, case.messages, claim.tool, claim.arguments, claim.wrong)

    def _pick_utterance(self) -> tuple[Utterance, dict[str, Tool], dict[str, str]]:
        kind = self._rng.choices(list(self._sets), [SETS[n] for n in self._sets])[0]
        chosen = self._rng.choice(self._sets[kind])
        utterance = self._rng.choice(self._corpus.utterances[chosen])
        return utterance, self._corpus.targets[chosen], self._corpus.groups[chosen]

    def _utterance(self) -> Labels:
        rng = self._rng
        utterance, targets, groups = self._pick_utterance()
        names = [n for n in targets if n != utterance.gold]
        near = [n for n in names if groups[n] == utterance.group]
        count = _drawn(UTTERANCE_TARGETS, rng)
        chosen = set(rng.sample(near, min(len(near), (count + 1) // 2)))
        chosen |= set(rng.sample(names, min(len(names), count - len(chosen))))
        if utterance.gold and rng.random() > 2 * GOLD_LEFT_OUT:
            chosen.pop()
            chosen.add(utterance.gold)
        ids = sorted(chosen)
        rng.shuffle(ids)
        tools = [targets[n] if rng.random() > 0.05 else Tool(n, "") for n in ids]
        wanted = utterance.gold is not None and utterance.gold in chosen
        calls: tuple[Gold, ...] = (Gold(utterance.gold or "", {}, {}),) if wanted else ()
        messages: tuple[Message, ...] = (Message("user", utterance.text),)
        if rng.random() < 0.12:
            messages, calls = augment.with_typos(messages, calls, rng)
        return label(self._whole.full(messages, tools)[0], messages, tools, ids, calls)


def _drawn(weights: Mapping[int, float], rng: random.Random) -> int:
    return rng.choices(list(weights), list(weights.values()))[0]


def _values(corpus: Corpus) -> dict[str, list[str]]:
    """What was said for free-text parameters, by the parameter's name."""
    values: dict[str, set[str]] = {}
    for cases in corpus.cases.values():
        for case in cases:
            for call in case.calls:
                choices = {p.name for p in corpus.tools[call.tool].parameters if options(p)}
                for name, many in call.spans.items():
                    if name not in choices and isinstance(call.arguments.get(name), str):
                        message, start, end = many[0]
                        text = case.messages[message].content[start:end]
                        values.setdefault(name, set()).add(text)
    return {name: sorted(v) for name, v in values.items() if len(v) >= LEAST_VALUES}

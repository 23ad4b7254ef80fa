"""Attacks found and harmless text let pass, at the shipped threshold and at one false alarm in 100.

The second threshold is that of ordinary text which is judged here as well, each source of it
counting alike, so that recall can be compared between guards with thresholds of their own.
"""

from __future__ import annotations

import json
import random
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.training.judge.table import Count, markdown

if TYPE_CHECKING:
    from modelserver.training.judge.served import Judged

FALSE_ALARMS = 0.01
OF_A_SOURCE = 200  # ordinary texts

KINDS = (
    "attacks", "attacks, other languages",
    "harmless, but like attacks", "harmless, but like attacks, other languages",
)  # fmt: skip

Scores = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    attack: bool
    language: str

    @property
    def kind(self) -> str:
        """Under which head it is counted."""
        head = "attacks" if self.attack else "harmless, but like attacks"
        return head if self.language == "en" else f"{head}, other languages"


def read(folder: Path) -> dict[str, list[Text]]:
    """Texts by the name of the file."""
    return {path.stem: [*_texts(path)] for path in sorted(folder.glob("*.jsonl"))}


async def figures(
    sets: Mapping[str, Sequence[Text]], ordinary: Mapping[str, Sequence[str]], model: Judged,
    limit: int,
) -> str:  # fmt: skip
    """All the tables."""
    rng = random.Random(7)
    drawn = {
        name: rng.sample(texts, min(len(texts), OF_A_SOURCE, limit))
        for name, texts in ordinary.items()
    }
    usual = {name: [await model.score(text) for text in texts] for name, texts in drawn.items()}
    limits = [model.guard_threshold]
    if usual:
        limits.append(at_false_alarms(usual))
    groups: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in KINDS}
    for name, texts in sets.items():
        for each in texts[:limit]:
            groups[each.kind][name].append(await model.score(each.text))
    shown = {**groups, "ordinary text": usual}
    return "\n\n".join(_table(head, each, limits) for head, each in shown.items() if each)


def at_false_alarms(usual: Scores) -> float:
    """The threshold above which one in a hundred ordinary texts scores, sources counting alike."""
    fewest = min(map(len, usual.values()))
    scores = sorted(score for each in usual.values() for score in each[:fewest])
    return scores[min(len(scores) - 1, round(len(scores) * (1 - FALSE_ALARMS)))]


def _table(head: str, groups: Scores, limits: Sequence[float]) -> str:
    """How many attacks are found, or how many other texts are let pass."""
    found = head.startswith("attacks")
    what = "found" if found else "let pass"
    counts = {
        name: [Count.among((score >= limit) == found for score in scores) for limit in limits]
        for name, scores in groups.items()
    }
    rows = [(name, each[0].of, *each) for name, each in counts.items()]
    if len(counts) > 1:
        means = [
            statistics.mean(each[k].share for each in counts.values()) for k in range(len(limits))
        ]
        rows.append((f"mean of these {len(counts)}", "", *(f"{100 * m:.1f} %" for m in means)))
    return markdown((head, "texts", *(f"{what} at {limit:.3f}" for limit in limits)), rows)


def _texts(path: Path) -> Iterator[Text]:
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, filter(str.strip, lines)):
            yield Text(row["text"], bool(row["label"]), row.get("lang", "en"))

"""Attacks alone and inside long ordinary text, and long ordinary text without any.

An attack that is found alone must be found wherever it stands. Carriers are of the attack's
language, made of held-back benign rows, or English descriptions of packages where a language has
too few; none of them was trained on.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from modelserver.training.guard import documents, evaluate
from modelserver.training.guard.data import joined, plant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from modelserver.tasks.guard.classify import GuardTask
    from modelserver.training.guard.data import Example
    from modelserver.training.guard.evaluate import Run

LENGTHS = (400, 2000, 6000)
MOST_ATTACK = 400  # characters: longer ones are no padding question
ENOUGH = 7000  # characters of a language, to be its own carrier


def show(task: GuardTask, run: Run, held: Sequence[Example], seed: int = 0) -> str:
    """The tables as Markdown."""
    rng = random.Random(seed)
    attacks = [e for e in held if e.label and e.source == "contrast" and len(e.text) <= MOST_ATTACK]
    alone = evaluate.scores(task, run, [e.text for e in attacks]) >= task.threshold
    lines = [
        f"| {len(attacks)} attacks | found | of those found alone |",
        "| --- | --- | --- |",
        f"| alone | {alone.mean():.1%} | - |",
    ]
    carriers = _carriers(held)
    for length in LENGTHS:
        texts = [plant(_carrier(carriers, e.lang, length, rng), e.text, rng) for e in attacks]
        found = evaluate.scores(task, run, texts) >= task.threshold
        lines.append(f"| in {length} characters | {found.mean():.1%} | {found[alone].mean():.1%} |")
    lines += ["", "| without attack | texts | refused | ms (p50) |", "| --- | --- | --- | --- |"]
    for name, texts in (
        ("descriptions of packages", documents.descriptions(train=False)),
        ("source files", documents.sources(train=False, most=200)),
        ("long rows held back", [e.text for e in held if not e.label and len(e.text) > 1000]),
    ):
        scores, spent = _timed(task, run, texts)
        refused = (scores >= task.threshold).mean()
        lines.append(f"| {name} | {len(texts)} | {refused:.1%} | {spent:.0f} |")
    return "\n".join(lines)


def _carriers(held: Sequence[Example]) -> dict[str, list[str]]:
    by_lang: dict[str, list[str]] = defaultdict(list)
    for example in held:
        if not example.label and len(example.text) > 60:
            by_lang[example.lang].append(example.text)
    enough = {lang: texts for lang, texts in by_lang.items() if sum(map(len, texts)) > ENOUGH}
    return enough | {"en": documents.descriptions(train=False)}


def _carrier(carriers: dict[str, list[str]], lang: str, length: int, rng: random.Random) -> str:
    return joined(carriers.get(lang) or carriers["en"], length, rng)


def _timed(task: GuardTask, run: Run, texts: Sequence[str]) -> tuple[NDArray[np.float64], float]:
    scores, spent = [], []
    for text in texts:
        began = time.perf_counter()
        scores.append(float(evaluate.scores(task, run, [text])[0]))
        spent.append(1000 * (time.perf_counter() - began))
    return np.array(scores), statistics.median(spent)

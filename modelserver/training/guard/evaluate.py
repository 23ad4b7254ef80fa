"""Judge a guard: recall at the threshold of one false alarm in a hundred, source by source.

The threshold comes from ordinary texts held back, each source counting alike, so that no
large easy source decides it. Texts written to look like attacks are not ordinary: they stay
out of the threshold and have their own lines. Then the table: for every source, and for every rough kind of
the hand-written rows, how many attacks are found and how many ordinary texts are refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from modelserver.engine.backend import OnnxBackend
from modelserver.tasks.types import Row
from modelserver.training.guard.data import LOOKALIKES
from modelserver.training.guard.model import GuardModel, tensors
from modelserver.training.precision import mixed

if TYPE_CHECKING:
    from pathlib import Path

    from modelserver.tasks.guard.classify import GuardTask
    from modelserver.training.guard.data import Example

FALSE_ALARMS = 0.01
LONG = 1000
MOST_BENIGN = 120  # of one source, for the threshold
BATCH_TOKENS = 4096

Run = Callable[[list[Row]], NDArray[np.float32]]


def torch_run(model: GuardModel, device: str) -> Run:
    @torch.no_grad()
    def run(rows: list[Row]) -> NDArray[np.float32]:
        model.eval()
        with mixed(device):
            logits: NDArray[np.float32] = model(*tensors(rows, device)).float().cpu().numpy()
        return logits

    return run


def onnx_run(path: Path) -> Run:
    """An exported graph, run as the server runs it."""
    backend = OnnxBackend(path)

    def run(rows: list[Row]) -> NDArray[np.float32]:
        # One by one: dynamic quantisation takes one scale for a batch, so that the score of a
        # row moves with its company. Alone it is the same every time.
        return np.stack([backend.run([row])[0]["logits"] for row in rows])

    return run


def scores(task: GuardTask, run: Run, texts: Sequence[str]) -> NDArray[np.float64]:
    """The guard's score of each text, as served."""
    encoded = [task.encode(text[:20000]) for text in texts]
    flat = [(len(row.input_ids), i, row) for i, e in enumerate(encoded) for row in e.rows]
    order = sorted(range(len(flat)), key=lambda k: flat[k][0])
    results: list[NDArray[np.float32]] = [np.zeros(2, np.float32)] * len(flat)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and flat[order[end]][0] * (end + 1 - start) <= BATCH_TOKENS:
            end += 1
        logits = run([flat[k][2] for k in order[start:end]])
        for k, row in zip(order[start:end], logits, strict=True):
            results[k] = row
        start = end
    outputs: dict[int, list[dict[str, NDArray[np.float32]]]] = defaultdict(list)
    for (_, index, _), row in zip(flat, results, strict=True):
        outputs[index].append({"logits": row})
    return np.array([task.decode(e, outputs[i]).score for i, e in enumerate(encoded)])


def calibrate(examples: Sequence[Example], found: NDArray[np.float64]) -> float:
    """The threshold that refuses `FALSE_ALARMS` of the ordinary texts, sources counting alike."""
    by_source: dict[str, list[float]] = defaultdict(list)
    for example, score in zip(examples, found, strict=True):
        ordinary = example.label == 0 and example.source not in LOOKALIKES
        if ordinary and len(by_source[example.source]) < MOST_BENIGN:
            by_source[example.source].append(float(score))
    benign = [score for rows in by_source.values() for score in rows]
    return float(np.quantile(benign, 1 - FALSE_ALARMS))


def table(
    examples: Sequence[Example],
    found: NDArray[np.float64],
    threshold: float,
    group: Callable[[Example], str],
) -> list[tuple[str, int, float, int, float]]:
    """(group, attacks, recall, benign, false alarms) for each group and for all."""
    groups: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for example, score in zip(examples, found, strict=True):
        groups[group(example)].append((example.label, bool(score >= threshold)))
        groups["all"].append((example.label, bool(score >= threshold)))
    return [(name, *_line(rows)) for name, rows in sorted(groups.items())]


_TRIGGERS = re.compile(
    r"\b(ignor|disregard|forget|overrid|bypass|jailbreak|system prompt|instruction|pretend|act as"
    r"|role.?play|reveal|secret|developer mode|unrestricted|from now on|hack|inject|prompt)",
    re.IGNORECASE,
)


def phenomenon(example: Example) -> str:
    """What makes a row easy or hard, told from its kind, language and words."""
    if "obf" in example.kind or "encoded" in example.kind:
        return "disguised"
    if example.lang not in {"", "en"}:
        return "not English"
    if example.label == 0 and _TRIGGERS.search(example.text):
        return "trigger words"
    if len(example.text) > LONG:
        return "long"
    return "plain"


def show(
    examples: Sequence[Example],
    found: NDArray[np.float64],
    threshold: float,
    group: Callable[[Example], str],
) -> str:
    """The table as Markdown."""
    lines = [
        "| group | attacks | found | benign | false alarms |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, attacks, recall, benign, alarms in table(examples, found, threshold, group):
        hits = f"{recall:.1%}" if attacks else "-"
        refused = f"{alarms:.1%}" if benign else "-"
        lines.append(f"| {name} | {attacks} | {hits} | {benign} | {refused} |")
    return "\n".join(lines)


def _line(rows: list[tuple[int, bool]]) -> tuple[int, float, int, float]:
    attacks = [hit for label, hit in rows if label]
    benign = [hit for label, hit in rows if not label]
    return (
        len(attacks),
        float(np.mean(attacks)) if attacks else 0.0,
        len(benign),
        float(np.mean(benign)) if benign else 0.0,
    )

"""Export the guard: write ONNX, fuse, quantise, calibrate, and check what that cost.

The threshold is calibrated on the int8 graph, which is the one that serves. It is then moved
into the bias of the attack logit, so that 0.5 is the threshold of the exported model whatever
the training made of its scores.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from modelserver.tasks.types import Row
from modelserver.training.base.encoder import HEADS, WIDTH
from modelserver.training.base.fused import FusedLayer, trace
from modelserver.training.guard import evaluate
from modelserver.training.guard.model import CONFIG, GuardModel, guard_task
from modelserver.training.guard.tokenizer import tokenizer_of
from modelserver.training.quantise import quantise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from modelserver.training.guard.data import Example

LARGEST = 70_000_000
MOST_LOST = 0.005
COMPARED = 1000  # rows, about
TRACED = 24


@dataclass(frozen=True, slots=True)
class Exported:
    """What the export was checked for; accuracies are the mean of recall and clean passes."""

    bytes: int
    threshold: float
    agreement: float
    accuracy_float: float
    accuracy_int8: float
    p50_ms_64_tokens: float


def export(model: GuardModel, base: Path, held: Sequence[Example], out: Path) -> Exported:
    """Write model.onnx, tokenizer.json and config.json to `out`; refuse a lossy result."""
    out.mkdir(parents=True, exist_ok=True)
    plain, small = out / "float.onnx", out / "model.onnx"
    _write(model, plain)
    quantise(plain, small, heads=HEADS, hidden=WIDTH, layers="/layers")
    checked, threshold = _check(plain, small, base, held)
    _write(shifted(model, threshold), plain)
    quantise(plain, small, heads=HEADS, hidden=WIDTH, layers="/layers")
    plain.unlink()
    tokenizer_of(base).save(str(out / "tokenizer.json"), pretty=False)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", encoding="utf-8")
    if checked.bytes > LARGEST or checked.accuracy_float - checked.accuracy_int8 > MOST_LOST:
        raise SystemExit(f"The exported guard is too large or lost too much: {checked}")
    return checked


def shifted(model: GuardModel, threshold: float) -> GuardModel:
    """The model whose score is 0.5 where the given one's is the threshold."""
    moved = copy.deepcopy(model).cpu().float().eval()
    with torch.no_grad():
        moved.head.bias[1] -= math.log(threshold / (1 - threshold))
    return moved


class _Fused(GuardModel):
    """The trained model with fused layers; attention gets its mask as ones and zeros."""

    def __init__(self, model: GuardModel) -> None:
        super().__init__(model.shape)
        self.load_state_dict(model.state_dict())
        self.layers = nn.ModuleList(FusedLayer(layer) for layer in self.layers)

    def mask(self, attention: Tensor) -> Tensor:
        return attention.to(torch.int32)


def _write(model: GuardModel, path: Path) -> None:
    ids = torch.randint(1000, 2000, (2, TRACED))
    rows = {0: "rows", 1: "tokens"}
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    axes = dict.fromkeys(inputs, rows) | {"logits": {0: "rows"}}
    trace(_Fused(model.cpu().float()), inputs, ("logits",), axes, path)


def _check(plain: Path, small: Path, base: Path, held: Sequence[Example]) -> tuple[Exported, float]:
    """The int8 graph on the rows held back; the float one, far slower, on a part of them."""
    task = guard_task(base)
    after = evaluate.scores(task, evaluate.onnx_run(small), [example.text for example in held])
    step = max(1, len(held) // COMPARED)
    part = held[::step]
    labels = np.array([example.label for example in part], dtype=bool)
    before = evaluate.scores(task, evaluate.onnx_run(plain), [example.text for example in part])
    hits = [scores >= evaluate.calibrate(part, scores) for scores in (before, after[::step])]
    threshold = evaluate.calibrate(held, after)
    checked = Exported(
        bytes=small.stat().st_size,
        threshold=threshold,
        agreement=float((hits[0] == hits[1]).mean()),
        accuracy_float=_balanced(hits[0], labels),
        accuracy_int8=_balanced(hits[1], labels),
        p50_ms_64_tokens=_latency(small),
    )
    return checked, threshold


def _balanced(found: NDArray[np.bool_], labels: NDArray[np.bool_]) -> float:
    return float((found[labels].mean() + (~found[~labels]).mean()) / 2)


def _latency(path: Path, tokens: int = 64, runs: int = 200) -> float:
    ids = np.random.default_rng(0).integers(1000, 20000, tokens).tolist()
    run, row = evaluate.onnx_run(path), Row(tuple(ids), (0,) * tokens)
    spent = []
    for _ in range(runs):
        began = time.perf_counter()
        run([row])
        spent.append(time.perf_counter() - began)
    return float(np.median(spent)) * 1000

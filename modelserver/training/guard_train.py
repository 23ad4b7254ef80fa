"""Train the guard as it is served: a text is the maximum over its views and windows.

Seeded and resumable: the state after every `KEEP_EVERY` steps lies in `out/checkpoint.pt`,
and the same call goes on from there. The weights that are kept are an exponential moving
average of the trained ones, which generalises better to sources never seen.
"""

from __future__ import annotations

import copy
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from modelserver.errors import RequestTooLarge
from modelserver.training import guard_data
from modelserver.training.guard_model import GuardModel, guard_task, tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelserver.tasks.guard import GuardTask
    from modelserver.tasks.types import Row
    from modelserver.training.guard_data import Example

KEEP_EVERY = 100
MOST_ROWS = {0: 1, 1: 2}  # windows of one text in training, by label
BATCH_TOKENS = 2048
MOST_EXAMPLES = 48
LATEST = 0.995  # of the moving average


@dataclass(frozen=True, slots=True)
class Settings:
    base: Path
    out: Path
    device: str = "cpu"
    epochs: int = 3
    seed: int = 0
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    smoothing: float = 0.02


@dataclass(frozen=True, slots=True)
class Item:
    rows: tuple[Row, ...]
    label: int
    weight: float


def train(examples: Sequence[Example], settings: Settings) -> GuardModel:
    """Train on the examples, or go on from the checkpoint, and return the averaged model."""
    torch.manual_seed(settings.seed)
    batches = _plan(examples, settings)
    model = GuardModel(settings.base).to(settings.device)
    average = copy.deepcopy(model)
    heads = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    groups = [
        {"params": model.encoder.parameters(), "lr": settings.rate},
        {"params": heads, "lr": settings.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    total = len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda k: min(1.0, (k + 1) / 60) * max(0.02, 1 - k / total)
    )
    state = {"model": model, "average": average, "optimiser": optimiser, "schedule": schedule}
    step = _resume(state, settings)
    mean, began = 0.0, time.monotonic()
    first = step
    for step in range(first, total):
        loss = _step(model, batches[step], settings)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        _follow(average, model, min(LATEST, (step + 1) / (step + 10)))
        mean = loss if step == first else 0.98 * mean + 0.02 * loss
        if step % 50 == 0:
            pace = (time.monotonic() - began) / (step - first + 1)
            print(f"{step}/{total} loss {mean:.4f} {pace:.2f} s/step", flush=True)
        if (step + 1) % KEEP_EVERY == 0 or step + 1 == total:
            _keep(state, step + 1, settings)
    return average.eval()


def _step(model: GuardModel, batch: list[Item], settings: Settings) -> float:
    model.train()
    rows = [row for item in batch for row in item.rows]
    with torch.autocast(settings.device.split(":")[0], dtype=torch.bfloat16):
        logits = model(*tensors(rows, settings.device)).float()
    scores = logits[:, 1] - logits[:, 0]
    worst = torch.stack([part.max() for part in scores.split([len(i.rows) for i in batch])])
    loss = _loss(worst, batch, settings)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return loss.item()


def _loss(scores: Tensor, batch: list[Item], settings: Settings) -> Tensor:
    labels = torch.tensor([float(item.label) for item in batch], device=scores.device)
    weights = torch.tensor([item.weight for item in batch], device=scores.device)
    smooth = labels * (1 - 2 * settings.smoothing) + settings.smoothing
    each = nn.functional.binary_cross_entropy_with_logits(scores, smooth, reduction="none")
    return (each * weights).sum() / weights.sum()


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, share: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - share)


def _plan(examples: Sequence[Example], settings: Settings) -> list[list[Item]]:
    """All batches of all epochs, in order; a function of the seed alone."""
    task = guard_task(settings.base)
    batches: list[list[Item]] = []
    known: dict[str, tuple[Row, ...]] = {}
    for number in range(settings.epochs):
        rng = random.Random(f"{settings.seed}/{number}")
        items = []
        for example in guard_data.epoch(examples, rng):
            if example.text not in known:
                known[example.text] = _rows(task, example.text)
            rows = known[example.text]
            if len(rows) > MOST_ROWS[example.label]:
                rows = tuple(rng.sample(rows, MOST_ROWS[example.label]))
            items.append(Item(rows, example.label, example.weight))
        batches += _bucketed(items, rng)
    print(f"{len(batches)} batches, {sum(map(len, batches))} examples", flush=True)
    return batches


def _rows(task: GuardTask, text: str) -> tuple[Row, ...]:
    try:
        return task.encode(text).rows
    except RequestTooLarge:
        return task.encode(text[:20000]).rows


def _bucketed(items: list[Item], rng: random.Random) -> list[list[Item]]:
    """Batches of texts of like length, each within the token budget, in random order."""
    batches: list[list[Item]] = []
    jitter = {id(item): rng.uniform(0.95, 1.05) for item in items}
    items = sorted(items, key=lambda i: max(len(r.input_ids) for r in i.rows) * jitter[id(i)])
    current: list[Item] = []
    longest = count = 0
    for item in items:
        length = max(longest, *(len(row.input_ids) for row in item.rows))
        rows = count + len(item.rows)
        if current and (length * rows > BATCH_TOKENS or len(current) >= MOST_EXAMPLES):
            batches.append(current)
            current, length, rows = [], max(len(r.input_ids) for r in item.rows), len(item.rows)
        current.append(item)
        longest, count = length, rows
    batches.append(current)
    rng.shuffle(batches)
    return batches


def _keep(state: dict[str, object], step: int, settings: Settings) -> None:
    settings.out.mkdir(parents=True, exist_ok=True)
    saved = {name: part.state_dict() for name, part in state.items()}  # type: ignore[attr-defined]
    unfinished = settings.out / "checkpoint.tmp"
    torch.save({"step": step, **saved}, unfinished)
    unfinished.replace(settings.out / "checkpoint.pt")


def _resume(state: dict[str, object], settings: Settings) -> int:
    path = settings.out / "checkpoint.pt"
    if not path.exists():
        return 0
    saved = torch.load(path, map_location=settings.device, weights_only=True)
    for name, part in state.items():
        part.load_state_dict(saved[name])  # type: ignore[attr-defined]
    print(f"resumed at step {saved['step']}", flush=True)
    return int(saved["step"])

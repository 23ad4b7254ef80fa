"""Train the guard as it is served: a text is the maximum over its views and windows.

Seeded and resumable: the state after every `KEEP_EVERY` steps lies in `out/checkpoint.pt`,
and the same call goes on from there. The weights that are kept are an exponential moving
average of the trained ones, which generalises better to sources never seen.
"""

from __future__ import annotations

import copy
import math
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from modelserver.errors import RequestTooLarge
from modelserver.training.guard import data
from modelserver.training.guard.model import GuardModel, guard_task, model_of, tensors
from modelserver.training.precision import mixed
from modelserver.training.restore import restored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelserver.tasks.guard.classify import GuardTask
    from modelserver.tasks.types import Row
    from modelserver.training.guard.data import Example

KEEP_EVERY = 100
MOST_ROWS = {0: 1, 1: 2}  # windows of one text in training, by label
BATCH_TOKENS = 1024
MOST_EXAMPLES = 48
LATEST = 0.995  # of the moving average
ATTENTION = "layers.{layer}.{part}"
UNSAVED = frozenset({"types.weight"})  # a constant of the graph, as the base has it


@dataclass(frozen=True, slots=True)
class Settings:
    base: Path
    out: Path
    device: str = "cpu"
    epochs: int = 3
    seed: int = 0
    minutes: float = math.inf
    start: Path | None = None
    rate: float = 1.2e-4
    head_rate: float = 1e-3
    smoothing: float = 0.02
    layers: int = 0  # of the base, from below; 0: all
    frozen: int = 0  # of these, from below
    # Layers as compiled code: a quarter faster on a CPU; needs a C++ compiler.
    compile: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    rows: tuple[Row, ...]
    label: int
    weight: float


def train(examples: Sequence[Example], settings: Settings) -> GuardModel:
    """Train on the examples, or go on from the checkpoint, and return the averaged model."""
    torch.manual_seed(settings.seed)
    state = _begin(settings)
    batches = [] if state.done else _plan(examples, settings)
    first, total = state.step, len(batches)
    mean, before, began = 0.0, state.seconds, time.monotonic()
    while not state.done:
        step = state.step
        # Training ends with its batches or with its time, and the rate falls accordingly.
        progress = max(step / total, state.seconds / 60 / settings.minutes)
        rate = min(1.0, (step + 1) / 60) * max(0.02, 1 - progress)
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        loss = _step(state.model, batches[step], settings)
        state.optimiser.step()
        state.optimiser.zero_grad()
        _follow(state.average, state.model, min(LATEST, (step + 1) / (step + 10)))
        mean = loss if step == first else 0.98 * mean + 0.02 * loss
        state.step += 1
        state.seconds = before + time.monotonic() - began
        state.done = state.step == total or state.seconds > 60 * settings.minutes
        if step % 50 == 0:
            pace = (state.seconds - before) / (state.step - first)
            print(f"{step}/{total} loss {mean:.4f} {pace:.2f} s/step", flush=True)
        if state.step % KEEP_EVERY == 0 or state.done:
            _keep(state, settings)
    return state.average.eval()


@dataclass(slots=True)
class State:
    """What a checkpoint holds."""

    model: GuardModel
    average: GuardModel
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    done: bool = False


def _begin(settings: Settings) -> State:
    """The checkpoint of `out`; else that of the run, or the exported model, to start from."""
    model = model_of(settings.base, settings.layers, settings.frozen).to(settings.device)
    learnt = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    heads = [value for name, value in learnt if name.startswith(("look.", "head."))]
    encoder = [value for name, value in learnt if not name.startswith(("look.", "head."))]
    groups = [
        {"params": encoder, "peak": settings.rate},
        {"params": heads, "peak": settings.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=0.01, fused=True)
    state = State(model, copy.deepcopy(model), optimiser)
    checkpoint = settings.out / "checkpoint.pt"
    start = settings.start
    if checkpoint.exists():
        saved = _load(checkpoint, state, settings)
        optimiser.load_state_dict(saved["optimiser"])
        state.step, state.seconds = saved["step"], saved["seconds"]
        state.done = saved["done"]
    elif start and (start / "checkpoint.pt").exists():
        _load(start / "checkpoint.pt", state, settings)
    elif start:
        weights = restored(start, model.state_dict(), ATTENTION, UNSAVED)
        model.load_state_dict(weights)
        state.average.load_state_dict(weights)
    if settings.compile:
        for layer in model.layers:
            layer.compile(dynamic=True)
    return state


def _load(path: Path, state: State, settings: Settings) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(path, map_location=settings.device, weights_only=True)
    state.average.load_state_dict(saved["average"])
    state.model.load_state_dict(saved["model"])
    print(f"from {path}, step {saved['step']}", flush=True)
    return saved


def _step(model: GuardModel, batch: list[Item], settings: Settings) -> float:
    model.train()
    rows = [row for item in batch for row in item.rows]
    with mixed(settings.device):
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
    pairs = zip(average.parameters(), model.parameters(), strict=True)
    moved = [(mean, value) for mean, value in pairs if value.requires_grad]
    torch._foreach_lerp_([mean for mean, _ in moved], [value for _, value in moved], 1 - share)


def _plan(examples: Sequence[Example], settings: Settings) -> list[list[Item]]:
    """All batches of all epochs, in order; a function of the seed alone."""
    task = guard_task(settings.base)
    batches: list[list[Item]] = []
    known: dict[str, tuple[Row, ...]] = {}
    for number in range(settings.epochs):
        rng = random.Random(f"{settings.seed}/{number}")
        items = []
        for example in data.epoch(examples, rng):
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


def _keep(state: State, settings: Settings) -> None:
    settings.out.mkdir(parents=True, exist_ok=True)
    unfinished = settings.out / "checkpoint.tmp"
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.average.state_dict(),
            "optimiser": state.optimiser.state_dict(),
            "step": state.step,
            "seconds": state.seconds,
            "done": state.done,
        },
        unfinished,
    )
    unfinished.replace(settings.out / "checkpoint.pt")

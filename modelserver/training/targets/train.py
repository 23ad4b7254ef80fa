"""Trains the targets model for a budget of minutes, with checkpoints it resumes from.

The learning rate follows the share of the budget that is used up, so a run on a busy or a
slow machine ends its schedule all the same. The state is in `OUT/checkpoint.pt`, the finished
weights are in `OUT/model.safetensors`, and beside them the curve and the weights best on it.
"""

from __future__ import annotations

import json
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modelserver.tasks.targets.decide import Targets
from modelserver.tasks.targets.layout import Layout, Layouts
from modelserver.tokenization import Tokenizer
from modelserver.training.base.encoder import load_base
from modelserver.training.base.shape import Shape
from modelserver.training.precision import mixed
from modelserver.training.restore import restored
from modelserver.training.targets.data import read, rows
from modelserver.training.targets.evaluate import left_out, quick, score
from modelserver.training.targets.labels import Batch, Labels, collate
from modelserver.training.targets.loss import contrast, losses, total
from modelserver.training.targets.model import TargetsModel
from modelserver.training.targets.run import torch_run
from modelserver.training.targets.sample import Sampler

if TYPE_CHECKING:
    from modelserver.schema import Tool

CHECKPOINT_SECONDS = 300
PRINT_EVERY = 50
WARM_UP = 0.02
NAMELESS = ("markers.", "nearness", "sides.", "types.", "sound.", "gist.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run may change."""

    data: Path
    base: Path
    out: Path
    minutes: float = 90.0
    device: str = "cpu"
    seed: int = 7
    tokens: int = 1536
    rate: float = 2e-4
    head_rate: float = 1e-3
    contrast_every: int = 500
    judge_every: int = 600
    pairs: int = 40
    begin: Path | None = None
    # Lower layers that stay as they are; each saves a tenth of the time of a step.
    frozen: int = 0
    # Layers as compiled code: a quarter faster on a CPU; needs a C++ compiler.
    compile: bool = False


def train(settings: Settings) -> TargetsModel:
    """Train, or go on where the last checkpoint ended."""
    random.seed(settings.seed)
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(settings.device)
    model = TargetsModel(Shape.read(settings.base))
    load_base(model, settings.base / "model.safetensors")
    if settings.begin is not None:
        model.load_state_dict(_weights(settings.begin, model), strict=False)
    model.frozen = settings.frozen
    if settings.compile:
        for layer in model.layers:
            layer.compile(dynamic=True)
    model.to(device).train()
    optimizer = _optimizer(model, settings)
    run = _Run(model, optimizer, settings)
    run.resume()
    tokenizer = Tokenizer.load(settings.base / "tokenizer.json")
    layouts = Layouts(tokenizer)
    corpus = read(settings.data, heldout=False)
    print({name: len(cases) for name, cases in corpus.cases.items()}, flush=True)
    sampler = Sampler(corpus, tokenizer, settings.seed + run.step)
    signal.signal(signal.SIGTERM, lambda *_: run.stop())
    curve = _Curve(model, settings, tokenizer)
    for items in sampler.batches(settings.tokens):
        if run.progress >= 1 or run.stopped:
            break
        run.learn(items)
        curve.judge(run)
        if run.step % settings.contrast_every == 0:
            pairs = [sampler.pair() for _ in range(settings.pairs)]
            texts = [Labels(Layout(layouts.conversation_alone(m), (), ())) for m, _, _ in pairs]
            tools = [pair[1] for pair in pairs] + [pair[2] for pair in pairs]
            alone = [Labels(Layout(layouts.tool_alone(tool), (), ())) for tool in tools]
            run.learn_pairs(collate(texts), collate(alone), [_text(tool) for tool in tools])
    run.save()
    if run.stopped:
        raise SystemExit("Stopped; the same command goes on from the checkpoint.")
    curve.judge(run, now=True)
    save_file(model.state_dict(), settings.out / "model.safetensors")
    return model


class _Run:
    """The state of training: step, seconds used, running averages."""

    def __init__(
        self, model: TargetsModel, optimizer: torch.optim.Optimizer, settings: Settings
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._settings = settings
        self._device = torch.device(settings.device)
        self._path = settings.out / "checkpoint.pt"
        self._begun = self._saved = time.monotonic()
        self._before = 0.0
        self._averages: dict[str, float] = {}
        self.step = 0
        self.rows = 0
        self.stopped = False

    @property
    def progress(self) -> float:
        """The share of the budget that is used up."""
        return (self._before + time.monotonic() - self._begun) / (self._settings.minutes * 60)

    def pause(self, seconds: float) -> None:
        """Leave time spent otherwise out of the budget."""
        self._begun += seconds

    def stop(self) -> None:
        """End after the step that is under way, with a checkpoint."""
        self.stopped = True

    def learn(self, items: list[Labels]) -> None:
        """One step on labelled rows."""
        batch = collate(items).to(self._device)
        with mixed(self._settings.device):
            parts = losses(self._model, batch)
        self._apply(total(parts), {name: float(value.detach()) for name, value in parts.items()})
        self.rows += len(items)
        if self.step % PRINT_EVERY == 0:
            shown = " ".join(f"{k} {v:.3f}" for k, v in sorted(self._averages.items()))
            print(f"{self.step} {self.progress:.3f} rows {self.rows} {shown}", flush=True)
        if time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self.save()

    def learn_pairs(self, texts: Batch, tools: Batch, names: list[str]) -> None:
        """One step on conversations and tools, the wanted ones first."""
        count = len(texts.ids)
        same = torch.tensor(
            [[names[i] == b and i != j for j, b in enumerate(names)] for i in range(count)]
        )
        with mixed(self._settings.device):
            loss = contrast(
                self._model, texts.to(self._device), tools.to(self._device), same.to(self._device)
            )
        self._apply(loss, {"contrast": float(loss.detach())})

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        partial = self._path.with_suffix(".partial")
        state = {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step, "rows": self.rows,
            "seconds": self._before + time.monotonic() - self._begun,
        }  # fmt: skip
        torch.save(state, partial)
        partial.replace(self._path)
        self._saved = time.monotonic()

    def resume(self) -> None:
        """Take up the checkpoint, if there is one."""
        if not self._path.exists():
            return
        state = torch.load(self._path, map_location=self._device, weights_only=True)
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        tops = (self._settings.rate, self._settings.head_rate)
        for group, top in zip(self._optimizer.param_groups, tops, strict=True):
            group["top"] = top
        self.step, self.rows, self._before = state["step"], state["rows"], state["seconds"]

    def _apply(self, loss: Tensor, parts: dict[str, float]) -> None:
        progress = self.progress
        factor = min(1.0, progress / WARM_UP, max(0.02, 1.02 - progress))
        for group in self._optimizer.param_groups:
            group["lr"] = group["top"] * factor
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        for name, value in parts.items():
            old = self._averages.get(name, value)
            self._averages[name] = 0.98 * old + 0.02 * value


class _Curve:
    """Figures on left-out data as training goes on; the best weights are kept."""

    def __init__(self, model: TargetsModel, settings: Settings, tokenizer: Tokenizer) -> None:
        self._model = model
        self._settings = settings
        self._targets = Targets(tokenizer)
        self._held = left_out(settings.data)
        self._path = settings.out / "curve.jsonl"
        self._last = time.monotonic()
        before = rows(self._path) if self._path.exists() else ()
        self._best = max((row["score"] for row in before), default=0.0)

    def judge(self, run: _Run, *, now: bool = False) -> None:
        """Add a point when it is time."""
        if not now and time.monotonic() - self._last < self._settings.judge_every:
            return
        begun = time.monotonic()
        run_model = torch_run(self._model, self._settings.device)
        table = quick(run_model, self._held, self._targets)
        self._model.train()
        point = {"rows": run.rows, "progress": round(run.progress, 3), "score": score(table)}
        point |= {name: round(table.share(name), 4) for name in table.rows if _is_shown(name)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(point) + "\n")
        print(json.dumps(point), flush=True)
        if point["score"] > self._best:
            self._best = point["score"]
            save_file(self._model.state_dict(), self._settings.out / "best.safetensors")
        self._last = time.monotonic()
        run.pause(self._last - begun)


def _is_shown(name: str) -> bool:
    return name.endswith((": intent", ": values", ": whole calls", ": right", "POST", "targets",
                          "noticed", "rejected"))  # fmt: skip


def _weights(place: Path, model: TargetsModel) -> dict[str, Tensor]:
    """The weights of a safetensors file or of an exported model.

    Some numbers have no name of their own in a graph, and graphs of earlier versions had no
    second look: those stay as the base left them.
    """
    if place.is_file():
        return load_file(place)
    state = model.state_dict()
    state["markers.weight"] = torch.zeros_like(state["markers.weight"])
    fresh = frozenset(name for name in state if name.startswith(NAMELESS))
    return restored(place, state, "layers.{layer}.{part}", fresh)


def _text(tool: Tool) -> str:
    return f"{tool.name}: {tool.description}"


def _optimizer(model: TargetsModel, settings: Settings) -> torch.optim.Optimizer:
    encoder: list[Tensor] = []
    heads: list[Tensor] = []
    still = tuple(f"layers.{number}." for number in range(model.frozen))
    if model.frozen:
        still += ("positions", "types", "norm.")
    for name, weights in model.named_parameters():
        if weights.requires_grad and not name.startswith(still or "\n"):
            inner = name.startswith(("positions", "types", "norm.", "layers", "near_"))
            (encoder if inner else heads).append(weights)
    groups = [
        {"params": encoder, "lr": settings.rate, "top": settings.rate},
        {"params": heads, "lr": settings.head_rate, "top": settings.head_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)

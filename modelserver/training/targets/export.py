"""Export the targets model: write ONNX, fuse, quantise, calibrate, check what it cost.

A model that reads parts apart becomes two graphs: `lower.onnx` reads one part of a row by itself
(a tool, or the talk), `upper.onnx` all parts joined. Any other becomes `model.onnx`. Thresholds
are chosen on left-out data with the exported graphs themselves, since quantisation moves scores a
little. Beside the graphs lie tokenizer.json and config.json.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from modelserver.training.base.encoder import HEADS, WIDTH
from modelserver.training.base.fused import FusedLayer, trace
from modelserver.training.quantise import quantise
from modelserver.training.targets.calibrate import (
    calibrate,
    choose_second_look,
    right,
    sample,
)  # fmt: skip
from modelserver.training.targets.model import LAST_USER, TargetsModel
from modelserver.training.targets.run import NAMES, onnx_run, torch_run

if TYPE_CHECKING:
    from modelserver.tasks.targets import functions, intent, second_look

LARGEST = 70_000_000
MOST_LOST = 0.005
TRACED = 24


def export(model: TargetsModel, base: Path, data: Path, out: Path) -> None:
    """Write the folder the server loads; refuse graphs that are too large or lost too much."""
    out.mkdir(parents=True, exist_ok=True)
    write_graphs(model, out)
    tokenizer = out / "tokenizer.json"
    shutil.copy(base / "tokenizer.json", tokenizer)
    after = sample(onnx_run(out), data, tokenizer)
    intents, values = calibrate(after)
    second = None
    if chosen := choose_second_look(onnx_run(out), tokenizer, data, intents, values):
        second, confirm = chosen
        values = dataclasses.replace(values, confirm_below=confirm)
    write_config(out, intents, values, second)
    before = sample(torch_run(model), data, tokenizer)
    shares = [right(seen, intents, values) for seen in (before, after)]
    print(f"float {shares[0]:.4f}, int8 {shares[1]:.4f} right", flush=True)
    if shares[0] - shares[1] > MOST_LOST:
        raise SystemExit(f"int8 loses more than {100 * MOST_LOST} points")


def write_graphs(model: TargetsModel, out: Path) -> None:
    """The graphs, fused and quantised."""
    apart = {"lower": _write_lower, "upper": _write_upper}
    sizes = 0
    for name, write in (apart if model.shape.apart else {"model": _write_whole}).items():
        plain, small = out / f"{name}.float.onnx", out / f"{name}.onnx"
        write(model, plain)
        quantise(plain, small, heads=HEADS, hidden=WIDTH, layers="/layers")
        plain.unlink()
        sizes += small.stat().st_size
    if sizes > LARGEST:
        message = f"{out} has {sizes} bytes of graphs, more than the {LARGEST} that may be shipped"
        raise ValueError(message)


def write_config(
    out: Path, intents: intent.Settings, values: functions.Settings,
    second: second_look.Settings | None,
) -> None:  # fmt: skip
    """The calibrated settings, as `Targets.load` reads them: without a second look, none of it."""
    config = {"intent": dataclasses.asdict(intents), "functions": dataclasses.asdict(values)}
    if second:
        config["second_look"] = dataclasses.asdict(second)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _write_lower(model: TargetsModel, path: Path) -> None:
    ids = torch.randint(1000, 2000, (2, TRACED))
    rows = {0: "rows", 1: "tokens"}
    axes = {"input_ids": rows, "attention_mask": rows, "hidden": rows, "embedding": {0: "rows"}}
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    trace(_Lower(model), inputs, ("hidden", "embedding"), axes, path)


def _write_whole(model: TargetsModel, path: Path) -> None:
    inputs = _row()
    rows = {0: "rows", 1: "tokens"}
    axes = dict.fromkeys(inputs, rows) | _answer_axes() | {"embedding": {0: "rows"}}
    trace(_Whole(model), inputs, NAMES, axes, path)


def _row() -> dict[str, Tensor]:
    """A row to trace with."""
    ids = torch.randint(1000, 2000, (2, TRACED))
    types = torch.zeros_like(ids)
    types[:, 16:] = 1
    ids[:, 17] = LAST_USER
    return {
        "input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": types,
        "markers": torch.tensor([[1, 5, 9], [1, 4, 0]]),
    }  # fmt: skip


def _answer_axes() -> dict[str, dict[int, str]]:
    marked = {0: "rows", 1: "markers"}
    axes = {"markers": marked, "scores": marked, "none": {0: "rows"}}
    return axes | {key: {**marked, 2: "tokens"} for key in ("starts", "ends")}


def _write_upper(model: TargetsModel, path: Path) -> None:
    inputs = {"lower": torch.randn(2, TRACED, WIDTH), **_row()}
    rows = {0: "rows", 1: "tokens"}
    axes = dict.fromkeys(inputs, rows) | _answer_axes()
    trace(_Upper(model), inputs, NAMES[:4], axes, path)


class _Fused(TargetsModel):
    """The trained model with fused layers; attention gets its mask as ones and zeros."""

    def __init__(self, model: TargetsModel) -> None:
        super().__init__(model.shape)
        self.load_state_dict(model.state_dict())
        self.layers = nn.ModuleList(FusedLayer(layer) for layer in self.layers)


class _Whole(_Fused):
    """A model in one graph."""

    def mask(self, attention: Tensor) -> Tensor:
        return attention.to(torch.int32)


class _Lower(_Fused):
    """What reads one part by itself."""

    def forward(self, ids: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        place = torch.arange(ids.shape[1])[None]
        hidden = self.lower(ids, place, attention.to(torch.int32))
        return hidden, self.summary(hidden, attention)


class _Upper(_Fused):
    """What reads all parts joined."""

    def forward(  # type: ignore[override]
        self, lower: Tensor, ids: Tensor, attention: Tensor, types: Tensor, markers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        hidden = self.upper(lower, ids, types, attention.to(torch.int32))
        return self.answers(hidden, ids, attention, types, markers)

"""Export the targets model: write ONNX, fuse, quantise, calibrate, check what it cost.

Thresholds are chosen on left-out data with the exported graph itself, since quantisation
moves scores a little. The result is a folder: model.onnx, tokenizer.json, config.json.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from modelserver.tasks.types import Row
from modelserver.training.quantise import quantise
from modelserver.training.targets.calibrate import calibrate, right, sample
from modelserver.training.targets.model import HEADS, NEVER, WIDTH, Layer, TargetsModel
from modelserver.training.targets.run import NAMES, onnx_run

if TYPE_CHECKING:
    from modelserver.tasks.targets import functions, intent

LARGEST = 30_000_000
MOST_LOST = 0.005
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "markers")


def export(model: TargetsModel, base: Path, data: Path, out: Path) -> None:
    """Write the folder the server loads; refuse a graph that is too large or lost too much."""
    out.mkdir(parents=True, exist_ok=True)
    write_graphs(model, out)
    tokenizer = out / "tokenizer.json"
    shutil.copy(base / "tokenizer.json", tokenizer)
    after = sample(onnx_run(out / "model.onnx"), data, tokenizer)
    intents, values = calibrate(after)
    write_config(out, intents, values)
    before = sample(onnx_run(out / "float.onnx", threads=0), data, tokenizer)
    shares = [right(seen, intents, values) for seen in (before, after)]
    print(f"float {shares[0]:.4f}, int8 {shares[1]:.4f} right", flush=True)
    if shares[0] - shares[1] > MOST_LOST:
        raise SystemExit(f"int8 loses more than {100 * MOST_LOST} points")


def write_graphs(model: TargetsModel, out: Path) -> None:
    """`float.onnx` and, fused and quantised, `model.onnx`."""
    plain, small = out / "float.onnx", out / "model.onnx"
    write_float(model, plain)
    quantise(plain, small, heads=HEADS, hidden=WIDTH)
    size = small.stat().st_size
    if size > LARGEST:
        message = f"{small} has {size} bytes, more than the {LARGEST} that may be shipped"
        raise ValueError(message)


def write_config(out: Path, intents: intent.Settings, values: functions.Settings) -> None:
    """The calibrated settings, as `Targets.load` reads them."""
    config = {"intent": dataclasses.asdict(intents), "functions": dataclasses.asdict(values)}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write_float(model: TargetsModel, path: Path) -> None:
    """Trace the model; the marker tokens' own vectors move into the word embeddings."""
    model = _merged(model)
    ids = torch.randint(1000, 2000, (2, 24))
    types = torch.zeros_like(ids)
    types[:, 16:] = 1
    ids[:, 17] = 9
    markers = torch.tensor([[1, 5, 9], [1, 4, 0]])
    both = {0: "rows", 1: "tokens"}
    marked = {0: "rows", 1: "markers"}
    axes = dict.fromkeys(INPUTS[:3], both) | {"markers": marked, "scores": marked}
    axes |= {key: {**marked, 2: "tokens"} for key in ("starts", "ends")}
    axes |= {"none": {0: "rows"}, "embedding": {0: "rows"}}
    with torch.no_grad():
        torch.onnx.export(
            model, (ids, torch.ones_like(ids), types, markers), str(path), opset_version=17,
            input_names=list(INPUTS), output_names=list(NAMES), dynamic_axes=axes, dynamo=False,
            custom_opsets={"com.microsoft": 1},
        )  # fmt: skip


def latency(path: Path, tokens: int, threads: int, rows: int = 1, markers: int = 20) -> float:
    """Median milliseconds of a pass."""
    run = onnx_run(path, threads)
    batch = [
        Row((2,) * tokens, (0,) * (tokens // 2) + (1,) * (tokens - tokens // 2),
            tuple(range(1, 1 + markers)))
    ] * rows  # fmt: skip
    times = []
    for _ in range(25):
        begun = time.perf_counter()
        run(batch)
        times.append(time.perf_counter() - begun)
    return float(np.median(times[5:]) * 1000)


class _Attention(torch.autograd.Function):
    """Attention as the one node that onnxruntime has for it.

    Tracing the plain form leaves the optimiser a pattern it does not recognise.
    """

    @staticmethod
    def symbolic(graph: Any, hidden: Any, weight: Any, bias: Any, mask: Any) -> Any:
        """The node; its quantised twin is chosen when the weights are quantised."""
        result = graph.op("com.microsoft::Attention", hidden, weight, bias, mask, num_heads_i=HEADS)
        result.setType(hidden.type())
        return result

    @staticmethod
    def forward(_: Any, hidden: Tensor, weight: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        """The same in torch, for the tracer."""
        query, key, value = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in (hidden @ weight + bias).chunk(3, -1)
        )
        barrier = (1.0 - mask[:, None, None, :].float()) * NEVER
        scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + barrier
        mixed: Tensor = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        return mixed


class _FusedLayer(nn.Module):
    """A layer whose attention is one node, with the weights of a trained layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        parts = (layer.query, layer.key, layer.value)
        self.weight = nn.Parameter(torch.cat([part.weight.T for part in parts], 1).contiguous())
        self.bias = nn.Parameter(torch.cat([part.bias for part in parts]))
        self.rest = layer

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        mixed = _Attention.apply(hidden, self.weight, self.bias, mask)
        return self.rest.finish(hidden, mixed)


class _FusedModel(TargetsModel):
    """The model as it is exported."""

    def mask(self, attention: Tensor) -> Tensor:
        return attention.to(torch.int32)


def _merged(model: TargetsModel) -> TargetsModel:
    merged = _FusedModel()
    merged.load_state_dict(model.state_dict())
    merged.layers = nn.ModuleList(_FusedLayer(layer) for layer in merged.layers)
    count = merged.markers.num_embeddings
    with torch.no_grad():
        merged.words.weight[:count] += merged.markers.weight
    merged.merged = True
    return merged.eval()

"""Weights to train on from, taken back out of an exported graph.

Checkpoints stay on the machine that trained; the graph is what is shipped. Its int8 weights
are within half a percent of the trained ones, which a few hundred steps mend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from modelserver.training.targets_model import LAYERS, TargetsModel

if TYPE_CHECKING:
    from pathlib import Path

EMBEDDINGS = ("words", "positions", "types")
Arrays = dict[str, np.ndarray[Any, Any]]


def restored(folder: Path) -> dict[str, Tensor]:
    """The state of the `TargetsModel` that was exported to `folder`.

    The marker tokens' own vectors have moved into the word embeddings: theirs are zero here.
    The three numbers of `nearness` start anew, since tracing leaves them without a name.
    """
    graph = onnx.load(folder / "model.onnx").graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found = _plain(arrays)
    for name in EMBEDDINGS:
        found[f"{name}.weight"] = _real(arrays, f"{name}.weight")
    for number in range(LAYERS):
        parts = np.split(_real(arrays, f"layers.{number}.weight"), 3, axis=1)
        shifts = np.split(arrays[f"layers.{number}.bias"], 3)
        for part, weight, shift in zip(("query", "key", "value"), parts, shifts, strict=True):
            found[f"layers.{number}.{part}.weight"] = weight.T
            found[f"layers.{number}.{part}.bias"] = shift
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            weight = _real(arrays, node.input[1].removesuffix("_quantized"))
            found[f"{_owner(node.name)}.weight"] = weight.T
    model = TargetsModel()
    state = model.state_dict()
    state["markers.weight"] = torch.zeros_like(state["markers.weight"])
    state |= {name: torch.tensor(value) for name, value in found.items()}
    model.load_state_dict(state)  # Refuses what is missing, strange or of another shape.
    return state


def _plain(arrays: Arrays) -> Arrays:
    """Biases and normalisation, which were exported as they are."""
    layers = {name.replace(".rest.", "."): value for name, value in arrays.items()}
    own = TargetsModel().state_dict()
    return {name: value for name, value in layers.items() if name in own}


def _real(arrays: Arrays, name: str) -> np.ndarray[Any, Any]:
    """A quantised weight as real numbers."""
    whole = arrays[f"{name}_quantized"].astype(np.float32)
    return (whole - arrays[f"{name}_zero_point"]) * arrays[f"{name}_scale"]


def _owner(node: str) -> str:
    """`/layers.0/mix/MatMul_quant` is of `layers.0.mix`, `/tool/tool.2/…` of `tool.2`."""
    *above, last = node.strip("/").split("/")[:-1]
    return (
        last if last.startswith(tuple(f"{name}." for name in above)) else ".".join((*above, last))
    )

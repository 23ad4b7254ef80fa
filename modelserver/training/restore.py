"""Weights to train on from, taken back out of an exported graph.

Checkpoints stay on the machine that trained; the graph is what is shipped. Its int8 weights
are within half a percent of the trained ones, which a few hundred steps mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from modelserver.engine.registry import graphs

if TYPE_CHECKING:
    from pathlib import Path

Arrays = dict[str, np.ndarray[Any, Any]]


def restored(
    folder: Path, state: Mapping[str, Tensor], attention: str, fresh: frozenset[str] = frozenset()
) -> dict[str, Tensor]:
    """`state` with the weights of the model that was exported to `folder`.

    `attention` names the parts of a layer that the export fused: `{layer}` and `{part}` stand
    for its number and for query, key, value. Names in `fresh` may be missing in the graphs; they
    stay as they are in `state`.
    """
    found: Arrays = {}
    layers = 0
    for name in graphs(folder):
        graph = onnx.load(folder / name).graph
        found |= _found(graph, attention, layers)
        layers += sum(node.op_type == "QAttention" for node in graph.node)
    missing = [name for name in state if name not in found and name not in fresh]
    if missing:
        message = f"{folder} is no export of this model: it lacks {', '.join(sorted(missing))}"
        raise ValueError(message)
    return {
        name: torch.tensor(found[name]).to(value) if name in found else value
        for name, value in state.items()
    }


def _found(graph: Any, attention: str, first: int) -> Arrays:
    """The weights of one graph by their names in the model; its layers count from `first`."""
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found = {name.replace(".rest.", "."): array for name, array in arrays.items()}
    whole = [name.removesuffix("_quantized") for name in arrays if name.endswith("_quantized")]
    found |= {name: _real(arrays, name) for name in whole}
    layers = [node for node in graph.node if node.op_type == "QAttention"]
    for number, node in enumerate(layers, first):
        weights = np.split(_real(arrays, node.input[1].removesuffix("_quantized")), 3, axis=1)
        shifts = np.split(arrays[node.input[2]], 3)
        for part, weight, shift in zip(("query", "key", "value"), weights, shifts, strict=True):
            name = attention.format(layer=number, part=part)
            found |= {f"{name}.weight": weight.T, f"{name}.bias": shift}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            weight = _real(arrays, node.input[1].removesuffix("_quantized"))
            found[f"{_owner(node.name)}.weight"] = weight.T
        elif node.op_type == "MatMul" and node.input[1] in arrays:
            found[f"{_owner(node.name)}.weight"] = arrays[node.input[1]].T
    return found


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

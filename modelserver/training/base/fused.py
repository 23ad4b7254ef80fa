"""Layers as the exporter traces them: attention as one node, which onnxruntime can quantise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from modelserver.training.base.encoder import HEADS, NEVER, WIDTH, Layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def trace(
    graph: nn.Module, inputs: dict[str, Tensor], outputs: Sequence[str],
    axes: dict[str, dict[int, str]], path: Path,
) -> None:  # fmt: skip
    """Write the graph of a module; `axes` names what varies."""
    with torch.no_grad():
        torch.onnx.export(
            graph.eval(), tuple(inputs.values()), str(path), opset_version=17,
            input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes,
            dynamo=False, custom_opsets={"com.microsoft": 1},
        )  # fmt: skip


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


class FusedLayer(nn.Module):
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

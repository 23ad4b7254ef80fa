"""The guard's network: an encoder, a learnt pooling over its tokens, two logits."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from modelserver.tasks.guard.classify import GuardTask
from modelserver.training.base.encoder import WIDTH, Encoder, load_base
from modelserver.training.base.shape import Shape
from modelserver.training.guard.tokenizer import tokenizer_of

if TYPE_CHECKING:
    from pathlib import Path

    from modelserver.tasks.types import Row

CONFIG = {
    "model_type": "bert",
    "id2label": {"0": "benign", "1": "attack"},
    "label2id": {"benign": 0, "attack": 1},
    "max_position_embeddings": 512,
    "window": 256,
    "overlap": 64,
    "threshold": 0.5,
}


class GuardModel(Encoder):
    """Pooling starts as the mean, as the encoder was trained, and learns where to look."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        # One of its rows is used, for every token: positions can learn whatever it could.
        self.types.requires_grad_(False)
        self.look = nn.Linear(WIDTH, 1, bias=False)
        nn.init.zeros_(self.look.weight)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        place = torch.arange(input_ids.shape[1], device=input_ids.device)[None]
        words = self.words(input_ids) + self.positions(place) + self.types.weight[0]
        hidden = self.norm(words)
        mask = self.mask(attention_mask)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        look = self.look(hidden)[..., 0].masked_fill(attention_mask == 0, -1e4)
        pooled = (hidden * look.softmax(dim=1)[..., None]).sum(dim=1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def model_of(base: Path, layers: int = 0, frozen: int = 0) -> GuardModel:
    """A guard on the base's lower `layers`, or on all of them; the lowest `frozen` stay as they are.

    Down there languages are brought together, which attacks in few of them could only undo; and
    what does not learn costs a third.
    """
    shape = Shape.read(base)
    if layers:
        shape = dataclasses.replace(shape, layers=layers)
    model = GuardModel(shape)
    load_base(model, base / "model.safetensors")
    if frozen:
        for part in (model.positions, model.types, model.norm, *model.layers[:frozen]):
            part.requires_grad_(False)
    return model


def guard_task(base: Path) -> GuardTask:
    return GuardTask.from_config(tokenizer_of(base), CONFIG)


def tensors(rows: list[Row], device: str) -> tuple[Tensor, Tensor]:
    """Rows as one padded batch: ids and mask."""
    longest = max(len(row.input_ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row.input_ids)] = torch.tensor(row.input_ids)
        mask[index, : len(row.input_ids)] = 1
    return ids.to(device), mask.to(device)

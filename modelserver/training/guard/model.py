"""The guard's network: an encoder, a learnt pooling over its tokens, two logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel

from modelserver.tasks.guard.classify import GuardTask

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


class GuardModel(nn.Module):
    """Pooling starts as the mean, as the encoder was trained, and learns where to look."""

    def __init__(self, base: Path) -> None:
        super().__init__()
        # Eager attention is the form the export's optimiser knows, and trains a fifth faster on a
        # CPU than the fused kernel.
        self.encoder = AutoModel.from_pretrained(
            base, add_pooling_layer=False, attn_implementation="eager"
        )
        size = self.encoder.config.hidden_size
        self.look = nn.Linear(size, 1, bias=False)
        nn.init.zeros_(self.look.weight)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(size, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        look = self.look(hidden)[..., 0].masked_fill(attention_mask == 0, -1e4)
        pooled = (hidden * look.softmax(dim=1)[..., None]).sum(dim=1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def guard_task(base: Path) -> GuardTask:
    return GuardTask.from_config(Tokenizer.from_file(str(base / "tokenizer.json")), CONFIG)


def tensors(rows: list[Row], device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Rows as one padded batch: ids, mask, segment ids."""
    longest = max(len(row.input_ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row.input_ids)] = torch.tensor(row.input_ids)
        mask[index, : len(row.input_ids)] = 1
    return ids.to(device), mask.to(device), torch.zeros_like(ids).to(device)

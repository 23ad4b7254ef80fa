"""The BERT encoder that both models are built on, and how a base fills it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import load_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from pathlib import Path

    from modelserver.training.base.shape import Shape

WIDTH = 384
HEADS = 12
NEVER = -30000.0


class Layer(nn.Module):
    """A BERT layer: attention, then a feed-forward net, each added and normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)
        self.norm_attention = nn.LayerNorm(WIDTH, eps=1e-12)
        self.norm_output = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            part(hidden).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        # Written out: on a CPU the fused kernel's backward pass is several times slower.
        scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + mask
        mixed = scores.softmax(-1) @ value
        return self.finish(hidden, mixed.transpose(1, 2).flatten(2))

    def finish(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        """The layer's output, from its input and what attention mixed."""
        hidden = self.norm_attention(hidden + self.mix(mixed))
        inner = nn.functional.gelu(self.up(hidden))
        return self.norm_output(hidden + self.down(inner))


class Encoder(nn.Module):
    """Embeddings and layers; a model adds its heads and the order in which they are run."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.pieces, WIDTH)
        self.positions = nn.Embedding(512, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(shape.layers))
        # The words stay as they were: a dense gradient over all of them costs more than it
        # teaches.
        self.words.weight.requires_grad_(False)

    def mask(self, attention: Tensor) -> Tensor:
        """What the layers add to attention scores: nothing, or next to minus infinity."""
        return (1.0 - attention[:, None, None, :].float()) * NEVER


def load_base(model: Encoder, path: Path) -> None:
    """Fill the encoder from the base model's safetensors file."""
    base = load_file(path)
    base = {name.removeprefix("bert."): value for name, value in base.items()}
    state = model.state_dict()
    for ours, theirs in _base_names(model.shape.layers).items():
        for kind in ("weight", "bias"):
            if f"{theirs}.{kind}" in base:
                state[f"{ours}.{kind}"].copy_(base[f"{theirs}.{kind}"])
    model.load_state_dict(state)


def _base_names(layers: int) -> dict[str, str]:
    names = {
        "words": "embeddings.word_embeddings",
        "positions": "embeddings.position_embeddings",
        "types": "embeddings.token_type_embeddings",
        "norm": "embeddings.LayerNorm",
    }
    parts = {
        "query": "attention.self.query", "key": "attention.self.key",
        "value": "attention.self.value", "mix": "attention.output.dense",
        "norm_attention": "attention.output.LayerNorm", "up": "intermediate.dense",
        "down": "output.dense", "norm_output": "output.LayerNorm",
    }  # fmt: skip
    for number in range(layers):
        for ours, theirs in parts.items():
            names[f"layers.{number}.{ours}"] = f"encoder.layer.{number}.{theirs}"
    return names

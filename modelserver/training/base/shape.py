"""The sizes of an encoder, and the ids of the pieces that no text produces."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

# In a pruned vocabulary; the markers have the ids that BERT's vocabulary gives them.
MARKERS = 15
CLS, SEP, UNKNOWN = MARKERS + 1, MARKERS + 2, MARKERS + 3
SPECIAL = ("[PAD]", *(f"[unused{k}]" for k in range(MARKERS)), "[CLS]", "[SEP]", "[UNK]")


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder, and how many lower layers keep tools and talk apart."""

    layers: int = 6
    pieces: int = 30522
    apart: int = 0
    width: int = 384
    heads: int = 12

    @classmethod
    def read(cls, folder: Path) -> Shape:
        """The shape of a base or of a model; MiniLM's where none is written."""
        path = folder / "shape.json"
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else cls()

    def write(self, folder: Path) -> None:
        """Write it beside the weights."""
        (folder / "shape.json").write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

"""The onnxruntime backend: padding in, each row's own part out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modelserver.engine.backend import OnnxBackend
from modelserver.tasks.types import Row
from tests.unit.modelserver.tiny import write_guard, write_targets

if TYPE_CHECKING:
    from pathlib import Path


def row(tokens: int, markers: int = 0, first: int = 1) -> Row:
    return Row(tuple(range(first, first + tokens)), (0,) * tokens, tuple(range(markers)))


def test_outputs_are_cut_to_the_row(tmp_path: Path) -> None:
    """Rows of different lengths share a batch and get their own tokens and markers back."""
    backend = OnnxBackend(write_targets(tmp_path) / "model.onnx")
    short, long = backend.run([row(3, 1), row(9, 4)])
    assert short["starts"].shape == (1, 3)
    assert long["starts"].shape == (4, 9)
    assert (short["scores"].shape, long["scores"].shape) == ((1, 6), (4, 6))
    assert short["none"].shape == ()


def test_a_row_answers_the_same_alone_and_in_company(tmp_path: Path) -> None:
    """Padding and company change nothing of a row's outputs."""
    backend = OnnxBackend(write_targets(tmp_path) / "model.onnx")
    rows = [row(5, 2, 4), row(11, 5, 2), row(2, 1, 7)]
    together = backend.run(rows)
    for one, output in zip(rows, together, strict=True):
        alone = backend.run([one])[0]
        for name, values in alone.items():
            np.testing.assert_allclose(output[name], values)


def test_a_graph_without_token_types_is_fed_none(tmp_path: Path) -> None:
    """Encoders such as DeBERTa exports take two inputs, and that is what they get."""
    backend = OnnxBackend(write_guard(tmp_path, token_types=False) / "model.onnx")
    assert backend.inputs == {"input_ids", "attention_mask"}
    assert backend.run([row(4)])[0]["logits"].shape == (2,)


def test_a_row_without_markers_is_legal(tmp_path: Path) -> None:
    """A row with nothing to mark comes back with empty marker axes."""
    backend = OnnxBackend(write_targets(tmp_path) / "model.onnx")
    assert backend.run([row(4)])[0]["starts"].shape == (0, 4)

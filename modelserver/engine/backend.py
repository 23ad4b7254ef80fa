"""The backend: rows in, outputs out, by onnxruntime on the CPU.

A backend knows tensors and nothing of tasks. It pads rows to a batch, feeds the inputs the
graph declares (some encoders have no token types), and cuts each output back to the row's
own tokens and markers. Which axis of an output is which is found by running one probe of
odd lengths, not by trusting the names an exporter gave; the probe warms the session too.

Sessions are set for a shared machine and little memory. One thread each: on two cores a row
of 64 tokens takes as long with two, and the other model wants the second core. No spinning,
since threads that spin while they wait take the processor from whoever has work. onnxruntime's
arena stays on: without it every pass maps its memory anew, which doubled the time of long
rows, and with rows run one by one it keeps some 20 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnxruntime as ort

from modelserver.errors import ModelUnavailable
from modelserver.tasks.types import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from modelserver.tasks.types import Output

# Lengths of the probe: unlike any fixed axis of a model (384 dimensions, 6 scores, 2 labels).
PROBE_TOKENS = 37
PROBE_MARKERS = 11

_TOKEN_AXIS, _MARKER_AXIS, _FIXED_AXIS = "tokens", "markers", "fixed"


class Backend(Protocol):
    """Runs a batch of rows; called from a thread of its own, never from the event loop."""

    def run(self, rows: Sequence[Row]) -> Sequence[Output]: ...


class Session:
    """One ONNX graph: tensors in, tensors out, every number finite."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = ort.InferenceSession(
            str(path), _options(threads), providers=["CPUExecutionProvider"]
        )
        self.inputs = frozenset(node.name for node in self._session.get_inputs())
        self._widths = {node.name: node.shape[-1] for node in self._session.get_outputs()}

    def width(self, output: str) -> int:
        """The size of an output's last axis, where the graph fixes it."""
        return int(self._widths[output])

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """The outputs by name."""
        outputs = dict(zip(self._widths, self._session.run(list(self._widths), feeds), strict=True))
        for name, values in outputs.items():
            if not np.isfinite(values).all():
                raise ModelUnavailable(f"the model's output {name!r} is not a finite number")
        return outputs


class OnnxBackend:
    """One ONNX graph in one session."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._session = Session(path, threads=threads)
        self._axes = self._probe()

    @property
    def inputs(self) -> frozenset[str]:
        """The names of the tensors the graph takes."""
        return self._session.inputs

    def run(self, rows: Sequence[Row]) -> Sequence[Output]:
        """One output for each row, in order, without padding."""
        outputs = self._session.run(self._feeds(rows))
        return [
            {name: _cut(values[index], self._axes[name], row) for name, values in outputs.items()}
            for index, row in enumerate(rows)
        ]

    def _feeds(self, rows: Sequence[Row]) -> Mapping[str, NDArray[np.int64]]:
        tokens = max(len(row.input_ids) for row in rows)
        markers = max(1, *(len(row.markers) for row in rows))
        feeds = {
            "input_ids": _padded([row.input_ids for row in rows], tokens),
            "token_type_ids": _padded([row.token_type_ids for row in rows], tokens),
            "attention_mask": _padded([(1,) * len(row.input_ids) for row in rows], tokens),
            "markers": _padded([row.markers for row in rows], markers),
        }
        return {name: values for name, values in feeds.items() if name in self.inputs}

    def _probe(self) -> Mapping[str, tuple[str, ...]]:
        """What each axis of each output (after the row's) stands for."""
        row = Row((1,) * PROBE_TOKENS, (0,) * PROBE_TOKENS, tuple(range(PROBE_MARKERS)))
        outputs = self._session.run(self._feeds([row]))
        meaning = {PROBE_TOKENS: _TOKEN_AXIS, PROBE_MARKERS: _MARKER_AXIS}
        return {
            name: tuple(meaning.get(size, _FIXED_AXIS) for size in values.shape[1:])
            for name, values in outputs.items()
        }


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.enable_mem_pattern = False  # made for one shape; ours vary
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _padded(rows: Sequence[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    batch = np.zeros((len(rows), width), dtype=np.int64)
    for index, row in enumerate(rows):
        batch[index, : len(row)] = row
    return batch


def _cut(values: NDArray[np.float32], axes: tuple[str, ...], row: Row) -> NDArray[np.float32]:
    own = {_TOKEN_AXIS: len(row.input_ids), _MARKER_AXIS: len(row.markers)}
    return values[tuple(slice(own.get(axis)) for axis in axes)]

"""Runs rows through a model in training or through an exported graph, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from modelserver.engine.split import open_model
from modelserver.tasks.types import Output, Row
from modelserver.training.precision import mixed

if TYPE_CHECKING:
    from modelserver.training.targets.model import TargetsModel

BATCH_TOKENS = 4096
NAMES = ("scores", "starts", "ends", "none", "embedding")

T = TypeVar("T")
Run = Callable[[Sequence[Row]], Sequence[Output]]
Arrays = dict[str, np.ndarray[Any, Any]]


def torch_run(model: TargetsModel, device: str = "cpu") -> Run:
    """A runner for a model in memory."""
    model.eval()

    @torch.no_grad()
    def infer(inputs: Arrays) -> list[np.ndarray[Any, Any]]:
        tensors = [torch.from_numpy(inputs[name]).to(device) for name in _INPUTS]
        with mixed(device):
            return [part.float().cpu().numpy() for part in model(*tensors)]

    return lambda rows: _batched(rows, infer)


def onnx_run(folder: Path, threads: int = 1) -> Run:
    """A runner for exported graphs, as the server opens them."""
    return open_model(folder, threads=threads).run


_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "markers")


def padded(rows: Sequence[Row]) -> Arrays:
    """Rows as the graph's inputs."""
    length = max(len(row) for row in rows)
    width = max(1, *(len(row.markers) for row in rows))
    inputs = {name: np.zeros((len(rows), length), np.int64) for name in _INPUTS[:3]}
    inputs["markers"] = np.zeros((len(rows), width), np.int64)
    for k, row in enumerate(rows):
        inputs["input_ids"][k, : len(row)] = row.input_ids
        inputs["attention_mask"][k, : len(row)] = 1
        inputs["token_type_ids"][k, : len(row)] = row.token_type_ids
        inputs["markers"][k, : len(row.markers)] = row.markers
    return inputs


def _batched(rows: Sequence[Row], infer: Callable[[Arrays], Any]) -> list[Output]:
    order = sorted(range(len(rows)), key=lambda k: len(rows[k]))
    outputs: list[Output] = [{}] * len(rows)
    while order:
        count = max(1, BATCH_TOKENS // len(rows[order[min(len(order), 64) - 1]]))
        batch, order = order[:count], order[count:]
        results = infer(padded([rows[k] for k in batch]))
        for place, k in enumerate(batch):
            outputs[k] = _own(rows[k], dict(zip(NAMES, results, strict=True)), place)
    return outputs


def _own(row: Row, results: Arrays, place: int) -> Output:
    marks, tokens = len(row.markers), len(row)
    return {
        "scores": results["scores"][place, :marks],
        "starts": results["starts"][place, :marks, :tokens],
        "ends": results["ends"][place, :marks, :tokens],
        "none": results["none"][place],
        "embedding": results["embedding"][place],
    }


class Pooled:
    """A `Runner` that runs the rows of all coroutines that wait at the same time together."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[list[Output]]]] = []

    async def __call__(self, rows: Sequence[Row]) -> list[Output]:
        """The rows' outputs, once everybody else has asked as well."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        answer: asyncio.Future[list[Output]] = loop.create_future()
        self._waiting.append((rows, answer))
        return await answer

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        outputs = self._run([row for rows, _ in waiting for row in rows])
        for rows, answer in waiting:
            answer.set_result([*outputs[: len(rows)]])
            outputs = outputs[len(rows) :]


async def together(waiting: Iterable[Awaitable[T]]) -> list[T]:
    """All the answers, in order."""
    return list(await asyncio.gather(*waiting))

"""Small real models for tests: ONNX graphs of a few hundred bytes, run by onnxruntime.

The guard says "attack" when the word `ignore` is in the window. The targets graph has the
inputs and outputs of the real one; what a test wants of its decisions it scripts.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from modelserver.engine.backend import OnnxBackend
from modelserver.engine.batching import BatchSettings
from modelserver.service import Lane, Service
from modelserver.settings import Settings
from modelserver.tasks.guard.classify import GuardTask
from modelserver.tasks.types import (
    Call,
    Decision,
    Evidence,
    IntentAnswer,
    Ranked,
    Request,
    Row,
    Runner,
)
from modelserver.telemetry import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[unused1]", "[unused2]", "[unused3]", "[unused4]",
    "[unused5]", "[unused6]", "[unused7]", "[unused8]", "[unused9]",
    "ignore", "all", "rules", "weather", "in", "rome", "hello", "what", "is", "the", "and",
]  # fmt: skip
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "str", "description": "the city"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
        },
    },
}


def write_tokenizer(path: Path) -> None:
    """A word-level tokenizer with BERT's frame."""
    tokenizer = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path))


def write_guard(directory: Path, *, weight: float = 8.0, token_types: bool = True) -> Path:
    """A guard directory in the usual export layout."""
    directory.mkdir(parents=True, exist_ok=True)
    write_tokenizer(directory / "tokenizer.json")
    config = {"id2label": {"0": "BENIGN", "1": "JAILBREAK"}, "max_position_embeddings": 64}
    (directory / "config.json").write_text(json.dumps(config))
    table = np.zeros((len(WORDS), 2), np.float32)
    table[WORDS.index("ignore"), 1] = weight
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("ReduceMax", ["each", "axes"], ["most"], keepdims=0),
        helper.make_node("Add", ["most", "bias"], ["logits"]),
    ]
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if token_types else [])]
    constants = {
        "table": table,
        "axes": np.array([1], np.int64),
        "bias": np.array([3.0, 0.0], np.float32),
    }
    outputs = {"logits": ["rows", 2]}
    save(_model(nodes, inputs, constants, outputs), directory / "model.onnx")
    return directory


ROW_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "markers")


def write_targets(directory: Path) -> Path:
    """A model with the targets model's inputs and outputs; the figures mean nothing."""
    directory.mkdir(parents=True, exist_ok=True)
    write_tokenizer(directory / "tokenizer.json")
    (directory / "config.json").write_text('{"intent": {}, "functions": {}}')
    nodes = [
        helper.make_node("Cast", ["markers"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["input_ids"], ["t"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["m", "last"], ["m1"]),
        helper.make_node("Unsqueeze", ["t", "middle"], ["t1"]),
        helper.make_node("Mul", ["m1", "six"], ["scores"]),
        helper.make_node("Mul", ["m1", "t1"], ["starts"]),
        helper.make_node("Add", ["m1", "t1"], ["ends"]),
        helper.make_node("ReduceSum", ["t", "one"], ["none"], keepdims=0),
        helper.make_node("Expand", ["unit", "wide"], ["row"]),
        helper.make_node("Mul", ["none", "zero"], ["zeros"]),
        helper.make_node("Unsqueeze", ["zeros", "one"], ["column"]),
        helper.make_node("Add", ["column", "row"], ["embedding"]),
    ]
    constants = {
        "last": np.array([2], np.int64),
        "middle": np.array([1], np.int64),
        "one": np.array([1], np.int64),
        "unit": np.array([[384**-0.5]], np.float32),
        "wide": np.array([1, 384], np.int64),
        "zero": np.array(0, np.float32),
        "six": np.ones((1, 1, 6), np.float32),
    }
    outputs = {
        "scores": ["rows", "markers", 6],
        "starts": ["rows", "markers", "tokens"],
        "ends": ["rows", "markers", "tokens"],
        "none": ["rows"],
        "embedding": ["rows", 384],
    }
    save(_model(nodes, ROW_INPUTS, constants, outputs), directory / "model.onnx")
    return directory


def write_split(directory: Path) -> Path:
    """A model in two graphs: below, a token is its id and its part's sum; above, what it got."""
    directory.mkdir(parents=True, exist_ok=True)
    below = [
        helper.make_node("Cast", ["input_ids"], ["t"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["t", "last"], ["own"]),
        helper.make_node("ReduceSum", ["own", "middle"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["own", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "sum"], ["whole"]),
        helper.make_node("Concat", ["own", "whole"], ["hidden"], axis=2),
        helper.make_node("ReduceMean", ["hidden", "middle"], ["embedding"], keepdims=0),
    ]
    places = {
        "last": np.array([2], np.int64), "middle": np.array([1], np.int64),
        "zero": np.array(0, np.float32),
    }  # fmt: skip
    wide = {"hidden": ["rows", "tokens", 2], "embedding": ["rows", 2]}
    lower = _model(below, ["input_ids", "attention_mask"], places, wide)
    above = [helper.make_node("Identity", ["lower"], ["scores"])]
    upper = _model(above, ROW_INPUTS, {}, {"scores": ["rows", "tokens", 2]})
    hidden = helper.make_tensor_value_info("lower", TensorProto.FLOAT, ["rows", "tokens", 2])
    upper.graph.input.append(hidden)
    save(lower, directory / "lower.onnx")
    save(upper, directory / "upper.onnx")
    return directory


def _model(
    nodes: list[Any], inputs: Sequence[str], constants: dict[str, Any], outputs: dict[str, Any]
) -> Any:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", name]) for name in inputs],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


class ScriptedTargets:
    """Wants `get_weather` when the last message says so; the city is the word after `in`."""

    confirm_below = 0.6

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.error: Exception | None = None
        self.wait = asyncio.Event()
        self.wait.set()

    async def intents(self, request: Request, runner: Runner) -> IntentAnswer:
        return (await self.decide(request, runner)).intent

    async def decide(self, request: Request, runner: Runner) -> Decision:
        self.asked.append(request)
        await runner([Row((2, 1, 3), (0, 0, 0), (1,))])
        await self.wait.wait()
        if self.error:
            raise self.error
        number = len(request.messages) - 1
        said = request.messages[-1].content
        score = 0.9 if "weather" in said and request.tools else 0.1
        ranking = tuple(Ranked(tool.name, score) for tool in request.tools)
        threshold = 0.5 if request.threshold is None else request.threshold
        if score < threshold:
            return Decision(IntentAnswer(None, score, ranking, threshold))
        intent = IntentAnswer(request.tools[0].name, score, ranking, threshold)
        before, found, city = said.partition(" in ")
        if not found:
            return Decision(intent, (Call("get_weather", {}, ("city",)),))
        start = len(before) + 4
        evidence = {"city": Evidence(number, start, start + len(city), city, 0.97)}
        return Decision(intent, (Call("get_weather", {"city": city}, (), evidence),))


def tiny_service(
    directory: Path, targets: ScriptedTargets | None = None, settings: Settings | None = None,
    metrics: Metrics | None = None, **more: Any,
) -> Service:  # fmt: skip
    """A service over the tiny models, not yet started."""
    guard = write_guard(directory / "guard")
    other = write_targets(directory / "targets")
    task = GuardTask.from_config(
        Tokenizer.from_file(str(guard / "tokenizer.json")),
        json.loads((guard / "config.json").read_text()),
    )
    return Service(
        Lane("guard", "tiny-guard@1", task, OnnxBackend(guard / "model.onnx"), BatchSettings()),
        Lane(
            "targets", "tiny-targets@1", targets or ScriptedTargets(),  # type: ignore[arg-type]
            OnnxBackend(other / "model.onnx"), BatchSettings(),
        ),
        settings or Settings(),
        metrics or Metrics(),
        **more,
    )  # fmt: skip

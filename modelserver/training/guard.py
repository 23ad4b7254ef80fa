"""Everything the guard goes through: data, training, evaluation, export.

    python -m modelserver.training guard --data DIR --out DIR
    python -m modelserver.training guard --data DIR --out DIR --leave-out SOURCE,SOURCE
    python -m modelserver.training guard --data DIR --evaluate DIR_OF_A_MODEL

The first trains on all sources, holds back a tenth of each for the threshold, and exports.
The second judges the recipe: whole sources are left out and tested on, nothing is exported
unless `--export` says so. The third prints the same tables for an exported model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from modelserver.tasks.guard import GuardTask
from modelserver.training import guard_data, guard_evaluate, guard_export, guard_train
from modelserver.training.guard_model import guard_task, unpack_base

if TYPE_CHECKING:
    import argparse

    from modelserver.training.guard_evaluate import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of the guard_*.jsonl.gz")
    parser.add_argument("--out", type=Path, help="folder for checkpoints and the model")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 …")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", default="", help="sources to test on, by comma")
    parser.add_argument("--export", action="store_true", help="export also with sources left out")
    parser.add_argument("--evaluate", type=Path, help="folder of an exported model; no training")


def run(args: argparse.Namespace) -> None:
    if args.threads:
        torch.set_num_threads(args.threads)
    left_out = frozenset(filter(None, args.leave_out.split(",")))
    parts = guard_data.split(guard_data.load(args.data), left_out)
    if args.evaluate:
        config = json.loads((args.evaluate / "config.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(args.evaluate / "tokenizer.json"))
        task = GuardTask.from_config(tokenizer, config)
        found = guard_evaluate.onnx_run(args.evaluate / "model.onnx", args.threads)
        report(parts, task, found, task.threshold)
        return
    out = args.out / "guard"
    base = unpack_base(args.out / "base")
    settings = guard_train.Settings(
        base, out, device=args.device, epochs=args.epochs, seed=args.seed
    )
    model = guard_train.train(parts.train, settings)
    threshold = report(parts, guard_task(base), guard_evaluate.torch_run(model, args.device))
    if args.export or not left_out:
        held = [*parts.validation, *parts.test]
        print(guard_export.export(model, threshold, base, held, out / "model"))


def report(
    parts: guard_data.Split, task: GuardTask, found: Run, threshold: float | None = None
) -> float:
    """Print the tables; the threshold is the given one, or what the held back rows ask for."""
    scores = guard_evaluate.scores(task, found, [e.text for e in parts.validation])
    limit = guard_evaluate.calibrate(parts.validation, scores) if threshold is None else threshold
    print(f"\nthreshold {limit:.4f}\n\nHeld back, by source\n")
    print(guard_evaluate.show(parts.validation, scores, limit, lambda e: e.source))
    print("\nHeld back, by phenomenon\n")
    print(guard_evaluate.show(parts.validation, scores, limit, guard_evaluate.phenomenon))
    if parts.test:
        scores = guard_evaluate.scores(task, found, [e.text for e in parts.test])
        print("\nLeft out of training\n")
        print(guard_evaluate.show(parts.test, scores, limit, lambda e: e.source))
    return limit

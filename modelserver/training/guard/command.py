"""Everything the guard goes through: data, training, evaluation, export.

    python -m modelserver.training guard --data DIR --out DIR
    python -m modelserver.training guard --data DIR --out DIR --start modelserver/weights/guard
    python -m modelserver.training guard --data DIR --out DIR --leave-out SOURCE,SOURCE
    python -m modelserver.training guard --data DIR --evaluate DIR_OF_A_MODEL
    python -m modelserver.training guard --data DIR --evaluate DIR_OF_A_MODEL --padding

The first trains on all sources, holds back a tenth of each for the threshold, and exports.
The second begins with the weights of an exported model. The third keeps whole sources out of
training and tests the result on them, too. The fourth prints the same tables for an exported
model, the fifth how it does on attacks inside long text and on long text without.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from modelserver.tasks.guard.classify import GuardTask
from modelserver.training.base.minilm import unpack_base
from modelserver.training.guard import data, evaluate, export, padding, train

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of the guard_*.jsonl.gz")
    parser.add_argument("--out", type=Path, help="folder for checkpoints and the model")
    parser.add_argument("--base", type=Path, help="folder of a base encoder; else MiniLM")
    parser.add_argument("--layers", type=int, default=0, help="of the base, from below; 0: all")
    parser.add_argument("--frozen", type=int, default=0, help="lowest layers that do not learn")
    parser.add_argument("--compile", action="store_true", help="compile the layers: faster")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 …")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end by then, if earlier")
    parser.add_argument(
        "--start", type=Path, help="folder of a checkpoint or a model to start from"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", default="", help="sources to test on, by comma")
    parser.add_argument("--evaluate", type=Path, help="folder of an exported model; no training")
    parser.add_argument("--padding", action="store_true", help="evaluate on long texts alone")


def run(args: argparse.Namespace) -> None:
    if args.threads:
        torch.set_num_threads(args.threads)
    left_out = frozenset(filter(None, args.leave_out.split(",")))
    parts = data.split(data.load(args.data), left_out)
    if args.evaluate and args.padding:
        print(padding.show(*opened(args.evaluate), parts.validation))
        return
    if args.evaluate:
        report(parts, args.evaluate)
        return
    out = args.out / "guard"
    base = args.base or unpack_base(args.out / "base")
    settings = train.Settings(
        base,
        out,
        device=args.device,
        epochs=args.epochs,
        seed=args.seed,
        minutes=args.minutes,
        start=args.start,
        layers=args.layers,
        frozen=args.frozen,
        compile=args.compile,
    )
    model = train.train(parts.train, settings)
    print(export.export(model, base, parts.validation, out / "model"))
    report(parts, out / "model")


def report(parts: data.Split, folder: Path) -> None:
    """Print the tables of an exported model, at the threshold it was exported with."""
    task, found = opened(folder)
    for title, rows in (("Held back", parts.validation), ("Left out of training", parts.test)):
        if not rows:
            continue
        scores = evaluate.scores(task, found, [example.text for example in rows])
        for name, group in (("source", lambda e: e.source), ("kind", evaluate.phenomenon)):
            print(f"\n{title}, by {name}\n")
            print(evaluate.show(rows, scores, task.threshold, group))


def opened(folder: Path) -> tuple[GuardTask, evaluate.Run]:
    """The task and the graph of an exported model."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return GuardTask.from_config(tokenizer, config), evaluate.onnx_run(folder / "model.onnx")

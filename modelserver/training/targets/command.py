"""Everything the targets model goes through: data, training, calibration, export, figures.

    python -m modelserver.training targets --data DIR --out DIR --minutes 90
    python -m modelserver.training targets --data DIR --out DIR --start modelserver/weights/targets
    python -m modelserver.training targets --data DIR --evaluate DIR_OF_A_MODEL

The first trains (or goes on from its checkpoint), exports to OUT/targets/model and prints
the figures on services and targets left out of training; the second begins with the weights
of an exported model; the third prints the figures of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from modelserver.tasks.targets.decide import Targets
from modelserver.training.base.minilm import unpack_base
from modelserver.training.targets.evaluate import evaluate
from modelserver.training.targets.export import export
from modelserver.training.targets.latency import decision_latency
from modelserver.training.targets.run import onnx_run
from modelserver.training.targets.train import Settings, train

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `targets`."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the *.jsonl.gz")
    parser.add_argument("--out", type=Path, help="folder for checkpoints and the model")
    parser.add_argument("--base", type=Path, help="folder of the base encoder; else MiniLM-L6")
    parser.add_argument("--tokens", type=int, default=1536, help="padded tokens of a batch")
    parser.add_argument("--rate", type=float, default=2e-4, help="learning rate of the encoder")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 …")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--minutes", type=float, default=90.0, help="budget of the training")
    parser.add_argument("--frozen", type=int, default=0, help="lower layers left as they are")
    parser.add_argument(
        "--start", type=Path, help="begin from this safetensors file or exported model"
    )
    parser.add_argument("--compile", action="store_true", help="compile the layers: faster")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--limit", type=int, default=600, help="cases of each source judged")
    parser.add_argument("--evaluate", type=Path, help="folder of an exported model; no training")
    parser.add_argument("--mistakes", type=Path, help="file for what was answered wrongly")


def run(args: argparse.Namespace) -> None:
    """Train, export and report; or report alone."""
    if args.threads:
        torch.set_num_threads(args.threads)
    folder = args.evaluate
    if folder is None:
        out = args.out / "targets"
        base = args.base or unpack_base(args.out / "base")
        settings = Settings(
            data=args.data, base=base, out=out, minutes=args.minutes, device=args.device,
            seed=args.seed, frozen=args.frozen, begin=args.start,
            compile=args.compile, tokens=args.tokens, rate=args.rate,
        )  # fmt: skip
        model = train(settings)
        folder = out / "model"
        export(model, base, args.data, folder)
    report(folder, args)


def report(folder: Path, args: argparse.Namespace) -> None:
    """Print the figures of an exported model."""
    targets = Targets.load(folder)
    table, mistakes = evaluate(onnx_run(folder), args.data, targets, limit=args.limit)
    print(table.markdown())
    if args.mistakes:
        args.mistakes.write_text("\n".join(mistakes), encoding="utf-8")
    for threads in (1, 2):
        for tools in (5, 20, 50):
            took = decision_latency(folder, tools, threads)
            print(f"decision among {tools} tools, {threads} threads: {took:.1f} ms")

"""Check and read contrast sets.

python -m modelserver.training contrast check FILE…   # every fault, with its line
python -m modelserver.training contrast show FILE…    # drawn conversations, to read
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.training.contrast.faults import faults
from modelserver.training.contrast.specs import draw, lines

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `contrast`."""
    parser.add_argument("what", choices=("check", "show"))
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("-n", type=int, default=20, help="conversations to show")


def run(args: argparse.Namespace) -> None:
    """Check the files, or show what is drawn from them."""
    if args.what == "check":
        sys.exit(_check(args.files))
    rng = random.Random(7)
    specs = [spec for path in args.files for _, spec in lines(path)]
    for _ in range(args.n):
        spec = rng.choice(specs)
        row = draw(spec, rng.randrange(len(spec["frames"])), rng)
        print(" | ".join(f"{m['role'][0]}: {m['content']}" for m in row["messages"]))
        case = row["cases"][0]
        for call in case["calls"]:
            print("    ", call["tool"], call["arguments"], "missing", call["missing"])
        if not case["calls"]:
            print("     nothing:", case["kind"])


def _check(files: Sequence[Path]) -> int:
    bad = specs = frames = 0
    names: set[str] = set()
    for path in files:
        for number, spec in lines(path):
            found = list(faults(spec))
            if spec["spec"] in names:
                found.append(f"spec {spec['spec']} twice")
            names.add(spec["spec"])
            if not found:
                for frame in range(len(spec["frames"])):
                    draw(spec, frame, random.Random(frame))
            for fault in found:
                print(f"{path}:{number}: {fault}")
            specs, frames, bad = specs + 1, frames + len(spec["frames"]), bad + len(found)
    print(f"{specs} specifications, {frames} frames, {bad} faults")
    return 1 if bad else 0

"""Make a base encoder out of a package: python -m modelserver.training base --data DIR --out DIR.

`--data` is the folder of the training data: its texts say which pieces of the vocabulary stay.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.training.base.e5 import make_e5

if TYPE_CHECKING:
    import argparse

APART = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `base`."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data")
    parser.add_argument("--out", type=Path, required=True, help="folder for the base")
    parser.add_argument(
        "--apart", type=int, default=APART, help="lower layers that read tools and talk apart"
    )


def run(args: argparse.Namespace) -> None:
    """Unpack, prune and write it."""
    make_e5(args.data, args.out, args.apart)

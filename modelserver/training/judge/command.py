"""Figures of the shipped models on public sets that are for judging only.

    python -m modelserver.training judge --sets DIR

Nothing of these sets is in this repository, was trained on or made a rule from, and what is
printed quotes none of their texts. DIR may hold any of:

- `bfcl/`: `BFCL_v*_NAME.json` and `possible_answer/BFCL_v*_NAME.json`, the folder `bfcl_eval/data`
  of the PyPI package `bfcl-eval` as it is. One JSON object a line: `id`, `question` (turns, each
  a list of messages), `function`; and `id`, `ground_truth` (a function, its parameters, for each
  the values accepted). The sets of one call and those of none are read. A case is right when
  the one call made has the function and all values, by the rules of the package's checker.
- `intents/*.csv`: `text,category`, such as `test.csv` of BANKING77. All categories of a file are
  the targets; their names are all that describes them.
- `guard/*.jsonl`: one object a line with `text`, `label` (1 an attack, 0 harmless) and `lang`
  (English if absent). What `bfcl` and `intents` say is the ordinary text beside them.

Every case is asked alone, through the code that serves, so that the figures are a server's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.training.judge import bfcl, guard, intents
from modelserver.training.judge.served import shipped

if TYPE_CHECKING:
    import argparse

    from modelserver.training.judge.served import Judged


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `judge`."""
    parser.add_argument("--sets", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--limit", type=int, default=sys.maxsize, help="cases of each set, at most")


def run(args: argparse.Namespace) -> None:
    """Print the tables, each when it is ready."""
    asyncio.run(_print(args.sets, args.limit))


async def _print(sets: Path, limit: int) -> None:
    async with shipped() as model:
        async for table in tables(sets, model, limit):
            print(table, end="\n\n", flush=True)


async def tables(sets: Path, model: Judged, limit: int) -> AsyncIterator[str]:
    """The figures of every set that is there."""
    spoken, texts = intents.read(sets / "intents"), guard.read(sets / "guard")
    ordinary = bfcl.messages(sets / "bfcl")
    if ordinary:
        yield str(await bfcl.figures(sets / "bfcl", model, limit))
    if spoken:
        yield await intents.figures(spoken, model, limit)
    if texts:
        ordinary |= {name: [text for text, _ in rows] for name, rows in spoken.items()}
        yield await guard.figures(texts, ordinary, model, limit)

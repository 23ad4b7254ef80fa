"""Play all written conversations and print what came of them: python -m tests.e2e.decisions.

python -m tests.e2e.decisions [ROW …] [--mistakes FILE] [--set SET]
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.decisions.play import HERE, ROWS, load, play, rows
from tests.e2e.decisions.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.decisions.play import Outcome

HEAD = (
    "| row | conversations | right | asked first | wrong POSTs |\n",
    "|---|---:|---:|---:|---:|",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.decisions", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--mistakes", type=Path, help="a file for what went wrong")
    parser.add_argument(
        "--set",
        choices=sorted(path.parent.name for path in HERE.glob("*/cases")),
        default="",
        help="other conversations; of kept look at the table alone",
    )
    options = parser.parse_args()
    folder = HERE / options.set
    print("".join(HEAD), flush=True)
    everything: list[Outcome] = []
    with contextlib.ExitStack() as stack:
        stage = Stage(Path(stack.enter_context(tempfile.TemporaryDirectory())), stack, folder)
        for row in options.rows or rows(folder):
            outcomes = [play(case, stage.place(case.config)) for case in load(row, folder)]
            everything += outcomes
            print(_line(row, outcomes), flush=True)
    print(_line("all", everything))
    if options.mistakes:
        options.mistakes.write_text("\n".join(map(_told, everything)), encoding="utf-8")


def _line(row: str, outcomes: Sequence[Outcome]) -> str:
    right = sum(not outcome.wrong for outcome in outcomes)
    asked = sum(outcome.asked_first for outcome in outcomes)
    posts = sum(outcome.posted for outcome in outcomes)
    return f"| {row} | {len(outcomes)} | {right} | {asked} | {posts} |"


def _told(outcome: Outcome) -> str:
    post = " POST" if outcome.posted else ""
    return "".join(f"{outcome.case.id}{post}: {wrong}\n" for wrong in outcome.wrong)


if __name__ == "__main__":
    main()

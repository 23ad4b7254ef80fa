"""`make faults`: runs the tests of the table's rows and prints what became of each.

A test that fails is run once more, by itself: a machine that has other things to do is no fault.
Exit status 1 when a row does not hold or was not run. What pytest says besides lies in
`build/faults.log`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import chain

from tests.faults import report
from tests.faults.heard import PIPE, Heard
from tests.faults.rows import ROWS, Row
from tests.faults.verdicts import HEADINGS, Listening, Verdict

LOG = report.ROOT / "build" / "faults.log"
_WIDTHS = (3, 8, max(len(row.fault) for row in ROWS), 60)


def main() -> int:
    asked = _arguments()
    rows = [row for row in ROWS if not asked.rows or row.number in asked.rows]
    if unknown := set(asked.rows) - {row.number for row in rows}:
        sys.exit(f"there are no such rows: {sorted(unknown)}")
    show = _nothing if asked.json else _show
    show(HEADINGS)
    verdicts, known = {}, {}
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_bytes(b"")
    tests = _in_order(rows)
    left_out = {test for test in tests if asked.no_images and test.startswith("images/")}
    heard = chain(
        (Heard(test, "skipped", words="left out") for test in sorted(left_out)),
        _heard(test for test in tests if test not in left_out),
    )
    for verdict in Listening(rows).verdicts(heard):
        verdicts[verdict.row.number] = verdict
        known[verdict.row.number] = report.last(verdict)
        show(verdict.cells, verdict)
    if failed := sorted(set[str]().union(*(each.failed for each in verdicts.values()))):
        second = list(_heard(failed))
        for number in [number for number, each in verdicts.items() if each.failed]:
            verdicts[number] = verdicts[number].again(second)
            known[number] = report.last(verdicts[number])
            show(verdicts[number].cells, verdicts[number])
    if asked.json:
        print(json.dumps([each.to_json() for each in verdicts.values()], indent=2))
    if asked.write:
        report.write({n: each for n, each in known.items() if each.held != "not run"})
    return int(any(each.held in {"no", "not run"} for each in verdicts.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="all, if none is named")
    parser.add_argument("--json", action="store_true", help="print JSON when all have ended")
    parser.add_argument("--write", action="store_true", help=f"write {report.REPORT.name} as well")
    parser.add_argument(
        "--no-images", action="store_true", help="without what builds images, which takes minutes"
    )
    return parser.parse_args()


def _heard(tests: Iterable[str]) -> Iterator[Heard]:
    """What became of the tests, as they end."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "pytest", "-p", "tests.faults.heard"]
    command += [f"tests/{test}" for test in tests]
    with LOG.open("ab") as log, os.fdopen(reading) as lines:
        process = subprocess.Popen(
            command, cwd=report.ROOT, stdout=log, stderr=log, pass_fds=[writing],
            env={**os.environ, PIPE: str(writing)},
        )  # fmt: skip
        os.close(writing)
        for line in lines:
            yield Heard(**json.loads(line))
        process.wait()


def _in_order(rows: Iterable[Row]) -> list[str]:
    """Those of one file together, for they share what it starts; images take the longest."""
    tests = list(dict.fromkeys(test for row in rows for test in row.tests))
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    places = {file: (file.startswith("images/"), place) for place, file in enumerate(files)}
    return sorted(tests, key=lambda test: places[test.partition("::")[0]])


def _show(cells: tuple[str, ...], verdict: Verdict | None = None) -> None:
    print(_drawn(cells), flush=True)
    if verdict and verdict.held != "yes":
        for words in verdict.words:
            print("      " + words.replace("\n", "\n      "), flush=True)


def _nothing(*_: object) -> None:
    """Where only JSON is to be printed."""


def _drawn(cells: tuple[str, ...]) -> str:
    sized = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join([*sized, cells[-1].rjust(5)])


if __name__ == "__main__":
    sys.exit(main())

"""`make faults`: runs the tests of the table's rows and prints what became of each.

Exit status 1 when a row does not hold. What pytest says besides lies in `build/faults.log`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator

from tests.faults import report
from tests.faults.heard import PIPE, Heard
from tests.faults.rows import ROWS, Row
from tests.faults.verdicts import HEADINGS, Listening, Verdict

LOG = report.ROOT / "build" / "faults.log"
_WIDTHS = (3, 8, 56, 70)


def main() -> int:
    asked = _arguments()
    rows = [row for row in ROWS if not asked.rows or row.number in asked.rows]
    if unknown := set(asked.rows) - {row.number for row in rows}:
        sys.exit(f"there are no such rows: {sorted(unknown)}")
    began, load = report.now(), os.getloadavg()[0]
    verdicts = []
    if not asked.json:
        print(_drawn(HEADINGS), flush=True)
    for verdict in Listening(rows).verdicts(_heard(rows)):
        verdicts.append(verdict)
        if not asked.json:
            _show(verdict)
    if asked.json:
        print(json.dumps([each.to_json() for each in verdicts], indent=2))
    if asked.write:
        command = " ".join(["python -m tests.faults", *map(str, asked.rows), "--write"])
        report.write(report.Run(command, began, (load, os.getloadavg()[0])), verdicts)
    return int(any(each.held == "no" for each in verdicts))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="all, if none is named")
    parser.add_argument("--json", action="store_true", help="print JSON when all have ended")
    parser.add_argument("--write", action="store_true", help=f"write {report.REPORT.name} as well")
    return parser.parse_args()


def _heard(rows: Iterable[Row]) -> Iterator[Heard]:
    """What became of the tests, as they end."""
    LOG.parent.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "pytest", "-p", "tests.faults.heard", *_in_order(rows)]
    with LOG.open("wb") as log, os.fdopen(reading) as lines:
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
    return [f"tests/{t}" for t in sorted(tests, key=lambda test: places[test.partition("::")[0]])]


def _show(verdict: Verdict) -> None:
    print(_drawn(verdict.cells), flush=True)
    if verdict.held != "yes":
        for words in verdict.words:
            print("      " + words.replace("\n", "\n      "), flush=True)


def _drawn(cells: tuple[str, ...]) -> str:
    sized = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join([*sized, cells[-1].rjust(5)])


if __name__ == "__main__":
    sys.exit(main())

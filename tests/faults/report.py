"""`reports/faults.md`: what became of each row when it was last run, and how busy the machine was then.

Rows may be run one by one. What is known of them lies beside the report as JSON, of which it is drawn.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.rows import ROWS
from tests.faults.verdicts import HEADINGS, Verdict

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "faults.md"
KNOWN = REPORT.with_suffix(".json")
_HEAD = """\
# Faults

Written by `make faults`; of single rows by `python -m tests.faults ROW … --write`. What must come of
each fault, and which tests hold it, is in `tests/faults/rows.py`.

{held} of {all} rows hold, on {cores} cores of {system}. A load above {cores} means that the machine had
other things to do: times are longer then, and tests that nothing could be told by are skipped.
"""


@dataclass(frozen=True)
class Last:
    """What became of a row when it was last run."""

    held: str
    figures: str
    seconds: float
    at: str
    load: float
    """The load average of a minute, when the row was over."""
    remarks: tuple[str, ...] = ()


def last(verdict: Verdict) -> Last:
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    remarks = dict.fromkeys(
        f"`{each.test}`: {each.words.splitlines()[-1]}" for each in verdict.heard if each.words
    )
    load = round(os.getloadavg()[0], 1)
    seconds = round(verdict.seconds, 1)
    return Last(verdict.held, verdict.figures, seconds, at, load, tuple(remarks))


def write(fresh: dict[int, Last]) -> None:
    """Beside what is known of rows that were not run this time."""
    REPORT.parent.mkdir(exist_ok=True)
    told = json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else {}
    known = {int(number): Last(**each) for number, each in told.items()} | fresh
    rows = {str(number): asdict(known[number]) for number in sorted(known)}
    KNOWN.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
    REPORT.write_text(text(known), "utf-8")


def text(known: dict[int, Last]) -> str:
    head = _HEAD.format(
        held=sum(each.held == "yes" for each in known.values()),
        all=len(ROWS),
        cores=os.cpu_count(),
        system=f"{platform.system()} {platform.release()}",
    )
    headings = (*HEADINGS, "load", "at (UTC)")
    table = [_line(headings), _line("---" for _ in headings)]
    remarks: list[str] = []
    for row in ROWS:
        found = known.get(row.number, Last("not run", "", 0, "", 0))
        cells = (found.held, row.fault, found.figures, found.seconds, found.load, found.at)
        table.append(_line(map(str, (row.number, *cells))))
        remarks += [f"- {row.number}: {told}" for told in (row.remark, *found.remarks) if told]
    return "\n".join([head, *table, "", "## Remarks", "", *remarks, ""])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

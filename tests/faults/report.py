"""`reports/faults.md`: the table, with what it was made by and where."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.verdicts import HEADINGS, Verdict

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "faults.md"


_ELSEWHERE = "What must come of each fault, and which tests hold it, is in `tests/faults/rows.py`."


@dataclass(frozen=True)
class Run:
    command: str
    began: datetime
    load: tuple[float, float]
    """The load average of a minute, before and after."""


def write(run: Run, verdicts: Sequence[Verdict]) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(text(run, sorted(verdicts, key=lambda each: each.row.number)), "utf-8")


def text(run: Run, verdicts: Sequence[Verdict]) -> str:
    held = sum(each.held == "yes" for each in verdicts)
    before, after = run.load
    told = (
        f"Written by `{run.command}`, {run.began:%Y-%m-%d %H:%M} UTC, at commit {_commit()}: "
        f"{held} of {len(verdicts)} rows held.\n"
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}; load average "
        f"{before:.1f} before, {after:.1f} after. Times are of a machine with other things to do."
    )
    table = [_line(HEADINGS), _line("---" for _ in HEADINGS), *(_line(v.cells) for v in verdicts)]
    return "\n".join(["# Faults", "", told, "", _ELSEWHERE, "", *table, *_remarks(verdicts), ""])


def _remarks(verdicts: Sequence[Verdict]) -> list[str]:
    """What could not be run, and what did not hold."""
    told = []
    for each in verdicts:
        words = [f"`{h.test}`: {h.words.splitlines()[-1]}" for h in each.heard if h.words]
        remarks = [each.row.remark, *dict.fromkeys(words)]
        told += [f"- {each.row.number}: {remark}" for remark in remarks if remark]
    return ["", "## Remarks", "", *told] if told else []


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def now() -> datetime:
    return datetime.now(UTC)

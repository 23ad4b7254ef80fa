"""What `make bench` found of each commit: the ratios within a run, which other machines would find, too.

Kept in reports/bench.json, a line for each run, and drawn in reports/bench.svg.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"

Run = dict[str, Any]
"""`commit`, `load_average`, `ratios` by name."""

_RATIO = re.compile(r"(^|_)ratio(_|$)|_to_(none|defaults)$")


class Unknown(Exception):
    """A commit of which nothing was kept."""


def ratios(found: Mapping[str, Any], above: str = "") -> dict[str, float]:
    """Of all that was found: names with dots, and what is no ratio left out."""
    flat: dict[str, float] = {}
    for key, value in found.items():
        if isinstance(value, dict):
            flat |= ratios(value, f"{above}{key}.")
        elif _RATIO.search(key):
            flat[f"{above}{key}"] = value
    return flat


def commit_of(name: str = "HEAD") -> str:
    command = ["git", "rev-parse", "--short=10", f"{name}^{{commit}}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unknown(f"git knows no commit {name}")
    return done.stdout.strip()


def read(folder: Path = REPORTS) -> list[Run]:
    file = folder / "bench.json"
    return (
        [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def keep(run: Run, folder: Path = REPORTS) -> None:
    """A commit's next run takes the place of its last, in what both have measured."""
    runs = read(folder)
    before = next((each for each in runs if each["commit"] == run["commit"]), None)
    if before:
        before.update(run, ratios=before["ratios"] | run["ratios"])
    else:
        runs.append(run)
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps(each) + "\n" for each in runs)
    (folder / "bench.json").write_text(lines, "utf-8")
    (folder / "bench.svg").write_text(drawn(runs), "utf-8")


def compared(runs: Sequence[Run], base: str, now: Mapping[str, float]) -> Iterator[str]:
    """Each ratio beside that of the commit `base`: 1.00 is as ever."""
    before = next((each for each in runs if each["commit"] == base), None)
    if before is None:
        known = ", ".join(each["commit"] for each in runs) or "none"
        raise Unknown(f"nothing is kept of {base}: `--keep` keeps a run; there are: {known}")
    for name, value in now.items():
        was = before["ratios"].get(name)
        beside = "new" if not was else f"{value / was:5.2f} of {was:.3f}"
        yield f"{name:40} {value:7.3f}   {beside}"


_WIDTH, _ROW, _LEFT, _RIGHT = 760, 46, 250, 60


def drawn(runs: Sequence[Run]) -> str:
    """A row for each ratio, from its least to its most, the oldest commit at the left."""
    names = sorted({name for run in runs for name in run["ratios"]})
    rows = "\n".join(part for row, name in enumerate(names) for part in _row(runs, row, name))
    return svg.picture(_WIDTH, _ROW * len(names) + 30, rows)


def _row(runs: Sequence[Run], row: int, name: str) -> Iterator[str]:
    found = [(n, run["ratios"][name]) for n, run in enumerate(runs) if name in run["ratios"]]
    values = [value for _, value in found]
    low, span = min(values), (max(values) - min(values)) or 1
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(runs) - 1)
    top = 15 + _ROW * row
    points = [(_LEFT + step * n, top + 28 - 22 * (value - low) / span) for n, value in found]
    yield svg.text(8, top + 20, name)
    yield svg.curve(points, svg.COLOURS[1], values)
    x, y = points[-1]
    yield svg.text(x + 8, y + 4, f"{values[-1]:.3f}")

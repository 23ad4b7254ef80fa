"""`make race`: prints what was measured; --write keeps it as reports/race.md, race.svg and race.json.

python -m tests.race [--rounds 3] [--seconds 3] [--only plain --only archgw] [--quick] [--write]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.race import plot, report
from tests.race.figures import Figures
from tests.race.racers import RACERS
from tests.race.running import COURSES, Plan, race

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"


def main() -> None:
    options = _options()
    courses = [
        each for each in COURSES if not options.quick or (each.size, each.connections) == (400, 16)
    ]
    plan = Plan(courses, options.rounds, options.seconds)
    found = race(options.only or list(RACERS), plan, _say)
    figures = Figures(found)
    print(report.page(figures))
    if options.write:
        REPORTS.mkdir(exist_ok=True)
        write(REPORTS, figures)
        if figures.busy:
            _say("README stays as it is: this machine was busy with other work")
            return
        readme = ROOT / "README.md"
        readme.write_text(report.into_readme(readme.read_text("utf-8"), figures), "utf-8")


def write(folder: Path, figures: Figures) -> None:
    (folder / "race.json").write_text(json.dumps(figures.found, indent=1) + "\n", "utf-8")
    (folder / "race.md").write_text(report.page(figures), "utf-8")
    (folder / "race.svg").write_text(plot.drawn(figures), "utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.race", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each heat")
    parser.add_argument("--only", action="append", choices=list(RACERS), help="who takes part")
    parser.add_argument("--quick", action="store_true", help="small bodies at 16 connections alone")
    parser.add_argument("--write", action="store_true", help="keep it in reports/ and in README")
    return parser.parse_args()


if __name__ == "__main__":
    main()

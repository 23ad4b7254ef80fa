"""`make chaos`: each blow in turn, what it may cost and what it did. Exit status 1 says that it cost more."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.soak import report
from tests.soak.chaos.blows import BLOWS, SLACK_S, struck
from tests.soak.chaos.endings import brought_down, killed
from tests.soak.chaos.overload import overrun
from tests.soak.chaos.reloads import reloaded
from tests.soak.chaos.scene import Pace
from tests.soak.chaos.slow import slowed
from tests.soak.stage import Stage, stage
from tests.soak.verdicts import Line, load_average, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Act = Callable[[Stage], Coroutine[Any, Any, list[Line]]]


def acts(pace: Pace, reloads: int, overload: float, clients: int, slack: float) -> dict[str, Act]:
    """In this order: what ends the gateway comes last."""
    return {
        **{each.name: partial(struck, blow=each, pace=pace, slack=slack) for each in BLOWS},
        "reloads": lambda stage: reloaded(stage, pace, reloads),
        "overload": lambda stage: overrun(stage, overload, measuring=overload / 4),
        "slow clients": lambda stage: slowed(stage, pace, clients, slack, patient=True),
        "down": lambda stage: brought_down(stage, pace),
        "kill -9 of the supervisor": lambda stage: killed(stage, pace, slack),
    }


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.chaos", description=__doc__)
    parser.add_argument("acts", nargs="*", help="pieces of the names of acts; all of them")
    parser.add_argument("--rate", type=float, default=Pace().rate, help="requests a second")
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--overload", type=float, default=60.0, help="seconds of it")
    parser.add_argument("--clients", type=int, default=1000, help="that are slow")
    parser.add_argument(
        "--slack", type=float, default=SLACK_S, help="seconds more, of a machine that is busy"
    )
    parser.add_argument("--json", action="store_true", help="print all figures")
    parser.add_argument("--write", action="store_true", help="keep them in reports/soak.md")
    parser.add_argument("--note", default="", help="what the report says of this run")
    return parser.parse_args()


def main() -> int:
    asked = _asked()
    # So that the gateway is brought down, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pace = Pace(rate=asked.rate)
    known = acts(pace, asked.reloads, asked.overload, asked.clients, asked.slack)
    chosen = {
        name: act
        for name, act in known.items()
        if not asked.acts or any(piece in name for piece in asked.acts)
    }
    lines: list[Line] = []

    def figures() -> dict[str, Any]:
        return {
            "command": " ".join(["python -m tests.soak.chaos", *sys.argv[1:]]),
            "rate": asked.rate,
            "load_average": load_average(),
            "lines": [asdict(line) for line in lines],
            "note": asked.note,
        }

    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        tell("starting the gateway and its models")
        with stage(Path(folder)) as running:
            for name, act in chosen.items():
                tell(name)
                for line in asyncio.run(act(running)):
                    lines.append(line)
                    print(line.shown(), flush=True)
                if asked.write:
                    # After each, for the whole takes long.
                    report.keep("chaos", figures())
    if asked.json:
        print(json.dumps(figures(), indent=2))
    return 0 if all(line.held for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

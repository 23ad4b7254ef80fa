"""`make soak`: load for ten minutes, and whether everything held. Exit status 1 says that something did not."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.soak import report
from tests.soak.endurance import Options, as_json, soak, verdicts
from tests.soak.stage import stage
from tests.soak.verdicts import tell


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    usual = Options()
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--rate", type=float, default=usual.rate, help="requests a second")
    parser.add_argument("--idle", type=float, default=usual.idle, help="seconds of quiet after")
    parser.add_argument("--failures", type=int, default=usual.failures, help="of each class")
    parser.add_argument("--json", action="store_true", help="print all figures")
    parser.add_argument("--write", action="store_true", help="keep them in reports/soak.md")
    parser.add_argument("--note", default="", help="what the report says of this run")
    asked = parser.parse_args()
    # So that the gateway is brought down, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = Options(asked.seconds, asked.rate, asked.idle, asked.failures)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        tell("starting the gateway and its models")
        with stage(Path(folder)) as running:
            found = asyncio.run(soak(running, options))
    lines = verdicts(found)
    figures = as_json(found, lines)
    if asked.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(line.shown() for line in lines))
    if asked.write:
        report.keep("soak", {**figures, "note": asked.note})
    return 0 if all(line.held for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

"""`make bench`: the benchmarks of the gateway, or those named, one after the other, as JSON.

    python -m tests.bench [llm streams extproc prompts observed] [--keep] [--compare COMMIT]

--keep writes the ratios of this commit into reports/bench.json and draws them; --compare tells them beside
those that were kept of another. The model server's is run by itself: `python -m tests.bench.modelserver`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import extproc, history, llm, observed, prompts, streams

BENCHMARKS = {
    "llm": llm.run,
    "streams": streams.run,
    "extproc": extproc.run,
    "prompts": prompts.run,
    "observed": observed.run,
}


def main() -> int:
    options = _options()
    try:
        base = history.commit_of(options.compare) if options.compare else ""
        list(history.compared(history.read(), base, {}) if base else ())
    except history.Unknown as unknown:  # before minutes of measuring
        print(unknown, file=sys.stderr)
        return 2
    found = {}
    for name in options.names or list(BENCHMARKS):
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            print(f"{name}: measuring", file=sys.stderr)
            found[name] = BENCHMARKS[name](Path(folder))
            print(json.dumps({name: found[name]}, indent=2), flush=True)
    ratios = history.ratios(found)
    if base:
        print("\n".join(history.compared(history.read(), base, ratios)))
    if options.keep:
        load = round(os.getloadavg()[0], 1)
        history.keep({"commit": history.commit_of(), "load_average": load, "ratios": ratios})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--compare", metavar="COMMIT")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())

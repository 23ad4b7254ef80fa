"""`make bench`: the benchmarks of the gateway, or those named, one after the other, as JSON.

The model server's is run by itself: `python -m tests.bench.modelserver`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench import extproc, llm, observed, prompts, streams

BENCHMARKS = {
    "llm": llm.run,
    "streams": streams.run,
    "extproc": extproc.run,
    "prompts": prompts.run,
    "observed": observed.run,
}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            print(f"{name}: measuring", file=sys.stderr)
            print(json.dumps({name: BENCHMARKS[name](Path(folder))}, indent=2), flush=True)


main()

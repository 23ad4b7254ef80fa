"""`make fuzz`, or by hand

    python -m tests.fuzz                           # every target for a minute
    python -m tests.fuzz --seconds 600 body yaml   # these for ten minutes each
    python -m tests.fuzz --list

Ends with 1 when something failed; the input is then in the target's corpus, where the tests replay
it, and the first lines of why are shown. What coverage found stays in build/fuzz for the next time.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
import traceback

from tests.fuzz import corpus
from tests.fuzz.mutation import mutations
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("targets", nargs="*", metavar="target")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, help="of the mutations; left out: another each time")
    parser.add_argument("--list", action="store_true", help="name the targets")
    options = parser.parse_args()
    if options.list:
        print("\n".join(TARGETS))
        return 0
    for name in options.targets:
        if name not in TARGETS:
            parser.error(f"no target {name!r}; there are {', '.join(TARGETS)}")
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    return max(_fuzz(name, options.seconds, seed) for name in options.targets or TARGETS)


def _fuzz(name: str, seconds: int, seed: int) -> int:
    if TARGETS[name].guided:
        print(f"{name}: led by coverage for {seconds} s", flush=True)
        command = [sys.executable, "-m", "tests.fuzz.guided", name, str(seconds)]
        return int(subprocess.run(command, check=False).returncode != 0)
    print(f"{name}: mutations by seed {seed} for {seconds} s", flush=True)
    ends, tried = time.monotonic() + seconds, 0
    with TARGETS[name].open() as check:
        for data in mutations(list(corpus.of(name).values()), seed):
            if time.monotonic() > ends:
                break
            tried += 1
            try:
                check(data)
            except Exception:  # noqa: BLE001 - whatever it is, it is found
                traceback.print_exc()
                print(f"{name}: kept as {corpus.keep(name, data)}")
                return 1
    print(f"{name}: {tried} inputs, none fails")
    return 0


if __name__ == "__main__":
    sys.exit(main())

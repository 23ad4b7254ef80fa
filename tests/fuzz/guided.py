"""One target under atheris, in a process of its own: libFuzzer never gives it back.

Our packages are instrumented as they are imported, so nothing here may import them earlier.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS

FOUND = Path("build/fuzz")
_OURS = ["controlplane", "extproc", "modelserver"]
_LONGEST = 4096
_SECONDS = 20
"""An input that takes longer hangs."""


def main(name: str, seconds: str) -> None:
    import atheris

    with atheris.instrument_imports(include=_OURS):
        opened = TARGETS[name].open()
    known, found = corpus.FOLDER / name, FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-timeout={_SECONDS}", f"-max_len={_LONGEST}"]
    options += [f"-artifact_prefix={known}/", "-print_final_stats=1", "-verbosity=0"]
    with opened as check:
        atheris.Setup([sys.argv[0], *options, str(found), str(known)], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

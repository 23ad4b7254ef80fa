"""What holds keys or prompts lets no other process of its user read it, and leaves no core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD = """
import ctypes, os, resource

def told(*_, **__):
    flags = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0]
    print(*flags, flush=True)
    os._exit(0)
"""
PROGRAMS = {
    "supervisor": "import controlplane.supervise.__main__ as it; it._arguments = told; it.main()",
    "extproc": (
        "import extproc.__main__ as it; it.uvloop.run = told;"
        "it.main(['--socket', '/nowhere', '--runtime', '/'])"
    ),
    "console": (
        "import controlplane.console.__main__ as it; it.asyncio.run = told;it.run(None, None, None, None)"
    ),
    "model server": "import modelserver.__main__ as it; it.load_settings = told; it.main([])",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_memory_is_private_before_anything_is_in_it(program: str) -> None:
    """Asked of the process itself, where it begins its work: not dumpable, no core."""
    argv = [sys.executable, "-c", f"{TOLD}\n{PROGRAMS[program]}"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "0 0\n", done.stderr

"""The supervisor's process, before it does anything."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ctypes, resource
from controlplane.supervise import private
resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, -1))
private.keep_memory_private()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_its_memory_is_private() -> None:
    """It holds every key: it leaves no core, and others of its user cannot read its memory."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "(0, 0) 0\n"

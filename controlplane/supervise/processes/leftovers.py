"""Children that outlived a killed supervisor: the next `up` or `down` ends them.

The kernel kills them with their supervisor (see `leash`); this is for where it could not.
"""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING

from controlplane.supervise.processes.process import Identity

if TYPE_CHECKING:
    from pathlib import Path


def end_leftovers(record: Path) -> list[str]:
    """Kills the recorded children that still run; only for the holder of the lock."""
    try:
        content = json.loads(record.read_text("utf-8"))
        left = {name: Identity(int(pid), int(start)) for name, (pid, start) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return []
    alive = {name: who for name, who in left.items() if who.alive}
    for who in alive.values():
        who.send(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while any(who.alive for who in alive.values()) and time.monotonic() < deadline:
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        record.unlink()
    return sorted(alive)

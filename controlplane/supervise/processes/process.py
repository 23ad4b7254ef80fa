"""A process by pid and start time: a pid alone may by now belong to somebody else."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    pid: int
    started: int
    """Clock ticks since boot, from /proc; unique together with the pid."""

    @property
    def alive(self) -> bool:
        return identity(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Does nothing when the process is gone, even if its pid is taken again."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def identity(pid: int) -> Identity | None:
    """None for a process that is gone, or dead and waiting to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The command name is in parentheses and may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], int(fields[19])
    return None if state in "ZX" else Identity(pid, started)


def own() -> Identity:
    found = identity(os.getpid())
    if found is None:
        raise OSError("/proc is not readable: archgw needs it to tell processes apart")
    return found

"""A process by pid and start time: a pid alone may by now belong to somebody else."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    pid: int
    started: int
    """Hundredths of a second since boot; unique together with the pid."""

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
    import psutil  # noqa: PLC0415  30 ms, and most commands ask about no process

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        # Since boot: counted since 1970 it would differ when the clock has been set meanwhile.
        started = process.create_time() - psutil.boot_time()
    except psutil.NoSuchProcess:
        return None
    return Identity(pid, round(started * 100))


def work(pid: int) -> float | None:
    """Seconds on a CPU so far; None for one that has work but waits for a CPU or for a disk."""
    import psutil  # noqa: PLC0415  as above

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP):
            return None
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return None
    return float(times.user + times.system)


def own() -> Identity:
    found = identity(os.getpid())
    assert found is not None, "we live"
    return found

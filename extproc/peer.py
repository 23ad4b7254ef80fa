"""The process at the other end of a Unix socket, and the work it does.

On a busy machine a process may take seconds to answer; one that hangs does no work meanwhile.
Where nothing can be known of the process (a port, another container, macOS) it counts as one
that does none.
"""

from __future__ import annotations

import math
import socket
import struct
from typing import Final

import psutil

_CREDENTIALS: Final = struct.Struct("3i")
"""Of process, user and group."""
_WAITING: Final = (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
_PEER: Final = getattr(socket, "SO_PEERCRED", None)


def pid_of(connected: socket.socket) -> int | None:
    """The process that listens at the other end."""
    if _PEER is None or connected.family != socket.AF_UNIX:
        return None
    packed = connected.getsockopt(socket.SOL_SOCKET, _PEER, _CREDENTIALS.size)
    # 0: it lives where this process sees no other.
    return _CREDENTIALS.unpack(packed)[0] or None


def work(pid: int | None) -> float:
    """Seconds on a CPU so far; infinite for one that waits for a CPU or for a disk."""
    if pid is None:
        return 0.0
    try:
        process = psutil.Process(pid)
        if process.status() in _WAITING:
            return math.inf
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)

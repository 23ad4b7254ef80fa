"""Ties the process that follows to its parent: `leash.py PARENT PROGRAM ARGUMENTS…`.

It leaves no core when it crashes, either: keys would lie in that.

A child runs this before it becomes itself. The kernel then kills it when the supervisor dies,
however that happens, kill -9 included. It is a program of its own and not a `preexec_fn`,
because the supervisor has threads, and code between fork and exec may then deadlock.

Standard library only, and run with `-I -S`, so that it costs about ten milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, program = int(arguments[0]), arguments[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It died before the leash was on; nobody would ever stop us.
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Who sends it to all processes of a service means the supervisor.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.execv(program[0], program)  # noqa: S606  no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])

"""`archgw down`: drain, stop, and leave no process, socket, key or lock behind."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from controlplane.cli.home import add_drain, add_home, home_of
from controlplane.cli.terminal import failure, progress
from controlplane.exit_codes import COULD_NOT_RUN, DONE
from controlplane.supervise import control_client
from controlplane.supervise.control_client import UnreachableError
from controlplane.supervise.home import clean_home
from controlplane.supervise.lock import Holder, holder, is_held
from controlplane.supervise.messages import Stopped
from controlplane.supervise.processes.leftovers import end_leftovers

if TYPE_CHECKING:
    import argparse

    from controlplane.home_paths import Home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    import argparse  # noqa: PLC0415  for SUPPRESS alone

    parser.description = "Stop taking requests, let the open ones finish, and stop."
    add_home(parser)
    told = "what `archgw up` was told"
    add_drain(parser, told, told, "--timeout")
    # v0.1 could stop its parts one by one; what one `up` started belongs together here.
    parser.add_argument("--service", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    if not is_held(home.lock_file):
        _clean(home)
        print(f"no gateway runs in {home.folder}")
        return DONE
    supervisor = holder(home.lock_file)
    stopped = Stopped(0, 0.0)
    try:
        stopped = control_client.stop(home.control_socket, args.drain_min, args.drain_max, progress)
    except UnreachableError:
        _force(home)
    if not _ended(supervisor, home, 5.0):
        failure(f"the gateway in {home.folder} does not stop; see {home.logs / 'supervisor.log'}")
        return COULD_NOT_RUN
    _clean(home)
    after = f"open request(s) were cut after {stopped.after:g} s"
    print(f"stopped; {stopped.cut} {after}" if stopped.cut else "stopped")
    return DONE


def _force(home: Home) -> None:
    """The supervisor hangs, or is on its way in or out. Its children die with it."""
    who = holder(home.lock_file)
    if who is None or _released(home, 1.0):
        return
    progress(f"the supervisor (pid {who.identity.pid}) does not answer: ending it")
    who.identity.send(signal.SIGTERM)
    if not _released(home, 3.0):
        who.identity.send(signal.SIGKILL)


def _ended(supervisor: Holder | None, home: Home, seconds: float) -> bool:
    """The lock is free and the process itself is gone."""
    deadline = time.monotonic() + seconds
    while supervisor and supervisor.identity.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return _released(home, max(0.0, deadline - time.monotonic()))


def _released(home: Home, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_held(home.lock_file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _clean(home: Home) -> None:
    """What a killed supervisor could not take away itself."""
    end_leftovers(home.children_file)
    clean_home(home)
    for path in (home.control_socket, home.lock_file):
        path.unlink(missing_ok=True)

"""The directory of one gateway: taken at the start, left clean at the end."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

from controlplane.supervise.lock import Lock
from controlplane.supervise.private import private_directory, private_home
from controlplane.supervise.processes.leftovers import end_leftovers
from controlplane.supervise.secrets import SecretStore

if TYPE_CHECKING:
    from controlplane.home_paths import Home

log = logging.getLogger("archgw")

_SOCKET_PATH_MAX = 107
"""The kernel's limit for a Unix socket's path."""


class LongPathError(Exception):
    """No socket can be made in this home."""


def take_home(home: Home, config: str) -> Lock:
    """Ours alone until the lock is released, and free of what a killed gateway left."""
    if max(len(os.fsencode(path)) for path in home.sockets) > _SOCKET_PATH_MAX:
        raise LongPathError(
            f"the path {home.folder} is too long for sockets; choose a shorter --home"
        )
    private_home(home)
    lock = Lock(home.lock_file)
    lock.take(config)
    for name in end_leftovers(home.children_file):
        log.warning("ended %s, left over from a supervisor that was killed", name)
    clean_home(home)
    home.failure_file.unlink(missing_ok=True)
    home.control_socket.unlink(missing_ok=True)
    private_directory(home.runtime)
    return lock


def clean_home(home: Home) -> None:
    """Keys, runtimes and sockets; not the control socket, on which somebody may yet wait."""
    SecretStore(home.secrets).clear()
    shutil.rmtree(home.runtime, ignore_errors=True)
    settings = home.run.glob("modelserver-*.yaml")
    for path in (*home.sockets, home.bootstrap_file, home.console_file, *settings):
        if path != home.control_socket:
            path.unlink(missing_ok=True)

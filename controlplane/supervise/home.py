"""The home of one gateway: taken at the start, left clean at the end."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

from controlplane.supervise.lock import Lock
from controlplane.supervise.processes.leftovers import end_leftovers
from controlplane.supervise.secrets import SecretStore, private_directory

if TYPE_CHECKING:
    from controlplane.home_paths import Layout

log = logging.getLogger("archgw")

_SOCKET_PATH_MAX = 107
"""The kernel's limit for a Unix socket's path."""


class LongPathError(Exception):
    """No socket can be made in this home."""


class Home:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = Lock(layout.lock_file)

    def take(self, config: str) -> None:
        """Ours alone from here on, and free of what a killed gateway left."""
        layout = self._layout
        if max(len(os.fsencode(path)) for path in layout.sockets) > _SOCKET_PATH_MAX:
            raise LongPathError(
                f"the path {layout.home} is too long for sockets; choose a shorter --home"
            )
        for directory in (layout.home, layout.run, layout.logs):
            private_directory(directory)
        self._lock.take(config)
        for name in end_leftovers(layout.children_file):
            log.warning("ended %s, left over from a supervisor that was killed", name)
        self.clean()
        layout.failure_file.unlink(missing_ok=True)
        layout.control_socket.unlink(missing_ok=True)
        private_directory(layout.runtime)

    def clean(self) -> None:
        """All but the logs, and the control socket, on which somebody may yet wait."""
        layout = self._layout
        SecretStore(layout.secrets).clear()
        shutil.rmtree(layout.runtime, ignore_errors=True)
        settings = layout.run.glob("modelserver-*.yaml")
        for path in (*layout.sockets, layout.bootstrap_file, *settings):
            if path != layout.control_socket:
                path.unlink(missing_ok=True)

    def release(self) -> None:
        self._lock.release()

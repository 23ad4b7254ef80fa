"""Things of another user, whoever runs the tests."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

OTHER = 54321


def of_another_user(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can give it away; anybody else becomes another user than its owner."""
    if os.geteuid() == 0:
        os.chown(path, OTHER, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: OTHER)


def listens_as_another_user(server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells a client who called `listen`."""
    if os.geteuid() == 0:
        os.seteuid(OTHER)
        server.listen()
        os.seteuid(0)
    else:
        server.listen()
        monkeypatch.setattr(os, "geteuid", lambda: OTHER)

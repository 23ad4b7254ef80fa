"""The asking end of the control socket, for the command line: no asyncio, so that it is quick.

`control_server` tells what is asked, `messages` what is answered.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, TypeVar

from controlplane.supervise.messages import (
    ListenerStatus,
    Looked,
    NoResultError,
    Status,
    Stopped,
    Verdict,
    read_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")

_STATUS_TIMEOUT = 10.0
_RELOAD_TIMEOUT = 120.0
_SILENCE = 10.0
"""A supervisor that drains says so every second."""
_CREDENTIALS = struct.Struct("3i")
"""struct ucred: process, user, group."""


class UnreachableError(Exception):
    """Nobody answers on the control socket, or not as this version understands it."""


def status(path: Path) -> Status:
    return ask(path, {"command": "status"}, Status.from_json, timeout=_STATUS_TIMEOUT)


def ready(path: Path) -> bool:
    def said(body: Mapping[str, Any]) -> bool:
        return bool(body["ready"])

    return ask(path, {"command": "ready"}, said, timeout=_STATUS_TIMEOUT)


def listeners(path: Path) -> tuple[ListenerStatus, ...]:
    def said(body: Mapping[str, Any]) -> tuple[ListenerStatus, ...]:
        return tuple(ListenerStatus(**each) for each in body["listeners"])

    return ask(path, {"command": "listeners"}, said, timeout=_STATUS_TIMEOUT)


def look(path: Path) -> Looked:
    return ask(path, {"command": "look"}, Looked.from_json, timeout=_RELOAD_TIMEOUT)


def reload(path: Path, env: Mapping[str, str]) -> Verdict:
    request = {"command": "reload", "env": dict(env)}
    return ask(path, request, Verdict.from_json, timeout=_RELOAD_TIMEOUT)


def stop(
    path: Path, least: float | None, most: float | None, progress: Callable[[str], None]
) -> Stopped:
    """Seconds, or None where what `archgw up` said is to count."""
    request = {"command": "down", "least": least, "most": most}
    return ask(path, request, Stopped.from_json, progress, timeout=_SILENCE)


def _check_peer(connection: socket.socket) -> None:
    """A caller's whole environment may follow, keys and all."""
    if peer(connection) not in (0, os.geteuid()):
        raise OSError("another user listens there")


def peer(connection: socket.socket) -> int:
    """The user at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, user, _group = _CREDENTIALS.unpack(credentials)
    return int(user)


def ask(
    path: Path,
    request: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], T],
    progress: Callable[[str], None] = lambda _: None,
    *,
    timeout: float = 60.0,
) -> T:
    """The result; `timeout` is for the silence between two lines."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            _check_peer(connection)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as lines:
                return read(read_result(lines, progress))
        except (OSError, ValueError, LookupError, TypeError, NoResultError) as error:
            raise UnreachableError(f"{path}: {error}") from error

"""The asking end of the control socket, for the command line: no asyncio, so that it is quick.

`control_server` tells what is said.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class UnreachableError(Exception):
    """Nobody answers on the control socket."""


def ask(
    path: Path,
    request: Mapping[str, Any],
    progress: Callable[[str], None],
    timeout: float | None = 60.0,
) -> dict[str, Any]:
    """The result; `timeout` is for the silence between two lines."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as lines:
                for line in lines:
                    answer = json.loads(line)
                    if "result" in answer:
                        return dict(answer["result"])
                    progress(answer["progress"])
        except (OSError, ValueError) as error:
            raise UnreachableError(f"{path}: {error}") from error
    raise UnreachableError(f"{path}: closed without an answer")

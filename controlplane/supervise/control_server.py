"""The control socket: one JSON line asks, JSON lines answer (see `messages`).

    {"command": "status"}
    {"command": "listeners"}                 without a look at what is called
    {"command": "look"}                      at the config on disk, and what is wrong with it
    {"command": "reload", "env": {…}}        the caller's variables, for `$NAME` in the config
    {"command": "down", "timeout": 60}       seconds to wait for open requests

The socket lies in a 0700 directory and is 0600 itself: who can open it may stop the gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from typing import TYPE_CHECKING, Any

from controlplane.supervise.messages import progress_line, result_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from controlplane.supervise.messages import Progress

    Handler = Callable[[Mapping[str, Any], Progress], Awaitable[Mapping[str, Any]]]

log = logging.getLogger("archgw.control")

_LIMIT = 4 << 20


class ControlServer:
    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=_LIMIT)
        os.chmod(self._path, 0o600)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        if self._busy:
            # Whoever asked for the end still gets its answer.
            await asyncio.wait(self._busy, timeout=1.0)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            result = await self._handler(request, lambda text: writer.write(progress_line(text)))
            writer.write(result_line(result))
            await writer.drain()
        except (ValueError, ConnectionError) as error:
            log.warning("control: %s", type(error).__name__)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

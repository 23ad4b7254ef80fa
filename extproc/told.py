"""HTTP on a Unix socket: what a process tells, and is told, by its own user alone."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@contextlib.asynccontextmanager
async def serving(app: web.Application, socket: Path) -> AsyncIterator[None]:
    """Answer on the socket; one that a killed process left is in nobody's use."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket)
    await web.UnixSite(runner, str(socket)).start()
    os.chmod(socket, 0o600)
    try:
        yield
    finally:
        await runner.cleanup()


def prometheus(text: bytes) -> web.Response:
    return web.Response(body=text, headers={"content-type": "text/plain; version=0.0.4"})

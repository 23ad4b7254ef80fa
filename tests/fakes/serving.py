"""An aiohttp server in a thread of its own, so that tests can be written straight down."""

from __future__ import annotations

import abc
import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine
    from pathlib import Path


class Server(abc.ABC):
    """Serves `application()` on a free port of the loopback, over TLS if given a context.

    Or on the Unix socket that `socket` names.
    """

    host = "127.0.0.1"
    socket: Path | None = None

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    @abc.abstractmethod
    def application(self) -> web.Application:
        """What is served; made anew at every start."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def stop(self) -> None:
        """From now on connections to it are refused."""
        if self._runner:
            self._call(self._runner.cleanup())
            self._runner = None

    def start_again(self) -> None:
        """On the same port as before."""
        self._call(self._start())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        if self.socket:
            await web.UnixSite(self._runner, str(self.socket)).start()
            return
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

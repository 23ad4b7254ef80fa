"""An application behind the gateway: its APIs and its error target, told what to answer."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Coroutine


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Says:
    body: Any = field(default_factory=lambda: {"ok": True})
    """Bytes as they are, anything else as JSON."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    """Close the connection instead of answering."""


class FakeApplication:
    """Answers by path, `Says()` where nothing else is said; runs in a thread of its own."""

    def __init__(self) -> None:
        self.says: dict[str, Says] = {}
        self.received: list[Asked] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def forget(self) -> None:
        self.received.clear()
        self.says.clear()

    def stop(self) -> None:
        """From now on connections to it are refused."""
        if self._runner:
            self._call(self._runner.cleanup())
            self._runner = None

    def start_again(self) -> None:
        self._call(self._start())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.raw_path, headers, await request.read())
        self.received.append(asked)
        says = self.says.get(request.raw_path.partition("?")[0], Says())
        await asyncio.sleep(says.delay)
        if says.reset:
            if request.transport:
                request.transport.abort()
            return web.Response()
        headers = {"content-type": "application/json", **says.headers}
        raw = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
        return web.Response(body=raw, status=says.status, headers=headers)

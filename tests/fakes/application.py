"""An application behind the gateway: its APIs and its error target, told what to answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.serving import Server

if TYPE_CHECKING:
    import ssl


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


class FakeApplication(Server):
    """Answers by path, `Says()` where nothing else is said; runs in a thread of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.says: dict[str, Says] = {}
        self.received: list[Asked] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def forget(self) -> None:
        self.received.clear()
        self.says.clear()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

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

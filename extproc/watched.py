"""What this process tells whoever watches it, on a socket for its user alone.

GET /metrics               Prometheus's text
GET /decisions             the newest records, from the newest on, in JSON lines; `?newest=N`
GET /decisions?after=MARK  those that came since; the answer's header `x-archgw-mark` has the next
GET /decisions/ID          the record of one request
GET /generations           the configs that are kept parsed
"""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import TYPE_CHECKING, Final

from aiohttp import web

from extproc.contract import MARK_HEADER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from extproc.record.ring import Ring
    from extproc.runtime import Generations
    from extproc.telemetry import Metrics

_NEWEST: Final = 100


class Watched:
    def __init__(self, metrics: Metrics, ring: Ring, generations: Generations) -> None:
        self._metrics = metrics
        self._ring = ring
        self._generations = generations
        self._life = uuid.uuid4().hex
        """Part of each mark: the numbers of a process that was before us say nothing here."""

    @contextlib.asynccontextmanager
    async def on(self, socket: Path) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/metrics", self._expose)
        app.router.add_get("/decisions", self._decisions)
        app.router.add_get("/decisions/{id}", self._decision)
        app.router.add_get("/generations", self._known)
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

    async def _expose(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.text(), headers={"content-type": "text/plain; version=0.0.4"}
        )

    async def _decisions(self, request: web.Request) -> web.Response:
        if (mark := request.query.get("after")) is not None:
            records = self._ring.after(self._number(mark))
        else:
            most = request.query.get("newest", "")
            records = self._ring.newest(int(most) if most.isdecimal() else _NEWEST)
        return web.Response(
            body=b"\n".join(records),
            content_type="application/x-ndjson",
            headers={MARK_HEADER: f"{self._life}-{self._ring.last}"},
        )

    def _number(self, mark: str) -> int:
        life, _, number = mark.partition("-")
        return int(number) if life == self._life and number.isdecimal() else 0

    async def _decision(self, request: web.Request) -> web.Response:
        found = self._ring.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found, content_type="application/json")

    async def _known(self, _request: web.Request) -> web.Response:
        return web.json_response({"generations": self._generations.known()})

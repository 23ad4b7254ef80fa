"""What this process tells whoever watches it, on a socket for its user alone.

GET /metrics               Prometheus's text
GET /decisions             the newest records, from the newest on, in JSON lines; `?newest=N`
GET /decisions?after=MARK  those that came since; the answer's header `x-archgw-mark` has the next
GET /decisions/ID          the record of one request
GET /generations           the configs that are kept parsed
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from aiohttp import web

from extproc import told
from extproc.contract import MARK_HEADER

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
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

    def on(self, socket: Path) -> AbstractAsyncContextManager[None]:
        app = web.Application()
        app.router.add_get("/metrics", self._expose)
        app.router.add_get("/decisions", self._decisions)
        app.router.add_get("/decisions/{id}", self._decision)
        app.router.add_get("/generations", self._known)
        return told.serving(app, socket)

    async def _expose(self, _request: web.Request) -> web.Response:
        return told.prometheus(self._metrics.text())

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

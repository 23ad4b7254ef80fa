"""The routes. All below `/api` need the token; the rest is the same for everybody."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import errno
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from controlplane import past
from controlplane.console import chat, config, gates, golden, traffic
from controlplane.console.decisions import Decisions
from controlplane.console.place import Place, told_in
from controlplane.supervise import control_client
from controlplane.supervise.control_client import UnreachableError
from controlplane.supervise.http import Place as SocketPlace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from controlplane.home_paths import Home
    from controlplane.supervise.messages import ListenerStatus

_STATIC: Final = Path(__file__).with_name("static")
_LARGEST: Final = 10 << 20
_LONGEST: Final = 60.0


def create_app(home: Home, place: Place) -> web.Application:
    app = web.Application(client_max_size=_LARGEST)
    gates.install(app, place)
    console = _Console(home)
    app.cleanup_ctx.append(console.watching)
    app.router.add_get(gates.HEALTH, _alive)
    app.router.add_get("/", _page)
    app.router.add_static("/static", _STATIC)
    for method, path, handler in (
        ("GET", "ready", console.ready),
        ("GET", "listeners", console.listeners),
        ("POST", "chat", console.chat),
        ("POST", "models", console.chat),
        ("GET", "calls/{id}", console.call),
        ("GET", "decisions", console.decisions),
        ("GET", "decisions/{id}", console.decision),
        ("POST", "golden", console.golden),
        ("GET", "traffic", console.traffic),
        ("GET", "config", console.config),
    ):
        app.router.add_route(method, gates.API + path, handler)
    return app


async def serve(
    home: Home, address: str, ports: range, say: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Until it is to stop; `say` hears the address once it can be opened."""
    place = Place(address, ports[0])
    # A browser that has left is waited for no more.
    runner = web.AppRunner(
        create_app(home, place), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
    )
    await runner.setup()
    try:
        place = replace(place, port=await _listen(runner, address, ports))
        with told_in(home.console_file, place):
            say(place.url)
            await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, address: str, ports: range) -> int:
    """At the first of the ports that can be had."""
    for port in ports:
        site = web.TCPSite(runner, address, port)
        try:
            await site.start()
        except OSError as error:
            await site.stop()
            if error.errno != errno.EADDRINUSE or port == ports[-1]:
                raise
        else:
            return port
    raise AssertionError("there is a first port")


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _page(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / "index.html")


class _Console:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._decisions = Decisions(home.metrics_sockets)
        self._traffic = traffic.Traffic(SocketPlace(socket=home.scrape_socket))

    async def watching(self, _app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._traffic.watch())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def ready(self, _request: web.Request) -> web.Response:
        try:
            ready = await asyncio.to_thread(control_client.ready, self._home.control_socket)
        except UnreachableError:
            return web.json_response({"state": "away"})
        return web.json_response({"state": "ready" if ready else "not ready"})

    async def listeners(self, _request: web.Request) -> web.Response:
        return web.json_response([asdict(each) for each in await self._listeners()])

    async def chat(self, request: web.Request) -> web.StreamResponse:
        asked = await _json(request)
        found = [each for each in await self._listeners() if each.name == asked.get("listener")]
        if not found:
            return _problem(404, f"no listener {asked.get('listener')!r} runs")
        return await chat.forward(request, found[0], asked)

    async def call(self, request: web.Request) -> web.Response:
        """What the LLM's call of a request without a decision was; null until Envoy has told."""
        asked = request.match_info["id"], dt.datetime.now(dt.UTC), self._home.usage_log
        return web.json_response(await asyncio.to_thread(past.llm_call, *asked))

    async def decisions(self, request: web.Request) -> web.Response:
        asked = request.query
        waits = asked.get("wait") != "0"
        found = await self._decisions.after(asked.get("after", ""), wait=waits)
        # Ten thousand are some ten megabytes.
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    async def decision(self, request: web.Request) -> web.Response:
        record = await self._decisions.one(request.match_info["id"])
        log = self._home.usage_log
        return web.json_response(record and await asyncio.to_thread(past.completed, record, log))

    async def golden(self, request: web.Request) -> web.Response:
        asked = await _json(request)
        try:
            record = asked["record"]
            messages = asked.get("messages") or golden.kept_messages(record)
            if not messages:
                return _problem(
                    409,
                    "the config keeps no prompts, so there is nothing to test:"
                    " `decisions: {content: all}` keeps them",
                )
            return web.json_response({"yaml": golden.golden_test(record, messages)})
        except (LookupError, TypeError, ValueError):
            return _problem(
                400, "expected a record of a decision, and messages with role and content"
            )

    async def traffic(self, request: web.Request) -> web.Response:
        by, minutes = request.query.get("by", traffic.BY[0]), request.query.get("minutes", "")
        if by not in traffic.BY:
            return _problem(400, f"`by` is one of {', '.join(traffic.BY)}")
        span = float(minutes) if minutes.isdecimal() else _LONGEST
        return web.json_response(self._traffic.told(by, min(span, _LONGEST)))

    async def config(self, _request: web.Request) -> web.Response:
        try:
            return web.json_response(await config.gathered(self._home, self._decisions))
        except UnreachableError:
            return _problem(503, f"no gateway answers in {self._home.folder}")

    async def _listeners(self) -> tuple[ListenerStatus, ...]:
        try:
            asking = asyncio.to_thread(control_client.listeners, self._home.control_socket)
            return await asking
        except UnreachableError:
            return ()


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text=json.dumps({"error": {"message": "expected a JSON object"}}))
    return found


def _problem(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)

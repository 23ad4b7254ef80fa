"""Serve a demo's API and the stand-in LLM on free ports, in threads of this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn
from aiohttp import web

from demos.llm_gateway.stand_in_llm import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

_PATIENCE = 15.0


@contextlib.contextmanager
def api(app: FastAPI) -> Iterator[str]:
    """The API's `host:port` while it is served."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        deadline = time.monotonic() + _PATIENCE
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError(f"the API of {app.title} did not start")
            time.sleep(0.02)
        try:
            yield _address(listening.getsockname())
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)


@contextlib.contextmanager
def stand_in_llm() -> Iterator[str]:
    """Its `host:port` while it is served."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application(), access_log=None)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield _address(runner.addresses[0])
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()


def _address(name: tuple[str, int]) -> str:
    host, port = name[:2]
    return f"{host}:{port}"

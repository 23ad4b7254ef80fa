"""The model server over the models that ship: any body to any of its routes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import httpx
import structlog

from modelserver.http.app import State, create_app
from modelserver.loading import find_models, load_service
from modelserver.settings import Cache, Settings, Workload
from modelserver.telemetry import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.targets import Check

    Ask = Callable[..., httpx.Response]

ROUTES = {
    b"d": "/v1/decide",
    b"i": "/v1/intent",
    b"g": "/v1/guard",
    b"f": "/function_calling",
    b"q": "/guard",
}
REFUSALS = {400, 413, 415, 422, 429}


@contextlib.contextmanager
def asking() -> Iterator[Ask]:
    """The application over real models, without a socket; its own faults are raised."""
    settings = Settings(cache=Cache(enabled=False), runtime=Workload(timeout_ms=120_000))
    state = State(settings, Metrics())
    with structlog.testing.capture_logs(), asyncio.Runner() as runner:
        state.service = load_service(*find_models(settings), settings, state.metrics)
        runner.run(state.service.start())
        transport = httpx.ASGITransport(create_app(state), raise_app_exceptions=True)
        client = httpx.AsyncClient(transport=transport, base_url="http://model")
        yield lambda method, path, **sent: runner.run(client.request(method, path, **sent))
        runner.run(client.aclose())
        runner.run(state.service.close())


@contextlib.contextmanager
def models() -> Iterator[Check]:
    with asking() as ask:

        def check(data: bytes) -> None:
            answer = ask("POST", ROUTES.get(data[:1], "/v1/decide"), content=data[1:])
            assert answer.status_code in {200, *REFUSALS}, (answer.status_code, answer.text)
            told = json.loads(answer.content)
            assert answer.status_code == 200 or told
            json.dumps(told, allow_nan=False)

        yield check

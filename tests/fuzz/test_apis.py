"""The model server and the console, asked by schemathesis what their schema allows, and what not.

Each answers each request: with no 5xx but the one that says that nothing runs here, in JSON, and with
nothing of what went wrong inside.
"""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from controlplane.console.app import create_app
from controlplane.console.gates import TOKEN_HEADER
from controlplane.console.place import Place
from controlplane.home_paths import Home
from tests.fuzz.api_schemas import CONSOLE, MODEL_SERVER
from tests.fuzz.targets.models import asking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets.models import Ask

EXAMPLES = 8
KNOWN = {*range(200, 500), 501, 503}
"""501: no model here judges that; 503: no gateway runs here."""


@pytest.fixture(scope="module")
def model_server() -> Iterator[Ask]:
    with asking() as ask:
        yield ask


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A real one on a socket, for a home where no gateway runs."""
    folder = tmp_path_factory.mktemp("c")
    place = Place("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(create_app(Home(folder, folder / "logs"), place))
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    headers = {TOKEN_HEADER: place.token}
    host, port = runner.addresses[0][:2]
    with httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=20) as client:
        yield client.request
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def _cases(schema: dict[str, Any]) -> list[Any]:
    """Each operation with what its schema allows, and those that have a body with what it does not."""
    loaded = schemathesis.openapi.from_dict(schema)
    operations = [operation.ok() for operation in loaded.get_all_operations()]
    return [
        pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
        for operation in operations
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation.method == "post"
    ]


@pytest.mark.parametrize(("operation", "mode"), _cases(MODEL_SERVER))
def test_model_server(model_server: Ask, operation: Any, mode: GenerationMode) -> None:
    """Whatever it is sent is decided or refused, and no refusal is for a fault of its own."""
    _ask_all(model_server, operation, mode)


@pytest.mark.parametrize(("operation", "mode"), _cases(CONSOLE))
def test_console(console: Ask, operation: Any, mode: GenerationMode) -> None:
    """Whatever it is asked it answers, and says so where no gateway runs."""
    _ask_all(console, operation, mode)


def _ask_all(ask: Ask, operation: Any, mode: GenerationMode) -> None:
    strategy = operation.as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def asking(case: Any) -> None:
        sent = _sent(case)
        answer = ask(case.method, case.formatted_path, **sent)
        assert answer.status_code in KNOWN, (sent, answer.text)
        assert "Traceback" not in answer.text
        if "json" in answer.headers.get("content-type", ""):
            json.loads(answer.text)

    asking()


def _sent(case: Any) -> dict[str, Any]:
    """As httpx is told of it."""
    sent: dict[str, Any] = {"params": dict(case.query or {}), "headers": dict(case.headers or {})}
    if isinstance(case.body, bytes):
        sent["content"] = case.body
    elif not isinstance(case.body, schemathesis.core.NotSet):
        sent["content"] = json.dumps(case.body).encode()
        sent["headers"]["content-type"] = "application/json"
    return sent

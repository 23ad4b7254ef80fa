"""What is typed reaches a listener as an application's request would, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from controlplane.console import app as console
from controlplane.console.gates import TOKEN_HEADER
from controlplane.console.place import Place
from controlplane.home_paths import Home
from controlplane.supervise import control_client
from controlplane.supervise.messages import ListenerStatus

PLACE = Place("127.0.0.1", 19980)
KNOWN = {TOKEN_HEADER: PLACE.token}
RECEIVED: list[tuple[dict[str, str], bytes]] = []


async def _answer(request: web.Request) -> web.Response:
    RECEIVED.append((dict(request.headers), await request.read()))
    headers = {"x-request-id": "id-1", "set-cookie": "a=b", "access-control-allow-origin": "*"}
    return web.json_response({"said": "yes"}, status=201, headers=headers)


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestClient]:
    gateway = web.Application()
    gateway.router.add_post("/v1/chat/completions", _answer)
    RECEIVED.clear()
    async with TestServer(gateway) as server:
        known = (
            ListenerStatus("prompt", "0.0.0.0", server.port, True, False, True),
            ListenerStatus("llm", "127.0.0.1", 9, False, False, False),
        )
        monkeypatch.setattr(control_client, "listeners", lambda _: known)
        made = console.create_app(Home(tmp_path, tmp_path), PLACE)
        async with TestClient(TestServer(made)) as asking:
            yield asking


async def test_it_goes_to_the_listener(client: TestClient) -> None:
    """With the client's key, and without what opens the console; the answer comes as it is."""
    body = {"messages": [{"role": "user", "content": "hi"}]}
    asked = {"listener": "prompt", "key": "k-1", "body": body}
    answer = await client.post("/api/chat", json=asked, headers=KNOWN)
    assert (answer.status, await answer.json()) == (201, {"said": "yes"})
    assert answer.headers["x-request-id"] == "id-1"
    assert not {"set-cookie", "access-control-allow-origin"} & {n.lower() for n in answer.headers}
    ((headers, received),) = RECEIVED
    assert json.loads(received) == body
    assert headers["Authorization"] == "Bearer k-1"
    assert PLACE.token not in str(headers)


async def test_only_a_listener_of_the_gateways(client: TestClient) -> None:
    """Nobody chooses an address."""
    for wrong in ("http://evil.example", "", None, "internal"):
        asked = {"listener": wrong, "body": {}}
        answer = await client.post("/api/chat", json=asked, headers=KNOWN)
        assert answer.status == 404
    assert RECEIVED == []


async def test_a_listener_that_is_away_is_named(client: TestClient) -> None:
    """No traceback, no text of what was said."""
    asked = {"listener": "llm", "body": {"messages": ["secret words"]}}
    answer = await client.post("/api/chat", json=asked, headers=KNOWN)
    assert answer.status == 502
    said = (await answer.json())["error"]["message"]
    assert "the llm listener at 127.0.0.1:9 does not answer" in said
    assert "secret" not in said


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'"a"'])
async def test_what_is_no_object_is_refused(client: TestClient, body: bytes) -> None:
    """In words."""
    answer = await client.post("/api/chat", data=body, headers=KNOWN)
    assert answer.status == 400
    assert "expected a JSON object" in await answer.text()


async def test_the_call_of_a_request_is_found(client: TestClient, tmp_path: Path) -> None:
    """Of one that no decision was made of: from Envoy's log, once it is there."""
    assert await (await client.get("/api/calls/b", headers=KNOWN)).json() is None
    line = {"request_id": "b", "time": "2026-01-01T00:00:00Z", "provider": "one", "status": 200}
    (tmp_path / "usage.log").write_text(json.dumps(line))
    found = await (await client.get("/api/calls/b", headers=KNOWN)).json()
    assert (found["provider"], found["outcome"]) == ("one", "answered")

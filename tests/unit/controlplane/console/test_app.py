"""What the console answers where there is no gateway, or nonsense is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controlplane.console.app import create_app
from controlplane.console.gates import TOKEN_HEADER
from controlplane.console.place import Place
from controlplane.home_paths import Home
from tests.unit.controlplane.console.test_golden import record

PLACE = Place("127.0.0.1", 19980)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient]:
    app = create_app(Home(tmp_path, tmp_path / "logs"), PLACE)
    headers = {TOKEN_HEADER: PLACE.token}
    async with TestClient(TestServer(app), headers=headers) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("ready", 200, {"state": "away"}),
        ("listeners", 200, []),
        ("decisions", 200, {"mark": "~", "records": [], "heard": False}),
        ("decisions/1", 200, None),
        ("calls/1", 200, None),
    ],
)
async def test_without_a_gateway(client: TestClient, path: str, status: int, told: Any) -> None:
    """Each says that there is none, or nothing."""
    answer = await client.get(f"/api/{path}")
    assert (answer.status, await answer.json()) == (status, told)


async def test_no_config_without_a_gateway(client: TestClient, tmp_path: Path) -> None:
    """It says where none answers."""
    answer = await client.get("/api/config")
    assert answer.status == 503
    assert str(tmp_path) in (await answer.json())["error"]["message"]


async def test_charts_before_the_first_look(client: TestClient) -> None:
    """Empty, but there."""
    found = await (await client.get("/api/traffic?by=model&minutes=5")).json()
    assert found["times"] == []
    assert len(found["charts"]) == 6


@pytest.mark.parametrize("query", ["by=x", "by=", "by=request"])
async def test_what_nobody_counts_by(client: TestClient, query: str) -> None:
    """The known ones are named."""
    answer = await client.get(f"/api/traffic?{query}")
    assert answer.status == 400
    assert "provider, model, client, target" in (await answer.json())["error"]["message"]


async def test_a_golden_test_needs_a_prompt(client: TestClient) -> None:
    """Where none is kept, how to keep it is said."""
    answer = await client.post("/api/golden", json={"record": record()})
    assert answer.status == 409
    assert "`decisions: {content: all}`" in (await answer.json())["error"]["message"]
    kept = await client.post("/api/golden", json={"record": record(prompt={"text": "3 days"})})
    assert "3 days" in (await kept.json())["yaml"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"record": None},
        {"record": {}},
        {"record": {"id": 1}, "messages": [{}]},
        {"record": record(), "messages": "x"},
        {"record": record(calls=[{}]), "messages": [{"role": "user", "content": "x"}]},
    ],
)
async def test_what_is_no_record_is_refused(client: TestClient, asked: dict[str, Any]) -> None:
    """In words, and not by falling over."""
    answer = await client.post("/api/golden", json=asked)
    assert answer.status == 400
    assert "expected a record" in (await answer.json())["error"]["message"]

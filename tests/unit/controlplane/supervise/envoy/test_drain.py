"""Draining asks Envoy in the right order and waits for the last request."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Self

import pytest

from controlplane.supervise.drain_time import NONE, DrainTime
from controlplane.supervise.envoy.admin import Admin, AdminError
from controlplane.supervise.envoy.drain import drain

if TYPE_CHECKING:
    from pathlib import Path


class FakeAdmin:
    """An admin socket that counts requests down, one per question."""

    def __init__(self, path: Path, active: list[int]) -> None:
        self.path = path
        self.active = active
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        self.asked.append(f"{method} {path.partition('&filter')[0]}")
        body = b"OK\n"
        if path.startswith("/stats"):
            count = self.active.pop(0) if len(self.active) > 1 else self.active[0]
            stats = [
                {"name": "http.llm.downstream_rq_active", "value": count},
                {"name": "http.admin.downstream_rq_active", "value": 1},
            ]
            body = json.dumps({"stats": stats}).encode()
        # Envoy's admin answers in chunks.
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        await writer.drain()
        writer.close()


async def test_waits_until_nothing_is_open(tmp_path: Path) -> None:
    """Health check first, then waiting, and the listeners close at the end."""
    said: list[str] = []
    async with FakeAdmin(tmp_path / "a.sock", [3, 2, 1, 0]) as fake:
        assert await drain(Admin(fake.path), lambda: DrainTime(most=10.0), said.append) == 0
    calls = [each for each in fake.asked if "/stats" not in each]
    assert calls == [
        "POST /healthcheck/fail",
        "POST /drain_listeners?graceful&skip_exit",
        "POST /drain_listeners",
    ]
    assert sum("/stats" in each for each in fake.asked) >= 4


async def test_goes_on_taking_calls_for_the_least_time(tmp_path: Path) -> None:
    """Nothing is open, and yet the listeners stay for what a balancer may still send."""
    said: list[str] = []
    drain_time = DrainTime(least=1.3, most=10.0)
    async with FakeAdmin(tmp_path / "a.sock", [0]) as fake:
        draining = asyncio.create_task(drain(Admin(fake.path), lambda: drain_time, said.append))
        await asyncio.sleep(0.8)
        assert "POST /healthcheck/fail" in fake.asked
        assert "POST /drain_listeners" not in fake.asked
        assert await draining == 0
        assert "POST /drain_listeners" in fake.asked
    assert said
    assert said[0].startswith("taking calls for ")


async def test_stops_listening_though_clients_never_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or who comes again and again would keep the gateway until the most of the time."""
    monkeypatch.setattr("controlplane.supervise.envoy.drain._QUIET", 0.5)
    async with FakeAdmin(tmp_path / "a.sock", [3]) as fake:
        draining = asyncio.create_task(
            drain(Admin(fake.path), lambda: DrainTime(most=30.0), lambda _: None)
        )
        await asyncio.sleep(0.2)
        assert "POST /drain_listeners" not in fake.asked
        async with asyncio.timeout(5):
            while "POST /drain_listeners" not in fake.asked:
                await asyncio.sleep(0.05)
        assert not draining.done()
        fake.active = [0]
        async with asyncio.timeout(5):
            assert await draining == 0


async def test_gives_up_when_the_time_is_up(tmp_path: Path) -> None:
    """A request that never ends is counted, told, and not waited for any longer."""
    said: list[str] = []
    async with FakeAdmin(tmp_path / "a.sock", [2]) as fake:
        began = asyncio.get_running_loop().time()
        assert await drain(Admin(fake.path), lambda: DrainTime(most=1.3), said.append) == 2
        assert 1.3 <= asyncio.get_running_loop().time() - began < 3
    assert said
    assert said[0].startswith("waiting for 2 open request(s)")


async def test_patience_can_be_lost_while_waiting(tmp_path: Path) -> None:
    """A second Ctrl-C ends the wait at once."""
    drain_time = [DrainTime(least=60.0)]
    async with FakeAdmin(tmp_path / "a.sock", [1]) as fake:
        draining = asyncio.create_task(drain(Admin(fake.path), lambda: drain_time[0], print))
        await asyncio.sleep(0.2)
        assert not draining.done()
        drain_time[0] = NONE
        async with asyncio.timeout(2):
            assert await draining == 1


async def test_dead_envoy_needs_no_drain(tmp_path: Path) -> None:
    """Nobody on the socket: nothing is open, and nothing is raised."""
    assert await drain(Admin(tmp_path / "none.sock"), lambda: DrainTime(most=10.0), print) == 0


async def test_admin_refusal_is_an_error(tmp_path: Path) -> None:
    """A path outside the allow-list is told with its status."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_unix_server(serve, str(tmp_path / "a.sock"))
    with pytest.raises(AdminError, match="403"):
        await Admin(tmp_path / "a.sock").get("/config_dump")
    server.close()

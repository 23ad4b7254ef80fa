"""One answer for all processes, whoever of them gives none."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controlplane.home_paths import Home
from controlplane.supervise.http import Place
from controlplane.supervise.processes.child import ChildSpec
from controlplane.supervise.scrape import Scrape, Serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WELL = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
BROKEN = b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"
COUNTED = b"# TYPE a_total counter\na_total 1.0\n"


@dataclass
class Child:
    spec: ChildSpec
    restarts: int = 0


@dataclass
class Children:
    them: list[Child]

    def all(self) -> list[Child]:
        return self.them


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path, tmp_path / "logs")
    made.run.mkdir()
    return made


@contextlib.asynccontextmanager
async def answering(socket: Path, answer: bytes | None) -> AsyncIterator[list[bytes]]:
    """Whoever asks there hears this, or nothing at all."""
    heard: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, str(socket))
    try:
        yield heard
    finally:
        over.set()
        server.close()


def scrape(home: Home, *names: str) -> Scrape:
    children: Any = Children(
        [
            Child(
                ChildSpec(name, (), home.logs, metrics=Place(socket=home.run / f"{name}.sock")), 2
            )
            for name in names
        ]
    )
    return Scrape(home, children, {}, lambda: Serving("v-1", "r-1", "1.40.0"))


def found(text: str) -> dict[tuple[str, str], float]:
    return {
        (each.name, each.labels.get("process", "")): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


async def test_whoever_answers(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is well, one fails, one hangs, one is not there, and neither is Envoy."""
    monkeypatch.setattr("controlplane.supervise.scrape._WITHIN", 0.2)
    well = WELL % (len(COUNTED), COUNTED)
    async with (
        answering(home.run / "well.sock", well) as heard,
        answering(home.run / "broken.sock", BROKEN),
        answering(home.run / "hung.sock", None),
    ):
        told = scrape(home, "well", "broken", "hung", "gone")
        answer, content_type = await told.answer("/stats?format=prometheus")
    assert content_type.startswith("text/plain; version=0.0.4")
    values = found(answer.body.decode())
    up = {process: value for (name, process), value in values.items() if name == "archgw_up"}
    assert up == {"envoy": 0, "well": 1, "broken": 0, "hung": 0, "gone": 0}
    assert values["a_total", "well"] == 1
    assert values["archgw_restarts_total", "gone"] == 2
    assert 'archgw_config_info{version="v-1",runtime="r-1"} 1' in answer.body.decode()
    assert 'envoy="1.40.0"} 1' in answer.body.decode()
    assert heard[0].startswith(b"GET /metrics HTTP/1.1")


async def test_what_envoy_answers_alone(home: Home) -> None:
    """Other forms and filters go to Envoy as they were asked, and come back as it says."""
    async with answering(home.admin_socket, WELL % (2, b"{}")) as heard:
        for target in ("/stats?format=json", "/stats", "/stats/prometheus?filter=llm"):
            answer, _ = await scrape(home, "gone").answer(target)
            assert (answer.status, answer.body) == (200, b"{}")
            assert heard[-1].startswith(f"GET {target} HTTP/1.1".encode())
    answer, _ = await scrape(home).answer("/stats")
    assert answer.status == 503


async def test_on_its_socket(home: Home) -> None:
    """Questions come over a socket that nobody else may open; none may change anything."""
    told = scrape(home)
    await told.start()
    assert home.scrape_socket.stat().st_mode & 0o777 == 0o600
    for method, status in ((b"GET", b"200"), (b"POST", b"405")):
        reader, writer = await asyncio.open_unix_connection(str(home.scrape_socket))
        writer.write(method + b" /stats/prometheus HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 " + status)
        writer.close()
    for nonsense in (b"\r\n\r\n", b"x" * 100_000, b""):
        reader, writer = await asyncio.open_unix_connection(str(home.scrape_socket))
        writer.write(nonsense)
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            assert b"200" not in await reader.read()
        writer.close()
    told.stop()
    assert not home.scrape_socket.exists()

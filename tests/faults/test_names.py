"""Row 66: clients that name another model each time, ten thousand of them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Client, World
from tests.e2e.harness import Running, gateway
from tests.e2e.load import ask
from tests.faults.test_edges import resident_mib

NAMES = 10_000
CONNECTIONS = 8


@pytest.mark.alone
def test_row_66_ten_thousand_names_of_models(
    world: World, tmp_path: Path, figure: Callable[[object], None]
) -> None:
    """Each is refused; neither Envoy's memory nor its statistics grow by them."""
    world.forget()
    with gateway(tmp_path, world.config(), {"KEY": "sk"}) as running:
        asyncio.run(_named(running, range(1000)))
        before, lines = resident_mib(running), _statistics(running)
        answers = asyncio.run(_named(running, range(1000, 1000 + NAMES)))
        grown = resident_mib(running) - before
        assert _statistics(running) == lines
        assert Client(running.port).chat().status == 200
    figure(f"{grown:.1f} MiB for {NAMES:,} names, {lines} statistics as before")
    assert answers == {404: NAMES}
    assert len(world.one.received) == 1
    assert grown < 8


def _statistics(running: Running) -> int:
    return len(running.admin("GET", "/stats").splitlines())


async def _named(running: Running, numbers: range) -> Counter[int]:
    async def some(own: range) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        try:
            return [(await ask(reader, writer, _body(number)))[0] for number in own]
        finally:
            writer.close()

    parts = [numbers[start::CONNECTIONS] for start in range(CONNECTIONS)]
    answered = await asyncio.gather(*map(some, parts))
    return Counter(status for each in answered for status in each)


def _body(number: int) -> bytes:
    messages = [{"role": "user", "content": "hi"}]
    return json.dumps({"model": f"model-{number}", "messages": messages}).encode()

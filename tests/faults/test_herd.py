"""Row 57: everybody comes back at once after an outage."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.configs import config, one_local
from tests.e2e.conftest import Client
from tests.e2e.harness import gateway
from tests.fakes.provider import FakeProvider
from tests.faults.load import called

CLIENTS = 500


@pytest.mark.alone
def test_row_57_everybody_at_once(tmp_path: Path, figure: Callable[[object], None]) -> None:
    """Five hundred clients at once: refused at once while the provider is away, all served after."""
    with (
        FakeProvider("one") as one,
        gateway(tmp_path, config("", one_local(one.address)), {}) as running,
    ):
        assert Client(running.port).chat().status == 200
        one.stop()
        away, _ = _all_at_once(running.port)
        one.start_again()
        began = time.monotonic()
        back, took = _all_at_once(running.port)
        within = time.monotonic() - began
        then = [asyncio.run(_timed(running.port)) for _ in range(5)]
    median = 1000 * statistics.median(seconds for _, seconds in then)
    figure(
        f"away: {dict(away)}; back: {dict(back)} within {within:.1f} s, the slowest after"
        f" {max(took):.1f} s; then {median:.0f} ms a call"
    )
    assert set(away) == {503}
    assert set(back) == {200}
    assert within < 40


def _all_at_once(port: int) -> tuple[Counter[int], list[float]]:
    async def everybody() -> list[tuple[int, float]]:
        return await asyncio.gather(*(_timed(port) for _ in range(CLIENTS)))

    answers = asyncio.run(everybody())
    return Counter(status for status, _ in answers), [seconds for _, seconds in answers]


async def _timed(port: int) -> tuple[int, float]:
    began = time.monotonic()
    status, _ = await called(port)
    return status, time.monotonic() - began

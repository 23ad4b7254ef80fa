"""Sums in a real Redis: all or nothing, debts, its own clock, and what happens when it is slow."""

from __future__ import annotations

import asyncio
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from extproc.limits.counts import PATIENCE, Charge, Counts, Limit, UnavailableError, connect
from tests.fakes.redis_server import REDIS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis

pytestmark = pytest.mark.skipif(
    REDIS is None, reason="no redis-server: apt-get install redis-server"
)

HOUR = Limit("test:hour", 100, 3600)
SECOND = Limit("test:second", 10, 1)
BUSY = 60.0
"""Seconds that a test's own requests may take: it is not the time that is tested."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    socket = tmp_path_factory.mktemp("r") / "s"
    settings = [
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        "--dir",
        str(socket.parent),
    ]
    process = subprocess.Popen([REDIS or "", *settings], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not socket.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield f"unix://{socket}"
    process.kill()
    process.wait(10)


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    opened = connect(url, None, None)
    await opened.flushall()
    yield opened
    await opened.aclose()


@pytest.fixture
async def counts(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Counts:
    monkeypatch.setattr("extproc.limits.counts.PATIENCE", BUSY)
    made = Counts(redis)
    assert await made.begin() is None
    return made


async def taken(counts: Counts, tokens: int, *limits: Limit) -> bool:
    return (await counts.take([Charge(each, tokens) for each in limits or (HOUR,)]))[0]


async def test_until_it_is_spent(counts: Counts) -> None:
    """Just so many tokens as there are; then it is said when there are enough again."""
    assert [await taken(counts, each) for each in (60, 40, 1)] == [True, True, False]
    _, (standing,) = await counts.take([Charge(HOUR, 10)])
    assert (standing.holds, standing.remaining, standing.wait) == (False, 0, 360)


async def test_all_or_none(counts: Counts) -> None:
    """A limit that holds a request pays nothing for it where another one does not."""
    assert await taken(counts, 95)
    other = Limit("test:other", 10, 3600)
    assert not await taken(counts, 6, HOUR, other)
    _, (standing,) = await counts.take([Charge(other, 10)])
    assert (standing.holds, standing.remaining) == (True, 0)


async def test_what_it_cost_takes_the_place_of_what_was_estimated(counts: Counts) -> None:
    """More is owed, however much it is; less comes back, but never more than was spent."""
    assert await taken(counts, 10)
    await counts.settle([Charge(HOUR, -10), Charge(HOUR, 250)])
    _, (standing,) = await counts.take([Charge(HOUR, 1)])
    assert not standing.holds
    assert standing.wait == pytest.approx(151 * 36, abs=2)
    await counts.settle([Charge(HOUR, -1000)])
    assert [await taken(counts, 100), await taken(counts, 1)] == [True, False]


async def test_it_comes_in_again_by_the_clock_of_redis(counts: Counts, redis: Redis) -> None:
    """Nothing of this machine's clock is told, and a sum that is paid is forgotten."""
    assert await taken(counts, 10, SECOND)
    assert not await taken(counts, 10, SECOND)
    assert 0 < await redis.pttl(SECOND.key) <= 1000
    while not await taken(counts, 10, SECOND):
        await asyncio.sleep(0.05)


async def test_many_at_once(counts: Counts) -> None:
    """However many ask at one time, what is taken is what there was."""
    answers = await asyncio.gather(*(taken(counts, 7) for _ in range(60)))
    assert answers.count(True) == 14


async def test_redis_forgets_its_scripts(counts: Counts, redis: Redis) -> None:
    """As after a restart: it is told them again."""
    assert await taken(counts, 1)
    await redis.script_flush()
    assert await taken(counts, 1)


async def test_a_slow_redis(redis: Redis, counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than a moment, and what was taken for who had gone comes back."""
    monkeypatch.setattr("extproc.limits.counts.PATIENCE", PATIENCE)
    await redis.client_pause(500)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="timeout"):
        await taken(counts, 80)
    assert PATIENCE <= time.monotonic() - began < 0.45
    monkeypatch.setattr("extproc.limits.counts.PATIENCE", BUSY)
    while not await taken(counts, 100):
        await asyncio.sleep(0.02)


async def test_no_redis(tmp_path: Path) -> None:
    """It is said at once, and of what kind it is."""
    counts = Counts(connect(f"unix://{tmp_path}/none", None, None))
    assert await counts.begin() == "ConnectionError"
    with pytest.raises(UnavailableError, match="ConnectionError"):
        await taken(counts, 1)


async def test_another_password(tmp_path: Path) -> None:
    """The file is read for each connection: what stands there now is told to Redis."""
    file = tmp_path / "password"
    for password in ("first", "second"):
        file.write_text(password + "\n")
        pool = connect("redis://gateway@127.0.0.1:1", file, None).connection_pool
        given = pool.connection_kwargs["credential_provider"]
        assert await given.get_credentials_async() == ("gateway", password)
        file.write_text("renewed")
        assert await given.get_credentials_async() == ("gateway", "renewed")


def test_no_url() -> None:
    """What is no address of a Redis is told as such."""
    with pytest.raises(ValueError, match="redis://"):
        connect("http://redis.corp", None, None)

"""What was spent of each limit, in Redis: asked in one round trip, and never waited for long."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Literal

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

PATIENCE: Final = 0.025
"""Seconds that a request waits. Envoy gives up a little later, and the client has its answer in 50 ms."""
_CONNECTION_PATIENCE: Final = 1.0
"""Seconds until a connection is given up. A request that was slow comes to its end meanwhile: were the
connection closed with it, a busy machine would do nothing but make new ones."""
_CONNECTIONS: Final = 8
"""A request has one for some 0.2 ms."""
_MICROSECONDS: Final = 1_000_000

_Do = Literal["take", "settle"]


class UnavailableError(Exception):
    """Redis did not answer, or not in time; `reason` is the class of why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limit:
    key: str
    """Of what is counted together."""
    tokens: int
    seconds: int

    @property
    def period(self) -> int:
        return self.seconds * _MICROSECONDS

    def microseconds(self, tokens: int) -> int:
        """In which so many tokens come in again."""
        return math.ceil(tokens * self.period / self.tokens)


@dataclass(frozen=True, slots=True)
class Charge:
    limit: Limit
    tokens: int
    """Negative: given back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands after a request was taken, or not."""

    holds: bool
    """Whether the request was within it."""
    remaining: int
    """Tokens that are left."""
    wait: int
    """Seconds until the request would be within it; if it was, until all of it is there again."""


class Counts:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(
            resources.files("extproc.limits").joinpath("counts.lua").read_text("utf-8")
        )
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._running: set[asyncio.Task[Any]] = set()

    async def begin(self) -> str | None:
        """Makes all connections, which takes longer than a request waits; why that failed, if it did."""
        pings = (self._redis.ping() for _ in range(_CONNECTIONS))
        found = await asyncio.gather(*pings, return_exceptions=True)
        return next((type(each).__name__ for each in found if isinstance(each, Exception)), None)

    async def take(self, charges: Sequence[Charge]) -> tuple[bool, list[Standing]]:
        """Charges all of the limits, or none of them where one does not hold it."""
        async with _reasons_told(), asyncio.timeout(PATIENCE):
            taking = await self._begun("take", charges)
            try:
                # Who has waited long enough goes; what is on its way comes to its end.
                taken, *owed = await asyncio.shield(taking)
            except asyncio.CancelledError:
                taking.add_done_callback(lambda _: self._give_back(taking, charges))
                raise
        standings = (_standing(each, owes) for each, owes in zip(charges, owed, strict=True))
        return bool(taken), list(standings)

    async def settle(self, charges: Sequence[Charge]) -> None:
        """Charges them whatever they hold. Nobody waits for that."""
        net: dict[Limit, int] = {}
        for each in charges:
            net[each.limit] = net.get(each.limit, 0) + each.tokens
        async with _reasons_told(), asyncio.timeout(_CONNECTION_PATIENCE):
            await (await self._begun("settle", [Charge(*each) for each in net.items()]))

    def _give_back(self, taking: asyncio.Task[list[int]], charges: Sequence[Charge]) -> None:
        """What was taken for who had gone by then: Envoy has done as if nothing had been."""
        if taking.exception() is None and taking.result()[0]:
            back = [replace(each, tokens=-each.tokens) for each in charges]
            self._keep(asyncio.ensure_future(self._settled(back)))

    async def _settled(self, charges: Sequence[Charge]) -> None:
        with contextlib.suppress(UnavailableError):
            await self.settle(charges)

    async def _begun(self, do: _Do, charges: Sequence[Charge]) -> asyncio.Task[list[int]]:
        """What is asked, on its way as soon as a connection is free."""
        await self._free.acquire()
        asking = asyncio.ensure_future(self._run(do, charges))
        asking.add_done_callback(lambda _: self._free.release())
        self._keep(asking)
        return asking

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, do: _Do, charges: Sequence[Charge]) -> list[int]:
        arguments: list[str | int] = [do]
        for each in charges:
            arguments += [each.limit.microseconds(each.tokens), each.limit.period]
        found: Any = await self._script([each.limit.key for each in charges], arguments)
        return [int(each) for each in found]


@contextlib.asynccontextmanager
async def _reasons_told() -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError:
        raise UnavailableError("timeout") from None
    except (RedisError, OSError) as error:
        raise UnavailableError(type(error).__name__) from None


def _standing(charge: Charge, owed: int) -> Standing:
    limit, cost = charge.limit, charge.limit.microseconds(charge.tokens)
    lacking = owed + cost - limit.period
    spent = owed if lacking > 0 else owed + cost
    return Standing(
        holds=lacking <= 0,
        remaining=max(0, math.floor(limit.tokens * (1 - spent / limit.period))),
        wait=max(1, math.ceil((lacking if lacking > 0 else spent) / _MICROSECONDS)),
    )


class _Password(CredentialProvider):
    """Read for each connection, so that a new one holds as soon as the file has it."""

    def __init__(self, user: str | None, file: Path) -> None:
        self._user = user
        self._file = file

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        password = self._file.read_text("utf-8").strip()
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        return self.get_credentials()


def connect(url: str, password_file: Path | None, ca_file: str | None) -> Redis:
    """Nothing is asked of Redis yet. ValueError: it is no URL of one."""
    options: dict[str, Any] = dict(parse_url(url))
    if password_file:
        options["credential_provider"] = _Password(options.pop("username", None), password_file)
    if url.startswith("rediss:"):
        options |= {"ssl_ca_certs": ca_file, "ssl_check_hostname": True}
    pool = ConnectionPool(
        max_connections=_CONNECTIONS,
        socket_timeout=_CONNECTION_PATIENCE,
        socket_connect_timeout=_CONNECTION_PATIENCE,
        health_check_interval=0,
        driver_info=None,
        **options,
    )
    return Redis(connection_pool=pool)

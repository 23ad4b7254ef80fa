"""The shipped models behind the code that serves them, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from modelserver.http.parse import parse_decide
from modelserver.loading import find_models, load_service
from modelserver.requests import Limits
from modelserver.settings import Settings, Workload
from modelserver.telemetry import Metrics

if TYPE_CHECKING:
    from modelserver.schema import DecideResponse
    from modelserver.service import Service

PATIENCE_MS = 600_000  # a busy machine makes no answer wrong


class Judged(Protocol):
    """What is asked for figures."""

    @property
    def guard_threshold(self) -> float: ...

    async def decide(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> DecideResponse:
        """Which tool is wanted, with which values."""

    async def score(self, text: str) -> float:
        """How likely a text is an attack."""


class Served:
    """The service, asked as `POST /v1/decide` and `/v1/guard` ask it: one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.guard_threshold = service.guard_threshold

    async def decide(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> DecideResponse:
        body = {"messages": [*messages], "tools": [*tools], "guard": False}
        return await self._service.decide(parse_decide(body, Limits()))

    async def score(self, text: str) -> float:
        return (await self._service.guard([text])).results[0].score


@asynccontextmanager
async def shipped() -> AsyncIterator[Served]:
    """The models that ship, loaded as a server loads them."""
    settings = Settings(runtime=Workload(timeout_ms=PATIENCE_MS))
    service = load_service(*find_models(settings), settings, Metrics())
    await service.start()
    try:
        yield Served(service)
    finally:
        await service.close()

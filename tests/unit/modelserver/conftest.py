"""A started service over tiny models, and a client of the app around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import structlog

from modelserver.http.app import State, create_app
from modelserver.settings import Settings
from modelserver.telemetry import Metrics
from tests.unit.modelserver.tiny import ScriptedTargets, tiny_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def targets() -> ScriptedTargets:
    return ScriptedTargets()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
async def state(
    tmp_path: Path, targets: ScriptedTargets, settings: Settings
) -> AsyncIterator[State]:
    """The app's state with a warm service."""
    state = State(settings, Metrics())
    state.service = tiny_service(tmp_path, targets, settings, state.metrics)
    await state.service.start()
    with structlog.testing.capture_logs():
        yield state
    if state.service:
        await state.service.close()


@pytest.fixture
async def client(state: State) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the app in this process, without a socket."""
    transport = httpx.ASGITransport(create_app(state), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
        yield client

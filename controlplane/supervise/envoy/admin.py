"""Envoy's admin interface, over its Unix socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane.supervise import http
from controlplane.supervise.http import HttpError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from controlplane.supervise.http import Answer, Place

_WITHIN = 2.0


class AdminError(Exception):
    """Envoy's admin socket gave no usable answer."""


@dataclass(frozen=True, slots=True)
class Admin:
    socket: Path

    async def get(self, path: str) -> str:
        return await self._body(path, http.get)

    async def post(self, path: str) -> str:
        return await self._body(path, http.post)

    async def answers(self) -> bool:
        """Is anybody there? Not whether it is ready: one that drains is not, and lives."""
        try:
            await http.get(http.Place(self.socket), "/ready", _WITHIN)
        except HttpError:
            return False
        return True

    async def stats(self, pattern: str) -> dict[str, int]:
        """The counters and gauges whose names match the regular expression."""
        text = await self.get(f"/stats?format=json&filter={pattern}")
        found = json.loads(text).get("stats", [])
        return {each["name"]: each["value"] for each in found if "value" in each}

    async def _body(self, path: str, ask: Callable[[Place, str, float], Awaitable[Answer]]) -> str:
        try:
            answer = await ask(http.Place(self.socket), path, _WITHIN)
        except HttpError as error:
            raise AdminError(f"{path}: {error}") from error
        if answer.status != 200:
            raise AdminError(f"{path}: status {answer.status}")
        return answer.body.decode("utf-8", "replace")

"""Envoy's admin interface, over its Unix socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class AdminError(Exception):
    """Envoy's admin socket gave no usable answer."""


_FAILURES = (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError)


@dataclass(frozen=True, slots=True)
class Admin:
    socket: Path

    async def get(self, path: str, within: float = 2.0) -> str:
        return await self._call("GET", path, within)

    async def post(self, path: str, within: float = 2.0) -> str:
        return await self._call("POST", path, within)

    async def answers(self, within: float = 2.0) -> bool:
        """Is anybody there? Not whether it is ready: one that drains is not, and lives."""
        try:
            async with asyncio.timeout(within):
                await self._exchange("GET", "/ready")
        except _FAILURES:
            return False
        return True

    async def stats(self, pattern: str) -> dict[str, int]:
        """The counters and gauges whose names match the regular expression."""
        text = await self.get(f"/stats?format=json&filter={pattern}")
        found = json.loads(text).get("stats", [])
        return {each["name"]: each["value"] for each in found if "value" in each}

    async def _call(self, method: str, path: str, within: float) -> str:
        try:
            async with asyncio.timeout(within):
                head, body = await self._exchange(method, path)
        except _FAILURES as error:
            raise AdminError(f"{method} {path}: {error or type(error).__name__}") from error
        status = int(head.split(b" ", 2)[1])
        if status != 200:
            raise AdminError(f"{method} {path}: status {status}")
        return body.decode("utf-8", "replace")

    async def _exchange(self, method: str, path: str) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        try:
            request = f"{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n"
            writer.write(request.encode("ascii"))
            head = await reader.readuntil(b"\r\n\r\n")
            if b"transfer-encoding: chunked" in head.lower():
                return head, await _chunks(reader)
            return head, await reader.read()
        finally:
            writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    return bytes(body)

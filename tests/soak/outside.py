"""What stands outside the gateway: a provider that says what it was asked by, and an API."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.application import FakeApplication
from tests.fakes.provider import FakeProvider
from tests.soak.kinds import CHUNKS

if TYPE_CHECKING:
    import ssl

_TOKEN = re.compile(rb"soak-\d{7}")


class Echo(FakeProvider):
    """Answers with the token of the request, and counts how often it saw each."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__("echo", tls)
        self.seen: Counter[str] = Counter()
        self.chunks = CHUNKS
        self.behaviour.chunk_delay = 0.05

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if found := _TOKEN.search(await request.read()):
            self.seen[found[0].decode()] += 1
        try:
            return await super()._answer(request)
        except ConnectionResetError:
            return web.Response()  # the gateway has gone, or its client
        finally:
            # Of a long run this would be a memory of its own.
            self.received.clear()

    def _completion(self, asked: dict[str, Any]) -> dict[str, Any]:
        completion = super()._completion(asked)
        completion["choices"][0]["message"]["content"] = f"echo of {asked.get('user')}"
        return completion

    def _deltas(self, asked: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        words = [f"{asked.get('user')}-{number} " for number in range(self.chunks)]
        return [{"role": "assistant", "content": word} for word in words], "stop"


class Weather(FakeApplication):
    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await super()._answer(request)
        finally:
            self.received.clear()

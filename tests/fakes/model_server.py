"""A model server with scripted answers: real HTTP on a free port, no model behind it.

What a test does not script is harmless and matches nothing. Decisions are found by a piece of
the last user message, verdicts by a piece of the text that is judged.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from modelserver import proof
from tests.fakes.serving import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THRESHOLD = 0.5


@dataclass
class Script:
    """`calls`: piece of the last user message → calls, each (target, arguments, missing).

    `attacks`: pieces of texts that read as attacks. `toxic`: piece of a text → toxicity; None
    means that the model knows nothing of toxicity.
    """

    calls: Mapping[str, Sequence[tuple[str, Mapping[str, Any], Sequence[str]]]] = field(
        default_factory=dict
    )
    attacks: Sequence[str] = ()
    toxic: Mapping[str, float] | None = None
    status: int = 200
    delay: float = 0.0
    hung: bool = False
    """It answers nothing at all, not even that it is well."""
    body: bytes | None = None
    """Sent instead of an answer."""

    def judge(self, text: str) -> dict[str, Any]:
        hit = any(piece in text for piece in self.attacks)
        toxicity = None
        if self.toxic is not None:
            toxicity = max((s for piece, s in self.toxic.items() if piece in text), default=0.0)
        return {
            "verdict": "attack" if hit else "benign",
            "score": 0.99 if hit else 0.01,
            "view": "text",
            "toxicity": toxicity,
            "message": None,
        }

    def decide(self, request: Mapping[str, Any]) -> dict[str, Any]:
        last = next((m for m in reversed(request["messages"]) if m["role"] == "user"), None)
        text = last["content"] if last else ""
        calls = next((calls for piece, calls in self.calls.items() if piece in text), ())
        names = [tool["function"]["name"] for tool in request["tools"]]
        chosen = calls[0][0] if calls else None
        wanted = {name for name, _, _ in calls}
        ranking = sorted(
            ({"name": name, "score": 0.9 if name in wanted else 0.1} for name in names),
            key=lambda item: -item["score"],
        )
        return {
            "guard": self._worst(request) if request.get("guard", True) else None,
            "intent": {
                "name": chosen,
                "score": ranking[0]["score"] if ranking else 0.0,
                "ranking": ranking,
                "threshold": THRESHOLD,
            },
            "calls": [
                {"name": name, "arguments": arguments, "missing": list(missing), "evidence": {}}
                for name, arguments, missing in calls
            ],
            "timings_ms": {},
            "models": {},
        }

    def _worst(self, request: Mapping[str, Any]) -> dict[str, Any]:
        judged = [
            {**self.judge(message["content"]), "message": index}
            for index, message in enumerate(request["messages"])
            if message.get("guard", True)
        ]
        judged += [self.judge(text) for text in request.get("texts", ())]
        if not judged:
            return self.judge("")
        worst = max(judged, key=lambda result: result["score"])
        toxic = [result["toxicity"] for result in judged if result["toxicity"] is not None]
        return {**worst, "toxicity": max(toxic, default=None)}


class FakeModelServer(Server):
    """`script` says what it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.received: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.probes = 0
        self.proof: proof.Server | None = None
        """Of a token that it and whoever asks it have to know."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def forget(self) -> None:
        self.received.clear()
        self.script = Script()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/decide", self._answer)
        app.router.add_post("/v1/guard", self._answer)
        app.router.add_get("/healthz", self._healthy)
        app.router.add_get(proof.PATH, self._prove)
        return app

    async def _prove(self, request: web.Request) -> web.Response:
        if self.proof is None:
            return web.Response(status=404)
        return web.json_response(self.proof.answer(request.headers[proof.NONCE_HEADER]))

    async def _healthy(self, _request: web.Request) -> web.Response:
        self.probes += 1
        await asyncio.sleep(3600 if self.script.hung else 0)
        return web.json_response({"status": "ok"})

    async def _answer(self, request: web.Request) -> web.Response:
        if self.proof and not self.proof.admits(request.headers.get(proof.PROOF_HEADER)):
            return web.Response(status=401)
        body = json.loads(await request.read())
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append((request.path, body, headers))
        script = self.script
        await asyncio.sleep(3600 if script.hung else script.delay)
        if script.body is not None:
            return web.Response(body=script.body, status=script.status)
        if script.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=script.status)
        if request.path == "/v1/guard":
            results = [script.judge(text) for text in body["texts"]]
            return web.json_response({"results": results, "timings_ms": {}, "models": {}})
        return web.json_response(script.decide(body))
